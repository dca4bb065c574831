//! `memgauge plan`

mod text;

use std::path::{Path, PathBuf};

use clap::Args;
use memgauge_core::CategoryNames;
use memgauge_dataset::Dataset;
use memgauge_experiment::estimate::{Estimate, EstimateOptions, Shelf, estimate};
use memgauge_experiment::{ConfigFile, Plan, Shard};
use memgauge_model::{Cassette, TrafficMode};
use serde_json::{Value, json};

use crate::cli::{ConfigOptions, Format, TrafficOptions};
use crate::view::NamesOption;
use crate::{exit, output, places, traffic};

/// Version of the JSON.
const SCHEMA_VERSION: u32 = 2;

#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    /// The experiment.
    file: PathBuf,
    #[command(flatten)]
    config: ConfigOptions,
    /// Show only part K of N.
    #[arg(long, value_name = "K/N")]
    shard: Option<Shard>,
    #[command(flatten)]
    traffic: TrafficOptions,
    /// Conversations ingested and questions answered at a time.
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// Folder with earlier runs: what their own work took is taken from there.
    #[arg(long, value_name = "DIR", default_value = "reports/runs")]
    runs: PathBuf,
    #[command(flatten)]
    naming: NamesOption,
    /// How the plan is written.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

/// What is printed.
struct Planned<'a> {
    names: CategoryNames,
    file: &'a ConfigFile,
    dataset: &'a Dataset,
    plan: &'a Plan,
    estimate: &'a Estimate,
}

pub(crate) async fn run(args: &PlanArgs) -> anyhow::Result<u8> {
    let file = ConfigFile::load_whole(&args.file, &args.config.choices(), places::supplies())?;
    let dataset = places::dataset_of(&file, args.config.dataset.clone())?;
    let plan = Plan::new(&file, &dataset)?.with_shard(args.shard);
    let options = EstimateOptions {
        shelf: shelf(&args.traffic)?,
        runs: Some(args.runs.clone()),
        jobs: args.jobs,
    };
    let estimate = estimate(&file, &dataset, &plan, places::supplies(), options).await?;
    let planned = Planned {
        names: args.naming.names,
        file: &file,
        dataset: &dataset,
        plan: &plan,
        estimate: &estimate,
    };
    match args.format.style() {
        Some(style) => output::result(&planned.text(style)?)?,
        None => output::json(&planned.json()?)?,
    }
    Ok(exit::DONE)
}

/// Where the run would find replies. Nothing is made.
fn shelf(options: &TrafficOptions) -> anyhow::Result<Shelf> {
    let mode = traffic::asked(options)?.unwrap_or_default();
    let wrong = |error: memgauge_model::TrafficError| exit::user(error.to_string());
    Ok(match mode {
        TrafficMode::Live => Shelf::Nothing,
        TrafficMode::Record => Shelf::Recording,
        TrafficMode::Cached => match traffic::cache_folder(options.cache.as_deref()) {
            Ok(folder) => Shelf::cache(&folder).map_err(wrong)?,
            Err(error) if options.traffic.is_some() => return Err(error),
            Err(_) => Shelf::Nothing,
        },
        TrafficMode::Replay => {
            let cassette: Option<&Path> = options.cassette.as_deref();
            let cassette =
                cassette.ok_or_else(|| exit::user("--traffic replay needs --cassette FILE"))?;
            Shelf::Cassette(Cassette::read(cassette).map_err(wrong)?)
        }
    })
}

impl Planned<'_> {
    fn json(&self) -> anyhow::Result<Value> {
        let Self {
            file,
            dataset,
            plan,
            estimate,
            ..
        } = self;
        let owners = plan.owners();
        let name = |index: usize| plan.variants.get(index).map(|variant| &variant.name);
        let variants = plan.variants.iter().zip(&estimate.variants).enumerate();
        let variants: Vec<Value> = variants
            .map(|(index, (variant, told))| {
                json!({
                    "name": variant.name,
                    "system": variant.kind(),
                    "answerer": variant.answerer.kind(),
                    "control": variant.is_control(),
                    "questions": plan.questions_of(index),
                    "digest": variant.digest,
                    "upstream": variant.upstream,
                    "ingested_as": owners.get(index).and_then(|owner| name(*owner)),
                    "calls": told.calls,
                    "chats": told.chats,
                })
            })
            .collect();
        let mut all = json!({
            "schema_version": SCHEMA_VERSION,
            "name": file.config.name,
            "digest": plan.digest,
            "dataset": dataset.name,
            "partial": plan.partial,
            "shard": plan.shard.map(|shard| shard.to_string()),
            "conversations": plan.conversations.iter().map(|planned| json!({
                "id": planned.id,
                "sessions": planned.sessions,
                "turns": planned.turns,
                "questions": planned.items.len(),
            })).collect::<Vec<_>>(),
            "questions": plan.questions(),
            "prices_date": memgauge_model::prices_date(),
        });
        let mut told = serde_json::to_value(estimate)?;
        if let (Some(all), Some(told)) = (all.as_object_mut(), told.as_object_mut()) {
            all.append(told);
            all.insert("variants".to_owned(), Value::Array(variants));
        }
        Ok(all)
    }
}
