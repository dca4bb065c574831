//! Fitting: logistic regression with an L2 penalty, by smartcore.

use memgauge_core::{Category, ConversationId};
use rayon::prelude::*;
use smartcore::linalg::basic::arrays::Array;
use smartcore::linalg::basic::matrix::DenseMatrix;
use smartcore::linear::logistic_regression::{LogisticRegression, LogisticRegressionParameters};

use super::features::{Answered, Embed, FEATURES, FEATURES_VERSION, Features, features};
use super::labelled::LabelledSystem;
use super::model::{FittedOn, MODEL_VERSION, Surrogate, SurrogateError, Weight};

/// Penalty of the committed model.
pub const ALPHA: f64 = 10.0;

/// What fits, with the version in the workspace's manifest.
const FITTED_WITH: &str = "smartcore 0.7 LogisticRegression (L-BFGS)";

const NOTE: &str = "J~: an estimate of what an LLM judge would say, from text features of question, gold answer and \
                    answer. It is no judge. Fitted weights only: no text of the data is in this file.";

/// The answers of a system as numbers.
#[derive(Debug, Clone)]
pub struct Design {
    /// Where the rows come from.
    pub source: FittedOn,
    /// Features of every answer.
    pub rows: Vec<Features>,
    /// Its label: the majority of those stored.
    pub labels: Vec<bool>,
    /// Its category.
    pub categories: Vec<Category>,
    /// Its conversation.
    pub conversations: Vec<ConversationId>,
}

impl Design {
    /// The features of every labelled answer of a system.
    #[must_use]
    pub fn new(system: &LabelledSystem, embed: &Embed<'_>) -> Self {
        let rows = system
            .answers
            .par_iter()
            .map(|answer| {
                let answered = Answered {
                    category: answer.category,
                    question: &answer.question,
                    gold: &answer.gold,
                    answer: &answer.answer,
                };
                features(answered, embed)
            })
            .collect();
        Self {
            source: system.source(),
            rows,
            labels: system.answers.iter().map(|answer| answer.label).collect(),
            categories: system
                .answers
                .iter()
                .map(|answer| answer.category)
                .collect(),
            conversations: system
                .answers
                .iter()
                .map(|answer| answer.id.conversation.clone())
                .collect(),
        }
    }

    /// The rows of all other conversations; the source stays that of the whole.
    pub(super) fn without(&self, conversation: &ConversationId) -> Self {
        fn kept<T: Clone>(values: &[T], keep: &[bool]) -> Vec<T> {
            let pairs = values.iter().zip(keep);
            pairs
                .filter(|(_, keep)| **keep)
                .map(|(value, _)| value.clone())
                .collect()
        }
        let keep: Vec<bool> = self
            .conversations
            .iter()
            .map(|of| of != conversation)
            .collect();
        Self {
            source: self.source.clone(),
            rows: kept(&self.rows, &keep),
            labels: kept(&self.labels, &keep),
            categories: kept(&self.categories, &keep),
            conversations: kept(&self.conversations, &keep),
        }
    }
}

/// Fits a model on the answers of these systems. The same answers in the same order give the same model to the bit on
/// one kind of machine: nothing in it is random or depends on threads.
///
/// # Errors
/// When all labels are the same, or there is none.
pub fn fit(designs: &[&Design], embedder: &str, alpha: f64) -> Result<Surrogate, SurrogateError> {
    let rows: Vec<&Features> = designs.iter().flat_map(|design| &design.rows).collect();
    let labels: Vec<u32> = designs
        .iter()
        .flat_map(|design| design.labels.iter().map(|label| u32::from(*label)))
        .collect();
    if !(labels.contains(&0) && labels.contains(&1)) {
        return Err(SurrogateError::Fit(format!(
            "there are {} labelled answers, and not both right and wrong ones among them",
            labels.len()
        )));
    }
    let scales: Vec<(f64, f64)> = (0..FEATURES.len())
        .map(|column| scale(rows.iter().filter_map(|row| row.get(column).copied())))
        .collect();
    let table: Vec<Vec<f64>> = rows
        .iter()
        .map(|row| {
            let cells = row.iter().zip(&scales);
            cells
                .map(|(value, (mean, scale))| (value - mean) / scale)
                .collect()
        })
        .collect();
    let failed = |error: smartcore::error::Failed| SurrogateError::Fit(error.to_string());
    let table = DenseMatrix::from_2d_vec(&table).map_err(failed)?;
    let parameters = LogisticRegressionParameters::default().with_alpha(alpha);
    let fitted = LogisticRegression::fit(&table, &labels, parameters).map_err(failed)?;
    // The crate's log odds are those of its second class.
    let sign = if fitted.classes().first() == Some(&0) {
        1.0
    } else {
        -1.0
    };
    let coefficients = fitted.coefficients();
    let weights: Vec<Weight> = FEATURES
        .into_iter()
        .zip(scales)
        .enumerate()
        .map(|(column, (feature, (mean, scale)))| Weight {
            feature: feature.to_owned(),
            mean,
            scale,
            weight: sign * coefficients.get((0, column)),
        })
        .collect();
    let intercept = sign * fitted.intercept().get((0, 0));
    if !(intercept.is_finite() && weights.iter().all(|weight| weight.weight.is_finite())) {
        return Err(SurrogateError::Fit("the fit did not converge".to_owned()));
    }
    Ok(Surrogate {
        version: MODEL_VERSION,
        note: NOTE.to_owned(),
        features_version: FEATURES_VERSION,
        embedder: embedder.to_owned(),
        alpha,
        fitted_with: FITTED_WITH.to_owned(),
        tool: env!("CARGO_PKG_VERSION").to_owned(),
        intercept,
        weights,
        fitted_on: designs.iter().map(|design| design.source.clone()).collect(),
        held_out: Vec::new(),
    })
}

