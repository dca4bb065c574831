//! A history as a table.

use super::{Table, UNKNOWN};
use crate::history::{HistoryPoint, HistorySeries, is_latency};

/// How a metric's values are written.
fn formatted(metric: &str, value: f64) -> String {
    if is_latency(metric) {
        format!("{value:.3}")
    } else if metric.starts_with("tokens.") {
        format!("{value:.1}")
    } else if metric.starts_with("dollars.") {
        format!("{value:.6}")
    } else {
        format!("{:.2}", 100.0 * value)
    }
}

/// One line per run of each series: commit, value with its interval, the step from the run before, and a mark where a
/// new level begins.
pub fn history(all: &[HistorySeries]) -> Table {
    let metric = all.first().map_or("", |series| series.metric.as_str());
    let mut table = Table::new(&[
        "series", "run", "started", "commit", "n", metric, "step", "",
    ]);
    for series in all {
        let label = series.label(all);
        let mut before: Option<&HistoryPoint> = None;
        for (index, point) in series.points.iter().enumerate() {
            let interval = match (point.low, point.high) {
                (Some(low), Some(high)) => {
                    format!(" [{}, {}]", formatted(metric, low), formatted(metric, high))
                }
                _ => String::new(),
            };
            let step = before.map_or_else(
                || UNKNOWN.to_owned(),
                |before| {
                    let step = formatted(metric, point.value - before.value);
                    if step.starts_with('-') {
                        step
                    } else {
                        format!("+{step}")
                    }
                },
            );
            let is_change = series.change_points.contains(&index);
            let commit = point.commit.as_deref().unwrap_or(UNKNOWN);
            table.rows.push(vec![
                label.clone(),
                point.run.clone(),
                point.started.clone(),
                commit.get(..12).unwrap_or(commit).to_owned(),
                point.n.to_string(),
                format!("{}{interval}", formatted(metric, point.value)),
                step,
                if is_change { "change" } else { "" }.to_owned(),
            ]);
            before = Some(point);
        }
    }
    table
}
