//! Where the report of a gate goes.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::Context as _;
use clap::ValueEnum;
use memgauge_report::Direction;
use memgauge_report::gate::GateReport;
use memgauge_report::gate::output::{annotations, bencher, benchmark_action, human, junit};
use memgauge_report::table::Style;

use crate::output;

/// Variable that names the file of a step's summary.
const STEP_SUMMARY: &str = "GITHUB_STEP_SUMMARY";

/// How a gate's report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    /// Aligned text.
    Human,
    /// Markdown.
    Markdown,
    /// JSON (docs/FORMAT.md).
    Json,
    /// JUnit XML.
    Junit,
    /// Annotations of GitHub Actions.
    Github,
    /// Bencher Metric Format.
    Bencher,
    /// github-action-benchmark's customBiggerIsBetter: the metrics of which more is better.
    BenchmarkActionBigger,
    /// github-action-benchmark's customSmallerIsBetter: the others.
    BenchmarkActionSmaller,
}

/// `FORMAT=FILE`.
#[derive(Debug, Clone)]
pub(super) struct Target {
    form: Form,
    path: PathBuf,
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = || {
            let forms = Form::value_variants().iter();
            let names =
                forms.filter_map(|form| Some(form.to_possible_value()?.get_name().to_owned()));
            names.collect::<Vec<_>>().join(", ")
        };
        let (form, path) = text
            .split_once('=')
            .filter(|(_, path)| !path.is_empty())
            .ok_or_else(|| {
                format!(
                    "must be FORMAT=FILE, such as junit=gate.xml (formats: {})",
                    known()
                )
            })?;
        let form = Form::from_str(form, false)
            .map_err(|_| format!("no format `{form}` (known: {})", known()))?;
        Ok(Self {
            form,
            path: path.into(),
        })
    }
}

/// Writes every file, then standard output.
pub(super) fn write(report: &GateReport, form: Form, targets: &[Target]) -> anyhow::Result<()> {
    for target in targets {
        let mut text = render(report, target.form)?;
        if !text.ends_with('\n') {
            text.push('\n');
        }
        if let Some(parent) = target.path.parent() {
            std::fs::create_dir_all(parent).with_context(|| parent.display().to_string())?;
        }
        std::fs::write(&target.path, text).with_context(|| target.path.display().to_string())?;
    }
    if form == Form::Github || targets.iter().any(|target| target.form == Form::Github) {
        summarise(report)?;
    }
    output::result(&render(report, form)?)
}

fn render(report: &GateReport, form: Form) -> anyhow::Result<String> {
    Ok(match form {
        Form::Human => human(report, Style::Text),
        Form::Markdown => human(report, Style::Markdown),
        Form::Json => serde_json::to_string_pretty(report)?,
        Form::Junit => junit(report)?,
        Form::Github => annotations(report),
        Form::Bencher => serde_json::to_string_pretty(&bencher(report))?,
        Form::BenchmarkActionBigger => {
            serde_json::to_string_pretty(&benchmark_action(report, Direction::Higher))?
        }
        Form::BenchmarkActionSmaller => {
            serde_json::to_string_pretty(&benchmark_action(report, Direction::Lower))?
        }
    })
}

/// Adds the report to the summary of the step, where there is one.
fn summarise(report: &GateReport) -> anyhow::Result<()> {
    let Some(path) = std::env::var_os(STEP_SUMMARY).filter(|path| !path.is_empty()) else {
        return Ok(());
    };
    let path = Path::new(&path);
    let mut file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .with_context(|| path.display().to_string())?;
    writeln!(file, "{}", human(report, Style::Markdown)).with_context(|| path.display().to_string())
}
