//! `memgauge gate`

mod output_files;
mod remeasure;
mod rerun;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use memgauge_report::baseline::{self, Baseline, MetricName, RunOptions};
use memgauge_report::gate::{
    GateError, GateInput, GateReport, MeasuredLatency, Outcome, Policy, SecondRun, gate,
};
use memgauge_report::import::Imported;
use memgauge_report::{Manifest, RunDir};

use self::output_files::{Form, Target};
use self::remeasure::{Request, Sides};
use crate::cli::Global;
use crate::{exit, output};

const EXAMPLES: &str = "\
Examples:
  memgauge gate --baseline reports/baseline/quickstart --current reports/runs/RUN --policy reports/baseline/gate.toml
  memgauge gate --baseline B --current RUN --policy gate.toml --format github --output junit=gate.xml --output json=gate.json

Exit codes: 0 passed, 10 regressed, 11 underpowered, 12 not comparable with the baseline.";

/// Hold a run against a baseline under a policy; fails where something got worse.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct GateArgs {
    /// The baseline: a folder of `memgauge baseline save`.
    #[arg(long, value_name = "DIR")]
    baseline: PathBuf,
    /// The run that is held against it.
    #[arg(long, value_name = "DIR")]
    current: PathBuf,
    /// What may not get worse, and by how much (docs/FORMAT.md).
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// Whether a suspected regression is run again before it counts.
    #[arg(long, value_enum, value_name = "HOW", default_value_t = Confirm::Auto)]
    confirm: Confirm,
    /// A second run of the current experiment, made for itself: a suspected regression has to show there too.
    #[arg(long, value_name = "DIR")]
    second_run: Option<PathBuf>,
    /// Measure the searches of baseline and current in turns, so many rounds (5 is a good number), on this machine; for
    /// latency.p95. Where these cannot tell, as many are added, up to four times. A suspected regression is measured a
    /// second time, by processes of its own.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(2..))]
    remeasure: Option<u16>,
    /// The program that searches for the baseline: the memgauge of the base revision [default: this program].
    #[arg(long, value_name = "PATH", requires = "remeasure")]
    baseline_binary: Option<PathBuf>,
    /// The program that searches for the current run [default: this program].
    #[arg(long, value_name = "PATH", requires = "remeasure")]
    current_binary: Option<PathBuf>,
    /// Seed of the resampling [default: that of the baseline's run].
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// How the report is written to standard output. With `github` the file that GITHUB_STEP_SUMMARY names gets the
    /// report as Markdown.
    #[arg(long, value_enum, default_value_t = Form::Human)]
    format: Form,
    /// Write the report into a file too, also where the gate fails or refuses; can be given several times.
    #[arg(long = "output", value_name = "FORMAT=FILE")]
    outputs: Vec<Target>,
}

/// Where a set of rounds cannot tell, so many sets are measured at most, by processes of their own.
const MOST_SETS: usize = 4;

/// Whether a suspected regression is run again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Confirm {
    /// Where that costs nothing: no system from outside, and no model behind an API was called or all calls were
    /// replayed.
    Auto,
    /// Also where models or systems from outside are asked again.
    Always,
    /// Never: it counts as it is.
    Never,
}

pub(crate) async fn run(args: &GateArgs, global: &Global) -> anyhow::Result<u8> {
    let policy = policy(&args.policy)?;
    if args.remeasure.is_some() && !policy.asks_latency() {
        return Err(exit::user(format!(
            "--remeasure: {} asks for no latency; add to it:\n  [[check]]\n  metric = \"latency.p95\"",
            args.policy.display()
        )));
    }
    let baseline = baseline::open(&args.baseline)?;
    let run = RunDir::open(&args.current)?;
    // Before anything is measured: a wrong folder is told on every day, not only on that of a regression.
    let second = match &args.second_run {
        Some(path) => Some(second_run(&run, path)?),
        None => None,
    };
    let current = like(&run, &baseline)?;
    let held = Held {
        baseline: &baseline,
        policy: &policy,
        seed: args.seed.unwrap_or(baseline.head.run.seed),
    };
    let mut report = held.report(&current, None)?;
    let mut latency = None;
    if let Some(rounds) = args.remeasure
        && report.outcome != Outcome::Incomparable
    {
        let measured;
        (report, measured) = timed(args, global, &held, &current, rounds.into())?;
        latency = Some(measured);
    }
    confirm(
        args,
        global,
        &held,
        &mut report,
        second.as_ref(),
        latency.as_ref(),
    )
    .await?;
    output_files::write(&report, args.format, &args.outputs)?;
    Ok(match report.outcome {
        Outcome::Passed => exit::DONE,
        Outcome::Regressed => exit::REGRESSED,
        Outcome::Underpowered => exit::UNDERPOWERED,
        Outcome::Incomparable => exit::INCOMPARABLE,
    })
}

fn policy(path: &Path) -> anyhow::Result<Policy> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| exit::user(format!("{}: {error}", path.display())))?;
    Policy::parse(path, &text).map_err(|error| exit::user(error.to_string()))
}

/// A run with the columns and variants of a baseline, as far as it has them, and its other variants.
fn like(run: &RunDir, baseline: &Baseline) -> anyhow::Result<Baseline> {
    let manifest = run.manifest()?;
    let kept = |name: &str| baseline.variant(name).is_some();
    let variants = manifest.variants.iter();
    let variants = variants.filter(|variant| !variant.control || kept(&variant.name));
    let metrics: Vec<MetricName> = baseline
        .head
        .columns
        .iter()
        .map(|column| MetricName::parse(column))
        .collect::<Result<_, _>>()
        .context("columns of the baseline")?;
    let options = RunOptions {
        metrics: Some(metrics),
        must_have: false,
        variants: Some(variants.map(|variant| variant.name.clone()).collect()),
    };
    Ok(baseline::of_run(run, &manifest.name, &options)?)
}

