//! What graphs bring up for a question.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use memgauge_core::{
    ErrorKind, GraphReader, MemoryId, MemoryKind, MemorySystem, Meter, NodeId, Recall, Scope,
    Stage, TurnId,
};
use serde_json::{Value, json};

use super::tests::{Case, GraphShop, case, edges, names, reader, texts, turns_of};
use crate::scripted::Scripted;
use crate::system::SystemConfig;
use crate::system::tests::ask;

fn column(recall: &Recall, name: &str) -> usize {
    recall.lists.iter().position(|list| list == name).unwrap()
}

#[tokio::test]
async fn relations_are_shown_after_the_memories_and_survive_a_reopening() {
    let graph = json!({"kind": "mem0g", "similarity": 0.7, "triplet-threshold": 0.9, "limit": 2});
    let case = case(graph, json!([]));
    let sessions: &[&[(&str, &str)]] = &[
        &[("Ann", "cat|likes|dog"), ("Bob", "school|has|paint")],
        &[("Bob", "hike|is|camp")],
    ];
    let (pipeline, ..) = case.told(sessions).await;
    pipeline
        .flush(&Meter::new().at(Stage::Index))
        .await
        .unwrap();
    let recall = ask(&pipeline, "c", "cat hike").await;
    assert_eq!(recall.lists, ["lexical", "graph"]);
    // One memory, and the edges of the nodes near `cat` and `hike`.
    assert_eq!(recall.k, 3);
    let graph = column(&recall, "graph");
    let kinds: Vec<MemoryKind> = recall
        .candidates
        .iter()
        .map(|hit| pipeline.memory(hit.id).unwrap().unwrap().kind)
        .collect();
    assert_eq!(kinds[1..3], [MemoryKind::Relation; 2]);
    assert!(!kinds[3..].contains(&MemoryKind::Relation) && kinds[0] == MemoryKind::Verbatim);
    assert!(recall.candidates.iter().all(|hit| hit.lists.len() == 2));
    assert_eq!(recall.candidates[1].lists[graph].unwrap().rank, 1);
    assert!(recall.candidates[0].lists[graph].is_none());
    let (memories, relations) = recall.context.text.split_once("\n\nRelations:\n").unwrap();
    assert_eq!(memories.lines().count(), 1);
    assert_eq!(relations, "cat -- likes -- dog\nhike -- is -- camp");
    let entries = &recall.context.entries;
    assert_eq!(entries.len(), 3);
    assert_eq!(entries[1].turns, [TurnId::new(1, 1)]);
    assert_eq!(entries[2].turns, [TurnId::new(2, 1)]);
    // The heading is not retrieved text.
    assert_eq!(
        recall.context.retrieved(),
        format!("{memories}\n{relations}")
    );

    drop(pipeline);
    let again = case.open();
    assert!(again.is_complete());
    assert_eq!(ask(&again, "c", "cat hike").await, recall);
}

#[tokio::test]
async fn edges_near_the_question_are_found_without_its_entities() {
    let case = case(
        json!({"kind": "mem0g", "triplet-threshold": 0.5, "builder": {"kind": "llm", "entities": {"kind": "llm"}}}),
        json!([]),
    );
    let (pipeline, ..) = case
        .told(&[&[("Ann", "cats|like|dogs; paint|is|school")]])
        .await;
    // "catdog" is near no node at 0.95 but near the edge's text.
    let mut config = case.config.clone();
    let Some(super::GraphConfig::Mem0g(graph)) = &mut config.graph else {
        unreachable!("it was configured so");
    };
    graph.similarity = 0.95;
    pipeline
        .flush(&Meter::new().at(Stage::Index))
        .await
        .unwrap();
    drop(pipeline);
    let pipeline = Case { config, ..case }.open();
    let recall = ask(&pipeline, "c", "catdog").await;
    let shown: Vec<&str> = recall
        .context
        .entries
        .iter()
        .map(|e| e.body.as_str())
        .collect();
    assert_eq!(shown, ["cats -- like -- dogs"]);
}

