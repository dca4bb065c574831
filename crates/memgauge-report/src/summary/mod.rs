//! `summary.json`: what a run says, computed from its records and timings.

mod build;
mod calls;
mod index_error;
mod judge;
mod latency;
mod layout;
mod losses;
mod means;
mod memory;
mod no_op;
mod rename;
mod repeats;
mod row;
mod suspicion;
mod values;
mod work;

use std::collections::BTreeMap;

use memgauge_core::{CategoryNames, Stage};
use serde::{Deserialize, Serialize};

use crate::errata::ErrataSummary;
use crate::import::Imported;
use crate::loss::LossSummary;
use crate::statistics::{Bootstrap, Domain, PairedDifference};

pub use build::{SummaryError, summarise};
pub use index_error::IndexError;
pub use no_op::NoOp;
pub use repeats::{RepeatSummary, Spread, VarianceParts};
pub use suspicion::{Reason, Suspicion};
pub use values::metric_names;
pub use work::WorkSummary;

pub(crate) use judge::{Judged, judge_summary};
pub(crate) use layout::MeanOf;
pub use layout::layout;
pub(crate) use repeats::{Repeated, repeat_summary, variance};
pub(crate) use values::Measured;

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

pub(crate) const DOMAINS: [Domain<'static>; 6] = [&[0, 1, 2, 3], &[0], &[1], &[2], &[3], &[4]];

/// Metrics that come with intervals and with a paired difference to full context.
pub const HEADLINES: [&str; 8] = [
    "f1.locomo",
    "f1.set",
    "bleu1",
    "evidence.recall@10",
    "evidence.recall@30",
    "evidence.recall@1024tokens",
    "evidence.context",
    J,
];

/// The judge's mean label, as a metric.
pub const J: &str = "j";

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

/// What the judge's runs came to, over the answers of categories 1 to 4. An error (the judge
/// failed, or its reply could not be read) is no label: it is in no mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JudgeSummary {
    /// How often every answer was judged.
    pub runs: usize,
    /// Answers judged.
    pub answers: usize,
    /// Judgements that are errors.
    pub errors: usize,
    /// Answers of which every judgement is an error.
    pub without_label: usize,
    /// Mean label of each run; null where a run has none.
    pub per_run: Vec<Option<f64>>,
    /// Mean of the runs' means, as papers print it.
    pub mean_of_runs: Option<f64>,
    /// Their standard deviation (n - 1); null with fewer than two. It tells how steady the judge
    /// is and nothing about the uncertainty of J.
    pub sd_of_runs: Option<f64>,
}

/// Calls of models behind an API, added up. A sum is null as soon as one reply did not tell.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Cost {
    /// Calls.
    pub calls: u64,
    /// Tokens sent.
    pub input_tokens: Option<u64>,
    /// Tokens received.
    pub output_tokens: Option<u64>,
    /// US dollars by the price table, also for replies that were paid in an earlier run.
    pub dollars: Option<f64>,
}

/// Calls of one stage.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StageSummary {
    /// Calls, tokens, money.
    #[serde(flatten)]
    pub cost: Cost,
    /// Of the calls, those served from a cache, a cassette or a script.
    pub replayed: u64,
    /// How often providers were asked, all calls together.
    pub attempts: u64,
    /// Replies of chat models.
    pub replies: u64,
    /// Of these, those that were used, cut short or not.
    pub usable: u64,
    /// Of these, those that the limit of tokens cut short.
    pub truncated: u64,
    /// Replies of chat models that could not be read, or were empty.
    pub malformed: u64,
    /// `usable` / `replies`.
    pub usable_share: Option<f64>,
    /// Calls without a reply.
    pub failed: u64,
    /// Of the tokens sent, those that the provider had cached.
    pub cached_tokens: Option<u64>,
    /// Of the tokens received, those spent on reasoning.
    pub reasoning_tokens: Option<u64>,
    /// Calls whose tokens were counted here, because the provider did not report them.
    pub counted: u64,
    /// Time waiting for providers.
    pub provider_ms: f64,
    /// Time backing off after failures.
    pub backoff_ms: f64,
    /// Time held by limits and by providers' pauses.
    pub paused_ms: f64,
}

/// What one question cost, its share of the ingestion included.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PerQuestion {
    /// Calls.
    pub calls: f64,
    /// Tokens sent.
    pub input_tokens: Option<f64>,
    /// Tokens received.
    pub output_tokens: Option<f64>,
    /// US dollars.
    pub dollars: Option<f64>,
}

