//! A memory that is opened again, and what cannot be opened.

use super::*;

#[tokio::test]
async fn a_memory_is_opened_again_as_it_was_made() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("memory");
    let config = json!({"system": {"kind": "turns", "store": {"lexical": {"k1": 1.5}}}});
    let ann = Scope::user("ann");
    {
        let memory = Memory::open(&dir, options(Some(config))).unwrap();
        memory.add("Tea, please.", ann.clone()).await.unwrap();
        // One at a time.
        let second = error(Memory::offline(&dir));
        assert!(second.to_string().contains("is in use"), "{second}");
        assert!(second.is_users());
        assert!(matches!(
            error(Kept::open(&dir, true)),
            MemoryError::InUse(_)
        ));
    }
    // The config that it was made with is remembered: another shape would not fit.
    let memory = offline(&dir);
    assert_eq!(
        texts(&memory.get_all(&ann.clone().into(), None)),
        ["User: Tea, please."]
    );
    let events = memory.add("Milk too.", ann.clone()).await.unwrap();
    assert_eq!(events[0].id, Some(MemoryId(1)));
    // Sessions go on counting.
    assert_eq!(events[0].sources[0].turn.to_string(), "D2:1");
    assert_eq!(
        memory.search("milk", ann.clone(), 5).await.unwrap().len(),
        2
    );
    drop(memory);

    let kept = Kept::open(&dir, true).unwrap();
    assert_eq!(kept.len(), 2);
    assert_eq!(kept.recent(&ann, 5).len(), 2);
    drop(kept);
    let other = json!({"system": {"kind": "turns"}});
    let error = error(Memory::open(&dir, options(Some(other))));
    assert!(error.to_string().contains("another shape"), "{error}");
}

#[tokio::test]
async fn vectors_of_two_embedders_are_not_mixed() {
    let dir = tempfile::tempdir().unwrap();
    let memory = offline(dir.path());
    keep(&memory, "tea", Scope::user("ann")).await;
    drop(memory);
    let note = dir.path().join("memory.json");
    let text = std::fs::read_to_string(&note).unwrap();
    let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
    value["embedder"] = json!("another/v1");
    std::fs::write(&note, value.to_string()).unwrap();
    let error = error(Memory::offline(dir.path()));
    assert!(
        error
            .to_string()
            .contains("made with embedder `another/v1`"),
        "{error}"
    );
}

#[tokio::test]
async fn short_term_memory_is_bounded_and_outlasts_the_process() {
    let dir = tempfile::tempdir().unwrap();
    let config = json!({"recent": 3, "system": {"kind": "turns"}});
    let ann = Scope::user("ann");
    let said = |scope: &Scope, memory: &Memory, n| -> Vec<String> {
        let recent: Vec<Said> = memory.recent(scope, n);
        recent.into_iter().map(|said| said.turn.text).collect()
    };
    {
        let memory = Memory::open(dir.path(), options(Some(config))).unwrap();
        for n in 1..=4 {
            let options = AddOptions::to(ann.clone()).at(day(n));
            memory.add(format!("message {n}"), options).await.unwrap();
        }
        memory
            .add("elsewhere", ann.clone().and_run("r"))
            .await
            .unwrap();
        assert_eq!(
            said(&ann, &memory, 9),
            ["message 2", "message 3", "message 4"]
        );
    }
    let memory = offline(dir.path());
    assert_eq!(said(&ann, &memory, 2), ["message 3", "message 4"]);
    assert_eq!(memory.recent(&ann, 1)[0].at, day(4));
    memory.add("message 5", ann.clone()).await.unwrap();
    assert_eq!(
        said(&ann, &memory, 9),
        ["message 3", "message 4", "message 5"]
    );
    // Long-term memory lost nothing.
    assert_eq!(memory.get_all(&ann.into(), None).len(), 6);
}

#[tokio::test]
async fn a_reset_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let memory = offline(dir.path());
    let ann = Scope::user("ann");
    let first = keep(&memory, "a secret", ann.clone()).await;
    memory.delete(first).await.unwrap();
    keep(&memory, "another", ann.clone()).await;
    memory.reset().await.unwrap();
    let check = |memory: &Memory| {
        assert!(memory.is_empty());
        assert!(memory.recent(&ann, 9).is_empty());
        assert!(matches!(
            memory.history(first),
            Err(MemoryError::Unknown { deleted: false, .. })
        ));
    };
    check(&memory);
    assert!(
        memory
            .search("secret", ann.clone(), 5)
            .await
            .unwrap()
            .is_empty()
    );
    drop(memory);
    let memory = offline(dir.path());
    check(&memory);
    assert_eq!(keep(&memory, "new", ann).await, MemoryId(0));
}

#[tokio::test]
async fn what_cannot_work_is_refused_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let fresh = dir.path().join("memory");
    for (config, message) in [
        (json!({"system": {"kind": "rag"}}), "`rag` is no pipeline"),
        (
            json!({"system": {"kind": "summaries"}}),
            "`system.extractor.kind`: `summaries` reads the notes of a dataset",
        ),
        (
            json!({"system": {"kind": "turns", "embedder": "fitted"},
                "models": {"fitted": {"kind": "static", "weights": "index"}}}),
            "`system.embedder`: `fitted` is fitted when all texts are known",
        ),
        (
            json!({"system": {"kind": "turns", "perspectives": "per-speaker"}}),
            "`system.perspectives`: ",
        ),
        (
            json!({"system": {"kind": "turns", "embedder": "sttic"}}),
            "did you mean `static`?",
        ),
    ] {
        let error = error(Memory::open(&fresh, options(Some(config))));
        assert!(error.to_string().contains(message), "{error}");
        assert!(error.is_users());
        assert!(!fresh.exists());
    }
    let missing = MemoryOptions {
        create: false,
        ..options(None)
    };
    let none = error(Memory::open(&fresh, missing));
    assert!(none.to_string().starts_with("no memory at "), "{none}");
    std::fs::write(dir.path().join("notes.txt"), "mine").unwrap();
    let taken = error(Memory::offline(dir.path()));
    assert!(taken.to_string().contains("is no memory"), "{taken}");

    let file = dir.path().join("bad.toml");
    std::fs::write(&file, "[system]\nkind = \"turns\"\nretreiver = 3\n").unwrap();
    let wrong = error(Memory::from_config(&file, &fresh, Supplies::default()));
    assert!(wrong.to_string().contains("bad.toml:3"), "{wrong}");
    assert!(MemoryConfig::load(Path::new("no/such.toml")).is_err());
}