#[tokio::test]
async fn relations_vote_for_the_memories_that_say_their_turns() {
    let case = case(json!({"kind": "mem0g", "join": "fuse"}), json!([]));
    let sessions: &[&[(&str, &str)]] = &[&[
        ("Ann", "cat|likes|dog"),
        ("Bob", "paint|is|school"),
        ("Ann", "cat|likes|dog; cat|sees|camp"),
    ]];
    let (pipeline, ..) = case.told(sessions).await;
    pipeline
        .flush(&Meter::new().at(Stage::Index))
        .await
        .unwrap();
    let recall = ask(&pipeline, "c", "cat").await;
    assert_eq!(recall.lists, ["lexical", "graph"]);
    assert!(!recall.context.text.contains("Relations:"));
    let graph = column(&recall, "graph");
    let votes: Vec<(String, Option<f32>)> = recall
        .candidates
        .iter()
        .map(|hit| {
            let record = pipeline.memory(hit.id).unwrap().unwrap();
            assert_eq!(record.kind, MemoryKind::Verbatim);
            (
                turns_of(&record)[0].clone(),
                hit.lists[graph].map(|cell| cell.score),
            )
        })
        .collect();
    // Both edges have a cosine of 0.707 to the question; the third turn says both.
    let of = |turn: &str| {
        votes
            .iter()
            .find(|(t, _)| t == turn)
            .and_then(|(_, score)| *score)
    };
    assert!((of("D1:1").unwrap() - 0.707).abs() < 1e-3);
    assert!((of("D1:3").unwrap() - 1.414).abs() < 1e-3);
    assert_eq!(of("D1:2"), None);
}

#[tokio::test]
async fn edges_of_the_time_in_question_come_first() {
    let case = case(
        json!({"kind": "temporal", "limit": 1, "date-weight": 0.5}),
        json!([0]),
    );
    let (pipeline, ..) = case
        .told(&[
            &[("Ann", "cat|lives in|school")],
            &[("Ann", "cat|lives in|camp")],
        ])
        .await;
    pipeline
        .flush(&Meter::new().at(Stage::Index))
        .await
        .unwrap();
    let first = async |question: &str| {
        let recall = ask(&pipeline, "c", question).await;
        recall.context.entries.last().unwrap().body.clone()
    };
    let school = "cat -- lives in -- school (from 1 May, 2023 until 2 May, 2023)";
    let camp = "cat -- lives in -- camp (from 2 May, 2023)";
    // Equally near to the question; the lower id comes first unless a date speaks against it.
    assert_eq!(first("cat").await, school);
    assert_eq!(first("cat on 1 May 2023").await, school);
    assert_eq!(first("cat in June 2023").await, camp);
    assert_eq!(first("cat yesterday").await, school);
}

#[tokio::test]
async fn the_open_source_search_ranks_a_neighbourhood_by_words() {
    let graph = json!({"kind": "mem0g-oss", "limit": 2});
    let case = case(graph, json!([]));
    let (pipeline, ..) = case
        .told(&[&[(
            "Ann",
            "cat|adores|dog; cat|sees|paint; cat|hears|hike; school|adores|camp",
        )]])
        .await;
    pipeline
        .flush(&Meter::new().at(Stage::Index))
        .await
        .unwrap();
    let recall = ask(&pipeline, "c", "cat adores").await;
    let shown: Vec<&str> = recall
        .context
        .entries
        .iter()
        .map(|e| e.body.as_str())
        .collect();
    // The edge of the school is no neighbour of the cat; the second has one word in common.
    assert_eq!(shown[1..], ["cat -- adores -- dog", "cat -- sees -- paint"]);
}

