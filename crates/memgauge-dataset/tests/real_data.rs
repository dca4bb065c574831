//! The loader against the published LOCOMO file: every number that is known about it.
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "helpers of tests")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use memgauge_core::{Category, Gold, TurnId};
use memgauge_dataset::{Dataset, Finding, Oddity, SearchPlaces, locomo, resolve, sha256_file};
use serde_json::{Value, json};

/// The folder with the real data, or nothing.
fn data_folder(test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("MEMGAUGE_DATA").map(PathBuf::from);
    match folder {
        Some(_) => eprintln!("real-data test ran: {test}"),
        None => eprintln!("real-data test skipped: {test}"),
    }
    folder
}

fn path_in(folder: PathBuf) -> PathBuf {
    let places = SearchPlaces {
        data_folder: Some(folder),
        ..SearchPlaces::default()
    };
    resolve("locomo", &places).unwrap()
}

fn load(test: &str) -> Option<Dataset> {
    data_folder(test).map(|folder| locomo::load(path_in(folder)).unwrap())
}

fn of_kind(dataset: &Dataset, kind: &str) -> Vec<Finding> {
    dataset.report.of_kind(kind).cloned().collect()
}

#[test]
fn real_data_counts_are_those_of_the_published_file() {
    let Some(dataset) = load("real_data_counts_are_those_of_the_published_file") else {
        return;
    };
    assert_eq!(dataset.name, "locomo");
    let known = dataset.known().unwrap();
    assert_eq!(dataset.fingerprint.sha256, known.sha256);
    assert_eq!(
        dataset.fingerprint.sha256,
        sha256_file(&dataset.path).unwrap()
    );
    assert_eq!(dataset.fingerprint.bytes, 2_805_274);

    let stats = dataset.stats();
    assert_eq!(
        (stats.conversations, stats.sessions, stats.turns),
        (10, 272, 5_882)
    );
    let rows = &stats.per_conversation;
    let sessions: Vec<usize> = rows.iter().map(|row| row.sessions).collect();
    assert_eq!(sessions, [19, 19, 32, 29, 29, 28, 31, 30, 25, 30]);
    let questions: Vec<usize> = rows.iter().map(|row| row.questions).collect();
    assert_eq!(
        questions,
        [199, 105, 193, 260, 242, 158, 190, 239, 196, 204]
    );
    assert_eq!(stats.questions, 1_986);
    let by_category: Vec<usize> = Category::ALL
        .into_iter()
        .map(|category| stats.questions_of(category))
        .collect();
    assert_eq!(by_category, [282, 321, 96, 841, 446]);
    assert_eq!(stats.evidence_references, 2_815);
    assert_eq!(stats.gold_turns, 2_820);
    assert_eq!(stats.scored_questions_with_evidence, 1_536);
    assert_eq!(stats.questions_with_evidence, 1_982);
    assert_eq!(stats.observations, 2_541);
    assert_eq!(stats.summaries, 272);

    assert_eq!((stats.images, stats.captions), (1_226, 1_226));
    let images = || {
        let entries = dataset.conversations.iter();
        entries
            .flat_map(|entry| entry.conversation.turns())
            .filter_map(|(_, turn)| turn.image.as_ref())
    };
    assert_eq!(images().filter(|image| !image.urls.is_empty()).count(), 910);
    assert_eq!(images().filter(|image| image.query.is_some()).count(), 888);
}

