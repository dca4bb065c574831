//! The four verdicts of a gate.

use serde::{Deserialize, Serialize};

use crate::statistics::{Interval, Verdict};

/// What a check found: the verdicts of a comparison under the names that a gate uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GateVerdict {
    /// Worse than the baseline.
    Regressed,
    /// The questions cannot decide.
    Underpowered,
    /// No difference found inside the margin.
    NoChange,
    /// Better than the baseline.
    Improved,
}

impl GateVerdict {
    /// The verdict on a difference that is good when positive, in the unit of `margin` and `tolerance`. Differences up to
    /// `tolerance` are no regression and no improvement, however sure they are; with a tolerance of 0 this is
    /// [`Verdict::of`].
    #[must_use]
    pub fn of(difference: Interval, margin: f64, tolerance: f64) -> Self {
        // What is sure and beyond the tolerance counts; what is not beyond it is held against the margin alone.
        let beyond = |by: f64| Interval {
            low: difference.low + by,
            high: difference.high + by,
        };
        if Verdict::of(beyond(-tolerance), margin) == Verdict::Better {
            Self::Improved
        } else if Verdict::of(beyond(tolerance), margin) == Verdict::Worse {
            Self::Regressed
        } else if difference.low >= -margin && difference.high <= margin {
            Self::NoChange
        } else {
            Self::Underpowered
        }
    }

    /// As text.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Regressed => "regressed",
            Self::Underpowered => "underpowered",
            Self::NoChange => "no change",
            Self::Improved => "improved",
        }
    }
}

impl std::fmt::Display for GateVerdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(low: f64, high: f64, tolerance: f64) -> GateVerdict {
        GateVerdict::of(Interval { low, high }, 2.0, tolerance)
    }

    #[test]
    fn without_a_tolerance_they_are_those_of_a_comparison() {
        let steps = [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0];
        for low in steps {
            for high in steps.into_iter().filter(|high| *high >= low) {
                let expected = match Verdict::of(Interval { low, high }, 2.0) {
                    Verdict::Better => GateVerdict::Improved,
                    Verdict::Worse => GateVerdict::Regressed,
                    Verdict::NoDifferenceFound => GateVerdict::NoChange,
                    Verdict::CannotTell => GateVerdict::Underpowered,
                };
                assert_eq!(of(low, high, 0.0), expected, "{low} {high}");
            }
        }
    }

    #[test]
    fn a_difference_inside_the_tolerance_is_none_however_sure() {
        assert_eq!(of(-0.9, -0.5, 1.0), GateVerdict::NoChange);
        assert_eq!(of(-1.9, -1.1, 1.0), GateVerdict::Regressed);
        assert_eq!(of(1.1, 1.2, 1.0), GateVerdict::Improved);
        assert_eq!(of(-2.5, -0.5, 1.0), GateVerdict::Underpowered);
    }
}
