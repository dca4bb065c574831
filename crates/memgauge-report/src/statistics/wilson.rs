//! Wilson's interval for a share.

use super::interval::Interval;
use super::quantile::normal_quantile;

/// Wilson's score interval (1927) for `successes` of `trials` independent trials; `None` without trials or with more
/// successes than trials.
#[must_use]
pub fn wilson(successes: usize, trials: usize, confidence: f64) -> Option<Interval> {
    if successes > trials {
        return None;
    }
    wilson_of_share(successes as f64 / trials as f64, trials, confidence)
}

/// [`wilson`] of a share of `trials` that need not be whole successes, such as the mean over answers of the mean label
/// of several judgements; `None` without trials or for a share outside of 0 to 1.
#[must_use]
pub fn wilson_of_share(share: f64, trials: usize, confidence: f64) -> Option<Interval> {
    if trials == 0 || !(0.0..=1.0).contains(&share) {
        return None;
    }
    let z = normal_quantile(0.5 + confidence / 2.0);
    let n = trials as f64;
    let centre = share + z * z / (2.0 * n);
    let spread = z * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z * z / n;
    Some(Interval {
        low: ((centre - spread) / scale).max(0.0),
        high: ((centre + spread) / scale).min(1.0),
    })
}
