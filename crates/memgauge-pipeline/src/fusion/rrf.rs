//! Reciprocal rank fusion.

use memgauge_core::{Build, BuildError, FusionRanker, Hit, MemoryReader, Parts, RankedList};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::candidates::Candidates;

/// Reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009): a memory scores the sum of
/// weight / (k + rank) over the lists that hold it, ranks from 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct RrfConfig {
    /// How little the top ranks stand out.
    #[schemars(range(min = 0))]
    pub k: f64,
    /// One factor per list; none = 1 each.
    pub weights: Vec<f64>,
    /// Whether a memory that a list lacks is ranked behind the list's last, in the order of ids, as if
    /// the list were complete; otherwise the list adds nothing.
    pub complete: bool,
}

impl Default for RrfConfig {
    fn default() -> Self {
        Self {
            k: 60.0,
            weights: Vec::new(),
            complete: false,
        }
    }
}

impl Build<Box<dyn FusionRanker>> for RrfConfig {
    fn build(&self, _: &dyn Parts) -> Result<Box<dyn FusionRanker>, BuildError> {
        if !(self.k.is_finite() && self.k >= 0.0) {
            return Err(BuildError::at("k", "must be 0 or more"));
        }
        super::weighted::check_weights(&self.weights)?;
        Ok(Box::new(Rrf(self.clone())))
    }
}

/// Reciprocal rank fusion.
#[derive(Debug, Clone)]
pub struct Rrf(pub RrfConfig);

impl FusionRanker for Rrf {
    fn kind(&self) -> &'static str {
        "rrf"
    }

    fn fuse(&self, lists: &[RankedList], _: &dyn MemoryReader, k: usize) -> Vec<Hit> {
        let candidates = Candidates::of(lists);
        let mut scores = vec![0.0; candidates.len()];
        for (column, list) in lists.iter().enumerate() {
            let weight = self.0.weights.get(column).copied().unwrap_or(1.0);
            let mut behind = list.items.len();
            for (score, cell) in scores.iter_mut().zip(candidates.column(column)) {
                let rank = match cell {
                    Some(cell) => f64::from(cell.rank),
                    None if self.0.complete => {
                        behind += 1;
                        behind as f64
                    }
                    None => continue,
                };
                *score += weight / (self.0.k + rank);
            }
        }
        candidates.best(&scores, k)
    }
}
