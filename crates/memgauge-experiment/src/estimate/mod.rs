//! What a run would ask of its models, what that would cost, how long it would take and what it could show: told
//! before the first call.
//!
//! Requests are made by the run's own components (`drive`), with replies that are kept or assumed (`dry`,
//! `assumed`); bounds follow from what is known and what is not (`bill`).

mod assumed;
mod bill;
mod drive;
mod dry;
mod measured;
mod power;
mod shelf;
mod span;

use std::path::PathBuf;
use std::sync::Arc;

use memgauge_dataset::Dataset;
use serde::Serialize;

pub use bill::{StepEstimate, Total, VariantEstimate};
pub(crate) use dry::DryRun;
pub use power::PowerEstimate;
pub use shelf::Shelf;
pub use span::Span;

use crate::assemble::{Assembly, Supplies};
use crate::config::ConfigFile;
use crate::error::ExperimentError;
use crate::plan::Plan;
use drive::Driver;

/// A part of the work that asks models.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Turns to facts.
    Extract,
    /// Rolling summaries.
    Summary,
    /// Entities, relations and conflicts of a graph; entities of questions.
    Graph,
    /// Facts to operations.
    Update,
    /// Vectors of what is remembered or compared with it.
    Index,
    /// Vectors of questions.
    Search,
    /// Contexts to answers.
    Answer,
    /// Answers to labels.
    Judge,
}

impl Step {
    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Extract => "extract",
            Self::Summary => "summary",
            Self::Graph => "graph",
            Self::Update => "update",
            Self::Index => "index (vectors)",
            Self::Search => "search (vectors)",
            Self::Answer => "answer",
            Self::Judge => "judge",
        }
    }
}

/// What an estimate is made with, beside config and dataset.
pub struct EstimateOptions {
    /// Where replies would be found.
    pub shelf: Shelf,
    /// Folder with run directories: what was measured there is used.
    pub runs: Option<PathBuf>,
    /// Overrides the config's `jobs`.
    pub jobs: Option<usize>,
}

/// What a run would come to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Estimate {
    /// Variants x repeats x conversations.
    pub cells: usize,
    /// Conversations that are ingested, work shared.
    pub ingestions: usize,
    /// Sessions in them.
    pub sessions: usize,
    /// Records that are made.
    pub records: usize,
    /// Requests by variant and step.
    pub variants: Vec<VariantEstimate>,
    /// Requests by step and model.
    pub steps: Vec<StepEstimate>,
    /// All steps together.
    pub total: Total,
    /// Controls that ask a model behind an API.
    pub paid_controls: Vec<String>,
    /// What the numbers could show.
    pub power: PowerEstimate,
    /// What could not be looked at, and why.
    pub gaps: Vec<String>,
    /// Memories that were looked at and memories of the plan, where these are not the same.
    pub sampled: Option<(usize, usize)>,
    /// What was taken for granted.
    pub assumptions: Vec<String>,
    /// Where rates come from.
    pub rates: Vec<String>,
}

/// Estimates `plan`. No model is asked; nothing is left behind.
///
/// # Errors
/// When a part cannot be built, a store cannot be made, or what is kept cannot be read.
pub async fn estimate(
    file: &ConfigFile,
    dataset: &Dataset,
    plan: &Plan,
    supplies: Supplies,
    options: EstimateOptions,
) -> Result<Estimate, ExperimentError> {
    let scratch = tempfile::tempdir().map_err(|source| ExperimentError::Read {
        path: std::env::temp_dir(),
        source,
    })?;
    let dry = DryRun::new(options.shelf);
    let supplies = Supplies {
        prompts: file.prompts_path().or(supplies.prompts),
        base: file.base(),
        ..supplies
    };
    let assembly = Assembly::dry(&file.config.models, supplies, Arc::clone(&dry));
    let mut driver = Driver {
        file,
        dataset,
        plan,
        assembly: &assembly,
        dry: &dry,
        scratch: scratch.path(),
        gaps: Vec::new(),
        sampled: None,
    };
    driver.drive().await?;
    let (gaps, sampled) = (std::mem::take(&mut driver.gaps), driver.sampled);
    let bill = bill::Bill {
        file,
        dataset,
        plan,
        assembly: &assembly,
        dry: &dry,
        jobs: options.jobs,
        measured: measured::read(options.runs.as_deref()),
    };
    bill.estimate(gaps, sampled)
}
