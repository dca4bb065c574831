//! What a page is made of: the arms, and the runs that they come from.

use std::path::Path;

use memgauge_dataset::{Dataset, Errata};
use memgauge_report::arm::{self, Arm, Selection};
use memgauge_report::errata::{
    Ceiling, ErrataOptions, ErrataSummary, ErrataVariant, errata_summary,
};
use memgauge_report::loss::{Located, LossRules, locate, waterfall};
use memgauge_report::statistics::Bootstrap;
use memgauge_report::summary::VariantSummary;
use memgauge_report::{Manifest, RunDir, Summary, files, summarise};

use crate::error::HtmlError;

/// A run of which at least one arm is shown.
pub(crate) struct Run {
    pub(crate) dir: RunDir,
    pub(crate) manifest: Manifest,
    pub(crate) summary: Summary,
    /// Where each of its records was lost, under the errata where they belong to its dataset.
    pub(crate) located: Vec<Located>,
}

impl Run {
    fn read(path: &Path, errata: Option<&Errata>) -> Result<Self, HtmlError> {
        let dir = RunDir::open(path)?;
        let manifest = dir.manifest()?;
        let mut summary: Summary = if dir.file(files::SUMMARY).is_file() {
            dir.read_json(files::SUMMARY)?
        } else {
            let bootstrap = Bootstrap {
                seed: manifest.seed,
                ..Bootstrap::default()
            };
            summarise(&dir, &manifest, bootstrap)?
        };
        let errata = fitting(&manifest, errata);
        let rules = LossRules::default();
        let located = locate(&dir, &manifest, errata, &rules)?;
        if let Some(overlay) = errata {
            let options = ErrataOptions {
                bootstrap: Bootstrap {
                    seed: manifest.seed,
                    ..Bootstrap::default()
                },
                ..ErrataOptions::default()
            };
            summary.errata = Some(errata_summary(&dir, &manifest, overlay, &options)?);
            summary.set_losses(waterfall(&manifest, &located, errata, &rules));
        }
        Ok(Self {
            dir,
            manifest,
            summary,
            located,
        })
    }

    /// The dataset of the run among those at hand.
    pub(crate) fn dataset<'a>(&self, datasets: &'a [Dataset]) -> Option<&'a Dataset> {
        let content = &self.manifest.dataset.content;
        datasets.iter().find(|d| d.fingerprint.content == *content)
    }

    /// The errata, where they belong to the run's dataset.
    pub(crate) fn errata<'a>(&self, errata: Option<&'a Errata>) -> Option<&'a Errata> {
        fitting(&self.manifest, errata)
    }
}

/// Errata, where they belong to the dataset of a run.
fn fitting<'a>(manifest: &Manifest, errata: Option<&'a Errata>) -> Option<&'a Errata> {
    errata.filter(|errata| errata.dataset == manifest.dataset.content)
}

/// Arms in the order in which they were named, and their runs.
pub(crate) struct Sources {
    pub(crate) arms: Vec<Arm>,
    /// Run of each arm.
    run_of: Vec<usize>,
    pub(crate) runs: Vec<Run>,
}

impl Sources {
    pub(crate) fn read(
        selections: &[Selection],
        errata: Option<&Errata>,
    ) -> Result<Self, HtmlError> {
        let arms = arm::arms(selections)?;
        let mut runs: Vec<Run> = Vec::new();
        let mut run_of = Vec::with_capacity(arms.len());
        for arm in &arms {
            let known = runs.iter().position(|run| run.dir.path() == arm.dir);
            run_of.push(match known {
                Some(at) => at,
                None => {
                    runs.push(Run::read(&arm.dir, errata)?);
                    runs.len() - 1
                }
            });
        }
        Ok(Self { arms, run_of, runs })
    }

    /// Every arm with its run and its part of the run's summary.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Arm, &Run, Option<&VariantSummary>)> {
        let arms = self.arms.iter().zip(&self.run_of);
        arms.filter_map(|(arm, at)| {
            let run = self.runs.get(*at)?;
            let mut variants = run.summary.variants.iter();
            Some((arm, run, variants.find(|v| v.name == arm.variant)))
        })
    }

    /// The different best honest scores of the runs; none without errata.
    pub(crate) fn ceilings(&self) -> impl Iterator<Item = &Ceiling> {
        let mut found: Vec<&Ceiling> = Vec::new();
        for run in &self.runs {
            let Some(errata) = &run.summary.errata else {
                continue;
            };
            let ceiling = &errata.ceiling;
            if !found.contains(&ceiling) {
                found.push(ceiling);
            }
        }
        found.into_iter()
    }

    /// Position of the arm that is `variant` of a run.
    pub(crate) fn position(&self, run: usize, variant: &str) -> Option<usize> {
        let mut arms = self.arms.iter().zip(&self.run_of);
        arms.position(|(arm, of)| *of == run && arm.variant == variant)
    }

    /// A summary of all arms under their labels for tables that show one run: only where all runs asked the same
    /// questions, under errata that come to the same, so that what stands around the tables holds for all.
    pub(crate) fn together(&self) -> Vec<Summary> {
        // Content of the dataset beside each: two may have one name.
        let mut sets: Vec<(&str, Summary)> = Vec::new();
        for (arm, run, variant) in self.iter() {
            let Some(variant) = variant else { continue };
            let own = VariantSummary {
                name: arm.label.clone(),
                ..variant.clone()
            };
            let under_errata = run.summary.errata.as_ref().map(|errata| {
                let mut variants = errata.variants.iter().cloned();
                let mine = variants.find(|mine| mine.name == arm.variant);
                ErrataSummary {
                    variants: mine
                        .into_iter()
                        .map(|mine| ErrataVariant {
                            name: arm.label.clone(),
                            ..mine
                        })
                        .collect(),
                    ..errata.clone()
                }
            });
            let content = run.manifest.dataset.content.as_str();
            let alike = |(of, set): &&mut (&str, Summary)| {
                *of == content
                    && set.questions == run.summary.questions
                    && without_variants(set.errata.as_ref())
                        == without_variants(under_errata.as_ref())
            };
            match sets.iter_mut().find(alike) {
                Some((_, set)) => {
                    set.variants.push(own);
                    if let (Some(all), Some(mine)) = (&mut set.errata, under_errata) {
                        all.variants.extend(mine.variants);
                    }
                }
                None => {
                    let set = Summary {
                        variants: vec![own],
                        errata: under_errata,
                        ..run.summary.clone()
                    };
                    sets.push((content, set));
                }
            }
        }
        sets.into_iter().map(|(_, set)| set).collect()
    }
}

/// What errata say of a run as a whole: the overlay, the ceiling, who judged again.
fn without_variants(errata: Option<&ErrataSummary>) -> Option<ErrataSummary> {
    errata.map(|errata| ErrataSummary {
        variants: Vec::new(),
        ..errata.clone()
    })
}
