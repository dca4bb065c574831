//! What single operations and wrong input do.

#![expect(clippy::unwrap_used, reason = "a failed call fails the test")]

mod common;

use common::{add, clustered, day, delete, noop, update};
use memgauge_core::{
    Filter, How, MemoryId, MemoryReader, OpKind, Scope, Source, Turn, TurnId, config,
};
use memgauge_store::{
    ArroyConfig, LexicalConfig, Said, Store, StoreConfig, StoreError, VectorConfig,
};
use serde_json::json;

fn turn(session: u32, turn: u32) -> TurnId {
    TurnId::new(session, turn)
}

fn store(config: &StoreConfig) -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::create(&folder.path().join("store"), config).unwrap();
    (folder, store)
}

#[test]
fn an_update_that_replaces_ends_the_life_of_older_sources() {
    let (_folder, store) = store(&StoreConfig::default());
    let (a, b, c) = (turn(1, 1), turn(2, 3), turn(4, 5));
    store
        .apply(&[
            add(
                "u",
                "lives in Rome",
                &[Source::cited(a), Source::window(b)],
                None,
            ),
            update(0, "lives in Oslo", &[Source::cited(c)], true, None),
        ])
        .unwrap();
    let record = store.record(MemoryId(0)).unwrap().unwrap();
    let lives: Vec<(TurnId, bool)> = record.sources.iter().map(|s| (s.turn, s.live)).collect();
    assert_eq!(lives, [(a, false), (b, false), (c, true)]);
    assert_eq!((record.created_at, record.updated_at), (day(1), day(2)));
    assert_eq!(store.place(MemoryId(0)).map(|place| place.session), Some(4));

    // A turn that comes again is not listed twice: it is live again, and cited now.
    store
        .apply(&[update(
            0,
            "lives in Oslo again",
            &[Source::cited(b)],
            false,
            None,
        )])
        .unwrap();
    let record = store.record(MemoryId(0)).unwrap().unwrap();
    let lives: Vec<(TurnId, How, bool)> = record
        .sources
        .iter()
        .map(|s| (s.turn, s.how, s.live))
        .collect();
    assert_eq!(
        lives,
        [
            (a, How::Cited, false),
            (b, How::Cited, true),
            (c, How::Cited, true)
        ]
    );
    let all = Filter::default();
    assert!(store.search(&all, "Rome", 5).unwrap().is_empty());
    assert_eq!(store.search(&all, "oslo", 5).unwrap().len(), 1);
    let ops: Vec<(OpKind, bool)> = store
        .history(MemoryId(0))
        .unwrap()
        .iter()
        .map(|event| (event.op, event.replaces))
        .collect();
    assert_eq!(
        ops,
        [
            (OpKind::Add, false),
            (OpKind::Update, true),
            (OpKind::Update, false)
        ]
    );
}

#[test]
fn a_deleted_memory_keeps_its_lineage_and_its_id() {
    let (_folder, store) = store(&StoreConfig::with_dimensions(2));
    store
        .apply(&[add(
            "u",
            "one",
            &[Source::cited(turn(1, 1))],
            Some(vec![1.0, 0.0]),
        )])
        .unwrap();
    store
        .apply(&[
            delete(0, &[Source::cited(turn(2, 2))]),
            add("u", "two", &[], None),
        ])
        .unwrap();
    assert_eq!(store.record(MemoryId(0)).unwrap(), None);
    let entry = store.entry(MemoryId(0)).unwrap();
    assert!(entry.deleted);
    assert_eq!(entry.record.live_turns().collect::<Vec<_>>(), [turn(1, 1)]);
    assert_eq!(store.history(MemoryId(0)).unwrap().len(), 2);
    assert_eq!(store.texts(), [(MemoryId(1), "two".to_owned())]);
    let all = Filter::default();
    assert!(store.nearest(&all, &[1.0, 0.0], 5).unwrap().is_empty());
    assert_eq!(store.recent(&all, 5).unwrap().len(), 1);
    assert!(matches!(
        store.apply(&[update(0, "back", &[], false, None)]),
        Err(StoreError::UnknownMemory(MemoryId(0)))
    ));
}

