//! Everything of a speaker in one memory: a stress test, not a method.

use async_trait::async_trait;
use memgauge_core::{
    Build, BuildError, ComponentError, Cx, Fact, MemoryOp, MemoryView, Parts, UpdatePolicy,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A stress test for provenance, not a method to use: all facts of a speaker are merged into one
/// memory, which so has every turn among its sources and answers every question with "evidence".
/// A measure on which this policy wins rewards merging.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct MergeAllConfig {
    /// How many memories are looked at to find the speaker's: at least the number of speakers
    /// whose memories share a scope.
    #[schemars(range(min = 1))]
    pub similar: usize,
}

impl Default for MergeAllConfig {
    fn default() -> Self {
        Self { similar: 64 }
    }
}

impl Build<Box<dyn UpdatePolicy>> for MergeAllConfig {
    fn build(&self, _parts: &dyn Parts) -> Result<Box<dyn UpdatePolicy>, BuildError> {
        if self.similar == 0 {
            return Err(BuildError::at("similar", "must be at least 1, found 0"));
        }
        Ok(Box::new(MergeAll {
            similar: self.similar,
        }))
    }
}

/// See [`MergeAllConfig`].
#[derive(Debug, Clone, Copy)]
pub struct MergeAll {
    similar: usize,
}

/// The facts of `facts` by speaker, in the order in which the speakers come, each speaker's as
/// one fact.
fn merge(facts: Vec<Fact>) -> Vec<Fact> {
    let mut merged: Vec<Fact> = Vec::new();
    for fact in facts {
        match merged.iter_mut().find(|one| one.speaker == fact.speaker) {
            Some(one) => {
                one.text.push('\n');
                one.text.push_str(&fact.text);
                for source in fact.sources {
                    if !one.sources.iter().any(|known| known.turn == source.turn) {
                        one.sources.push(source);
                    }
                }
                one.held_at = one.held_at.max(fact.held_at);
            }
            None => merged.push(fact),
        }
    }
    merged
}

#[async_trait]
impl UpdatePolicy for MergeAll {
    fn kind(&self) -> &'static str {
        "merge-all"
    }

    // One operation per speaker and session: text that grows fact by fact would be embedded
    // anew for each.
    fn is_joint(&self) -> bool {
        true
    }

    async fn decide(
        &self,
        cx: &Cx,
        facts: Vec<Fact>,
        memory: &dyn MemoryView,
    ) -> Result<Vec<MemoryOp>, ComponentError> {
        cx.count("update:merge-all", 1);
        let mut ops = Vec::new();
        for fact in merge(facts) {
            let similar = memory.similar(cx, &fact.text, self.similar).await?;
            let home = similar
                .into_iter()
                .map(|near| near.record)
                .filter(|record| record.speaker == fact.speaker)
                .min_by_key(|record| record.id);
            ops.push(match home {
                Some(record) => MemoryOp::Update {
                    id: record.id,
                    text: format!("{}\n{}", record.text, fact.text),
                    sources: fact.sources,
                    held_at: fact.held_at,
                    replaces: false,
                },
                None => MemoryOp::Add(fact),
            });
        }
        Ok(ops)
    }
}

#[cfg(test)]
mod tests {
    use memgauge_core::{MemoryId, Source};

    use super::super::fixture::{FakeMemory, NoParts, decide, fact, turn};
    use super::*;

    #[test]
    fn one_memory_per_speaker_holds_every_turn() {
        let policy = MergeAllConfig::default().build(&NoParts).unwrap();
        let memory = FakeMemory::default();
        let facts = vec![
            fact("Mira", "Mira rows.", 1),
            fact("Tom", "Tom cooks.", 2),
            fact("Mira", "Mira sings.", 3),
        ];
        let ops = decide(&*policy, facts, &memory);
        let [MemoryOp::Add(mira), MemoryOp::Add(tom)] = &ops[..] else {
            panic!("{ops:?}");
        };
        assert_eq!(mira.text, "Mira rows.\nMira sings.");
        assert_eq!(
            mira.sources,
            [Source::cited(turn(1)), Source::cited(turn(3))]
        );
        assert_eq!(tom.text, "Tom cooks.");

        let memory = FakeMemory::of(&[(tom.clone(), 0.9), (mira.clone(), 0.1)]);
        let ops = decide(&*policy, vec![fact("Mira", "Mira paints.", 9)], &memory);
        assert_eq!(
            ops,
            [MemoryOp::Update {
                id: MemoryId(1),
                text: "Mira rows.\nMira sings.\nMira paints.".to_owned(),
                sources: vec![Source::cited(turn(9))],
                held_at: fact("Mira", "", 9).held_at,
                replaces: false,
            }]
        );
    }
}
