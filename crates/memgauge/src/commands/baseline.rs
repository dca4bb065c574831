//! `memgauge baseline`

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use memgauge_report::RunDir;
use memgauge_report::baseline::{
    self, Baseline, BaselineError, COST, ERRORS, MetricName, RunOptions, TOKENS, VariantChange,
};
use memgauge_report::table::{Style, Table, UNKNOWN};

use crate::cli::{Format, Global};
use crate::{exit, output};

const EXAMPLES: &str = "\
Examples:
  memgauge baseline save reports/runs/RUN --name quickstart
  memgauge baseline show quickstart
  memgauge baseline update quickstart reports/runs/RUN --why \"stop words of 2026\"";

/// Keep what a run came to as a small folder to be committed, for `memgauge gate`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct BaselineArgs {
    #[command(subcommand)]
    command: BaselineCommand,
}

#[derive(Debug, Subcommand)]
enum BaselineCommand {
    /// Make a baseline of a run.
    #[command(after_help = "Example:\n  memgauge baseline save reports/runs/RUN --name quickstart")]
    Save(SaveArgs),
    /// List the baselines there are.
    #[command(after_help = "Example:\n  memgauge baseline list")]
    List(ListArgs),
    /// Show the means of a baseline, and why it was changed.
    #[command(after_help = "Example:\n  memgauge baseline show quickstart --format markdown")]
    Show(ShowArgs),
    /// Put another run in the place of a baseline, with a reason; prints which questions changed.
    #[command(
        after_help = "Example:\n  memgauge baseline update quickstart reports/runs/RUN --why \"k is 20 now\""
    )]
    Update(UpdateArgs),
}

