//! Generated datasets, from the command to a finished run.

use std::path::Path;

use memgauge_report::RunDir;
use serde_json::Value;

use crate::{Ended, bytes, end, memgauge, only_run};

fn generate(out: &Path, more: &[&str]) -> Ended {
    let shape = ["--conversations", "20", "--turns", "40", "--sessions", "2"];
    end(memgauge()
        .args(["dataset", "generate"])
        .args(shape)
        .args(more)
        .arg("--out")
        .arg(out))
}

#[test]
fn a_generated_dataset_is_run_and_its_stores_go_batch_by_batch() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("generated.json");
    let ended = generate(&data, &["--questions", "4"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(
        ended
            .stdout
            .contains("20 conversations, 40 sessions, 800 turns, 80 questions"),
        "{}",
        ended.stdout
    );
    // More conversations than are open at a time, and with controls: the last asks the first one's memory.
    let out = folder.path().join("runs");
    let run = |more: &[&str]| {
        let mut command = memgauge();
        command.args([
            "--quiet",
            "run",
            "experiments/scale.toml",
            "--set",
            "controls=true",
        ]);
        command.args(more).arg("--dataset").arg(&data);
        end(command.arg("--out").arg(&out))
    };
    let ended = run(&[]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let run = only_run(&out);
    let dir = RunDir::open(&run).expect("a run");
    let mut variants = std::collections::BTreeMap::<String, usize>::new();
    dir.records(|row: Value| {
        assert_eq!(row["outcome"], "answered");
        let variant = row["variant"].as_str().unwrap_or_default();
        *variants.entry(variant.to_owned()).or_default() += 1;
    })
    .expect("records");
    let expected = [
        "full-context",
        "no-memory",
        "oracle",
        "turns-hybrid",
        "turns-hybrid-swapped",
    ];
    assert_eq!(
        variants.into_iter().collect::<Vec<_>>(),
        expected.map(|variant| (variant.to_owned(), 80))
    );
    assert!(!run.join("stores").exists());
    let mut memories = 0;
    dir.ingest(|row| memories += usize::from(row.event.is_some()))
        .expect("a journal");
    // The variant, and the same one asked from the wrong memory.
    assert_eq!(memories, 800, "one ingestion for both");
    assert!(!bytes(&run, "records.parquet").is_empty());
}

#[test]
fn what_cannot_be_generated_leaves_no_file_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("generated.json");
    let ended = generate(&data, &["--questions", "4000"]);
    assert_eq!(ended.code, 2);
    assert!(
        ended.stderr.contains("generated-00001: 40 turns answer ")
            && ended.stderr.contains("--questions"),
        "{}",
        ended.stderr
    );
    let left = std::fs::read_dir(folder.path())
        .expect("the folder")
        .count();
    assert_eq!(left, 0);
    let nowhere = folder.path().join("no/such/folder.json");
    let ended = generate(&nowhere, &[]);
    assert_eq!(ended.code, 2);
    assert!(
        ended.stderr.contains("no/such/folder.json"),
        "{}",
        ended.stderr
    );
}
