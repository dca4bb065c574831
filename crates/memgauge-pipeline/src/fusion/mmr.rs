//! Maximal marginal relevance.

use memgauge_core::{Build, BuildError, FusionRanker, Hit, MemoryReader, Parts, RankedList};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::FusionConfig;
use super::weighted::WeightedConfig;

/// Maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998): memories are taken one by one, each
/// time the one with the largest lambda x relevance - (1 - lambda) x largest cosine to one already
/// taken. Relevance is the inner fusion's score divided by its best. Only the order changes: hits keep
/// the inner fusion's scores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct MmrConfig {
    /// The fusion that says what is relevant.
    pub inner: Box<FusionConfig>,
    /// Weight of relevance against novelty; 1 = the inner fusion's order.
    #[schemars(range(min = 0, max = 1))]
    pub lambda: f64,
    /// How many of the inner fusion's best are reordered; the others follow in their order.
    #[schemars(range(min = 1))]
    pub depth: usize,
}

impl Default for MmrConfig {
    fn default() -> Self {
        Self {
            inner: Box::new(WeightedConfig::default().into()),
            lambda: 0.7,
            depth: 60,
        }
    }
}

impl Build<Box<dyn FusionRanker>> for MmrConfig {
    fn build(&self, parts: &dyn Parts) -> Result<Box<dyn FusionRanker>, BuildError> {
        if !(0.0..=1.0).contains(&self.lambda) {
            return Err(BuildError::at("lambda", "must lie between 0 and 1"));
        }
        if self.depth == 0 {
            return Err(BuildError::at("depth", "must be at least 1, found 0"));
        }
        Ok(Box::new(Mmr {
            inner: self.inner.build(parts)?,
            lambda: self.lambda,
            depth: self.depth,
        }))
    }
}

/// Maximal marginal relevance.
pub struct Mmr {
    /// The fusion that says what is relevant.
    pub inner: Box<dyn FusionRanker>,
    /// Weight of relevance against novelty.
    pub lambda: f64,
    /// How many of the inner fusion's best are reordered.
    pub depth: usize,
}

struct Open {
    hit: Hit,
    relevance: f64,
    /// Largest cosine to a memory already taken.
    nearest: f64,
}

impl FusionRanker for Mmr {
    fn kind(&self) -> &'static str {
        "mmr"
    }

    fn fuse(&self, lists: &[RankedList], store: &dyn MemoryReader, k: usize) -> Vec<Hit> {
        let mut head = self.inner.fuse(lists, store, k.max(self.depth));
        let tail = head.split_off(self.depth.min(head.len()));
        let best = head.first().map_or(0.0, |hit| f64::from(hit.score));
        let scale = if best > 0.0 { 1.0 / best } else { 1.0 };
        let mut open: Vec<Open> = head
            .into_iter()
            .map(|hit| Open {
                relevance: f64::from(hit.score) * scale,
                nearest: 0.0,
                hit,
            })
            .collect();
        let mut taken: Vec<Hit> = Vec::with_capacity(open.len() + tail.len());
        while !open.is_empty() {
            let value = |open: &Open| {
                let value = self.lambda * open.relevance - (1.0 - self.lambda) * open.nearest;
                if value.is_nan() {
                    f64::NEG_INFINITY
                } else {
                    value
                }
            };
            // `open` stays in the inner fusion's order, so the first of equals is the one it prefers.
            let mut next = 0;
            for (index, candidate) in open.iter().enumerate() {
                if open
                    .get(next)
                    .is_some_and(|best| value(candidate) > value(best))
                {
                    next = index;
                }
            }
            let chosen = open.remove(next).hit;
            if self.lambda < 1.0 {
                for candidate in &mut open {
                    if let Some(cosine) = store.similarity(chosen.id, candidate.hit.id) {
                        candidate.nearest = candidate.nearest.max(f64::from(cosine));
                    }
                }
            }
            taken.push(chosen);
        }
        taken.extend(tail);
        taken.truncate(k);
        taken
    }
}
