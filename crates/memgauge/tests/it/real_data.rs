//! The real LOCOMO, where it is.

use std::time::Instant;

use serde_json::Value;

use crate::{bytes, end, memgauge, only_run, real_data};

#[test]
fn real_data_offline_locomo_runs_whole() {
    let Some(data) = real_data("offline-locomo") else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("runs");
    let start = Instant::now();
    let ended = end(memgauge()
        .env("MEMGAUGE_DATA", &data)
        .args(["run", "experiments/offline-locomo.toml", "--quiet", "--out"])
        .arg(&out));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    eprintln!("offline-locomo: {:.1} s", start.elapsed().as_secs_f64());
    let run = only_run(&out);
    let summary: Value = serde_json::from_slice(&bytes(&run, "summary.json")).expect("JSON");
    let variant = |name: &str| -> &Value {
        summary["variants"]
            .as_array()
            .expect("variants")
            .iter()
            .find(|variant| variant["name"] == name)
            .unwrap_or_else(|| panic!("{name}"))
    };
    for one in summary["variants"].as_array().expect("variants") {
        assert_eq!(one["questions"], 1_986, "{}", one["name"]);
        assert_eq!(one["failed"], 0, "{}", one["name"]);
        assert!(one["j"].is_null(), "{}", one["name"]);
    }
    // The paper's count (Table 2), over all 1,986 questions.
    let tokens = variant("full-context")["tokens"]["cl100k_all"]
        .as_f64()
        .expect("a count");
    assert!((tokens - 26_031.8).abs() < 0.05, "{tokens}");
    let score = |name: &str, metric: &str| {
        variant(name)["scores"][metric]["1-4"]["mean"]
            .as_f64()
            .expect("a mean")
    };
    assert!(
        score("oracle", "f1.locomo") >= 0.26,
        "{}",
        score("oracle", "f1.locomo")
    );
    assert!(
        score("turns-hybrid", "f1.locomo") >= 0.15,
        "{}",
        score("turns-hybrid", "f1.locomo")
    );
    assert_eq!(
        variant("turns-hybrid")["scores"]["evidence.recall@10"]["1-4"]["n"],
        1_536
    );
    assert!((score("full-context", "evidence.context") - 1.0).abs() < 1e-12);
    assert!(score("turns-hybrid-swapped", "f1.locomo") < score("turns-hybrid", "f1.locomo"));
}
