//! Bencher Metric Format.

use serde_json::{Map, Value, json};

use super::cell::in_unit;
use crate::gate::GateReport;

/// The current values as Bencher Metric Format: benchmark -> measure -> value with the ends of its interval. A benchmark
/// is a variant, or `variant/slice` beside the first slice; a measure is a metric. Empty where nothing was computed.
#[must_use]
pub fn bencher(report: &GateReport) -> Value {
    let mut benchmarks: Map<String, Value> = Map::new();
    for check in &report.checks {
        let Some(current) = check.current else {
            continue;
        };
        let name = match check.slice.as_str() {
            "1-4" | "all" => check.variant.clone(),
            slice => format!("{}/{slice}", check.variant),
        };
        let mut measure = json!({ "value": in_unit(&check.metric, current.value) });
        if let Some(interval) = current.interval {
            measure["lower_value"] = json!(in_unit(&check.metric, interval.low));
            measure["upper_value"] = json!(in_unit(&check.metric, interval.high));
        }
        let benchmark = benchmarks.entry(name).or_insert_with(|| json!({}));
        benchmark[check.metric.as_str()] = measure;
    }
    Value::Object(benchmarks)
}
