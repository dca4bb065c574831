//! A percentile of two arms as a ratio, where both were measured in turns, round after round.

use rayon::prelude::*;

use super::bootstrap::Bootstrap;
use super::quantile::{quantile, rank};
use super::random::Xoshiro256;

/// Times of two arms over the same questions, measured in the same rounds in turns.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rounds {
    /// Per conversation its questions, per question the (first arm's, second arm's) time in every round; every question
    /// has the same number of rounds.
    pub clusters: Vec<Vec<Vec<(f64, f64)>>>,
    /// Number of rounds.
    pub rounds: usize,
}

/// A ratio with its resampled values.
#[derive(Debug, Clone, PartialEq)]
pub struct RatioResamples {
    /// Questions.
    pub n: usize,
    /// The first arm's percentile.
    pub first: f64,
    /// The second arm's percentile.
    pub second: f64,
    /// First over second: below 1 the first arm is faster.
    pub ratio: f64,
    /// Half the distance between the quantiles of the resampled ratios that lie one standard deviation off the median in
    /// a normal distribution: a few resamples full of disturbed searches do not matter.
    pub standard_error: Option<f64>,
    /// Resampled ratios, ascending.
    pub sorted: Vec<f64>,
}

impl Rounds {
    /// The fastest of the drawn rounds, per arm: what else the machine does can only add to a time (Chen and Revels
    /// 2016, section IV).
    fn fastest(times: &[(f64, f64)], drawn: &[bool]) -> (f64, f64) {
        let kept = times.iter().zip(drawn).filter(|(_, drawn)| **drawn);
        kept.fold((f64::INFINITY, f64::INFINITY), |least, (time, _)| {
            (least.0.min(time.0), least.1.min(time.1))
        })
    }
}

/// The percentile of both arms by the nearest-rank rule.
fn percentiles(pairs: &[(f64, f64)], percent: f64) -> Option<(f64, f64)> {
    let at = rank(pairs.len(), percent)?.checked_sub(1)?;
    let nth = |arm: fn(&(f64, f64)) -> f64| {
        let mut values: Vec<f64> = pairs.iter().map(arm).collect();
        (at < values.len()).then(|| *values.select_nth_unstable_by(at, f64::total_cmp).1)
    };
    Some((nth(|pair| pair.0)?, nth(|pair| pair.1)?))
}

/// See [`RatioResamples::standard_error`].
fn spread(sorted: &[f64]) -> Option<f64> {
    const BELOW: f64 = 0.158_655_254;
    Some((quantile(sorted, 1.0 - BELOW)? - quantile(sorted, BELOW)?) / 2.0)
}

fn over((first, second): (f64, f64)) -> Option<f64> {
    Some(first / second).filter(|ratio| ratio.is_finite())
}

impl Bootstrap {
    /// The ratio of a percentile over questions of the fastest of all rounds. Every resample leaves one round out (drawn
    /// with replacement, a minimum would lose too many of them: Politis and Romano 1994) and draws conversations and
    /// questions inside them, the same for both arms. `None` without questions or rounds, or where the second arm's
    /// percentile is 0.
    #[must_use]
    pub fn ratio_over_rounds(&self, rounds: &Rounds, percent: f64) -> Option<RatioResamples> {
        let all = vec![true; rounds.rounds];
        let observed: Vec<(f64, f64)> = rounds
            .clusters
            .iter()
            .flatten()
            .map(|times| Rounds::fastest(times, &all))
            .collect();
        let (first, second) = percentiles(&observed, percent)?;
        let ratio = over((first, second))?;
        let mut sorted: Vec<f64> = (0..self.resamples)
            .into_par_iter()
            .map_init(
                || {
                    (
                        vec![true; rounds.rounds],
                        Vec::with_capacity(observed.len()),
                    )
                },
                |(drawn, pairs), resample| {
                    let mut generator = Xoshiro256::stream(self.seed, resample as u64);
                    drawn.fill(true);
                    if let Some(out) = drawn.get_mut(generator.below(rounds.rounds)) {
                        *out = rounds.rounds < 2;
                    }
                    pairs.clear();
                    for _ in 0..rounds.clusters.len() {
                        let cluster = rounds
                            .clusters
                            .get(generator.below(rounds.clusters.len()))?;
                        for _ in 0..cluster.len() {
                            let times = cluster.get(generator.below(cluster.len()))?;
                            pairs.push(Rounds::fastest(times, drawn));
                        }
                    }
                    over(percentiles(pairs, percent)?)
                },
            )
            .flatten()
            .collect();
        sorted.sort_unstable_by(f64::total_cmp);
        Some(RatioResamples {
            n: observed.len(),
            first,
            second,
            ratio,
            standard_error: spread(&sorted),
            sorted,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three conversations of 40 questions in 5 rounds; the first arm takes `factor` times what the second takes, and
    /// in `disturbed` of 10 searches something else runs in between.
    fn rounds(factor: f64, disturbed: usize) -> Rounds {
        let mut generator = Xoshiro256::stream(7, 0);
        let mut time = |base: f64| {
            let noise = generator.below(1_000) as f64 / 50_000.0;
            let pause = if generator.below(10) < disturbed {
                3.0
            } else {
                0.0
            };
            base * (1.0 + noise) + pause
        };
        let clusters = (0..3)
            .map(|conversation| {
                (0..40)
                    .map(|question| {
                        let base =
                            0.2 + f64::from(conversation) / 10.0 + f64::from(question) / 200.0;
                        (0..5).map(|_| (time(base * factor), time(base))).collect()
                    })
                    .collect()
            })
            .collect();
        Rounds {
            clusters,
            rounds: 5,
        }
    }

    #[test]
    fn a_slower_arm_shows_through_disturbances() {
        let bootstrap = Bootstrap {
            resamples: 2_000,
            ..Bootstrap::default()
        };
        for disturbed in [0, 2] {
            let same = bootstrap
                .ratio_over_rounds(&rounds(1.0, disturbed), 95.0)
                .unwrap();
            assert_eq!(same.n, 120);
            assert!((same.ratio - 1.0).abs() < 0.02, "{}", same.ratio);
            let slow = bootstrap
                .ratio_over_rounds(&rounds(1.3, disturbed), 95.0)
                .unwrap();
            assert!((slow.ratio - 1.3).abs() < 0.03, "{}", slow.ratio);
            let low = slow.sorted[slow.sorted.len() / 40];
            assert!(low > 1.2, "{low}");
        }
    }

    #[test]
    fn nothing_measured_is_no_ratio() {
        let bootstrap = Bootstrap::default();
        assert_eq!(bootstrap.ratio_over_rounds(&Rounds::default(), 95.0), None);
    }
}
