//! Intervals for a family of comparisons under one error rate: Holm's step-down method, carried out on intervals.

use super::bootstrap::percentile_interval;
use super::holm::holm;
use super::interval::Interval;
use super::paired::two_sided;

/// One member of a family.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stepped {
    /// Two-sided probability of the bootstrap, as in [`PairedDifference`](super::PairedDifference).
    pub p_value: f64,
    /// The same, adjusted by Holm over the family.
    pub p_holm: f64,
    /// Confidence of the interval: what is left of the family's error rate at this step.
    pub confidence: f64,
    /// The interval at that confidence.
    pub interval: Interval,
}

/// Goes through a family of quantities that are 0 where nothing differs, each given as its ascending resampled values,
/// from the smallest p-value on. The i-th of m (from 0) gets an interval of confidence `1 - (1 - confidence) / (m - i)`;
/// the first one that holds 0 ends the steps, and all that are left get that same confidence (Holm 1979; for the
/// intervals of those that are left, Strassburger and Bretz 2008). So the probability that any interval excludes a 0
/// that is true is at most `1 - confidence`. The result is in the order given; `None` without resampled values.
#[must_use]
pub fn step_down(family: &[&[f64]], confidence: f64) -> Vec<Option<Stepped>> {
    let p_values: Vec<f64> = family
        .iter()
        .filter(|sorted| !sorted.is_empty())
        .map(|sorted| two_sided(sorted))
        .collect();
    let places: Vec<usize> = (0..family.len())
        .filter(|at| family.get(*at).is_some_and(|sorted| !sorted.is_empty()))
        .collect();
    let adjusted = holm(&p_values);
    let mut members: Vec<(usize, f64, f64)> = places
        .into_iter()
        .zip(p_values)
        .zip(adjusted)
        .map(|((at, p), holm)| (at, p, holm))
        .collect();
    members.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
    let mut found = vec![None; family.len()];
    let mut left = members.len();
    for (at, p_value, p_holm) in members {
        let level = 1.0 - (1.0 - confidence) / left.max(1) as f64;
        let interval = family
            .get(at)
            .and_then(|sorted| percentile_interval(sorted, level));
        let Some(interval) = interval else { continue };
        if interval.low > 0.0 || interval.high < 0.0 {
            left -= 1;
        }
        if let Some(cell) = found.get_mut(at) {
            *cell = Some(Stepped {
                p_value,
                p_holm,
                confidence: level,
                interval,
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 10,000 evenly spaced values from `low` to `high`.
    fn spread(low: f64, high: f64) -> Vec<f64> {
        (0..10_000)
            .map(|at| low + (high - low) * f64::from(at) / 9_999.0)
            .collect()
    }

    #[test]
    fn alone_it_is_the_plain_interval() {
        let values = spread(-1.0, 1.0);
        let found = step_down(&[&values], 0.95)[0].unwrap();
        assert!((found.interval.low + 0.95).abs() < 1e-3, "{found:?}");
        assert!((found.confidence - 0.95).abs() < 1e-12);
        assert!((found.p_holm - found.p_value).abs() < 1e-12);
    }

    #[test]
    fn what_is_found_leaves_more_for_the_rest() {
        let (clear, unclear) = (spread(0.5, 1.0), spread(-1.0, 1.0));
        let found = step_down(&[&unclear, &clear, &unclear], 0.95);
        let levels: Vec<f64> = found.iter().map(|one| one.unwrap().confidence).collect();
        // The clear one at 1 - 0.05/3; then none of the other two: both at 1 - 0.05/2.
        assert!((levels[1] - (1.0 - 0.05 / 3.0)).abs() < 1e-12);
        assert!((levels[0] - 0.975).abs() < 1e-12 && (levels[2] - 0.975).abs() < 1e-12);
    }

    #[test]
    fn a_single_interval_that_excludes_0_may_not_in_a_family() {
        // 2 % of the values on the wrong side: p = 0.04.
        let values = spread(-0.02, 0.98);
        let alone = step_down(&[&values], 0.95)[0].unwrap();
        assert!(alone.interval.low > 0.0 && alone.p_holm < 0.05);
        let other = spread(-1.0, 1.0);
        let together = step_down(&[&values, &other], 0.95)[0].unwrap();
        assert!(together.interval.low < 0.0 && together.p_holm > 0.05);
    }

    #[test]
    fn no_difference_at_all_has_an_interval_of_nothing() {
        let found = step_down(&[&[0.0; 100], &[]], 0.95);
        let zero = found[0].unwrap();
        assert_eq!((zero.interval.low, zero.interval.high), (0.0, 0.0));
        assert!((zero.p_value - 1.0).abs() < 1e-12);
        assert_eq!(found[1], None);
    }
}
