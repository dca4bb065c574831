//! A small file of every format, about the sample.

use memgauge_core::Category;
use memgauge_report::files;
use memgauge_report::import::{FORMATS, Join, MatchedBy, RowFinding, RowStatus};
use memgauge_report::record::Outcome;
use memgauge_report::rescore::{StoredBy, rescore};
use serde_json::{Value, json};

use crate::{Asked, import_files, one, one_of, sample};

const BOAT: &str = "When did Priya buy her boat?";
const PRICE: &str = "How much did Priya pay for the dinghy?";
const HIVE: &str = "Where in Valencia did the hive stand?";

#[test]
fn mem0_scores_with_metrics_and_a_label() {
    let dataset = sample();
    let one = one(
        &json!({
            "1": [
                {"question": HIVE, "answer": "on the roof above the cardiology ward", "response": "On the roof.",
                 "category": "4", "bleu_score": 0.2, "f1_score": 0.6666666666666666, "llm_score": 1},
            ],
            "0": [
                {"llm_score": 0, "response": "3 February 2023", "question": BOAT, "category": "2",
                 "answer": "The Saturday before 3 February 2023", "bleu_score": 0.1, "f1_score": 0.6666666666666666},
                {"question": PRICE, "answer": "340 pounds", "response": "340", "category": "4",
                 "bleu_score": 0, "f1_score": 0.0, "llm_score": null},
            ],
        }),
        &dataset,
    );
    let imported = &one.run.imported;
    assert_eq!(imported.format, "mem0");
    assert_eq!(
        (imported.rows, imported.matched, imported.judge_runs),
        (3, 3, 1)
    );
    assert_eq!(one.labels("sample-2/q2"), [Some(true)]);
    assert_eq!(one.labels("sample-1/q0"), [Some(false)]);
    // A missing label is an error of the judge, not a wrong answer.
    assert_eq!(one.labels("sample-1/q1"), [None]);
    assert_eq!(one.record("sample-1/q1").judge, None);
    let j = one.run.summary.variants[0].j.expect("J");
    assert_eq!((j.n, j.mean), (2, 0.5));
    assert_eq!(
        one.run.summary.variants[0]
            .judge
            .as_ref()
            .expect("a judge")
            .errors,
        1
    );

    let rescored = rescore(&one.run.dir).expect("metrics");
    let check = |metric: &str| {
        let mut checks = rescored.checks.iter();
        checks
            .find(|check| check.metric == metric && check.stored_by == StoredBy::File)
            .expect("a check")
    };
    // 340 against 340 pounds: the file says 0, which is wrong.
    let wrong = &check("f1.set").differences;
    assert_eq!(wrong.len(), 1);
    assert_eq!(wrong[0].question.to_string(), "sample-1/q1");
    assert!((wrong[0].computed - 2.0 / 3.0).abs() < 1e-12);
    assert_eq!(check("bleu1").answers, 3);
    let own = rescored
        .checks
        .iter()
        .filter(|check| check.stored_by == StoredBy::Records);
    assert!(own.clone().count() == 4 && own.clone().all(|check| check.differences.is_empty()));
}

#[test]
fn mem0_answers_with_memories_and_times() {
    let dataset = sample();
    let one = one(
        &json!({"conv_0": [{
            "question": BOAT, "answer": "x", "response": "\n\nNot known.", "category": 2, "evidence": ["D1:3"],
            "adversarial_answer": "", "speaker_1_memories": [{"memory": "m", "timestamp": "t", "score": 0.3}],
            "speaker_2_memories": [], "num_speaker_1_memories": 1, "speaker_1_memory_time": 0.5,
            "speaker_2_memory_time": 0.25, "response_time": 1.0, "conv_id": 0,
        }]}),
        &dataset,
    );
    let row = &one.run.rows[0];
    assert_eq!(row.reported["search_ms"], 750.0);
    assert_eq!(row.reported["answer_ms"], 1000.0);
    // By the tool's clock: no latency of ours.
    assert!(!one.run.dir.file(files::TIMINGS).exists());
    assert!(one.run.summary.variants[0].search.is_none());
    assert!(
        matches!(&row.findings[..], [RowFinding::GoldDiffers { written, .. }] if written == "x")
    );
    assert!(one.record("sample-1/q0").judgements.is_empty());
    assert_eq!(
        one.run.dir.manifest().expect("a manifest").variants[0].judge,
        "none"
    );
    assert!(one.run.summary.variants[0].j.is_none());
}