#[tokio::test]
async fn entities_that_share_a_turn_lead_to_memories() {
    let config: SystemConfig = serde_json::from_value(json!({
        "kind": "turns", "graph": {"kind": "cooccurrence"}, "fusion": {"kind": "rrf"},
        "retriever": {"kind": "lexical", "k": 5},
    }))
    .unwrap();
    let case = Case {
        config: config.pipeline().unwrap(),
        ..case(json!({"kind": "mem0g"}), json!([]))
    };
    let sessions: &[&[(&str, &str)]] = &[
        &[
            ("Ann", "My cat needs paint."),
            ("Bob", "The paint is for a school."),
        ],
        &[
            ("Ann", "The weather was bad."),
            ("Bob", "My cat needs paint."),
        ],
    ];
    let (pipeline, ..) = case.told(sessions).await;
    let edge = |text: &str| {
        let edges = edges(&pipeline);
        let found = edges.into_iter().find(|edge| edge.text == text);
        found.map(|edge| turns_of(&edge))
    };
    // Shared twice: one edge, two sources; the speaker is named by the turn.
    assert_eq!(
        edge("cat -- mentioned with -- paint").unwrap(),
        ["D1:1", "D2:2"]
    );
    assert_eq!(edge("Ann -- mentioned with -- cat").unwrap(), ["D1:1"]);
    assert_eq!(edge("cat -- mentioned with -- school"), None);
    assert!(pipeline.store().vector(edges(&pipeline)[0].id).is_none());
    pipeline
        .flush(&Meter::new().at(Stage::Index))
        .await
        .unwrap();
    let recall = ask(&pipeline, "c", "Is there a cat?").await;
    let graph = column(&recall, "graph");
    let score = |turn: &str| {
        recall.candidates.iter().find_map(|hit| {
            let record = pipeline.memory(hit.id).unwrap().unwrap();
            assert_eq!(record.kind, MemoryKind::Verbatim);
            (turns_of(&record) == [turn]).then(|| hit.lists[graph].map(|cell| cell.score))?
        })
    };
    // The cat's own turns first, then what its neighbours lead to.
    let (cat, school, weather) = (
        score("D1:1").unwrap(),
        score("D1:2").unwrap(),
        score("D2:1").unwrap(),
    );
    assert!(cat > school && school > weather, "{cat} {school} {weather}");
    // Every share goes to memories: they sum to 1.
    let sum: f32 = recall
        .candidates
        .iter()
        .filter_map(|hit| hit.lists[graph])
        .map(|c| c.score)
        .sum();
    assert!((sum - 1.0).abs() < 1e-4, "{sum}");
    // A question that names nothing brings up nothing.
    let nothing = ask(&pipeline, "c", "Why?").await;
    assert!(
        nothing
            .candidates
            .iter()
            .all(|hit| hit.lists[graph].is_none())
    );
}

#[tokio::test]
async fn linked_entities_boost_their_memories() {
    let config: SystemConfig = serde_json::from_value(json!({
        "kind": "turns", "graph": {"kind": "entity-links", "similarity": 0.4}, "fusion": {"kind": "rrf"},
        "retriever": {"kind": "lexical", "k": 5},
    }))
    .unwrap();
    let case = Case {
        config: config.pipeline().unwrap(),
        ..case(json!({"kind": "mem0g"}), json!([]))
    };
    let (pipeline, events, _) = case
        .told(&[&[
            ("Ann", "My dog camp was long."),
            ("Bob", "We watched \"Dog Camp\"."),
            ("Ann", "The cat school is far."),
        ]])
        .await;
    // No edges: nothing but the turns in the journal.
    assert_eq!((events.len(), pipeline.store().edge_count()), (3, 0));
    assert_eq!(names(&pipeline)[..1], ["Ann"]);
    let store = pipeline.store();
    let camp = store.named(&Scope::user("c"), "dog camp")[0];
    assert_eq!(
        store.node(camp).unwrap().memories,
        [MemoryId(0), MemoryId(1)]
    );
    pipeline
        .flush(&Meter::new().at(Stage::Index))
        .await
        .unwrap();
    let recall = ask(&pipeline, "c", "Was it at the dog school?").await;
    let entities = column(&recall, "entities");
    let gains: Vec<(MemoryId, f32)> = recall
        .candidates
        .iter()
        .filter_map(|hit| Some((hit.id, hit.lists[entities]?.score)))
        .collect();
    // "dog school" has a cosine of 1/2 to both nodes; the camp points at two memories.
    for (id, expected) in [(0, 0.25 / 1.001), (1, 0.25 / 1.001), (2, 0.25)] {
        let gain = gains.iter().find(|(found, _)| found.0 == id).unwrap().1;
        assert!((gain - expected).abs() < 1e-5, "{id}: {gain}");
    }
}