#[test]
fn a_noop_is_kept_where_it_concerns_a_memory() {
    let (_folder, store) = store(&StoreConfig::default());
    let events = store
        .apply(&[
            add("u", "one", &[], None),
            noop(Some(0), "one"),
            noop(None, "hm"),
        ])
        .unwrap();
    assert_eq!(events.len(), 3);
    assert_eq!(events[2].id, None);
    assert_eq!(events[1].at, day(3));
    assert_eq!(store.history_len().unwrap(), 2);
    assert!(matches!(
        store.apply(&[noop(Some(1), "two")]),
        Err(StoreError::UnknownMemory(MemoryId(1)))
    ));
}

#[test]
fn vectors_are_checked() {
    let (_folder, store) = store(&StoreConfig::with_dimensions(3));
    let with = |vector: Vec<f32>| store.apply(&[add("u", "x", &[], Some(vector))]);
    assert!(matches!(
        with(vec![1.0; 4]),
        Err(StoreError::Dimensions {
            expected: 3,
            found: 4
        })
    ));
    assert!(matches!(
        with(vec![1.0, f32::INFINITY, 0.0]),
        Err(StoreError::NotFinite)
    ));
    assert!(store.is_empty() && store.history_len().unwrap() == 0);
    assert!(store.nearest(&Filter::default(), &[1.0], 3).is_err());

    let (_folder, store) = self::store(&StoreConfig::default());
    assert!(matches!(
        store.apply(&[add("u", "x", &[], Some(vec![1.0]))]),
        Err(StoreError::NoVectors)
    ));
    assert!(store.nearest(&Filter::default(), &[1.0], 3).is_err());
}

#[test]
fn statistics_are_those_of_the_whole_store_and_results_those_of_the_scope() {
    let (_folder, store) = store(&StoreConfig {
        lexical: LexicalConfig::lucene(),
        ..StoreConfig::default()
    });
    store
        .apply(&[
            add("a", "fox", &[], None),
            add("b", "fox", &[], None),
            add("b", "hen", &[], None),
        ])
        .unwrap();
    let of = |user: &str| {
        store
            .search(&Filter::scope(Scope::user(user)), "fox", 9)
            .unwrap()
    };
    let (a, b) = (of("a"), of("b"));
    assert_eq!((a[0].id, b[0].id), (MemoryId(0), MemoryId(1)));
    assert_eq!(a[0].score, b[0].score);
    // N = 3, n = 2, texts of mean length: idf alone.
    assert!((a[0].score - (1.0_f32 + 1.5 / 2.5).ln()).abs() < 1e-6);
}

#[test]
fn what_is_not_a_store_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("store");
    assert!(matches!(
        Store::open(&dir),
        Err(StoreError::NotFound { .. })
    ));
    std::fs::create_dir(&dir).unwrap();
    assert!(matches!(
        Store::open(&dir),
        Err(StoreError::NotFound { .. })
    ));
    std::fs::write(dir.join("data.mdb"), vec![7; 20_000]).unwrap();
    assert!(matches!(Store::open(&dir), Err(StoreError::Format { .. })));
    assert!(matches!(
        Store::create(&dir, &StoreConfig::default()),
        Err(StoreError::Exists { .. })
    ));
    let file = folder.path().join("file");
    std::fs::write(&file, "x").unwrap();
    assert!(Store::create(&file.join("store"), &StoreConfig::default()).is_err());
}

