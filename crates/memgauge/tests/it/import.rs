//! Other tools' results through the command line.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::{Ended, bytes, end, memgauge, only_run, real_data};

const BOAT: &str = "When did Priya buy her boat?";
const PRICE: &str = "How much did Priya pay for the dinghy?";

fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).expect("a file");
    path
}

fn import(files: &[&Path], out: &Path, more: &[&str]) -> Ended {
    let mut command = memgauge();
    command.arg("import").args(files).arg("--out").arg(out);
    end(command.args(["--dataset", "sample"]).args(more))
}

fn mem0() -> Value {
    json!({"0": [
        {"question": PRICE, "answer": "340 pounds", "response": "340 pounds", "category": "4",
         "bleu_score": 1.0, "f1_score": 0.5, "llm_score": 1},
        {"question": BOAT, "answer": "The Saturday before 3 February 2023", "response": "in May", "category": "2",
         "bleu_score": 0.0, "f1_score": 0.0, "llm_score": 0},
    ]})
}

#[test]
fn an_imported_run_is_a_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = write(folder.path(), "tool.json", &mem0().to_string());
    let out = folder.path().join("runs");
    let ended = import(
        &[&file],
        &out,
        &["--answer-model", "m", "--format", "markdown"],
    );
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(
        ended.stdout.contains("| tool | ") && ended.stdout.contains("| 50.0 ["),
        "{}",
        ended.stdout
    );
    assert!(
        ended
            .stderr
            .contains("questions of the dataset without a row"),
        "{}",
        ended.stderr
    );
    let run = only_run(&out);
    let manifest: Value = serde_json::from_slice(&bytes(&run, "manifest.json")).expect("JSON");
    assert_eq!(manifest["imported"]["format"], "mem0");
    assert_eq!(manifest["imported"]["answer_model"], "m");
    assert_eq!(manifest["imported"]["judge_model"], Value::Null);
    for name in [
        "records.jsonl",
        "summary.json",
        "report.md",
        "records.parquet",
        "import.jsonl",
    ] {
        assert!(run.join(name).is_file(), "{name}");
    }
    // What works on runs works on it.
    let show = end(memgauge().arg("show").arg(&run));
    assert_eq!(show.code, 0, "{}", show.stderr);
    assert!(
        show.stdout
            .contains("Imported from mem0 (tool.json): 2 rows, 2 matched"),
        "{}",
        show.stdout
    );
    let show = end(memgauge()
        .arg("show")
        .arg(&run)
        .args(["--question", "sample-1/q1"]));
    assert!(
        show.stdout.contains("340 pounds") && show.stdout.contains("run 0: right"),
        "{}",
        show.stdout
    );
    let resumed = end(memgauge().args(["run", "--resume"]).arg(&run));
    assert_eq!(resumed.code, 2);
    assert!(
        resumed.stderr.contains("an imported run"),
        "{}",
        resumed.stderr
    );
    let judged = end(memgauge().arg("judge").arg(&run).args([
        "--set",
        r#"models.chat={ kind = "fake" }"#,
        "--prompt",
        "strict",
        "--traffic",
        "live",
    ]));
    assert_eq!(judged.code, 0, "{}", judged.stderr);
    assert!(run.join("judgements-strict.jsonl").is_file());
}

#[test]
fn rescore_shows_what_differs() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = write(folder.path(), "tool.json", &mem0().to_string());
    let out = folder.path().join("runs");
    assert_eq!(import(&[&file], &out, &["--quiet"]).code, 0);
    let run = only_run(&out);
    let ended = end(memgauge().arg("rescore").arg(&run));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(
        ended.stdout.contains("sample-1/q1") && ended.stdout.contains("0.500000"),
        "{}",
        ended.stdout
    );
    let ended = end(memgauge()
        .arg("rescore")
        .arg(&run)
        .args(["--format", "json"]));
    let found: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    let checks = found["checks"].as_array().expect("checks");
    let of = |by: &str, metric: &str| {
        let mut named = checks
            .iter()
            .filter(|one| one["stored_by"] == by && one["metric"] == metric);
        named.next().expect("a check").clone()
    };
    assert_eq!(
        of("file", "f1.set")["differences"]
            .as_array()
            .expect("a list")
            .len(),
        1
    );
    assert_eq!(of("file", "f1.set")["max_difference"], 0.5);
    assert_eq!(of("file", "bleu1")["max_difference"], 0.0);
    assert_eq!(of("records", "f1.locomo")["differences"], json!([]));
}

#[test]
fn rows_that_are_left_out_are_told_and_change_the_code() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut value = mem0();
    let rows = value["0"].as_array_mut().expect("rows");
    rows.extend(
        (0..9).map(|n| json!({"question": format!("Who is {n}?"), "answer": "a", "response": "b"})),
    );
    let file = write(folder.path(), "tool.json", &value.to_string());
    let out = folder.path().join("runs");
    let ended = import(&[&file], &out, &[]);
    assert_eq!(ended.code, 3, "{}", ended.stderr);
    assert!(
        ended
            .stderr
            .contains("9 row(s) match no question of the dataset"),
        "{}",
        ended.stderr
    );
    assert!(
        ended
            .stderr
            .contains("tool.json: 0[2]: no question of the dataset: Who is 0?"),
        "{}",
        ended.stderr
    );
    assert!(
        ended.stderr.contains(".. and 4 more, all in"),
        "{}",
        ended.stderr
    );
    assert!(!ended.stderr.contains("Who is 8?"), "{}", ended.stderr);
}

#[test]
fn mistakes_are_told_and_nothing_is_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let good = write(folder.path(), "good.json", &mem0().to_string());
    let cut = write(folder.path(), "cut.json", r#"{"0": [{"question": "#);
    let out = folder.path().join("runs");
    let refused = |files: &[&Path], more: &[&str], words: &str| {
        let ended = import(files, &out, more);
        assert_eq!(ended.code, 2, "{}", ended.stderr);
        assert!(ended.stderr.contains(words), "{}", ended.stderr);
        assert!(!out.exists());
    };
    refused(&[&good, &cut], &[], "is the file cut short?");
    refused(&[&good], &["--from", "mem00"], "did you mean `mem0`?");
    refused(
        &[&good],
        &["--columns", "question"],
        "`question` is not ROLE=COLUMN",
    );
    refused(&[&good, &good], &["--name", "x"], "one name for 2 runs");
    refused(&[Path::new("nowhere.json")], &[], "nowhere.json");
}

#[test]
fn real_data_published_files_are_imported_by_command() {
    let Some(data) = real_data("published-files-imported") else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let file = data.join("fixtures/memobase_eval_0503_3000.json");
    let mut command = memgauge();
    command.env("MEMGAUGE_DATA", &data).arg("import").arg(&file);
    let ended = end(command
        .args(["--format", "json", "--out"])
        .arg(folder.path()));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let found: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    assert_eq!(found[0]["imported"]["matched"], 1_540);
    let j = found[0]["variants"][0]["j"]["mean"].as_f64().expect("J");
    assert!((j - 1_092.0 / 1_540.0).abs() < 1e-12, "{j}");
}
