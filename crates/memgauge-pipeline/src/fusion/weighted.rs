//! Weighted sum of scores.

use memgauge_core::{Build, BuildError, FusionRanker, Hit, MemoryReader, Parts, RankedList};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::candidates::Candidates;
use super::normalise::{Normalise, Normaliser, OneOrEach, mem0_sigmoid};

/// Weighted sum of the lists' scores, each list brought to scale first. `normalise = ["none", "max"]`
/// with `weights = [1, 0.5]` adds half of a BM25 list's share of its best score to cosines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct WeightedConfig {
    /// How each list's scores are scaled: one name for all lists, or one per list.
    pub normalise: OneOrEach<Normalise>,
    /// One factor per list; none = 1 each.
    pub weights: Vec<f64>,
    /// For `sigmoid`: the score that becomes 0.5; left out = as Mem0 2.0.18, by the number of terms
    /// that the list searched for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub midpoint: Option<f64>,
    /// For `sigmoid`: the slope; left out = as Mem0 2.0.18, by the number of terms that the list
    /// searched for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steepness: Option<f64>,
}

impl Default for WeightedConfig {
    fn default() -> Self {
        Self {
            normalise: OneOrEach::One(Normalise::MinMax),
            weights: Vec::new(),
            midpoint: None,
            steepness: None,
        }
    }
}

impl Build<Box<dyn FusionRanker>> for WeightedConfig {
    fn build(&self, _: &dyn Parts) -> Result<Box<dyn FusionRanker>, BuildError> {
        check_weights(&self.weights)?;
        if matches!(&self.normalise, OneOrEach::Each(each) if each.is_empty()) {
            return Err(BuildError::at(
                "normalise",
                "an empty list: give one name, or one per ranked list",
            ));
        }
        Ok(Box::new(Weighted(self.clone())))
    }
}

/// Refuses weights that are not finite numbers.
pub(super) fn check_weights(weights: &[f64]) -> Result<(), BuildError> {
    match weights.iter().position(|weight| !weight.is_finite()) {
        Some(index) => Err(BuildError::at(
            format!("weights[{index}]"),
            "must be a finite number",
        )),
        None => Ok(()),
    }
}

/// Weighted sum of scores.
#[derive(Debug, Clone)]
pub struct Weighted(pub WeightedConfig);

impl FusionRanker for Weighted {
    fn kind(&self) -> &'static str {
        "weighted"
    }

    fn fuse(&self, lists: &[RankedList], _: &dyn MemoryReader, k: usize) -> Vec<Hit> {
        let candidates = Candidates::of(lists);
        let mut scores = vec![0.0; candidates.len()];
        for (column, list) in lists.iter().enumerate() {
            let weight = self.0.weights.get(column).copied().unwrap_or(1.0);
            // Past the end of a short list of normalisations: the scores as they are.
            let normalise = self.0.normalise.get(column).unwrap_or(Normalise::None);
            let (midpoint, steepness) = mem0_sigmoid(list.query_terms.unwrap_or(0));
            let sigmoid = (
                self.0.midpoint.unwrap_or(midpoint),
                self.0.steepness.unwrap_or(steepness),
            );
            let scale = Normaliser::of(normalise, list, sigmoid);
            for (score, cell) in scores.iter_mut().zip(candidates.column(column)) {
                *score += weight * scale.apply(cell.map(|cell| cell.score));
            }
        }
        candidates.best(&scores, k)
    }
}
