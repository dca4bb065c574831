//! `memgauge run`

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use memgauge_experiment::{
    ConfigFile, ExperimentError, Plan, RunOptions, RunReport, Runner, Shard, Stop, Supplies,
};
use memgauge_report::loss::LossRules;
use memgauge_report::{RunDir, files};

use crate::cli::{ConfigOptions, Format, Global, TrafficOptions};
use crate::limits::LimitOptions;
use crate::progress::Progress;
use crate::view::ViewOptions;
use crate::{exit, output, places, traffic};

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The experiment.
    #[arg(required_unless_present = "resume", conflicts_with = "resume")]
    file: Option<PathBuf>,
    /// Go on with this run directory.
    #[arg(long, value_name = "DIR")]
    resume: Option<PathBuf>,
    /// With --resume: ask again what failed for reasons of infrastructure (a model that could not be reached, a
    /// crash), and nothing else. Replies that could not be read are outcomes and stay.
    #[arg(long, requires = "resume")]
    retry_failed: bool,
    #[command(flatten)]
    config: ConfigOptions,
    /// Conversations ingested and questions answered at a time; 0 = one per processor, more where a chat model is called.
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// Folder for run directories.
    #[arg(long, value_name = "DIR", default_value = "reports/runs")]
    out: PathBuf,
    /// Run only part K of N; `memgauge merge` joins the parts.
    #[arg(long, value_name = "K/N", conflicts_with = "resume")]
    shard: Option<Shard>,
    #[command(flatten)]
    limits: LimitOptions,
    #[command(flatten)]
    traffic: TrafficOptions,
    #[command(flatten)]
    view: ViewOptions,
    /// How the results are written to standard output.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

pub(crate) async fn run(args: &RunArgs, global: &Global) -> anyhow::Result<u8> {
    let begun = match &args.resume {
        Some(dir) => {
            if !args.config.is_empty() {
                return Err(exit::user(
                    "a run goes on with the config that it was begun with: of the options that change it only --dataset can be given with --resume",
                ));
            }
            Some(RunDir::open(dir)?)
        }
        None => None,
    };
    let (file, explicit) = match (&begun, &args.file) {
        (Some(dir), _) => {
            let manifest = dir.manifest()?;
            if manifest.imported.is_some() {
                return Err(exit::user(format!(
                    "{}: an imported run; there is nothing to go on with",
                    dir.path().display()
                )));
            }
            let path = dir.file(files::MANIFEST);
            let mut file = ConfigFile::from_manifest(&path, &manifest.config, &[])?;
            // The config's path is relative to a file that may be gone.
            file.config.prompts = manifest.prompts_path.map(PathBuf::from);
            file.base = manifest.base.map(PathBuf::from);
            let recorded = PathBuf::from(&manifest.dataset.path);
            let explicit = args
                .config
                .dataset
                .clone()
                .or_else(|| recorded.is_file().then_some(recorded));
            (file, explicit)
        }
        (None, Some(path)) => {
            let choices = args.config.choices();
            let file = match ConfigFile::load_with(path, &choices) {
                // Parts are built below; where that is not reached, what is wrong with them is told all the same.
                Err(ExperimentError::Config(_)) => {
                    ConfigFile::load_whole(path, &choices, places::supplies())
                }
                loaded => loaded,
            };
            (file?, args.config.dataset.clone())
        }
        (None, None) => return Err(exit::user("give an experiment, or --resume DIR")),
    };
    let dataset = places::dataset_of(&file, explicit.clone())?;
    if let (Some(dir), None) = (&begun, &explicit) {
        let recorded = dir.manifest()?.dataset;
        if recorded.content != dataset.fingerprint.content {
            return Err(exit::user(format!(
                "{}: its dataset was {}, which is not there any more: give --dataset PATH",
                dir.path().display(),
                recorded.path
            )));
        }
    }
    let shard = match &begun {
        Some(dir) => {
            let shard = dir.manifest()?.shard;
            shard.and_then(|shard| Shard::new(shard.index, shard.of))
        }
        None => args.shard,
    };
    let plan = Plan::new(&file, &dataset)?.with_shard(shard);
    let begun_with = match &begun {
        Some(dir) => dir.manifest()?.traffic,
        None => None,
    };
    let exchange = traffic::exchange(&args.traffic, begun.is_some(), begun_with.as_ref())?;
    let options = RunOptions {
        out: args.out.clone(),
        jobs: args.jobs,
        argv: argv(),
        revision: option_env!("MEMGAUGE_REVISION").map(str::to_owned),
        started: jiff::Timestamp::now().to_string(),
        retry_failed: args.retry_failed,
        limits: args.limits.limits(),
        supplies: Supplies {
            exchange: Arc::clone(&exchange),
            ..places::supplies()
        },
    };
    let runner = Runner::new(file, dataset, plan, options)?;
    exchange
        .ready()
        .map_err(|error| exit::user(error.to_string()))?;

    let progress = Arc::new(Progress::new(global.quiet));
    let stop = Stop::default();
    tokio::spawn(listen(Signals::new()?, stop.clone()));
    let observer: Arc<Progress> = Arc::clone(&progress);
    let report = match begun {
        Some(dir) => runner.resume(dir, observer, stop).await,
        None => runner.run(observer, stop).await,
    };
    progress.finish();
    match report.context("run")? {
        RunReport::Finished { dir, summary } => {
            let failed: usize = summary.variants.iter().map(|variant| variant.failed).sum();
            let next = example(&summary);
            args.view
                .print(&dir, *summary, &LossRules::default(), args.format)?;
            if !global.quiet {
                if let Some(line) = traffic::line(&exchange.report()) {
                    output::note(&line);
                }
                let (path, word) = (dir.path().display(), output::word(dir.path()));
                output::note(&format!(
                    "written to {path}\nnext: memgauge show {word} --question {next}\n      memgauge report {word} -o report.html"
                ));
            }
            Ok(if failed > 0 {
                exit::FAILURES
            } else {
                exit::DONE
            })
        }
        RunReport::Interrupted { dir } => {
            output::note(&format!(
                "interrupted; go on with: memgauge run --resume {}",
                output::word(dir.path())
            ));
            Ok(exit::INTERRUPTED)
        }
        RunReport::Limited { dir, reached } => {
            if let Some(line) = traffic::line(&exchange.report()).filter(|_| !global.quiet) {
                output::note(&line);
            }
            let cache = args.traffic.cache.as_deref();
            output::note(&args.limits.message(dir.path(), cache, &reached));
            Ok(exit::BUDGET)
        }
    }
}

