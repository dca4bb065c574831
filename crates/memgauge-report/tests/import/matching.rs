//! Which question a row is about, and what several rows about one question are.

use memgauge_dataset::{Dataset, locomo};
use memgauge_report::import::{Join, MatchedBy, RowFinding, RowStatus};
use memgauge_report::record::QuestionRecord;
use serde_json::{Value, json};

use crate::{Asked, One, import_files, one, sample};

const BOAT: &str = "When did Priya buy her boat?";
const PRICE: &str = "How much did Priya pay for the dinghy?";
const PRICE_GOLD: &str = "340 pounds";
const HIVE: &str = "Where in Valencia did the hive stand?";

/// The sample, its first conversation asking some questions twice: the price at 1 and 54 with one gold answer, the boat
/// at 0 (category 2) and 55 (category 5).
fn with_twins() -> Dataset {
    let text = include_str!("../../../../datasets/sample/sample.json");
    let mut value: Value = serde_json::from_str(text).expect("JSON");
    let asked = value[0]["qa"].as_array_mut().expect("questions");
    assert_eq!(asked.len(), 54);
    let price = asked[1].clone();
    asked.push(price);
    let mut boat = asked[0].clone();
    boat["category"] = json!(5);
    boat["adversarial_answer"] = boat["answer"].take();
    boat.as_object_mut().expect("an object").remove("answer");
    asked.push(boat);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("twins.json");
    std::fs::write(&path, value.to_string()).expect("a file");
    locomo::load(&path).expect("a dataset")
}

fn row(question: &str, answer: &str) -> Value {
    json!({"question": question, "answer": PRICE_GOLD, "response": answer})
}

fn rows(rows: &[Value], dataset: &Dataset) -> One {
    one(&json!({"0": rows}), dataset)
}

fn ids(found: &One) -> Vec<String> {
    let rows = found.run.rows.iter();
    rows.map(|row| {
        row.question
            .as_ref()
            .map_or_else(String::new, ToString::to_string)
    })
    .collect()
}

fn ambiguous(found: &One) -> usize {
    found
        .run
        .imported
        .findings
        .get("ambiguous")
        .copied()
        .unwrap_or(0)
}

#[test]
fn conversations_are_found_by_id_position_or_text() {
    let dataset = sample();
    for (name, renamed) in [
        ("sample-2", 0),
        ("SAMPLE_2", 0),
        ("1", 0),
        ("locomo_exp_user_1", 0),
        ("conv_1", 0),
        ("Marisol", 0),
        ("0", 1),
        ("locomo_exp_user_2", 1),
    ] {
        let found = one(&json!({name: [row(HIVE, "a")]}), &dataset);
        assert_eq!(ids(&found), ["sample-2/q2"], "{name}");
        assert_eq!(found.run.imported.renamed.len(), renamed, "{name}");
    }
    // A row among those of another conversation is found all the same, and told.
    let found = rows(&[row(BOAT, "a"), row(PRICE, "b"), row(HIVE, "c")], &dataset);
    assert_eq!(ids(&found), ["sample-1/q0", "sample-1/q1", "sample-2/q2"]);
    assert!(matches!(
        &found.run.rows[2].findings[0],
        RowFinding::GoldDiffers { .. }
    ));
    assert_eq!(found.run.imported.findings["conversation-differs"], 1);
}

#[test]
fn form_does_not_matter() {
    let dataset = sample();
    let found = rows(&[row("  when did  PRIYA buy her “boat” ?!", "a")], &dataset);
    assert_eq!(ids(&found), ["sample-1/q0"]);
    assert!(
        found.run.rows[0]
            .findings
            .contains(&RowFinding::QuestionSpelling)
    );
    // The record has the dataset's words.
    assert_eq!(found.record("sample-1/q0").text, BOAT);
}

