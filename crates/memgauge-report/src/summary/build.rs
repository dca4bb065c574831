//! From the files of a run to its summary.

use std::collections::{BTreeMap, BTreeSet};

use memgauge_core::{Category, CategoryNames, ConversationId, ErrorKind, QuestionId, TurnId};
use serde::Deserialize;
use serde_json::{Value, json};

use super::calls::{CallRows, Calls};
use super::index_error::index_errors;
use super::judge::{Judged, judge_summary};
use super::latency::{latency, replayed, total};
use super::memory::MemoryRows;
use super::no_op::{Arm, Outcomes, no_ops};
use super::repeats::{Repeated, repeat_summary, variance};
use super::suspicion::suspicions;
use super::values::Measured;
use super::work::WorkRows;
use super::{
    ContextTokens, DOMAINS, HEADLINES, J, Mean, REFERENCE, SLICES, Scores, Summary, VariantSummary,
};
use crate::fate::Fate;
use crate::loss::{Facts, LossRules, LossSummary, Verdict, place};
use crate::manifest::{Machine, Manifest};
use crate::parquet::ParquetError;
use crate::record::{ContextSummary, JudgementRow, Phase, SCHEMA_VERSION, TextMetrics, TimingRow};
use crate::retrieval::RetrievalScores;
use crate::rundir::{RunDir, RunDirError, files};
use crate::statistics::{Bootstrap, Column, Estimate, Layout, StatisticsError};

