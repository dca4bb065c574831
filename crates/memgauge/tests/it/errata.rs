//! Errata of the answer key, laid over runs.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::models::{record, rows, scripted};
use crate::{end, memgauge, only_run, real_data, root};

/// The sample's questions about its first conversation.
fn questions() -> Vec<Value> {
    let text =
        std::fs::read_to_string(root().join("datasets/sample/sample.json")).expect("the sample");
    let sample: Value = serde_json::from_str(&text).expect("JSON");
    sample[0]["qa"].as_array().expect("questions").clone()
}

/// A row of an audit about one of them.
pub fn audited(index: usize, kind: &str, answer: &str, evidence: &[&str]) -> Value {
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

pub fn write(folder: &Path, rows: &[Value]) -> PathBuf {
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
    let published = ranked(&["--errata", &path, "--key", "published"]);
    assert_eq!(
        (&published["key"], &published["means"]),
        (&all["key"], &all["means"])
    );
    assert_eq!(all["key"], "published");
    let key = clean["key"].as_str().expect("a key");
    assert_eq!(key, "published, clean subset");
    let asked = |row: &Value| row["asked"].as_u64().expect("a count");
    assert_eq!(asked(&clean) + 1, asked(&all));

    // The table of those labels knows how high J of the whole run can honestly be.
    let ended = judge(&["--format", "markdown"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let row = "| ceiling (errata), whole run, published key |";
    assert!(ended.stdout.contains(row), "{}", ended.stdout);
    let report: Value = serde_json::from_str(&judge(&["--format", "json"]).stdout).expect("JSON");
    let ceiling = changed["errata"]["ceiling"]["j"].clone();
    assert_eq!(report["ceiling"]["j"], ceiling);
    assert!(ceiling["1-4"].as_f64().is_some_and(|best| best < 1.0));

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

/// J of the one variant of an imported run, in percent: all, clean, corrupt.
fn by_key(data: &Path, file: &str) -> [f64; 3] {
    let folder = tempfile::tempdir().expect("a folder");
    let ended = end(memgauge()
        .env("MEMGAUGE_DATA", data)
        .arg("import")
        .arg(data.join("fixtures").join(file))
        .args(["--quiet", "--out"])
        .arg(folder.path()));
    assert_eq!(ended.code, 0, "{file}: {}", ended.stderr);
    let mut command = memgauge();
    command.env("MEMGAUGE_DATA", data).arg("show");
    command.arg(only_run(folder.path())).arg("--errata");
    command.arg(data.join("fixtures/locomo-audit-errors.json"));
    let ended = end(command.args(["--format", "json"]));
    assert_eq!(ended.code, 0, "{file}: {}", ended.stderr);
    let summary: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    let j = &summary["errata"]["variants"][0]["metrics"]["j"];
    let n = |key: &str| j[key]["1-4"]["n"].as_u64();
    assert_eq!(
        [n("published"), n("clean"), n("corrupt")],
        [Some(1540), Some(1441), Some(99)],
        "{file}"
    );
    assert_eq!(j["corrected"]["1-4"], Value::Null, "{file}");
    ["published", "clean", "corrupt"].map(|key| 100.0 * j[key]["1-4"]["mean"].as_f64().expect("J"))
}

#[test]
fn real_data_j_on_clean_and_corrupt_questions_is_that_of_the_published_labels() {
    let Some(data) =
        real_data("real_data_j_on_clean_and_corrupt_questions_is_that_of_the_published_labels")
    else {
        return;
    };
    for (file, expected) in [
        ("memobase_eval_0503_3000.json", [70.91, 73.49, 33.33]),
        (
            "evermemos-format_fullcontext_gpt-4o-mini.json",
            [74.29, 76.73, 38.72],
        ),
        (
            "evermemos-format_fullcontext_gpt-4o-mini-reasoning.json",
            [79.89, 81.73, 53.20],
        ),
        (
            "evermemos-format_wrong-but-vague.json",
            [62.81, 63.52, 52.53],
        ),
    ] {
        let found = by_key(&data, file);
        for (found, expected) in found.iter().zip(expected) {
            assert!(
                (found - expected).abs() <= 0.005 + 1e-9,
                "{file}: {found} {expected}"
            );
        }
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

/// The run of an imported fixture; both of full context's were labelled by the same judge.
fn imported(data: &Path, folder: &Path, file: &str) -> String {
    let out = folder.join(file);
    let ended = end(memgauge()
        .env("MEMGAUGE_DATA", data)
        .arg("import")
        .arg(data.join("fixtures").join(file))
        .args(["--quiet", "--judge-model", "gpt-4o-mini"])
        .args(["--judge-prompt", "locomo-audit", "--out"])
        .arg(&out));
    assert_eq!(ended.code, 0, "{file}: {}", ended.stderr);
    only_run(&out).display().to_string()
}

/// A command over runs under the audit, as JSON.
fn under_the_audit(data: &Path, arguments: &[&str]) -> Value {
    let mut command = memgauge();
    command.env("MEMGAUGE_DATA", data).args(arguments);
    command
        .arg("--errata")
        .arg(data.join("fixtures/locomo-audit-errors.json"));
    let ended = end(command.args(["--format", "json"]));
    assert_eq!(ended.code, 0, "{arguments:?}: {}", ended.stderr);
    serde_json::from_str(&ended.stdout).expect("JSON")
}

#[test]
fn real_data_arms_and_text_metrics_stand_under_every_key() {
    let name = "real_data_arms_and_text_metrics_stand_under_every_key";
    let Some(data) = real_data(name) else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let plain = imported(
        &data,
        folder.path(),
        "evermemos-format_fullcontext_gpt-4o-mini.json",
    );
    let reasoning = imported(
        &data,
        folder.path(),
        "evermemos-format_fullcontext_gpt-4o-mini-reasoning.json",
    );
    let shown = under_the_audit(&data, &["show", &plain]);
    let metrics = &shown["errata"]["variants"][0]["metrics"];
    let close = |found: &Value, expected: f64, what: &str| {
        let found = 100.0 * found.as_f64().unwrap_or(f64::NAN);
        assert!((found - expected).abs() <= 0.005 + 1e-9, "{what}: {found}");
    };

    // Metrics computed again are the stored ones, under every key.
    let rescored = under_the_audit(&data, &["rescore", &plain]);
    let again = &rescored["errata"]["variants"][0]["metrics"];
    for metric in ["f1.locomo", "f1.set", "bleu1", "exact"] {
        for key in ["published", "corrected", "clean", "corrupt"] {
            let (mine, theirs) = (
                &again[metric][key]["1-4"]["mean"],
                &metrics[metric][key]["1-4"]["mean"],
            );
            let apart = mine.as_f64().zip(theirs.as_f64()).map(|(a, b)| a - b);
            assert!(
                apart.is_some_and(|apart| apart.abs() < 1e-9),
                "{metric} {key}"
            );
        }
        let n = |key: &str| again[metric][key]["1-4"]["n"].as_u64();
        assert_eq!((n("published"), n("clean")), (Some(1540), Some(1441)));
    }
    assert_eq!(again["j"], Value::Null);

    // J of both, and their difference, under every key; a comparison is decided on the clean questions.
    let compared = under_the_audit(&data, &["compare", &plain, &reasoning]);
    assert_eq!(compared["metric"], "j");
    let by_key = &compared["errata"];
    assert_eq!(by_key["decided_by"], "clean");
    assert_eq!(
        (
            &by_key["questions"]["1-4"],
            &by_key["corrupt"]["1-4"],
            &by_key["unfit"]
        ),
        (&1540.into(), &99.into(), &0.into())
    );
    let [first, second] = [&by_key["arms"][0], &by_key["arms"][1]];
    for (arm, published, clean) in [(first, 74.29, 76.73), (second, 79.89, 81.73)] {
        close(&arm["published"][0]["mean"], published, "published");
        close(&arm["clean"][0]["mean"], clean, "clean");
        assert_eq!(arm["corrected"][0], Value::Null);
        for (at, ceiling) in [93.57, 90.07, 91.90, 90.625, 95.72].into_iter().enumerate() {
            close(&arm["ceiling"][at], ceiling, "ceiling");
        }
    }
    let pair = &by_key["pairs"][0];
    assert_eq!(
        pair["clean"][0],
        compared["pairs"][0]["slices"][0]["difference"]
    );
    assert_eq!(pair["published"][0]["n"], 1540);
    assert_eq!(pair["corrected"][0], Value::Null);

    // Metrics of the text have a value under the corrected key, and it is the one that `show` tells.
    let ranked = under_the_audit(
        &data,
        &[
            "rank",
            &plain,
            &reasoning,
            "--metric",
            "f1.set",
            "--key",
            "corrected",
        ],
    );
    let group = &ranked["groups"][0];
    for row in group["rows"].as_array().expect("rows") {
        assert_eq!(row["key"], "corrected");
        let arm = group["errata"]["arms"].as_array().expect("arms").iter();
        let mut arm = arm.filter(|arm| arm["label"] == row["label"]);
        assert_eq!(arm.next().expect("the arm")["corrected"], row["means"]);
    }
    let mine = group["errata"]["arms"].as_array().expect("arms").iter();
    let expected = metrics["f1.set"]["corrected"]["1-4"]["mean"].as_f64();
    assert!(
        mine.into_iter()
            .any(|arm| arm["corrected"][0]["mean"].as_f64() == expected),
        "{expected:?}"
    );

    // J~ stands under every key, apart from J.
    let estimated = &shown["errata"]["variants"][0]["j_estimated"];
    for (key, n) in [
        ("published", 1540),
        ("corrected", 1540),
        ("clean", 1441),
        ("corrupt", 99),
    ] {
        assert_eq!(estimated[key]["1-4"]["n"], n, "{key}");
    }
    let by = &shown["errata"]["estimated_by"];
    assert!(by["held_out"]["agreement"].as_f64() > by["held_out"]["majority"].as_f64());
}
