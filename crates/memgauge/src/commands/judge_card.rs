//! `memgauge judge-card`

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use memgauge_experiment::{
    ConfigFile, JudgeEnd, JudgeOptions, KnownOptions, Stop, Supplies, judge_again, known_run, role,
};
use memgauge_model::Limits;
use memgauge_report::card::{CardReport, CardSet, Role, card, label_sets};
use memgauge_report::statistics::Bootstrap;
use memgauge_report::table::{self, Style};
use memgauge_report::{RunDir, RunDirError};

use super::run::{Signals, argv, listen};
use crate::cli::{Format, Global, TrafficOptions};
use crate::progress::Progress;
use crate::{exit, output, places, traffic};

const AFTER: &str = "\
Examples:
  A judge whose labels are stored in imported runs, two of them wrong on purpose:
    memgauge judge-card FULL_CONTEXT --known-wrong vague=VAGUE --known-wrong specific=SPECIFIC
  The same, with J corrected; nobody showed it right answers, so their rate is assumed:
    memgauge judge-card --correct FULL_CONTEXT --known-wrong vague=VAGUE --assume-sensitivity 1
  A judge of a config, on answers made from the key of the sample by rules:
    memgauge judge-card --config experiment.toml --prompt lenient --prompt strict --known card/";

#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub(crate) struct JudgeCardArgs {
    /// Run directories with labels, in their records or in judgements-*.jsonl.
    #[arg(required_unless_present_any = ["known_wrong", "known_right", "correct", "config"])]
    dirs: Vec<PathBuf>,
    /// A run whose answers are all wrong, with a word for how: `vague`, `specific`. May be repeated.
    #[arg(long, value_name = "KIND=DIR")]
    known_wrong: Vec<String>,
    /// A run whose answers are all right, with a word for how they were made. May be repeated.
    #[arg(long, value_name = "KIND=DIR")]
    known_right: Vec<String>,
    /// A run whose J is corrected for the judge's errors. May be repeated.
    #[arg(long, value_name = "DIR")]
    correct: Vec<PathBuf>,
    /// Share of right answers that the judge accepts, where it was shown no known-right ones.
    #[arg(long, value_name = "SHARE")]
    assume_sensitivity: Option<f64>,
    /// Try the judge of this experiment on known answers.
    #[arg(long, value_name = "FILE", requires = "known")]
    config: Option<PathBuf>,
    /// Run directory of the known answers: made from the dataset's key by rules, and gone on with if it is there.
    #[arg(long, value_name = "DIR", requires = "config")]
    known: Option<PathBuf>,
    /// Dataset of the known answers: its name, or a file.
    #[arg(
        long,
        value_name = "NAME|PATH",
        default_value = "sample",
        requires = "config"
    )]
    dataset: String,
    /// At most so many known answers of each kind, drawn at random.
    #[arg(long, value_name = "N", requires = "config")]
    per_kind: Option<usize>,
    /// Seed of that draw, and of the resampling.
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
    /// Prompt of the judge; with several, their agreement is told too (default: the config's).
    #[arg(long, value_name = "NAME", requires = "config")]
    prompt: Vec<String>,
    /// How often every known answer is judged.
    #[arg(long, value_name = "N", requires = "config")]
    runs: Option<u32>,
    /// Change a key of the config: `models.chat.model=gpt-4o`.
    #[arg(long = "set", value_name = "PATH=VALUE", requires = "config")]
    set: Vec<String>,
    /// Judgements at a time.
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    #[command(flatten)]
    traffic: TrafficOptions,
    /// Write the card as FILE and, as Markdown, beside it (`.md`); with --known, judge-card.json in that directory.
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// How the results are written to standard output.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

pub(crate) async fn run(args: &JudgeCardArgs, global: &Global) -> anyhow::Result<u8> {
    if let Some(share) = args.assume_sensitivity
        && !(share > 0.0 && share <= 1.0)
    {
        return Err(exit::user(format!(
            "--assume-sensitivity {share}: a share above 0 and up to 1 is wanted"
        )));
    }
    let mut sets = Vec::new();
    for path in &args.dirs {
        sets.extend(sets_of(path, None, false)?);
    }
    for (option, given) in [
        ("known-wrong", &args.known_wrong),
        ("known-right", &args.known_right),
    ] {
        for pair in given {
            let Some((kind, path)) = pair
                .split_once('=')
                .filter(|(kind, path)| !kind.is_empty() && !path.is_empty())
            else {
                return Err(exit::user(format!(
                    "--{option} {pair}: KIND=DIR is wanted, such as vague=reports/runs/RUN"
                )));
            };
            let kind = kind.to_owned();
            let known = if option == "known-wrong" {
                Role::KnownWrong { kind }
            } else {
                Role::KnownRight { kind }
            };
            sets.extend(sets_of(Path::new(path), Some(known), false)?);
        }
    }
    for path in &args.correct {
        sets.extend(sets_of(path, None, true)?);
    }
    let mut interrupted = false;
    if let (Some(config), Some(known)) = (&args.config, &args.known) {
        interrupted = !try_judge(args, global, config, known).await?;
        if !interrupted {
            sets.extend(sets_of(known, None, false)?);
        }
    }
    if interrupted {
        output::note("interrupted; the same command goes on");
        return Ok(exit::INTERRUPTED);
    }
    let bootstrap = Bootstrap {
        seed: args.seed,
        ..Bootstrap::default()
    };
    let found = card(&sets, args.assume_sensitivity, bootstrap);
    let uncorrected = sets.iter().any(|set| set.correct) && found.corrected.is_empty();
    if uncorrected {
        return Err(exit::user(
            "--correct needs what the same judge said about known answers: wrong ones (--known-wrong), and right ones \
             (--known-right) or a share of them that is assumed to be accepted (--assume-sensitivity)",
        ));
    }
    output::formatted(args.format, &found, |style| {
        table::judge_card(&found, style)
    })?;
    let out = args
        .out
        .clone()
        .or_else(|| Some(args.known.as_ref()?.join("judge-card.json")));
    if let Some(out) = out {
        write(&found, &out)?;
        output::note(&format!(
            "written to {} and {}",
            out.display(),
            out.with_extension("md").display()
        ));
    }
    let errors: usize = found.known.iter().map(|rate| rate.errors).sum();
    Ok(if errors > 0 && args.config.is_some() {
        exit::FAILURES
    } else {
        exit::DONE
    })
}

