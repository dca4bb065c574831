//! `baseline.json`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::arm::ArmFacts;

/// Where a baseline comes from, and its means.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BaselineHead {
    /// Version of the files (see [`super::BASELINE_VERSION`]).
    pub schema_version: u32,
    /// Name of the baseline: that of its folder.
    pub name: String,
    /// The run behind it.
    pub run: Origin,
    /// The dataset.
    pub dataset: DatasetHead,
    /// Models by name: what shaped their output.
    pub models: BTreeMap<String, String>,
    /// Prompts by name: BLAKE3 of the text.
    pub prompts: BTreeMap<String, String>,
    /// Values of every question, in the order of the columns of the question files.
    pub columns: Vec<String>,
    /// Variants in the order of the run.
    pub variants: Vec<VariantHead>,
    /// Why it came to be as it is, oldest first.
    pub log: Vec<LogEntry>,
    /// The config with every default filled in.
    pub config: Value,
}

/// The run behind a baseline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Name of the experiment.
    pub name: String,
    /// Digest of the experiment.
    pub digest: String,
    /// Version of memgauge.
    pub tool: String,
    /// Revision of memgauge's source; null where unknown.
    pub revision: Option<String>,
    /// Whether questions of the dataset were left out.
    pub partial: bool,
    /// Seed of the intervals.
    pub seed: u64,
}

/// The dataset of a baseline, without where it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetHead {
    /// Name, such as `locomo`.
    pub name: String,
    /// Fingerprint of its content.
    pub content: String,
    /// Conversations in the run.
    pub conversations: usize,
    /// Questions in the run.
    pub questions: usize,
}

/// A variant of a baseline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VariantHead {
    /// Name.
    pub name: String,
    /// Digest of its resolved config.
    pub digest: String,
    /// Name of its file of questions.
    pub file: String,
    /// What a comparison has to look at first.
    pub facts: ArmFacts,
    /// Column -> its mean over categories 1 to 4; a column without any value is left out.
    pub means: BTreeMap<String, MeanValue>,
}

/// A mean, rounded as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MeanValue {
    /// Questions with a value.
    pub n: usize,
    /// Mean over them.
    pub mean: f64,
}

/// Why a baseline was made or changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// When, in UTC (RFC 3339).
    pub when: String,
    /// Why.
    pub why: String,
    /// Version of memgauge that made the run.
    pub tool: String,
    /// Its revision; null where unknown.
    pub revision: Option<String>,
    /// Digest of the experiment.
    pub digest: String,
    /// Variant -> questions that changed; variants without any are left out. Empty in the first entry.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub changed: BTreeMap<String, usize>,
}