/// A run cannot be summarised.
#[derive(Debug, thiserror::Error)]
pub enum SummaryError {
    /// Its files cannot be read.
    #[error(transparent)]
    Run(#[from] RunDirError),
    /// Its numbers make no sense.
    #[error(transparent)]
    Statistics(#[from] StatisticsError),
    /// The table of its records cannot be written.
    #[error(transparent)]
    Parquet(#[from] ParquetError),
}

/// The fields of a record that the summary needs.
#[derive(Deserialize)]
struct Row {
    variant: String,
    question: QuestionId,
    repeat: u32,
    category: Category,
    // Without `flatten`, which would keep every row in memory twice.
    outcome: String,
    #[serde(default)]
    component: Option<String>,
    #[serde(default)]
    error: Option<ErrorKind>,
    #[serde(default)]
    message: Option<String>,
    answer: Option<String>,
    scores: Option<TextMetrics>,
    judge: Option<f64>,
    #[serde(default)]
    judgements: Vec<JudgementRow>,
    context: Option<ContextSummary>,
    retrieval: Option<RetrievalScores>,
    #[serde(default)]
    evidence: Vec<TurnId>,
    #[serde(default)]
    memory_of: Option<ConversationId>,
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
    let mut work = WorkRows::default();
    dir.records(|row: Row| {
        work.asked(&row.variant, &row.question.conversation, row.repeat);
        rows.entry(row.variant.clone()).or_default().push(row);
    })?;
    let mut timings: BTreeMap<String, Vec<TimingRow>> = BTreeMap::new();
    dir.timings(|row| timings.entry(row.variant.clone()).or_default().push(row))?;
    let mut memories: BTreeMap<String, MemoryRows> = BTreeMap::new();
    dir.ingest(|row| {
        work.ingested(&row);
        memories.entry(row.variant.clone()).or_default().add(&row);
    })?;
    let mut calls: BTreeMap<String, CallRows> = BTreeMap::new();
    dir.calls(|row| {
        work.called(&row);
        calls.entry(row.variant.clone()).or_default().add(row);
    })?;
    dir.rows(files::PAID, |row| work.paid(row))?;

    // One column entry per question asked of any variant, so that all variants share a layout. Repeats of a
    // question are no questions of their own: their mean counts.
    let mut questions: BTreeMap<(QuestionId, u32), Category> = BTreeMap::new();
    for row in rows.values().flatten() {
        questions.insert((row.question.clone(), 0), row.category);
    }
    let index: BTreeMap<&(QuestionId, u32), usize> = questions.keys().zip(0..).collect();
    let (layout, conversations) = layout(&questions);

    // Headline columns of all variants together: they then share the resamples.
    let headline: Vec<Vec<Vec<Option<f64>>>> = manifest
        .variants
        .iter()
        .map(|variant| {
            let mut columns = vec![vec![MeanOf::default(); questions.len()]; HEADLINES.len()];
            for row in rows.get(&variant.name).into_iter().flatten() {
                let at = index.get(&(row.question.clone(), 0));
                let mut known = values(row);
                for (metric, column) in HEADLINES.iter().zip(&mut columns) {
                    if let Some(cell) = at.and_then(|at| column.get_mut(*at)) {
                        cell.add(known.remove(*metric));
                    }
                }
            }
            let means = |column: Vec<MeanOf>| column.into_iter().map(MeanOf::mean).collect();
            columns.into_iter().map(means).collect()
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

    // What was measured of ingestions that several variants share.
    let owners: BTreeSet<&String> = manifest
        .variants
        .iter()
        .filter_map(|variant| variant.ingested_as.as_ref())
        .collect();
    let ingestions: BTreeMap<String, Vec<TimingRow>> = owners
        .into_iter()
        .map(|owner| {
            let rows = timings.get(owner).into_iter().flatten();
            let rows = rows.filter(|row| row.phase.is_ingestion());
            (owner.clone(), rows.cloned().collect())
        })
        .collect();
    let mut index_errors = index_errors(dir, manifest)?;
    let suspicious = suspicions(&manifest.variants, &headline, &layout, &bootstrap)?;
    let answers = manifest.answers();
    let empty = Vec::new();
    let mut variants = Vec::with_capacity(manifest.variants.len());
    for variant in &manifest.variants {
        let mine = rows.get(&variant.name).unwrap_or(&empty);
        let repeated: Vec<Repeated<'_>> = mine.iter().map(repeated).collect();
        let mut summary = VariantSummary {
            name: variant.name.clone(),
            system: variant.system.clone(),
            control: variant.control,
            ingested_as: variant.ingested_as.clone(),
            questions: count_questions(mine),
            repeats: repeat_summary(&repeated, answers),
            variance: variance(&repeated, answers),
            failed: 0,
            failures: BTreeMap::new(),
            scores: plain_scores(mine),
            j: None,
            judge: None,
            against_full_context: BTreeMap::new(),
            tokens: context_tokens(mine),
            memory: memories
                .get(variant.ingestion())
                .and_then(MemoryRows::summary),
            fates: BTreeMap::new(),
            loss: Some(losses(mine, memories.get(variant.ingestion()))),
            ingest: None,
            flush: None,
            search: None,
            answer: None,
            total: None,
            searchable: None,
            replayed: BTreeMap::new(),
            stages: BTreeMap::new(),
            cost: None,
            index_error: index_errors.remove(&variant.name),
            no_op: Vec::new(),
            counters: memories
                .get(variant.ingestion())
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
        let pooled = summary
            .scores
            .get(J)
            .and_then(|slices| slices.get(SLICES[0]));
        summary.j = pooled.copied().flatten();
        let judged: Vec<Judged> = mine
            .iter()
            .map(|row| Judged {
                category: row.category,
                labels: row.judgements.iter().map(|row| row.label).collect(),
            })
            .collect();
        summary.judge = judge_summary(&judged);
        for row in mine {
            if let (Some(component), Some(error)) = (&row.component, &row.error) {
                summary.failed += 1;
                let kind = error.name();
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
                    *summary.fates.entry(fate.name().to_owned()).or_default() += 1;
                }
            }
        }
        let mut measured = timings.remove(&variant.name).unwrap_or_default();
        if let Some(owner) = &variant.ingested_as {
            measured.extend(ingestions.get(owner).into_iter().flatten().cloned());
        }
        let measured = measured.as_slice();
        summary.ingest = latency(measured, Phase::Ingest, &bootstrap);
        summary.flush = latency(measured, Phase::Flush, &bootstrap);
        summary.search = latency(measured, Phase::Search, &bootstrap);
        summary.answer = latency(measured, Phase::Answer, &bootstrap);
        summary.total = total(measured, &bootstrap);
        summary.searchable = latency(measured, Phase::Searchable, &bootstrap);
        summary.replayed = replayed(measured, &bootstrap);
        let calls = Calls {
            own: calls.get(&variant.name),
            ingestion: calls.get(variant.ingestion()),
        };
        summary.stages = calls.stages();
        summary.cost = calls.cost(mine.len(), ingested(mine, manifest));
        variants.push(summary);
    }

    flag_no_ops(manifest, &rows, &mut variants);

    let mut by_category: BTreeMap<String, usize> = BTreeMap::new();
    for category in questions.values() {
        *by_category.entry(category.name().to_owned()).or_default() += 1;
    }
    Ok(Summary {
        schema_version: SCHEMA_VERSION,
        name: manifest.name.clone(),
        digest: manifest.digest.clone(),
        dataset: manifest.dataset.name.clone(),
        conversations,
        questions: by_category,
        example: questions
            .keys()
            .next()
            .map(|(question, _)| question.to_string()),
        partial: manifest.partial,
        names: CategoryNames::Official,
        errata: None,
        bootstrap,
        machines: machines(manifest),
        resent: manifest.resent,
        work: Some(work.summary()),
        imported: manifest.imported.clone(),
        suspicious,
        variants,
    })
}

/// How many machines the parts of a run come from.
fn machines(manifest: &Manifest) -> usize {
    let mut seen: Vec<&Machine> = Vec::new();
    for part in &manifest.merged {
        if !seen.contains(&&part.machine) {
            seen.push(&part.machine);
        }
    }
    seen.len().max(1)
}

/// Marks the variants that tested nothing.
fn flag_no_ops(
    manifest: &Manifest,
    rows: &BTreeMap<String, Vec<Row>>,
    variants: &mut [VariantSummary],
) {
    let outcomes: Vec<Outcomes> = manifest
        .variants
        .iter()
        .map(|variant| {
            let mut outcomes = Outcomes::default();
            for row in rows.get(&variant.name).into_iter().flatten() {
                let context = row.context.as_ref().map(|context| &context.digest);
                let labels: Vec<_> = row.judgements.iter().map(|row| row.label).collect();
                let failure = (&row.component, &row.error, &row.message);
                let parts = json!([row.outcome, failure, context, row.answer, labels]);
                outcomes.add(&row.question, row.repeat, &parts);
            }
            outcomes
        })
        .collect();
    let system = |name: &str| {
        let written = manifest.config.get("variant")?.as_array()?;
        written
            .iter()
            .find(|variant| variant.get("name").and_then(Value::as_str) == Some(name))?
            .get("system")
    };
    let arms: Vec<_> = variants
        .iter()
        .zip(&outcomes)
        .map(|(variant, outcomes)| Arm {
            name: &variant.name,
            system: system(&variant.name),
            outcomes,
            counters: &variant.counters,
        })
        .collect();
    let found = no_ops(&arms);
    for (variant, no_op) in variants.iter_mut().zip(found) {
        variant.no_op = no_op;
    }
}

/// The layout of all intervals, one column entry per question, and the number of conversations:
/// whatever is averaged over the same questions shares its resamples.
pub fn layout(questions: &BTreeMap<(QuestionId, u32), Category>) -> (Layout, usize) {
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
    (Layout::new(&places), clusters.len())
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

/// A mean that is being added up.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct MeanOf {
    sum: f64,
    count: u32,
}

impl MeanOf {
    pub(crate) fn add(&mut self, value: Option<f64>) {
        if let Some(value) = value {
            self.sum += value;
            self.count += 1;
        }
    }

    /// `None` without a value.
    pub(crate) fn mean(self) -> Option<f64> {
        match self.count {
            0 => None,
            // The value itself, not a quotient of it.
            1 => Some(self.sum),
            count => Some(self.sum / f64::from(count)),
        }
    }
}

fn count_questions(rows: &[Row]) -> usize {
    let questions: BTreeSet<&QuestionId> = rows.iter().map(|row| &row.question).collect();
    questions.len()
}

/// Questions x memories that they were asked of.
fn ingested(rows: &[Row], manifest: &Manifest) -> usize {
    let answers = manifest.answers();
    let asked: BTreeSet<(&QuestionId, u32)> = rows
        .iter()
        .map(|row| (&row.question, row.repeat / answers))
        .collect();
    asked.len()
}

/// Every metric of a record that has a value.
fn values(row: &Row) -> BTreeMap<String, f64> {
    measured(row).values()
}

fn measured(row: &Row) -> Measured<'_> {
    Measured {
        judge: row.judge,
        scores: row.scores.as_ref(),
        retrieval: row.retrieval.as_ref(),
    }
}

fn repeated(row: &Row) -> Repeated<'_> {
    Repeated {
        question: &row.question,
        category: row.category,
        repeat: row.repeat,
        labels: row.judgements.iter().map(|row| row.label).collect(),
        measured: measured(row),
    }
}

/// Where the questions of a variant were lost, by the default rules and the run's own measure.
fn losses(rows: &[Row], memories: Option<&MemoryRows>) -> LossSummary {
    let judged = rows.iter().any(|row| row.judge.is_some());
    let metric = if judged { J } else { "f1.locomo" };
    // A record without a context says nothing about what the system keeps.
    let mut contexts = rows
        .iter()
        .filter_map(|row| row.context.as_ref())
        .peekable();
    let keeps_nothing = contexts.peek().is_some()
        && contexts.all(|context| context.entries == 0)
        && memories.is_none_or(MemoryRows::is_silent);
    let rules = LossRules::default();
    let stage = |row: &Row| {
        let own = measured(row).value(rules.measure(row.category, metric));
        let facts = Facts {
            category: row.category,
            failed: row.component.is_some(),
            verdict: Verdict {
                own: own.map(|value| value >= rules.threshold),
                ..Verdict::default()
            },
            has_evidence: !row.evidence.is_empty(),
            fates: &row.fates,
            is_swapped: row.memory_of.is_some(),
            keeps_nothing,
        };
        (row.category, place(&facts, rules.needs).0)
    };
    LossSummary::new(metric, &rules, None, rows.iter().map(stage))
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
        cl100k: mean(|context| context.cl100k, true),
        o200k: mean(|context| context.o200k, true),
        cl100k_all: mean(|context| context.cl100k, false)?,
    })
}
