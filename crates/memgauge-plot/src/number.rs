//! Numbers as plots write them.

use memgauge_report::table::thousands;

/// A whole number in groups of three digits; small ones with as many digits as they need.
pub(crate) fn count(value: f64) -> String {
    if value.abs() >= 10.0 || value.fract() == 0.0 {
        thousands(value)
    } else {
        short(value)
    }
}

/// A share in percent with one digit after the point: `53.4`.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.1}", 100.0 * share)
}

/// A tick on an axis of percent: no digit more than it needs.
pub(crate) fn percent_tick(share: f64) -> String {
    short(100.0 * share)
}

/// Milliseconds with their unit, three digits; seconds from a second on.
pub(crate) fn duration(ms: f64) -> String {
    if ms >= 1_000.0 {
        format!("{} s", digits(ms / 1_000.0))
    } else {
        format!("{} ms", digits(ms))
    }
}

/// US dollars, to three digits.
pub(crate) fn dollars(value: f64) -> String {
    format!("${}", digits(value))
}

/// Three digits.
fn digits(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => thousands(value),
        size if size >= 10.0 => short((value * 10.0).round() / 10.0),
        size if size >= 1.0 => short((value * 100.0).round() / 100.0),
        size if size >= 0.1 => short((value * 1e3).round() / 1e3),
        size if size >= 0.01 => short((value * 1e4).round() / 1e4),
        _ => short((value * 1e5).round() / 1e5),
    }
}

/// Without the zeros that a sum of floats leaves behind.
fn short(value: f64) -> String {
    let text = format!("{value:.6}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text.is_empty() || text == "-0" {
        "0".to_owned()
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        assert_eq!(count(26_031.0), "26,031");
        assert_eq!((count(0.0), count(0.5)), ("0".to_owned(), "0.5".to_owned()));
        assert_eq!(percent(0.534), "53.4");
        assert_eq!(percent_tick(0.1 + 0.2), "30");
        assert_eq!(duration(1.234), "1.23 ms");
        assert_eq!(duration(0.012_34), "0.0123 ms");
        assert_eq!(duration(12_345.0), "12.3 s");
        assert_eq!(dollars(0.000_31), "$0.00031");
        assert_eq!(dollars(-0.0), "$0");
    }
}
