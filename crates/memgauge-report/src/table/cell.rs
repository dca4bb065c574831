//! Numbers and names as cells of a table.

use super::UNKNOWN;
use crate::summary::{Latency, Mean, SLICES, VariantSummary};

pub(super) fn mark(variant: &VariantSummary) -> String {
    mark_name(&variant.name, variant.control)
}

/// A name, marked where it is that of a control.
pub fn mark_name(name: &str, control: bool) -> String {
    if control {
        format!("{name} *")
    } else {
        name.to_owned()
    }
}

/// Mean of a metric over categories 1 to 4.
pub fn pooled(variant: &VariantSummary, metric: &str) -> Option<Mean> {
    variant
        .scores
        .get(metric)?
        .get(SLICES[0])
        .copied()
        .flatten()
}

/// Mean x 100 of a metric over categories 1 to 4, with its interval where it has one.
pub fn with_interval(variant: &VariantSummary, metric: &str) -> String {
    percent_with_interval(pooled(variant, metric))
}

pub(super) fn percent(mean: Option<Mean>) -> String {
    mean.map_or_else(
        || UNKNOWN.to_owned(),
        |mean| format!("{:.1}", 100.0 * mean.mean),
    )
}

/// Mean of a share, or a dash.
pub fn share(mean: Option<Mean>) -> String {
    mean.map_or_else(|| UNKNOWN.to_owned(), |mean| format!("{:.3}", mean.mean))
}

/// Mean x 100 with its interval where it has one, or a dash.
pub fn percent_with_interval(mean: Option<Mean>) -> String {
    match mean {
        Some(Mean {
            mean,
            low: Some(low),
            high: Some(high),
            ..
        }) => format!(
            "{:.1} [{:.1}, {:.1}]",
            100.0 * mean,
            100.0 * low,
            100.0 * high
        ),
        other => percent(other),
    }
}

pub(super) fn percentiles(latency: Option<&Latency>) -> [String; 3] {
    match latency {
        Some(latency) => [latency.p50_ms, latency.p95_ms, latency.p99_ms].map(milliseconds),
        None => [UNKNOWN; 3].map(str::to_owned),
    }
}

/// p50 and p95 in seconds.
pub(super) fn percentile_seconds(latency: Option<&Latency>) -> [String; 2] {
    match latency {
        // A search without a network takes less than the thousandth that the paper writes.
        Some(latency) => [latency.p50_ms, latency.p95_ms].map(|ms| match ms < 10.0 {
            true => format!("{:.6}", ms / 1e3),
            false => format!("{:.3}", ms / 1e3),
        }),
        None => [UNKNOWN; 2].map(str::to_owned),
    }
}

/// Three significant digits.
pub fn milliseconds(ms: f64) -> String {
    if ms >= 100.0 {
        format!("{ms:.0}")
    } else if ms >= 10.0 {
        format!("{ms:.1}")
    } else if ms >= 1.0 {
        format!("{ms:.2}")
    } else {
        format!("{ms:.3}")
    }
}

/// A whole number in groups of three digits: `26,031`.
pub fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        assert_eq!(thousands(26_031.8), "26,032");
        assert_eq!(thousands(999.0), "999");
        assert_eq!(thousands(1_234_567.0), "1,234,567");
        assert_eq!(milliseconds(0.0123), "0.012");
        assert_eq!(milliseconds(1234.5), "1234");
    }
}
