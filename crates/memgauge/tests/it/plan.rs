//! Plans: what would be asked, paid and waited for, against what then is.

use std::time::Duration;

use serde_json::{Value, json};

use crate::paid::{PRICES, config, plan, rows, run, server, summary};
use crate::{end, memgauge, only_run};

/// Vectors of turns and questions, answers from them and from the whole conversation, labels.
const ANSWERED: &str = r#"
dataset = { kind = "sample", conversations = ["sample-1", "sample-2"], limit = 5 }
answerer = { kind = "llm", prompt = "answer/short" }
judge = { kind = "llm", runs = 2 }
variant = [
  { name = "turns", system = { kind = "turns", embedder = "vectors", retriever = { kind = "hybrid", k = 3 } } },
  { name = "full-context", system = { kind = "full-context" } },
]
"#;

/// A bound of a step's count, summed over its models.
fn of(plan: &Value, step: &str, key: &str, bound: &str) -> f64 {
    let steps = plan["steps"].as_array().expect("steps");
    let mine = steps.iter().filter(|one| one["step"] == step);
    mine.filter_map(|one| one[key][bound].as_f64()).sum()
}

fn exactly(plan: &Value, step: &str, key: &str) -> f64 {
    let low = of(plan, step, key, "low");
    assert_eq!(low, of(plan, step, key, "high"), "{step}: {key}");
    low
}

#[test]
fn a_plan_says_what_is_then_asked_and_what_is_kept_afterwards() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = server(Duration::ZERO);
    let file = config(folder.path(), &server, PRICES, ANSWERED);
    let cache = folder.path().join("cache");
    let cache = cache.to_str().expect("UTF-8");
    let cached = ["--traffic", "cached", "--cache", cache];
    let before = plan(&file, &cached);
    assert!(server.requests().is_empty());
    assert_eq!(
        (&before["cells"], &before["ingestions"]),
        (&json!(4), &json!(4))
    );
    assert_eq!(before["total"]["held"], 0);

    let ended = run(&file, folder.path(), "runs", &cached);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let dir = only_run(&folder.path().join("runs"));
    let paid = rows(&dir, "paid.jsonl");
    let chats = paid.iter().filter(|row| row["kind"] == "chat").count() as f64;
    let texts: u64 = paid
        .iter()
        .filter(|row| row["kind"] == "embed")
        .filter_map(|row| row["inputs"].as_u64())
        .sum();
    let scored = rows(&dir, "records.jsonl")
        .iter()
        .filter(|row| !row["judge"].is_null())
        .count() as f64;
    assert_eq!(exactly(&before, "answer", "sent"), 20.0);
    assert_eq!(exactly(&before, "judge", "calls"), 2.0 * scored);
    // A plan takes all answers to differ. Here all are the same word, and the judge is asked once for both variants.
    assert_eq!(exactly(&before, "judge", "sent"), 2.0 * scored);
    assert_eq!(exactly(&before, "answer", "sent") + scored, chats);
    let embedded = exactly(&before, "index", "distinct") + exactly(&before, "search", "distinct");
    assert_eq!(embedded, texts as f64);
    assert!(of(&before, "answer", "dollars", "low") > 0.0);
    assert_eq!(summary(&dir)["work"]["made"], paid.len());

    let after = plan(&file, &cached);
    assert_eq!(exactly(&after, "answer", "sent"), 0.0);
    assert_eq!(exactly(&after, "index", "sent"), 0.0);
    assert_eq!(exactly(&after, "search", "sent"), 0.0);
    assert_eq!(
        exactly(&after, "judge", "sent"),
        0.0,
        "answers are kept, so judges see what they saw"
    );
    assert_eq!(after["total"]["dollars"], json!({"low": 0.0, "high": 0.0}));
    assert_eq!(
        after["total"]["held"].as_f64(),
        after["total"]["distinct"]["low"].as_f64()
    );
    // What the run's own work took is known now, and how long replies take.
    let rates = after["rates"].to_string();
    assert!(rates.contains("the middle half of "), "{rates}");

    let text = end(memgauge().arg("plan").arg(&file).args(cached));
    for words in [
        "4 cells (variant x repeat x conversation), 4 ingestions",
        "Kept already: at least ",
        "Money: 0 US dollars.",
        "2 points take ",
        "more conversations like these",
    ] {
        assert!(text.stdout.contains(words), "{words}\n{}", text.stdout);
    }
}

#[test]
fn repeats_multiply_what_they_repeat() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = server(Duration::ZERO);
    let file = config(folder.path(), &server, PRICES, ANSWERED);
    let live = ["--traffic", "live"];
    let repeats = [
        "--traffic",
        "live",
        "--set",
        "repeats={ ingest = 2, answer = 3 }",
    ];
    let (once, often) = (plan(&file, &live), plan(&file, &repeats));
    for (step, times) in [("answer", 6.0), ("judge", 6.0)] {
        let (one, many) = (
            exactly(&once, step, "calls"),
            exactly(&often, step, "calls"),
        );
        assert_eq!(many, times * one, "{step}");
        assert!(of(&often, step, "dollars", "high") > 5.9 * of(&once, step, "dollars", "high"));
    }
    assert_eq!(often["cells"], 24);
    assert_eq!(often["ingestions"], 8);
    assert_eq!(often["records"], 120);
    // Repeats may average noise away, or may not.
    let smallest = &often["power"]["smallest"];
    assert!(smallest["low"].as_f64() < smallest["high"].as_f64());
    assert_eq!(smallest["high"], once["power"]["smallest"]["high"]);
}

#[test]
fn a_model_without_a_price_costs_nobody_knows_what() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = server(Duration::ZERO);
    let file = config(folder.path(), &server, "", ANSWERED);
    let found = plan(&file, &["--traffic", "live"]);
    assert_eq!(found["total"]["dollars"], Value::Null);
    assert!(of(&found, "answer", "input_tokens", "low") > 0.0);
    let text = end(memgauge()
        .arg("plan")
        .arg(&file)
        .args(["--traffic", "live"]));
    assert!(text.stdout.contains("Money: unknown"), "{}", text.stdout);
}

#[test]
fn controls_that_pay_are_named_and_limits_of_the_model_block_hold() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = server(Duration::ZERO);
    let slow = format!("{PRICES}\nrequests-per-minute = 1");
    let file = config(folder.path(), &server, &slow, ANSWERED);
    let found = plan(&file, &["--traffic", "live", "--set", "controls=true"]);
    let paid = found["paid_controls"].to_string();
    assert!(
        paid.contains("oracle") && paid.contains("turns-swapped"),
        "{paid}"
    );
    let answers = exactly(&found, "answer", "calls");
    assert!(of(&found, "answer", "seconds", "low") >= 60.0 * answers);
}

#[test]
fn an_experiment_without_models_is_planned_without_a_word_of_money() {
    let ended = end(memgauge().args(["plan", "experiments/quickstart.toml"]));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(
        ended
            .stdout
            .contains("Money: none, no model behind an API is called."),
        "{}",
        ended.stdout
    );
    assert!(!ended.stdout.contains("Kept already"), "{}", ended.stdout);
}