/// Mean and standard deviation (n); the latter 1 where nothing varies.
fn scale(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let n = values.clone().count().max(1) as f64;
    let mean = values.clone().sum::<f64>() / n;
    let variance = values.map(|value| (value - mean).powi(2)).sum::<f64>() / n;
    let deviation = variance.sqrt();
    (mean, if deviation > 1e-12 { deviation } else { 1.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn design(n: usize, flip: usize) -> Design {
        // The label follows the first feature, but for one row in `flip`.
        let row = |index: usize| {
            let mut row = [0.0; FEATURES.len()];
            row[0] = ((index * 37) % 100) as f64 / 100.0;
            row[1] = ((index * 53) % 7) as f64;
            row
        };
        let rows: Vec<Features> = (0..n).map(row).collect();
        let labels = rows.iter().enumerate();
        Design {
            source: FittedOn {
                name: "made".to_owned(),
                source_sha256: None,
                digest: String::new(),
                n,
                right: 0,
            },
            labels: labels
                .map(|(at, row)| (row[0] > 0.5) != (at % flip == 0))
                .collect(),
            categories: vec![Category::SingleHop; n],
            conversations: (0..n)
                .map(|at| ConversationId::new(format!("c{}", at % 3)))
                .collect(),
            rows,
        }
    }

    #[test]
    fn what_decides_gets_the_weight_and_the_mean_is_met() {
        let design = design(400, 10);
        let model = fit(&[&design], "letters", 1.0).unwrap();
        model.check().unwrap();
        assert!(model.weights[0].weight > 1.0, "{:?}", model.weights[0]);
        assert!(
            model.weights[1].weight.abs() < 0.3,
            "{:?}",
            model.weights[1]
        );
        assert_eq!(model.weights[2].weight, 0.0);
        // The intercept is not penalised: mean estimate = share of right labels.
        let mean = design
            .rows
            .iter()
            .map(|row| model.of_features(row))
            .sum::<f64>()
            / 400.0;
        let right = design.labels.iter().filter(|label| **label).count() as f64 / 400.0;
        assert!((mean - right).abs() < 1e-6, "{mean} {right}");
        assert_eq!(fit(&[&design], "letters", 1.0).unwrap(), model);
    }

    #[test]
    fn an_order_of_classes_does_not_matter() {
        // The first row decides which class the crate meets first.
        let (mut a, b) = (design(300, 10), design(300, 10));
        for columns in [0, 150] {
            a.rows.rotate_left(columns);
            a.labels.rotate_left(columns);
            let (one, other) = (fit(&[&a], "x", 1.0).unwrap(), fit(&[&b], "x", 1.0).unwrap());
            assert!((one.weights[0].weight - other.weights[0].weight).abs() < 1e-4);
        }
    }

    #[test]
    fn nothing_is_fitted_to_one_kind_of_label() {
        let mut design = design(20, 5);
        design.labels = vec![true; 20];
        assert!(matches!(
            fit(&[&design], "x", 1.0),
            Err(SurrogateError::Fit(_))
        ));
    }
}
