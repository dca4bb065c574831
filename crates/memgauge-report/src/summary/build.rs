//! From the files of a run to its summary.

use std::collections::{BTreeMap, BTreeSet};

use memgauge_core::{Category, CategoryNames, QuestionId};

use super::calls::{CallRows, Calls};
use super::index_error::index_errors;
use super::judge::{Judged, judge_summary};
use super::latency::{latency, replayed, total};
use super::layout::{MeanOf, layout};
use super::losses::losses;
use super::means::{context_tokens, plain_scores};
use super::memory::MemoryRows;
use super::no_op::flag_no_ops;
use super::repeats::{Repeated, repeat_summary, variance};
use super::row::{Row, count_questions, ingested};
use super::suspicion::suspicions;
use super::work::WorkRows;
use super::{DOMAINS, HEADLINES, J, Mean, REFERENCE, SLICES, Summary, VariantSummary};
use crate::manifest::{Machine, Manifest};
use crate::parquet::ParquetError;
use crate::record::{Phase, SCHEMA_VERSION, TimingRow};
use crate::rundir::{RunDir, RunDirError, files};
use crate::statistics::{Bootstrap, Column, Estimate, StatisticsError};

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
                let mut known = row.values();
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
    let tokens: Vec<Vec<Option<f64>>> = manifest
        .variants
        .iter()
        .map(|variant| {
            let mut column = vec![MeanOf::default(); questions.len()];
            for row in rows.get(&variant.name).into_iter().flatten() {
                let at = index.get(&(row.question.clone(), 0));
                if let Some(cell) = at.and_then(|at| column.get_mut(*at)) {
                    let context = row.context.as_ref();
                    cell.add(context.map(|context| context.cl100k as f64));
                }
            }
            column.into_iter().map(MeanOf::mean).collect()
        })
        .collect();
    let columns: Vec<Column<'_>> = headline
        .iter()
        .flatten()
        .chain(&tokens)
        .map(Vec::as_slice)
        .collect();
    let mut estimates = bootstrap.means(&layout, &DOMAINS, &columns)?;
    let token_estimates = estimates.split_off(manifest.variants.len() * HEADLINES.len());
    let mut estimates = estimates.into_iter();
    let mut token_estimates = token_estimates.into_iter();
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
        let repeated: Vec<Repeated<'_>> = mine.iter().map(Row::repeated).collect();
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
            tokens_by_slice: by_slice(token_estimates.next().unwrap_or_default()),
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
            let with_intervals = by_slice(estimates.next().unwrap_or_default());
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
                labels: row.labels(),
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

/// Estimates in the order of the slices, by their names.
fn by_slice(estimates: Vec<Option<Estimate>>) -> BTreeMap<String, Option<Mean>> {
    let slices = SLICES.iter().zip(estimates);
    slices
        .map(|(slice, estimate)| ((*slice).to_owned(), estimate.map(Mean::from)))
        .collect()
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
