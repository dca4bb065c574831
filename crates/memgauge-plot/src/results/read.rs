//! From run directories to results.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use memgauge_core::{Category, Gold, QuestionId};
use memgauge_dataset::Errata;
use memgauge_report::arm::{Arm, Selection, arms, relabel};
use memgauge_report::errata::{Ceiling, ceiling};
use memgauge_report::loss::{Located, LossRules, LossStage, LossSummary, locate, waterfall};
use memgauge_report::record::TimingRow;
use memgauge_report::statistics::Bootstrap;
use memgauge_report::summary::{J, VariantSummary};
use memgauge_report::{Manifest, RunDir, Summary, files};
use serde::Deserialize;

use super::timings::timings;
use super::{Charged, Metric, Options, Results, System};
use crate::error::PlotError;

/// What a run holds beside its answers.
struct Run {
    manifest: Manifest,
    summaries: BTreeMap<String, VariantSummary>,
    losses: BTreeMap<String, LossSummary>,
    /// Variant -> what is right under the errata; `None` without errata.
    right: Option<BTreeMap<String, Right>>,
    /// Whether the arms have other labels than those that the losses go by.
    relabelled: bool,
    timings: BTreeMap<String, Vec<TimingRow>>,
    ceiling: Option<Ceiling>,
}

impl Results {
    /// Reads the arms that are selected. Every run is read once.
    ///
    /// # Errors
    /// When a run cannot be read, a variant is not in it, an arm is named twice, or no arm has the metric asked for.
    pub fn read(selections: &[Selection], options: &Options) -> Result<Self, PlotError> {
        let mut arms = arms(selections)?;
        if let Some(judge) = &options.judge {
            relabel(&mut arms, judge)?;
        }
        let mut runs: BTreeMap<PathBuf, Run> = BTreeMap::new();
        let mut systems = Vec::with_capacity(arms.len());
        for arm in arms {
            let run = match runs.entry(arm.dir.clone()) {
                std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
                std::collections::btree_map::Entry::Vacant(entry) => {
                    let read = Run::read(&arm, options)?;
                    entry.insert(read)
                }
            };
            systems.push(run.system(arm));
        }
        Self::of(systems, options)
    }

    /// Results of systems that were read.
    pub(crate) fn of(systems: Vec<System>, options: &Options) -> Result<Self, PlotError> {
        let arms: Vec<&Arm> = systems.iter().map(|system| &system.arm).collect();
        let seed = arms.first().map_or(0, |arm| arm.facts.seed);
        Ok(Self {
            metric: Metric::choose(&arms, options.metric.as_deref())?,
            names: options.names,
            bootstrap: Bootstrap {
                seed: options.seed.unwrap_or(seed),
                ..Bootstrap::default()
            },
            comparison: options.comparison.clone(),
            history: options.history.clone(),
            systems,
        })
    }
}

impl Run {
    fn read(arm: &Arm, options: &Options) -> Result<Self, PlotError> {
        let dir = RunDir::open(&arm.dir)?;
        let manifest = dir.manifest()?;
        let errata = options.errata.as_ref();
        let errata = errata.filter(|errata| errata.dataset == manifest.dataset.content);
        let variants = if arm.facts.finished {
            dir.read_json::<Summary>(files::SUMMARY)?.variants
        } else {
            Vec::new()
        };
        let mut losses: BTreeMap<String, LossSummary> = variants
            .iter()
            .filter_map(|variant| Some((variant.name.clone(), variant.loss.clone()?)))
            .collect();
        let mut right = None;
        if errata.is_some() {
            let rules = LossRules::default();
            let located = locate(&dir, &manifest, errata, &rules)?;
            right = Some(shares(&located));
            losses = waterfall(&manifest, &located, errata, &rules)
                .into_iter()
                .collect();
        }
        let mut timings: BTreeMap<String, Vec<TimingRow>> = BTreeMap::new();
        dir.timings(|row| timings.entry(row.variant.clone()).or_default().push(row))?;
        Ok(Self {
            ceiling: match errata {
                Some(errata) => Some(ceiling_of(&dir, errata)?),
                None => None,
            },
            summaries: variants
                .into_iter()
                .map(|variant| (variant.name.clone(), variant))
                .collect(),
            losses,
            right,
            relabelled: options.judge.is_some(),
            timings,
            manifest,
        })
    }

