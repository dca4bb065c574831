use serde_json::json;

use super::*;
use crate::arm::fake::FakeRun;
use crate::rundir::RunDir;

fn run(f1: f64) -> FakeRun {
    let mut run = FakeRun::new("x", &[("turns", false), ("oracle", true)]);
    for question in 0..12 {
        run.answer("turns", &format!("c/q{question}"), 1, Some(f1), &[]);
        run.answer("oracle", &format!("c/q{question}"), 1, Some(1.0), &[]);
    }
    run
}

fn of(run: &FakeRun, folder: &std::path::Path, name: &str) -> Baseline {
    let path = folder.join(name);
    run.write(&path);
    of_run(
        &RunDir::open(&path).unwrap(),
        "base",
        &RunOptions::default(),
    )
    .unwrap()
}

#[test]
fn what_is_written_is_read_and_holds_no_text() {
    let folder = tempfile::tempdir().unwrap();
    let made = of(&run(2.0 / 3.0), folder.path(), "run");
    let path = find(folder.path(), "base").unwrap();
    save(&path, made.clone(), "2026-01-01T00:00:00Z", "first").unwrap();
    let read = open(&path).unwrap();
    assert_eq!(read.variants, made.variants);
    assert_eq!(read.head.variants, made.head.variants);
    assert_eq!(read.head.log[0].why, "first");
    assert_eq!(list(folder.path()).unwrap(), std::slice::from_ref(&path));
    let text = std::fs::read_to_string(path.join("turns.csv")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[0],
        "question,category,f1.locomo,f1.set,bleu1,context-tokens,cost,errors,digest"
    );
    assert!(
        lines[1].starts_with("c/q0,1,0.666667,0.666667,0.666667,12,0,0,"),
        "{}",
        lines[1]
    );
    // By number, not by letter.
    assert!(lines[3].starts_with("c/q2,") && lines[11].starts_with("c/q10,"));
    assert!(!path.join("oracle.csv").exists());
    assert!(matches!(
        save(&path, made, "", ""),
        Err(BaselineError::Exists { .. })
    ));
}

#[test]
fn an_update_has_a_reason_and_tells_what_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("base");
    save(
        &path,
        of(&run(0.5), folder.path(), "one"),
        "2026-01-01T00:00:00Z",
        "first",
    )
    .unwrap();
    let mut other = run(0.5);
    other.repeat("turns", "c/q3", 1, 0, Some(0.25), &[]);
    let other = of(&other, folder.path(), "two");
    let refused = update(&path, other.clone(), "2026-02-01T00:00:00Z", "  ");
    assert!(matches!(refused, Err(BaselineError::NoReason { .. })));
    assert_eq!(open(&path).unwrap().head.log.len(), 1);
    let changes = update(&path, other, "2026-02-01T00:00:00Z", "shorter answers").unwrap();
    assert_eq!(changes.len(), 1);
    let [change] = &changes[0].questions[..] else {
        panic!("{changes:?}")
    };
    assert_eq!(change.question.to_string(), "c/q3");
    assert_eq!(change.values[0], "f1.locomo: 0.5 -> 0.25");
    let log = open(&path).unwrap().head.log;
    assert_eq!(
        (log[1].why.as_str(), log[1].changed.get("turns")),
        ("shorter answers", Some(&1))
    );
    let nowhere = update(
        &folder.path().join("none"),
        of(&run(0.5), folder.path(), "three"),
        "",
        "x",
    );
    assert!(nowhere.unwrap_err().to_string().contains("there are: base"));
}

