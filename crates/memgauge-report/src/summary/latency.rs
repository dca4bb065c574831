//! Percentiles of raw samples.

use std::collections::{BTreeMap, BTreeSet};

use memgauge_core::{ConversationId, QuestionId};

use super::Latency;
use crate::record::{Phase, TimingRow};
use crate::statistics::Bootstrap;

/// One sample: a unit of work and the time it took.
type Sample<'a> = (&'a TimingRow, f64);

/// Latency of one phase; `None` where nothing was measured.
pub(super) fn latency(rows: &[TimingRow], phase: Phase, bootstrap: &Bootstrap) -> Option<Latency> {
    let rows = rows.iter().filter(|row| row.phase == phase);
    percentiles(rows.filter_map(|row| Some((row, row.ms?))), bootstrap)
}

/// Latency of search and answer of the same question together, both measured live; `None` where
/// no model behind an API answers.
pub(super) fn total(rows: &[TimingRow], bootstrap: &Bootstrap) -> Option<Latency> {
    rows.iter()
        .find(|row| row.phase == Phase::Answer && !row.traffic.is_empty())?;
    let samples = paired(rows, |row| row.ms);
    percentiles(samples.into_iter(), bootstrap)
}

/// Latencies of work whose replies were replayed, by phase.
pub(super) fn replayed(rows: &[TimingRow], bootstrap: &Bootstrap) -> BTreeMap<String, Latency> {
    let by = |phase: Phase| {
        let rows = rows.iter().filter(move |row| row.phase == phase);
        percentiles(
            rows.filter_map(|row| Some((row, row.replayed_ms?))),
            bootstrap,
        )
    };
    let is_replayed: BTreeSet<QuestionKey<'_>> = rows
        .iter()
        .filter(|row| row.replayed_ms.is_some())
        .filter_map(question)
        .collect();
    let total = paired(rows, |row| row.ms.or(row.replayed_ms))
        .into_iter()
        .filter(|(row, _)| question(row).is_some_and(|key| is_replayed.contains(&key)));
    [
        ("ingest", by(Phase::Ingest)),
        ("flush", by(Phase::Flush)),
        ("search", by(Phase::Search)),
        ("answer", by(Phase::Answer)),
        ("total", percentiles(total, bootstrap)),
    ]
    .into_iter()
    .filter_map(|(name, latency)| Some((name.to_owned(), latency?)))
    .collect()
}

type QuestionKey<'a> = (&'a QuestionId, u32);

/// The question that a search or an answer is about.
fn question(row: &TimingRow) -> Option<QuestionKey<'_>> {
    matches!(row.phase, Phase::Search | Phase::Answer)
        .then(|| Some((row.question.as_ref()?, row.repeat)))?
}

/// Per question the answer's row and the time of search and answer together, where both are known.
fn paired(rows: &[TimingRow], time: impl Fn(&TimingRow) -> Option<f64>) -> Vec<Sample<'_>> {
    let of = |phase: Phase| rows.iter().filter(move |row| row.phase == phase);
    let searches: BTreeMap<QuestionKey<'_>, &TimingRow> = of(Phase::Search)
        .filter_map(|row| Some((question(row)?, row)))
        .collect();
    of(Phase::Answer)
        .filter_map(|row| {
            let search = searches.get(&question(row)?)?;
            // The first searches of a conversation are warm-up.
            let sum = time(search)? + time(row)?;
            (!search.warm_up).then_some((row, sum))
        })
        .collect()
}

fn percentiles<'a>(
    rows: impl Iterator<Item = Sample<'a>>,
    bootstrap: &Bootstrap,
) -> Option<Latency> {
    let mut clusters: BTreeMap<&ConversationId, Vec<f64>> = BTreeMap::new();
    let mut total = 0.0;
    let mut warm_up = 0;
    let mut in_flight = 0;
    let mut loads = Vec::new();
    for (row, ms) in rows {
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
