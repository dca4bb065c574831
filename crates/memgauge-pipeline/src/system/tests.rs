use std::collections::BTreeMap;

use jiff::civil::date;
use memgauge_core::{
    Conversation, ConversationHead, ConversationId, MemoryKind, MemorySystem, Meter, OpKind,
    Question, QuestionId, Recall, Session, SessionNotes, Stage, Turn, TurnId,
};
use serde_json::json;

use super::*;
use crate::context::TimeFormat;
use crate::retriever::fake::FakeParts;

pub(crate) fn talk(id: &str, sessions: &[&[(&str, &str)]]) -> Conversation {
    let sessions = (1_u32..)
        .zip(sessions)
        .map(|(index, lines)| Session {
            index,
            held_at: date(2023, 5, i8::try_from(index).unwrap()).at(13, 56, 0, 0),
            held_at_text: format!("1:56 pm on {index} May, 2023"),
            turns: (1_u32..)
                .zip(*lines)
                .map(|(turn, (speaker, text))| Turn {
                    id: TurnId::new(index, turn),
                    speaker: (*speaker).to_owned(),
                    text: (*text).to_owned(),
                    image: None,
                })
                .collect(),
            notes: SessionNotes::default(),
        })
        .collect();
    Conversation {
        head: ConversationHead {
            id: ConversationId::new(id),
            speakers: ["Ann".to_owned(), "Bob".to_owned()],
        },
        sessions,
    }
}

pub(super) fn sample(id: &str) -> Conversation {
    talk(
        id,
        &[
            &[
                ("Ann", "My cat is old."),
                ("Bob", "How old?"),
                ("Ann", "Twelve."),
            ],
            &[
                ("Bob", "I paint a dog."),
                ("Ann", "Lovely!"),
                ("Bob", "At school."),
            ],
        ],
    )
}

pub(super) fn system(config: serde_json::Value, folder: &std::path::Path) -> Box<dyn MemorySystem> {
    let config: SystemConfig = serde_json::from_value(config).unwrap();
    let system = config.build(&FakeParts(folder.to_owned())).unwrap();
    assert_eq!(system.kind(), config.kind());
    system
}

pub(crate) async fn ingest(
    system: &dyn MemorySystem,
    meter: &std::sync::Arc<Meter>,
    of: &Conversation,
) -> Vec<memgauge_core::MemoryEvent> {
    let mut events = Vec::new();
    for session in &of.sessions {
        let cx = meter.at(Stage::Extract);
        events.extend(system.ingest(&cx, &of.head, session).await.unwrap());
    }
    events
}

pub(crate) async fn ask(system: &dyn MemorySystem, conversation: &str, text: &str) -> Recall {
    let id = ConversationId::new(conversation);
    let question = Question {
        id: QuestionId {
            conversation: id.clone(),
            index: 0,
        },
        text: text.to_owned(),
    };
    let cx = Meter::new().at(Stage::Search);
    system.recall(&cx, &id, &question).await.unwrap()
}

pub(super) fn turns(recall: &Recall) -> Vec<Vec<String>> {
    let entries = recall.context.entries.iter();
    entries
        .map(|entry| entry.turns.iter().map(ToString::to_string).collect())
        .collect()
}

#[tokio::test]
async fn turns_are_found_by_words_and_vectors_and_shown_with_their_time() {
    let folder = tempfile::tempdir().unwrap();
    let system = system(
        json!({"kind": "turns", "retriever": {"kind": "hybrid", "k": 2}}),
        folder.path(),
    );
    let meter = Meter::new();
    let events = ingest(system.as_ref(), &meter, &sample("c")).await;
    assert_eq!(events.len(), 6);
    assert!(events.iter().all(|event| event.op == OpKind::Add));
    system.flush(&meter.at(Stage::Index)).await.unwrap();
    let recall = ask(system.as_ref(), "c", "Who has a cat?").await;
    assert_eq!(recall.k, 2);
    assert_eq!(recall.lists, ["dense", "lexical"]);
    // The turn that says it, and the one after it by its neighbour's score.
    assert_eq!(turns(&recall), [["D1:1"], ["D1:2"]]);
    assert_eq!(
        recall.context.text,
        "1:56 pm on 1 May, 2023: Ann: My cat is old.\n1:56 pm on 1 May, 2023: Bob: How old?"
    );
    assert_eq!(recall.candidates.len(), 6);
    let first = system.memory(recall.candidates[0].id).unwrap().unwrap();
    assert_eq!(first.text, "Ann: My cat is old.");
    // One call per window, none per turn; extraction and update embed nothing.
    let charges = meter.charges();
    assert_eq!(charges[&Stage::Index].calls, 2);
    assert_eq!(charges[&Stage::Index].inputs, 6);
    assert!(!charges.contains_key(&Stage::Update));
    let counters = meter.counters();
    assert_eq!(counters["extractor:verbatim"], 2);
    assert_eq!(counters["update:append"], 2);
}

