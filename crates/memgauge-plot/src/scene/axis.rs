//! Scales from values to pixels, and their ticks.

use plotters::coord::ranged1d::{BoldPoints, Ranged};
use plotters::coord::types::RangedCoordf64;

/// A place on an axis with what is written there.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tick {
    pub(crate) value: f64,
    pub(crate) text: String,
}

/// How values become pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scale {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
    is_log: bool,
    /// On a logarithmic scale, pixels at its beginning where 0 is.
    zero: f64,
}

/// Room for 0 on a logarithmic scale.
const ZERO: f64 = 44.0;

impl Scale {
    /// From `low` to `high`, with room around values that are all equal.
    pub(crate) fn linear(low: f64, high: f64, from: f64, to: f64) -> Self {
        let (low, high) = if high > low {
            (low, high)
        } else {
            let room = if low == 0.0 { 1.0 } else { low.abs() * 0.1 };
            (low - room, high + room)
        };
        Self {
            low,
            high,
            from,
            to,
            is_log: false,
            zero: 0.0,
        }
    }

    /// A logarithmic scale over the values above 0, with a place for 0 where one is not above it.
    pub(crate) fn log(values: &[f64], from: f64, to: f64) -> Self {
        let above = values.iter().copied().filter(|value| *value > 0.0);
        let low = above.clone().fold(f64::INFINITY, f64::min);
        let high = above.fold(0.0, f64::max);
        let (low, high) = if low.is_finite() {
            (low, high)
        } else {
            (1.0, 1.0)
        };
        // Whole decades would leave much empty; a bit on both sides does.
        let room = (high / low).powf(0.06).max(1.25);
        let has_zero = values.iter().any(|value| *value <= 0.0);
        Self {
            low: low / room,
            high: high * room,
            from,
            to,
            is_log: true,
            zero: if has_zero { ZERO } else { 0.0 },
        }
    }

    /// A scale for values that span much, or little: logarithmic where the largest is more than eight times the smallest
    /// above 0, else linear from 0.
    pub(crate) fn fitting(values: &[f64], from: f64, to: f64) -> Self {
        let above = values.iter().copied().filter(|value| *value > 0.0);
        let low = above.clone().fold(f64::INFINITY, f64::min);
        let high = above.fold(0.0, f64::max);
        if high > 8.0 * low {
            Self::log(values, from, to)
        } else {
            let high = if high > 0.0 { high * 1.08 } else { 1.0 };
            Self::linear(0.0, high, from, to)
        }
    }

    pub(crate) fn is_log(&self) -> bool {
        self.is_log
    }

    /// The pixel of a value.
    pub(crate) fn at(&self, value: f64) -> f64 {
        let signed_zero = self.zero * (self.to - self.from).signum();
        if self.is_log {
            if value <= 0.0 {
                return self.from + signed_zero / 3.0;
            }
            let share = (value / self.low).ln() / (self.high / self.low).ln();
            let from = self.from + signed_zero;
            return from + share.clamp(0.0, 1.0) * (self.to - from);
        }
        let share = (value - self.low) / (self.high - self.low);
        self.from + share * (self.to - self.from)
    }

    /// Ticks, written by `text`: about `most` on a linear scale.
    pub(crate) fn ticks(&self, most: usize, text: impl Fn(f64) -> String) -> Vec<Tick> {
        let mut values = if self.is_log {
            self.log_values()
        } else {
            let axis: RangedCoordf64 = (self.low..self.high).into();
            axis.key_points(BoldPoints(most))
        };
        values.retain(|value| (self.low..=self.high).contains(value) || *value == 0.0);
        let mut ticks: Vec<Tick> = values
            .into_iter()
            .map(|value| Tick {
                value,
                text: text(value),
            })
            .collect();
        ticks.dedup_by(|a, b| a.text == b.text);
        ticks
    }

    fn log_values(&self) -> Vec<f64> {
        let decades = (self.high / self.low).log10();
        let steps: &[f64] = if decades < 1.2 {
            &[1.0, 2.0, 3.0, 5.0, 7.0]
        } else if decades < 2.6 {
            &[1.0, 2.0, 5.0]
        } else if decades < 4.0 {
            &[1.0, 3.0]
        } else {
            &[1.0]
        };
        let mut values = Vec::new();
        if self.zero > 0.0 {
            values.push(0.0);
        }
        let (first, last) = (
            self.low.log10().floor() as i32,
            self.high.log10().ceil() as i32,
        );
        for decade in first..=last {
            for step in steps {
                let value = step * 10_f64.powi(decade);
                if (self.low..=self.high).contains(&value) {
                    values.push(value);
                }
            }
        }
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_go_where_they_belong() {
        let up = Scale::linear(0.0, 1.0, 400.0, 0.0);
        assert_eq!((up.at(0.0), up.at(0.25), up.at(1.0)), (400.0, 300.0, 0.0));
        let equal = Scale::linear(0.5, 0.5, 0.0, 100.0);
        assert!((equal.at(0.5) - 50.0).abs() < 1e-9);
        let log = Scale::log(&[10.0, 1_000.0], 0.0, 300.0);
        let (a, b, c) = (log.at(10.0), log.at(100.0), log.at(1_000.0));
        assert!((b - a - (c - b)).abs() < 1e-9 && a > 0.0 && c < 300.0);
        let with_zero = Scale::log(&[0.0, 10.0, 1_000.0], 0.0, 300.0);
        assert!(with_zero.at(0.0) < with_zero.at(10.0) - 20.0);
        assert!(Scale::log(&[], 0.0, 1.0).at(1.0).is_finite());
        assert!(!Scale::fitting(&[700.0, 900.0], 0.0, 1.0).is_log());
        assert!(Scale::fitting(&[700.0, 26_000.0], 0.0, 1.0).is_log());
        assert!(Scale::fitting(&[0.0, 0.0], 0.0, 1.0).at(0.0).is_finite());
    }

    #[test]
    fn ticks_are_round_and_inside() {
        let ticks = Scale::linear(0.13, 0.58, 0.0, 1.0).ticks(6, |v| format!("{:.0}", 100.0 * v));
        let texts: Vec<&str> = ticks.iter().map(|tick| tick.text.as_str()).collect();
        assert_eq!(texts, ["20", "30", "40", "50"]);
        let ticks = Scale::log(&[0.0, 650.0, 26_000.0], 0.0, 1.0).ticks(6, |v| format!("{v}"));
        let texts: Vec<&str> = ticks.iter().map(|tick| tick.text.as_str()).collect();
        assert_eq!(texts, ["0", "1000", "2000", "5000", "10000", "20000"]);
    }
}
