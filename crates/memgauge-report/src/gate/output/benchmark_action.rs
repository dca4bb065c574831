//! Custom JSON of github-action-benchmark.

use serde_json::{Value, json};

use super::cell::{difference, in_unit, unit, unit_of};
use crate::direction::Direction;
use crate::gate::GateReport;

/// The current values of the metrics for which `better` holds, as the action's `customBiggerIsBetter`
/// ([`Direction::Higher`]) or `customSmallerIsBetter` reads them: one file holds one direction.
#[must_use]
pub fn benchmark_action(report: &GateReport, better: Direction) -> Value {
    let checks = report.checks.iter().filter(|check| check.better == better);
    let entries = checks.filter_map(|check| {
        let current = check.current?;
        let mut entry = json!({
            "name": format!("{} / {} / {}", check.variant, check.metric, check.slice),
            "unit": unit_of(&check.metric),
            "value": in_unit(&check.metric, current.value),
            "extra": format!(
                "{}; {} {} against the baseline; n = {}",
                check.verdict.name(),
                difference(check),
                unit(check.unit),
                check.n
            ),
        });
        if let Some(interval) = current.interval {
            let half = in_unit(&check.metric, (interval.high - interval.low) / 2.0);
            entry["range"] = json!(format!("\u{b1} {half:.4}"));
        }
        Some(entry)
    });
    Value::Array(entries.collect())
}