#[test]
fn evermemos_labels_of_several_runs() {
    let dataset = sample();
    let row = |id: &str, question: &str, labels: Value| {
        json!({"question_id": id, "question": question, "golden_answer": "g", "generated_answer": "a",
               "llm_judgments": labels, "category": "2"})
    };
    let one = one(
        &json!({
            "total_questions": 3, "correct": 1, "accuracy": 0.5,
            "detailed_results": {
                "locomo_exp_user_0": [
                    row("locomo_0_qa0", BOAT, json!({"judgment_1": true, "judgment_2": false, "judgment_3": true})),
                    row("locomo_0_qa1", PRICE, json!({"judgment_3": false, "judgment_1": true})),
                ],
                "locomo_exp_user_1": [
                    row("locomo_1_qa2", HIVE, json!([true, "WRONG", "?"])),
                ],
            },
            "metadata": {"answer_model": "model-a", "judge_model": "model-j", "num_runs": 3,
                         "category_accuracies": {"2": {"mean": 0.5}}},
        }),
        &dataset,
    );
    let imported = &one.run.imported;
    assert_eq!(imported.format, "evermemos");
    assert_eq!(imported.answer_model.as_deref(), Some("model-a"));
    assert_eq!(imported.judge_model.as_deref(), Some("model-j"));
    assert_eq!(
        (imported.judge_prompt.as_deref(), imported.accuracy),
        (None, Some(0.5))
    );
    assert_eq!(imported.judge_runs, 3);
    assert!(
        one.run
            .rows
            .iter()
            .all(|row| row.matched_by == Some(MatchedBy::Index))
    );
    assert_eq!(
        one.labels("sample-1/q0"),
        [Some(true), Some(false), Some(true)]
    );
    // Runs keep their numbers: the second is missing, and no label.
    assert_eq!(one.labels("sample-1/q1"), [Some(true), None, Some(false)]);
    assert!((one.record("sample-1/q0").judge.expect("labels") - 2.0 / 3.0).abs() < 1e-12);
    assert_eq!(imported.findings["gold-differs"], 3);
    // Categories as numbers in strings: of the three questions one is of category 2.
    assert_eq!(imported.findings["category-differs"], 2);
}

#[test]
fn lists_and_runs_from_0_mean_the_same_as_from_1() {
    let dataset = sample();
    let of = |labels: Value| {
        let rows = json!([{"question": BOAT, "golden_answer": "g", "generated_answer": "a", "judgments": labels}]);
        one(&json!({"detailed_results": {"sample-1": rows}}), &dataset).labels("sample-1/q0")
    };
    let expected = [Some(true), Some(false)];
    assert_eq!(of(json!([true, false])), expected);
    assert_eq!(of(json!({"0": true, "1": false})), expected);
    assert_eq!(
        of(json!({"judgment_2": false, "judgment_1": true})),
        expected
    );
}

#[test]
fn zep_and_memos_answers_beside_golden_ones() {
    let dataset = sample();
    let zep = one(
        &json!({"locomo_experiment_user_2": [], "locomo_experiment_user_0": [
            {"question": PRICE, "answer": "340 pounds", "golden_answer": "340 pounds", "grade": true, "category": 4},
            {"question": BOAT, "answer": "", "golden_answer": "The Saturday before 3 February 2023", "grade": false},
        ]}),
        &dataset,
    );
    assert_eq!(zep.run.imported.format, "zep");
    assert_eq!(zep.labels("sample-1/q1"), [Some(true)]);
    assert_eq!(zep.record("sample-1/q0").answer.as_deref(), Some(""));
    assert_eq!(zep.record("sample-1/q0").outcome, Outcome::Answered);
    let memos = one(
        &json!({"locomo_exp_user_0": [{
            "question": PRICE, "answer": "340 pounds", "golden_answer": "340 pounds", "category": 4,
            "llm_judgments": {"judgment_1": true}, "response_duration_ms": 12.5, "search_duration_ms": 2.5,
            "total_duration_ms": 15.0,
            "nlp_metrics": {"context_tokens": 40, "lexical": {"f1": 1.0, "bleu1": 1.0, "rouge1_f": 1.0}},
        }]}),
        &dataset,
    );
    let row = &memos.run.rows[0];
    // Their F1 is over other tokens than any of ours: it keeps its own name.
    let stored: Vec<&String> = row.stored.keys().collect();
    assert_eq!(stored, ["bleu1"]);
    assert_eq!(row.reported["nlp_metrics.lexical.f1"], 1.0);
    assert_eq!(
        (row.reported["search_ms"], row.reported["answer_ms"]),
        (2.5, 12.5)
    );
}

fn backboard(conversation: &str, rows: &[Value]) -> Value {
    json!({
        "conversation_id": conversation, "total": rows.len(), "accuracy_percentage": 50.0,
        "by_type": {"open_domain": {"total": rows.len(), "responses": rows}},
        "responses": rows,
    })
}

