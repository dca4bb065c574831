//! Prediction-powered inference (Angelopoulos, Bates, Fannjiang, Jordan and Zrnic, Science 382, 2023): a mean from few
//! labels and a cheap estimate of all of them.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::bootstrap::{Bootstrap, Layout};
use super::interval::Interval;
use super::quantile::{mean, normal_quantile};
use super::random::Xoshiro256;

/// One question: the estimate of its label, and the label where it is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Predicted {
    /// Estimate, 0 to 1.
    pub estimate: f64,
    /// Label, 0 to 1; `None` for a question that was not drawn.
    pub label: Option<f64>,
}

/// How much the estimates count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Power {
    /// Wholly: the plain estimator, unbiased for every size of sample.
    #[default]
    One,
    /// By the factor that makes the interval shortest (PPI++; Angelopoulos, Duchi and Zrnic 2023), which is fitted to
    /// the labels themselves: unbiased but for a term that shrinks as 1 / labels.
    Tuned,
}

/// A score with its intervals.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SampledScore {
    /// The score, in the unit of the labels. It can lie outside of 0 to 1.
    pub score: f64,
    /// Two-stage cluster-bootstrap interval: for other questions and conversations of the same kind, like every other
    /// headline's.
    pub interval: Interval,
    /// Normal interval for what all labels of these very questions would say: only the choice of the labelled ones is
    /// uncertain.
    pub of_these_questions: Interval,
}

/// A score from a random sample of labels and estimates of all.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PredictionPowered {
    /// Questions with an estimate.
    pub questions: usize,
    /// Of these, questions with a label.
    pub labelled: usize,
    /// Factor of the estimates.
    pub lambda: f64,
    /// lambda x mean estimate of all + mean of (label - lambda x estimate) of the labelled.
    pub powered: SampledScore,
    /// Mean of the labels, without any estimate.
    pub labels_alone: SampledScore,
    /// Mean estimate of all questions, without any label.
    pub estimates_alone: f64,
    /// Labels that [`Self::labels_alone`] would have needed for the width that [`Self::powered`] has.
    pub labels_for_the_same_width: f64,
}

impl Bootstrap {
    /// The score from questions by cluster, of which those with a label must be a random sample. `None` with fewer
    /// than two labels.
    #[must_use]
    pub fn prediction_powered(
        &self,
        clusters: &[Vec<Predicted>],
        power: Power,
    ) -> Option<PredictionPowered> {
        let questions: Vec<Predicted> = clusters.iter().flatten().copied().collect();
        let labelled: Vec<(f64, f64)> = questions
            .iter()
            .filter_map(|one| Some((one.estimate, one.label?)))
            .collect();
        let (n, m) = (questions.len() as f64, labelled.len() as f64);
        let labels: Vec<f64> = labelled.iter().map(|(_, label)| *label).collect();
        let lambda = match power {
            Power::One => 1.0,
            Power::Tuned => slope(&labelled)?,
        };
        let rest: Vec<f64> = labelled
            .iter()
            .map(|(estimate, label)| label - lambda * estimate)
            .collect();
        let estimates: Vec<f64> = questions.iter().map(|one| one.estimate).collect();
        let estimates_alone = mean(&estimates)?;
        let (left, whole) = (variance(&rest)?, variance(&labels)?);

        let (mut powered, mut alone): (Vec<f64>, Vec<f64>) = self
            .resampled(clusters, &questions, lambda)
            .into_iter()
            .unzip();
        powered.sort_unstable_by(f64::total_cmp);
        alone.sort_unstable_by(f64::total_cmp);
        // Drawn without replacement: with all labels nothing is left to chance.
        let gap = 1.0 / m - 1.0 / n;
        let z = normal_quantile(0.5 + self.confidence / 2.0);
        let around = |score: f64, variance: f64| {
            let half = z * (gap * variance).max(0.0).sqrt();
            Interval {
                low: score - half,
                high: score + half,
            }
        };
        let score = lambda * estimates_alone + mean(&rest)?;
        let plain = mean(&labels)?;
        // Widths are equal where (1 / labels - 1 / n) x variance of the labels = gap x variance of the rest.
        let ratio = if whole > 0.0 { left / whole } else { 1.0 };
        Some(PredictionPowered {
            questions: questions.len(),
            labelled: labelled.len(),
            lambda,
            powered: SampledScore {
                score,
                interval: self.interval(&powered)?,
                of_these_questions: around(score, left),
            },
            labels_alone: SampledScore {
                score: plain,
                interval: self.interval(&alone)?,
                of_these_questions: around(plain, whole),
            },
            estimates_alone,
            labels_for_the_same_width: 1.0 / (1.0 / n + gap * ratio),
        })
    }