/// What every run is held against.
struct Held<'a> {
    baseline: &'a Baseline,
    policy: &'a Policy,
    seed: u64,
}

impl Held<'_> {
    fn report(
        &self,
        current: &Baseline,
        latency: Option<&MeasuredLatency>,
    ) -> anyhow::Result<GateReport> {
        let input = GateInput {
            baseline: self.baseline,
            current,
            policy: self.policy,
            latency,
            seed: self.seed,
        };
        match gate(&input) {
            Ok(report) => Ok(report),
            Err(GateError::Policy(message)) => Err(exit::user(message)),
            Err(error) => Err(error.into()),
        }
    }
}

/// The report with search times, which are measured a second time where they look worse.
fn timed(
    args: &GateArgs,
    global: &Global,
    held: &Held<'_>,
    current: &Baseline,
    rounds: usize,
) -> anyhow::Result<(GateReport, MeasuredLatency)> {
    let tell = |text: &str| {
        if !global.quiet {
            output::note(text);
        }
    };
    let request = Request {
        rounds,
        baseline_binary: args.baseline_binary.as_deref(),
        current_binary: args.current_binary.as_deref(),
    };
    let run = RunDir::open(&args.current)?;
    let sides = Sides::new(&request, held.baseline, &run, held.policy)?;
    let measure = || -> anyhow::Result<(GateReport, MeasuredLatency)> {
        let mut measured = sides.measure()?;
        let mut report = held.report(current, Some(&measured))?;
        for _ in 1..MOST_SETS {
            if !report.needs_more_rounds() {
                break;
            }
            tell("these rounds cannot tell: measuring as many again");
            measured.add(sides.measure()?);
            report = held.report(current, Some(&measured))?;
        }
        Ok((report, measured))
    };
    tell(&format!(
        "measuring searches of both in turns, {rounds} rounds"
    ));
    let (mut report, measured) = measure()?;
    if report.is_suspicious(true) {
        tell("a slower search is suspected: measuring a second time");
        report.confirm(&SecondRun {
            report: &measure()?.0,
            how: &format!("measured a second time, {rounds} rounds or more, by other processes"),
            latency: true,
        });
    }
    Ok((report, measured))
}

/// Looks again at regressions of everything but latency.
async fn confirm(
    args: &GateArgs,
    global: &Global,
    held: &Held<'_>,
    report: &mut GateReport,
    second: Option<&RunDir>,
    latency: Option<&MeasuredLatency>,
) -> anyhow::Result<()> {
    if !report.is_suspicious(false) {
        return Ok(());
    }
    let first = RunDir::open(&args.current)?;
    if let Some(second) = second {
        let how = format!(
            "second run {}: {}",
            second.path().display(),
            rerun::agreement(&first, second)?
        );
        return again(held, report, second, latency, &how);
    }
    if args.confirm == Confirm::Never {
        report.unconfirmed(false, "--confirm never");
        return Ok(());
    }
    let manifest = first.manifest()?;
    if let Some(why) = rerun::reason_against(&first, &manifest, args.confirm == Confirm::Always)? {
        report.unconfirmed(false, &why);
        return Ok(());
    }
    if !global.quiet {
        output::note("a regression is suspected: running the experiment again");
    }
    let folder = tempfile::tempdir().context("a folder for the second run")?;
    let second = rerun::run(&first, &manifest, folder.path()).await?;
    let how = format!("run again, {}", rerun::agreement(&first, &second)?);
    again(held, report, &second, latency, &how)
}

/// The second run; refused where it cannot confirm anything.
fn second_run(first: &RunDir, path: &Path) -> anyhow::Result<RunDir> {
    let second = RunDir::open(path)?;
    let refuse = |why: String| {
        Err(exit::user(format!(
            "--second-run {}: {why}",
            path.display()
        )))
    };
    let place = |run: &RunDir| run.path().canonicalize().ok();
    let (mine, other) = (first.manifest()?, second.manifest()?);
    let is_same = |a: &Manifest, b: &Manifest| a.digest == b.digest && a.started == b.started;
    if place(first) == place(&second) || is_same(&mine, &other) {
        return refuse(
            "this is the current run itself, or a copy of it; run the experiment again".to_owned(),
        );
    }
    match (&mine.imported, &other.imported) {
        // Every import is an experiment of its own by its files: of the same dataset is all that can be asked for.
        (Some(mine_of), Some(other_of)) => {
            let files = |of: &Imported| -> Vec<String> {
                of.files.iter().map(|file| file.sha256.clone()).collect()
            };
            if files(mine_of) == files(other_of) {
                return refuse("these are the answers of --current, imported again".to_owned());
            }
            if mine.dataset.content != other.dataset.content {
                return refuse(format!(
                    "answers to another dataset ({}, not {})",
                    other.dataset.name, mine.dataset.name
                ));
            }
        }
        _ if mine.digest != other.digest => {
            return refuse(format!(
                "another experiment ({}, not {}); run that of --current again",
                other.digest, mine.digest
            ));
        }
        _ => {}
    }
    Ok(second)
}

/// Holds a second run against the same baseline. Search times are those of the first, so that the same tests share the
/// error rate.
fn again(
    held: &Held<'_>,
    report: &mut GateReport,
    run: &RunDir,
    latency: Option<&MeasuredLatency>,
    how: &str,
) -> anyhow::Result<()> {
    let second = held.report(&like(run, held.baseline)?, latency)?;
    report.confirm(&SecondRun {
        report: &second,
        how,
        latency: false,
    });
    Ok(())
}
