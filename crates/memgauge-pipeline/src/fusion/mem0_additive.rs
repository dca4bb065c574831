//! The score of mem0ai 2.0.18: cosine, BM25 and entities added up.

use memgauge_core::{Build, BuildError, FusionRanker, Hit, MemoryReader, Parts, RankedList};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::candidates::Candidates;
use super::normalise::{Normalise, Normaliser, mem0_sigmoid};

/// Name of the list of cosines.
const SEMANTIC: &str = "dense";
/// Name of the list of BM25 scores.
const LEXICAL: &str = "lexical";
/// Name of the list of gains by entities.
const ENTITIES: &str = "entities";

/// The hybrid score of mem0ai 2.0.18, made of the lists `dense`, `lexical` and `entities` (of a graph
/// `entity-links`); the last two may be missing. Only the memories of `dense` whose cosine is at least
/// `threshold` are candidates. A candidate's score is (cosine + b + e) / (1, + 1 if `lexical` found any
/// memory, + 0.5 if `entities` did): b is its BM25 score squashed by a sigmoid whose midpoint and
/// steepness follow from the number of terms searched for (up to 3: 5, 0.7; up to 6: 7, 0.6; up to 9:
/// 9, 0.5; up to 15: 10, 0.5; more: 12, 0.5), e its gain by entities.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Mem0AdditiveConfig {
    /// Cosine from which a memory is a candidate.
    #[schemars(range(min = -1.0, max = 1.0))]
    pub threshold: f32,
}

impl Default for Mem0AdditiveConfig {
    fn default() -> Self {
        Self { threshold: 0.1 }
    }
}

impl Build<Box<dyn FusionRanker>> for Mem0AdditiveConfig {
    fn build(&self, _: &dyn Parts) -> Result<Box<dyn FusionRanker>, BuildError> {
        if !(-1.0..=1.0).contains(&self.threshold) {
            return Err(BuildError::at(
                "threshold",
                format!("must be between -1 and 1, found {}", self.threshold),
            ));
        }
        Ok(Box::new(Mem0Additive(self.clone())))
    }
}

/// The score of mem0ai 2.0.18.
#[derive(Debug, Clone)]
pub struct Mem0Additive(pub Mem0AdditiveConfig);

impl Mem0Additive {
    /// The cosine of a candidate; `None` for what is none.
    fn cosine(&self, score: Option<f32>) -> Option<f64> {
        score
            .filter(|score| *score >= self.0.threshold)
            .map(f64::from)
    }
}

impl FusionRanker for Mem0Additive {
    fn kind(&self) -> &'static str {
        "mem0-additive"
    }

    fn fuse(&self, lists: &[RankedList], _: &dyn MemoryReader, k: usize) -> Vec<Hit> {
        let candidates = Candidates::of(lists);
        let column = |name: &str| lists.iter().position(|list| list.name == name);
        let scores = |column: usize| candidates.column(column).map(|cell| cell.map(|c| c.score));
        let Some(semantic) = column(SEMANTIC) else {
            return Vec::new();
        };
        let cosines: Vec<Option<f64>> = scores(semantic).map(|score| self.cosine(score)).collect();
        let mut sums: Vec<f64> = cosines
            .iter()
            .map(|cosine| cosine.unwrap_or(f64::NEG_INFINITY))
            .collect();
        let mut most = 1.0;
        // A list that found anything at all makes every score smaller, whether it found the candidate
        // or not.
        let mut add = |column: usize, weight: f64, worth: &dyn Fn(f32) -> f64| {
            let mut any = false;
            for (sum, score) in sums.iter_mut().zip(scores(column)) {
                if let Some(score) = score {
                    *sum += worth(score);
                    any = true;
                }
            }
            most += if any { weight } else { 0.0 };
        };
        if let Some(index) = column(LEXICAL)
            && let Some(list) = lists.get(index)
        {
            let sigmoid = mem0_sigmoid(list.query_terms.unwrap_or(0));
            let scale = Normaliser::of(Normalise::Sigmoid, list, sigmoid);
            add(index, 1.0, &|score| scale.apply(Some(score)));
        }
        if let Some(index) = column(ENTITIES) {
            add(index, 0.5, &|score| f64::from(score));
        }
        for sum in &mut sums {
            *sum /= most;
        }
        let count = cosines.iter().flatten().count();
        candidates.best(&sums, k.min(count))
    }
}

#[cfg(test)]
mod tests {
    use memgauge_core::{MemoryId, Scored};

    use super::*;
    use crate::retriever::fake::FakeStore;

    fn list(name: &str, terms: Option<u32>, items: &[(u32, f32)]) -> RankedList {
        RankedList {
            name: name.to_owned(),
            items: items
                .iter()
                .map(|(id, score)| Scored {
                    id: MemoryId(*id),
                    score: *score,
                })
                .collect(),
            query_terms: terms,
        }
    }

    fn fused(lists: &[RankedList]) -> Vec<(u32, f64)> {
        let ranker = Mem0Additive(Mem0AdditiveConfig::default());
        let hits = ranker.fuse(lists, &FakeStore::default(), 10);
        hits.iter()
            .map(|hit| (hit.id.0, (f64::from(hit.score) * 1e4).round() / 1e4))
            .collect()
    }

    #[test]
    fn the_divisor_grows_with_the_lists_that_have_something_to_say() {
        let dense = list("dense", None, &[(1, 0.8), (2, 0.5), (3, 0.09)]);
        // Alone: the cosine, from the threshold on.
        assert_eq!(fused(std::slice::from_ref(&dense)), [(1, 0.8), (2, 0.5)]);
        // Three terms: midpoint 5, where the sigmoid is 0.5. Memory 4 is no candidate.
        let lexical = list("lexical", Some(3), &[(4, 20.0), (2, 5.0)]);
        assert_eq!(
            fused(&[dense.clone(), lexical.clone()]),
            [(2, 0.5), (1, 0.4)]
        );
        let entities = list("entities", None, &[(1, 0.45), (4, 0.5)]);
        assert_eq!(
            fused(&[dense.clone(), lexical, entities.clone()]),
            [(1, 0.5), (2, 0.4)]
        );
        assert_eq!(
            fused(&[dense.clone(), entities]),
            [(1, 0.8333), (2, 0.3333)]
        );
        // A list that found others makes all scores smaller; an empty one does not.
        let elsewhere = list("lexical", Some(3), &[(4, 9.0)]);
        assert_eq!(fused(&[dense.clone(), elsewhere]), [(1, 0.4), (2, 0.25)]);
        let nothing = list("lexical", Some(3), &[]);
        assert_eq!(fused(&[dense, nothing]), [(1, 0.8), (2, 0.5)]);
    }

    #[test]
    fn the_sigmoid_follows_the_number_of_terms() {
        for (terms, midpoint) in [(3, 5.0), (4, 7.0), (9, 9.0), (10, 10.0), (16, 12.0)] {
            let lists = [
                list("dense", None, &[(1, 0.5)]),
                list("lexical", Some(terms), &[(1, midpoint)]),
            ];
            assert_eq!(fused(&lists), [(1, 0.5)], "{terms} terms");
        }
    }

    #[test]
    fn without_cosines_there_is_no_candidate() {
        assert_eq!(fused(&[list("lexical", Some(1), &[(1, 9.0)])]), []);
    }
}