#[test]
fn real_data_oddities_are_all_reported_and_nothing_else() {
    let Some(dataset) = load("real_data_oddities_are_all_reported_and_nothing_else") else {
        return;
    };
    let expected = BTreeMap::from([
        ("answer-beside-trap", 2),
        ("answer-from-number", 6),
        ("evidence-empty", 4),
        ("evidence-missing-turn", 2),
        ("evidence-repaired", 7),
        ("evidence-repeated", 1),
        ("observation-list", 10),
        ("observation-repaired", 5),
        ("question-repeated", 12),
        ("time-without-session", 16),
    ]);
    assert_eq!(dataset.report.counts(), expected);

    let mut numbers = BTreeMap::new();
    for finding in of_kind(&dataset, "answer-from-number") {
        if let Oddity::AnswerFromNumber { category, .. } = finding.oddity {
            *numbers.entry(category).or_insert(0) += 1;
        }
    }
    assert_eq!(
        numbers,
        BTreeMap::from([(Category::MultiHop, 2), (Category::Temporal, 4)])
    );

    let twins = of_kind(&dataset, "question-repeated");
    let in_48 = |finding: &&Finding| finding.conversation.as_str() == "conv-48";
    assert_eq!(twins.iter().filter(in_48).count(), 11);
    let other = twins.iter().find(|finding| !in_48(finding)).unwrap();
    assert!(
        matches!(&other.oddity, Oddity::QuestionRepeated { question, first }
            if question.to_string() == "conv-30/q95" && first.to_string() == "conv-30/q61"),
        "{other}"
    );

    let repeated = of_kind(&dataset, "evidence-repeated");
    assert!(
        matches!(&repeated[0].oddity, Oddity::EvidenceRepeated { question, turn }
            if question.to_string() == "conv-50/q5" && *turn == TurnId::new(4, 5)),
        "{}",
        repeated[0]
    );

    let orphans: Vec<u32> = of_kind(&dataset, "time-without-session")
        .into_iter()
        .map(|finding| match finding.oddity {
            Oddity::TimeWithoutSession { session }
                if finding.conversation.as_str() == "conv-26" =>
            {
                session
            }
            _ => panic!("{finding}"),
        })
        .collect();
    assert_eq!(orphans, (20..=35).collect::<Vec<u32>>());
}

#[test]
fn real_data_evidence_is_repaired_as_the_reference_says() {
    let Some(folder) = data_folder("real_data_evidence_is_repaired_as_the_reference_says") else {
        return;
    };
    let reference = folder.join("reference/evidence-repairs.json");
    let expected: Vec<Value> = serde_json::from_slice(&std::fs::read(reference).unwrap()).unwrap();
    let dataset = locomo::load(path_in(folder)).unwrap();

    // The reference has one row for a string: what was read from it, and what of that is missing.
    let mut rows: BTreeMap<(String, u32, String), Value> = BTreeMap::new();
    for finding in &dataset.report.findings {
        let (question, category, written) = match &finding.oddity {
            Oddity::EvidenceRepaired {
                question,
                category,
                written,
                ..
            }
            | Oddity::EvidenceMissingTurn {
                question,
                category,
                written,
                ..
            } => (question, category, written.clone()),
            Oddity::EvidenceEmpty { question, category } => (question, category, String::new()),
            _ => continue,
        };
        let conversation = question.conversation.to_string();
        let row = rows
            .entry((conversation.clone(), question.index, written.clone()))
            .or_insert_with(|| {
                json!({
                    "conv": conversation,
                    "q": question.index,
                    "category": category,
                    "raw": written,
                    "parsed": [],
                    "missing": [],
                })
            });
        match &finding.oddity {
            Oddity::EvidenceRepaired { read, .. } => row["parsed"] = json!(read),
            Oddity::EvidenceMissingTurn { turn, .. } => {
                row["parsed"] = json!([turn]);
                row["missing"] = json!([turn]);
            }
            _ => {
                row["raw"] = json!([]);
                row["note"] = json!("no usable evidence");
            }
        }
    }
    assert_eq!(rows.into_values().collect::<Vec<_>>(), expected);
}