fn write(card: &CardReport, out: &Path) -> anyhow::Result<()> {
    let text = serde_json::to_string_pretty(card)? + "\n";
    let markdown = out.with_extension("md");
    std::fs::write(out, text).with_context(|| out.display().to_string())?;
    std::fs::write(&markdown, table::judge_card(card, Style::Markdown))
        .with_context(|| markdown.display().to_string())
}

/// The labels of a run by variant. What is known about the answers stands in the manifest of a run of known answers;
/// of others the caller says it.
fn sets_of(path: &Path, known: Option<Role>, correct: bool) -> anyhow::Result<Vec<CardSet>> {
    let dir = RunDir::open(path)?;
    let manifest = dir.manifest()?;
    let mut labels = label_sets(&dir)?;
    if labels.is_empty() {
        return Err(exit::user(format!(
            "{}: no answer of categories 1 to 4 has a label; judge it with: memgauge judge {}",
            path.display(),
            path.display()
        )));
    }
    let mut sets = Vec::new();
    for variant in &manifest.variants {
        let (of, rest) = labels
            .into_iter()
            .partition(|set| set.variant == variant.name);
        labels = rest;
        let run = if manifest.variants.len() == 1 {
            manifest.name.clone()
        } else {
            format!("{}/{}", manifest.name, variant.name)
        };
        sets.push(CardSet {
            run,
            role: known.clone().unwrap_or_else(|| role(variant)),
            correct,
            judges: of,
        });
    }
    Ok(sets)
}

/// Makes the known answers and has every prompt judge them; whether it came to its end.
async fn try_judge(
    args: &JudgeCardArgs,
    global: &Global,
    config: &Path,
    known: &Path,
) -> anyhow::Result<bool> {
    let dataset = places::dataset(&args.dataset)?;
    let options = KnownOptions {
        per_kind: args.per_kind,
        seed: args.seed,
        argv: argv(),
        started: jiff::Timestamp::now().to_string(),
    };
    let dir = known_run(known, &dataset, &options).map_err(|error| match error {
        RunDirError::Exists { path } => exit::user(format!(
            "{}: exists already, and does not hold these known answers (another dataset, --per-kind or --seed?); name \
             another directory with --known",
            path.display()
        )),
        error => error.into(),
    })?;
    let prompts: Vec<Option<&String>> = if args.prompt.is_empty() {
        vec![None]
    } else {
        args.prompt.iter().map(Some).collect()
    };
    let exchange = traffic::exchange(&args.traffic, false, None)?;
    let stop = Stop::default();
    tokio::spawn(listen(Signals::new()?, stop.clone()));
    for prompt in prompts {
        let file = judge_of(args, config, prompt)?;
        let progress = Arc::new(Progress::new(global.quiet));
        let options = JudgeOptions {
            name: super::judge::file_name(&file),
            errata: None,
            jobs: args.jobs,
            sample: None,
            limits: Limits::default(),
            supplies: Supplies {
                exchange: Arc::clone(&exchange),
                ..places::supplies()
            },
        };
        let observer: Arc<Progress> = Arc::clone(&progress);
        let end = judge_again(&dir, &file, options, observer, stop.clone()).await;
        progress.finish();
        if matches!(end.context("judge")?, JudgeEnd::Interrupted) {
            return Ok(false);
        }
    }
    if !global.quiet
        && let Some(line) = traffic::line(&exchange.report())
    {
        output::note(&line);
    }
    Ok(true)
}

/// The config with the judge that is asked for.
fn judge_of(
    args: &JudgeCardArgs,
    config: &Path,
    prompt: Option<&String>,
) -> anyhow::Result<ConfigFile> {
    let mut overrides = args.set.clone();
    if ConfigFile::load(config, &overrides)?.config.judge.kind() == "none" {
        overrides.insert(0, r#"judge={kind = "llm"}"#.to_owned());
    }
    if let Some(prompt) = prompt {
        overrides.push(format!("judge.prompt={prompt:?}"));
    }
    if let Some(runs) = args.runs {
        overrides.push(format!("judge.runs={runs}"));
    }
    Ok(ConfigFile::load(config, &overrides)?)
}
