//! `memgauge judge`

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use memgauge_experiment::{ConfigFile, JudgeEnd, JudgeOptions, Stop, Supplies, judge_again};
use memgauge_report::table::{self, Style};
use memgauge_report::{JudgeReport, Manifest, RunDir, files};
use serde_json::{Value, json};

use super::run::{Signals, listen};
use crate::cli::{Format, Global, TrafficOptions};
use crate::limits::LimitOptions;
use crate::progress::Progress;
use crate::view::ViewOptions;
use crate::{exit, output, places, traffic};

#[derive(Debug, Args)]
pub(crate) struct JudgeArgs {
    /// A run directory.
    pub(crate) dir: PathBuf,
    /// Prompt of the judge: `lenient`, `strict`, `graded`, or a file `judge/NAME` of your own.
    #[arg(long, value_name = "NAME")]
    pub(crate) prompt: Option<String>,
    /// How often every answer is judged.
    #[arg(long, value_name = "N")]
    pub(crate) runs: Option<u32>,
    /// Name of the judge's model in the config.
    #[arg(long, value_name = "NAME")]
    pub(crate) model: Option<String>,
    /// Take models, prompts and judge from this experiment instead of the run's own.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Change a key of the config: `models.chat.model=gpt-4o`, `judge.reasoning=true`.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub(crate) set: Vec<String>,
    /// The judgements are written to `judgements-NAME.jsonl` in the run directory (default: the
    /// prompt's name).
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Judge only this many questions, drawn at random: `memgauge surrogate powered` makes an unbiased J of them.
    #[arg(long, value_name = "M")]
    pub(crate) sample: Option<usize>,
    /// Seed of that draw; a larger sample of the same seed holds every smaller one.
    #[arg(long, value_name = "S", default_value_t = 0, requires = "sample")]
    pub(crate) seed: u64,
    /// Judge only the answers to questions whose key is wrong by --errata, with the corrected answer as the
    /// right one; written to `corrected-NAME.jsonl`. `memgauge show DIR --errata PATH` then knows J under
    /// the corrected key.
    #[arg(long, requires = "errata")]
    pub(crate) only_errata: bool,
    /// Judgements at a time.
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<usize>,
    #[command(flatten)]
    limits: LimitOptions,
    #[command(flatten)]
    pub(crate) traffic: TrafficOptions,
    #[command(flatten)]
    pub(crate) view: ViewOptions,
    /// How the results are written to standard output.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

pub(crate) async fn run(args: &JudgeArgs, global: &Global) -> anyhow::Result<u8> {
    if args.view.has_errata() && !args.only_errata {
        return Err(exit::user(
            "--errata: answers are judged by the published key; with --only-errata those to questions whose key is wrong are \
             judged by the corrected one",
        ));
    }
    let dir = RunDir::open(&args.dir)?;
    let file = config(args, &dir)?;
    let exchange = traffic::exchange(&args.traffic, false, None)?;
    let errata = match args.only_errata {
        true => args.view.errata(&dir.manifest()?)?.map(Arc::new),
        false => None,
    };
    let options = JudgeOptions {
        errata,
        name: args.name.clone().unwrap_or_else(|| file_name(&file)),
        jobs: args.jobs,
        sample: args.sample.map(|size| (size, args.seed)),
        limits: args.limits.limits(),
        supplies: Supplies {
            exchange: Arc::clone(&exchange),
            ..places::supplies()
        },
    };
    let progress = Arc::new(Progress::new(global.quiet));
    let stop = Stop::default();
    tokio::spawn(listen(Signals::new()?, stop.clone()));
    let observer: Arc<Progress> = Arc::clone(&progress);
    let end = judge_again(&dir, &file, options, observer, stop).await;
    progress.finish();
    match end.context("judge")? {
        JudgeEnd::Finished { file, report } => {
            output::formatted(args.format, &report, |style| text(&report, style, args))?;
            if !global.quiet {
                if let Some(line) = traffic::line(&exchange.report()) {
                    output::note(&line);
                }
                output::note(&format!("written to {}", dir.file(&file).display()));
            }
            let judges = report
                .variants
                .iter()
                .filter_map(|variant| variant.judge.as_ref());
            let errors: usize = judges.map(|judge| judge.errors).sum();
            Ok(if errors > 0 {
                exit::FAILURES
            } else {
                exit::DONE
            })
        }
        JudgeEnd::Interrupted => {
            output::note("interrupted; the same command goes on");
            Ok(exit::INTERRUPTED)
        }
        JudgeEnd::Limited { reached } => {
            if let Some(line) = traffic::line(&exchange.report()).filter(|_| !global.quiet) {
                output::note(&line);
            }
            output::note(&args.limits.same_command(&reached));
            Ok(exit::BUDGET)
        }
    }
}

/// The run's config, or the one given, with the judge that is asked for.
fn config(args: &JudgeArgs, dir: &RunDir) -> anyhow::Result<ConfigFile> {
    let manifest = dir.manifest()?;
    let load = |overrides: &[String]| -> anyhow::Result<ConfigFile> {
        Ok(match &args.config {
            Some(path) => ConfigFile::load(path, overrides)?,
            None => {
                let path = dir.file(files::MANIFEST);
                let config = match &manifest.imported {
                    Some(_) => Cow::Owned(bare_config(&manifest)),
                    None => Cow::Borrowed(&manifest.config),
                };
                let mut file = ConfigFile::from_manifest(&path, &config, overrides)?;
                // The config's path is relative to a file that may be gone.
                file.config.prompts = manifest.prompts_path.clone().map(PathBuf::from);
                file
            }
        })
    };
    let mut overrides = Vec::new();
    if load(&[])?.config.judge.kind() == "none" {
        overrides.push(r#"judge={kind = "llm"}"#.to_owned());
    }
    overrides.extend(args.set.iter().cloned());
    if let Some(prompt) = &args.prompt {
        overrides.push(format!("judge.prompt={prompt:?}"));
    }
    if let Some(runs) = args.runs {
        overrides.push(format!("judge.runs={runs}"));
    }
    if let Some(model) = &args.model {
        overrides.push(format!("judge.model={model:?}"));
    }
    load(&overrides)
}

/// A config around a judge, for a run that has none: nothing of it but the judge and the models given with --set is used.
fn bare_config(manifest: &Manifest) -> Value {
    json!({
        "name": manifest.name,
        "dataset": {"kind": "file", "path": manifest.dataset.path},
        "variant": [{"name": manifest.name, "system": {"kind": "no-memory"}}],
    })
}

/// The prompt's name, as a name for a file.
pub(super) fn file_name(file: &ConfigFile) -> String {
    let judge = serde_json::to_value(&file.config.judge).unwrap_or_default();
    let prompt = judge.get("prompt").and_then(serde_json::Value::as_str);
    let name = prompt.unwrap_or(file.config.judge.kind());
    name.trim_start_matches("judge/").replace('/', "-")
}

fn text(report: &JudgeReport, style: Style, args: &JudgeArgs) -> String {
    let models: Vec<&str> = report.served_by.iter().map(String::as_str).collect();
    let models = if models.is_empty() {
        "not told".to_owned()
    } else {
        models.join(", ")
    };
    let corrected = match args.only_errata {
        true => {
            "\nOnly questions whose key the errata correct, with the corrected answer as the right one: here every honest \
             score is possible. memgauge show DIR --errata PATH has J of the whole, which under the published key can \
             honestly be no higher than the ceiling."
        }
        false => "",
    };
    table::judged(report, args.view.names()).render(style)
        + &style.note(&format!(
            "Scores x 100 with 95 % two-stage cluster-bootstrap intervals; category 5 is not judged. errors: \
             judgements that failed or could not be read, in no mean. ± sd: between runs. as the run's judge: answers with the \
             same label. * = control that reads the answer key or the wrong memory.\njudge served by: {models}{corrected}"
        ))
}
