//! `summary.json`: what a run says, computed from its records and timings.

mod build;
mod latency;
mod memory;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::statistics::{Bootstrap, Domain, PairedDifference};

pub use build::{SummaryError, summarise};

/// The slices that every metric is given for, in the order of tables: categories 1 to 4 pooled,
/// then each category. Category 5 stands apart.
pub const SLICES: [&str; 6] = [
    "1-4",
    "multi-hop",
    "temporal",
    "open-domain",
    "single-hop",
    "adversarial",
];

pub(super) const DOMAINS: [Domain<'static>; 6] = [&[0, 1, 2, 3], &[0], &[1], &[2], &[3], &[4]];

/// Metrics that come with intervals and with a paired difference to full context.
pub const HEADLINES: [&str; 6] = [
    "f1.locomo",
    "f1.set",
    "bleu1",
    "evidence.recall@10",
    "evidence.recall@30",
    "evidence.context",
];

/// Kind of the system that the others are compared with.
pub(super) const REFERENCE: &str = "full-context";

/// A mean over questions. Headline metrics have an interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Mean {
    /// Questions with a value.
    pub n: usize,
    /// Their mean.
    pub mean: f64,
    /// Lower end of the 95 % interval; null where none is computed.
    pub low: Option<f64>,
    /// Upper end of the 95 % interval.
    pub high: Option<f64>,
}

/// Metric name -> slice -> mean; null where a slice has no value.
pub type Scores = BTreeMap<String, BTreeMap<String, Option<Mean>>>;

/// Latency of one phase, from raw samples without warm-up.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// Samples.
    pub n: usize,
    /// Warm-up samples left out.
    pub warm_up: usize,
    /// Median, in milliseconds.
    pub p50_ms: f64,
    /// 95th percentile.
    pub p95_ms: f64,
    /// 99th percentile.
    pub p99_ms: f64,
    /// Lower end of the 95 % interval of p95.
    pub p95_low_ms: f64,
    /// Upper end of the 95 % interval of p95.
    pub p95_high_ms: f64,
    /// Sum of all samples, warm-up included, in milliseconds.
    pub total_ms: f64,
    /// Largest number of units in flight at a time.
    pub in_flight: u32,
    /// Mean load average of the machine; null where unknown.
    pub load: Option<f64>,
}

/// Mean tokens of the contexts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ContextTokens {
    /// Questions with a context.
    pub n: usize,
    /// Distinct contexts.
    pub distinct: usize,
    /// Mean in cl100k_base over categories 1 to 4; null where the run asks none of them.
    pub cl100k: Option<f64>,
    /// Mean in o200k_base, likewise.
    pub o200k: Option<f64>,
    /// Mean in cl100k_base over all questions, category 5 included.
    pub cl100k_all: f64,
}

/// What one variant's memory came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MemorySummary {
    /// Memories kept, all conversations together.
    pub memories: usize,
    /// Mean live source turns per memory.
    pub sources_per_memory: Option<f64>,
    /// Operations by name.
    pub operations: BTreeMap<String, u64>,
}

/// One variant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VariantSummary {
    /// Name in the config.
    pub name: String,
    /// Kind of its system.
    pub system: String,
    /// Whether it is a control that knows the key.
    pub control: bool,
    /// Questions in the run.
    pub questions: usize,
    /// Questions that a failure of infrastructure left without an answer: in no score.
    pub failed: usize,
    /// Failures by component and kind.
    pub failures: BTreeMap<String, usize>,
    /// All metrics.
    pub scores: Scores,
    /// Judge's accuracy; null without a judge.
    pub j: Option<Mean>,
    /// Headline metrics minus those of full context, on categories 1 to 4, paired by question.
    pub against_full_context: BTreeMap<String, Option<PairedDifference>>,
    /// Tokens of the contexts; null where there is none.
    pub tokens: Option<ContextTokens>,
    /// What the memory came to; null for systems without memories.
    pub memory: Option<MemorySummary>,
    /// Gold turns by fate, categories 1 to 4.
    pub fates: BTreeMap<String, u64>,
    /// Latency of ingesting a session; null where nothing was measured.
    pub ingest: Option<Latency>,
    /// Latency of what follows the last session: sealing, indexing, chunks.
    pub flush: Option<Latency>,
    /// Latency of a search.
    pub search: Option<Latency>,
    /// Latency of an answer.
    pub answer: Option<Latency>,
    /// How often each component ran.
    pub counters: BTreeMap<String, u64>,
}

/// A whole run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Version of the files.
    pub schema_version: u32,
    /// Name of the experiment.
    pub name: String,
    /// Digest of the experiment.
    pub digest: String,
    /// Name of the dataset.
    pub dataset: String,
    /// Conversations in the run.
    pub conversations: usize,
    /// Questions by category name.
    pub questions: BTreeMap<String, usize>,
    /// A question of the run, to look at next.
    pub example: Option<String>,
    /// Whether the questions were narrowed.
    pub partial: bool,
    /// Whose category names are used: always the official ones.
    pub names: String,
    /// How the intervals were made.
    pub bootstrap: Bootstrap,
    /// Variants in the order of the config.
    pub variants: Vec<VariantSummary>,
}