#[test]
fn a_question_that_is_nearly_the_same_needs_the_gold_answer() {
    let dataset = sample();
    let found = rows(
        &[
            row("How much did Pria pay for that dinghy?", "a"),
            row(BOAT, "b"),
        ],
        &dataset,
    );
    assert_eq!(ids(&found), ["sample-1/q1", "sample-1/q0"]);
    assert_eq!(found.run.rows[0].matched_by, Some(MatchedBy::Near));
    let mut other = row("How much did Pria pay for that dinghy?", "a");
    other["answer"] = json!("12 pounds");
    let found = rows(&[other, row(BOAT, "b")], &dataset);
    assert_eq!(ids(&found), ["", "sample-1/q0"]);
    let unmatched = found.rows(RowStatus::Unmatched);
    let written = unmatched[0].written.as_ref().expect("the row");
    assert_eq!(
        (written.gold.as_deref(), written.answer.as_deref()),
        (Some("12 pounds"), Some("a"))
    );
    assert_eq!(found.run.imported.unmatched, 1);
}

#[test]
fn twins_are_told_apart_by_index_category_and_order() {
    let dataset = with_twins();
    let with = |question: &str, id: &str, answer: &str| json!({"question": question, "golden_answer": PRICE_GOLD, "generated_answer": answer, "question_id": id});
    let found = rows(
        &[
            with(PRICE, "locomo_0_qa54", "late"),
            with(PRICE, "locomo_0_qa1", "early"),
        ],
        &dataset,
    );
    assert_eq!(ids(&found), ["sample-1/q54", "sample-1/q1"]);
    assert_eq!(found.record("sample-1/q54").answer.as_deref(), Some("late"));

    // Both twins asked: the order of the rows is that of the questions.
    let found = rows(&[row(PRICE, "early"), row(PRICE, "late")], &dataset);
    assert_eq!(ids(&found), ["sample-1/q1", "sample-1/q54"]);
    assert_eq!(ambiguous(&found), 0);

    // One asked, between questions that say which.
    let items = &dataset.conversations[0].items;
    let last = items[53].question.text.as_str();
    let found = rows(
        &[
            row(BOAT, "a"),
            row(PRICE, "b"),
            row(&items[2].question.text, "c"),
        ],
        &dataset,
    );
    assert_eq!(ids(&found)[1], "sample-1/q1");
    assert_eq!(ambiguous(&found), 0);
    let found = rows(&[row(last, "a"), row(PRICE, "b")], &dataset);
    assert_eq!(ids(&found)[1], "sample-1/q54");

    // Nothing tells: the first counts, and is told.
    let found = rows(&[row(PRICE, "b")], &dataset);
    assert_eq!(ids(&found), ["sample-1/q1"]);
    assert_eq!(ambiguous(&found), 1);

    // The category tells.
    let mut adversarial = row(BOAT, "a");
    adversarial["category"] = json!(5);
    let found = rows(&[adversarial], &dataset);
    assert_eq!(ids(&found), ["sample-1/q55"]);
    assert_eq!(found.run.rows[0].matched_by, Some(MatchedBy::Key));
    let mut temporal = row(BOAT, "a");
    temporal["category"] = json!("temporal_reasoning");
    assert_eq!(ids(&rows(&[temporal], &dataset)), ["sample-1/q0"]);
}

#[test]
fn an_index_that_contradicts_the_text_does_not_count() {
    let dataset = sample();
    let mut with = row(PRICE, "a");
    with["qa_index"] = json!(17);
    let found = rows(&[with.clone()], &dataset);
    assert_eq!(ids(&found), ["sample-1/q1"]);
    assert_eq!(
        found.run.rows[0].findings,
        [RowFinding::IndexDiffers { written: 17 }]
    );
    // Counted from 1, which many do.
    with["qa_index"] = json!(2);
    assert!(rows(&[with], &dataset).run.rows[0].findings.is_empty());
}

#[test]
fn the_same_row_twice_is_one_and_another_answer_a_contradiction() {
    let dataset = sample();
    let found = rows(
        &[
            row(PRICE, "a"),
            row(PRICE, "a"),
            row(PRICE, "b"),
            row(BOAT, "c"),
        ],
        &dataset,
    );
    let imported = &found.run.imported;
    assert_eq!(
        (imported.matched, imported.folded, imported.conflicting),
        (2, 1, 1)
    );
    assert_eq!(found.record("sample-1/q1").answer.as_deref(), Some("a"));
    let conflicting = found.rows(RowStatus::Conflicting);
    let written = conflicting[0].written.as_ref().expect("the row");
    assert_eq!(written.answer.as_deref(), Some("b"));
    assert!(
        conflicting[0]
            .message
            .as_ref()
            .expect("a message")
            .contains("0[0]")
    );
}

