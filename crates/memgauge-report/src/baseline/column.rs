//! The columns of a baseline: metrics, and what else is known of every question.

use memgauge_core::config::unknown;

use crate::summary::{J, metric_names};

/// Tokens of the context in cl100k_base.
pub const TOKENS: &str = "context-tokens";
/// US dollars for searching and answering, with the question's share of its conversation's ingestion.
pub const COST: &str = "cost";
/// Share of the repeats that a failure of infrastructure left without an answer.
pub const ERRORS: &str = "errors";

/// Metrics that a baseline holds unless others are asked for, as far as the run has them.
pub const DEFAULT_METRICS: [&str; 9] = [
    J,
    "f1.locomo",
    "f1.set",
    "bleu1",
    "exact",
    "evidence.context",
    "evidence.recall@10",
    "evidence.recall@30",
    "evidence.recall@1024tokens",
];

/// There is no such metric.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UnknownMetric(pub String);

/// A column of a baseline by name: a metric of [`metric_names`], [`TOKENS`], [`COST`] or [`ERRORS`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricName(String);

impl MetricName {
    /// The column called `name`.
    ///
    /// # Errors
    /// When there is none, with the nearest name.
    pub fn parse(name: &str) -> Result<Self, UnknownMetric> {
        let known = measured_metrics();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        match known.contains(&name) {
            true => Ok(Self(name.to_owned())),
            false => Err(UnknownMetric(unknown("metric", name, &known))),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0
    }
}

/// All columns that a baseline can have: tokens, cost and errors, then the metrics.
#[must_use]
pub fn measured_metrics() -> Vec<String> {
    [TOKENS, COST, ERRORS]
        .into_iter()
        .map(str::to_owned)
        .chain(metric_names())
        .collect()
}

/// Decimals that a column is written with.
fn decimals(column: &str) -> usize {
    match column {
        COST => 9,
        TOKENS => 3,
        _ => 6,
    }
}

/// A value as it is written: so many decimals, without zeros at their end.
pub(super) fn written(column: &str, value: f64) -> String {
    let text = format!("{value:.*}", decimals(column));
    let text = text.trim_end_matches('0').trim_end_matches('.');
    match text {
        "-0" => "0".to_owned(),
        text => text.to_owned(),
    }
}

/// A value with what is left of it when it is written and read again.
pub(super) fn rounded(column: &str, value: f64) -> f64 {
    written(column, value).parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_come_back() {
        assert_eq!(written("f1.locomo", 2.0 / 3.0), "0.666667");
        assert_eq!(written("f1.locomo", 1.0), "1");
        assert_eq!(written("f1.locomo", -1e-9), "0");
        assert_eq!(written(TOKENS, 1200.0), "1200");
        assert_eq!(written(COST, 0.000_012_345_6), "0.000012346");
        assert!((rounded("f1.locomo", 2.0 / 3.0) - 0.666_667).abs() < f64::EPSILON);
    }

    #[test]
    fn names_are_checked() {
        assert!(MetricName::parse("evidence.recall@10").is_ok());
        assert!(MetricName::parse(COST).is_ok());
        let told = MetricName::parse("f1.locom").unwrap_err().to_string();
        assert!(told.contains("did you mean `f1.locomo`"), "{told}");
    }
}
