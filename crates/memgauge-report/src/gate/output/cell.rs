//! Numbers of a check as text.

use crate::baseline::{COST, TOKENS};
use crate::gate::{CheckResult, GateVerdict, LATENCY, Level, Unit};
use crate::table::UNKNOWN;

/// A value in the unit that people read it in.
pub(super) fn level(metric: &str, level: Option<Level>) -> String {
    let Some(Level { value, .. }) = level else {
        return UNKNOWN.to_owned();
    };
    match metric {
        TOKENS => format!("{value:.1}"),
        COST => format!("{value:.6}"),
        LATENCY => format!("{value:.3} ms"),
        _ => format!("{:.2}", 100.0 * value),
    }
}

/// The unit of [`level`].
pub(super) fn unit_of(metric: &str) -> &'static str {
    match metric {
        TOKENS => "tokens",
        COST => "US dollars",
        LATENCY => "ms",
        _ => "points",
    }
}

/// The value in [`unit_of`].
pub(in crate::gate) fn in_unit(metric: &str, value: f64) -> f64 {
    match metric {
        TOKENS | COST | LATENCY => value,
        _ => 100.0 * value,
    }
}

/// The unit of differences.
pub(super) fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Points => "points",
        Unit::Percent => "%",
    }
}

/// `-1.2 [-2.0, -0.4]`.
pub(super) fn difference(check: &CheckResult) -> String {
    match (check.difference, check.interval) {
        (Some(difference), Some(interval)) => {
            let zero = |value: f64| if value.abs() < 0.005 { 0.0 } else { value };
            format!(
                "{:+.2} [{:+.2}, {:+.2}]",
                zero(difference),
                zero(interval.low),
                zero(interval.high)
            )
        }
        _ => UNKNOWN.to_owned(),
    }
}

/// What a check says, in one line without its name.
pub(super) fn told(check: &CheckResult) -> String {
    let mut text = check.verdict.name().to_owned();
    if check.difference.is_some() {
        text.push_str(&format!(
            ": {} {}, {} -> {}",
            difference(check),
            unit(check.unit),
            level(&check.metric, check.baseline),
            level(&check.metric, check.current),
        ));
    }
    if let Some(reason) = &check.reason {
        text.push_str(&format!("; {reason}"));
    }
    if check.verdict == GateVerdict::Underpowered {
        text.push_str(&format!("; margin {} {}", check.margin, unit(check.unit)));
        if let Some(smallest) = check.smallest_detectable {
            text.push_str(&format!(
                ", these {} questions would have shown {smallest:.2} with 80 % power",
                check.n
            ));
        }
    }
    if let Some(confirmation) = &check.confirmation {
        let word = match confirmation.confirmed {
            Some(true) => "confirmed",
            Some(false) => "not confirmed",
            None => "counts without a second look",
        };
        text.push_str(&format!("; {word}: {}", confirmation.how));
    }
    text
}
