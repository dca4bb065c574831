//! All scores of a summary as one long table: what statistics programs like to read.

use super::{Table, UNKNOWN};
use crate::summary::{Latency, Summary};

/// One line per variant, metric and slice: number of questions, mean and 95 % interval, unrounded and from 0 to 1;
/// then one per variant and phase with its latency percentiles in milliseconds, and the tokens of its contexts.
pub fn tidy(summary: &Summary) -> Table {
    let mut table = Table::new(&[
        "system", "control", "metric", "slice", "n", "value", "low", "high",
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
            line("tokens.cl100k", "1-4", tokens.n, tokens.cl100k, None, None);
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
    table
}