    /// Both scores of every resample; resamples without a label are left out.
    fn resampled(
        &self,
        clusters: &[Vec<Predicted>],
        questions: &[Predicted],
        lambda: f64,
    ) -> Vec<(f64, f64)> {
        let places: Vec<_> = clusters
            .iter()
            .enumerate()
            .flat_map(|(at, inside)| inside.iter().map(move |_| (at, 0)))
            .collect();
        let layout = Layout::new(&places);
        (0..self.resamples)
            .into_par_iter()
            .map_init(
                || vec![0_u32; questions.len()],
                |counts, resample| {
                    let mut generator = Xoshiro256::stream(self.seed, resample as u64);
                    layout.draw(&mut generator, counts);
                    let (mut all, mut estimates) = (0.0, 0.0);
                    let (mut known, mut labels, mut rest) = (0.0, 0.0, 0.0);
                    for (one, count) in questions.iter().zip(counts.iter()) {
                        let count = f64::from(*count);
                        all += count;
                        estimates += count * one.estimate;
                        if let Some(label) = one.label {
                            known += count;
                            labels += count * label;
                            rest += count * (label - lambda * one.estimate);
                        }
                    }
                    (known > 0.0).then(|| (lambda * estimates / all + rest / known, labels / known))
                },
            )
            .flatten()
            .collect()
    }
}

/// Variance with n - 1; `None` of fewer than two values.
fn variance(values: &[f64]) -> Option<f64> {
    super::quantile::standard_deviation(values).map(|deviation| deviation * deviation)
}

