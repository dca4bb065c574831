//! Provenance replayed from the journal: which turns every memory rests on, which it still says.

use std::collections::{BTreeMap, BTreeSet};

use memgauge_core::{MemoryEvent, MemoryId, OpKind, TurnId};

/// What is known about one memory.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MemoryTrace {
    /// What it says (last, if it was deleted).
    pub text: String,
    /// Turns that it still says.
    pub live: Vec<TurnId>,
    /// Every turn that ever fed it, in order of arrival.
    pub all: Vec<TurnId>,
    /// Whether it was deleted.
    pub deleted: bool,
}

/// All memories of one store, replayed from its journal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lineage {
    memories: BTreeMap<MemoryId, MemoryTrace>,
    /// Turns of facts that were not kept because a memory said them already.
    noops: BTreeSet<TurnId>,
}

impl Lineage {
    /// The state after `events`.
    pub fn replay<'a>(events: impl IntoIterator<Item = &'a MemoryEvent>) -> Self {
        let mut lineage = Self::default();
        for event in events {
            lineage.apply(event);
        }
        lineage
    }

    /// Carries out one more event.
    pub fn apply(&mut self, event: &MemoryEvent) {
        match (event.op, event.id) {
            (OpKind::Add | OpKind::Update, Some(id)) => {
                let trace = self.memories.entry(id).or_default();
                if let Some(text) = &event.after {
                    trace.text.clone_from(text);
                }
                if event.replaces {
                    trace.live.clear();
                }
                for source in &event.sources {
                    if source.live && !trace.live.contains(&source.turn) {
                        trace.live.push(source.turn);
                    }
                    if !trace.all.contains(&source.turn) {
                        trace.all.push(source.turn);
                    }
                }
            }
            (OpKind::Delete, Some(id)) => {
                if let Some(trace) = self.memories.get_mut(&id) {
                    trace.deleted = true;
                    trace.live.clear();
                }
            }
            (OpKind::Noop, _) => {
                self.noops
                    .extend(event.sources.iter().map(|source| source.turn));
            }
            // It stays where it was found, marked in its text.
            (OpKind::Invalidate, _) | (_, None) => {}
        }
    }

    /// What is known about memory `id`.
    pub fn get(&self, id: MemoryId) -> Option<&MemoryTrace> {
        self.memories.get(&id)
    }

    /// All memories ever made, deleted ones included, by id.
    pub fn iter(&self) -> impl Iterator<Item = (MemoryId, &MemoryTrace)> {
        self.memories.iter().map(|(id, trace)| (*id, trace))
    }

    /// Number of memories that are not deleted.
    pub fn len(&self) -> usize {
        self.memories
            .values()
            .filter(|trace| !trace.deleted)
            .count()
    }

    /// Whether no memory is left.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Mean number of live source turns per memory; `None` without memories. A system that merges
    /// everything into one memory shows here.
    pub fn sources_per_memory(&self) -> Option<f64> {
        let live = self.memories.values().filter(|trace| !trace.deleted);
        let (memories, sources) = live.fold((0_usize, 0_usize), |(n, sum), trace| {
            (n + 1, sum + trace.live.len())
        });
        (memories > 0).then(|| sources as f64 / memories as f64)
    }

    /// Whether a fact of `turn` was found and not kept.
    pub fn was_noop(&self, turn: TurnId) -> bool {
        self.noops.contains(&turn)
    }
}

#[cfg(test)]
mod tests {
    use memgauge_core::Source;

    use super::*;

    fn event(op: OpKind, id: u32, turn: u32, replaces: bool) -> MemoryEvent {
        MemoryEvent {
            op,
            id: Some(MemoryId(id)),
            before: None,
            after: Some(format!("text {turn}")),
            replaces,
            sources: vec![Source::cited(TurnId::new(1, turn))],
            at: jiff::civil::date(2023, 5, 8).at(13, 56, 0, 0),
        }
    }

    #[test]
    fn replacing_ends_the_life_of_older_sources_and_augmenting_does_not() {
        let lineage = Lineage::replay(&[
            event(OpKind::Add, 0, 1, false),
            event(OpKind::Update, 0, 2, false),
            event(OpKind::Add, 1, 3, false),
            event(OpKind::Update, 1, 4, true),
            event(OpKind::Add, 2, 5, false),
            event(OpKind::Delete, 2, 6, false),
        ]);
        let turns = |list: &[u32]| -> Vec<TurnId> {
            list.iter().map(|turn| TurnId::new(1, *turn)).collect()
        };
        assert_eq!(lineage.get(MemoryId(0)).unwrap().live, turns(&[1, 2]));
        assert_eq!(lineage.get(MemoryId(1)).unwrap().live, turns(&[4]));
        assert_eq!(lineage.get(MemoryId(1)).unwrap().all, turns(&[3, 4]));
        assert!(lineage.get(MemoryId(2)).unwrap().deleted);
        assert_eq!(lineage.len(), 2);
        assert_eq!(lineage.sources_per_memory(), Some(1.5));
    }
}
