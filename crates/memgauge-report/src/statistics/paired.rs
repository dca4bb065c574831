//! Two arms compared on the questions that both answered.

use serde::{Deserialize, Serialize};

use super::bootstrap::{Bootstrap, Column, Domain, Layout, StatisticsError};
use super::interval::{Interval, Verdict};
use super::quantile::normal_quantile;

/// Scores closer than this are a tie: rounding, not a difference.
const TIE: f64 = 1e-12;

/// The first arm minus the second, over the questions where both have a value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PairedDifference {
    /// Questions with a value in both arms.
    pub n: usize,
    /// Mean difference, in score units.
    pub mean: f64,
    /// Its interval by the two-stage cluster bootstrap.
    pub interval: Interval,
    /// Standard deviation of the resampled differences; `None` with fewer than two of them.
    pub standard_error: Option<f64>,
    /// Two-sided probability of the bootstrap: twice the smaller share of resampled differences on one side of 0,
    /// with one added to both counts (Davison and Hinkley 1997, equation 4.11). For [`holm`](super::holm) over a
    /// family; the verdict looks at the interval.
    pub p_value: f64,
    /// Questions where the first arm scores higher.
    pub won: usize,
    /// Questions where it scores lower.
    pub lost: usize,
    /// Questions with equal scores.
    pub tied: usize,
}

impl PairedDifference {
    /// Whether a difference of one question's scores is a tie: none, or no more than rounding.
    #[must_use]
    pub fn is_tie(difference: f64) -> bool {
        difference.abs() <= TIE
    }

    /// The verdict for a score that is good when high; `margin` in score units.
    #[must_use]
    pub fn verdict(&self, margin: f64) -> Verdict {
        Verdict::of(self.interval, margin)
    }

    /// The smallest true difference that these questions would have shown with probability `power`: see
    /// [`smallest_detectable`]. `None` where all resampled differences are the same: nothing is known of their error.
    #[must_use]
    pub fn smallest_detectable(&self, confidence: f64, power: f64) -> Option<f64> {
        let error = self.standard_error.filter(|error| *error > 0.0)?;
        Some(smallest_detectable(error, confidence, power))
    }
}

/// The smallest difference that an interval of this confidence excludes 0 for with probability `power`, given the
/// bootstrap's standard error: (z of the interval's upper end + z of the power) times the error.
#[must_use]
pub fn smallest_detectable(standard_error: f64, confidence: f64, power: f64) -> f64 {
    (normal_quantile(0.5 + confidence / 2.0) + normal_quantile(power)) * standard_error
}

/// A paired difference with the resampled differences behind it, for intervals at other levels.
#[derive(Debug, Clone, PartialEq)]
pub struct PairedResamples {
    /// The difference, with its interval at the bootstrap's own level.
    pub difference: PairedDifference,
    /// Resampled mean differences, ascending.
    pub sorted: Vec<f64>,
}

impl Bootstrap {
    /// The differences of every pair of arms over every domain, as `[pair][domain]`; `None` where the two share no
    /// question. All pairs see the same resamples.
    ///
    /// # Errors
    /// If a column's length is not that of the layout (the error counts the pair's position), or a value is not finite.
    pub fn paired_differences(
        &self,
        layout: &Layout,
        domains: &[Domain<'_>],
        pairs: &[(Column<'_>, Column<'_>)],
    ) -> Result<Vec<Vec<Option<PairedDifference>>>, StatisticsError> {
        let found = self.paired_resamples(layout, domains, pairs)?;
        let of_row = |row: Vec<Option<PairedResamples>>| {
            row.into_iter()
                .map(|cell| cell.map(|cell| cell.difference))
                .collect()
        };
        Ok(found.into_iter().map(of_row).collect())
    }

    /// [`Bootstrap::paired_differences`] with the resampled differences.
    ///
    /// # Errors
    /// As there.
    pub fn paired_resamples(
        &self,
        layout: &Layout,
        domains: &[Domain<'_>],
        pairs: &[(Column<'_>, Column<'_>)],
    ) -> Result<Vec<Vec<Option<PairedResamples>>>, StatisticsError> {
        let mut differences: Vec<Vec<Option<f64>>> = Vec::with_capacity(pairs.len());
        for (column, (first, second)) in pairs.iter().enumerate() {
            if first.len() != second.len() {
                let found = if first.len() == layout.questions() {
                    second.len()
                } else {
                    first.len()
                };
                return Err(StatisticsError::Length {
                    column,
                    found,
                    expected: layout.questions(),
                });
            }
            differences.push(
                first
                    .iter()
                    .zip(*second)
                    .map(|(first, second)| Some((*first)? - (*second)?))
                    .collect(),
            );
        }
        let columns: Vec<Column<'_>> = differences.iter().map(Vec::as_slice).collect();
        let resampled = self.resample(layout, domains, &columns)?;
        let row = |(cells, column): (Vec<_>, &Column<'_>)| {
            let compare = |(cell, domain): (Option<super::bootstrap::Resampled>, &Domain<'_>)| {
                let cell = cell?;
                let estimate = self.estimate(&cell)?;
                let values = || layout.values(column, domain);
                let won = values().filter(|value| *value > TIE).count();
                let lost = values().filter(|value| *value < -TIE).count();
                let difference = PairedDifference {
                    n: estimate.n,
                    mean: estimate.mean,
                    interval: estimate.interval,
                    standard_error: estimate.standard_error,
                    p_value: two_sided(&cell.sorted),
                    won,
                    lost,
                    tied: estimate.n - won - lost,
                };
                Some(PairedResamples {
                    difference,
                    sorted: cell.sorted,
                })
            };
            cells.into_iter().zip(domains).map(compare).collect()
        };
        Ok(resampled.into_iter().zip(&columns).map(row).collect())
    }
}

/// Two-sided probability of ascending resampled differences: see [`PairedDifference::p_value`].
pub(super) fn two_sided(sorted: &[f64]) -> f64 {
    let not_above = sorted.partition_point(|value| *value <= TIE);
    let below = sorted.partition_point(|value| *value < -TIE);
    let smaller = not_above.min(sorted.len() - below);
    (2.0 * (smaller + 1) as f64 / (sorted.len() + 1) as f64).min(1.0)
}
