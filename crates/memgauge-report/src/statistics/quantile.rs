//! Means, standard deviations, quantiles, and the normal distribution.

/// Arithmetic mean, summed in order; `None` of nothing.
#[must_use]
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Standard deviation with n - 1; `None` of fewer than two values.
#[must_use]
pub fn standard_deviation(values: &[f64]) -> Option<f64> {
    if values.len() < 2 {
        return None;
    }
    let centre = mean(values)?;
    let squares: f64 = values.iter().map(|value| (value - centre).powi(2)).sum();
    Some((squares / (values.len() - 1) as f64).sqrt())
}

/// Quantile of ascending values by linear interpolation: type 7 of Hyndman and Fan (1996), the default of R and NumPy.
/// `fraction` is held to 0 to 1; `None` of nothing.
#[must_use]
pub fn quantile(sorted: &[f64], fraction: f64) -> Option<f64> {
    let place = sorted.len().checked_sub(1)? as f64 * fraction.clamp(0.0, 1.0);
    let below = *sorted.get(place as usize)?;
    let above = sorted.get(place as usize + 1).copied().unwrap_or(below);
    Some(below + place.fract() * (above - below))
}

/// Percentile of ascending raw samples by the nearest-rank rule: the smallest sample that at least `percent` (0 to 100,
/// so 95 for p95) of all samples do not exceed. Always one of the samples; `None` of nothing.
#[must_use]
pub fn nearest_rank(sorted: &[f64], percent: f64) -> Option<f64> {
    sorted
        .get(rank(sorted.len(), percent)?.checked_sub(1)?)
        .copied()
}

/// The rank, from 1, of [`nearest_rank`] among `count` samples.
pub(super) fn rank(count: usize, percent: f64) -> Option<usize> {
    if count == 0 {
        return None;
    }
    // Forgives the rounding of a product such as 99.9 * 1000.
    let rank = (percent.clamp(0.0, 100.0) * count as f64 / 100.0 - 1e-9).ceil();
    Some((rank as usize).clamp(1, count))
}

/// Distribution function of the standard normal, by Marsaglia's series (2004).
#[must_use]
pub fn normal_cdf(x: f64) -> f64 {
    if x < -8.0 {
        return 0.0;
    }
    if x > 8.0 {
        return 1.0;
    }
    let (mut sum, mut term, mut previous, mut odd) = (x, x, f64::NAN, 1.0);
    while sum != previous {
        odd += 2.0;
        term *= x * x / odd;
        previous = sum;
        sum += term;
    }
    0.5 + sum * (-0.5 * x * x - 0.5 * std::f64::consts::TAU.ln()).exp()
}

/// Quantile of the standard normal, by halving between -8 and 8; NaN outside 0 to 1.
#[must_use]
pub fn normal_quantile(probability: f64) -> f64 {
    if !(0.0..=1.0).contains(&probability) {
        return f64::NAN;
    }
    let (mut low, mut high) = (-8.0, 8.0);
    for _ in 0..64 {
        let middle: f64 = (low + high) / 2.0;
        if normal_cdf(middle) < probability {
            low = middle;
        } else {
            high = middle;
        }
    }
    (low + high) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_rank_is_always_a_sample() {
        let sorted: Vec<f64> = (1..=20).map(f64::from).collect();
        assert_eq!(nearest_rank(&sorted, 95.0), Some(19.0));
        assert_eq!(nearest_rank(&sorted, 95.1), Some(20.0));
        assert_eq!(nearest_rank(&sorted, 50.0), Some(10.0));
        assert_eq!(nearest_rank(&sorted, 0.0), Some(1.0));
        assert_eq!(nearest_rank(&sorted, 100.0), Some(20.0));
        assert_eq!(nearest_rank(&[7.5], 99.0), Some(7.5));
        assert_eq!(nearest_rank(&[], 99.0), None);
        let thousand: Vec<f64> = (1..=1000).map(f64::from).collect();
        assert_eq!(nearest_rank(&thousand, 99.9), Some(999.0));
    }

    #[test]
    fn nothing_has_no_statistics() {
        assert_eq!((mean(&[]), quantile(&[], 0.5)), (None, None));
        assert_eq!(standard_deviation(&[1.0]), None);
        assert_eq!(standard_deviation(&[1.0, 3.0]), Some(2.0f64.sqrt()));
    }
}
