//! Errata of the answer key, laid over runs.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::models::{record, rows, scripted};
use crate::{end, memgauge, real_data, root};

/// The sample's questions about its first conversation.
fn questions() -> Vec<Value> {
    let text =
        std::fs::read_to_string(root().join("datasets/sample/sample.json")).expect("the sample");
    let sample: Value = serde_json::from_str(&text).expect("JSON");
    sample[0]["qa"].as_array().expect("questions").clone()
}

/// A row of an audit about one of them.
fn audited(index: usize, kind: &str, answer: &str, evidence: &[&str]) -> Value {
    let question = &questions()[index];
    json!({
        "question_id": format!("locomo_0_qa{index}"),
        "question": question["question"],
        "golden_answer": question["answer"],
        "category": question["category"],
        "error_type": kind,
        "cited_evidence": question["evidence"],
        "correct_evidence": evidence,
        "correct_answer": answer,
        "reasoning": "",
    })
}

fn write(folder: &Path, rows: &[Value]) -> PathBuf {
    let path = folder.join("errors.json");
    std::fs::write(&path, json!(rows).to_string()).expect("a file");
    path
}

/// `memgauge show RUN --errata PATH --format json`.
fn shown(run: &Path, errata: &Path) -> Value {
    let mut command = memgauge();
    command.arg("show").arg(run).arg("--errata").arg(errata);
    let ended = end(command.args(["--format", "json"]));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    serde_json::from_str(&ended.stdout).expect("JSON")
}

