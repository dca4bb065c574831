//! The fitted model: a file that people can read.

use memgauge_core::Category;
use serde::{Deserialize, Serialize};

use super::evaluate::HeldOut;
use super::features::{Answered, Embed, FEATURES, FEATURES_VERSION, Features, features};

/// Version of the file.
pub const MODEL_VERSION: u32 = 1;

/// A model cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SurrogateError {
    /// Written by another version.
    #[error(
        "version {found}, and this memgauge reads {MODEL_VERSION}; fit it again with: memgauge surrogate fit"
    )]
    Version {
        /// Its version.
        found: u32,
    },
    /// Its features are not those of this memgauge.
    #[error(
        "its features (version {found}) are not those of this memgauge (version {FEATURES_VERSION}); fit it again \
         with: memgauge surrogate fit"
    )]
    Features {
        /// Version of its features.
        found: u32,
    },
    /// Fitted with other vectors.
    #[error("fitted with the embedder `{fitted}`, and not with `{here}`")]
    Embedder {
        /// Embedder of the fit.
        fitted: String,
        /// Embedder at hand.
        here: String,
    },
    /// Nothing to learn from.
    #[error("{0}")]
    Fit(String),
}

/// One feature: how it is scaled and what it counts for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Weight {
    /// Name in [`FEATURES`].
    pub feature: String,
    /// Mean over the answers of the fit.
    pub mean: f64,
    /// Standard deviation (n) over the answers of the fit; 1 where it never varied.
    pub scale: f64,
    /// Weight of the scaled feature in the log odds.
    pub weight: f64,
}

/// Labelled answers that a model was fitted on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FittedOn {
    /// Name of the system, as the command names it.
    pub name: String,
    /// SHA-256 of the published file, where the run was imported from one; null otherwise.
    pub source_sha256: Option<String>,
    /// BLAKE3 over what was used: category, question, gold answer, answer and label of every row.
    pub digest: String,
    /// Answers with a label.
    pub n: usize,
    /// Of these, right by the majority of their labels.
    pub right: usize,
}

/// A logistic regression over [`FEATURES`], with the record of what it was fitted on. It holds numbers alone: no text
/// of the data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Surrogate {
    /// Version of the file.
    pub version: u32,
    /// What it is, and what it is not.
    pub note: String,
    /// Version of the features.
    pub features_version: u32,
    /// Embedder of the similarities.
    pub embedder: String,
    /// Strength of the L2 penalty on the weights (sum of log losses + alpha / 2 x sum of squares).
    pub alpha: f64,
    /// What fitted it: crate and version.
    pub fitted_with: String,
    /// Version of memgauge that wrote it.
    pub tool: String,
    /// Log odds where every feature has its mean.
    pub intercept: f64,
    /// The features in order.
    pub weights: Vec<Weight>,
    /// What it was fitted on.
    pub fitted_on: Vec<FittedOn>,
    /// How models did on each system that were fitted on the others; empty with a single system.
    pub held_out: Vec<HeldOut>,
}

/// The model that comes with memgauge.
const BUILT_IN: &str = include_str!("../../data/surrogate.json");

impl Surrogate {
    /// The model that comes with memgauge.
    ///
    /// # Errors
    /// When it is not of this version.
    pub fn built_in() -> Result<Self, SurrogateError> {
        let model: Self = serde_json::from_str(BUILT_IN)
            .map_err(|error| SurrogateError::Fit(error.to_string()))?;
        model.check()?;
        Ok(model)
    }

    /// BLAKE3 of its content.
    #[must_use]
    pub fn digest(&self) -> String {
        let text = serde_json::to_vec(self).unwrap_or_default();
        blake3::hash(&text).to_hex().to_string()
    }

    /// Whether this memgauge can use it.
    ///
    /// # Errors
    /// When version or features differ.
    pub fn check(&self) -> Result<(), SurrogateError> {
        if self.version != MODEL_VERSION {
            return Err(SurrogateError::Version {
                found: self.version,
            });
        }
        let names = self.weights.iter().map(|weight| weight.feature.as_str());
        if self.features_version != FEATURES_VERSION || !names.eq(FEATURES) {
            return Err(SurrogateError::Features {
                found: self.features_version,
            });
        }
        Ok(())
    }

    /// Whether it was fitted with vectors of this embedder.
    ///
    /// # Errors
    /// When it was another one.
    pub fn check_embedder(&self, here: &str) -> Result<(), SurrogateError> {
        if self.embedder == here {
            Ok(())
        } else {
            Err(SurrogateError::Embedder {
                fitted: self.embedder.clone(),
                here: here.to_owned(),
            })
        }
    }

    /// Estimated probability, 0 to 1, that the judge of the fit accepts an answer with these features.
    #[must_use]
    pub fn of_features(&self, features: &Features) -> f64 {
        let odds: f64 = self
            .weights
            .iter()
            .zip(features)
            .map(|(weight, value)| weight.weight * (value - weight.mean) / weight.scale)
            .sum();
        1.0 / (1.0 + (-(self.intercept + odds)).exp())
    }

    /// [`Self::of_features`] of an answer; `None` in category 5, which has no gold answer.
    #[must_use]
    pub fn estimate(&self, answered: Answered<'_>, embed: &Embed<'_>) -> Option<f64> {
        (answered.category != Category::Adversarial)
            .then(|| self.of_features(&features(answered, embed)))
    }

    /// Means over the systems that were held out: agreement, AUC, and agreement of always saying what most labels
    /// say; `None` where none was held out.
    #[must_use]
    pub fn held_out_means(&self) -> Option<HeldOutMeans> {
        let mean = |value: &dyn Fn(&HeldOut) -> f64| {
            let values: Vec<f64> = self.held_out.iter().map(value).collect();
            crate::statistics::mean(&values)
        };
        Some(HeldOutMeans {
            agreement: mean(&|one| one.agreement)?,
            auc: mean(&|one| one.auc.unwrap_or(f64::NAN))?,
            majority: mean(&|one| one.majority)?,
        })
    }
}

/// Means over the systems that were held out.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct HeldOutMeans {
    /// Share of answers with the judge's label.
    pub agreement: f64,
    /// Area under the ROC curve.
    pub auc: f64,
    /// Agreement of always saying what most labels say.
    pub majority: f64,
}
