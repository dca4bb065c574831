//! Percentiles of raw samples.

use std::collections::BTreeMap;

use memgauge_core::ConversationId;

use super::Latency;
use crate::record::{Phase, TimingRow};
use crate::statistics::Bootstrap;

/// Latency of one phase; `None` where nothing was measured.
pub(super) fn latency(rows: &[TimingRow], phase: Phase, bootstrap: &Bootstrap) -> Option<Latency> {
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
