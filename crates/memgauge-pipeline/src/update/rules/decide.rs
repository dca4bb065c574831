//! The rules policy.

use async_trait::async_trait;
use memgauge_core::{
    ComponentError, Cx, Fact, MemoryOp, MemoryRecord, MemoryView, Similar, UpdatePolicy,
};

use super::statement::Statement;
use super::{OnRepeat, RulesConfig};
use crate::update::normal::{noop, normal, repeat, same_speaker};

/// See [`RulesConfig`].
#[derive(Debug, Clone)]
pub struct Rules {
    config: RulesConfig,
}

/// What a fact is to a memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    /// The memory says it already.
    Repeats,
    /// It says what the memory says and more.
    Augments,
    /// Both cannot be true at a time.
    Contradicts,
    /// They have nothing to do with each other.
    Apart,
}

impl Rules {
    /// The policy as configured.
    pub fn new(config: RulesConfig) -> Self {
        Self { config }
    }

    fn relation(&self, fact: &Fact, new: &Statement, near: &Similar) -> Relation {
        let record = &near.record;
        let config = &self.config;
        if normal(&record.text) == normal(&fact.text) {
            return Relation::Repeats;
        }
        // Most memories are too far for any rule: do not take them apart.
        let floor = config
            .same
            .min(config.contained)
            .min(config.augment)
            .min(config.conflict);
        if near.score < floor {
            return Relation::Apart;
        }
        let old = Statement::of(&record.text, record.speaker.as_deref(), record.updated_at);
        if near.score >= config.conflict && new.contradicts(&old, config.overlap) {
            return Relation::Contradicts;
        }
        let same = near.score >= config.same && new.agrees(&old);
        if same || near.score >= config.contained && new.is_within(&old) {
            return Relation::Repeats;
        }
        if near.score >= config.augment && old.is_within(new) {
            return Relation::Augments;
        }
        Relation::Apart
    }

    async fn one(
        &self,
        cx: &Cx,
        fact: Fact,
        memory: &dyn MemoryView,
        ops: &mut Vec<MemoryOp>,
    ) -> Result<(), ComponentError> {
        let new = Statement::of(&fact.text, fact.speaker.as_deref(), fact.held_at);
        let similar = memory.similar(cx, &fact.text, self.config.similar).await?;
        let known: Vec<(Relation, &MemoryRecord)> = similar
            .iter()
            .filter(|near| same_speaker(&near.record, &fact))
            .map(|near| (self.relation(&fact, &new, near), &near.record))
            .collect();
        let nearest = |wanted: Relation| {
            let mut of = known
                .iter()
                .filter(move |(relation, _)| *relation == wanted);
            of.next().map(|(_, record)| *record)
        };
        if let Some(record) = nearest(Relation::Repeats) {
            ops.push(match self.config.on_repeat {
                OnRepeat::Source => repeat(record, fact),
                OnRepeat::Noop => noop(record, fact),
            });
        } else if let Some(record) = nearest(Relation::Contradicts) {
            let others = known.iter().filter(|(relation, other)| {
                *relation == Relation::Contradicts && other.id != record.id
            });
            ops.extend(others.map(|(_, other)| MemoryOp::Delete {
                id: other.id,
                sources: fact.sources.clone(),
                held_at: fact.held_at,
            }));
            ops.push(update(record, fact, true));
        } else if let Some(record) = nearest(Relation::Augments) {
            ops.push(update(record, fact, false));
        } else {
            ops.push(MemoryOp::Add(fact));
        }
        Ok(())
    }
}

fn update(record: &MemoryRecord, fact: Fact, replaces: bool) -> MemoryOp {
    MemoryOp::Update {
        id: record.id,
        text: fact.text,
        sources: fact.sources,
        held_at: fact.held_at,
        replaces,
    }
}

#[async_trait]
impl UpdatePolicy for Rules {
    fn kind(&self) -> &'static str {
        "rules"
    }

    async fn decide(
        &self,
        cx: &Cx,
        facts: Vec<Fact>,
        memory: &dyn MemoryView,
    ) -> Result<Vec<MemoryOp>, ComponentError> {
        cx.count("update:rules", 1);
        let mut ops = Vec::with_capacity(facts.len());
        for fact in facts {
            self.one(cx, fact, memory, &mut ops).await?;
        }
        Ok(ops)
    }
}
