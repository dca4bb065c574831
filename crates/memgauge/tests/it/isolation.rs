//! Conversations that share a memory, and merging that wins nothing.

use serde_json::Value;

use crate::{bytes, end, memgauge, only_run};

fn summary(config: &str) -> Value {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("test.toml");
    std::fs::write(&file, config).expect("a config");
    let out = folder.path().join("runs");
    let ended = end(memgauge()
        .args(["run", "--quiet"])
        .arg(&file)
        .arg("--out")
        .arg(&out));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    serde_json::from_slice(&bytes(&only_run(&out), "summary.json")).expect("JSON")
}

fn mean(summary: &Value, variant: &str, metric: &str) -> f64 {
    summary["variants"]
        .as_array()
        .expect("variants")
        .iter()
        .find(|one| one["name"] == variant)
        .expect("the variant")["scores"][metric]["1-4"]["mean"]
        .as_f64()
        .expect("a mean")
}

#[test]
fn a_shared_memory_is_no_better_and_without_scopes_worse() {
    let summary = summary(
        r#"
name = "isolation"
dataset = { kind = "sample" }

[[variant]]
name = "alone"
system = { kind = "turns", retriever = { kind = "hybrid", k = 10 } }

[[variant]]
name = "shared"
isolation = "shared"
system = { kind = "turns", retriever = { kind = "hybrid", k = 10 } }

[[variant]]
name = "crowd"
isolation = "shared"
system = { kind = "turns", scope-filter = false, retriever = { kind = "hybrid", k = 10 } }
"#,
    );
    for metric in [
        "evidence.recall@10",
        "evidence.recall@512tokens",
        "evidence.context",
    ] {
        let alone = mean(&summary, "alone", metric);
        let crowd = mean(&summary, "crowd", metric);
        assert!(crowd < alone, "{metric}: {crowd} in a crowd, {alone} alone");
        // Only the statistics of words differ.
        let shared = mean(&summary, "shared", metric);
        assert!(
            (shared - alone).abs() < 0.1,
            "{metric}: {shared} shared, {alone} alone"
        );
        assert!(
            crowd < shared,
            "{metric}: {crowd} in a crowd, {shared} shared"
        );
    }
}

#[test]
fn merging_everything_wins_at_k_and_loses_at_a_budget() {
    let summary = summary(
        r#"
name = "provenance"
dataset = { kind = "sample" }

[[variant]]
name = "turns"
system = { kind = "turns", context = { kind = "budget", max-tokens = 500 } }

[[variant]]
name = "merged"
system = { kind = "turns", update = { kind = "merge-all" }, context = { kind = "budget", max-tokens = 500 } }

[[variant]]
name = "windows"
system = { kind = "turns", extractor = { kind = "verbatim", turns = 20 }, context = { kind = "budget", max-tokens = 500 } }
"#,
    );
    assert!(mean(&summary, "merged", "evidence.recall@5") > 0.99);
    for variant in ["merged", "windows"] {
        for metric in ["evidence.recall@512tokens", "evidence.context"] {
            let merged = mean(&summary, variant, metric);
            let turns = mean(&summary, "turns", metric);
            assert!(
                merged < turns,
                "{variant}, {metric}: {merged} against {turns}"
            );
        }
    }
    let merged = &summary["variants"][1]["memory"];
    assert!(
        merged["sources_per_memory"].as_f64().expect("a mean") > 50.0,
        "{merged}"
    );
}

#[test]
fn an_arm_that_tests_nothing_is_flagged() {
    let summary = summary(
        r#"
name = "idle"
dataset = { kind = "sample" }

[[variant]]
name = "plain"
system = { kind = "turns" }

[[variant]]
name = "deep"
system = { kind = "turns", retriever = { kind = "hybrid", k = 3 } }

[[variant]]
name = "roomy"
system = { kind = "turns", context = { kind = "budget", max-tokens = 1000000 } }
"#,
    );
    let idle: Vec<(&str, &Value)> = summary["variants"]
        .as_array()
        .expect("variants")
        .iter()
        .map(|one| (one["name"].as_str().expect("a name"), &one["no_op"]))
        .filter(|(_, flags)| **flags != serde_json::json!([]))
        .collect();
    let flag = serde_json::json!([{"why": "same-as", "variant": "plain"}]);
    assert_eq!(idle, [("roomy", &flag)]);
    assert_eq!(summary["suspicious"].to_string(), "[]");
}

/// Names of the arms that a plan lists.
fn planned(more: &str) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("test.toml");
    let config = format!(
        "name = \"controls\"\ndataset = {{ kind = \"sample\" }}\n{more}\n[[variant]]\nname = \"turns\"\nsystem = {{ kind = \"turns\" }}\n"
    );
    std::fs::write(&file, config).expect("a config");
    let ended = end(memgauge().arg("plan").arg(&file).args(["--format", "json"]));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let plan: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    plan["variants"]
        .as_array()
        .expect("variants")
        .iter()
        .map(|variant| variant["name"].as_str().expect("a name").to_owned())
        .collect()
}

#[test]
fn controls_run_by_themselves_where_they_cost_nothing() {
    let all = [
        "turns",
        "no-memory",
        "full-context",
        "oracle",
        "turns-swapped",
    ];
    let model =
        "answerer = { kind = \"llm\", model = \"chat\" }\nmodels.chat = { kind = \"fake\" }";
    assert_eq!(planned(""), all);
    assert_eq!(planned("controls = false"), ["turns"]);
    assert_eq!(
        planned("controls = { oracle = false }"),
        ["turns", "no-memory", "full-context", "turns-swapped"]
    );
    assert_eq!(planned(model), ["turns"]);
    assert_eq!(planned(&format!("controls = true\n{model}")), all);
    assert_eq!(
        planned(&format!("controls = {{ oracle = true }}\n{model}")),
        ["turns", "oracle"]
    );
}