/// What a variant cost. The judge is never charged to the system.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CostSummary {
    /// Ingestion, of all conversations.
    pub ingest: Cost,
    /// Searches and answers, of all questions.
    pub ask: Cost,
    /// The judge.
    pub judge: Cost,
    /// `ingest` and `ask`, divided by the number of questions.
    pub per_question: Option<PerQuestion>,
    /// Dollars of the calls that were live: what this run added to a bill, the judge and work that
    /// was interrupted and done again included.
    pub paid_dollars: Option<f64>,
}

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
    /// The variant that ingested for it; null = itself. What that took and cost stands with both.
    #[serde(default)]
    pub ingested_as: Option<String>,
    /// Questions in the run.
    pub questions: usize,
    /// How far repeats differ; null where nothing was repeated.
    #[serde(default)]
    pub repeats: Option<RepeatSummary>,
    /// Headline metric -> where the variance of one score comes from; only those of which something was repeated.
    #[serde(default)]
    pub variance: BTreeMap<String, VarianceParts>,
    /// Records that a failure of infrastructure left without an answer: in no score.
    pub failed: usize,
    /// Failures by component and kind.
    pub failures: BTreeMap<String, usize>,
    /// All metrics.
    pub scores: Scores,
    /// J: mean over questions of the judge's mean label, categories 1 to 4; null without a judge.
    /// Also among `scores`, by slice.
    pub j: Option<Mean>,
    /// What the judge's runs came to; null without a judge.
    #[serde(default)]
    pub judge: Option<JudgeSummary>,
    /// Headline metrics minus those of full context, on categories 1 to 4, paired by question.
    pub against_full_context: BTreeMap<String, Option<PairedDifference>>,
    /// Tokens of the contexts; null where there is none.
    pub tokens: Option<ContextTokens>,
    /// Slice -> mean tokens of the contexts in cl100k_base, with its interval; empty in summaries of a memgauge that made
    /// none.
    #[serde(default)]
    pub tokens_by_slice: BTreeMap<String, Option<Mean>>,
    /// What the memory came to; null for systems without memories.
    pub memory: Option<MemorySummary>,
    /// Gold turns by fate, categories 1 to 4.
    pub fates: BTreeMap<String, u64>,
    /// Where its questions were lost; null in runs of a memgauge that did not say.
    #[serde(default)]
    pub loss: Option<LossSummary>,
    /// Latency of ingesting a session; null where nothing was measured.
    pub ingest: Option<Latency>,
    /// Latency of what follows the last session: sealing, indexing, chunks.
    pub flush: Option<Latency>,
    /// Latency of a search.
    pub search: Option<Latency>,
    /// Latency of an answer.
    pub answer: Option<Latency>,
    /// Latency of search and answer of the same question together.
    #[serde(default)]
    pub total: Option<Latency>,
    /// From the moment a session was handed over to the moment it could be found.
    #[serde(default)]
    pub searchable: Option<Latency>,
    /// Not measured in this run: latencies (`ingest`, `flush`, `search`, `answer`, `total`) of
    /// work whose replies were replayed, made of own time and the provider time that was measured
    /// when they were recorded. Never mixed with the others.
    #[serde(default)]
    pub replayed: BTreeMap<String, Latency>,
    /// Calls of models by stage; empty where every model computes in this process.
    #[serde(default)]
    pub stages: BTreeMap<Stage, StageSummary>,
    /// What the calls cost; null without any.
    #[serde(default)]
    pub cost: Option<CostSummary>,
    /// What its approximate index of vectors misses; null where it searches exactly, or no variant that is the same
    /// otherwise does.
    #[serde(default)]
    pub index_error: Option<IndexError>,
    /// Why this arm tests nothing; empty where it does.
    #[serde(default)]
    pub no_op: Vec<NoOp>,
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
    /// Whose category names the slices and `questions` go by: the official ones, but for a summary that
    /// was written out under others ([`Summary::renamed`]).
    pub names: CategoryNames,
    /// How the intervals were made.
    pub bootstrap: Bootstrap,
    /// Machines that it ran on: with more than one, latencies are a mixture.
    #[serde(default = "one")]
    pub machines: usize,
    /// As in the manifest.
    #[serde(default)]
    pub resent: u64,
    /// What was done once for several; null in summaries of a memgauge that did not count.
    #[serde(default)]
    pub work: Option<WorkSummary>,
    /// Where the answers come from; null for a run of memgauge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported: Option<Imported>,
    /// What the controls say against the numbers; empty where nothing.
    #[serde(default)]
    pub suspicious: Vec<Suspicion>,
    /// Scores under the errata of the dataset; null where none were given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errata: Option<ErrataSummary>,
    /// Variants in the order of the config.
    pub variants: Vec<VariantSummary>,
}

fn one() -> usize {
    1
}
