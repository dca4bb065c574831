//! Intervals, and what they say about a difference.

use serde::{Deserialize, Serialize};

/// A confidence interval, in the unit of its estimate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end, never below [`Interval::low`].
    pub high: f64,
}

impl Interval {
    /// Whether the value lies inside, ends included.
    #[must_use]
    pub fn contains(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }

    /// Both ends times a factor, for instance 100 for points. A negative factor turns the interval round.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        let (a, b) = (self.low * factor, self.high * factor);
        Self {
            low: a.min(b),
            high: a.max(b),
        }
    }
}

/// The default margin of [`Verdict::of`] in score units: two points of 100.
pub const DEFAULT_MARGIN: f64 = 0.02;

/// What a comparison of two arms found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The whole interval lies above 0.
    Better,
    /// The whole interval lies below 0.
    Worse,
    /// The interval holds 0 and lies inside the margin.
    NoDifferenceFound,
    /// The interval holds 0 and reaches beyond the margin: these questions cannot decide.
    CannotTell,
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Better => "better",
            Self::Worse => "worse",
            Self::NoDifferenceFound => "no difference found",
            Self::CannotTell => "cannot tell",
        })
    }
}

impl Verdict {
    /// The verdict on a difference that is good when positive; turn the interval round ([`Interval::scaled`] by -1)
    /// where less is better. `margin` is in the interval's unit and not negative.
    #[must_use]
    pub fn of(difference: Interval, margin: f64) -> Self {
        if difference.low > 0.0 {
            Self::Better
        } else if difference.high < 0.0 {
            Self::Worse
        } else if difference.low >= -margin && difference.high <= margin {
            Self::NoDifferenceFound
        } else {
            Self::CannotTell
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_follow_the_interval_and_the_margin() {
        let verdict = |low, high| Verdict::of(Interval { low, high }, 0.02);
        assert_eq!(verdict(0.001, 0.01), Verdict::Better);
        assert_eq!(verdict(-0.3, -0.001), Verdict::Worse);
        assert_eq!(verdict(-0.02, 0.02), Verdict::NoDifferenceFound);
        assert_eq!(verdict(0.0, 0.0), Verdict::NoDifferenceFound);
        assert_eq!(verdict(-0.01, 0.021), Verdict::CannotTell);
        assert_eq!(verdict(0.0, 0.3), Verdict::CannotTell);
    }

    #[test]
    fn scaling_by_a_negative_turns_round() {
        assert_eq!(
            Interval {
                low: -1.0,
                high: 3.0
            }
            .scaled(-1.0),
            Interval {
                low: -3.0,
                high: 1.0
            }
        );
    }
}
