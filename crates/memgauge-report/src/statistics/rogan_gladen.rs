//! Correction of a judge's score for the judge's known errors.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::bootstrap::{Bootstrap, Layout};
use super::interval::Interval;
use super::random::Xoshiro256;

/// How a judge did on answers whose worth was known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct JudgeCard {
    /// Known-right answers shown.
    pub right: usize,
    /// Known-right answers that the judge accepted.
    pub right_accepted: usize,
    /// Known-wrong answers shown.
    pub wrong: usize,
    /// Known-wrong answers that the judge accepted.
    pub wrong_accepted: usize,
}

/// A judged score corrected for the judge's errors.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CorrectedScore {
    /// The corrected share of right answers, 0 to 1.
    pub score: f64,
    /// Percentile interval, resampling the judged questions by conversation and the judge's card alike.
    pub interval: Interval,
}

impl JudgeCard {
    /// Share of known-right answers accepted; `None` if none were shown.
    #[must_use]
    pub fn sensitivity(&self) -> Option<f64> {
        share(self.right_accepted, self.right)
    }

    /// Share of known-wrong answers rejected; `None` if none were shown.
    #[must_use]
    pub fn specificity(&self) -> Option<f64> {
        Some(1.0 - share(self.wrong_accepted, self.wrong)?)
    }
}

fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// The estimator of Rogan and Gladen (1978), (J + specificity - 1) / (sensitivity + specificity - 1), held to 0 to 1.
/// `None` for a judge that does no better than a coin: it says nothing about the score.
#[must_use]
pub fn rogan_gladen(accepted: f64, sensitivity: f64, specificity: f64) -> Option<f64> {
    let skill = sensitivity + specificity - 1.0;
    (skill > 0.0).then(|| ((accepted + specificity - 1.0) / skill).clamp(0.0, 1.0))
}

impl Bootstrap {
    /// [`rogan_gladen`] of judged labels by cluster, with an interval. Resamples in which the judge does no better than
    /// a coin are left out. `None` without labels, without a card, or for a judge that does no better than a coin.
    #[must_use]
    pub fn corrected_score(
        &self,
        clusters: &[Vec<bool>],
        card: JudgeCard,
    ) -> Option<CorrectedScore> {
        let labels: Vec<bool> = clusters.iter().flatten().copied().collect();
        let judged = share(labels.iter().filter(|label| **label).count(), labels.len())?;
        let score = rogan_gladen(judged, card.sensitivity()?, card.specificity()?)?;
        let places: Vec<_> = clusters
            .iter()
            .enumerate()
            .flat_map(|(at, labels)| labels.iter().map(move |_| (at, 0)))
            .collect();
        let layout = Layout::new(&places);
        let mut scores: Vec<f64> = (0..self.resamples)
            .into_par_iter()
            .map_init(
                || vec![0u32; labels.len()],
                |counts, resample| {
                    let mut generator = Xoshiro256::stream(self.seed, resample as u64);
                    layout.draw(&mut generator, counts);
                    let (mut accepted, mut drawn) = (0u64, 0u64);
                    for (label, count) in labels.iter().zip(counts.iter()) {
                        drawn += u64::from(*count);
                        accepted += u64::from(*count) * u64::from(*label);
                    }
                    let mut redraw = |part: usize, whole: usize| {
                        let hits = (0..whole).filter(|_| generator.below(whole) < part).count();
                        share(hits, whole)
                    };
                    let sensitivity = redraw(card.right_accepted, card.right)?;
                    let specificity = 1.0 - redraw(card.wrong_accepted, card.wrong)?;
                    rogan_gladen(accepted as f64 / drawn as f64, sensitivity, specificity)
                },
            )
            .flatten()
            .collect();
        scores.sort_unstable_by(f64::total_cmp);
        Some(CorrectedScore {
            score,
            interval: self.interval(&scores)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_perfect_judge_changes_nothing_and_a_coin_says_nothing() {
        assert_eq!(rogan_gladen(0.7, 1.0, 1.0), Some(0.7));
        assert_eq!(rogan_gladen(0.7, 0.5, 0.5), None);
        assert_eq!(rogan_gladen(0.05, 0.9, 0.9), Some(0.0));
    }

    #[test]
    fn a_lenient_judge_is_corrected_down_with_a_wider_interval() {
        let clusters: Vec<Vec<bool>> = (0..10)
            .map(|c| (0..100).map(|q| (q * 7 + c) % 10 < 8).collect())
            .collect();
        let bootstrap = Bootstrap {
            resamples: 2_000,
            ..Bootstrap::default()
        };
        let exact = JudgeCard {
            right: 500,
            right_accepted: 500,
            wrong: 500,
            wrong_accepted: 0,
        };
        let lenient = JudgeCard {
            wrong_accepted: 200,
            ..exact
        };
        let plain = bootstrap.corrected_score(&clusters, exact).expect("labels");
        let corrected = bootstrap
            .corrected_score(&clusters, lenient)
            .expect("labels");
        assert!((plain.score - 0.8).abs() < 1e-12);
        assert!((corrected.score - (0.8 - 0.4) / 0.6).abs() < 1e-12);
        let width = |score: CorrectedScore| score.interval.high - score.interval.low;
        assert!(
            corrected.interval.contains(corrected.score) && width(corrected) > 1.5 * width(plain)
        );
        assert_eq!(bootstrap.corrected_score(&[], exact), None);
        assert_eq!(
            bootstrap.corrected_score(
                &clusters,
                JudgeCard {
                    right: 0,
                    right_accepted: 0,
                    ..exact
                }
            ),
            None
        );
    }
}
