//! All scores of a summary as one long table: what statistics programs like to read.

use super::{Table, UNKNOWN};
use crate::errata::{ByKey, ErrataSummary};
use crate::summary::{Latency, SLICES, Summary};

/// One line per variant, metric and slice: number of questions, mean and 95 % interval, unrounded and from 0 to 1;
/// then one per variant and phase with its latency percentiles in milliseconds, and the tokens of its contexts. `names`
/// tells whose names the slices have.
pub fn tidy(summary: &Summary) -> Table {
    let mut table = Table::new(&[
        "system", "control", "metric", "slice", "n", "value", "low", "high", "names",
    ]);
    let number = |value: Option<f64>| value.map_or_else(|| UNKNOWN.to_owned(), |v| v.to_string());
    for variant in &summary.variants {
        let mut line = |metric: &str, slice: &str, n: usize, value, low, high| {
            table.rows.push(vec![
                variant.name.clone(),
                variant.control.to_string(),
                metric.to_owned(),
                slice.to_owned(),
                n.to_string(),
                number(value),
                number(low),
                number(high),
            ]);
        };
        for (metric, slices) in &variant.scores {
            for (slice, mean) in slices {
                let Some(mean) = mean else { continue };
                line(metric, slice, mean.n, Some(mean.mean), mean.low, mean.high);
            }
        }
        if let Some(tokens) = &variant.tokens {
            let mean = variant.tokens_by_slice.get(SLICES[0]);
            let mean = mean.copied().flatten();
            let (low, high) = mean.map_or((None, None), |mean| (mean.low, mean.high));
            line("tokens.cl100k", "1-4", tokens.n, tokens.cl100k, low, high);
            line("tokens.o200k", "1-4", tokens.n, tokens.o200k, None, None);
        }
        let phases: [(&str, Option<&Latency>); 5] = [
            ("ingest", variant.ingest.as_ref()),
            ("flush", variant.flush.as_ref()),
            ("search", variant.search.as_ref()),
            ("answer", variant.answer.as_ref()),
            ("total", variant.total.as_ref()),
        ];
        for (phase, latency) in phases {
            let Some(latency) = latency else { continue };
            let mut percentile = |name: &str, value: f64, low, high| {
                let metric = format!("latency.{phase}.{name}_ms");
                line(&metric, "all", latency.n, Some(value), low, high);
            };
            percentile("p50", latency.p50_ms, None, None);
            let (low, high) = (latency.p95_low_ms, latency.p95_high_ms);
            percentile("p95", latency.p95_ms, Some(low), Some(high));
            percentile("p99", latency.p99_ms, None, None);
        }
    }
    if let Some(errata) = &summary.errata {
        table.rows.extend(under_errata(errata));
    }
    for row in &mut table.rows {
        row.push(summary.names.name().to_owned());
    }
    table
}

/// Lines of scores under every key: metrics are named `KEY:METRIC`, J~ is `j~`, the best honest scores are those of a system
/// `ceiling`, and what J~ reaches on labels that it has not seen stands under a system `surrogate`.
fn under_errata(errata: &ErrataSummary) -> Vec<Vec<String>> {
    let mut lines = Vec::new();
    let text = |value: Option<f64>| value.map_or_else(|| UNKNOWN.to_owned(), |v| v.to_string());
    for variant in &errata.variants {
        let metrics = variant.metrics.iter().map(|(name, of)| (name.as_str(), of));
        let estimated = variant.j_estimated.iter().map(|of| ("j~", of));
        for (metric, by_key) in metrics.chain(estimated) {
            let ByKey {
                published,
                corrected,
                clean,
                corrupt,
            } = by_key;
            let keys = [
                ("published", published),
                ("corrected", corrected),
                ("clean", clean),
                ("corrupt", corrupt),
            ];
            for (key, slices) in keys {
                for (slice, mean) in slices {
                    let Some(mean) = mean else { continue };
                    lines.push(vec![
                        variant.name.clone(),
                        variant.control.to_string(),
                        format!("{key}:{metric}"),
                        slice.clone(),
                        mean.n.to_string(),
                        text(Some(mean.mean)),
                        text(mean.low),
                        text(mean.high),
                    ]);
                }
            }
        }
    }
    for (metric, slices) in &errata.ceiling.0 {
        for (slice, best) in slices {
            let n = errata.overlay.questions.get(slice).copied().unwrap_or(0);
            lines.push(vec![
                "ceiling".to_owned(),
                "true".to_owned(),
                format!("published:{metric}"),
                slice.clone(),
                n.to_string(),
                text(Some(*best)),
                UNKNOWN.to_owned(),
                UNKNOWN.to_owned(),
            ]);
        }
    }
    let held_out = errata.estimated_by.as_ref().and_then(|by| by.held_out);
    if let Some(held_out) = held_out {
        let reached = [
            ("j~:agreement", held_out.agreement),
            ("j~:majority", held_out.majority),
            ("j~:auc", held_out.auc),
        ];
        lines.extend(reached.map(|(metric, value)| {
            vec![
                "surrogate".to_owned(),
                "true".to_owned(),
                metric.to_owned(),
                SLICES[0].to_owned(),
                UNKNOWN.to_owned(),
                text(Some(value)),
                UNKNOWN.to_owned(),
                UNKNOWN.to_owned(),
            ]
        }));
    }
    lines
}
