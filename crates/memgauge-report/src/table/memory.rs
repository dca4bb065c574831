//! What memories came to, and where gold turns were lost.

use super::UNKNOWN;
use super::cell::{mark, percentiles};
use super::render::Table;
use crate::fate::Fate;
use crate::summary::Summary;

/// What ingestion cost and left behind.
pub fn memory(summary: &Summary) -> Table {
    let mut table = Table::new(&[
        "memory",
        "memories",
        "turns each",
        "operations",
        "session p50",
        "p95",
        "p99 ms",
        "all s",
    ]);
    for variant in &summary.variants {
        let kept = variant.memory.as_ref();
        let mut row = vec![
            mark(variant),
            kept.map_or_else(|| UNKNOWN.to_owned(), |kept| kept.memories.to_string()),
            kept.and_then(|kept| kept.sources_per_memory)
                .map_or_else(|| UNKNOWN.to_owned(), |mean| format!("{mean:.2}")),
            kept.map_or_else(
                || UNKNOWN.to_owned(),
                |kept| {
                    let parts: Vec<String> = kept
                        .operations
                        .iter()
                        .map(|(name, count)| format!("{name} {count}"))
                        .collect();
                    parts.join(", ")
                },
            ),
        ];
        row.extend(percentiles(variant.ingest.as_ref()));
        let spent: Vec<f64> = [variant.ingest, variant.flush]
            .into_iter()
            .flatten()
            .map(|latency| latency.total_ms / 1e3)
            .collect();
        row.push(if spent.is_empty() {
            UNKNOWN.to_owned()
        } else {
            format!("{:.2}", spent.iter().sum::<f64>())
        });
        table.rows.push(row);
    }
    table
}

/// Where gold turns were lost, as shares of all gold turns of categories 1 to 4.
pub fn losses(summary: &Summary) -> Table {
    let mut head = vec!["gold turns, %"];
    head.extend(Fate::NAMES);
    let mut table = Table::new(&head);
    for variant in &summary.variants {
        let total: u64 = variant.fates.values().sum();
        let mut row = vec![mark(variant)];
        row.extend(Fate::NAMES.iter().map(|fate| {
            let count = variant.fates.get(*fate).copied().unwrap_or(0);
            if total == 0 {
                UNKNOWN.to_owned()
            } else {
                format!("{:.1}", 100.0 * count as f64 / total as f64)
            }
        }));
        table.rows.push(row);
    }
    table
}