#[test]
fn configs_that_make_no_sense_are_refused_before_anything_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("store");
    let arroy = |change: fn(&mut ArroyConfig)| {
        let mut config = ArroyConfig::default();
        change(&mut config);
        StoreConfig {
            vectors: VectorConfig::Arroy(config),
            ..StoreConfig::default()
        }
    };
    let lexical = |k1: f64, b: f64| StoreConfig {
        lexical: LexicalConfig {
            k1,
            b,
            ..LexicalConfig::default()
        },
        ..StoreConfig::default()
    };
    for config in [
        arroy(|config| config.trees = 0),
        arroy(|config| config.oversampling = 0),
        arroy(|config| config.search_k = Some(0)),
        arroy(|config| config.index_after = 0),
        arroy(|config| config.split_after = 0),
        lexical(-1.0, 0.5),
        lexical(1.0, 1.5),
        lexical(f64::NAN, 0.5),
        StoreConfig {
            dimensions: Some(0),
            ..StoreConfig::default()
        },
    ] {
        assert!(matches!(
            Store::create(&dir, &config),
            Err(StoreError::Config(_))
        ));
        assert!(matches!(
            Store::build(&dir, &config),
            Err(StoreError::Config(_))
        ));
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn configs_are_read_and_documented() {
    let config: StoreConfig = serde_json::from_value(json!({
        "vectors": { "kind": "arroy", "trees": 7 },
        "lexical": { "idf": "okapi", "stop-words": "none" },
    }))
    .unwrap();
    assert_eq!(config.vectors.kind(), "arroy");
    let round: StoreConfig = serde_json::from_value(json!(config)).unwrap();
    assert_eq!(round, config);

    let schema = schemars::schema_for!(StoreConfig).to_value();
    let wrong = json!({
        "vectors": { "kind": "aroy" },
        "lexical": { "k": 1 },
        "dimensions": 0,
    });
    let problems: Vec<String> = config::check(&schema, &wrong)
        .into_iter()
        .map(|problem| problem.path)
        .collect();
    assert_eq!(problems.len(), 3, "{problems:?}");
    assert!(config::check(&schema, &json!(StoreConfig::default())).is_empty());
    let mut generator = schemars::SchemaGenerator::default();
    let kinds: Vec<&str> = (VectorConfig::FAMILY.kinds)(&mut generator)
        .iter()
        .map(|kind| kind.kind)
        .collect();
    assert_eq!(kinds, ["exact", "arroy"]);
}

/// Readers see a batch whole or not at all.
#[test]
fn readers_beside_a_writer() {
    let (_folder, store) = store(&StoreConfig {
        vectors: VectorConfig::Arroy(ArroyConfig {
            trees: 5,
            index_after: 30,
            ..ArroyConfig::default()
        }),
        dimensions: Some(8),
        ..StoreConfig::default()
    });
    let vectors = clustered(300, 8, 3);
    let all = Filter::default();
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let mut seen = 0;
                    while seen < vectors.len() {
                        let hits = store.search(&all, "word", 1000).unwrap();
                        assert_eq!(hits.len() % 3, 0);
                        assert!(hits.len() >= seen);
                        seen = hits.len();
                        let near = store.nearest(&all, &vectors[0], 5).unwrap();
                        assert!(near.len() == 5 || seen < 5 || near.len() == 3);
                        store.history(MemoryId(0)).unwrap();
                    }
                })
            })
            .collect();
        for three in vectors.chunks(3) {
            let changes: Vec<_> = three
                .iter()
                .map(|vector| add("u", "word", &[], Some(vector.clone())))
                .collect();
            store.apply(&changes).unwrap();
        }
        for reader in readers {
            assert!(reader.join().is_ok());
        }
    });
    assert_eq!(store.len(), 300);
}

/// What the index knew about a memory that was changed or deleted since no longer counts.
#[test]
fn an_index_does_not_answer_with_what_was() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("store");
    let config = StoreConfig {
        // So narrow a search that nothing is found by luck.
        vectors: VectorConfig::Arroy(ArroyConfig {
            trees: 1,
            split_after: 2,
            search_k: Some(2),
            ..ArroyConfig::default()
        }),
        dimensions: Some(16),
        ..StoreConfig::default()
    };
    let vectors = clustered(400, 16, 4);
    let store = Store::create(&dir, &config).unwrap();
    let changes: Vec<_> = vectors
        .iter()
        .map(|vector| add("u", "word", &[], Some(vector.clone())))
        .collect();
    store.apply(&changes).unwrap();
    store.seal().unwrap();
    let turned: Vec<f32> = vectors[0].iter().map(|x| -x).collect();
    let moved: Vec<_> = (0..20)
        .map(|id| update(id, "moved", &[], true, Some(turned.clone())))
        .chain([delete(20, &[])])
        .collect();
    store.apply(&moved).unwrap();
    let check = |store: &Store| {
        let near = store.nearest(&Filter::default(), &turned, 20).unwrap();
        let ids: Vec<u32> = near.iter().map(|hit| hit.id.0).collect();
        assert_eq!(ids, (0..20).collect::<Vec<u32>>());
        let near = store
            .nearest(&Filter::default(), &vectors[20], 379)
            .unwrap();
        assert!(near.iter().all(|hit| hit.id != MemoryId(20)));
    };
    check(&store);
    drop(store);
    check(&Store::open(&dir).unwrap());
}

