//! A fact whose text is in the store, letter by letter, is not added again.

use async_trait::async_trait;
use memgauge_core::{
    Build, BuildError, ComponentError, Cx, Fact, MemoryOp, MemoryView, Parts, UpdatePolicy,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::normal::{noop, repeat};
use super::rules::OnRepeat;

/// ADD only, as mem0ai 2 does: a fact is added unless a memory has exactly its text (mem0 compares
/// hashes of the texts, which comes to the same). Nothing is ever changed or removed. For
/// duplicates up to case, punctuation or meaning there is `dedupe`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct HashConfig {
    /// How many of the nearest memories are compared. Equal texts have equal vectors, so that one
    /// would do, were there no others with the same vector.
    #[schemars(range(min = 1))]
    pub similar: usize,
    /// What happens to a duplicate.
    pub on_repeat: OnRepeat,
}

impl Default for HashConfig {
    fn default() -> Self {
        Self {
            similar: 10,
            on_repeat: OnRepeat::Noop,
        }
    }
}

impl Build<Box<dyn UpdatePolicy>> for HashConfig {
    fn build(&self, _parts: &dyn Parts) -> Result<Box<dyn UpdatePolicy>, BuildError> {
        if self.similar == 0 {
            return Err(BuildError::at("similar", "must be at least 1, found 0"));
        }
        Ok(Box::new(Hash(self.clone())))
    }
}

/// See [`HashConfig`].
#[derive(Debug, Clone)]
pub struct Hash(HashConfig);

#[async_trait]
impl UpdatePolicy for Hash {
    fn kind(&self) -> &'static str {
        "hash"
    }

    async fn decide(
        &self,
        cx: &Cx,
        facts: Vec<Fact>,
        memory: &dyn MemoryView,
    ) -> Result<Vec<MemoryOp>, ComponentError> {
        cx.count("update:hash", 1);
        let mut ops = Vec::with_capacity(facts.len());
        for fact in facts {
            let similar = memory.similar(cx, &fact.text, self.0.similar).await?;
            let twin = similar.iter().find(|near| near.record.text == fact.text);
            ops.push(match (twin, self.0.on_repeat) {
                (None, _) => MemoryOp::Add(fact),
                (Some(near), OnRepeat::Noop) => noop(&near.record, fact),
                (Some(near), OnRepeat::Source) => repeat(&near.record, fact),
            });
        }
        Ok(ops)
    }
}

#[cfg(test)]
mod tests {
    use memgauge_core::MemoryId;

    use super::super::fixture::{FakeMemory, NoParts, decide, fact};
    use super::*;

    #[test]
    fn only_the_very_same_text_is_a_duplicate() {
        let policy = HashConfig::default().build(&NoParts).unwrap();
        let memory = FakeMemory::of(&[
            (fact("Mira", "Mira sings.", 1), 1.0),
            (fact("Mira", "Mira rows.", 2), 1.0),
        ]);
        let ops = decide(
            &*policy,
            vec![fact("Mira", "Mira rows.", 7), fact("Mira", "Mira rows", 8)],
            &memory,
        );
        let MemoryOp::Noop { because, .. } = &ops[0] else {
            panic!("{ops:?}");
        };
        assert_eq!(*because, Some(MemoryId(1)));
        assert_eq!(ops[1], MemoryOp::Add(fact("Mira", "Mira rows", 8)));
    }

    #[test]
    fn a_duplicate_can_become_one_more_source() {
        let config = HashConfig {
            on_repeat: OnRepeat::Source,
            ..HashConfig::default()
        };
        let policy = config.build(&NoParts).unwrap();
        let memory = FakeMemory::of(&[(fact("Mira", "Mira rows.", 2), 1.0)]);
        let ops = decide(&*policy, vec![fact("Mira", "Mira rows.", 7)], &memory);
        assert!(matches!(&ops[0], MemoryOp::Update { id, .. } if *id == MemoryId(0)));
    }
}
