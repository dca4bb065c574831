//! One small file for each oddity and each error.

use std::path::Path;

use memgauge_core::{Gold, TurnId};
use serde_json::{Value, json};

use super::*;
use crate::Oddity;

/// Two sessions of two turns, and three questions without any oddity.
fn plain() -> Value {
    json!([{
        "sample_id": "conv-1",
        "conversation": {
            "speaker_a": "Ann",
            "speaker_b": "Bob",
            "session_2_date_time": "9:05 am on 2 June, 2023",
            "session_2": [
                {"speaker": "Bob", "dia_id": "D2:1", "text": "The dog is called Rex."},
                {"speaker": "Ann", "dia_id": "D2:2", "text": "Nice."},
            ],
            "session_1_date_time": "1:56 pm on 8 May, 2023",
            "session_1": [
                {"speaker": "Ann", "dia_id": "D1:1", "text": "Any news?"},
                {"speaker": "Bob", "dia_id": "D1:2", "text": "I have a dog."},
            ],
        },
        "qa": [
            {"question": "What is the dog called?", "answer": "Rex", "category": 4,
             "evidence": ["D2:1"]},
            {"question": "Since when?", "answer": "May 2023", "category": 2, "evidence": ["D1:2"]},
            {"question": "What is the cat called?", "adversarial_answer": "Rex", "category": 5,
             "evidence": ["D2:1"]},
        ],
        "observation": {
            "session_1_observation": {"Bob": [["Bob has a dog.", "D1:2"]]},
            "session_2_observation": {"Bob": [["His dog is Rex.", "D2:1"]], "Ann": [["Ann is polite.", "D2:2"]]},
        },
        "session_summary": {"session_1_summary": "Bob tells Ann of his dog."},
        "event_summary": {"events_session_1": {"Bob": ["gets a dog"], "date": "8 May, 2023"}},
    }])
}

fn read(value: &Value) -> Result<Dataset, DatasetError> {
    parse(
        Path::new("datasets/x.json"),
        &serde_json::to_vec(value).unwrap(),
    )
}

/// The plain file with one change.
fn changed(change: impl FnOnce(&mut Value)) -> Result<Dataset, DatasetError> {
    let mut value = plain();
    change(&mut value);
    read(&value)
}

/// Place and oddity of every finding.
fn findings(dataset: &Dataset) -> Vec<(&str, &Oddity)> {
    let findings = dataset.report.findings.iter();
    findings
        .map(|finding| (finding.at.as_str(), &finding.oddity))
        .collect()
}

fn evidence_of(dataset: &Dataset, question: usize) -> Vec<String> {
    let key = &dataset.conversations[0].items[question].key;
    key.evidence.iter().map(ToString::to_string).collect()
}

#[track_caller]
fn assert_error(result: Result<Dataset, DatasetError>, expected: &str) {
    assert_eq!(result.unwrap_err().to_string(), expected);
}

#[test]
fn a_plain_file_is_read_whole_and_nothing_is_found_odd() {
    let dataset = read(&plain()).unwrap();
    assert_eq!(findings(&dataset), []);
    assert_eq!((dataset.name.as_str(), dataset.known()), ("x", None));
    let entry = &dataset.conversations[0];
    assert_eq!(entry.conversation.head.speakers, ["Ann", "Bob"]);
    let sessions = &entry.conversation.sessions;
    let indices: Vec<u32> = sessions.iter().map(|session| session.index).collect();
    assert_eq!(indices, [1, 2]);
    assert_eq!(sessions[0].held_at.to_string(), "2023-05-08T13:56:00");
    assert_eq!(sessions[0].held_at_text, "1:56 pm on 8 May, 2023");
    assert_eq!(
        sessions[0].notes.summary.as_deref(),
        Some("Bob tells Ann of his dog.")
    );
    assert_eq!(sessions[1].notes.summary, None);
    let about: Vec<&str> = sessions[1]
        .notes
        .observations
        .iter()
        .map(|fact| fact.speaker.as_str())
        .collect();
    assert_eq!(about, ["Ann", "Bob"], "speaker_a first");
    assert_eq!(entry.items[0].question.id.to_string(), "conv-1/q0");
    assert_eq!(entry.items[0].key.gold, Gold::Answer("Rex".to_owned()));
    assert_eq!(
        entry.items[2].key.gold,
        Gold::Unanswerable {
            trap: "Rex".to_owned()
        }
    );
    let stats = dataset.stats();
    assert_eq!((stats.sessions, stats.turns, stats.questions), (2, 4, 3));
    assert_eq!(
        stats.per_conversation[0].held,
        Some(["2023-05-08".to_owned(), "2023-06-02".to_owned()])
    );
}

