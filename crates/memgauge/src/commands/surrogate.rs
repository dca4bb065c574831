//! `memgauge surrogate`

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use memgauge_core::Embedder as _;
use memgauge_model::Static;
use memgauge_report::powered::PoweredVariant;
use memgauge_report::statistics::{Bootstrap, Power};
use memgauge_report::surrogate::{
    ALPHA, Design, HeldOut, HeldOutMeans, SurrogateReport, held_out, labelled, leave_one_out, score,
};
use memgauge_report::table::{self};
use memgauge_report::{RunDir, powered};
use serde::Serialize;

use crate::cli::Format;
use crate::surrogate_model::{embedder, model};
use crate::{exit, output};

/// Resamples behind every interval of J~.
const RESAMPLES: usize = 10_000;

#[derive(Debug, Args)]
pub(crate) struct SurrogateArgs {
    #[command(subcommand)]
    command: SurrogateCommand,
}

#[derive(Debug, Subcommand)]
enum SurrogateCommand {
    /// Estimate J of a run without a judge: writes surrogate.jsonl and surrogate.json into it.
    #[command(after_help = "Example:\n  memgauge surrogate score reports/runs/RUN")]
    Score(ScoreArgs),
    /// An unbiased J from labels of a random sample and estimates of all answers, with its interval.
    #[command(
        after_help = "Examples:\n  memgauge judge reports/runs/RUN --sample 200 --seed 1\n  memgauge surrogate powered reports/runs/RUN --judge lenient"
    )]
    Powered(PoweredArgs),
    /// How the estimate does on labelled runs that it was not fitted on.
    #[command(
        after_help = "Example:\n  memgauge surrogate evaluate MEMOBASE FULL_CONTEXT REASONING --apart VAGUE"
    )]
    Evaluate(EvaluateArgs),
    /// Fit a model on labelled runs.
    #[command(
        after_help = "Example:\n  memgauge surrogate fit MEMOBASE FULL_CONTEXT REASONING -o surrogate.json"
    )]
    Fit(FitArgs),
}

