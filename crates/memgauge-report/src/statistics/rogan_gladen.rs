//! Correction of a judge's score for the judge's known errors.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::bootstrap::{Bootstrap, Layout};
use super::interval::Interval;
use super::quantile::mean;
use super::random::Xoshiro256;

/// What a judge said about answers whose worth was known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum KnownLabels<'a> {
    /// Labels, 0 to 1, of the answers shown, by cluster.
    Shown(&'a [Vec<f64>]),
    /// No answer was shown; this share of them is assumed to be accepted, and has no uncertainty of its own.
    Assumed(f64),
}

/// A judged score corrected for the judge's errors.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CorrectedScore {
    /// The corrected share of right answers, 0 to 1.
    pub score: f64,
    /// Percentile interval, resampling the judged questions and the known answers alike, each by conversation.
    pub interval: Interval,
}

/// The estimator of Rogan and Gladen (1978), (J + specificity - 1) / (sensitivity + specificity - 1), held to 0 to 1.
/// `None` for a judge that does no better than a coin: it says nothing about the score.
#[must_use]
pub fn rogan_gladen(accepted: f64, sensitivity: f64, specificity: f64) -> Option<f64> {
    let skill = sensitivity + specificity - 1.0;
    (skill > 0.0).then(|| ((accepted + specificity - 1.0) / skill).clamp(0.0, 1.0))
}

/// Labels that are resampled.
struct Sample {
    layout: Layout,
    labels: Vec<f64>,
}

impl Sample {
    fn new(clusters: &[Vec<f64>]) -> Self {
        let places: Vec<_> = clusters
            .iter()
            .enumerate()
            .flat_map(|(at, labels)| labels.iter().map(move |_| (at, 0)))
            .collect();
        Self {
            layout: Layout::new(&places),
            labels: clusters.concat(),
        }
    }

    /// Mean label of one resample; `None` without labels.
    fn draw(&self, generator: &mut Xoshiro256, counts: &mut Vec<u32>) -> Option<f64> {
        counts.resize(self.labels.len(), 0);
        self.layout.draw(generator, counts);
        let (mut sum, mut drawn) = (0.0, 0.0);
        for (label, count) in self.labels.iter().zip(counts.iter()) {
            drawn += f64::from(*count);
            sum += f64::from(*count) * label;
        }
        (drawn > 0.0).then(|| sum / drawn)
    }
}

/// A share that is drawn anew in every resample, or stays as it was assumed.
enum Share {
    Drawn(Sample),
    Fixed(f64),
}

impl Share {
    fn of(known: KnownLabels<'_>) -> Self {
        match known {
            KnownLabels::Shown(clusters) => Self::Drawn(Sample::new(clusters)),
            KnownLabels::Assumed(share) => Self::Fixed(share),
        }
    }

    fn observed(&self) -> Option<f64> {
        match self {
            Self::Drawn(sample) => mean(&sample.labels),
            Self::Fixed(share) => Some(*share),
        }
    }

    fn draw(&self, generator: &mut Xoshiro256, counts: &mut Vec<u32>) -> Option<f64> {
        match self {
            Self::Drawn(sample) => sample.draw(generator, counts),
            Self::Fixed(share) => Some(*share),
        }
    }
}

impl Bootstrap {
    /// [`rogan_gladen`] of judged labels (0 to 1) by cluster, with an interval; `right` and `wrong` are what the judge
    /// said about known-right and known-wrong answers. Resamples in which the judge does no better than a coin are left
    /// out. `None` without labels, without known answers, or for a judge that does no better than a coin.
    #[must_use]
    pub fn corrected_score(
        &self,
        judged: &[Vec<f64>],
        right: KnownLabels<'_>,
        wrong: KnownLabels<'_>,
    ) -> Option<CorrectedScore> {
        let judged = Sample::new(judged);
        let (right, wrong) = (Share::of(right), Share::of(wrong));
        let score = rogan_gladen(
            mean(&judged.labels)?,
            right.observed()?,
            1.0 - wrong.observed()?,
        )?;
        let mut scores: Vec<f64> = (0..self.resamples)
            .into_par_iter()
            .map_init(Vec::new, |counts, resample| {
                let mut generator = Xoshiro256::stream(self.seed, resample as u64);
                let accepted = judged.draw(&mut generator, counts)?;
                let sensitivity = right.draw(&mut generator, counts)?;
                let specificity = 1.0 - wrong.draw(&mut generator, counts)?;
                rogan_gladen(accepted, sensitivity, specificity)
            })
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

    /// `accepted` of 100 answers in each of ten conversations.
    fn labels(accepted: usize) -> Vec<Vec<f64>> {
        let label = |q: usize, c: usize| f64::from(u8::from((q * 7 + c) % 100 < accepted));
        (0..10)
            .map(|c| (0..100).map(|q| label(q, c)).collect())
            .collect()
    }

    #[test]
    fn a_lenient_judge_is_corrected_down_with_a_wider_interval() {
        let bootstrap = Bootstrap {
            resamples: 2_000,
            ..Bootstrap::default()
        };
        let (judged, all, none, some) = (labels(80), labels(100), labels(0), labels(40));
        let score = |wrong: &[Vec<f64>]| {
            let right = KnownLabels::Shown(&all);
            bootstrap.corrected_score(&judged, right, KnownLabels::Shown(wrong))
        };
        let plain = score(&none).expect("labels");
        let corrected = score(&some).expect("labels");
        assert!((plain.score - 0.8).abs() < 1e-12);
        assert!((corrected.score - (0.8 - 0.4) / 0.6).abs() < 1e-12);
        let width = |score: CorrectedScore| score.interval.high - score.interval.low;
        assert!(
            corrected.interval.contains(corrected.score) && width(corrected) > 1.5 * width(plain)
        );
        // An assumption that says the same adds no width.
        let assumed = bootstrap
            .corrected_score(
                &judged,
                KnownLabels::Assumed(1.0),
                KnownLabels::Assumed(0.4),
            )
            .expect("labels");
        assert_eq!(assumed.score, corrected.score);
        assert!(width(assumed) < width(corrected));
        assert_eq!(score(&all), None);
        assert_eq!(score(&[]), None);
        assert_eq!(
            bootstrap.corrected_score(&[], KnownLabels::Assumed(1.0), KnownLabels::Assumed(0.0)),
            None
        );
    }
}
