//! Additions side by side, and in the background.

use super::*;

#[tokio::test]
async fn additions_at_the_same_time_do_not_disturb_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let memory = Arc::new(offline(dir.path()));
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let memory = Arc::clone(&memory);
            tokio::spawn(async move {
                let text = Message::user("I grow tomatoes on my balcony.").named("Ann");
                memory.add(text, Scope::user("ann")).await
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    // Seven of them knew it already.
    assert_eq!(memory.len(), 1);
    assert_eq!(memory.recent(&Scope::user("ann"), 20).len(), 8);
}

#[tokio::test]
async fn what_is_added_in_the_background_is_told_by_a_flush_and_not_lost() {
    let dir = tempfile::tempdir().unwrap();
    let config = json!({"system": {"kind": "turns", "consolidation": {"kind": "background"}}});
    let ann = Scope::user("ann");
    let memory = Memory::open(dir.path(), options(Some(config))).unwrap();
    assert!(
        memory
            .add("Tea, please.", ann.clone())
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(memory.recent(&ann, 9).len(), 1);
    assert_eq!(ops(&memory.flush().await.unwrap()), [OpKind::Add]);
    assert!(memory.flush().await.unwrap().is_empty());
    // The process ends before the worker has begun.
    memory.add("Milk too.", ann.clone()).await.unwrap();
    memory.close().await;

    let kept = Kept::open(dir.path(), false).unwrap();
    assert_eq!(kept.len(), 1);
    assert!(matches!(
        error(kept.delete_all(&ann.clone().into())),
        MemoryError::Waiting(1)
    ));
    drop(kept);
    let memory = offline(dir.path());
    assert_eq!(ops(&memory.flush().await.unwrap()), [OpKind::Add]);
    memory.add("And sugar.", ann.clone()).await.unwrap();
    // What waits belongs to the scope as well.
    assert_eq!(memory.delete_all(ann.clone()).await.unwrap().len(), 3);
    // What was done on the way is told by the flush that follows.
    assert_eq!(ops(&memory.flush().await.unwrap()), [OpKind::Add]);
    assert!(memory.flush().await.unwrap().is_empty());
    memory.add("Salt.", ann).await.unwrap();
    memory.reset().await.unwrap();
    assert!(memory.flush().await.unwrap().is_empty());
    assert!(memory.is_empty());
}

/// A memory whose model refuses what tastes of salt and has no account for what tastes of pepper.
fn choosy(dir: &Path) -> Memory {
    let script = dir.join("script.toml");
    let rules = r#"
[[rule]]
contains = "Salt"
error = "permanent"
message = "not that"
[[rule]]
contains = "Pepper"
error = "set-up"
message = "no such key"
[[rule]]
matches = "Tea|Milk"
form = "facts"
reply = { facts = ["Ann drinks something"] }
"#;
    std::fs::write(&script, rules).unwrap();
    let config = json!({
        "models": {"chat": {"kind": "fake", "script": script}},
        "system": {
            "kind": "turns",
            "extractor": {"kind": "llm", "lookback": 0, "summary": {"enabled": false}},
            "consolidation": {"kind": "background"},
        },
    });
    Memory::open(&dir.join("memory"), options(Some(config))).unwrap()
}

#[tokio::test]
async fn what_can_never_be_remembered_is_put_aside_and_holds_up_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let memory = choosy(dir.path());
    let ann = Scope::user("ann");
    for text in ["Tea.", "Salt.", "Milk."] {
        memory.add(text, ann.clone()).await.unwrap();
    }
    // A deletion waits for the background; what was put aside is no concern of it.
    memory.delete(MemoryId(0)).await.unwrap();
    let told = error(memory.flush().await);
    assert!(told.to_string().contains("not that"), "{told}");
    assert_eq!(
        ops(&memory.flush().await.unwrap()),
        [OpKind::Add, OpKind::Add]
    );
    let aside = memory.put_aside().unwrap();
    assert_eq!(aside.len(), 1);
    assert_eq!(aside[0].0, "Salt.");
    assert!(aside[0].1.contains("not that"), "{aside:?}");
    memory.reset().await.unwrap();
    assert!(memory.put_aside().unwrap().is_empty());
    assert!(memory.flush().await.unwrap().is_empty());
}

#[tokio::test]
async fn what_may_work_later_waits_and_a_reset_forgets_it() {
    let dir = tempfile::tempdir().unwrap();
    let memory = choosy(dir.path());
    let ann = Scope::user("ann");
    for text in ["Tea.", "Pepper."] {
        memory.add(text, ann.clone()).await.unwrap();
    }
    for _ in 0..2 {
        let told = error(memory.flush().await);
        assert!(told.to_string().contains("no such key"), "{told}");
    }
    assert!(memory.put_aside().unwrap().is_empty());
    assert_eq!(memory.len(), 1);
    memory.reset().await.unwrap();
    // Neither what was done before it nor what had failed is told of an empty memory.
    assert!(memory.flush().await.unwrap().is_empty());
    assert!(memory.is_empty());
    memory.add("Milk.", ann).await.unwrap();
    assert_eq!(ops(&memory.flush().await.unwrap()), [OpKind::Add]);
}