#[tokio::test]
async fn queued_work_leaves_the_queue_with_its_graph() {
    let down = Arc::new(AtomicBool::new(true));
    let model = reader(json!([]));
    let switch = Arc::clone(&down);
    let mut case = Case {
        chat: Scripted::new(move |request| {
            if switch.load(Ordering::SeqCst) {
                return Err(ErrorKind::Transient);
            }
            model(request)
        }),
        ..case(json!({"kind": "mem0g"}), json!([]))
    };
    case.config.consolidation = serde_json::from_value(json!({"kind": "background"})).unwrap();
    let (pipeline, ..) = case
        .told(&[&[("Ann", "cat|likes|dog"), ("Bob", "hm")]])
        .await;
    let meter = Meter::new();
    assert!(pipeline.flush(&meter.at(Stage::Index)).await.is_err());
    // The turns are stored; what is left to do is the graph.
    let store = pipeline.store();
    assert_eq!((store.len(), store.queue_len().unwrap()), (2, 1));
    down.store(false, Ordering::SeqCst);
    let events = pipeline.flush(&meter.at(Stage::Index)).await.unwrap();
    assert_eq!(store.queue_len().unwrap(), 0);
    assert_eq!((store.len(), texts(&pipeline).len()), (3, 1));
    // The flush that succeeds tells what was done before it failed, and nothing twice.
    assert!(
        events
            .iter()
            .any(|(_, event)| event.after.as_deref() == Some("cat -- likes -- dog"))
    );
    assert_eq!(store.node(NodeId(0)).unwrap().memories, [MemoryId(0)]);
}

#[test]
fn senseless_values_are_refused_with_their_place() {
    let refused = |system: Value| -> (Option<String>, String) {
        let config: SystemConfig = serde_json::from_value(system).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let shop = GraphShop {
            folder: folder.path().to_owned(),
            chat: Scripted::always("{}"),
        };
        let error = match config.build(&shop) {
            Err(error) => error,
            Ok(_) => unreachable!("it was built"),
        };
        (error.key, error.message)
    };
    for (graph, key) in [
        (
            json!({"kind": "mem0g", "merge-threshold": 1.5}),
            "graph.merge-threshold",
        ),
        (json!({"kind": "mem0g-oss", "limit": 0}), "graph.limit"),
        (
            json!({"kind": "temporal", "date-weight": -1.0}),
            "graph.date-weight",
        ),
        (
            json!({"kind": "temporal", "builder": {"kind": "rules", "conflicts": {"kind": "rules", "overlap": 2.0}}}),
            "graph.builder.conflicts.overlap",
        ),
        (
            json!({"kind": "mem0g", "builder": {"kind": "llm", "relations": {"kind": "llm", "max-tokens": 0}}}),
            "graph.builder.relations.max-tokens",
        ),
        (
            json!({"kind": "mem0g", "builder": {"kind": "llm", "entities": {"kind": "llm", "prompt": "graph/relations"}}}),
            "graph.builder.entities.prompt",
        ),
    ] {
        let (found, message) = refused(json!({"kind": "turns", "graph": graph}));
        assert_eq!(found.as_deref(), Some(key), "{message}");
    }
    // One list more than there are weights.
    let (key, message) = refused(json!({"kind": "turns", "graph": {"kind": "cooccurrence"}}));
    assert_eq!(key.as_deref(), Some("fusion.inner.weights"), "{message}");
    assert!(message.contains("3 ranked list"), "{message}");
}
