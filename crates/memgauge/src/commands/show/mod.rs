//! `memgauge show`

mod losses;

use std::path::PathBuf;

use clap::Args;
use memgauge_core::QuestionId;
use memgauge_core::config::unknown;
use memgauge_dataset::locomo;
use memgauge_report::statistics::Bootstrap;
use memgauge_report::surrogate::SurrogateReport;
use memgauge_report::{Manifest, RunDir, Summary, files, show_question, summarise, table};

use crate::cli::Format;
use crate::view::ViewOptions;
use crate::{exit, output};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  memgauge show reports/runs/RUN
  memgauge show reports/runs/RUN --question conv-26/q3
  memgauge show reports/runs/RUN --errata errors.json --names mem0-paper
  memgauge show reports/runs/RUN --lost ranked-below-k --variant turns-hybrid
  memgauge show reports/runs/RUN --lost-between turns-dense turns-hybrid")]
pub(crate) struct ShowArgs {
    /// A run directory.
    pub(crate) dir: PathBuf,
    /// One question, such as `conv-26/q0`.
    #[arg(long, value_name = "ID", conflicts_with_all = ["lost", "lost_between"])]
    question: Option<String>,
    /// One variant: of the question, with its whole context; of the questions that were lost.
    #[arg(long, value_name = "NAME")]
    variant: Option<String>,
    #[command(flatten)]
    losses: losses::LossOptions,
    #[command(flatten)]
    view: ViewOptions,
    /// How the summary, the records of the question, or the questions that were lost are written.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

pub(crate) fn run(args: &ShowArgs) -> anyhow::Result<u8> {
    let dir = RunDir::open(&args.dir)?;
    let manifest = dir.manifest()?;
    if let Some(variant) = &args.variant {
        known(&manifest, variant)?;
    }
    match (&args.question, &args.losses.lost, &args.losses.lost_between) {
        (Some(question), ..) => one(&dir, &manifest, question, args),
        (None, Some(stage), _) => losses::list(&dir, &manifest, *stage, args),
        (None, None, Some(arms)) => losses::between(&dir, &manifest, arms, args),
        (None, None, None) if args.variant.is_some() => Err(exit::user(
            "--variant goes with --question or --lost: tables show all variants",
        )),
        (None, None, None) => whole(&dir, &manifest, args),
    }
}

/// Refuses a variant that the run does not have.
fn known(manifest: &Manifest, variant: &str) -> anyhow::Result<()> {
    let known: Vec<&str> = manifest
        .variants
        .iter()
        .map(|variant| variant.name.as_str())
        .collect();
    if known.contains(&variant) {
        return Ok(());
    }
    Err(exit::user(unknown("variant", variant, &known)))
}

fn whole(dir: &RunDir, manifest: &Manifest, args: &ShowArgs) -> anyhow::Result<u8> {
    let summary: Summary = if dir.file(files::SUMMARY).is_file() {
        dir.read_json(files::SUMMARY)?
    } else {
        output::note(&format!(
            "the run is not finished: these are the records so far; go on with: memgauge run --resume {}",
            output::word(dir.path())
        ));
        let bootstrap = Bootstrap {
            seed: manifest.seed,
            ..Bootstrap::default()
        };
        summarise(dir, manifest, bootstrap)?
    };
    let rules = args.losses.rules(dir)?;
    args.view.print(dir, summary, &rules, args.format)?;
    if dir.file(files::SURROGATE).is_file() {
        // As JSON and CSV the results are one document; this file is JSON itself.
        let Some(style) = args
            .format
            .style()
            .filter(|style| *style != table::Style::Csv)
        else {
            return Ok(exit::DONE);
        };
        let report: SurrogateReport = dir.read_json(files::SURROGATE)?;
        output::result(&format!("\n{}", table::estimated(&report, style)))?;
    }
    Ok(exit::DONE)
}

fn one(dir: &RunDir, manifest: &Manifest, question: &str, args: &ShowArgs) -> anyhow::Result<u8> {
    let id: QuestionId = question.parse().map_err(exit::user)?;
    let variant = args.variant.as_deref();
    // The words of the gold turns are a courtesy: without the dataset the rest is shown.
    let dataset = locomo::load(std::path::Path::new(&manifest.dataset.path)).ok();
    let conversation = dataset
        .as_ref()
        .filter(|dataset| dataset.fingerprint.content == manifest.dataset.content)
        .and_then(|dataset| dataset.entry(&id.conversation))
        .map(|entry| &entry.conversation);
    if args.format == Format::Json {
        let records = dir.find(|record| {
            record.question == id && variant.is_none_or(|variant| record.variant == variant)
        })?;
        output::json(&records)?;
        return Ok(exit::DONE);
    }
    match show_question(dir, &id, conversation, variant, args.view.names())? {
        Some(text) => {
            output::result(&text)?;
            Ok(exit::DONE)
        }
        None => Err(exit::user(format!(
            "{}: no record of question `{id}`; questions are named like `{}`",
            dir.path().display(),
            memgauge_report::first_question(dir)?
                .map_or_else(|| "conv-26/q0".to_owned(), |id| id.to_string()),
        ))),
    }
}
