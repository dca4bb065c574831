//! `memgauge compare`

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use memgauge_core::config::unknown;
use memgauge_core::{Category, CategoryNames};
use memgauge_report::arm::{self, Arm, Key, KeyedArms, Selection};
use memgauge_report::compare::{
    CompareError, CompareOptions, Comparison, compare, compare_by_key, questions_csv,
};
use memgauge_report::statistics::Bootstrap;
use memgauge_report::table::{self, Style};
use memgauge_report::{Manifest, RunDir};

use crate::view::{self, NamesOption};
use crate::{exit, output};

const EXAMPLES: &str = "\
Examples:
  memgauge compare reports/runs/RUN:mem0 reports/runs/RUN:mem0g
  memgauge compare reports/runs/RUN                     all variants with the first
  memgauge compare reports/runs/OLD reports/runs/NEW    variants of the same name
  memgauge compare A B C --all-pairs --metric f1.locomo --category temporal,4
  memgauge compare A B --errata errors.json --key corrected

Verdicts do not change the exit code; arms that are not comparable end with 12.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CompareArgs {
    /// Arms: run directories, own or imported, or one variant of them. The first is what the others are compared with;
    /// a directory stands for all its variants but the controls.
    #[arg(required = true, value_name = "DIR[:VARIANT]")]
    arms: Vec<String>,
    /// The metric: `j`, `f1.locomo`, `f1.set`, `bleu1`, `exact`, `evidence.context`, `evidence.recall@10`, ..
    /// [default: j where every arm has labels, otherwise f1.locomo]
    #[arg(long, value_name = "NAME")]
    metric: Option<String>,
    /// Differences inside plus and minus so many points (of 100) count as none.
    #[arg(long, value_name = "POINTS", default_value_t = 2.0)]
    margin: f64,
    /// Only these categories, by name or number [default: 1 to 4 together, and each alone].
    #[arg(long, value_name = "NAME|N,..", value_delimiter = ',')]
    category: Vec<String>,
    /// Compare every two arms, not only all with the first.
    #[arg(long)]
    all_pairs: bool,
    /// Compare what is common even where the arms are not comparable; the output says so.
    #[arg(long)]
    force: bool,
    /// Name so many of the questions won and lost; JSON and CSV have all.
    #[arg(long, value_name = "N", default_value_t = 5)]
    questions: usize,
    /// Labels of `memgauge judge --name NAME` instead of the runs' own.
    #[arg(long, value_name = "NAME")]
    judge: Option<String>,
    #[command(flatten)]
    naming: NamesOption,
    #[command(flatten)]
    errata: ErrataOption,
    /// Seed of the resampling [default: that of the first run].
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// How the comparison is written; `csv` is a row per question and pair.
    #[arg(long, value_enum, default_value_t = Form::Human)]
    format: Form,
}

/// How a comparison is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// Aligned text.
    Human,
    /// Markdown.
    Markdown,
    /// LaTeX tables with the rules of booktabs.
    Latex,
    /// JSON.
    Json,
    /// One row per pair and question on which they differ.
    Csv,
}

pub(crate) fn run(args: &CompareArgs) -> anyhow::Result<u8> {
    if !(args.margin.is_finite() && args.margin >= 0.0) {
        return Err(exit::user(format!(
            "--margin {}: must be 0 or more points",
            args.margin
        )));
    }
    let names = args.naming.names;
    let arms = read(&args.arms, args.judge.as_deref(), &args.errata)?;
    let options = CompareOptions {
        metric: args.metric.clone(),
        margin: args.margin / 100.0,
        categories: categories(&args.category, names)?,
        names,
        force: args.force,
        all_pairs: args.all_pairs,
        bootstrap: bootstrap(arms.decisive(), args.seed),
    };
    let found = match &arms {
        Read::Plain(arms) => compare(arms, &options),
        Read::Keyed(arms, key) => compare_by_key(arms, *key, &options),
    };
    let comparison = match found {
        Ok(comparison) => comparison,
        Err(error @ CompareError::Incomparable { .. }) => {
            output::error(&error.to_string());
            output::note(&hint(&error));
            return Ok(exit::INCOMPARABLE);
        }
        Err(error @ CompareError::NothingShared { .. }) => {
            output::error(&error.to_string());
            return Ok(exit::INCOMPARABLE);
        }
        Err(error @ CompareError::Statistics(_)) => return Err(error.into()),
        Err(error) => return Err(exit::user(error.to_string())),
    };
    if comparison.forced && args.format == Form::Csv {
        // A table of questions has no line for it, and may have no rows.
        output::note("FORCED: these arms are not comparable");
    }
    write(&comparison, args)?;
    Ok(exit::DONE)
}

