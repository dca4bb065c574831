//! A number between two bounds.

use serde::Serialize;

/// Bounds of a number that is not known exactly.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Span {
    /// Lower bound.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
}

impl Span {
    /// A number that is known.
    pub fn exactly(value: f64) -> Self {
        Self {
            low: value,
            high: value,
        }
    }

    /// Whether it is known: both bounds are the same.
    pub fn is_exact(&self) -> bool {
        self.low == self.high
    }

    /// Bounds of the sum.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            low: self.low + other.low,
            high: self.high + other.high,
        }
    }

    /// Bounds of the product with a number of 0 or more.
    #[must_use]
    pub fn times(self, factor: Self) -> Self {
        Self {
            low: self.low * factor.low,
            high: self.high * factor.high,
        }
    }

    /// Whole numbers that hold it.
    #[must_use]
    pub fn rounded(self) -> Self {
        // Sums of fractions that come to a whole number are that number.
        Self {
            low: (self.low + 1e-6).floor(),
            high: (self.high - 1e-6).ceil(),
        }
    }
}

/// The sum of spans; `None` as soon as one is not known.
pub(super) fn sum(spans: impl Iterator<Item = Option<Span>>) -> Option<Span> {
    spans
        .into_iter()
        .try_fold(Span::default(), |sum, span| Some(sum.plus(span?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_added_and_multiplied() {
        let span = Span {
            low: 1.0,
            high: 3.0,
        };
        let twice = span.plus(span).times(Span {
            low: 0.5,
            high: 2.0,
        });
        assert_eq!(
            twice,
            Span {
                low: 1.0,
                high: 12.0
            }
        );
        assert!(Span::exactly(2.0).is_exact() && !span.is_exact());
        let thirds = Span::exactly(1.0 / 3.0);
        let one = thirds.plus(thirds).plus(thirds);
        assert_eq!(one.rounded(), Span::exactly(1.0));
        assert_eq!(
            Span {
                low: 1.4,
                high: 1.6
            }
            .rounded(),
            Span {
                low: 1.0,
                high: 2.0
            }
        );
    }

    #[test]
    fn one_unknown_makes_the_sum_unknown() {
        let known = Some(Span::exactly(1.0));
        assert_eq!(sum([known, known].into_iter()), Some(Span::exactly(2.0)));
        assert_eq!(sum([known, None].into_iter()), None);
    }
}