fn answers(records: &[QuestionRecord]) -> Vec<(u32, &str)> {
    let answers = records.iter();
    answers
        .map(|record| (record.repeat, record.answer.as_deref().unwrap_or("-")))
        .collect()
}

#[test]
fn every_question_as_often_as_every_other_is_repeats() {
    let dataset = sample();
    let found = rows(
        &[
            row(PRICE, "a"),
            row(BOAT, "c"),
            row(PRICE, "b"),
            row(BOAT, "c"),
        ],
        &dataset,
    );
    assert_eq!(found.run.imported.matched, 4);
    assert_eq!(answers(&found.records("sample-1/q1")), [(0, "a"), (1, "b")]);
    assert_eq!(
        found
            .run
            .dir
            .manifest()
            .expect("a manifest")
            .repeats
            .expect("repeats")
            .answer,
        2
    );
    // All the same is a copy, not a repeat.
    let found = rows(
        &[
            row(PRICE, "a"),
            row(BOAT, "c"),
            row(PRICE, "a"),
            row(BOAT, "c"),
        ],
        &dataset,
    );
    assert_eq!(
        (found.run.imported.matched, found.run.imported.folded),
        (2, 2)
    );
    // Numbers that the file gives count.
    let numbered = |question: &str, repeat: u64, answer: &str| {
        let mut row = row(question, answer);
        row["run"] = json!(repeat);
        row
    };
    let found = rows(
        &[
            numbered(PRICE, 7, "b"),
            numbered(PRICE, 3, "a"),
            numbered(BOAT, 3, "c"),
        ],
        &dataset,
    );
    assert_eq!(answers(&found.records("sample-1/q1")), [(0, "a"), (1, "b")]);
}

#[test]
fn twins_keep_their_repeats() {
    let dataset = with_twins();
    let found = rows(
        &[
            row(PRICE, "a0"),
            row(PRICE, "b0"),
            row(HIVE, "x"),
            row(PRICE, "a1"),
            row(PRICE, "b1"),
            row(HIVE, "y"),
        ],
        &dataset,
    );
    assert_eq!(
        answers(&found.records("sample-1/q1")),
        [(0, "a0"), (1, "a1")]
    );
    assert_eq!(
        answers(&found.records("sample-1/q54")),
        [(0, "b0"), (1, "b1")]
    );
    // The same, question by question.
    let found = rows(
        &[
            row(PRICE, "a0"),
            row(PRICE, "a1"),
            row(HIVE, "x"),
            row(HIVE, "y"),
            row(PRICE, "b0"),
            row(PRICE, "b1"),
        ],
        &dataset,
    );
    assert_eq!(
        answers(&found.records("sample-1/q1")),
        [(0, "a0"), (1, "a1")]
    );
    assert_eq!(
        answers(&found.records("sample-1/q54")),
        [(0, "b0"), (1, "b1")]
    );
}

#[test]
fn files_that_repeat_each_other_can_be_joined() {
    let dataset = sample();
    let folder = tempfile::tempdir().expect("a folder");
    let paths: Vec<_> = ["run1", "run2"]
        .iter()
        .map(|name| {
            let path = folder.path().join(format!("{name}.json"));
            let value = json!({"0": [row(PRICE, name), row(BOAT, name)]});
            std::fs::write(&path, value.to_string()).expect("a file");
            path
        })
        .collect();
    let out = folder.path().join("runs");
    let asked = Asked {
        join: Join::Always,
        ..Asked::default()
    };
    let runs = import_files(&paths, &dataset, &asked, &out).expect("a run");
    assert_eq!((runs.len(), runs[0].imported.matched), (1, 4));
    let apart = import_files(&paths, &dataset, &Asked::default(), &out).expect("runs");
    assert_eq!(apart.len(), 2);
}

#[test]
fn questions_without_a_row_are_counted() {
    let dataset = sample();
    let found = rows(&[row(PRICE, "a")], &dataset);
    let missing = &found.run.imported.missing;
    assert_eq!(missing.values().sum::<usize>(), 178);
    assert_eq!(
        (
            missing["temporal"],
            missing["single-hop"],
            missing["adversarial"]
        ),
        (41, 79, 21)
    );
    assert!(found.run.summary.partial);
}
