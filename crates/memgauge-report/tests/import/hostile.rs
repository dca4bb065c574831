//! Files that are broken, or made to break a reader.

use memgauge_report::import::{ImportError, RowStatus};
use memgauge_report::record::Outcome;
use serde_json::{Value, json};

use crate::{Asked, One, one, one_of, sample};

const BOAT: &str = "When did Priya buy her boat?";

fn refused(name: &str, text: &str) -> String {
    match one_of(name, text, &sample(), &Asked::default()) {
        Err(error @ (ImportError::File { .. } | ImportError::Options(_))) => error.to_string(),
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("{text} was taken"),
    }
}

#[test]
fn what_is_no_result_file_is_refused_with_what_was_found() {
    let cut = refused("cut.json", r#"{"0": [{"question": "a", "answer": "#);
    assert!(
        cut.contains("cut.json") && cut.contains("cut short"),
        "{cut}"
    );
    let other = refused("other.json", r#"{"name": "x", "version": 3}"#);
    assert!(
        other.contains("an object with `name`, `version`"),
        "{other}"
    );
    assert!(
        other.contains("--from") && other.contains("evermemos"),
        "{other}"
    );
    let list = refused("list.json", "[1, 2]");
    assert!(list.contains("no row that can be read as jsonl"), "{list}");
    let dataset = include_str!("../../../../datasets/sample/sample.json");
    let dataset = refused("sample.json", dataset);
    assert!(
        dataset.contains("no question; its fields are: qa, conversation"),
        "{dataset}"
    );
    let table = refused("table.csv", "when,what\n1,2\n");
    assert!(
        table.contains("no question; its fields are: when, what"),
        "{table}"
    );
    let strange = refused(
        "strange.json",
        &json!({"0": [{"question": "Who?", "answer": "a", "response": "b"}]}).to_string(),
    );
    assert!(
        strange.contains("none of its 1 rows asks a question of sample"),
        "{strange}"
    );
    assert!(strange.contains("the first asks: Who?"), "{strange}");
}

#[test]
fn rows_without_any_answer_are_no_results() {
    let errata = json!([{"question_id": "locomo_0_qa0", "question": BOAT, "golden_answer": "g", "category": 2}]);
    let told = refused("errors.json", &errata.to_string());
    assert!(
        told.contains("errors.json: none of its 1 rows has an answer"),
        "{told}"
    );
}

#[test]
fn a_column_that_is_not_there_is_named() {
    let asked = Asked {
        from: Some("csv"),
        columns: &[("question", "Frage")],
        ..Asked::default()
    };
    let Err(error) = one_of("a.csv", "question,gold,answer\nq,g,a\n", &sample(), &asked) else {
        panic!("taken")
    };
    let error = error.to_string();
    assert!(
        error.contains("no column `Frage`; its columns are: question, gold, answer"),
        "{error}"
    );
    let asked = Asked {
        columns: &[("frage", "question")],
        ..Asked::default()
    };
    let Err(error) = one_of("a.csv", "question,gold,answer\nq,g,a\n", &sample(), &asked) else {
        panic!("taken")
    };
    assert!(
        error.to_string().contains("unknown column role `frage`"),
        "{error}"
    );
    let asked = Asked {
        from: Some("mem1"),
        ..Asked::default()
    };
    let Err(error) = one_of("a.json", "{}", &sample(), &asked) else {
        panic!("taken")
    };
    assert!(
        error.to_string().contains("did you mean `mem0`?"),
        "{error}"
    );
}

/// Rows beside a sound one.
fn beside(rows: &[Value]) -> One {
    let mut all = vec![json!({"question": BOAT, "answer": "g", "response": "a", "llm_score": 1})];
    all.extend_from_slice(rows);
    one(&json!({"0": all}), &sample())
}

#[test]
fn rows_of_wrong_types_are_told_one_by_one() {
    let found = beside(&[
        json!(17),
        json!(null),
        json!({"question": null, "answer": "g", "response": "a"}),
        json!({"question": ["a"], "answer": {"x": 1}, "response": 1e300, "category": [], "llm_score": {}}),
        json!({"question": "   ", "answer": "g", "response": "a"}),
    ]);
    let imported = &found.run.imported;
    assert_eq!(
        (
            imported.rows,
            imported.matched,
            imported.unreadable,
            imported.unmatched
        ),
        (6, 1, 4, 1)
    );
    let unreadable = found.rows(RowStatus::Unreadable);
    assert_eq!(unreadable[0].at, "0[1]");
    assert!(
        unreadable[0]
            .message
            .as_ref()
            .expect("a message")
            .contains("`17`, not an object")
    );
    assert!(
        unreadable[2]
            .message
            .as_ref()
            .expect("a message")
            .contains("no question; its fields are")
    );
    assert_eq!(found.rows(RowStatus::Unmatched)[0].at, "0[4]");
}

#[test]
fn labels_of_wrong_types_are_errors_of_the_judge() {
    for label in [
        json!("perhaps"),
        json!(0.67),
        json!(7),
        json!([]),
        json!({}),
        json!("NaN"),
        json!(1e300),
    ] {
        let rows =
            json!({"0": [{"question": BOAT, "answer": "g", "response": "a", "llm_score": label}]});
        let found = one(&rows, &sample());
        let record = found.record("sample-1/q0");
        assert_eq!(record.judge, None, "{label}");
        assert!(
            record
                .judgements
                .iter()
                .all(|one| one.label.is_none() && one.error.is_some()),
            "{label}"
        );
        assert_eq!(record.outcome, Outcome::Answered);
        assert!(found.run.summary.variants[0].j.is_none(), "{label}");
    }
    // Runs with numbers that no judge has reached.
    let labels = json!({"judgment_1": true, "judgment_4000000000": false});
    let rows = json!({"0": [{"question": BOAT, "golden_answer": "g", "answer": "a", "llm_judgments": labels}]});
    assert_eq!(
        one(&rows, &sample()).record("sample-1/q0").judgements.len(),
        2
    );
}

#[test]
fn nan_is_unknown() {
    let text = format!(
        "{{\"0\": [{{\"question\": {}, \"answer\": \"g\", \"response\": \"NaN\", \"llm_score\": NaN, \"f1_score\": Infinity}}]}}",
        json!(BOAT)
    );
    let found = one_of("nan.json", &text, &sample(), &Asked::default()).expect("a run");
    assert_eq!(found.labels("sample-1/q0"), [None]);
    assert!(found.run.rows[0].stored.is_empty());
    assert_eq!(found.record("sample-1/q0").answer.as_deref(), Some("NaN"));
}

#[test]
fn markup_and_control_characters_stay_text() {
    let answer = "<script>alert(1)</script> | \u{202e}x\u{0007} \n\n| a | b |";
    let rows = json!({"<b>0</b>": [{"question": BOAT, "answer": "g", "response": answer, "llm_score": 1}]});
    let found = one(&rows, &sample());
    assert_eq!(found.record("sample-1/q0").answer.as_deref(), Some(answer));
    // A name for a folder is made of harmless characters.
    let name = "we ird;$(x)|..\u{e9}.json";
    let odd = one_of(name, &rows.to_string(), &sample(), &Asked::default()).expect("a run");
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    assert!(
        odd.run.summary.name.chars().all(allowed),
        "{}",
        odd.run.summary.name
    );
}

#[test]
fn a_run_that_cannot_be_imported_leaves_nothing_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("file.json");
    std::fs::write(
        &path,
        json!({"0": [{"question": "Who?", "answer": "a", "response": "b"}]}).to_string(),
    )
    .expect("a file");
    let out = folder.path().join("runs");
    let end = crate::import_files(&[path], &sample(), &Asked::default(), &out);
    assert!(end.is_err() && !out.exists());
}