fn backboard_row(conversation: &str, question: &str, right: Value) -> Value {
    json!({"conversation_id": conversation, "question_type": "open_domain", "category": 4, "question": question,
           "expected_answer": "g", "ai_response": "a", "evaluation": {"is_correct": right, "reasoning": "r", "error": null}})
}

#[test]
fn backboard_rows_under_by_type_are_the_same_rows() {
    let dataset = sample();
    let rows = [
        backboard_row("sample-1", PRICE, json!(true)),
        backboard_row("sample-1", BOAT, Value::Null),
    ];
    let whole = one(&backboard("sample-1", &rows), &dataset);
    let imported = &whole.run.imported;
    assert_eq!(imported.format, "backboard");
    assert_eq!(
        (imported.rows, imported.matched, imported.folded),
        (4, 2, 2)
    );
    assert_eq!(whole.labels("sample-1/q1"), [Some(true)]);
    assert_eq!(whole.labels("sample-1/q0"), [None]);
    let record = whole.record("sample-1/q1");
    assert_eq!(record.judgements[0].reply.as_deref(), Some("r"));
    // What stands under by_type alone is not lost.
    let mut part = backboard("sample-1", &rows);
    part["responses"] = json!([rows[0]]);
    let part = one(&part, &dataset);
    assert_eq!(
        (
            part.run.imported.rows,
            part.run.imported.matched,
            part.run.imported.folded
        ),
        (3, 2, 1)
    );
}

#[test]
fn files_per_conversation_make_one_run() {
    let dataset = sample();
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, value: &Value| {
        let path = folder.path().join(name);
        std::fs::write(&path, value.to_string()).expect("a file");
        path
    };
    let paths = [
        write(
            "bb_1.json",
            &backboard("sample-1", &[backboard_row("sample-1", PRICE, json!(true))]),
        ),
        write(
            "bb_2.json",
            &backboard("sample-2", &[backboard_row("sample-2", HIVE, json!(false))]),
        ),
    ];
    let runs = |join: Join| {
        let out = folder.path().join(format!("{join:?}"));
        import_files(
            &paths,
            &dataset,
            &Asked {
                join,
                ..Asked::default()
            },
            &out,
        )
        .expect("runs")
    };
    let together = runs(Join::Auto);
    assert_eq!(together.len(), 1);
    assert_eq!(together[0].imported.files.len(), 2);
    assert_eq!(together[0].imported.matched, 2);
    assert_eq!(together[0].summary.name, "bb");
    assert_eq!(runs(Join::Never).len(), 2);
    // The same conversation twice is two systems.
    let other = write(
        "other.json",
        &backboard("sample-1", &[backboard_row("sample-1", BOAT, json!(true))]),
    );
    let paths = [paths[0].clone(), other];
    let out = folder.path().join("other");
    let runs = import_files(&paths, &dataset, &Asked::default(), &out).expect("runs");
    assert_eq!(runs.len(), 2);
}

#[test]
fn memu_begins_its_index_again_with_every_conversation() {
    let dataset = sample();
    let row = |index: u64, question: &str, category: u64, right: bool| {
        json!({"qa_index": index, "question": question, "generated_answer": "a", "standard_answer": "g",
               "category": category, "is_correct": right, "explanation": "e", "retrieved_content": "c"})
    };
    let trap = dataset.conversations[1]
        .items
        .iter()
        .find(|item| item.key.category == Category::Adversarial)
        .expect("category 5");
    let last = u64::from(trap.question.id.index);
    let flat = json!({
        "args": {"chat_deployment": "model-a", "eval_deployment": "model-j"},
        "summary": {"overall_accuracy": 0.75},
        "detailed_results": [
            row(0, BOAT, 2, true), row(1, PRICE, 4, false), row(2, HIVE, 4, true), row(last, &trap.question.text, 5, true),
        ],
    });
    let flat = one(&flat, &dataset);
    let imported = &flat.run.imported;
    assert_eq!(imported.format, "memu");
    assert_eq!(imported.answer_model.as_deref(), Some("model-a"));
    assert_eq!(imported.accuracy, Some(0.75));
    assert_eq!((imported.matched, imported.unmatched), (4, 0));
    assert_eq!(flat.labels("sample-2/q2"), [Some(true)]);
    assert_eq!(
        flat.record("sample-2/q2").judgements[0].reply.as_deref(),
        Some("e")
    );
    // Category 5 is in no pooled number.
    assert_eq!(flat.run.summary.variants[0].j.expect("J").n, 3);
}