#[tokio::test]
async fn a_complete_store_is_opened_again_and_an_unfinished_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let config = json!({"kind": "turns"});
    let unfinished = system(config.clone(), folder.path());
    ingest(unfinished.as_ref(), &Meter::new(), &sample("c")).await;
    assert!(!unfinished.is_complete());
    drop(unfinished);

    let first = system(config.clone(), folder.path());
    assert!(!first.is_complete());
    ingest(first.as_ref(), &Meter::new(), &sample("c")).await;
    first.flush(&Meter::new().at(Stage::Index)).await.unwrap();
    let before = ask(first.as_ref(), "c", "Who paints a dog?").await;
    assert_eq!(before.candidates.len(), 6);
    drop(first);

    let again = system(config, folder.path());
    assert!(again.is_complete());
    assert_eq!(ask(again.as_ref(), "c", "Who paints a dog?").await, before);
    drop(again);

    let other = json!({"kind": "turns", "store": {"lexical": {"k1": 2.0}}});
    let other: SystemConfig = serde_json::from_value(other).unwrap();
    let error = other
        .build(&FakeParts(folder.path().to_owned()))
        .err()
        .unwrap();
    assert_eq!(error.key.as_deref(), Some("store"));
}

#[tokio::test]
async fn conversations_that_share_a_store_are_kept_apart_unless_told_otherwise() {
    for (filter, expected) in [(true, 6), (false, 12)] {
        let folder = tempfile::tempdir().unwrap();
        let system = system(
            json!({"kind": "turns", "scope-filter": filter}),
            folder.path(),
        );
        for id in ["c", "d"] {
            ingest(system.as_ref(), &Meter::new(), &sample(id)).await;
        }
        system.flush(&Meter::new().at(Stage::Index)).await.unwrap();
        let recall = ask(system.as_ref(), "d", "cat").await;
        assert_eq!(recall.candidates.len(), expected);
        let own = |entry: &memgauge_core::ContextEntry| entry.conversation.as_str() == "d";
        assert_eq!(recall.context.entries.iter().all(own), filter);
    }
}

#[tokio::test]
async fn nothing_is_embedded_where_nothing_looks_at_vectors() {
    let folder = tempfile::tempdir().unwrap();
    let config =
        json!({"kind": "turns", "retriever": {"kind": "lexical"}, "fusion": {"kind": "single"}});
    let system = system(config, folder.path());
    let meter = Meter::new();
    ingest(system.as_ref(), &meter, &sample("c")).await;
    system.flush(&meter.at(Stage::Index)).await.unwrap();
    assert_eq!(meter.charges(), std::collections::BTreeMap::new());
    assert_eq!(turns(&ask(system.as_ref(), "c", "dog").await), [["D2:1"]]);
}

#[tokio::test]
async fn merging_everything_into_one_memory_shows_in_its_sources() {
    let folder = tempfile::tempdir().unwrap();
    let config = json!({"kind": "turns", "update": {"kind": "merge-all"}, "retriever": {"kind": "hybrid", "k": 1}});
    let system = system(config, folder.path());
    let meter = Meter::new();
    let events = ingest(system.as_ref(), &meter, &sample("c")).await;
    system.flush(&meter.at(Stage::Index)).await.unwrap();
    let ops: Vec<OpKind> = events.iter().map(|event| event.op).collect();
    assert_eq!(
        ops,
        [OpKind::Add, OpKind::Add, OpKind::Update, OpKind::Update]
    );
    // One memory brings all that its speaker said; it cannot pass for one turn's worth.
    let recall = ask(system.as_ref(), "c", "cat").await;
    assert_eq!(recall.candidates.len(), 2);
    assert_eq!(turns(&recall), [["D1:1", "D1:3", "D2:2"]]);
    let record = system.memory(recall.candidates[0].id).unwrap().unwrap();
    assert_eq!(record.live_turns().count(), 3);
    assert_eq!(record.text.lines().count(), 3);
}