#[test]
fn sessions_stand_in_numeric_order() {
    let dataset = changed(|file| {
        let conversation = &mut file[0]["conversation"];
        conversation["session_10"] =
            json!([{"speaker": "Ann", "dia_id": "D10:1", "text": "Last."}]);
        conversation["session_10_date_time"] = json!("9:05 am on 3 June, 2023");
    })
    .unwrap();
    let sessions = &dataset.conversations[0].conversation.sessions;
    let indices: Vec<u32> = sessions.iter().map(|session| session.index).collect();
    assert_eq!(indices, [1, 2, 10]);
}

#[test]
fn pictures_are_kept_beside_the_text() {
    let dataset = changed(|file| {
        let turn = &mut file[0]["conversation"]["session_1"][1];
        turn["blip_caption"] = json!("a photo of a dog");
        turn["query"] = json!("puppy");
        turn["img_url"] = json!(["a.jpg", "b.jpg"]);
        turn["re-download"] = json!(true);
        file[0]["conversation"]["session_2"][0]["img_url"] = json!("c.jpg");
    })
    .unwrap();
    assert_eq!(findings(&dataset), []);
    let conversation = &dataset.conversations[0].conversation;
    let turn = conversation.turn(TurnId::new(1, 2)).unwrap();
    assert_eq!(turn.text, "I have a dog.");
    let image = turn.image.as_ref().unwrap();
    assert_eq!(image.caption.as_deref(), Some("a photo of a dog"));
    assert_eq!(image.query.as_deref(), Some("puppy"));
    assert_eq!(image.urls, ["a.jpg", "b.jpg"]);
    let other = conversation.turn(TurnId::new(2, 1)).unwrap();
    assert_eq!(other.image.as_ref().unwrap().urls, ["c.jpg"]);
    let stats = dataset.stats();
    assert_eq!((stats.images, stats.captions), (2, 1));
}

#[test]
fn number_answers_become_text_and_are_reported() {
    let dataset = changed(|file| file[0]["qa"][0]["answer"] = json!(2022)).unwrap();
    assert_eq!(dataset.conversations[0].items[0].key.gold.text(), "2022");
    let [("qa[0].answer", Oddity::AnswerFromNumber { answer, .. })] = findings(&dataset)[..] else {
        panic!("{:?}", findings(&dataset));
    };
    assert_eq!(answer, "2022");
    assert_eq!(
        dataset.report.findings[0].to_string(),
        "conv-1: qa[0].answer: the answer is the number 2022: read as text"
    );
}

#[test]
fn category_5_is_read_through_its_trap() {
    let both = changed(|file| file[0]["qa"][2]["answer"] = json!("No")).unwrap();
    assert_eq!(both.conversations[0].items[2].key.gold.text(), "Rex");
    assert!(matches!(
        findings(&both)[..],
        [("qa[2].answer", Oddity::AnswerBesideTrap { .. })]
    ));

    let only_answer = changed(|file| {
        let question = file[0]["qa"][2].as_object_mut().unwrap();
        question.remove("adversarial_answer");
        question.insert("answer".to_owned(), json!("No"));
    })
    .unwrap();
    assert_eq!(
        only_answer.conversations[0].items[2].key.gold,
        Gold::Unanswerable {
            trap: "No".to_owned()
        }
    );
    assert!(matches!(
        findings(&only_answer)[..],
        [("qa[2].answer", Oddity::AnswerAsTrap { .. })]
    ));

    let elsewhere = changed(|file| file[0]["qa"][0]["adversarial_answer"] = json!("Max")).unwrap();
    assert_eq!(elsewhere.conversations[0].items[0].key.gold.text(), "Rex");
    assert!(matches!(
        findings(&elsewhere)[..],
        [("qa[0].adversarial_answer", Oddity::TrapBesideAnswer { .. })]
    ));
}

