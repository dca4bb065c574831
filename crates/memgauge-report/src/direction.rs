//! Which way a metric is better.

use serde::Serialize;

use crate::baseline::{COST, ERRORS, TOKENS};

/// Which way a metric is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
}

/// Which way `metric` is better, whether it is named as in baselines (`context-tokens`, `cost`, `errors`,
/// `latency.p95`) or in histories (`tokens.cl100k`, `dollars.per_question`, `latency.search.p95_ms`): less of errors,
/// latency, tokens and money, more of everything else.
pub fn direction(metric: &str) -> Direction {
    let lower = ["latency.", "tokens.", "dollars."];
    let is_cost = [TOKENS, COST, ERRORS].contains(&metric);
    if is_cost || lower.iter().any(|prefix| metric.starts_with(prefix)) {
        Direction::Lower
    } else {
        Direction::Higher
    }
}
