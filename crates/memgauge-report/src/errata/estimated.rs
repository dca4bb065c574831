//! J~ under the keys of an overlay: the surrogate judge sees the gold answer, so it can be asked about each of them.

use std::collections::BTreeMap;

use memgauge_core::QuestionId;
use memgauge_dataset::Errata;
use serde::{Deserialize, Serialize};

use crate::rundir::{RunDir, RunDirError};
use crate::surrogate::{Answered, Embed, HeldOutMeans, Surrogate, answers};

/// The surrogate judge, and the vectors that it needs.
#[derive(Clone, Copy)]
pub struct Estimator<'a> {
    /// The fitted model.
    pub model: &'a Surrogate,
    /// Vectors of the embedder that it was fitted with.
    pub embed: &'a Embed<'a>,
}

impl std::fmt::Debug for Estimator<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let model = self.model.digest();
        formatter.debug_tuple("Estimator").field(&model).finish()
    }
}

/// What stands beside every J~.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EstimatedBy {
    /// BLAKE3 of the model.
    pub model: String,
    /// Systems that it was fitted on.
    pub fitted_on: Vec<String>,
    /// What it reaches on labels that it has not seen; null where that is not known.
    pub held_out: Option<HeldOutMeans>,
}

impl EstimatedBy {
    /// Of a model.
    pub(super) fn new(model: &Surrogate) -> Self {
        Self {
            model: model.digest(),
            fitted_on: model.fitted_on.iter().map(|one| one.name.clone()).collect(),
            held_out: model.held_out_means(),
        }
    }
}

/// Estimates of an answer, each `None` in category 5.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Estimated {
    /// Under the published key.
    pub(super) published: Option<f64>,
    /// Under the corrected one; `None` where nobody has corrected a wrong key.
    pub(super) corrected: Option<f64>,
}

/// Variant -> question and repeat -> estimates.
pub(super) type Estimates = BTreeMap<String, BTreeMap<(QuestionId, u32), Estimated>>;

/// Estimates every answer of a run under both keys.
pub(super) fn estimates(
    dir: &RunDir,
    errata: &Errata,
    estimator: Estimator<'_>,
) -> Result<Estimates, RunDirError> {
    let Estimator { model, embed } = estimator;
    let mut found = Estimates::new();
    let estimated = answers(dir, |question, answered| {
        let published = model.estimate(answered, embed);
        let corrected = if errata.corrupts(question) {
            let gold = errata
                .get(question)
                .and_then(|erratum| erratum.answer.as_deref());
            gold.and_then(|gold| model.estimate(Answered { gold, ..answered }, embed))
        } else {
            published
        };
        Estimated {
            published,
            corrected,
        }
    })?;
    for ((variant, question, repeat), estimated) in estimated {
        let of_variant = found.entry(variant).or_default();
        of_variant.insert((question, repeat), estimated);
    }
    Ok(found)
}
