//! `memgauge history`

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use memgauge_core::config::unknown;
use memgauge_plot::{Look, png, trend};
use memgauge_report::RunDir;
use memgauge_report::history::{History, HistoryEntry, HistorySeries, entries, series};
use memgauge_report::table;

use crate::cli::Format;
use crate::{exit, output};

/// Variables in which CI services tell the commit.
const COMMITS: [&str; 3] = ["GITHUB_SHA", "CI_COMMIT_SHA", "GIT_COMMIT"];

/// Shown unless another is asked for: the first that a file has.
const METRICS: [&str; 2] = ["j", "f1.locomo"];

#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    #[command(subcommand)]
    command: HistoryCommand,
}

#[derive(Debug, Subcommand)]
enum HistoryCommand {
    /// Add what finished runs measured: one line per variant; what is there already is not added again.
    #[command(
        after_help = "Example:\n  memgauge history add reports/runs/RUN --commit $(git rev-parse HEAD)"
    )]
    Add {
        /// Run directories.
        #[arg(required = true, value_name = "DIR")]
        dirs: Vec<PathBuf>,
        /// The commit that was measured [default: GITHUB_SHA, CI_COMMIT_SHA or GIT_COMMIT, otherwise the revision of
        /// memgauge that made the run].
        #[arg(long, value_name = "SHA")]
        commit: Option<String>,
        #[command(flatten)]
        file: FileOption,
    },
    /// List one metric run by run, with the steps from one to the next and where its level changed.
    #[command(
        after_help = "Example:\n  memgauge history list --metric evidence.recall@10 --variant turns-hybrid"
    )]
    List {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        file: FileOption,
        /// How the list is written.
        #[arg(long, value_enum, default_value_t = Format::Human)]
        format: Format,
    },
    /// Draw one metric run by run, with intervals and where its level changed.
    #[command(
        after_help = "Example:\n  memgauge history plot --metric latency.search.p95_ms --out p95.svg"
    )]
    Plot {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        file: FileOption,
        /// The file to write: SVG, or PNG where it ends in .png; one of the same name is replaced.
        #[arg(long, value_name = "FILE", default_value = "trend.svg")]
        out: PathBuf,
    },
}

/// Where the history is.
#[derive(Debug, Args)]
struct FileOption {
    /// The history.
    #[arg(long, value_name = "FILE", default_value = "reports/history.jsonl")]
    file: PathBuf,
}

/// What of a history is looked at.
#[derive(Debug, Args)]
struct Which {
    /// The metric [default: j, or f1.locomo where nothing was judged].
    #[arg(long, value_name = "NAME")]
    metric: Option<String>,
    /// Only these variants [default: all; a plot leaves controls out].
    #[arg(long, value_name = "NAME,..", value_delimiter = ',')]
    variant: Vec<String>,
    /// Seed of the permutations behind the change points.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

pub(crate) fn run(args: &HistoryArgs) -> anyhow::Result<u8> {
    match &args.command {
        HistoryCommand::Add { dirs, commit, file } => add(dirs, commit.as_deref(), &file.file),
        HistoryCommand::List {
            which,
            file,
            format,
        } => {
            let all = chosen(&file.file, which, true)?;
            output::formatted(*format, &all, |style| table::history(&all).render(style))?;
            Ok(exit::DONE)
        }
        HistoryCommand::Plot { which, file, out } => {
            let all = chosen(&file.file, which, false)?;
            let Some(drawing) = trend(&all, Look::File)? else {
                return Err(exit::user("nothing of what was asked for can be drawn"));
            };
            let kind = out.extension().and_then(|extension| extension.to_str());
            if !matches!(kind, Some("svg" | "png")) {
                return Err(exit::user(format!(
                    "--out {}: the name of a plot ends in .svg or .png",
                    out.display()
                )));
            }
            if kind == Some("png") {
                png(&drawing, out)?;
            } else {
                std::fs::write(out, &drawing.svg).with_context(|| out.display().to_string())?;
            }
            output::result(&out.display().to_string())?;
            Ok(exit::DONE)
        }
    }
}

fn add(dirs: &[PathBuf], commit: Option<&str>, file: &Path) -> anyhow::Result<u8> {
    let told = COMMITS.iter().find_map(|name| std::env::var(name).ok());
    let commit = commit.map(str::to_owned).or(told);
    let mut lines: Vec<HistoryEntry> = Vec::new();
    for dir in dirs {
        lines.extend(entries(&RunDir::open(dir)?, commit.as_deref())?);
    }
    let added = History::append(file, &lines)?;
    let known = match added.known {
        0 => String::new(),
        known => format!(", {known} there already"),
    };
    output::result(&format!(
        "{}: {} line(s) added{known}",
        file.display(),
        added.added
    ))?;
    Ok(exit::DONE)
}

/// A history with something in it.
pub(crate) fn read(file: &Path) -> anyhow::Result<History> {
    let history = History::read(file)?;
    if history.entries.is_empty() {
        return Err(exit::user(format!(
            "{}: nothing in it; add a run with: memgauge history add reports/runs/RUN --file {}",
            file.display(),
            file.display()
        )));
    }
    Ok(history)
}

/// The series that are asked for.
/// `controls`: also those that nobody named.
fn chosen(file: &Path, which: &Which, controls: bool) -> anyhow::Result<Vec<HistorySeries>> {
    let history = read(file)?;
    let variants: BTreeSet<&str> = history
        .entries
        .iter()
        .map(|entry| entry.variant.as_str())
        .collect();
    let variants: Vec<&str> = variants.into_iter().collect();
    for variant in &which.variant {
        if !variants.contains(&variant.as_str()) {
            return Err(exit::user(unknown("variant", variant, &variants)));
        }
    }
    let metrics: BTreeSet<&str> = history
        .entries
        .iter()
        .flat_map(|entry| entry.metrics.keys().map(String::as_str))
        .collect();
    let metric = match &which.metric {
        Some(metric) => metric.as_str(),
        None => METRICS
            .into_iter()
            .find(|metric| metrics.contains(metric))
            .unwrap_or(METRICS[1]),
    };
    if !metrics.contains(metric) {
        let metrics: Vec<&str> = metrics.into_iter().collect();
        return Err(exit::user(unknown("metric", metric, &metrics)));
    }
    let wanted: Vec<HistoryEntry> = history
        .entries
        .into_iter()
        .filter(|entry| match which.variant.is_empty() {
            true => controls || !entry.control,
            false => which.variant.contains(&entry.variant),
        })
        .collect();
    Ok(series(&wanted, metric, which.seed))
}