    fn system(&self, arm: Arm) -> System {
        let variants = &self.manifest.variants;
        let variant = variants.iter().find(|one| one.name == arm.variant);
        let owner = variant.map_or(arm.variant.as_str(), |one| one.ingestion());
        let rows = |name: &str| self.timings.get(name).into_iter().flatten();
        let ingestion = rows(owner).filter(|row| row.phase.is_ingestion());
        let own = rows(&arm.variant).filter(|row| !row.phase.is_ingestion());
        let mine: Vec<TimingRow> = ingestion.chain(own).cloned().collect();
        let machine = &self.manifest.machine;
        let loss = self.losses.get(&arm.variant).cloned();
        let right = match (&self.right, &loss) {
            (_, Some(loss)) if self.relabelled && loss.metric == J => None,
            (Some(right), _) => right.get(&arm.variant).cloned(),
            (None, Some(loss)) => Some(of_answers(&arm, loss)),
            (None, None) => None,
        };
        System {
            right,
            summary: self.summaries.get(&arm.variant).cloned(),
            loss,
            timings: timings(&mine),
            charged: Charged::of(&mine, &arm),
            ceiling: self.ceiling.clone(),
            base: variant.and_then(|one| Some(one.cell.as_ref()?.base.clone())),
            machine: format!(
                "{}, {} core(s)",
                machine.cpu.as_deref().unwrap_or("unknown processor"),
                machine.cores
            ),
            arm,
        }
    }
}

/// Question -> category, and share of its answers that are right.
type Right = BTreeMap<QuestionId, (Category, f64)>;

/// The shares of answers, one after the other, that are right.
fn share_of(answers: impl Iterator<Item = (QuestionId, Category, bool)>) -> Right {
    let mut counts: BTreeMap<QuestionId, (Category, f64, f64)> = BTreeMap::new();
    for (question, category, is_right) in answers {
        let (_, right, all) = counts.entry(question).or_insert((category, 0.0, 0.0));
        *right += f64::from(u8::from(is_right));
        *all += 1.0;
    }
    let counts = counts.into_iter();
    counts
        .map(|(question, (category, right, all))| (question, (category, right / all)))
        .collect()
}

/// What is right by where each record ended, by variant.
fn shares(located: &[Located]) -> BTreeMap<String, Right> {
    let variants: BTreeSet<&String> = located.iter().map(|one| &one.variant).collect();
    let of = |variant: &String| {
        let mine = located.iter().filter(|one| one.variant == *variant);
        share_of(mine.map(|one| {
            let is_right = one.stage == LossStage::Right;
            (one.question.clone(), one.category, is_right)
        }))
    };
    variants
        .into_iter()
        .map(|variant| (variant.clone(), of(variant)))
        .collect()
}

/// What is right by the answers themselves, under the published key.
pub(super) fn of_answers(arm: &Arm, loss: &LossSummary) -> Right {
    share_of(arm.answers.iter().map(|((question, _), answer)| {
        let value = answer.value(&loss.metric);
        let is_right = value.is_some_and(|value| value >= loss.threshold);
        (question.clone(), answer.category, is_right)
    }))
}

/// The ceiling over the questions of a run.
fn ceiling_of(dir: &RunDir, errata: &Errata) -> Result<Ceiling, PlotError> {
    #[derive(Deserialize)]
    struct Row {
        question: QuestionId,
        category: Category,
        gold: Gold,
    }
    let mut asked: BTreeMap<QuestionId, (Category, Gold)> = BTreeMap::new();
    dir.records(|row: Row| {
        asked
            .entry(row.question)
            .or_insert((row.category, row.gold));
    })?;
    let golds = asked
        .iter()
        .map(|(id, (category, gold))| (id, *category, gold));
    Ok(ceiling(errata, golds))
}