fn said(number: u32, text: &str) -> Said {
    Said {
        at: day(1),
        turn: Turn {
            id: turn(1, number),
            speaker: "Ada".to_owned(),
            text: text.to_owned(),
            image: None,
        },
    }
}

fn words(said: &[Said]) -> Vec<&str> {
    said.iter().map(|said| said.turn.text.as_str()).collect()
}

#[test]
fn short_term_memory_is_bounded_by_scope_and_outlasts_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("store");
    // Longer than a key of LMDB may be.
    let long = Scope::user("u".repeat(2_000));
    let (ada, run) = (Scope::user("ada"), Scope::user("ada").and_run("r"));
    {
        let store = Store::create(&dir, &StoreConfig::default()).unwrap();
        for scope in [&ada, &run, &long] {
            assert_eq!(store.begin_session(scope).unwrap(), 1);
        }
        assert_eq!(store.begin_session(&ada).unwrap(), 2);
        store
            .say(&ada, &[said(1, "one"), said(2, "two")], 3)
            .unwrap();
        store
            .say(&ada, &[said(3, "three"), said(4, "four")], 3)
            .unwrap();
        store.say(&run, &[said(1, "other")], 3).unwrap();
        store.say(&long, &[said(1, "far")], 3).unwrap();
    }
    let store = Store::open(&dir).unwrap();
    assert_eq!(words(&store.said(&ada, 9)), ["two", "three", "four"]);
    assert_eq!(words(&store.said(&ada, 1)), ["four"]);
    assert_eq!(words(&store.said(&run, 9)), ["other"]);
    assert_eq!(words(&store.said(&long, 9)), ["far"]);
    assert!(store.said(&Scope::default(), 9).is_empty());
    // A scope covers what it does not name; what is forgotten stays so, sessions go on counting.
    store.forget_said(&ada).unwrap();
    drop(store);
    let store = Store::open(&dir).unwrap();
    assert!(store.said(&ada, 9).is_empty() && store.said(&run, 9).is_empty());
    assert_eq!(store.said(&long, 9).len(), 1);
    assert_eq!(store.begin_session(&ada).unwrap(), 3);
}

#[test]
fn a_cleared_store_is_as_new() {
    let folder = tempfile::tempdir().unwrap();
    for vectors in [
        VectorConfig::default(),
        ArroyConfig {
            index_after: 4,
            ..ArroyConfig::default()
        }
        .into(),
    ] {
        let dir = folder.path().join(vectors.kind());
        let config = StoreConfig {
            vectors,
            ..StoreConfig::with_dimensions(8)
        };
        let store = Store::create(&dir, &config).unwrap();
        let fill = |store: &Store| {
            let vectors = clustered(40, 8, 5);
            let adds = vectors.into_iter().enumerate();
            let adds = adds.map(|(n, v)| add("u", &format!("text {n}"), &[], Some(v)));
            store.apply(&adds.collect::<Vec<_>>()).unwrap();
            store.seal().unwrap();
        };
        fill(&store);
        store.say(&Scope::user("u"), &[said(1, "one")], 3).unwrap();
        store.set_note("mine", b"kept").unwrap();
        store.enqueue(b"work").unwrap();
        let found = |store: &Store| {
            let all = Filter::default();
            store.nearest(&all, &clustered(1, 8, 9)[0], 5).unwrap()
        };
        let before = found(&store);
        store.clear().unwrap();
        let check = |store: &Store| {
            assert!(store.is_empty() && !store.is_sealed());
            assert_eq!(store.history_len().unwrap(), 0);
            assert_eq!(store.entry(MemoryId(0)), None);
            assert_eq!(store.note("mine").unwrap(), None);
            assert_eq!(store.queue_len().unwrap(), 0);
            assert!(store.said(&Scope::user("u"), 9).is_empty());
            assert!(found(store).is_empty());
            assert!(
                store
                    .search(&Filter::default(), "text", 9)
                    .unwrap()
                    .is_empty()
            );
        };
        check(&store);
        drop(store);
        let store = Store::open(&dir).unwrap();
        check(&store);
        fill(&store);
        assert_eq!(found(&store), before);
    }
}