#[tokio::test]
async fn a_window_of_turns_is_one_memory_with_all_its_turns() {
    let folder = tempfile::tempdir().unwrap();
    let config = json!({"kind": "turns", "extractor": {"kind": "verbatim", "turns": 20}});
    let system = system(config, folder.path());
    ingest(system.as_ref(), &Meter::new(), &sample("c")).await;
    system.flush(&Meter::new().at(Stage::Index)).await.unwrap();
    let recall = ask(system.as_ref(), "c", "dog").await;
    assert_eq!(
        turns(&recall),
        [["D2:1", "D2:2", "D2:3"], ["D1:1", "D1:2", "D1:3"]]
    );
    let entry = &recall.context.entries[0];
    assert_eq!(entry.speaker, None);
    assert_eq!(
        entry.body,
        "Bob: I paint a dog.\nAnn: Lovely!\nBob: At school."
    );
}

#[tokio::test]
async fn facts_said_twice_become_sources_of_one_memory() {
    let folder = tempfile::tempdir().unwrap();
    let config = json!({"kind": "turns", "update": {"kind": "dedupe"}});
    let system = system(config, folder.path());
    let twice = talk(
        "c",
        &[
            &[("Ann", "My cat!"), ("Ann", "My cat!")],
            &[("Ann", "My cat!")],
        ],
    );
    let events = ingest(system.as_ref(), &Meter::new(), &twice).await;
    system.flush(&Meter::new().at(Stage::Index)).await.unwrap();
    assert_eq!(events.len(), 3);
    let recall = ask(system.as_ref(), "c", "cat").await;
    assert_eq!(turns(&recall), [["D1:1", "D1:2", "D2:1"]]);
    assert!(recall.candidates[0].lists[0].unwrap().score > 0.99);
}

#[tokio::test]
async fn full_context_is_the_transcript_and_no_memory_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let full = system(json!({"kind": "full-context"}), folder.path());
    ingest(full.as_ref(), &Meter::new(), &sample("c")).await;
    full.flush(&Meter::new().at(Stage::Index)).await.unwrap();
    let recall = ask(full.as_ref(), "c", "?").await;
    assert!(recall.context.text.starts_with(
        "1:56 pm on 1 May, 2023 | Ann: My cat is old.\n1:56 pm on 1 May, 2023 | Bob: How old?\n"
    ));
    assert_eq!(recall.context.entries.len(), 6);
    assert_eq!(recall.context.entries[3].body, "I paint a dog.");
    assert_eq!(recall.context.entries[3].turns, [TurnId::new(2, 1)]);
    let unknown = ConversationId::new("x");
    let question = Question {
        id: "x/q0".parse().unwrap(),
        text: String::new(),
    };
    let cx = Meter::new().at(Stage::Search);
    assert!(full.recall(&cx, &unknown, &question).await.is_err());
    let none = system(json!({"kind": "no-memory"}), folder.path());
    ingest(none.as_ref(), &Meter::new(), &sample("c")).await;
    assert_eq!(ask(none.as_ref(), "c", "?").await, Recall::default());
}

#[tokio::test]
async fn captions_are_an_option() {
    let folder = tempfile::tempdir().unwrap();
    let mut conversation = sample("c");
    conversation.sessions[0].turns[0].image = Some(memgauge_core::Image {
        caption: Some("a grey cat".to_owned()),
        ..memgauge_core::Image::default()
    });
    for (captions, expected) in [
        (true, "My cat is old. [shared an image: a grey cat]"),
        (false, "My cat is old."),
    ] {
        let full = system(
            json!({"kind": "full-context", "captions": captions}),
            folder.path(),
        );
        ingest(full.as_ref(), &Meter::new(), &conversation).await;
        assert_eq!(
            ask(full.as_ref(), "c", "?").await.context.entries[0].body,
            expected
        );
    }
}