#[derive(Debug, Args)]
struct ScoreArgs {
    /// Run directories.
    #[arg(required = true)]
    dirs: Vec<PathBuf>,
    /// A model of your own instead of the one that comes with memgauge.
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// How the results are written to standard output.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Debug, Args)]
struct PoweredArgs {
    /// A run directory.
    dir: PathBuf,
    /// Labels of `judgements-NAME.jsonl`, instead of those of the run's own judge.
    #[arg(long, value_name = "NAME")]
    judge: Option<String>,
    /// Use the labels of this many questions alone, drawn at random: shows what a sample would have said.
    #[arg(long, value_name = "M")]
    sample: Option<usize>,
    /// Seed of the sample and of the resampling.
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
    /// Let the labels decide how much the estimates count (PPI++): shorter, unbiased only for large samples.
    #[arg(long)]
    tuned: bool,
    /// A model of your own instead of the one that comes with memgauge.
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// How the results are written to standard output.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Debug, Args)]
struct EvaluateArgs {
    /// Run directories with stored labels: each is estimated by a model fitted on the others.
    #[arg(required = true)]
    dirs: Vec<PathBuf>,
    /// A run that no model is fitted on; estimated by the one fitted on all others. May be repeated.
    #[arg(long, value_name = "DIR")]
    apart: Vec<PathBuf>,
    /// Systems with fewer labelled answers stand apart too.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    least: usize,
    /// Leave out the conversation of the answer as well: what to expect on conversations that are new.
    #[arg(long)]
    new_conversations: bool,
    /// Strength of the L2 penalty.
    #[arg(long, value_name = "A", default_value_t = ALPHA)]
    alpha: f64,
    /// How the results are written to standard output.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Debug, Args)]
struct FitArgs {
    /// Run directories with stored labels.
    #[arg(required = true)]
    dirs: Vec<PathBuf>,
    /// The file to write.
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
    /// Strength of the L2 penalty.
    #[arg(long, value_name = "A", default_value_t = ALPHA)]
    alpha: f64,
}

pub(crate) fn run(args: &SurrogateArgs) -> anyhow::Result<u8> {
    match &args.command {
        SurrogateCommand::Score(args) => estimate(args),
        SurrogateCommand::Powered(args) => powered_score(args),
        SurrogateCommand::Evaluate(args) => evaluate(args),
        SurrogateCommand::Fit(args) => fit(args),
    }
}

/// The labelled systems of all directories.
fn designs(dirs: &[PathBuf], embedder: &Static) -> anyhow::Result<Vec<Design>> {
    let mut found = Vec::new();
    for path in dirs {
        let systems = labelled(&RunDir::open(path)?)?;
        if systems.is_empty() {
            return Err(exit::user(format!(
                "{}: no answer of categories 1 to 4 has a stored label; judge it with: memgauge judge, or import a \
                 file with labels",
                path.display()
            )));
        }
        found.extend(
            systems
                .iter()
                .map(|system| Design::new(system, &|text| embedder.embed_text(text))),
        );
    }
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    for design in &found {
        *names.entry(design.source.digest.clone()).or_default() += 1;
    }
    match found
        .iter()
        .find(|design| names.get(&design.source.digest).is_some_and(|n| *n > 1))
    {
        Some(twice) => Err(exit::user(format!(
            "{}: the same labelled answers are given twice",
            twice.source.name
        ))),
        None => Ok(found),
    }
}

fn estimate(args: &ScoreArgs) -> anyhow::Result<u8> {
    let embedder = embedder();
    let model = model(args.model.as_deref(), &embedder)?;
    let mut reports: Vec<SurrogateReport> = Vec::new();
    for path in &args.dirs {
        let dir = RunDir::open(path)?;
        let embed = |text: &str| embedder.embed_text(text);
        reports.push(score(&dir, &model, &embed, RESAMPLES)?);
    }
    output::formatted(args.format, &reports, |style| {
        let all = reports.iter().map(|report| table::estimated(report, style));
        all.collect::<Vec<_>>().join("\n")
    })?;
    Ok(exit::DONE)
}

fn powered_score(args: &PoweredArgs) -> anyhow::Result<u8> {
    let embedder = embedder();
    let model = model(args.model.as_deref(), &embedder)?;
    let dir = RunDir::open(&args.dir)?;
    let file = args
        .judge
        .as_ref()
        .map(|name| format!("judgements-{name}.jsonl"));
    if let Some(file) = &file
        && !dir.file(file).is_file()
    {
        return Err(exit::user(format!(
            "{}: there is no {file}; make it with: memgauge judge {} --sample M --seed S",
            dir.path().display(),
            output::word(dir.path()),
        )));
    }
    let options = powered::PoweredOptions {
        labels: file.as_deref(),
        sample: args.sample.map(|size| (size, args.seed)),
        power: if args.tuned { Power::Tuned } else { Power::One },
        bootstrap: Bootstrap {
            resamples: RESAMPLES,
            seed: args.seed,
            ..Bootstrap::default()
        },
    };
    let embed = |text: &str| embedder.embed_text(text);
    let found = powered::powered(&dir, &model, &embed, &options)?;
    if found.iter().all(|variant| variant.score.is_none()) {
        return Err(exit::user(format!(
            "{}: fewer than two answers have a label{}",
            dir.path().display(),
            file.map_or_else(String::new, |file| format!(" in {file}")),
        )));
    }
    let report = PoweredReport {
        held_out: model.held_out_means(),
        variants: found,
    };
    output::formatted(args.format, &report, |style| {
        table::powered(&report.variants, report.held_out, style)
    })?;
    Ok(exit::DONE)
}

/// What `powered` found.
#[derive(Debug, Serialize)]
struct PoweredReport {
    /// What J~ reaches on labels that it has not seen; null where that is not known.
    held_out: Option<HeldOutMeans>,
    /// By variant.
    variants: Vec<PoweredVariant>,
}

/// What `evaluate` found.
#[derive(Debug, Serialize)]
struct Evaluation {
    /// Estimated by models fitted on the others.
    held_out: Vec<HeldOut>,
    /// Estimated by the model fitted on all of those.
    apart: Vec<HeldOut>,
}

fn evaluate(args: &EvaluateArgs) -> anyhow::Result<u8> {
    let embedder = embedder();
    let (inside, small): (Vec<Design>, Vec<Design>) = designs(&args.dirs, &embedder)?
        .into_iter()
        .partition(|design| design.rows.len() >= args.least);
    let apart = designs(&args.apart, &embedder)?;
    if inside.len() < 2 {
        return Err(exit::user(format!(
            "leaving one out needs two systems of at least {} labelled answers, and there are {}; see --least",
            args.least,
            inside.len()
        )));
    }
    let user = |error: memgauge_report::surrogate::SurrogateError| exit::user(error.to_string());
    let left_out =
        leave_one_out(&inside, embedder.id(), args.alpha, args.new_conversations).map_err(user)?;
    let whole: Vec<&Design> = inside.iter().collect();
    let whole = memgauge_report::surrogate::fit(&whole, embedder.id(), args.alpha).map_err(user)?;
    let found = Evaluation {
        held_out: left_out,
        apart: small
            .iter()
            .chain(&apart)
            .filter_map(|design| held_out(&whole, design))
            .collect(),
    };
    output::formatted(args.format, &found, |style| {
        table::evaluated(&found.held_out, &found.apart, style)
    })?;
    Ok(exit::DONE)
}

fn fit(args: &FitArgs) -> anyhow::Result<u8> {
    let embedder = embedder();
    let designs = designs(&args.dirs, &embedder)?;
    let user = |error: memgauge_report::surrogate::SurrogateError| exit::user(error.to_string());
    let whole: Vec<&Design> = designs.iter().collect();
    let mut model =
        memgauge_report::surrogate::fit(&whole, embedder.id(), args.alpha).map_err(user)?;
    if designs.len() > 1 {
        model.held_out = leave_one_out(&designs, embedder.id(), args.alpha, false).map_err(user)?;
    }
    let mut text = serde_json::to_string_pretty(&model)?;
    text.push('\n');
    std::fs::write(&args.out, text).with_context(|| args.out.display().to_string())?;
    for source in &model.fitted_on {
        output::result(&format!(
            "{}: {} labelled answers, {} right",
            source.name, source.n, source.right
        ))?;
    }
    output::note(&format!("written to {}", args.out.display()));
    Ok(exit::DONE)
}