#[test]
fn only_the_corrupt_answers_are_judged_again_and_then_there_is_a_corrected_j() {
    let bench = scripted();
    let (_, run) = bench.run("runs", &["--traffic", "live"]);
    let records = rows(&run, "records.jsonl");
    // Judged right under the published key, which the errata call wrong.
    let right = record(&records, "barn that smells of tar");
    let id = right["question"].as_str().expect("an id");
    let index: usize = id
        .rsplit_once("/q")
        .expect("an id")
        .1
        .parse()
        .expect("an index");
    let folder = tempfile::tempdir().expect("a folder");
    let errata = write(
        folder.path(),
        &[audited(index, "HALLUCINATION", "Leeds", &["D1:1"])],
    );
    let j = |summary: &Value, key: &str| {
        let metrics = &summary["errata"]["variants"][0]["metrics"];
        metrics["j"][key]["1-4"]["n"].clone()
    };
    let before = shown(&run, &errata);
    let labelled = j(&before, "published");
    assert_eq!(j(&before, "corrected"), Value::Null);
    assert_eq!(j(&before, "corrupt"), 1);
    assert_eq!(before["errata"]["judged_by"], Value::Null);
    let f1 = &before["errata"]["variants"][0]["metrics"]["f1.set"];
    assert!(f1["corrected"]["1-4"]["mean"].as_f64() < f1["published"]["1-4"]["mean"].as_f64());

    let judge = |arguments: &[&str]| {
        let mut command = memgauge();
        command
            .arg("judge")
            .arg(&run)
            .args(["--quiet", "--traffic", "live", "--only-errata"]);
        end(command.arg("--errata").arg(&errata).args(arguments))
    };
    let ended = judge(&["--prompt", "strict"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let other = shown(&run, &errata);
    assert_eq!(other["errata"]["judged_by"]["as_the_run"], false);
    let ended = judge(&[]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let judged = rows(&run, "corrected-lenient.jsonl");
    assert_eq!(judged.len(), 2);
    for row in &judged {
        assert_eq!(row["question"], right["question"]);
        assert_eq!(row["errata"], before["errata"]["digest"]);
        assert_eq!(row["label"], true);
    }
    assert_eq!(rows(&run, "records.jsonl"), records);
    let after = shown(&run, &errata);
    assert_eq!(after["errata"]["judged_by"]["name"], "lenient");
    assert_eq!(after["errata"]["judged_by"]["as_the_run"], true);
    assert_eq!(j(&after, "corrected"), labelled);

    // Labels under one overlay say nothing about another.
    let errata = write(
        folder.path(),
        &[audited(index, "HALLUCINATION", "Whitby", &["D1:1"])],
    );
    let changed = shown(&run, &errata);
    assert_ne!(changed["errata"]["digest"], before["errata"]["digest"]);
    assert_eq!(j(&changed, "corrected"), Value::Null);

    // Tables of several runs can leave the question out.
    let ranked = |arguments: &[&str]| -> Value {
        let mut command = memgauge();
        command
            .arg("rank")
            .arg(&run)
            .args(["--metric", "f1.locomo"]);
        command.args(["--names", "mem0-paper", "--format", "json"]);
        let ended = end(command.args(arguments));
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        let ranking: Value = serde_json::from_str(&ended.stdout).expect("JSON");
        assert_eq!(ranking["names"], "mem0-paper");
        ranking["groups"][0]["rows"][0].clone()
    };
    let path = errata.display().to_string();
    let (all, clean) = (ranked(&[]), ranked(&["--errata", &path]));
    assert_eq!(all["key"], "published");
    let key = clean["key"].as_str().expect("a key");
    assert_eq!(key, "published, clean subset");
    let asked = |row: &Value| row["asked"].as_u64().expect("a count");
    assert_eq!(asked(&clean) + 1, asked(&all));

    let ended = end(memgauge().arg("judge").arg(&run).arg("--only-errata"));
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.contains("--errata"), "{}", ended.stderr);
}

#[test]
fn a_file_of_errata_is_checked_row_by_row_and_written_in_the_own_format() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut strange = audited(1, "AMBIGUOUS", "x", &[]);
    strange["question"] = json!("Who?");
    let path = write(
        folder.path(),
        &[
            audited(0, "TEMPORAL_ERROR", "another answer", &["D1:1", "D99:1"]),
            strange,
        ],
    );
    let toml = folder.path().join("own.toml");
    let read = |path: &Path, more: &[&str]| {
        let mut command = memgauge();
        command
            .arg("errata")
            .arg(path)
            .args(["--dataset", "sample"]);
        end(command.args(more))
    };
    let to = toml.display().to_string();
    let ended = read(&path, &["--to", &to]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(
        ended
            .stdout
            .contains("row 0 (locomo_0_qa0): D99:1 names no turn: left out"),
        "{}",
        ended.stdout
    );
    assert!(
        ended.stdout.contains("1 row(s) are not applied"),
        "{}",
        ended.stdout
    );
    let digest = |path: &Path| {
        let ended = read(path, &["--format", "json"]);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        let found: Value = serde_json::from_str(&ended.stdout).expect("JSON");
        found["errata"]["digest"].clone()
    };
    assert_eq!(digest(&path), digest(&toml));

    let text = std::fs::read_to_string(&toml).expect("the overlay");
    std::fs::write(&toml, text.replace("dataset = \"", "dataset = \"0")).expect("a file");
    for (path, words) in [
        (toml.as_path(), "errata of the dataset with the content"),
        (Path::new("nowhere.json"), "nowhere.json"),
        (
            Path::new("Cargo.toml"),
            "expected the list of locomo-audit's errors.json",
        ),
    ] {
        let ended = read(path, &[]);
        assert_eq!(ended.code, 2, "{}", ended.stderr);
        assert!(ended.stderr.contains(words), "{}", ended.stderr);
    }
}

#[test]
fn real_data_the_audit_fits_whole_and_gives_the_ceiling() {
    let Some(data) = real_data("real_data_the_audit_fits_whole_and_gives_the_ceiling") else {
        return;
    };
    let mut command = memgauge();
    command.env("MEMGAUGE_DATA", &data).arg("errata");
    command.arg(data.join("fixtures/locomo-audit-errors.json"));
    let ended = end(command.args(["--format", "json"]));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let found: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    assert_eq!(found["unfit"], 0);
    let errata = found["errata"]["errata"].as_array().expect("errata");
    assert_eq!(errata.len(), 156);
    let of = |kind: &str| {
        errata
            .iter()
            .filter(|erratum| erratum["kind"] == kind)
            .count()
    };
    let kinds = [
        "hallucination",
        "temporal",
        "attribution",
        "ambiguous",
        "incomplete",
        "wrong-citation",
    ];
    assert_eq!(kinds.map(of), [33, 26, 24, 13, 3, 57]);
    for (slice, expected) in [
        ("multi-hop", 90.07),
        ("temporal", 91.90),
        ("open-domain", 90.625),
        ("single-hop", 95.72),
        ("1-4", 93.57),
    ] {
        let ceiling = 100.0 * found["ceiling"]["j"][slice].as_f64().expect("a ceiling");
        assert!(
            (ceiling - expected).abs() <= 0.005 + 1e-9,
            "{slice}: {ceiling}"
        );
    }
}
