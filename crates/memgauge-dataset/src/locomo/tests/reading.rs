//! What is read of files that can be read, and what is reported of them.

use super::*;

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