/// The command line without what may be a secret.
pub(crate) fn argv() -> Vec<String> {
    std::env::args().map(|argument| redact(&argument)).collect()
}

/// An argument without what may be a secret: the value of a key that is named like one.
fn redact(argument: &str) -> String {
    const SECRETS: [&str; 4] = ["key", "token", "secret", "password"];
    match argument.split_once('=') {
        Some((name, _))
            if SECRETS
                .iter()
                .any(|secret| name.to_lowercase().ends_with(secret)) =>
        {
            format!("{name}=***")
        }
        _ => argument.to_owned(),
    }
}

/// A question to look at next.
fn example(summary: &memgauge_report::Summary) -> String {
    summary.example.clone().unwrap_or_else(|| "ID".to_owned())
}

/// The first signal asks the run to stop; the second ends the process.
pub(crate) async fn listen(mut signals: Signals, stop: Stop) {
    loop {
        signals.next().await;
        if stop.is_requested() {
            std::process::exit(i32::from(exit::INTERRUPTED));
        }
        stop.request();
        output::note("stopping after the question at hand; once more to stop at once");
    }
}

/// Interrupt and, where there is such a thing, termination. Caught from the moment it is made.
pub(crate) struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    #[cfg(unix)]
    pub(crate) fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    #[cfg(unix)]
    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    #[cfg(not(unix))]
    pub(crate) fn new() -> std::io::Result<Self> {
        Ok(Self {})
    }

    #[cfg(not(unix))]
    async fn next(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_reach_the_manifest() {
        assert_eq!(redact("models.chat.api-key=abc"), "models.chat.api-key=***");
        assert_eq!(redact("dataset.limit=3"), "dataset.limit=3");
        assert_eq!(redact("run"), "run");
    }
}
