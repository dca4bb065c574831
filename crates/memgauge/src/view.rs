//! How a run is looked at: whose category names, and under which errata.

use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use memgauge_core::CategoryNames;
use memgauge_dataset::{Dataset, Errata, errata, locomo, resolve};
use memgauge_report::errata::{ErrataOptions, Estimator, errata_summary};
use memgauge_report::loss::{LossRules, locate, waterfall};
use memgauge_report::statistics::Bootstrap;
use memgauge_report::table::{self, View};
use memgauge_report::{Manifest, RunDir, Summary};

use crate::cli::Format;
use crate::{exit, output, places, surrogate_model};

/// Whose names, and which key.
#[derive(Debug, Args)]
pub(crate) struct ViewOptions {
    #[command(flatten)]
    pub(crate) naming: NamesOption,
    /// Known mistakes of the answer key, as an overlay: locomo-audit's errors.json, or memgauge's own
    /// format (docs/FORMAT.md). Scores stand under the published key, the corrected key and on the clean
    /// questions, with the best honest score. Nothing is run again.
    #[arg(long, value_name = "PATH")]
    errata: Option<PathBuf>,
}

impl ViewOptions {
    /// Whether an overlay of errata was named.
    pub(crate) fn has_errata(&self) -> bool {
        self.errata.is_some()
    }
}

/// Whose category names are printed.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct NamesOption {
    /// Whose category names are printed: LOCOMO's own, or those of Mem0's paper, which permutes three.
    #[arg(long, value_name = "WHOSE", default_value = "official", value_parser = parser())]
    pub(crate) names: CategoryNames,
}

fn parser() -> impl TypedValueParser<Value = CategoryNames> {
    PossibleValuesParser::new(CategoryNames::ALL.map(CategoryNames::name))
        .try_map(|name| name.parse::<CategoryNames>())
}

impl ViewOptions {
    /// Whose names.
    pub(crate) fn names(&self) -> CategoryNames {
        self.naming.names
    }

    /// The errata, bound to the dataset of a run; `None` where none were given.
    pub(crate) fn errata(&self, manifest: &Manifest) -> anyhow::Result<Option<Errata>> {
        match &self.errata {
            Some(path) => Ok(Some(bound(path, &dataset_of(manifest)?)?)),
            None => Ok(None),
        }
    }

    /// Prints a summary as it is asked for; `rules` tell where questions were lost.
    pub(crate) fn print(
        &self,
        dir: &RunDir,
        mut summary: Summary,
        rules: &LossRules,
        format: Format,
    ) -> anyhow::Result<()> {
        self.lay_over(dir, &mut summary, rules)?;
        let names = self.names();
        let report = |style| table::report(&summary, View { style, names });
        match format.style() {
            Some(style) => output::result(&report(style)),
            None => output::json(&summary.renamed(names)),
        }
    }

    /// Adds to a summary what the errata make of its records; where they or `rules` are none, the
    /// summary stays as it was written.
    fn lay_over(
        &self,
        dir: &RunDir,
        summary: &mut Summary,
        rules: &LossRules,
    ) -> anyhow::Result<()> {
        let manifest = dir.manifest()?;
        let errata = self.errata(&manifest)?;
        if let Some(errata) = &errata {
            let bootstrap = Bootstrap {
                seed: manifest.seed,
                ..Bootstrap::default()
            };
            let embedder = surrogate_model::embedder();
            let model = surrogate_model::model(None, &embedder)?;
            let options = ErrataOptions {
                bootstrap,
                estimator: Some(Estimator {
                    model: &model,
                    embed: &|text| embedder.embed_text(text),
                }),
                ..ErrataOptions::default()
            };
            summary.errata = Some(errata_summary(dir, &manifest, errata, &options)?);
        }
        if errata.is_some() || *rules != LossRules::default() {
            let located = locate(dir, &manifest, errata.as_ref(), rules)?;
            summary.set_losses(waterfall(&manifest, &located, errata.as_ref(), rules));
        }
        Ok(())
    }
}

/// Errata of a dataset, to be laid over scores: tells how many rows do not fit.
pub(crate) fn bound(path: &Path, dataset: &Dataset) -> anyhow::Result<Errata> {
    let errata = load(path, dataset)?;
    if errata.unfit() > 0 {
        output::note(&format!(
            "{}: {} row(s) do not fit and are not applied; memgauge errata {} lists them",
            path.display(),
            errata.unfit(),
            path.display()
        ));
    }
    Ok(errata)
}

/// Errata for several runs, and the dataset that they belong to: the first among those of the runs that they fit.
/// `at_hand`: datasets that were read already.
pub(crate) fn overlay(
    path: &Path,
    manifests: &[Manifest],
    at_hand: &[Dataset],
) -> anyhow::Result<(Errata, Dataset)> {
    let mut seen: Vec<&str> = Vec::new();
    let mut refused = None;
    for manifest in manifests {
        let content = manifest.dataset.content.as_str();
        if seen.contains(&content) {
            continue;
        }
        seen.push(content);
        let mut known = at_hand.iter();
        let dataset = match known.find(|dataset| dataset.fingerprint.content == content) {
            Some(dataset) => Ok(dataset.clone()),
            None => dataset_of(manifest),
        };
        match dataset.and_then(|dataset| Ok((bound(path, &dataset)?, dataset))) {
            Ok(found) => return Ok(found),
            // That of the first is the one to tell.
            Err(error) => refused = refused.or(Some(error)),
        }
    }
    let nothing = || exit::user("there is no run for the errata to be laid over");
    Err(refused.unwrap_or_else(nothing))
}

/// Errata of a dataset.
pub(crate) fn load(path: &Path, dataset: &Dataset) -> anyhow::Result<Errata> {
    errata::load(path, dataset).map_err(|error| exit::user(error.to_string()))
}

/// The dataset that a run was made of: where it was, or where datasets are looked for.
pub(crate) fn dataset_of(manifest: &Manifest) -> anyhow::Result<Dataset> {
    let recorded = &manifest.dataset;
    let is_it = |dataset: &Dataset| dataset.fingerprint.content == recorded.content;
    if let Ok(dataset) = locomo::load(Path::new(&recorded.path))
        && is_it(&dataset)
    {
        return Ok(dataset);
    }
    let found = resolve(&recorded.name, &places::search(None, None));
    if let Ok(path) = found
        && let Ok(dataset) = locomo::load(&path)
        && is_it(&dataset)
    {
        return Ok(dataset);
    }
    Err(exit::user(format!(
        "errata are held against the dataset of the run, and {} (content {}) is neither at {} nor where datasets are looked \
         for: memgauge dataset fetch {}, or set MEMGAUGE_DATA",
        recorded.name,
        recorded.content.get(..16).unwrap_or(&recorded.content),
        recorded.path,
        recorded.name
    )))
}
