//! The first thing that a new user runs.

use std::time::Instant;

use serde_json::Value;

use crate::{bytes, end, memgauge, only_run};

fn run(out: &std::path::Path, jobs: &str) -> std::path::PathBuf {
    let ended = end(memgauge()
        .args([
            "run",
            "experiments/quickstart.toml",
            "--quiet",
            "--jobs",
            jobs,
            "--out",
        ])
        .arg(out));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(ended.stdout.contains("turns-hybrid"), "{}", ended.stdout);
    only_run(out)
}

#[test]
fn the_sample_tells_systems_apart_and_twice_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let start = Instant::now();
    let first = run(&folder.path().join("first"), "2");
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());

    // Same config and seed, another number of workers: the same bytes.
    let second = run(&folder.path().join("second"), "1");
    for file in ["records.jsonl", "ingest.jsonl", "contexts.jsonl"] {
        assert!(bytes(&first, file) == bytes(&second, file), "{file}");
    }
    let summary: Value = serde_json::from_slice(&bytes(&first, "summary.json")).expect("JSON");
    let again: Value = serde_json::from_slice(&bytes(&second, "summary.json")).expect("JSON");
    let variants = summary["variants"].as_array().expect("variants");
    for (one, other) in variants
        .iter()
        .zip(again["variants"].as_array().expect("variants"))
    {
        assert_eq!(one["scores"], other["scores"]);
        assert_eq!(one["failed"], 0);
    }

    // oracle > hybrid > recency > no-memory, each step beyond its paired interval.
    for (better, worse) in [
        ("oracle", "turns-hybrid"),
        ("turns-hybrid", "turns-recency"),
        ("turns-recency", "no-memory"),
    ] {
        let interval = paired(&first, better, worse);
        assert!(interval.low > 0.0, "{better} over {worse}: {interval:?}");
    }

    // One question can be looked at, and the files are where docs/FORMAT.md says.
    let show = end(memgauge()
        .arg("show")
        .arg(&first)
        .args(["--question", "sample-1/q0"]));
    assert_eq!(show.code, 0, "{}", show.stderr);
    for word in ["gold", "evidence", "── turns-hybrid", "── oracle", "answer"] {
        assert!(show.stdout.contains(word), "{word}\n{}", show.stdout);
    }
    let shown = end(memgauge().arg("show").arg(&first));
    assert!(shown.stdout.contains("f1.locomo"), "{}", shown.stdout);
    // The first tables fit a terminal, and every headline stands with its interval.
    let mut tables = shown.stdout.split("\n\n").skip(1);
    for head in ["system", "evidence, % [95 %]", "load [95 %]"] {
        let table = tables.next().expect("a table");
        assert!(table.starts_with(head), "{table}");
        let rows = table
            .lines()
            .take_while(|line| !line.starts_with("Scores") && !line.starts_with("recall"));
        for row in rows {
            assert!(row.chars().count() <= 120, "{row}");
        }
    }
    for variant in summary["variants"].as_array().expect("variants") {
        let within = |mean: &Value| {
            let of = |key: &str| mean[key].as_f64().expect("a number");
            assert!(
                of("low") <= of("mean") && of("mean") <= of("high"),
                "{mean}"
            );
        };
        let tokens = &variant["tokens_by_slice"]["1-4"];
        within(tokens);
        let apart = tokens["mean"].as_f64().expect("tokens")
            - variant["tokens"]["cl100k"].as_f64().expect("tokens");
        assert!(apart.abs() < 1e-6, "{tokens}");
        let recall = &variant["scores"]["evidence.recall@1024tokens"]["temporal"];
        if !recall.is_null() {
            within(recall);
        }
    }
    for file in [
        "manifest.json",
        "timings.jsonl",
        "records.parquet",
        "report.md",
    ] {
        assert!(!bytes(&first, file).is_empty(), "{file}");
    }
    assert!(!first.join("stores").exists());
}

/// The paired difference of two arms in f1.locomo over categories 1 to 4, from the records.
fn paired(
    run: &std::path::Path,
    first: &str,
    second: &str,
) -> memgauge_report::statistics::Interval {
    use memgauge_report::statistics::{Bootstrap, Layout};
    let mut rows: std::collections::BTreeMap<String, Vec<(String, Option<f64>, usize)>> =
        std::collections::BTreeMap::new();
    for line in String::from_utf8(bytes(run, "records.jsonl"))
        .expect("UTF-8")
        .lines()
    {
        let record: Value = serde_json::from_str(line).expect("JSON");
        let category = record["category"].as_u64().expect("a category") as usize;
        let variant = record["variant"].as_str().expect("a name").to_owned();
        let question = record["question"].as_str().expect("an id").to_owned();
        rows.entry(variant).or_default().push((
            question,
            record["scores"]["f1.locomo"].as_f64(),
            category,
        ));
    }
    let conversation = |question: &str| question.split('/').next().unwrap_or_default().to_owned();
    let names: Vec<String> = {
        let all = rows[first].iter().map(|row| conversation(&row.0));
        all.collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect()
    };
    let places: Vec<(usize, usize)> = rows[first]
        .iter()
        .map(|(question, _, category)| {
            let name = conversation(question);
            let cluster = names.iter().position(|known| *known == name);
            (cluster.expect("known"), category - 1)
        })
        .collect();
    let column = |name: &str| -> Vec<Option<f64>> { rows[name].iter().map(|row| row.1).collect() };
    let (a, b) = (column(first), column(second));
    Bootstrap::default()
        .paired_differences(&Layout::new(&places), &[&[0, 1, 2, 3]], &[(&a, &b)])
        .expect("finite scores")[0][0]
        .expect("shared questions")
        .interval
}