#[test]
fn evidence_is_repaired_dropped_and_reported() {
    let dataset = changed(|file| {
        file[0]["qa"][0]["evidence"] = json!(["D2:01", "D1:2; D:1:1", "D", "D9:9", "D1:1"]);
        file[0]["qa"][1]["evidence"] = json!([]);
    })
    .unwrap();
    assert_eq!(evidence_of(&dataset, 0), ["D2:1", "D1:2", "D1:1"]);
    assert_eq!(evidence_of(&dataset, 1), Vec::<String>::new());
    let item = &dataset.conversations[0].items[0];
    assert_eq!(
        item.evidence_as_written,
        ["D2:01", "D1:2; D:1:1", "D", "D9:9", "D1:1"]
    );
    let lines: Vec<String> = dataset
        .report
        .findings
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        lines,
        [
            "conv-1: qa[0].evidence[0]: `D2:01` read as D2:1",
            "conv-1: qa[0].evidence[1]: `D1:2; D:1:1` read as D1:2, D1:1",
            "conv-1: qa[0].evidence[2]: `D` read as nothing, no turn id in `D`",
            "conv-1: qa[0].evidence[3]: D9:9 names no turn: dropped",
            "conv-1: qa[0].evidence[4]: D1:1 stands twice: kept once",
            "conv-1: qa[1].evidence: no evidence: unknown",
        ]
    );
    let stats = dataset.stats();
    assert_eq!((stats.evidence_references, stats.gold_turns), (6, 4));
    assert_eq!(
        (
            stats.questions_with_evidence,
            stats.scored_questions_with_evidence
        ),
        (2, 1)
    );
}

#[test]
fn observations_keep_every_form_of_ids() {
    let dataset = changed(|file| {
        file[0]["observation"]["session_2_observation"] = json!({"Bob": [
            ["One.", ["D2:1", "D2:2"]],
            ["Two.", "D2:2, D2:1"],
            ["Three.", "D2:7"],
        ]});
    })
    .unwrap();
    let session = &dataset.conversations[0].conversation.sessions[1];
    let turns: Vec<&[TurnId]> = session
        .notes
        .observations
        .iter()
        .map(|fact| fact.turns.as_slice())
        .collect();
    let (first, second) = (TurnId::new(2, 1), TurnId::new(2, 2));
    assert_eq!(turns, [&[first, second][..], &[second, first], &[]]);
    let at = |index: u32| format!("observation.session_2_observation.Bob[{index}][1]");
    let found = findings(&dataset);
    assert_eq!(found.len(), 3);
    assert_eq!(found[0].0, at(0));
    assert!(matches!(found[0].1, Oddity::ObservationList { .. }));
    assert_eq!(found[1].0, at(1));
    assert!(matches!(found[1].1, Oddity::ObservationRepaired { .. }));
    assert_eq!(found[2].0, at(2));
    assert!(matches!(found[2].1, Oddity::ObservationMissingTurn { .. }));
}

#[test]
fn what_belongs_to_nothing_is_reported() {
    let dataset = changed(|file| {
        file[0]["conversation"]["session_3_date_time"] = json!("9:05 am on 3 June, 2023");
        file[0]["conversation"]["weather"] = json!("fine");
        file[0]["conversation"]["session_1"][0]["mood"] = json!("good");
        file[0]["conversation"]["session_1"][1]["mood"] = json!("bad");
        file[0]["observation"]["session_4_observation"] = json!({});
        file[0]["session_summary"]["session_5_summary"] = json!("Nothing.");
        file[0]["session_summary"]["session_01_summary"] = json!("Once more.");
        file[0]["qa"][1]["question"] = json!("What is the dog called?");
        file[0]["qa"][1]["hint"] = json!("none");
    })
    .unwrap();
    let lines: Vec<String> = dataset
        .report
        .findings
        .iter()
        .map(ToString::to_string)
        .collect();
    let field = |at: &str, times: u32| {
        format!("conv-1: {at}: a field that the format does not have, {times} times: not read")
    };
    assert_eq!(
        lines,
        [
            field("conversation.weather", 1),
            field("qa[1].hint", 1),
            field("conversation.session_1[0].mood", 2),
            "conv-1: conversation.session_3_date_time: a time without session_3: dropped"
                .to_owned(),
            "conv-1: observation.session_4_observation: `session_4_observation` belongs to no \
             session or stands for it twice: dropped"
                .to_owned(),
            "conv-1: session_summary.session_1_summary: `session_1_summary` belongs to no \
             session or stands for it twice: dropped"
                .to_owned(),
            "conv-1: session_summary.session_5_summary: `session_5_summary` belongs to no \
             session or stands for it twice: dropped"
                .to_owned(),
            "conv-1: qa[1].question: same question text as conv-1/q0: both kept".to_owned(),
        ]
    );
}

