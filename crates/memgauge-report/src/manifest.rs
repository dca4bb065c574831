//! `manifest.json`: everything that went into a run. Clock time and machine stand only here.

use std::collections::{BTreeMap, BTreeSet};

use memgauge_core::ConversationId;
use memgauge_dataset::Dataset;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::import::Imported;

/// What a run was made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the files (see [`crate::record::SCHEMA_VERSION`]).
    pub schema_version: u32,
    /// Name of the experiment.
    pub name: String,
    /// BLAKE3 of the resolved config, dataset and tool version: runs of equal digest are the same
    /// experiment.
    pub digest: String,
    /// The config with every default filled in.
    pub config: Value,
    /// The dataset.
    pub dataset: DatasetManifest,
    /// Variants in the order of the config.
    pub variants: Vec<VariantManifest>,
    /// Models by name: what shaped their output.
    pub models: BTreeMap<String, String>,
    /// Where replies of models came from; null in runs of a memgauge that did not say.
    #[serde(default)]
    pub traffic: Option<TrafficManifest>,
    /// Models as the providers name them, by name: what was asked for and what answered can differ.
    /// Known once the run is finished; empty before, and for what computes in this process.
    #[serde(default)]
    pub served_by: BTreeMap<String, BTreeSet<String>>,
    /// Requests that were under way when a process of the run was killed, and were sent again: they may have been
    /// paid for twice. Known once the run is finished.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub resent: u64,
    /// Name and version that systems from outside give themselves, by variant; known once they were
    /// started.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub systems: BTreeMap<String, BTreeSet<String>>,
    /// Folder from which relative paths of the config start, for `--resume`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// Day on which the price table behind every `dollars` was true; null where none was used.
    #[serde(default)]
    pub prices_date: Option<String>,
    /// Prompts by name: BLAKE3 of the text.
    #[serde(default)]
    pub prompts: BTreeMap<String, String>,
    /// Folder of the user's own prompts, for `--resume`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompts_path: Option<String>,
    /// The questions were narrowed (by `--limit` and the like): not a full run.
    pub partial: bool,
    /// Seed of the resampling behind every interval.
    pub seed: u64,
    /// Version of memgauge.
    pub tool: String,
    /// Revision of memgauge's source; null where unknown.
    pub revision: Option<String>,
    /// Command line, secrets redacted.
    pub argv: Vec<String>,
    /// When the run started, in UTC (RFC 3339).
    pub started: String,
    /// The machine.
    pub machine: Machine,
    /// Conversations ingested and questions answered at a time.
    pub jobs: usize,
    /// How often stages were done again; null in runs of a memgauge that did not.
    #[serde(default)]
    pub repeats: Option<RepeatsManifest>,
    /// The part of the experiment that this is; null for all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<ShardManifest>,
    /// The parts that this was joined from; empty for a run of one piece.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub merged: Vec<MergedShard>,
    /// The result files of another tool that this was made of; null for a run of memgauge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported: Option<Imported>,
}

impl Manifest {
    /// Answers to each question for each memory: what `repeat` of a record is numbered by.
    pub fn answers(&self) -> u32 {
        self.repeats.map_or(1, |repeats| repeats.answer).max(1)
    }
}

fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// How often stages were done again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepeatsManifest {
    /// Memories of each conversation.
    pub ingest: u32,
    /// Answers to each question, for each memory.
    pub answer: u32,
}

/// A part of an experiment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardManifest {
    /// Which part, from 1.
    pub index: u32,
    /// How many there are.
    pub of: u32,
}

/// A part that a run was joined from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergedShard {
    /// Which part, from 1.
    pub index: u32,
    /// Name of its run directory.
    pub directory: String,
    /// When it started, in UTC (RFC 3339).
    pub started: String,
    /// Where it ran.
    pub machine: Machine,
    /// Its command line, secrets redacted.
    pub argv: Vec<String>,
}

/// The dataset of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetManifest {
    /// Name, such as `locomo`.
    pub name: String,
    /// Name of the file.
    pub file: String,
    /// Where the file was, for `--resume`.
    pub path: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// Fingerprint of its content, equal for re-encoded copies.
    pub content: String,
    /// Conversations in the run.
    pub conversations: usize,
    /// Questions in the run.
    pub questions: usize,
    /// Its conversations, in its order; empty in runs of a memgauge that did not say.
    #[serde(default)]
    pub order: Vec<ConversationId>,
}

impl DatasetManifest {
    /// What is written down about a dataset of which a run has so many conversations and questions.
    pub fn new(dataset: &Dataset, conversations: usize, questions: usize) -> Self {
        let path = std::path::absolute(&dataset.path).unwrap_or_else(|_| dataset.path.clone());
        let file = dataset.path.file_name();
        Self {
            name: dataset.name.clone(),
            file: file.map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
            path: path.display().to_string(),
            sha256: dataset.fingerprint.sha256.clone(),
            content: dataset.fingerprint.content.clone(),
            conversations,
            questions,
            order: dataset
                .conversations
                .iter()
                .map(|entry| entry.conversation.head.id.clone())
                .collect(),
        }
    }
}

/// Where replies of models came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrafficManifest {
    /// `live`, `cached`, `record` or `replay`.
    pub mode: String,
    /// The cassette that was replayed, or that was recorded outside of the run directory.
    pub cassette: Option<String>,
    /// BLAKE3 of the cassette that was replayed.
    pub digest: Option<String>,
}

/// One variant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VariantManifest {
    /// Name.
    pub name: String,
    /// Kind of its system.
    pub system: String,
    /// Kind of its answerer.
    pub answerer: String,
    /// Kind of its judge.
    pub judge: String,
    /// Whether it is a control that knows the key.
    pub control: bool,
    /// Digest of its resolved config.
    pub digest: String,
    /// The variant under whose name its ingestion was done and is written down; null = its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ingested_as: Option<String>,
    /// Digest of what shapes the memory that its ingestion leaves: variants of equal digest share one. Empty in runs of
    /// a memgauge that did not say.
    #[serde(default)]
    pub upstream: String,
    /// The sweep that it comes from; null for variants that were written out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cell: Option<CellManifest>,
}

/// Where a cell of a sweep comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CellManifest {
    /// The variant that it was made of.
    pub base: String,
    /// Dotted path of what differs -> value, as it stands in the name.
    pub settings: BTreeMap<String, String>,
}

impl VariantManifest {
    /// The name under which its ingestion stands in the files.
    pub fn ingestion(&self) -> &str {
        self.ingested_as.as_deref().unwrap_or(&self.name)
    }
}

/// Where the run was measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// Operating system and architecture.
    pub platform: String,
    /// Model of the processor; null where unknown.
    pub cpu: Option<String>,
    /// Processors available to the process.
    pub cores: usize,
    /// Main memory in MiB; null where unknown.
    pub memory_mib: Option<u64>,
    /// `release` or `debug`.
    pub build: String,
}
