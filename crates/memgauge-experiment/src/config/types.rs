//! Types of an experiment's config. The docstrings become docs/CONFIG.md.

use std::collections::BTreeMap;
use std::path::PathBuf;

use memgauge_model::ModelConfig;
use memgauge_pipeline::answerer::AnswererConfig;
use memgauge_pipeline::judge::JudgeConfig;
use memgauge_pipeline::system::SystemConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::controls::{Controls, FlagOrTable, flag_or_table};

/// An experiment: variants of a memory pipeline measured on one dataset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ExperimentConfig {
    /// Name of the experiment: letters, digits, `-`, `_` and `.`; part of the run directory's name.
    pub name: String,
    /// What is replayed.
    pub dataset: DatasetConfig,
    /// Seed of the resampling behind every interval.
    #[serde(default)]
    pub seed: u64,
    /// Whether every conversation has a store of its own; variants may differ.
    #[serde(default)]
    pub isolation: Isolation,
    /// Conversations ingested and questions answered at a time; 0 = one per processor, or 16 where
    /// chat models are called (how many calls a provider sees at a time is the model block's
    /// business). Searches are always measured one at a time.
    #[serde(default)]
    pub jobs: usize,
    /// Models by name. Without an entry, the names of the kinds stand for their defaults.
    #[serde(default)]
    pub models: BTreeMap<String, ModelConfig>,
    /// Folder with prompts of your own, relative to the config file: a file `NAME.txt` there takes the place
    /// of prompt `NAME` (`memgauge prompts list` names them).
    #[serde(default)]
    pub prompts: Option<PathBuf>,
    /// What turns a context into an answer; variants may differ.
    #[serde(default = "default_answerer")]
    pub answerer: AnswererConfig,
    /// What labels answers as right or wrong.
    #[serde(default = "default_judge")]
    pub judge: JudgeConfig,
    /// Arms that tell what the numbers of the others are worth: `true` (all), `false` (none) or a table;
    /// without it those that cost nothing.
    #[serde(default, deserialize_with = "flag_or_table")]
    #[schemars(with = "FlagOrTable")]
    pub controls: Controls,
    /// How latency is measured.
    #[serde(default)]
    pub measure: Measure,
    /// What a record keeps.
    #[serde(default)]
    pub record: RecordConfig,
    /// How often stages are done again, to tell what differs from time to time.
    #[serde(default)]
    pub repeats: Repeats,
    /// The variants, in the order of the tables.
    #[schemars(length(min = 1))]
    pub variant: Vec<VariantConfig>,
    /// Ablations: variants made of a variant and of values for its keys.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sweep: Vec<SweepConfig>,
}

/// How often stages are done again. The number of the repeat is the epoch of a cached call: each repeat asks
/// its models anew, once, and a run that is repeated as a whole gets the same replies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Repeats {
    /// Memories of each conversation, each made from the start.
    #[schemars(range(min = 1, max = 1000))]
    pub ingest: u32,
    /// Answers to each question, for each memory.
    #[schemars(range(min = 1, max = 1000))]
    pub answer: u32,
    /// Runs of the judge for each answer; without it those of the judge's own table.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub judge: Option<u32>,
}

impl Default for Repeats {
    fn default() -> Self {
        Self {
            ingest: 1,
            answer: 1,
            judge: None,
        }
    }
}

fn default_answerer() -> AnswererConfig {
    AnswererConfig::Extractive(Default::default())
}

fn default_judge() -> JudgeConfig {
    JudgeConfig::default()
}

/// Which conversations and questions are replayed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DatasetConfig {
    /// `locomo` (looked for in MEMGAUGE_DATA, `datasets/` and the user's cache), `sample`, or
    /// `file` with a `path`.
    pub kind: DatasetKind,
    /// Path of a file in LOCOMO's format, relative to the config file.
    #[serde(default)]
    pub path: Option<PathBuf>,
    /// Categories to ask, by number; all five without it. Category 5 is always reported apart.
    #[serde(default)]
    pub categories: Vec<u8>,
    /// Conversations to replay, by id; all without it.
    #[serde(default)]
    pub conversations: Vec<String>,
    /// At most this many questions of each conversation.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub limit: Option<usize>,
}

/// Where a dataset comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DatasetKind {
    /// The published ten conversations.
    Locomo,
    /// The three conversations that come with memgauge.
    Sample,
    /// Any file in LOCOMO's format.
    File,
}

impl DatasetKind {
    /// The name under which the dataset is looked for.
    pub fn name(self) -> &'static str {
        match self {
            Self::Locomo => "locomo",
            Self::Sample => "sample",
            Self::File => "file",
        }
    }
}

/// Whether conversations share a memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Isolation {
    /// One memory per conversation.
    #[default]
    Conversation,
    /// One memory for all conversations, each in a scope of its own.
    Shared,
}

/// How latency is measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Measure {
    /// Searches at the start of each conversation that are left out of percentiles.
    pub warm_up: usize,
}

impl Default for Measure {
    fn default() -> Self {
        Self { warm_up: 5 }
    }
}

/// What a record keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct RecordConfig {
    /// How many candidates a record keeps, the best first, whether they entered the context or not.
    #[schemars(range(max = 200))]
    pub candidates: usize,
    /// Whether the stores stay in the run directory when it is finished.
    pub stores: bool,
}

impl Default for RecordConfig {
    fn default() -> Self {
        Self {
            candidates: 200,
            stores: false,
        }
    }
}

/// One arm of the experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct VariantConfig {
    /// Name in tables and files: letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// The memory system, with every part that differs from its defaults.
    pub system: SystemConfig,
    /// Overrides the experiment's `isolation`.
    #[serde(default)]
    pub isolation: Option<Isolation>,
    /// Overrides the experiment's `answerer`.
    #[serde(default)]
    pub answerer: Option<AnswererConfig>,
    /// Models that take the place of the experiment's models of the same names, for this variant alone; the
    /// judge's stays.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub models: BTreeMap<String, ModelConfig>,
    /// Written by a `[[sweep]]`: where the variant comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cell: Option<CellConfig>,
}

/// Where a cell of a sweep comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CellConfig {
    /// The variant that it was made of.
    pub base: String,
    /// Dotted path of what differs -> value, as it stands in the name.
    pub settings: BTreeMap<String, String>,
}

/// An ablation: cells made of a variant (the base) and of values for its keys.
///
/// Paths begin at the variant (`system.retriever.k`, `system.fusion.kind`, `system.fusion` with a whole table,
/// `answerer`, `isolation`), or with `models.NAME.` at a model of the experiment. A value may be written
/// `{ label = "short", value = .. }`. Where a `kind` is changed, keys of the base that the new kind does not know
/// are left out. Cells are named `BASE,key=value,key=value`; one that equals a variant that is there already is
/// left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SweepConfig {
    /// Name of the variant that every cell starts from.
    pub variant: String,
    /// Which cells.
    #[serde(default)]
    pub mode: SweepMode,
    /// Dotted path -> values.
    #[serde(default)]
    pub axes: BTreeMap<String, Vec<serde_json::Value>>,
    /// With `list`: the cells, each dotted path -> value.
    #[serde(default)]
    pub cells: Vec<BTreeMap<String, serde_json::Value>>,
    /// Whether the base stays a variant of its own; by default only with `one-at-a-time`.
    #[serde(default)]
    pub keep_base: Option<bool>,
}

/// Which cells a sweep has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SweepMode {
    /// Every combination of values.
    #[default]
    Grid,
    /// The base, and for each value a cell that differs from the base in it alone.
    OneAtATime,
    /// The cells that are listed.
    List,
}