#[test]
fn strange_sessions_are_kept_and_reported() {
    let dataset = changed(|file| {
        let conversation = &mut file[0]["conversation"];
        conversation["session_2_date_time"] = json!("2023-05-01T10:00");
        conversation["session_2"][1]["speaker"] = json!("Cleo");
        conversation["session_3"] = json!([]);
        conversation["session_3_date_time"] = json!("9:05 am on 3 June, 2023");
    })
    .unwrap();
    assert_eq!(dataset.conversations[0].conversation.sessions.len(), 3);
    let kinds: Vec<&str> = findings(&dataset)
        .into_iter()
        .map(|(_, oddity)| oddity.kind())
        .collect();
    assert_eq!(
        kinds,
        ["session-earlier", "speaker-unknown", "session-empty"]
    );
    // The name in messages is the name in files.
    for finding in &dataset.report.findings {
        let written = serde_json::to_value(finding).unwrap();
        assert_eq!(written["kind"], finding.oddity.kind());
    }
}

#[test]
fn turns_with_wrong_ids_are_errors() {
    let with_id = |id: &str| {
        let id = json!(id);
        changed(|file| file[0]["conversation"]["session_2"][1]["dia_id"] = id)
    };
    let at = "datasets/x.json: conv-1: conversation.session_2[1].dia_id: ";
    assert_error(with_id("D2:1"), &format!("{at}duplicate `D2:1`"));
    assert_error(
        with_id("D1:2"),
        &format!("{at}`D1:2` belongs to session 1, expected an id of session 2"),
    );
    assert_error(
        with_id("D2:0"),
        &format!("{at}`D2:0` is turn 0, expected turns from 1"),
    );
    assert_error(
        with_id("2:2"),
        &format!("{at}`2:2` is not a turn id such as `D3:11`"),
    );
    assert_error(
        changed(|file| file[0]["conversation"]["session_2"][0]["dia_id"] = json!("D2:3")),
        &format!("{at}`D2:2` after `D2:3`, expected rising ids"),
    );
}

#[test]
fn missing_and_mistyped_fields_are_errors_with_their_place() {
    let without = |pointer: &str, field: &str| {
        changed(|file| {
            let object = file.pointer_mut(pointer).unwrap().as_object_mut().unwrap();
            object.remove(field).unwrap();
        })
    };
    let with =
        |pointer: &str, value: Value| changed(|file| *file.pointer_mut(pointer).unwrap() = value);
    let file = "datasets/x.json: conv-1: ";
    let cases = [
        (without("/0", "qa"), "missing field `qa`"),
        (
            without("/0/conversation", "speaker_b"),
            "conversation: missing field `speaker_b`",
        ),
        (
            without("/0/conversation/session_1/1", "text"),
            "conversation.session_1[1]: missing field `text`",
        ),
        (
            without("/0/conversation", "session_2_date_time"),
            "conversation.session_2_date_time: missing, expected the time of session_2",
        ),
        (
            with(
                "/0/conversation",
                json!({"speaker_a": "Ann", "speaker_b": "Bob"}),
            ),
            "conversation: no session, expected at least `session_1`",
        ),
        (
            with("/0/conversation/session_1/0", json!("Any news?")),
            "conversation.session_1[0]: invalid type: string \"Any news?\", expected a turn: an \
             object with `speaker`, `dia_id` and `text`",
        ),
        (
            without("/0/qa/0", "answer"),
            "qa[0]: missing field `answer`, expected in category 4",
        ),
        (
            without("/0/qa/2", "adversarial_answer"),
            "qa[2]: missing field `adversarial_answer`, expected in category 5",
        ),
        (
            without("/0/qa/1", "evidence"),
            "qa[1]: missing field `evidence`",
        ),
        (
            with("/0/qa/1/category", json!(6)),
            "qa[1].category: 6 is not a category (1 to 5)",
        ),
        (
            with("/0/qa/1/evidence/0", json!(12)),
            "qa[1].evidence[0]: invalid type: integer `12`, expected a string",
        ),
        (
            with("/0/qa/1/answer", json!(true)),
            "qa[1].answer: invalid type: boolean `true`, expected a text or a number",
        ),
        (
            with("/0/qa/1/question", json!(" ")),
            "qa[1].question: expected a question, found an empty text",
        ),
        (
            with("/0/conversation/session_1_date_time", json!("8 May")),
            "conversation.session_1_date_time: `8 May` is not a time such as \
             `1:56 pm on 8 May, 2023` or `2023-05-08T13:56`",
        ),
        (
            with("/0/conversation/session_1/0/speaker", Value::Null),
            "conversation.session_1[0].speaker: invalid type: null, expected a string",
        ),
        (
            with(
                "/0/observation/session_1_observation/Bob/0",
                json!(["No id."]),
            ),
            "observation.session_1_observation.Bob[0]: invalid length 1, expected a list of \
             two: a fact and the ids that it cites",
        ),
    ];
    for (result, message) in cases {
        assert_error(result, &format!("{file}{message}"));
    }
    assert_error(
        without("/0", "sample_id"),
        "datasets/x.json: [0]: missing field `sample_id`",
    );
    assert_error(
        changed(|file| file[0]["sample_id"] = json!("")),
        "datasets/x.json: [0]: sample_id: expected a name, found an empty text",
    );
}

