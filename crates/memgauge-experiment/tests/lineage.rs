//! Provenance replayed from the journal is the store's own.

use std::collections::BTreeSet;

use jiff::civil::date;
use memgauge_core::{
    ConversationId, Fact, MemoryEvent, MemoryId, MemoryKind, MemoryOp, OpKind, Scope, Source,
    TurnId,
};
use memgauge_report::Lineage;
use memgauge_store::{Change, Store, StoreConfig};
use proptest::prelude::*;

/// One operation in the making: what, on which memory (modulo those alive), with which turns.
#[derive(Debug, Clone)]
enum Step {
    Add(Vec<u32>),
    Update(usize, Vec<u32>, bool),
    Delete(usize),
    Noop(Vec<u32>),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let turns = || proptest::collection::vec(1_u32..12, 1..4);
    proptest::collection::vec(
        prop_oneof![
            4 => turns().prop_map(Step::Add),
            4 => (any::<usize>(), turns(), any::<bool>())
                .prop_map(|(at, turns, replaces)| Step::Update(at, turns, replaces)),
            1 => any::<usize>().prop_map(Step::Delete),
            1 => turns().prop_map(Step::Noop),
        ],
        1..40,
    )
}

fn cited(turns: &[u32]) -> Vec<Source> {
    turns
        .iter()
        .map(|turn| Source::cited(TurnId::new(1, *turn)))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_journal_tells_what_the_store_holds(steps in steps()) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create(&folder.path().join("store"), &StoreConfig::default()).unwrap();
        let at = date(2023, 5, 8).at(13, 56, 0, 0);
        let mut alive: Vec<MemoryId> = Vec::new();
        let mut events: Vec<MemoryEvent> = Vec::new();
        for (number, step) in steps.into_iter().enumerate() {
            let pick = |at: usize| (!alive.is_empty()).then(|| alive[at % alive.len()]);
            let op = match step {
                Step::Add(turns) => MemoryOp::Add(Fact {
                    kind: MemoryKind::Fact,
                    text: format!("text {number}"),
                    speaker: None,
                    sources: cited(&turns),
                    held_at: at,
                    metadata: Default::default(),
                }),
                Step::Update(which, turns, replaces) => match pick(which) {
                    Some(id) => MemoryOp::Update {
                        id,
                        text: format!("text {number}"),
                        sources: cited(&turns),
                        held_at: at,
                        replaces,
                    },
                    None => continue,
                },
                Step::Delete(which) => match pick(which) {
                    Some(id) => MemoryOp::Delete { id, sources: cited(&[1]), held_at: at },
                    None => continue,
                },
                Step::Noop(turns) => MemoryOp::Noop {
                    because: pick(0),
                    text: "said before".to_owned(),
                    sources: cited(&turns),
                },
            };
            let change = Change {
                op,
                conversation: ConversationId::new("c"),
                scope: Scope::default(),
                embedding: None,
                at,
            };
            for event in store.apply(&[change]).unwrap() {
                match (event.op, event.id) {
                    (OpKind::Add, Some(id)) => alive.push(id),
                    (OpKind::Delete, Some(id)) => alive.retain(|known| *known != id),
                    _ => {}
                }
                events.push(event);
            }
        }
        let lineage = Lineage::replay(&events);
        prop_assert_eq!(lineage.len(), alive.len());
        for (id, trace) in lineage.iter() {
            let entry = store.entry(id).unwrap();
            prop_assert_eq!(trace.deleted, entry.deleted);
            let all: BTreeSet<TurnId> = entry.record.sources.iter().map(|s| s.turn).collect();
            prop_assert_eq!(&all, &trace.all.iter().copied().collect());
            if !entry.deleted {
                let live: BTreeSet<TurnId> = entry.record.live_turns().collect();
                prop_assert_eq!(&live, &trace.live.iter().copied().collect());
                prop_assert_eq!(&entry.record.text, &trace.text);
            }
        }
    }
}
