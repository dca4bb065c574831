//! Score spread to the turns said before and after.

use std::collections::BTreeMap;

use memgauge_core::{Build, BuildError, FusionRanker, Hit, MemoryReader, Parts, Place, RankedList};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::FusionConfig;
use super::weighted::WeightedConfig;

/// Adds to each memory a share of the score of the memory said just before it and of the one said
/// just after it: an answer often stands next to the words that the question uses. Only memories whose
/// first turns follow each other inside one session are neighbours; of several memories that start
/// with the same turn the best one counts, and a memory that no list holds counts 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct NeighbourConfig {
    /// The fusion whose scores are spread.
    pub inner: Box<FusionConfig>,
    /// Share of the score of the memory said before.
    #[schemars(range(min = 0))]
    pub before: f64,
    /// Share of the score of the memory said after.
    #[schemars(range(min = 0))]
    pub after: f64,
}

impl Default for NeighbourConfig {
    fn default() -> Self {
        Self {
            inner: Box::new(WeightedConfig::default().into()),
            before: 0.4,
            after: 0.2,
        }
    }
}

impl Build<Box<dyn FusionRanker>> for NeighbourConfig {
    fn build(&self, parts: &dyn Parts) -> Result<Box<dyn FusionRanker>, BuildError> {
        for (key, share) in [("before", self.before), ("after", self.after)] {
            if !(share.is_finite() && share >= 0.0) {
                return Err(BuildError::at(key, "must be 0 or more"));
            }
        }
        Ok(Box::new(Neighbour {
            inner: self.inner.build(parts)?,
            before: self.before,
            after: self.after,
        }))
    }
}

/// Score spread to the turns said before and after.
pub struct Neighbour {
    /// The fusion whose scores are spread.
    pub inner: Box<dyn FusionRanker>,
    /// Share of the score of the memory said before.
    pub before: f64,
    /// Share of the score of the memory said after.
    pub after: f64,
}

impl FusionRanker for Neighbour {
    fn kind(&self) -> &'static str {
        "neighbour"
    }

    fn fuse(&self, lists: &[RankedList], store: &dyn MemoryReader, k: usize) -> Vec<Hit> {
        let mut hits = self.inner.fuse(lists, store, usize::MAX);
        let places: Vec<Option<Place>> = hits.iter().map(|hit| store.place(hit.id)).collect();
        // Hits come best first, so the first at a place is its best.
        let mut best: BTreeMap<Place, f64> = BTreeMap::new();
        for (hit, place) in hits.iter().zip(&places) {
            if let (Some(place), true) = (place, hit.score.is_finite()) {
                best.entry(*place).or_insert(f64::from(hit.score));
            }
        }
        let at = |place: Place, turn: Option<u32>| {
            turn.and_then(|turn| best.get(&Place { turn, ..place }))
                .copied()
                .unwrap_or(0.0)
        };
        for (hit, place) in hits.iter_mut().zip(&places) {
            let Some(place) = *place else { continue };
            let spread = self.before * at(place, place.turn.checked_sub(1))
                + self.after * at(place, place.turn.checked_add(1));
            hit.score = (f64::from(hit.score) + spread) as f32;
        }
        hits.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.id.cmp(&b.id)));
        hits.truncate(k);
        hits
    }
}
