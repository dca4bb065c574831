//! `memgauge doctor`

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use memgauge_core::{Traffic, Usage};
use memgauge_experiment::{Checkup, ConfigFile, check_up};
use memgauge_model::Probe;
use memgauge_report::table::{Style, Table};
use serde_json::{Value, json};

use crate::cli::Format;
use crate::{exit, output, places};

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// The experiment.
    pub(crate) file: PathBuf,
    /// Change a key of the config.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub(crate) set: Vec<String>,
    /// How the findings are written.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

pub(crate) async fn run(args: &DoctorArgs) -> anyhow::Result<u8> {
    let file = ConfigFile::load(&args.file, &args.set)?;
    let (found, problems) = check_up(&file, places::supplies()).await?;
    let is_well = problems.is_empty() && found.iter().all(|model| model.problem.is_none());
    if args.format == Format::Json {
        let models: Vec<Value> = found.iter().map(as_json).collect();
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        output::json(&json!({ "well": is_well, "models": models, "problems": problems }))?;
    } else {
        let style = args.format.style().unwrap_or(Style::Text);
        let mut text = table(&found).render(style);
        for model in &found {
            if let Some(problem) = &model.problem {
                let _ = writeln!(text, "\n{}: {problem}", model.name);
            }
            if let Some(Probe {
                structured: Some(Err(reason)),
                ..
            }) = &model.probe
            {
                let _ = writeln!(text, "\n{}: structured output: {reason}", model.name);
            }
        }
        for problem in &problems {
            let _ = writeln!(text, "\n{problem}");
        }
        if is_well {
            text.push_str("\nevery model can be used\n");
        }
        output::result(&text)?;
    }
    Ok(if is_well { exit::DONE } else { exit::INTERNAL })
}

fn table(found: &[Checkup]) -> Table {
    let mut table = Table::new(&[
        "model",
        "kind",
        "served by",
        "ms",
        "JSON",
        "vector",
        "tokens",
        "price",
        "state",
    ]);
    let dash = || "–".to_owned();
    for model in found {
        let probe = model.probe.clone().unwrap_or_default();
        let vector = probe.dimensions.zip(probe.norm);
        table.rows.push(vec![
            model.name.clone(),
            model.kind.to_owned(),
            served_by(&probe),
            probe
                .latency
                .map_or_else(dash, |time| format!("{:.1}", time.as_secs_f64() * 1e3)),
            match &probe.structured {
                None => dash(),
                Some(Ok(())) => "yes".to_owned(),
                Some(Err(_)) => "no".to_owned(),
            },
            vector.map_or_else(dash, |(length, norm)| format!("{length}, norm {norm:.3}")),
            probe
                .usage
                .as_ref()
                .map_or_else(dash, |usage| tokens(usage).to_owned()),
            price(&probe).to_owned(),
            match (&model.problem, &model.missing_secret) {
                (None, _) => "well".to_owned(),
                (Some(_), Some(variable)) => format!("needs {variable}"),
                (Some(_), None) => "fails".to_owned(),
            },
        ]);
    }
    table
}

fn served_by(probe: &Probe) -> String {
    match (&probe.served_by, probe.traffic) {
        (Some(name), _) => name.clone(),
        (None, None) if probe.latency.is_some() => "here".to_owned(),
        _ => "–".to_owned(),
    }
}

/// Where the numbers of tokens come from.
fn tokens(usage: &Usage) -> &'static str {
    match (usage.counted, usage.input) {
        (true, _) => "counted",
        (false, Some(_)) => "reported",
        (false, None) => "unknown",
    }
}

fn price(probe: &Probe) -> &'static str {
    match (probe.traffic, probe.usage.and_then(|usage| usage.dollars)) {
        (None, _) if probe.latency.is_none() => "–",
        (None | Some(Traffic::Fake), _) => "free",
        (Some(_), Some(_)) => "known",
        (Some(_), None) => "unknown",
    }
}

fn as_json(model: &Checkup) -> Value {
    let probe = model.probe.as_ref();
    let structured = probe.and_then(|probe| probe.structured.as_ref());
    let usage = probe.and_then(|probe| probe.usage.as_ref());
    json!({
        "name": model.name,
        "kind": model.kind,
        "id": model.id,
        "well": model.problem.is_none(),
        "problem": model.problem,
        "missing_secret": model.missing_secret,
        "traffic": probe.and_then(|probe| probe.traffic),
        "served_by": probe.and_then(|probe| probe.served_by.clone()),
        "ms": probe.and_then(|probe| probe.latency).map(|time| time.as_secs_f64() * 1e3),
        "structured": structured.map(Result::is_ok),
        "structured_problem": structured.and_then(|result| result.as_ref().err()),
        "dimensions": probe.and_then(|probe| probe.dimensions),
        "norm": probe.and_then(|probe| probe.norm),
        "tokens": usage.map(tokens),
        "dollars": usage.and_then(|usage| usage.dollars),
    })
}