/// Where baselines are kept.
#[derive(Debug, Args)]
struct Place {
    /// Folder of the baselines.
    #[arg(long, value_name = "DIR", default_value = "reports/baseline")]
    into: PathBuf,
    /// How the result is written.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

/// What a baseline holds.
#[derive(Debug, Args)]
struct Content {
    /// Metrics of every question, such as `f1.locomo,evidence.recall@10` [default: j, f1.locomo, f1.set, bleu1, exact,
    /// evidence.context, evidence.recall at 10, 30 and 1024 tokens, as far as the run has them; with update, those of
    /// the baseline]. Context tokens, cost and errors are always there.
    #[arg(long, value_name = "NAME,..", value_delimiter = ',')]
    metrics: Vec<String>,
    /// Variants [default: all but the controls].
    #[arg(long, value_name = "NAME,..", value_delimiter = ',')]
    variants: Vec<String>,
}

#[derive(Debug, Args)]
struct SaveArgs {
    /// A finished run.
    dir: PathBuf,
    /// Name of the baseline.
    #[arg(long)]
    name: String,
    /// Why, for its log.
    #[arg(long, value_name = "TEXT", default_value = "first baseline")]
    why: String,
    #[command(flatten)]
    content: Content,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
struct ListArgs {
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
struct ShowArgs {
    /// Name of the baseline.
    name: String,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
struct UpdateArgs {
    /// Name of the baseline.
    name: String,
    /// A finished run.
    dir: PathBuf,
    /// Why it is changed.
    #[arg(long, value_name = "TEXT")]
    why: String,
    /// Print so many of the questions of each variant that changed; JSON has all.
    #[arg(long, value_name = "N", default_value_t = 20)]
    questions: usize,
    #[command(flatten)]
    content: Content,
    #[command(flatten)]
    place: Place,
}

pub(crate) fn run(args: &BaselineArgs, global: &Global) -> anyhow::Result<u8> {
    match &args.command {
        BaselineCommand::Save(args) => save(args, global)?,
        BaselineCommand::List(args) => list(&args.place)?,
        BaselineCommand::Show(args) => show(args)?,
        BaselineCommand::Update(args) => update(args, global)?,
    }
    Ok(exit::DONE)
}

/// The metrics that were named.
fn metrics(names: &[String]) -> anyhow::Result<Vec<MetricName>> {
    names
        .iter()
        .map(|name| {
            MetricName::parse(name.trim())
                .map_err(|error| exit::user(format!("--metrics: {error}")))
        })
        .collect()
}

fn options(content: &Content, old: Option<&Baseline>) -> anyhow::Result<RunOptions> {
    let kept = || -> Vec<String> {
        let columns = old.iter().flat_map(|old| &old.head.columns);
        let fixed = |name: &&String| ![TOKENS, COST, ERRORS].contains(&name.as_str());
        columns.filter(fixed).cloned().collect()
    };
    let named = match (content.metrics.is_empty(), old) {
        (false, _) => Some(content.metrics.clone()),
        (true, Some(_)) => Some(kept()),
        (true, None) => None,
    };
    Ok(RunOptions {
        metrics: named.map(|names| metrics(&names)).transpose()?,
        must_have: true,
        variants: (!content.variants.is_empty()).then(|| content.variants.clone()),
    })
}

/// Now, in UTC, to the second.
fn now() -> String {
    let now = jiff::Timestamp::now();
    now.round(jiff::Unit::Second).unwrap_or(now).to_string()
}

fn save(args: &SaveArgs, global: &Global) -> anyhow::Result<()> {
    let path = baseline::find(&args.place.into, &args.name)?;
    let run = RunDir::open(&args.dir)?;
    let made = baseline::of_run(&run, &args.name, &options(&args.content, None)?)?;
    baseline::save(&path, made, &now(), &args.why)?;
    let made = baseline::open(&path)?;
    print(&made, args.place.format)?;
    if !global.quiet {
        output::note(&format!(
            "written to {} ({} KiB)\nnext: memgauge gate --baseline {} --current DIR --policy gate.toml",
            path.display(),
            size(&path)?.div_ceil(1024),
            output::word(&path)
        ));
    }
    Ok(())
}

/// Bytes of all files of a baseline.
fn size(path: &Path) -> anyhow::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(path)? {
        bytes += entry?.metadata()?.len();
    }
    Ok(bytes)
}

fn list(place: &Place) -> anyhow::Result<()> {
    let mut table = Table::new(&[
        "baseline",
        "experiment",
        "dataset",
        "variants",
        "questions",
        "changed",
    ]);
    let mut heads = Vec::new();
    for path in baseline::list(&place.into)? {
        let head = baseline::open(&path)?.head;
        table.rows.push(vec![
            head.name.clone(),
            head.run.name.clone(),
            head.dataset.name.clone(),
            head.variants.len().to_string(),
            head.dataset.questions.to_string(),
            head.log
                .last()
                .map_or_else(|| UNKNOWN.to_owned(), |entry| entry.when.clone()),
        ]);
        heads.push(head);
    }
    if heads.is_empty() && place.format == Format::Human {
        return output::result(&format!(
            "no baselines in {}; memgauge baseline save DIR --name NAME makes one",
            place.into.display()
        ));
    }
    output::formatted(place.format, &heads, |style| table.render(style))
}

fn show(args: &ShowArgs) -> anyhow::Result<()> {
    let path = baseline::find(&args.place.into, &args.name)?;
    print(&baseline::open(&path)?, args.place.format)
}

/// Means by variant; for readers also where they come from, and the log.
fn print(baseline: &Baseline, format: Format) -> anyhow::Result<()> {
    let head = &baseline.head;
    let mut table = Table::new(&["variant", "n"]);
    table.head.extend(head.columns.iter().cloned());
    for variant in &head.variants {
        // Questions behind the means: a column may be unknown for some.
        let questions = variant.means.values().map(|mean| mean.n).max();
        let mut row = vec![variant.name.clone(), questions.unwrap_or(0).to_string()];
        row.extend(head.columns.iter().map(|column| {
            let mean = variant.means.get(column);
            mean.map_or_else(|| UNKNOWN.to_owned(), |mean| mean.mean.to_string())
        }));
        table.rows.push(row);
    }
    output::formatted(format, head, |style| {
        let means = table.render(style);
        match style {
            Style::Text | Style::Markdown => {
                format!("{}\n\n{means}\n{}", about(baseline), log(baseline))
            }
            Style::Csv | Style::Latex => means,
        }
    })
}

fn about(baseline: &Baseline) -> String {
    let head = &baseline.head;
    format!(
        "{}: {} on {}, {} conversation(s), {} question(s); means over categories 1-4",
        head.name,
        head.run.name,
        head.dataset.name,
        head.dataset.conversations,
        head.dataset.questions
    )
}

/// A line per entry, oldest first.
fn log(baseline: &Baseline) -> String {
    let entries = baseline.head.log.iter().map(|entry| {
        let changed: usize = entry.changed.values().sum();
        let told = match changed {
            0 => String::new(),
            changed => format!(" ({changed} row(s) changed)"),
        };
        format!("{}  {}{told}\n", entry.when, entry.why)
    });
    entries.collect()
}

fn update(args: &UpdateArgs, global: &Global) -> anyhow::Result<()> {
    let path = baseline::find(&args.place.into, &args.name)?;
    if args.why.trim().is_empty() {
        return Err(BaselineError::NoReason { path }.into());
    }
    let old = baseline::open(&path)?;
    let run = RunDir::open(&args.dir)?;
    let made = baseline::of_run(&run, &args.name, &options(&args.content, Some(&old))?)?;
    let changes = baseline::update(&path, made, &now(), &args.why)?;
    output::formatted(args.place.format, &changes, |_| {
        told(&changes, args.questions)
    })?;
    if !global.quiet {
        output::note(&format!("written to {}", path.display()));
    }
    Ok(())
}

/// The questions that changed, so many of each variant.
fn told(changes: &[VariantChange], most: usize) -> String {
    let mut text = String::new();
    for change in changes {
        let count = change.questions.len();
        text.push_str(&format!(
            "{}: {count} question(s) changed\n",
            change.variant
        ));
        for question in change.questions.iter().take(most) {
            let mut what = question.values.clone();
            what.extend(question.only.map(str::to_owned));
            if question.text && question.values.is_empty() {
                what.push("the text of answer or context".to_owned());
            }
            let id = &question.question;
            text.push_str(&format!(
                "  {id} (category {}): {}\n",
                question.category,
                what.join(", ")
            ));
        }
        if count > most {
            text.push_str(&format!("  and {} more\n", count - most));
        }
    }
    text
}