/// Covariance of estimate and label over the variance of the estimate, held to 0 to 1; 0 where the estimates do not
/// vary.
fn slope(labelled: &[(f64, f64)]) -> Option<f64> {
    let (estimates, labels): (Vec<f64>, Vec<f64>) = labelled.iter().copied().unzip();
    let (centre, middle) = (mean(&estimates)?, mean(&labels)?);
    let (mut shared, mut own) = (0.0, 0.0);
    for (estimate, label) in labelled {
        shared += (estimate - centre) * (label - middle);
        own += (estimate - centre).powi(2);
    }
    Some(if own > 0.0 {
        (shared / own).clamp(0.0, 1.0)
    } else {
        0.0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 10 conversations of 60 questions whose labels are right with the probability that the estimate says, plus a
    /// lean of the estimate.
    fn population(lean: f64, seed: u64) -> Vec<Vec<(f64, f64)>> {
        let mut generator = Xoshiro256::stream(seed, 0);
        let mut uniform = move || generator.below(1_000_000) as f64 / 1e6;
        (0..10)
            .map(|_| {
                let easy = 0.2 * uniform();
                let mut question = || {
                    let chance = (uniform() * 1.2 - 0.1 + easy).clamp(0.02, 0.98);
                    let label = f64::from(u8::from(uniform() < chance));
                    ((chance + lean).clamp(0.0, 1.0), label)
                };
                (0..60).map(|_| question()).collect()
            })
            .collect()
    }

    /// The labels of `size` questions drawn without replacement.
    fn sample(population: &[Vec<(f64, f64)>], size: usize, seed: u64) -> Vec<Vec<Predicted>> {
        let all: usize = population.iter().map(Vec::len).sum();
        let mut order: Vec<usize> = (0..all).collect();
        let mut generator = Xoshiro256::stream(seed, 1);
        for at in 0..size {
            order.swap(at, at + generator.below(all - at));
        }
        let mut known = vec![false; all];
        for at in &order[..size] {
            known[*at] = true;
        }
        let mut known = known.into_iter();
        let mut one = |(estimate, label): &(f64, f64)| Predicted {
            estimate: *estimate,
            label: known.next().unwrap().then_some(*label),
        };
        population
            .iter()
            .map(|inside| inside.iter().map(&mut one).collect())
            .collect()
    }

    const SHORT: Bootstrap = Bootstrap {
        resamples: 200,
        confidence: 0.95,
        seed: 0,
    };

    #[test]
    fn unbiased_and_covering_even_with_an_estimate_that_leans() {
        let population = population(0.15, 5);
        let labels: Vec<f64> = population
            .iter()
            .flatten()
            .map(|(_, label)| *label)
            .collect();
        let truth = mean(&labels).unwrap();
        let draws = 400;
        let found: Vec<PredictionPowered> = (0..draws)
            .map(|seed| {
                SHORT
                    .prediction_powered(&sample(&population, 120, seed), Power::One)
                    .unwrap()
            })
            .collect();
        // The estimate alone is off by more than ten points.
        assert!(found[0].estimates_alone - truth > 0.1);
        let scores: Vec<f64> = found.iter().map(|one| one.powered.score).collect();
        let error =
            super::super::quantile::standard_deviation(&scores).unwrap() / (draws as f64).sqrt();
        assert!((mean(&scores).unwrap() - truth).abs() < 3.5 * error);
        let covered = |interval: &dyn Fn(&PredictionPowered) -> Interval| {
            let inside = found.iter().filter(|one| interval(one).contains(truth));
            inside.count() as f64 / draws as f64
        };
        // 0.95 meant, standard deviation 0.011; the bootstrap's is wider, as it stands for other questions too.
        let narrow = covered(&|one| one.powered.of_these_questions);
        assert!((0.91..=0.985).contains(&narrow), "{narrow}");
        assert!(covered(&|one| one.powered.interval) >= narrow);
        // It saves labels, and the tuned one no fewer.
        let width =
            |score: SampledScore| score.of_these_questions.high - score.of_these_questions.low;
        for one in &found {
            assert!(width(one.powered) < width(one.labels_alone));
            assert!(one.labels_for_the_same_width > 120.0);
        }
    }

    #[test]
    fn the_bootstrap_covers_the_mean_behind_the_conversations() {
        // Populations from the same source; its mean label by a large draw.
        let many: Vec<f64> = (1_000..1_200)
            .flat_map(|seed| {
                population(0.0, seed)
                    .into_iter()
                    .flatten()
                    .map(|(_, label)| label)
            })
            .collect();
        let truth = mean(&many).unwrap();
        let draws = 300;
        let covered = (0..draws)
            .filter(|seed| {
                let drawn = sample(&population(0.0, *seed), 150, *seed);
                let found = SHORT.prediction_powered(&drawn, Power::Tuned).unwrap();
                found.powered.interval.contains(truth)
            })
            .count() as f64;
        // Ten clusters make the percentile interval a little too short.
        assert!(
            (0.88..=0.99).contains(&(covered / draws as f64)),
            "{covered}"
        );
    }

    #[test]
    fn all_labels_leave_nothing_to_estimate() {
        let population = population(0.1, 9);
        let whole = sample(&population, 600, 1);
        let found = SHORT.prediction_powered(&whole, Power::One).unwrap();
        assert!((found.powered.score - found.labels_alone.score).abs() < 1e-12);
        let interval = found.powered.of_these_questions;
        assert!(interval.high - interval.low < 1e-12);
        assert!((found.labels_for_the_same_width - 600.0).abs() < 1e-9);
        let one = vec![vec![Predicted {
            estimate: 0.5,
            label: Some(1.0),
        }]];
        assert!(SHORT.prediction_powered(&one, Power::One).is_none());
    }

    #[test]
    fn an_estimate_that_says_nothing_is_tuned_away() {
        let drawn = vec![
            (0..50)
                .map(|at| Predicted {
                    estimate: f64::from(at % 2),
                    label: (at < 40).then(|| f64::from((at / 2) % 2)),
                })
                .collect(),
        ];
        let tuned = SHORT.prediction_powered(&drawn, Power::Tuned).unwrap();
        assert!(tuned.lambda < 0.05, "{}", tuned.lambda);
        assert!((tuned.labels_for_the_same_width - 40.0).abs() < 1.0);
        let plain = SHORT.prediction_powered(&drawn, Power::One).unwrap();
        assert!(plain.labels_for_the_same_width < 35.0);
    }
}