#[tokio::test]
async fn rag_cuts_the_transcript_and_credits_a_turn_to_the_chunk_that_holds_most_of_it() {
    let folder = tempfile::tempdir().unwrap();
    // A token is a character here; the first line is 44 long, 14 of them said.
    let config = json!({"kind": "rag", "chunk-tokens": 40, "k": 2});
    let rag = system(config, folder.path());
    let meter = Meter::new();
    ingest(rag.as_ref(), &meter, &sample("c")).await;
    rag.flush(&meter.at(Stage::Index)).await.unwrap();
    assert_eq!(meter.charges()[&Stage::Index].calls, 1);
    let recall = ask(rag.as_ref(), "c", "cat").await;
    let first = &recall.context.entries[0];
    assert_eq!(first.body, "1:56 pm on 1 May, 2023 | Ann: My cat is ");
    assert_eq!(first.turns, [TurnId::new(1, 1)]);
    assert_eq!(first.held_at, Some(date(2023, 5, 1).at(13, 56, 0, 0)));
    assert!(recall.context.text.contains("\n<->\n"));
    let mut texts = String::new();
    let mut covered = Vec::new();
    for hit in 0..u32::try_from(recall.candidates.len()).unwrap() {
        let record = rag.memory(memgauge_core::MemoryId(hit)).unwrap().unwrap();
        assert_eq!(record.kind, MemoryKind::Chunk);
        texts.push_str(&record.text);
        covered.extend(record.live_turns());
    }
    let full = system(json!({"kind": "full-context"}), folder.path());
    ingest(full.as_ref(), &meter, &sample("c")).await;
    assert_eq!(texts, ask(full.as_ref(), "c", "?").await.context.text);
    covered.dedup();
    assert_eq!(covered.len(), 6);
}

#[tokio::test]
async fn the_oracle_gives_the_evidence_in_the_order_in_which_it_was_said() {
    let evidence = BTreeMap::from([(
        "c/q0".parse().unwrap(),
        vec![TurnId::new(2, 1), TurnId::new(1, 3), TurnId::new(9, 9)],
    )]);
    let oracle = Oracle::new(evidence, TimeFormat::Spoken);
    ingest(&oracle, &Meter::new(), &sample("c")).await;
    let recall = ask(&oracle, "c", "anything").await;
    assert_eq!(
        recall.context.text,
        "1:56 pm on 1 May, 2023: Ann: Twelve.\n1:56 pm on 2 May, 2023: Bob: I paint a dog."
    );
    let nothing = Oracle::new(BTreeMap::new(), TimeFormat::Spoken);
    ingest(&nothing, &Meter::new(), &sample("c")).await;
    assert!(
        ask(&nothing, "c", "anything")
            .await
            .context
            .entries
            .is_empty()
    );
}

#[test]
fn mistakes_are_named_with_their_place_and_leave_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let error = |value: serde_json::Value| {
        let config: SystemConfig = serde_json::from_value(value).unwrap();
        let error = config.build(&FakeParts(folder.path().to_owned())).err();
        error.unwrap().key.unwrap()
    };
    assert_eq!(
        error(json!({"kind": "turns", "retriever": {"kind": "dense", "k": 0}})),
        "retriever.k"
    );
    assert_eq!(
        error(json!({"kind": "turns", "fusion": {"kind": "rrf", "weights": [1]}})),
        "fusion.weights"
    );
    assert_eq!(
        error(json!({"kind": "turns", "fusion": {"kind": "single"}})),
        "fusion"
    );
    assert_eq!(error(json!({"kind": "rag", "k": 0})), "k");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    for kind in [
        "turns",
        "observations",
        "summaries",
        "mem0-rules",
        "no-memory",
        "rag",
        "full-context",
    ] {
        let config: SystemConfig = serde_json::from_value(json!({ "kind": kind })).unwrap();
        let schema = schemars::schema_for!(SystemConfig).to_value();
        let value = serde_json::to_value(&config).unwrap();
        assert_eq!(memgauge_core::config::check(&schema, &value), [], "{kind}");
        assert_eq!(
            serde_json::from_value::<SystemConfig>(value).unwrap(),
            config
        );
    }
}
