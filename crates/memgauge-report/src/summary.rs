//! `summary.json`: what a run says, computed from its records and timings.

use std::collections::{BTreeMap, BTreeSet};

use memgauge_core::{Category, ConversationId, QuestionId, TurnId};
use serde::{Deserialize, Serialize};

use crate::fate::Fate;
use crate::lineage::Lineage;
use crate::manifest::Manifest;
use crate::record::{
    ContextSummary, IngestRow, Outcome, Phase, SCHEMA_VERSION, TextMetrics, TimingRow,
};
use crate::retrieval::{BUDGETS, DEPTHS, RankScores, RetrievalScores};
use crate::rundir::{RunDir, RunDirError};
use crate::statistics::{
    Bootstrap, Column, Domain, Estimate, Layout, PairedDifference, StatisticsError,
};

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

const DOMAINS: [Domain<'static>; 6] = [&[0, 1, 2, 3], &[0], &[1], &[2], &[3], &[4]];

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
const REFERENCE: &str = "full-context";

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
    /// Mean in cl100k_base over categories 1 to 4 (all questions where the run has none of them).
    pub cl100k: f64,
    /// Mean in o200k_base, likewise.
    pub o200k: f64,
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

/// A run cannot be summarised.
#[derive(Debug, thiserror::Error)]
pub enum SummaryError {
    /// Its files cannot be read.
    #[error(transparent)]
    Run(#[from] RunDirError),
    /// Its numbers make no sense.
    #[error(transparent)]
    Statistics(#[from] StatisticsError),
}

/// The fields of a record that the summary needs.
#[derive(Deserialize)]
struct Row {
    variant: String,
    question: QuestionId,
    repeat: u32,
    category: Category,
    #[serde(flatten)]
    outcome: Outcome,
    scores: Option<TextMetrics>,
    judge: Option<bool>,
    context: Option<ContextSummary>,
    retrieval: Option<RetrievalScores>,
    fates: Vec<(TurnId, Fate)>,
    counters: BTreeMap<String, u64>,
}

/// Summarises a run from its files.
///
/// # Errors
/// When the files cannot be read.
pub fn summarise(
    dir: &RunDir,
    manifest: &Manifest,
    bootstrap: Bootstrap,
) -> Result<Summary, SummaryError> {
    let mut rows: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    dir.records(|row: Row| rows.entry(row.variant.clone()).or_default().push(row))?;
    let mut timings: BTreeMap<String, Vec<TimingRow>> = BTreeMap::new();
    dir.timings(|row| timings.entry(row.variant.clone()).or_default().push(row))?;
    let mut memories: BTreeMap<String, MemoryRows> = BTreeMap::new();
    dir.ingest(|row| memories.entry(row.variant.clone()).or_default().add(&row))?;

    // One column entry per question asked of any variant, so that all variants share a layout.
    let mut questions: BTreeMap<(QuestionId, u32), Category> = BTreeMap::new();
    for row in rows.values().flatten() {
        questions.insert((row.question.clone(), row.repeat), row.category);
    }
    let index: BTreeMap<&(QuestionId, u32), usize> = questions.keys().zip(0..).collect();
    let clusters: BTreeMap<&ConversationId, usize> = questions
        .keys()
        .map(|(question, _)| &question.conversation)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .zip(0..)
        .collect();
    let places: Vec<(usize, usize)> = questions
        .iter()
        .map(|((question, _), category)| {
            let cluster = clusters.get(&question.conversation).copied();
            (cluster.unwrap_or(0), usize::from(category.number()) - 1)
        })
        .collect();
    let layout = Layout::new(&places);

    // Headline columns of all variants together: they then share the resamples.
    let headline: Vec<Vec<Vec<Option<f64>>>> = manifest
        .variants
        .iter()
        .map(|variant| {
            HEADLINES
                .iter()
                .map(|metric| {
                    let mut column = vec![None; questions.len()];
                    for row in rows.get(&variant.name).into_iter().flatten() {
                        let at = index.get(&(row.question.clone(), row.repeat));
                        if let Some(cell) = at.and_then(|at| column.get_mut(*at)) {
                            *cell = values(row).remove(*metric);
                        }
                    }
                    column
                })
                .collect()
        })
        .collect();
    let columns: Vec<Column<'_>> = headline.iter().flatten().map(Vec::as_slice).collect();
    let mut estimates = bootstrap.means(&layout, &DOMAINS, &columns)?.into_iter();
    let reference = manifest
        .variants
        .iter()
        .position(|variant| variant.system == REFERENCE)
        .and_then(|at| headline.get(at));
    let mut differences = Vec::new().into_iter();
    if let Some(reference) = reference {
        let pairs: Vec<(Column<'_>, Column<'_>)> = headline
            .iter()
            .flat_map(|columns| columns.iter().zip(reference))
            .map(|(mine, theirs)| (mine.as_slice(), theirs.as_slice()))
            .collect();
        differences = bootstrap
            .paired_differences(&layout, &DOMAINS[..1], &pairs)?
            .into_iter();
    }

    let empty = Vec::new();
    let mut variants = Vec::with_capacity(manifest.variants.len());
    for variant in &manifest.variants {
        let mine = rows.get(&variant.name).unwrap_or(&empty);
        let mut summary = VariantSummary {
            name: variant.name.clone(),
            system: variant.system.clone(),
            control: variant.control,
            questions: mine.len(),
            failed: 0,
            failures: BTreeMap::new(),
            scores: plain_scores(mine),
            j: None,
            against_full_context: BTreeMap::new(),
            tokens: context_tokens(mine),
            memory: memories.get(&variant.name).map(MemoryRows::summary),
            fates: BTreeMap::new(),
            ingest: None,
            search: None,
            answer: None,
            counters: memories
                .get(&variant.name)
                .map(|rows| rows.counters.clone())
                .unwrap_or_default(),
        };
        for metric in HEADLINES {
            let slices = estimates.next().unwrap_or_default();
            let with_intervals = SLICES
                .iter()
                .zip(slices)
                .map(|(slice, estimate)| ((*slice).to_owned(), estimate.map(Mean::from)))
                .collect();
            summary.scores.insert(metric.to_owned(), with_intervals);
            if reference.is_some() {
                let difference = differences.next().and_then(|mut cells| cells.pop()?);
                if variant.system != REFERENCE {
                    summary
                        .against_full_context
                        .insert(metric.to_owned(), difference);
                }
            }
        }
        let labels: Vec<f64> = mine
            .iter()
            .filter(|row| row.category.is_scored())
            .filter_map(|row| row.judge.map(|right| f64::from(u8::from(right))))
            .collect();
        summary.j = plain_mean(&labels);
        for row in mine {
            if let Outcome::Failed {
                component, error, ..
            } = &row.outcome
            {
                summary.failed += 1;
                let kind = serde_json::to_value(error).unwrap_or_default();
                let kind = kind.as_str().unwrap_or("unknown");
                *summary
                    .failures
                    .entry(format!("{component}: {kind}"))
                    .or_default() += 1;
            }
            for (component, calls) in &row.counters {
                *summary.counters.entry(component.clone()).or_default() += calls;
            }
            if row.category.is_scored() {
                for (_, fate) in &row.fates {
                    *summary
                        .fates
                        .entry(fate_name(*fate).to_owned())
                        .or_default() += 1;
                }
            }
        }
        let measured = timings.get(&variant.name).map_or(&[][..], Vec::as_slice);
        summary.ingest = latency(measured, Phase::Ingest, &bootstrap);
        summary.search = latency(measured, Phase::Search, &bootstrap);
        summary.answer = latency(measured, Phase::Answer, &bootstrap);
        variants.push(summary);
    }

    let mut by_category: BTreeMap<String, usize> = BTreeMap::new();
    for ((_, repeat), category) in &questions {
        if *repeat == 0 {
            *by_category.entry(category.name().to_owned()).or_default() += 1;
        }
    }
    Ok(Summary {
        schema_version: SCHEMA_VERSION,
        name: manifest.name.clone(),
        digest: manifest.digest.clone(),
        dataset: manifest.dataset.name.clone(),
        conversations: clusters.len(),
        questions: by_category,
        example: questions
            .keys()
            .next()
            .map(|(question, _)| question.to_string()),
        partial: manifest.partial,
        names: "official".to_owned(),
        bootstrap,
        variants,
    })
}

impl From<Estimate> for Mean {
    fn from(estimate: Estimate) -> Self {
        Self {
            n: estimate.n,
            mean: estimate.mean,
            low: Some(estimate.interval.low),
            high: Some(estimate.interval.high),
        }
    }
}

/// Every metric of a record that has a value.
fn values(row: &Row) -> BTreeMap<String, f64> {
    let mut values = BTreeMap::new();
    if let Some(scores) = &row.scores {
        values.insert("f1.locomo".to_owned(), scores.f1_locomo);
        for (name, value) in [
            ("f1.set", scores.f1_set),
            ("bleu1", scores.bleu1),
            ("exact", scores.exact_match),
        ] {
            if let Some(value) = value {
                values.insert(name.to_owned(), value);
            }
        }
    }
    if let Some(retrieval) = &row.retrieval {
        values.insert("evidence.context".to_owned(), retrieval.context);
        for (prefix, units) in [
            ("evidence", &retrieval.live),
            ("evidence.lineage", &retrieval.lineage),
        ] {
            if let Some(units) = units {
                insert_ranks(&mut values, prefix, &units.turn);
                insert_ranks(&mut values, &format!("{prefix}.session"), &units.session);
            }
        }
        if let Some(at_tokens) = retrieval.at_tokens {
            for (budget, recall) in BUDGETS.iter().zip(at_tokens) {
                values.insert(format!("evidence.recall@{budget}tokens"), recall);
            }
        }
    }
    values
}

fn insert_ranks(values: &mut BTreeMap<String, f64>, prefix: &str, ranks: &RankScores) {
    for (index, depth) in DEPTHS.iter().enumerate() {
        for (name, list) in [
            ("hit", &ranks.hit),
            ("recall", &ranks.recall),
            ("all", &ranks.all),
        ] {
            if let Some(value) = list.get(index) {
                values.insert(format!("{prefix}.{name}@{depth}"), *value);
            }
        }
    }
    values.insert(format!("{prefix}.mrr"), ranks.mrr);
    values.insert(format!("{prefix}.ndcg@10"), ranks.ndcg10);
}

/// Means without intervals, of all metrics and slices.
fn plain_scores(rows: &[Row]) -> Scores {
    let mut samples: BTreeMap<String, [Vec<f64>; 6]> = BTreeMap::new();
    for row in rows {
        let stratum = usize::from(row.category.number()) - 1;
        for (metric, value) in values(row) {
            let slices = samples.entry(metric).or_default();
            for (domain, slice) in DOMAINS.iter().zip(slices) {
                if domain.contains(&stratum) {
                    slice.push(value);
                }
            }
        }
    }
    samples
        .into_iter()
        .map(|(metric, slices)| {
            let means = SLICES
                .iter()
                .zip(&slices)
                .map(|(slice, values)| ((*slice).to_owned(), plain_mean(values)))
                .collect();
            (metric, means)
        })
        .collect()
}

fn plain_mean(values: &[f64]) -> Option<Mean> {
    crate::statistics::mean(values).map(|mean| Mean {
        n: values.len(),
        mean,
        low: None,
        high: None,
    })
}

fn context_tokens(rows: &[Row]) -> Option<ContextTokens> {
    let all: Vec<(&ContextSummary, bool)> = rows
        .iter()
        .filter_map(|row| Some((row.context.as_ref()?, row.category.is_scored())))
        .collect();
    let only_scored = all.iter().any(|(_, scored)| *scored);
    let mean = |tokens: fn(&ContextSummary) -> u64, scored: bool| {
        let values: Vec<f64> = all
            .iter()
            .filter(|(_, is_scored)| !scored || *is_scored)
            .map(|(context, _)| tokens(context) as f64)
            .collect();
        crate::statistics::mean(&values)
    };
    let distinct: BTreeSet<&str> = all
        .iter()
        .map(|(context, _)| context.digest.as_str())
        .collect();
    Some(ContextTokens {
        n: all.len(),
        distinct: distinct.len(),
        cl100k: mean(|context| context.cl100k, only_scored)?,
        o200k: mean(|context| context.o200k, only_scored)?,
        cl100k_all: mean(|context| context.cl100k, false)?,
    })
}

fn latency(rows: &[TimingRow], phase: Phase, bootstrap: &Bootstrap) -> Option<Latency> {
    let mut clusters: BTreeMap<&ConversationId, Vec<f64>> = BTreeMap::new();
    let mut total = 0.0;
    let mut warm_up = 0;
    let mut in_flight = 0;
    let mut loads = Vec::new();
    for row in rows.iter().filter(|row| row.phase == phase) {
        let Some(ms) = row.ms else { continue };
        total += ms;
        in_flight = in_flight.max(row.in_flight);
        loads.extend(row.load);
        if row.warm_up {
            warm_up += 1;
        } else {
            clusters.entry(&row.conversation).or_default().push(ms);
        }
    }
    let clusters: Vec<Vec<f64>> = clusters.into_values().collect();
    let mut samples: Vec<f64> = clusters.iter().flatten().copied().collect();
    samples.sort_unstable_by(f64::total_cmp);
    let at = |percent| crate::statistics::nearest_rank(&samples, percent);
    // A percentile's interval needs fewer resamples than a mean's to be read to two digits.
    let fewer = Bootstrap {
        resamples: bootstrap.resamples.min(1_000),
        ..*bootstrap
    };
    let p95 = fewer.percentile(&clusters, 95.0)?;
    Some(Latency {
        n: samples.len(),
        warm_up,
        p50_ms: at(50.0)?,
        p95_ms: p95.value,
        p99_ms: at(99.0)?,
        p95_low_ms: p95.interval.low,
        p95_high_ms: p95.interval.high,
        total_ms: total,
        in_flight,
        load: crate::statistics::mean(&loads),
    })
}

/// Name of a fate without its rank.
pub fn fate_name(fate: Fate) -> &'static str {
    match fate {
        Fate::NoFact => "no-fact",
        Fate::NotKept => "not-kept",
        Fate::Deleted => "deleted",
        Fate::Replaced => "replaced",
        Fate::NotCandidate => "not-candidate",
        Fate::Below(_) => "below-k",
        Fate::Dropped => "dropped",
        Fate::InContext => "in-context",
    }
}

/// Journals of one variant, by conversation.
#[derive(Default)]
struct MemoryRows {
    lineages: BTreeMap<ConversationId, Lineage>,
    operations: BTreeMap<String, u64>,
    counters: BTreeMap<String, u64>,
}

impl MemoryRows {
    fn add(&mut self, row: &IngestRow) {
        for (component, calls) in &row.counters {
            *self.counters.entry(component.clone()).or_default() += calls;
        }
        if let Some(event) = &row.event {
            let name = serde_json::to_value(event.op).unwrap_or_default();
            *self
                .operations
                .entry(name.as_str().unwrap_or("unknown").to_owned())
                .or_default() += 1;
            self.lineages
                .entry(row.conversation.clone())
                .or_default()
                .apply(event);
        }
    }

    fn summary(&self) -> MemorySummary {
        let memories = self.lineages.values().map(Lineage::len).sum();
        let sources: f64 = self
            .lineages
            .values()
            .filter_map(|lineage| Some(lineage.sources_per_memory()? * lineage.len() as f64))
            .sum();
        MemorySummary {
            memories,
            sources_per_memory: (memories > 0).then(|| sources / memories as f64),
            operations: self.operations.clone(),
        }
    }
}
