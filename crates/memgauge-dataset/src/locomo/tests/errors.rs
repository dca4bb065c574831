//! Files that are refused.

use super::*;

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
