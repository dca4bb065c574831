//! Stages that are done again.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::{bytes, end, memgauge, only_run};

const CONFIG: &str = r#"
name = "again"
dataset = { kind = "sample", conversations = ["sample-1", "sample-2"] }
controls = false

[[variant]]
name = "hybrid"
system = { kind = "turns", retriever = { kind = "hybrid", k = 5 } }

[[variant]]
name = "lexical"
system = { kind = "turns", retriever = { kind = "lexical", k = 5 }, fusion = { kind = "single" } }
"#;

fn run(folder: &Path, out: &str, more: &[&str]) -> PathBuf {
    run_config(folder, out, CONFIG, more)
}

/// Runs a config into a folder of its own, and gives the run directory.
pub fn run_config(folder: &Path, out: &str, config: &str, more: &[&str]) -> PathBuf {
    let file = folder.join(format!("{out}.toml"));
    std::fs::write(&file, config).expect("a config");
    let out = folder.join(out);
    let ended = end(memgauge()
        .args(["run", "--quiet"])
        .arg(&file)
        .arg("--out")
        .arg(&out)
        .args(more));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    only_run(&out)
}

fn rows(run: &Path, file: &str) -> Vec<Value> {
    let text = String::from_utf8(bytes(run, file)).expect("UTF-8");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

fn summary(run: &Path) -> Value {
    serde_json::from_slice(&bytes(run, "summary.json")).expect("JSON")
}

const AGAIN: [&str; 2] = ["--set", "repeats={ ingest = 2, answer = 3 }"];

#[test]
fn every_repeat_has_its_record_and_a_question_counts_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let (once, again) = (
        run(folder.path(), "once", &[]),
        run(folder.path(), "again", &AGAIN),
    );
    let (first, all) = (rows(&once, "records.jsonl"), rows(&again, "records.jsonl"));
    assert_eq!(all.len(), 6 * first.len());
    for chunk in all.chunks(6) {
        let repeats: Vec<u64> = chunk
            .iter()
            .filter_map(|row| row["repeat"].as_u64())
            .collect();
        assert_eq!(repeats, [0, 1, 2, 3, 4, 5]);
        assert!(
            chunk
                .iter()
                .all(|row| row["question"] == chunk[0]["question"])
        );
    }
    let memories = |run: &Path, repeat: u64| {
        let all = rows(run, "ingest.jsonl");
        let of = |row: &&Value| row["repeat"].as_u64().unwrap_or(0) == repeat;
        all.iter().filter(of).count()
    };
    assert_eq!(memories(&again, 0), memories(&once, 0));
    assert_eq!(memories(&again, 1), memories(&once, 0));
    let shown = end(memgauge().arg("show").arg(&again)).stdout;
    for wanted in ["over runs", "memories", "± 0.00", "variance of a score, %"] {
        assert!(shown.contains(wanted), "{wanted}: {shown}");
    }
    let shown = end(memgauge().arg("show").arg(&once)).stdout;
    assert!(!shown.contains("over runs"), "{shown}");
    // Nothing here differs from time to time, so that the means are those of one run.
    let (first, all) = (summary(&once), summary(&again));
    for (one, six) in first["variants"]
        .as_array()
        .expect("variants")
        .iter()
        .zip(all["variants"].as_array().expect("variants"))
    {
        let mean = |summary: &Value| summary["scores"]["f1.locomo"]["1-4"]["mean"].as_f64();
        let (once, often) = (mean(one).expect("a mean"), mean(six).expect("a mean"));
        assert!((once - often).abs() < 1e-12, "{once} {often}");
        assert_eq!(one["questions"], six["questions"]);
        assert_eq!(one["repeats"], Value::Null);
        let spread = &six["repeats"]["metrics"]["f1.locomo"];
        assert_eq!(spread["means"].as_array().map(Vec::len), Some(6));
        assert!(spread["sd"].as_f64().is_some_and(|sd| sd < 1e-12));
        let memories = &six["repeats"]["memories"]["f1.locomo"]["means"];
        assert_eq!(memories.as_array().map(Vec::len), Some(2));
        // All that varies is the question; nobody judged.
        let parts = &six["variance"]["f1.locomo"];
        for part in ["memories", "answers"] {
            assert!(
                parts[part].as_f64().is_some_and(|part| part < 1e-12),
                "{parts}"
            );
        }
        assert!(
            parts["questions"].as_f64().is_some_and(|part| part > 0.01),
            "{parts}"
        );
        assert_eq!(parts["judge"], Value::Null);
        assert_eq!(one["variance"], serde_json::json!({}));
    }
}

#[test]
fn parts_of_a_repeated_run_are_the_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = run(folder.path(), "whole", &AGAIN);
    let parts: Vec<PathBuf> = (1..=5)
        .map(|index| {
            let shard = format!("{index}/5");
            let more: Vec<&str> = AGAIN.into_iter().chain(["--shard", &shard]).collect();
            run(folder.path(), &format!("part-{index}"), &more)
        })
        .collect();
    let out = folder.path().join("merged");
    let ended = end(memgauge()
        .args(["merge", "--quiet"])
        .args(&parts)
        .arg("--out")
        .arg(&out));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    for file in ["records.jsonl", "ingest.jsonl", "contexts.jsonl"] {
        assert!(
            bytes(&whole, file) == bytes(&only_run(&out), file),
            "{file}"
        );
    }
}

#[test]
fn the_judge_runs_as_often_as_is_said_in_one_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("judge.toml");
    let config =
        "judge = { kind = \"llm\", model = \"fake\", runs = 2 }\nrepeats = { judge = 3 }\n";
    std::fs::write(&file, format!("{config}{CONFIG}")).expect("a config");
    let ended = end(memgauge().arg("plan").arg(&file));
    assert_eq!(ended.code, 2);
    assert!(
        ended.stderr.contains("judge.runs says 2"),
        "{}",
        ended.stderr
    );
}