#[test]
fn one_session_under_two_keys_is_an_error() {
    let result = changed(|file| file[0]["conversation"]["session_02"] = json!([]));
    let error = result.unwrap_err().to_string();
    assert!(
        error.starts_with("datasets/x.json: conv-1: conversation")
            && error.ends_with("duplicate session number in `session_02`"),
        "{error}"
    );
}

#[test]
fn files_that_are_no_list_of_conversations_are_errors() {
    let read = |text: &str| parse(Path::new("datasets/x.json"), text.as_bytes());
    assert_error(
        read(" \n"),
        "datasets/x.json: the file is empty, expected a JSON list of conversations",
    );
    assert_error(
        read("[]"),
        "datasets/x.json: the list of conversations is empty",
    );
    assert_error(
        read("{}"),
        "datasets/x.json: expected a list of conversations",
    );
    assert_error(
        read("[\n3]"),
        "datasets/x.json: [0]: invalid type: integer `3`, expected an object with `sample_id`, \
         `conversation` and `qa`",
    );
    assert_error(
        read("[{\"sample_id\": \"conv-1\",\n \"qa\": ["),
        "datasets/x.json: line 2, column 8: the file is cut short: EOF while parsing a list",
    );
    assert_error(
        read("[{\"a\": 1,\n \"a\": 2}]"),
        "datasets/x.json: line 2, column 4: duplicate key `a`",
    );
    assert_error(
        read("[{'a': 1}]"),
        "datasets/x.json: line 1, column 3: key must be a string",
    );
    let error = load("no/such/file.json").unwrap_err().to_string();
    assert!(error.starts_with("no/such/file.json: "), "{error}");
}

#[test]
fn a_conversation_stands_once() {
    let mut value = plain();
    let copy = value[0].clone();
    value.as_array_mut().unwrap().push(copy);
    assert_error(
        read(&value),
        "datasets/x.json: [1]: sample_id: duplicate `conv-1`, already the id of [0]",
    );
}

#[test]
fn a_known_file_with_other_counts_is_an_error() {
    let dataset = read(&plain()).unwrap();
    let known = Known {
        name: "tiny",
        sha256: "",
        content: "",
        conversations: 1,
        sessions: 2,
        turns: 4,
        questions: [0, 1, 0, 1, 1],
    };
    known.verify(&dataset).unwrap();
    let wrong = Known {
        questions: [0, 1, 0, 2, 1],
        ..known
    };
    assert_eq!(
        wrong.verify(&dataset).unwrap_err().to_string(),
        "datasets/x.json: this is tiny, but 1 questions of category 4 (single-hop) were read, \
         expected 2"
    );
}

#[test]
fn the_sample_of_the_project_is_read_without_error() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let places = crate::SearchPlaces {
        project: Some(root),
        ..crate::SearchPlaces::default()
    };
    let dataset = load(crate::resolve("sample", &places).unwrap()).unwrap();
    let stats = dataset.stats();
    assert_eq!((dataset.name.as_str(), stats.conversations), ("sample", 3));
    for row in &stats.per_conversation {
        assert!(row.sessions >= 6 && row.turns >= 90, "{row:?}");
        assert!(row.images > 0 && row.questions >= 25, "{row:?}");
        assert!(row.questions_by_category.values().all(|count| *count > 0));
        assert_eq!(row.summaries, row.sessions);
        assert!(row.observations > row.sessions);
    }
}
