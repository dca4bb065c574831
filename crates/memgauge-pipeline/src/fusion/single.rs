//! One list as it is.

use memgauge_core::{Build, BuildError, FusionRanker, Hit, MemoryReader, Parts, RankedList};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::candidates::Candidates;

/// The first list as it is, for retrievers that make one.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct SingleConfig {}

impl Build<Box<dyn FusionRanker>> for SingleConfig {
    fn build(&self, _: &dyn Parts) -> Result<Box<dyn FusionRanker>, BuildError> {
        Ok(Box::new(Single))
    }
}

/// The first list as it is.
#[derive(Debug, Clone, Copy)]
pub struct Single;

impl FusionRanker for Single {
    fn kind(&self) -> &'static str {
        "single"
    }

    fn fuse(&self, lists: &[RankedList], _: &dyn MemoryReader, k: usize) -> Vec<Hit> {
        let candidates = Candidates::of(lists.get(..1).unwrap_or_default());
        let scores: Vec<f64> = candidates
            .column(0)
            .map(|cell| cell.map_or(f64::NEG_INFINITY, |cell| f64::from(cell.score)))
            .collect();
        let mut hits = candidates.best(&scores, k);
        for hit in &mut hits {
            hit.lists.resize(lists.len(), None);
        }
        hits
    }
}