#[test]
fn memu_nests_its_rows_by_conversation_and_a_judge_that_failed_labels_nothing() {
    let dataset = sample();
    let row = |index: u64, question: &str, category: u64, right: bool, told: &str| {
        json!({"qa_index": index, "question": question, "generated_answer": "a", "standard_answer": "g",
               "category": category, "is_correct": right, "explanation": told, "retrieved_content": "c",
               "evidence": "[1:56 pm on 8 May, 2023] Priya: words"})
    };
    let right = "Evaluation result: CORRECT";
    // With the keys, the statistics and the failed conversation as memU's script writes them.
    let nested = json!({
        "args": {"sample_use": "[0, 1, 2]", "chat_deployment": "model-a", "eval_deployment": "model-j", "category": null},
        "script": "locomo_test.py", "success": true,
        "summary": {"total_samples": 3, "successful_samples": 2, "total_questions": 130, "total_correct": 2,
                    "overall_accuracy": 2.0 / 3.0, "category_stats": {"4": {"total": 2, "correct": 1}}},
        "sample_wise_stats": {"1": {"2": {"total": 1, "correct": 1, "accuracy": 1.0}}},
        "detailed_results": [
            {"characters": ["Priya", "Owen"], "sessions_total": 8,
             "session_results": [{"session_key": "session_1", "success": true, "utterances_count": 18}],
             "questions_total": 60, "questions_processed": 2,
             "question_results": [
                row(0, BOAT, 2, true, right),
                row(1, PRICE, 4, false, "Evaluation failed: connection reset"),
             ],
             "category_stats": {"2": {"total": 1, "correct": 1}}, "processing_time": 1.5, "success": true},
            {"characters": [], "sessions_processed": 0, "questions_processed": 0, "question_results": [],
             "category_stats": {}, "processing_time": 0.1, "success": false, "error": "out of memory"},
            {"question_results": [row(2, HIVE, 4, true, right)], "success": true},
        ],
    });
    let nested = one(&nested, &dataset);
    let imported = &nested.run.imported;
    assert_eq!(
        (
            imported.format.as_str(),
            imported.matched,
            imported.unmatched
        ),
        ("memu", 3, 0)
    );
    assert_eq!(imported.judge_model.as_deref(), Some("model-j"));
    assert_eq!(nested.labels("sample-1/q0"), [Some(true)]);
    // The script writes a failure of its judge as wrong; it is an error of the judge and no label.
    assert_eq!(nested.labels("sample-1/q1"), [None]);
    let variant = &nested.run.summary.variants[0];
    assert_eq!(variant.judge.as_ref().expect("a judge").errors, 1);
    assert_eq!(variant.j.expect("J").mean, 1.0);
}

#[test]
fn json_lines_and_tables_by_known_names_and_by_a_map() {
    let dataset = sample();
    let text = format!(
        "{}\n{}\n",
        json!({"conversation": "sample-1", "question": PRICE, "gold": "340 pounds", "prediction": "340", "label": 1}),
        json!({"conversation": "sample-1", "question": BOAT, "gold": "?", "prediction": null, "label": 0}),
    );
    let lines = one_of("a.jsonl", &text, &dataset, &Asked::default()).expect("a run");
    assert_eq!(lines.run.imported.format, "jsonl");
    assert_eq!(lines.labels("sample-1/q1"), [Some(true)]);
    // Without an answer there is nothing to be right or wrong.
    let failed = lines.record("sample-1/q0");
    assert!(matches!(failed.outcome, Outcome::Failed { .. }) && failed.judgements.is_empty());
    assert_eq!(lines.run.summary.variants[0].failed, 1);

    let table = format!("Q;Said;Right;J1;J2\n\"{PRICE}\";340;340 pounds;yes;0\n{BOAT};;x;;\n");
    let asked = Asked {
        from: Some("csv"),
        columns: &[
            ("question", "Q"),
            ("answer", "Said"),
            ("gold", "Right"),
            ("label", "J1"),
            ("label", "J2"),
        ],
        ..Asked::default()
    };
    let table = one_of("a.csv", &table, &dataset, &asked).expect("a run");
    assert_eq!(table.run.imported.format, "csv");
    assert_eq!(table.labels("sample-1/q1"), [Some(true), Some(false)]);
    assert_eq!(
        table.rows(RowStatus::Matched)[1]
            .findings
            .iter()
            .filter(|f| f.kind() == "no-answer")
            .count(),
        1
    );
}

#[test]
fn every_format_has_a_name_of_its_own() {
    let mut names: Vec<&str> = FORMATS.iter().map(|format| format.name).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "backboard",
            "csv",
            "evermemos",
            "jsonl",
            "mem0",
            "memu",
            "zep"
        ]
    );
}