#[test]
fn real_data_sessions_questions_and_notes_are_read_as_written() {
    let Some(dataset) = load("real_data_sessions_questions_and_notes_are_read_as_written") else {
        return;
    };
    for entry in &dataset.conversations {
        let sessions = &entry.conversation.sessions;
        for (position, session) in sessions.iter().enumerate() {
            assert_eq!(session.index as usize, position + 1);
            for (turn_position, turn) in session.turns.iter().enumerate() {
                assert_eq!(turn.id.turn as usize, turn_position + 1);
                assert!(entry.conversation.head.speakers.contains(&turn.speaker));
                if let Some(caption) = turn.image.as_ref().and_then(|image| image.caption.as_ref())
                {
                    assert!(!turn.text.contains(&format!("[{caption}]")));
                }
            }
            for fact in &session.notes.observations {
                assert!(!fact.turns.is_empty(), "{fact:?}");
                assert!(fact.turns.iter().all(|turn| turn.session == session.index));
            }
        }
        assert!(
            sessions
                .windows(2)
                .all(|pair| pair[0].held_at < pair[1].held_at)
        );
        for (position, item) in entry.items.iter().enumerate() {
            assert_eq!(item.question.id.index as usize, position);
            for turn in &item.key.evidence {
                assert!(entry.conversation.turn(*turn).is_some());
            }
        }
    }

    let first = &dataset.conversations[0];
    assert_eq!(first.conversation.head.id.as_str(), "conv-26");
    assert_eq!(first.conversation.head.speakers, ["Caroline", "Melanie"]);
    let session = &first.conversation.sessions[0];
    assert_eq!(session.held_at_text, "1:56 pm on 8 May, 2023");
    assert_eq!(session.held_at.to_string(), "2023-05-08T13:56:00");
    assert_eq!(session.notes.observations[0].speaker, "Caroline");
    assert_eq!(session.notes.observations[0].turns, [TurnId::new(1, 3)]);

    let unanswerable = dataset
        .items()
        .filter(|item| matches!(item.key.gold, Gold::Unanswerable { .. }))
        .count();
    assert_eq!(unanswerable, 446);
    assert_eq!(
        first.items[167].key.gold,
        Gold::Unanswerable {
            trap: "Yes".to_owned()
        }
    );
}

#[test]
fn real_data_reencoded_copy_is_the_same_dataset() {
    let Some(dataset) = load("real_data_reencoded_copy_is_the_same_dataset") else {
        return;
    };
    fn reversed(value: Value) -> Value {
        match value {
            Value::Object(map) => {
                let fields: Vec<(String, Value)> = map.into_iter().collect();
                Value::Object(
                    fields
                        .into_iter()
                        .rev()
                        .map(|(key, value)| (key, reversed(value)))
                        .collect(),
                )
            }
            Value::Array(values) => Value::Array(values.into_iter().map(reversed).collect()),
            other => other,
        }
    }
    let bytes = std::fs::read(&dataset.path).unwrap();
    let value = reversed(serde_json::from_slice(&bytes).unwrap());
    let copy = serde_json::to_vec_pretty(&value).unwrap();
    let copy = locomo::parse(&dataset.path, &copy).unwrap();
    assert_ne!(copy.fingerprint.sha256, dataset.fingerprint.sha256);
    assert_eq!(copy.fingerprint.content, dataset.fingerprint.content);
    assert_eq!(copy.known(), dataset.known());
    assert_eq!(copy.conversations, dataset.conversations);

    let mut changed = value;
    changed[3]["qa"][7]["answer"] = json!("something else");
    let changed = serde_json::to_vec(&changed).unwrap();
    let changed = locomo::parse(&dataset.path, &changed).unwrap();
    assert_eq!(changed.known(), None);
    assert_eq!(changed.name, "locomo10");
}

#[test]
fn real_data_loads_in_under_150_ms() {
    let Some(folder) = data_folder("real_data_loads_in_under_150_ms") else {
        return;
    };
    let path = path_in(folder);
    // The fastest of a few: a busy machine must not fail the loader, a slow loader must.
    let mut fastest_ms = f64::INFINITY;
    for _ in 0..40 {
        let start = Instant::now();
        let dataset = locomo::load(&path).unwrap();
        fastest_ms = fastest_ms.min(start.elapsed().as_secs_f64() * 1e3);
        assert_eq!(dataset.conversations.len(), 10);
        if fastest_ms < 150.0 {
            break;
        }
    }
    eprintln!("load time: {fastest_ms:.1} ms");
    assert!(fastest_ms < 150.0, "{fastest_ms} ms");
}
