//! Fusion rankers: several ranked lists to one. All are pure functions of the lists and of what
//! the store keeps in main memory; ties go to the lower id.

mod candidates;
mod mem0_additive;
mod mmr;
mod neighbour;
mod normalise;
mod rrf;
mod single;
mod weighted;

use memgauge_core::{BuildError, FusionRanker, registry};

pub use mem0_additive::{Mem0Additive, Mem0AdditiveConfig};
pub use mmr::{Mmr, MmrConfig};
pub use neighbour::{Neighbour, NeighbourConfig};
pub use normalise::{Normalise, Normaliser, OneOrEach};
pub use rrf::{Rrf, RrfConfig};
pub use single::{Single, SingleConfig};
pub use weighted::{Weighted, WeightedConfig};

registry! {
    /// Fusion rankers: several ranked lists to one.
    pub enum FusionConfig: "fusion" => Box<dyn FusionRanker> {
        "rrf" => Rrf(RrfConfig),
        "weighted" => Weighted(WeightedConfig),
        "neighbour" => Neighbour(NeighbourConfig),
        "mmr" => Mmr(MmrConfig),
        "single" => Single(SingleConfig),
        "mem0-additive" => Mem0Additive(Mem0AdditiveConfig),
    }
}

impl FusionConfig {
    /// Whether it can do nothing without cosines to the question.
    pub fn needs_cosines(&self) -> bool {
        match self {
            Self::Mem0Additive(_) => true,
            Self::Neighbour(config) => config.inner.needs_cosines(),
            Self::Mmr(config) => config.inner.needs_cosines(),
            Self::Rrf(_) | Self::Weighted(_) | Self::Single(_) => false,
        }
    }

    /// Checks that the values per list fit `lists` lists. A single list fits any: the first value is
    /// its own, and how it is scaled does not change its order.
    ///
    /// # Errors
    /// When there are more or fewer weights or normalisations than lists, or when lists would be
    /// ignored.
    pub fn check(&self, lists: usize) -> Result<(), BuildError> {
        let per_list = |key: &str, given: usize| {
            if given == 0 || given == lists || lists == 1 {
                return Ok(());
            }
            Err(BuildError::at(
                key,
                format!("{given} values for {lists} ranked list(s): give none or one per list"),
            ))
        };
        let inside = |error: BuildError| BuildError {
            key: Some(match error.key {
                Some(key) => format!("inner.{key}"),
                None => "inner".to_owned(),
            }),
            message: error.message,
        };
        match self {
            Self::Rrf(config) => per_list("weights", config.weights.len()),
            Self::Weighted(config) => {
                per_list("weights", config.weights.len())?;
                match &config.normalise {
                    OneOrEach::One(_) => Ok(()),
                    OneOrEach::Each(each) => per_list("normalise", each.len()),
                }
            }
            // Scores are spread and ranked anew, which would undo the order that `mmr` chose.
            Self::Neighbour(config) if matches!(*config.inner, Self::Mmr(_)) => {
                Err(BuildError::at(
                    "inner",
                    "`neighbour` would undo `mmr`: put the `neighbour` inside the `mmr`",
                ))
            }
            Self::Neighbour(config) => config.inner.check(lists).map_err(inside),
            Self::Mmr(config) => config.inner.check(lists).map_err(inside),
            Self::Single(_) if lists > 1 => Err(BuildError::new(format!(
                "`single` keeps one list, but the retriever makes {lists}"
            ))),
            // Without values per list, any number of lists will do.
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
