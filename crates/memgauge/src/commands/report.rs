//! `memgauge report`

use std::path::{Path, PathBuf};

use clap::Args;
use memgauge_dataset::Dataset;
use memgauge_html::{HtmlError, PageOptions, page};
use memgauge_report::arm::Selection;
use memgauge_report::compare::CompareError;
use memgauge_report::{Manifest, RunDir};

use super::plot::users;
use crate::cli::Global;
use crate::view::{self, NamesOption};
use crate::{exit, output, places};

const EXAMPLES: &str = "\
Examples:
  memgauge report reports/runs/RUN -o report.html
  memgauge report RUN:full-context RUN:turns-hybrid IMPORTED --metric f1.locomo
  memgauge report RUN --errata errors.json --names mem0-paper

The page is one file that needs no network. Its address takes a question: report.html#q=conv-26%2Fq0";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ReportArgs {
    /// Run directories, own or imported, or one variant of them; a directory stands for all its variants but the
    /// controls. The first is what the others are compared with, as in `compare`.
    #[arg(required = true, value_name = "DIR[:VARIANT]")]
    arms: Vec<String>,
    /// The page.
    #[arg(short, long, value_name = "FILE", default_value = "report.html")]
    output: PathBuf,
    /// The metric of the comparisons [default: j where every arm has labels that may be compared, otherwise
    /// f1.locomo].
    #[arg(long, value_name = "NAME")]
    metric: Option<String>,
    /// Differences inside plus and minus so many points (of 100) count as none.
    #[arg(long, value_name = "POINTS", default_value_t = 2.0)]
    margin: f64,
    #[command(flatten)]
    naming: NamesOption,
    /// Known mistakes of the answer key: locomo-audit's errors.json, or memgauge's own format (docs/FORMAT.md).
    #[arg(long, value_name = "PATH")]
    errata: Option<PathBuf>,
    /// The dataset, for the words of the conversations [default: where it was when the run was made, or where
    /// datasets are looked for].
    #[arg(long, value_name = "PATH")]
    dataset: Option<PathBuf>,
}

pub(crate) fn run(args: &ReportArgs, global: &Global) -> anyhow::Result<u8> {
    if !(args.margin.is_finite() && args.margin >= 0.0) {
        return Err(exit::user(format!(
            "--margin {}: must be 0 or more points",
            args.margin
        )));
    }
    let selections: Vec<Selection> = args
        .arms
        .iter()
        .map(|text| Selection::parse(text))
        .collect::<Result<_, _>>()?;
    let manifests: Vec<Manifest> = selections
        .iter()
        .map(|selection| RunDir::open(&selection.dir)?.manifest())
        .collect::<Result<_, _>>()?;
    let datasets = datasets(&manifests, args.dataset.as_deref())?;
    let errata = match &args.errata {
        Some(path) => Some(view::overlay(path, &manifests, &datasets)?.0),
        None => None,
    };
    let options = PageOptions {
        names: args.naming.names,
        metric: args.metric.clone(),
        margin: args.margin / 100.0,
        datasets: &datasets,
        errata: errata.as_ref(),
        ..PageOptions::default()
    };
    let page = match page(&selections, &options) {
        Ok(page) => page,
        Err(HtmlError::Selection(error)) => return Err(error.into()),
        Err(HtmlError::Run(error)) => return Err(error.into()),
        Err(HtmlError::Compare(error @ CompareError::Metric(_))) => {
            return Err(exit::user(error.to_string()));
        }
        Err(HtmlError::Plot(error)) => return Err(users(error)),
        Err(error) => return Err(error.into()),
    };
    std::fs::write(&args.output, &page.html)
        .map_err(|error| exit::user(format!("{}: {error}", args.output.display())))?;
    for note in page.notes.iter().filter(|_| !global.quiet) {
        output::note(&format!("note: {note}"));
    }
    output::result(&format!(
        "{}: {} system(s), {} question(s), {:.2} MB",
        args.output.display(),
        page.systems,
        page.questions,
        page.html.len() as f64 / 1e6
    ))?;
    Ok(exit::DONE)
}

/// The datasets of the runs that are at hand. One that is named has to be that of a run; without a name a dataset
/// that cannot be found is done without.
fn datasets(manifests: &[Manifest], named: Option<&Path>) -> anyhow::Result<Vec<Dataset>> {
    let mut datasets: Vec<Dataset> = Vec::new();
    if let Some(path) = named {
        let dataset = places::dataset(&path.display().to_string())?;
        let content = &dataset.fingerprint.content;
        if manifests.iter().all(|run| run.dataset.content != *content) {
            let wanted: Vec<String> = manifests
                .iter()
                .map(|run| format!("{} ({})", run.dataset.name, short(&run.dataset.content)))
                .collect();
            return Err(exit::user(format!(
                "--dataset {}: its content is {}, and no run is of it: {}",
                path.display(),
                short(content),
                wanted.join(", ")
            )));
        }
        datasets.push(dataset);
    }
    for manifest in manifests {
        let content = &manifest.dataset.content;
        let is_known = |dataset: &Dataset| dataset.fingerprint.content == *content;
        if !datasets.iter().any(is_known)
            && let Ok(dataset) = view::dataset_of(manifest)
        {
            datasets.push(dataset);
        }
    }
    Ok(datasets)
}

fn short(content: &str) -> &str {
    content.get(..8).unwrap_or(content)
}
