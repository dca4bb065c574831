//! The overlay of a real audit against labels that others published: which questions are clean.
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "helpers of tests")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use memgauge_core::QuestionId;
use memgauge_dataset::{Dataset, SearchPlaces, errata, locomo, resolve};
use serde_json::Value;

fn data_folder(test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("MEMGAUGE_DATA").map(PathBuf::from);
    match folder {
        Some(_) => eprintln!("real-data test ran: {test}"),
        None => eprintln!("real-data test skipped: {test}"),
    }
    folder
}

fn dataset(folder: &Path) -> Dataset {
    let places = SearchPlaces {
        data_folder: Some(folder.to_owned()),
        ..SearchPlaces::default()
    };
    locomo::load(resolve("locomo", &places).unwrap()).unwrap()
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Mean label of every question of a published file.
fn labels(path: &Path, dataset: &Dataset) -> BTreeMap<QuestionId, f64> {
    let file = json(path);
    let mut labels = BTreeMap::new();
    if let Some(detailed) = file.get("detailed_results") {
        // EverMemOS: ids as in the audit, several labels.
        for row in detailed
            .as_object()
            .unwrap()
            .values()
            .flat_map(|rows| rows.as_array().unwrap())
        {
            let id = row["question_id"]
                .as_str()
                .unwrap()
                .strip_prefix("locomo_")
                .unwrap();
            let (conversation, index) = id.split_once("_qa").unwrap();
            let entry = &dataset.conversations[conversation.parse::<usize>().unwrap()];
            let item = &entry.items[index.parse::<usize>().unwrap()];
            let runs = row["llm_judgments"].as_object().unwrap();
            let right = runs.values().filter(|label| **label == true).count();
            labels.insert(item.question.id.clone(), right as f64 / runs.len() as f64);
        }
    } else {
        // Mem0: lists by conversation, in the order of the questions of categories 1 to 4.
        for (conversation, rows) in file.as_object().unwrap() {
            let entry = &dataset.conversations[conversation.parse::<usize>().unwrap()];
            let mut scored = entry
                .items
                .iter()
                .filter(|item| item.key.category.is_scored());
            for row in rows.as_array().unwrap() {
                let item = scored.next().unwrap();
                assert_eq!(row["question"], item.question.text.as_str());
                labels.insert(item.question.id.clone(), row["llm_score"].as_f64().unwrap());
            }
        }
    }
    labels
}

fn mean(labels: &[f64]) -> f64 {
    100.0 * labels.iter().sum::<f64>() / labels.len() as f64
}

#[test]
fn real_data_published_labels_on_clean_and_corrupt_questions() {
    let Some(folder) = data_folder("real_data_published_labels_on_clean_and_corrupt_questions")
    else {
        return;
    };
    let dataset = dataset(&folder);
    let fixtures = folder.join("fixtures");
    let overlay = errata::load(fixtures.join("locomo-audit-errors.json"), &dataset).unwrap();
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
        let labels = labels(&fixtures.join(file), &dataset);
        let part = |corrupt: bool| -> Vec<f64> {
            let wanted = labels
                .iter()
                .filter(|(id, _)| overlay.corrupts(id) == corrupt);
            wanted.map(|(_, label)| *label).collect()
        };
        let (clean, corrupt) = (part(false), part(true));
        assert_eq!((clean.len(), corrupt.len()), (1_441, 99), "{file}");
        let all: Vec<f64> = clean.iter().chain(&corrupt).copied().collect();
        for (labels, expected) in [&all, &clean, &corrupt].into_iter().zip(expected) {
            let found = mean(labels);
            assert!(
                (found - expected).abs() <= 0.005 + 1e-9,
                "{file}: {found} {expected}"
            );
        }
    }
}

#[test]
fn real_data_the_own_format_says_what_the_audit_says() {
    let Some(folder) = data_folder("real_data_the_own_format_says_what_the_audit_says") else {
        return;
    };
    let dataset = dataset(&folder);
    let audit = errata::load(folder.join("fixtures/locomo-audit-errors.json"), &dataset).unwrap();
    let own = audit.to_toml().unwrap();
    let again = errata::parse(Path::new("own.toml"), own.as_bytes(), &dataset).unwrap();
    assert_eq!(again.errata, audit.errata);
    assert_eq!(again.digest, audit.digest);
    // Only what the audit's file says beside its corrections is odd about it: one erratum without any turn.
    assert_eq!(again.findings.len(), 1);
}
