use jiff::civil::date;
use memgauge_core::{Context, Hit, MemoryId, Tokenizer, TurnId};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::retriever::fake::{CharTokenizer, FakeParts, FakeStore};

fn store() -> FakeStore {
    let mut store = FakeStore::default();
    store.add(TurnId::new(2, 1), "Ann", "I have a cat.", vec![]);
    store.add(TurnId::new(1, 2), "Bob", "Nice!", vec![]);
    store.add(TurnId::new(1, 1), "Ann", "Good morning, Bob.", vec![]);
    store
}

fn build(config: serde_json::Value, ids: &[u32]) -> Context {
    let config: ContextConfig = serde_json::from_value(config).unwrap();
    let hits: Vec<Hit> = ids
        .iter()
        .map(|&id| Hit {
            id: MemoryId(id),
            score: 1.0,
            lists: vec![],
        })
        .collect();
    let builder = config.build(&FakeParts("unused".into())).unwrap();
    builder.build(&hits, &store()).unwrap()
}

#[test]
fn times_are_written_as_in_the_dataset() {
    let time = |hour, minute| spoken_time(date(2023, 5, 8).at(hour, minute, 0, 0));
    assert_eq!(time(13, 56), "1:56 pm on 8 May, 2023");
    assert_eq!(time(0, 5), "12:05 am on 8 May, 2023");
    assert_eq!(time(12, 0), "12:00 pm on 8 May, 2023");
}

#[test]
fn entries_carry_turns_time_and_speaker() {
    let context = build(json!({"kind": "budget"}), &[0, 1]);
    assert_eq!(
        context.text,
        "1:56 pm on 2 May, 2023: Ann: I have a cat.\n1:56 pm on 1 May, 2023: Bob: Nice!"
    );
    let entry = &context.entries[0];
    assert_eq!(entry.body, "I have a cat.");
    assert_eq!(entry.speaker.as_deref(), Some("Ann"));
    assert_eq!(entry.turns, [TurnId::new(2, 1)]);
    assert_eq!(entry.lineage, [TurnId::new(2, 1)]);
    assert_eq!(entry.conversation.as_str(), "c");
    assert_eq!(entry.memory, Some(MemoryId(0)));
    assert!(!entry.cut && context.dropped.is_empty());
    let iso = build(json!({"kind": "budget", "time": "iso"}), &[1]);
    assert_eq!(iso.text, "2023-05-01T13:56:00: Bob: Nice!");
}

#[test]
fn turns_that_an_update_replaced_are_lineage_only() {
    let mut store = store();
    let record = &mut store.0[0].0;
    record.sources[0].live = false;
    for turn in [TurnId::new(3, 1), TurnId::new(3, 1)] {
        record.sources.push(memgauge_core::Source::cited(turn));
    }
    let shown = entry(record, TimeFormat::None);
    assert_eq!(shown.turns, [TurnId::new(3, 1)]);
    assert_eq!(shown.lineage, [TurnId::new(2, 1), TurnId::new(3, 1)]);
    assert_eq!(shown.shown, "Ann: I have a cat.");
}

#[test]
fn order_changes_what_is_shown_first_and_not_what_is_shown() {
    let config =
        json!({"kind": "budget", "time": "none", "order": "chronological", "max-memories": 2});
    let context = build(config, &[0, 1, 2]);
    assert_eq!(context.text, "Bob: Nice!\nAnn: I have a cat.");
    assert_eq!(context.dropped, [MemoryId(2)]);
    let context = build(
        json!({"kind": "budget", "time": "none", "order": "chronological"}),
        &[0, 1, 2],
    );
    assert_eq!(
        context.text,
        "Ann: Good morning, Bob.\nBob: Nice!\nAnn: I have a cat."
    );
}

#[test]
fn the_memory_that_does_not_fit_is_cut_and_marked_and_the_rest_dropped() {
    // 11 characters and a line end, then 10 left of which one is the line end.
    let config = json!({"kind": "budget", "time": "none", "max-tokens": 21});
    let context = build(config, &[1, 0, 2]);
    assert_eq!(context.text, "Bob: Nice!\nAnn: I ha");
    let cut: Vec<bool> = context.entries.iter().map(|entry| entry.cut).collect();
    assert_eq!(cut, [false, true]);
    assert_eq!(context.entries[1].body, "I ha");
    assert_eq!(context.dropped, [MemoryId(2)]);
    // Room for the name alone: nothing that was said would be left.
    let config = json!({"kind": "budget", "time": "none", "max-tokens": 16});
    let context = build(config, &[1, 0, 2]);
    assert_eq!(context.text, "Bob: Nice!");
    assert_eq!(context.dropped, [MemoryId(0), MemoryId(2)]);
}

#[test]
fn limits_of_nothing_are_refused() {
    for key in ["max-memories", "max-tokens"] {
        let config: ContextConfig =
            serde_json::from_value(json!({"kind": "budget", key: 0})).unwrap();
        let error = config.build(&FakeParts("unused".into())).err().unwrap();
        assert_eq!(error.key.as_deref(), Some(key));
    }
}

proptest! {
    #[test]
    fn every_hit_is_shown_or_dropped_and_the_budget_holds(tokens in 1_usize..140) {
        let context = build(json!({"kind": "budget", "max-tokens": tokens}), &[2, 0, 1]);
        prop_assert!(CharTokenizer.count(&context.text) <= tokens);
        let mut seen: Vec<u32> = context.entries.iter().filter_map(|entry| entry.memory)
            .chain(context.dropped.iter().copied()).map(|id| id.0).collect();
        seen.sort_unstable();
        prop_assert_eq!(seen, vec![0, 1, 2]);
        prop_assert!(context.entries.iter().rev().skip(1).all(|entry| !entry.cut));
    }
}
