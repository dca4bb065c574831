//! `memgauge plot`

use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use memgauge_plot::{Drawing, Kind, Look, Options, PlotError, Results, draw, png, why_none};
use memgauge_report::arm::Selection;
use memgauge_report::{Manifest, RunDir};

use crate::cli::Global;
use crate::view::{self, NamesOption};
use crate::{exit, output};

const EXAMPLES: &str = "\
Examples:
  memgauge plot reports/runs/RUN
  memgauge plot reports/runs/RUN:mem0 reports/runs/RUN:mem0g IMPORTED --kind pareto,latency --png
  memgauge plot reports/runs/RUN --kind category --errata errors.json --names mem0-paper --out figures
  memgauge plot reports/runs/RUN --kind trend --history reports/history.jsonl

Prints the files that it wrote; why a kind has nothing to draw is told on standard error.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct PlotArgs {
    /// Run directories, own or imported, or one variant of them; a directory stands for all its variants but the
    /// controls. The reference of `ablation` is the base of a sweep where it is among them, otherwise the first arm.
    #[arg(required = true, value_name = "DIR[:VARIANT]")]
    arms: Vec<String>,
    /// What to draw [default: every kind that the runs have data for].
    #[arg(long, value_name = "KIND,..", value_delimiter = ',', value_parser = kinds())]
    kind: Vec<Kind>,
    /// Folder for the files; it is made as needed, and files of the same name are replaced.
    #[arg(long, value_name = "DIR", default_value = "plots")]
    out: PathBuf,
    /// Write a PNG beside every SVG.
    #[arg(long)]
    png: bool,
    /// The metric that stands for accuracy (default: j where every arm has labels, otherwise f1.locomo, otherwise
    /// evidence.recall@10).
    #[arg(long, value_name = "NAME")]
    metric: Option<String>,
    /// Labels of `memgauge judge --name NAME` instead of the runs' own.
    #[arg(long, value_name = "NAME")]
    judge: Option<String>,
    #[command(flatten)]
    naming: NamesOption,
    /// Known mistakes of the answer key (locomo-audit's errors.json, or memgauge's own format): ceilings by category,
    /// and losses under the corrected key.
    #[arg(long, value_name = "PATH")]
    errata: Option<PathBuf>,
    /// A history (memgauge history add): `trend` draws the metric of these variants run by run.
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
    /// Seed of the resampling [default: that of the first run].
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

fn kinds() -> impl TypedValueParser<Value = Kind> {
    PossibleValuesParser::new(Kind::ALL.map(Kind::name)).try_map(|name| name.parse::<Kind>())
}

pub(crate) fn run(args: &PlotArgs, global: &Global) -> anyhow::Result<u8> {
    let tell = |text: &str| {
        if !global.quiet {
            output::note(text);
        }
    };
    let selections: Vec<Selection> = args
        .arms
        .iter()
        .map(|text| Selection::parse(text))
        .collect::<Result<_, _>>()?;
    let errata = match &args.errata {
        Some(path) => {
            let manifests: Vec<Manifest> = selections
                .iter()
                .map(|selection| RunDir::open(&selection.dir)?.manifest())
                .collect::<Result<_, _>>()?;
            Some(view::overlay(path, &manifests, &[])?.0)
        }
        None => None,
    };
    let history = match &args.history {
        Some(path) => Some(super::history::read(path)?),
        None => None,
    };
    let options = Options {
        metric: args.metric.clone(),
        history,
        names: args.naming.names,
        errata,
        judge: args.judge.clone(),
        comparison: None,
        seed: args.seed,
    };
    let results = Results::read(&selections, &options).map_err(users)?;
    let wanted: &[Kind] = if args.kind.is_empty() {
        &Kind::ALL
    } else {
        &args.kind
    };
    let mut files = Vec::new();
    for kind in wanted {
        let drawings = draw(*kind, &results, Look::File).map_err(users)?;
        if drawings.is_empty()
            && let Some(why) = why_none(*kind, &results)
        {
            tell(&format!("{kind}: nothing to draw: {why}"));
        }
        for drawing in drawings {
            for note in &drawing.notes {
                tell(&format!("{}: {note}", drawing.name));
            }
            files.extend(write(&drawing, &args.out, args.png)?);
        }
    }
    if files.is_empty() {
        return Err(exit::user("nothing of what was asked for can be drawn"));
    }
    output::result(&files.join("\n"))?;
    Ok(exit::DONE)
}

/// Writes a drawing into a folder, which is made as needed, and returns the paths of its files.
fn write(drawing: &Drawing, out: &Path, with_png: bool) -> anyhow::Result<Vec<String>> {
    let refused = |path: &Path, error: std::io::Error| {
        exit::user(format!("--out {}: {error}", path.display()))
    };
    std::fs::create_dir_all(out).map_err(|error| refused(out, error))?;
    let path = out.join(format!("{}.svg", drawing.name));
    std::fs::write(&path, &drawing.svg).map_err(|error| refused(&path, error))?;
    let mut files = vec![path.display().to_string()];
    if with_png {
        let path = path.with_extension("png");
        png(drawing, &path).map_err(users)?;
        files.push(path.display().to_string());
    }
    Ok(files)
}

/// What the user can mend as such.
pub(super) fn users(error: PlotError) -> anyhow::Error {
    match error {
        PlotError::Selection(error) => error.into(),
        PlotError::Run(error) => error.into(),
        PlotError::Metric(message) => exit::user(message),
        PlotError::Compare(error) => exit::user(error.to_string()),
        error @ PlotError::Write { .. } => exit::user(error.to_string()),
        error => error.into(),
    }
}
