//! The words that the two sides of a measurement are asked in: JSON, one line each.
//!
//! A process gets a [`SearchTask`] as a file, ingests, and writes [`Ready`]. Then it answers every [`Ask`] on its input
//! with [`Times`], until the input ends. So two programs that were built from different sources can be measured in turns.

use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};

use memgauge_core::QuestionId;
use memgauge_dataset::locomo;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::SearchRounds;
use crate::assemble::Supplies;
use crate::config::ConfigFile;
use crate::error::ExperimentError;
use crate::plan::Plan;

/// Version of these words.
pub const PROTOCOL: u32 = 1;

/// What is to be ingested.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SearchTask {
    /// [`PROTOCOL`].
    pub protocol: u32,
    /// The resolved config of a run.
    pub config: Value,
    /// Folder from which relative paths of the config start.
    pub base: Option<PathBuf>,
    /// Folder of the user's own prompts.
    pub prompts: Option<PathBuf>,
    /// The dataset's file.
    pub dataset: PathBuf,
    /// The variants that are searched.
    pub variants: Vec<String>,
}

/// All is ingested.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ready {
    /// [`PROTOCOL`].
    pub protocol: u32,
    /// Variant -> the questions of its blocks.
    pub blocks: BTreeMap<String, Vec<Vec<QuestionId>>>,
    /// Variant -> why its searches are not measured.
    pub refused: BTreeMap<String, String>,
}

/// Search for every question of this block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// The variant.
    pub variant: String,
    /// The block, from 0.
    pub block: usize,
}

/// What that took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Times {
    /// Own time of every question in milliseconds, in their order; null where the search failed.
    pub ms: Vec<Option<f64>>,
}

/// Takes the part of one side, until `input` ends. `task` is the file of a [`SearchTask`].
///
/// # Errors
/// When the task makes no sense here, a component fails, or nobody reads `output`.
pub async fn serve(
    task: &Path,
    supplies: Supplies,
    input: impl BufRead,
    mut output: impl Write,
) -> Result<(), ExperimentError> {
    let read = |source| ExperimentError::Read {
        path: task.to_owned(),
        source,
    };
    let text = std::fs::read_to_string(task).map_err(read)?;
    let wrong = |error: serde_json::Error| read(std::io::Error::other(error));
    let said: SearchTask = serde_json::from_str(&text).map_err(wrong)?;
    if said.protocol != PROTOCOL {
        let message = format!(
            "protocol {}, and this memgauge speaks {PROTOCOL}",
            said.protocol
        );
        return Err(read(std::io::Error::other(message)));
    }
    let mut file = ConfigFile::from_manifest(task, &said.config, &[])?;
    file.config.prompts = said.prompts;
    file.base = said.base;
    let dataset = locomo::load(&said.dataset)
        .map_err(|error| read(std::io::Error::other(error.to_string())))?;
    let plan = Plan::new(&file, &dataset)?;
    let rounds = SearchRounds::prepare(&file, &dataset, &plan, supplies, &said.variants).await?;
    let closed = |error: std::io::Error| ExperimentError::Stopped(error.to_string());
    let mut say = |value: Result<String, serde_json::Error>| {
        let line = value.map_err(std::io::Error::other)?;
        writeln!(output, "{line}")?;
        output.flush()
    };
    say(serde_json::to_string(&Ready {
        protocol: PROTOCOL,
        blocks: rounds.blocks(),
        refused: rounds.refused().clone(),
    }))
    .map_err(closed)?;
    for line in input.lines() {
        let asked: Ask = serde_json::from_str(&line.map_err(closed)?)
            .map_err(|error| closed(std::io::Error::other(error)))?;
        let ms = rounds.search(&asked.variant, asked.block).await;
        say(serde_json::to_string(&Times { ms })).map_err(closed)?;
    }
    Ok(())
}