#[test]
fn later_versions_and_broken_files_are_refused_with_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("base");
    save(&path, of(&run(0.5), folder.path(), "one"), "", "first").unwrap();
    let table = path.join("turns.csv");
    let whole = std::fs::read_to_string(&table).unwrap();
    for (from, to, told) in [
        (
            "c/q1,1,0.5",
            "c/q1,1,half",
            "turns.csv:3: f1.locomo `half`: must be a number",
        ),
        ("c/q1,1,", "c/q1,7,", "turns.csv:3: category `7`"),
        ("c/q1,", "c/q0,", "turns.csv:3: c/q0 stands here twice"),
        ("bleu1", "bleu2", "turns.csv:1: columns are"),
    ] {
        std::fs::write(&table, whole.replacen(from, to, 1)).unwrap();
        let message = open(&path).unwrap_err().to_string();
        assert!(message.contains(told), "{message}");
    }
    std::fs::write(&table, whole).unwrap();
    let file = path.join(FILE);
    let mut head: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    head["schema_version"] = json!(BASELINE_VERSION + 1);
    std::fs::write(&file, head.to_string()).unwrap();
    let message = open(&path).unwrap_err().to_string();
    assert!(
        message.contains("version 2") && message.contains("use a newer one"),
        "{message}"
    );
    head["schema_version"] = json!(BASELINE_VERSION);
    head["variants"][0]["file"] = json!("../turns.csv");
    std::fs::write(&file, head.to_string()).unwrap();
    assert!(
        open(&path)
            .unwrap_err()
            .to_string()
            .contains("must be a name")
    );
    assert!(matches!(
        find(folder.path(), "../x"),
        Err(BaselineError::Name(_))
    ));
}

#[test]
fn what_was_asked_for_has_to_be_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    run(0.5).write(&path);
    let dir = RunDir::open(&path).unwrap();
    let with = |metric: &str, variant: &str| RunOptions {
        metrics: Some(vec![MetricName::parse(metric).unwrap()]),
        must_have: true,
        variants: Some(vec![variant.to_owned()]),
    };
    assert!(of_run(&dir, "x", &with("f1.locomo", "oracle")).is_ok());
    // What nobody named may be missing.
    let unnamed = RunOptions {
        must_have: true,
        ..RunOptions::default()
    };
    assert!(of_run(&dir, "x", &unnamed).is_ok());
    let told = |options| of_run(&dir, "x", &options).unwrap_err().to_string();
    assert!(told(with("evidence.mrr", "turns")).contains("no answer has a value of evidence.mrr"));
    assert!(told(with("f1.locomo", "turn")).contains("did you mean `turns`"));
    std::fs::remove_file(path.join("summary.json")).unwrap();
    assert!(told(RunOptions::default()).contains("not finished"));
}

#[test]
fn a_question_carries_what_it_cost_and_its_share_of_the_ingestion() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    run(0.5).write(&path);
    let call = |phase: &str, question: Option<&str>, dollars: Option<f64>| {
        json!({
            "variant": "turns", "phase": phase, "conversation": "c", "question": question, "repeat": 0, "seq": 0,
            "stage": "answer", "kind": "chat", "model": "m", "served_by": null, "request": "r", "traffic": "live",
            "inputs": 1, "input_tokens": 1, "output_tokens": 1, "cached_tokens": null, "reasoning_tokens": null,
            "counted": false, "dollars": dollars, "attempts": 1, "own_ms": 0.0, "provider_ms": 0.0, "backoff_ms": 0.0,
            "paused_ms": 0.0, "replayed_ms": null, "outcome": "usable", "background": false,
        })
    };
    let dir = RunDir::open(&path).unwrap();
    dir.appender("calls.jsonl")
        .unwrap()
        .append(&[
            call("ingest", None, Some(0.12)),
            call("answer", Some("c/q0"), Some(0.5)),
            call("judge", Some("c/q0"), Some(9.0)),
            call("answer", Some("c/q1"), None),
        ])
        .unwrap();
    let made = of_run(&dir, "x", &RunOptions::default()).unwrap();
    let cost = made.column(COST).unwrap();
    let value = |question: &str| made.variants[0][&question.parse().unwrap()].values[cost];
    // A twelfth of the ingestion each; a call without a price is not free.
    assert_eq!(value("c/q0"), Some(0.51));
    assert_eq!(value("c/q1"), None);
    assert_eq!(value("c/q2"), Some(0.01));
}