fn write(comparison: &Comparison, args: &CompareArgs) -> anyhow::Result<()> {
    let text = |style| table::comparison(comparison, style, args.questions);
    match args.format {
        Form::Human => output::result(&text(Style::Text)),
        Form::Markdown => output::result(&text(Style::Markdown)),
        Form::Latex => output::result(&text(Style::Latex)),
        Form::Json => output::json(comparison),
        Form::Csv => output::result(&questions_csv(comparison)?),
    }
}

/// What can be done about arms that are not comparable.
fn hint(error: &CompareError) -> String {
    let CompareError::Incomparable { reasons, .. } = error else {
        return String::new();
    };
    let mut hint = String::new();
    if reasons.iter().any(|reason| reason.is_about_the_judge()) {
        hint.push_str("metrics of the text need no judge: --metric f1.locomo; ");
    }
    hint.push_str("--force compares what is common and marks the output");
    hint
}

/// Errata of the answer key, and the key that decides.
#[derive(Debug, Args)]
pub(crate) struct ErrataOption {
    /// Lay these errata of the answer key over the scores: locomo-audit's errors.json, or memgauge's own format
    /// (docs/FORMAT.md). Every arm stands under the published key, the corrected key and on the clean questions.
    #[arg(long, value_name = "PATH")]
    errata: Option<PathBuf>,
    /// The key that verdicts and ranks are made by.
    #[arg(long, value_enum, default_value_t = KeyName::Clean, requires = "errata")]
    key: KeyName,
}

/// A key by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum KeyName {
    /// The published answers.
    Published,
    /// The corrected answers; J needs `memgauge judge --only-errata` first.
    Corrected,
    /// The published answers, without the questions that the errata call wrong.
    Clean,
}

impl From<KeyName> for Key {
    fn from(name: KeyName) -> Self {
        match name {
            KeyName::Published => Self::Published,
            KeyName::Corrected => Self::Corrected,
            KeyName::Clean => Self::Clean,
        }
    }
}

/// Arms as they were asked for.
pub(crate) enum Read {
    /// Under the published key.
    Plain(Vec<Arm>),
    /// Under every key of an overlay; the second decides.
    Keyed(Box<KeyedArms>, Key),
}

impl Read {
    /// The arms that a table is about.
    pub(crate) fn decisive(&self) -> &[Arm] {
        match self {
            Self::Plain(arms) => arms,
            Self::Keyed(arms, key) => arms.under(*key),
        }
    }
}

/// The arms that were named, with their own labels or those of a judge that was asked again. Errata are bound to the
/// first dataset of an arm that they fit.
pub(crate) fn read(
    texts: &[String],
    judge: Option<&str>,
    errata: &ErrataOption,
) -> anyhow::Result<Read> {
    let selections: Vec<Selection> = texts
        .iter()
        .map(|text| Selection::parse(text))
        .collect::<Result<_, _>>()?;
    let mut arms = arm::arms(&selections)?;
    if let Some(judge) = judge {
        arm::relabel(&mut arms, judge)?;
    }
    let Some(path) = &errata.errata else {
        return Ok(Read::Plain(arms));
    };
    let manifests: Vec<Manifest> = arms
        .iter()
        .map(|arm| RunDir::open(&arm.dir)?.manifest())
        .collect::<Result<_, _>>()?;
    let (overlay, dataset) = view::overlay(path, &manifests, &[])?;
    let keyed = KeyedArms::new(arms, overlay, &dataset, judge)?;
    Ok(Read::Keyed(Box::new(keyed), errata.key.into()))
}

/// Intervals as in the first run.
pub(crate) fn bootstrap(arms: &[Arm], seed: Option<u64>) -> Bootstrap {
    let first = arms.first().map_or(0, |arm| arm.facts.seed);
    Bootstrap {
        seed: seed.unwrap_or(first),
        ..Bootstrap::default()
    }
}

/// Categories by name or number.
pub(crate) fn categories(texts: &[String], names: CategoryNames) -> anyhow::Result<Vec<Category>> {
    let one = |text: &String| {
        let text = text.trim();
        let number = text.parse().ok().and_then(Category::from_number);
        number.or_else(|| names.category(text)).ok_or_else(|| {
            let known = Category::ALL.map(|category| names.of(category));
            exit::user(format!(
                "--category: {}; numbers 1 to 5 will do too",
                unknown("category", text, &known)
            ))
        })
    };
    texts.iter().map(one).collect()
}
