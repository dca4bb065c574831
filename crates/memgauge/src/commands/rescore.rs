//! `memgauge rescore`

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use memgauge_report::RunDir;
use memgauge_report::rescore::{Rescored, StoredBy, rescore, rescore_by_key};
use memgauge_report::statistics::Bootstrap;
use memgauge_report::table::{self, Style, Table};

use crate::cli::Format;
use crate::{exit, output, view};

/// Rows that differ and are listed without --all.
const LISTED: usize = 10;

const AFTER: &str = "\
Nothing is written. The exit code is 0 whether or not values differ: what differs is a finding, not a failure.

Examples:
  memgauge rescore reports/runs/20260824T101500-memobase_eval_0503_3000-1f2e3d4c
  memgauge rescore DIR --errata errors.json     # under the published and the corrected key, and on clean questions
  memgauge rescore DIR --all --format json";

/// What `memgauge rescore` is asked for.
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub(crate) struct RescoreArgs {
    /// A run directory, imported or memgauge's own.
    pub(crate) dir: PathBuf,
    /// List every value that differs.
    #[arg(long)]
    pub(crate) all: bool,
    /// Also score every answer under these errata of the answer key: locomo-audit's errors.json, or memgauge's own
    /// format (docs/FORMAT.md).
    #[arg(long, value_name = "PATH")]
    errata: Option<PathBuf>,
    /// How the comparison is written; `json` has every value that differs.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

pub(crate) fn run(args: &RescoreArgs) -> anyhow::Result<u8> {
    let dir = RunDir::open(&args.dir)?;
    let mut rescored = rescore(&dir)?;
    if let Some(path) = &args.errata {
        let manifest = dir.manifest()?;
        let errata = view::bound(path, &view::dataset_of(&manifest)?)?;
        let bootstrap = Bootstrap {
            seed: manifest.seed,
            ..Bootstrap::default()
        };
        rescored.errata = Some(rescore_by_key(&dir, &manifest, &errata, bootstrap)?);
    }
    let listed = if args.all { usize::MAX } else { LISTED };
    output::formatted(args.format, &rescored, |style| {
        text(&rescored, style, listed)
    })?;
    Ok(exit::DONE)
}

fn text(rescored: &Rescored, style: Style, listed: usize) -> String {
    let stored_by = |by: StoredBy| match by {
        StoredBy::Records => "records",
        StoredBy::File => "imported file",
    };
    let mut table = Table::new(&[
        "variant",
        "metric",
        "stored in",
        "answers",
        "differ",
        "max |difference|",
        "mean stored",
        "mean computed",
    ]);
    let mut rows = Table::new(&[
        "question",
        "variant",
        "metric",
        "stored in",
        "stored",
        "computed",
    ]);
    let mut differ = 0;
    for check in &rescored.checks {
        table.rows.push(vec![
            check.variant.clone(),
            check.metric.clone(),
            stored_by(check.stored_by).to_owned(),
            check.answers.to_string(),
            check.differences.len().to_string(),
            format!("{:.2e}", check.max_difference),
            format!("{:.6}", check.stored_mean),
            format!("{:.6}", check.computed_mean),
        ]);
        differ += check.differences.len();
        for row in &check.differences {
            if rows.rows.len() >= listed {
                break;
            }
            let repeat = match row.repeat {
                0 => String::new(),
                repeat => format!(" (repeat {repeat})"),
            };
            let gold = if row.gold_differs {
                " (other gold answer)"
            } else {
                ""
            };
            rows.rows.push(vec![
                format!("{}{repeat}{gold}", row.question),
                check.variant.clone(),
                check.metric.clone(),
                stored_by(check.stored_by).to_owned(),
                format!("{:.6}", row.stored),
                format!("{:.6}", row.computed),
            ]);
        }
    }
    let mut text = table.render(style)
        + &style.prose(&format!(
            "\n{}: {} answers scored again; values within 1e-9 are equal.\n",
            rescored.name, rescored.answers
        ));
    if differ > 0 {
        let _ = writeln!(text, "\n{}", rows.render(style));
        if differ > rows.rows.len() {
            let more = differ - rows.rows.len();
            text.push_str(&style.prose(&format!(".. and {more} more: --all, or --format json\n")));
        }
    }
    if let Some(errata) = &rescored.errata {
        for table in table::answers_by_key(errata) {
            let _ = write!(text, "\n{}", table.render(style));
        }
        text.push_str(&style.prose(&format!(
            "\nScores x 100 over categories 1 to 4, all computed again, with 95 % two-stage cluster-bootstrap intervals. {}\n",
            table::errata_note(errata)
        )));
    }
    text
}
