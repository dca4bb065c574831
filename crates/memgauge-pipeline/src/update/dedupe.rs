//! Facts that a memory says already become further sources of it.

use async_trait::async_trait;
use memgauge_core::{
    Build, BuildError, ComponentError, Cx, Fact, MemoryOp, MemoryView, Parts, UpdatePolicy,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::normal::{normal, repeat, same_speaker};

/// Adds a fact unless a memory of the same speaker and kind says it already: the same words
/// (case, spacing and punctuation aside), or a cosine of at least `threshold`. That memory then
/// keeps its text and gains the fact's turns as sources.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct DedupeConfig {
    /// Cosine similarity from which two texts count as the same. 1 leaves, apart from texts whose
    /// vectors are equal, only the comparison of words.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub threshold: f32,
    /// How many of the nearest memories are compared.
    #[schemars(range(min = 1))]
    pub similar: usize,
}

impl Default for DedupeConfig {
    fn default() -> Self {
        Self {
            threshold: 0.97,
            similar: 10,
        }
    }
}

impl Build<Box<dyn UpdatePolicy>> for DedupeConfig {
    fn build(&self, _parts: &dyn Parts) -> Result<Box<dyn UpdatePolicy>, BuildError> {
        if !(0.0..=1.0).contains(&self.threshold) {
            return Err(BuildError::at(
                "threshold",
                format!("must be between 0 and 1, found {}", self.threshold),
            ));
        }
        if self.similar == 0 {
            return Err(BuildError::at("similar", "must be at least 1, found 0"));
        }
        Ok(Box::new(Dedupe {
            config: self.clone(),
        }))
    }
}

/// See [`DedupeConfig`].
#[derive(Debug, Clone)]
pub struct Dedupe {
    config: DedupeConfig,
}

impl Dedupe {
    async fn one(
        &self,
        cx: &Cx,
        fact: Fact,
        memory: &dyn MemoryView,
    ) -> Result<MemoryOp, ComponentError> {
        let text = normal(&fact.text);
        let similar = memory.similar(cx, &fact.text, self.config.similar).await?;
        let mut known = similar
            .iter()
            .filter(|near| same_speaker(&near.record, &fact));
        // Equal words go before mere nearness, whatever the embedder thinks of them.
        let twin = known
            .clone()
            .find(|near| normal(&near.record.text) == text)
            .or_else(|| known.find(|near| near.score >= self.config.threshold));
        Ok(match twin {
            Some(near) => repeat(&near.record, fact),
            None => MemoryOp::Add(fact),
        })
    }
}

#[async_trait]
impl UpdatePolicy for Dedupe {
    fn kind(&self) -> &'static str {
        "dedupe"
    }

    async fn decide(
        &self,
        cx: &Cx,
        facts: Vec<Fact>,
        memory: &dyn MemoryView,
    ) -> Result<Vec<MemoryOp>, ComponentError> {
        cx.count("update:dedupe", 1);
        let mut ops = Vec::with_capacity(facts.len());
        for fact in facts {
            ops.push(self.one(cx, fact, memory).await?);
        }
        Ok(ops)
    }
}

#[cfg(test)]
mod tests {
    use memgauge_core::{MemoryId, Source};

    use super::super::fixture::{FakeMemory, NoParts, decide, fact, turn};
    use super::*;

    fn dedupe() -> Box<dyn UpdatePolicy> {
        DedupeConfig::default().build(&NoParts).unwrap()
    }

    #[test]
    fn equal_words_become_one_more_source() {
        let memory = FakeMemory::of(&[
            (fact("Tom", "Mira rows.", 1), 1.0),
            (fact("Mira", "Mira rows.", 2), 0.9),
        ]);
        let ops = decide(&*dedupe(), vec![fact("Mira", "MIRA rows", 7)], &memory);
        assert_eq!(
            ops,
            [MemoryOp::Update {
                id: MemoryId(1),
                text: "Mira rows.".to_owned(),
                sources: vec![Source::cited(turn(7))],
                held_at: fact("Mira", "", 7).held_at,
                replaces: false,
            }]
        );
    }

    #[test]
    fn nearness_counts_from_the_threshold() {
        for (score, added) in [(0.96, true), (0.97, false), (1.0, false)] {
            let memory = FakeMemory::of(&[(fact("Mira", "Mira rows often.", 2), score)]);
            let ops = decide(
                &*dedupe(),
                vec![fact("Mira", "Mira often rows.", 7)],
                &memory,
            );
            assert_eq!(matches!(ops[0], MemoryOp::Add(_)), added, "{score}");
        }
    }

    #[test]
    fn a_fact_without_a_new_turn_changes_nothing() {
        let memory = FakeMemory::of(&[(fact("Mira", "Mira rows.", 2), 1.0)]);
        let ops = decide(&*dedupe(), vec![fact("Mira", "Mira rows.", 2)], &memory);
        assert_eq!(
            ops,
            [MemoryOp::Noop {
                because: Some(MemoryId(0)),
                text: "Mira rows.".to_owned(),
                sources: vec![Source::cited(turn(2))],
            }]
        );
    }

    #[test]
    fn another_speakers_words_are_another_fact() {
        let memory = FakeMemory::of(&[(fact("Tom", "Rowing is fun.", 2), 1.0)]);
        let ops = decide(&*dedupe(), vec![fact("Mira", "Rowing is fun.", 3)], &memory);
        assert_eq!(ops, [MemoryOp::Add(fact("Mira", "Rowing is fun.", 3))]);
    }

    #[test]
    fn thresholds_out_of_range_are_refused() {
        let config = DedupeConfig {
            threshold: 1.5,
            ..DedupeConfig::default()
        };
        let error = config.build(&NoParts).err().unwrap();
        assert_eq!(error.key.as_deref(), Some("threshold"));
    }
}
