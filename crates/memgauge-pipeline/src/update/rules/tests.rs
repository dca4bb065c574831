use memgauge_core::{Build, MemoryId, MemoryOp, OpKind, Source};

use super::{OnRepeat, Rules, RulesConfig};
use crate::update::fixture::{FakeMemory, NoParts, decide, fact, turn};

fn rules() -> Rules {
    Rules::new(RulesConfig::default())
}

/// What `new` does to a memory that says `old`, at cosine `score`.
fn step(old: &str, new: &str, score: f32) -> MemoryOp {
    let memory = FakeMemory::of(&[(fact("Mira", old, 2), score)]);
    let mut ops = decide(&rules(), vec![fact("Mira", new, 9)], &memory);
    assert_eq!(ops.len(), 1, "{old} / {new}");
    ops.remove(0)
}

fn kind(op: &MemoryOp) -> (OpKind, bool) {
    match op {
        MemoryOp::Add(_) => (OpKind::Add, false),
        MemoryOp::Update { replaces, .. } => (OpKind::Update, *replaces),
        MemoryOp::Delete { .. } => (OpKind::Delete, false),
        MemoryOp::Invalidate { .. } => (OpKind::Invalidate, false),
        MemoryOp::Noop { .. } => (OpKind::Noop, false),
    }
}

#[test]
fn contradictions_replace() {
    let replace = (OpKind::Update, true);
    let add = (OpKind::Add, false);
    let cases = [
        ("Mira eats meat.", "Mira doesn't eat meat anymore.", replace),
        (
            "Mira works at the mill.",
            "Mira no longer works at the mill.",
            replace,
        ),
        (
            "Mira plays the violin.",
            "Mira quit playing the violin.",
            replace,
        ),
        ("Mira never eats fish.", "Mira eats fish.", replace),
        ("Mira has two dogs.", "Mira has three dogs.", replace),
        ("Mira lives in Lyon.", "Mira lives in Porto.", replace),
        (
            "The party is on Friday.",
            "The party is on Sunday.",
            replace,
        ),
        (
            "Mira ordered the red kayak.",
            "Mira actually ordered the blue kayak.",
            replace,
        ),
        // Neither denies the other.
        (
            "Mira can't wait to row again.",
            "Mira is excited to row again.",
            add,
        ),
        (
            "Mira won't quit rowing.",
            "Mira rows.",
            (OpKind::Update, false),
        ),
        // Two events, not one that changed.
        ("Mira bought two dogs.", "Mira bought three dogs.", add),
        (
            "Mira was in Lyon yesterday.",
            "Mira wasn't in Lyon yesterday.",
            add,
        ),
        ("Mira is in Lyon.", "Mira is tired.", add),
        (
            "Mira likes rowing in Lyon.",
            "Mira doesn't like singing.",
            add,
        ),
    ];
    for (old, new, expected) in cases {
        assert_eq!(kind(&step(old, new, 0.75)), expected, "{old} / {new}");
        // Too far apart to be about the same.
        assert_eq!(kind(&step(old, new, 0.55)), add, "{old} / {new}");
    }
}

#[test]
fn a_replacement_brings_its_own_sources_and_time() {
    let op = step("Mira lives in Lyon.", "Mira lives in Porto.", 0.8);
    assert_eq!(
        op,
        MemoryOp::Update {
            id: MemoryId(0),
            text: "Mira lives in Porto.".to_owned(),
            sources: vec![Source::cited(turn(9))],
            held_at: fact("Mira", "", 9).held_at,
            replaces: true,
        }
    );
}

#[test]
fn more_information_augments() {
    let op = step(
        "Mira plays the violin.",
        "Mira plays the violin in a quartet in Lyon.",
        0.8,
    );
    let MemoryOp::Update { text, replaces, .. } = &op else {
        panic!("{op:?}");
    };
    assert_eq!(text, "Mira plays the violin in a quartet in Lyon.");
    assert!(!replaces);
    let far = step(
        "Mira plays the violin.",
        "Mira plays the violin in Lyon.",
        0.6,
    );
    assert_eq!(kind(&far), (OpKind::Add, false));
}

#[test]
fn what_is_known_becomes_a_source_or_nothing() {
    let old = "Mira plays the violin in a quartet in Lyon.";
    for (new, score) in [
        (old, 0.1),
        ("Mira plays in a quartet.", 0.85),
        ("In Lyon Mira has a violin and a foursome.", 0.98),
    ] {
        let MemoryOp::Update {
            text,
            sources,
            replaces,
            ..
        } = step(old, new, score)
        else {
            panic!("{new}");
        };
        assert_eq!(text, old);
        assert_eq!(sources, [Source::cited(turn(9))]);
        assert!(!replaces);
    }
    let quiet = Rules::new(RulesConfig {
        on_repeat: OnRepeat::Noop,
        ..RulesConfig::default()
    });
    let memory = FakeMemory::of(&[(fact("Mira", old, 2), 0.9)]);
    let ops = decide(&quiet, vec![fact("Mira", old, 9)], &memory);
    assert_eq!(
        ops,
        [MemoryOp::Noop {
            because: Some(MemoryId(0)),
            text: old.to_owned(),
            sources: vec![Source::cited(turn(9))],
        }]
    );
    // Another number is no repetition, however near.
    let other = step("Mira ran five miles.", "Mira ran nine miles.", 0.99);
    assert_eq!(kind(&other), (OpKind::Add, false));
}

#[test]
fn the_nearest_contradicted_memory_is_replaced_and_others_deleted() {
    let memory = FakeMemory::of(&[
        (fact("Mira", "Mira eats meat.", 1), 0.7),
        (fact("Mira", "Mira eats some meat.", 2), 0.8),
        (fact("Tom", "Mira eats meat.", 3), 0.9),
    ]);
    let ops = decide(
        &rules(),
        vec![fact("Mira", "Mira doesn't eat meat.", 9)],
        &memory,
    );
    assert_eq!(
        ops[0],
        MemoryOp::Delete {
            id: MemoryId(0),
            sources: vec![Source::cited(turn(9))],
            held_at: fact("Mira", "", 9).held_at,
        }
    );
    assert!(matches!(
        &ops[1],
        MemoryOp::Update {
            id: MemoryId(1),
            replaces: true,
            ..
        }
    ));
    assert_eq!(ops.len(), 2);
}

#[test]
fn the_first_of_its_kind_is_added_and_thresholds_are_checked() {
    let ops = decide(
        &rules(),
        vec![fact("Mira", "Mira rows.", 1)],
        &FakeMemory::default(),
    );
    assert_eq!(ops, [MemoryOp::Add(fact("Mira", "Mira rows.", 1))]);
    let error = RulesConfig {
        overlap: -0.1,
        ..RulesConfig::default()
    }
    .build(&NoParts)
    .err()
    .unwrap();
    assert_eq!(error.key.as_deref(), Some("overlap"));
}
