//! Tests of the names under which tools write what.

use serde_json::{Value, json};

use super::fields::Fields;
use super::row::SourceRow;

fn read(row: &Value) -> SourceRow {
    Fields::default()
        .row("[0]", row.as_object().unwrap())
        .unwrap()
}

fn labels(row: &SourceRow) -> Vec<(Option<u32>, Option<bool>)> {
    let labels = row.labels.iter();
    labels
        .map(|one| (one.run, one.label.clone().ok()))
        .collect()
}

#[test]
fn answer_is_what_the_other_one_is_not() {
    let mem0 = read(&json!({"question": "q", "answer": 2022, "response": "r"}));
    assert_eq!(
        (mem0.gold.unwrap(), mem0.answer.unwrap()),
        ("2022".into(), "r".into())
    );
    let zep = read(&json!({"question": "q", "answer": "r", "golden_answer": "g"}));
    assert_eq!(
        (zep.gold.unwrap(), zep.answer.unwrap()),
        ("g".into(), "r".into())
    );
    let alone = json!({"question": "q", "answer": "r"});
    let error = Fields::default().row("[0]", alone.as_object().unwrap());
    assert!(error.unwrap_err().contains("--columns"));
    let null = read(&json!({"question": "q", "answer": "g", "response": null}));
    assert_eq!((null.gold.unwrap(), null.answer), ("g".into(), None));
}

#[test]
fn labels_keep_their_runs() {
    let runs = json!({"judgment_10": true, "judgment_2": null, "judgment_1": "WRONG"});
    let row =
        read(&json!({"question": "q", "golden_answer": "g", "answer": "a", "llm_judgments": runs}));
    assert_eq!(
        labels(&row),
        [
            (Some(10), Some(true)),
            (Some(2), None),
            (Some(1), Some(false))
        ]
    );
    let row = read(&json!({"question": "q", "generated_answer": "a", "judgments": [true, false]}));
    assert_eq!(labels(&row), [(None, Some(true)), (None, Some(false))]);
    let evaluation = json!({"is_correct": true, "reasoning": "same date", "error": null});
    let row = read(&json!({"question": "q", "ai_response": "a", "evaluation": evaluation}));
    assert_eq!(labels(&row), [(None, Some(true))]);
    assert_eq!(row.labels[0].reply.as_deref(), Some("same date"));
    let row = read(&json!({"question": "q", "response": "a", "answer": "g"}));
    assert!(row.labels.is_empty());
}

#[test]
fn numbers_and_memories_are_kept_under_their_names() {
    let row = read(&json!({
        "question": "q", "answer": "g", "response": "a", "category": 2,
        "bleu_score": 0, "f1_score": 0.5, "llm_score": 1,
        "speaker_1_memory_time": 0.25, "speaker_2_memory_time": 0.5, "response_time": 1.5,
        "speaker_1_memories": [{"memory": "m", "timestamp": "t", "score": 0.4}],
        "speaker_2_memories": ["n"], "num_speaker_1_memories": 1,
        "token_usage": {"prompt_tokens": 10, "completion_tokens": 2},
        "evidence": ["D1:1"],
    }));
    assert_eq!(row.category.as_deref(), Some("2"));
    let stored: Vec<_> = row
        .stored
        .iter()
        .map(|(name, value)| (name.as_str(), *value))
        .collect();
    assert_eq!(stored, [("bleu1", 0.0), ("f1.set", 0.5)]);
    let reported: Vec<_> = row
        .reported
        .iter()
        .map(|(name, value)| (name.as_str(), *value))
        .collect();
    assert_eq!(
        reported,
        [
            ("answer_ms", 1500.0),
            ("num_speaker_1_memories", 1.0),
            ("search_ms", 750.0)
        ]
    );
    assert_eq!(row.tokens, Some((Some(10), Some(2))));
    assert_eq!(row.context, ["t: m", "n"]);
}

#[test]
fn ids_tell_conversation_and_index() {
    let of = |id: &str| {
        let row =
            read(&json!({"question": "q", "golden_answer": "g", "answer": "a", "question_id": id}));
        (row.conversation, row.index)
    };
    assert_eq!(of("locomo_3_qa17"), (Some("locomo_3".into()), Some(17)));
    assert_eq!(of("conv-26/q3"), (Some("conv-26".into()), Some(3)));
    assert_eq!(of("conv-26_q_3"), (Some("conv-26".into()), Some(3)));
    assert_eq!(of("q5"), (None, Some(5)));
    assert_eq!(of("acd74206-37dc-4756"), (None, None));
    assert_eq!(of("faq5"), (None, None));
    assert_eq!(of("99999999999999999999"), (None, None));
}

#[test]
fn a_users_columns_come_before_all_names() {
    let map = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
            .collect()
    };
    let fields = Fields::with_columns(&map(&[
        ("question", "frage"),
        ("gold", "answer"),
        ("answer", "said"),
        ("label", "j1"),
        ("label", "j2"),
    ]))
    .unwrap();
    let row =
        json!({"frage": "q", "answer": "g", "said": "a", "response": "x", "j1": "1", "j2": ""});
    let row = fields.row("line 2", row.as_object().unwrap()).unwrap();
    assert_eq!(
        (row.gold.as_deref(), row.answer.as_deref()),
        (Some("g"), Some("a"))
    );
    assert_eq!(labels(&row), [(Some(0), Some(true)), (Some(1), None)]);
    let unknown = Fields::with_columns(&map(&[("anser", "a")])).unwrap_err();
    assert!(unknown.contains("did you mean `answer`?"), "{unknown}");
    let twice = Fields::with_columns(&map(&[("gold", "a"), ("gold", "b")])).unwrap_err();
    assert!(twice.contains("two columns"), "{twice}");
    assert_eq!(fields.missing(|name| name != "said"), ["said"]);
}
