//! Published labels, imported, compared and ranked.

use std::path::Path;

use serde_json::Value;

use crate::compare::{compare, json, text};
use crate::{end, memgauge, only_run, real_data};

/// Imports a published file, with a judge that it does not tell where one is given.
fn published(data: &Path, out: &Path, file: &str, name: &str, judge: Option<&str>) -> String {
    let mut command = memgauge();
    command
        .env("MEMGAUGE_DATA", data)
        .args(["--quiet", "import", "--name", name])
        .arg(data.join("fixtures").join(file))
        .arg("--out")
        .arg(out.join(name));
    if let Some(judge) = judge {
        command.args(["--judge-model", "gpt-4o-mini", "--judge-prompt", judge]);
    }
    let ended = end(&mut command);
    assert!(matches!(ended.code, 0 | 3), "{}", ended.stderr);
    text(&only_run(&out.join(name)))
}

#[test]
fn real_data_published_labels_are_compared() {
    let Some(data) = real_data("compare-published") else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let import = |file: &str, name: &str, judge: Option<&str>| {
        published(&data, folder.path(), &format!("{file}.json"), name, judge)
    };
    let audit = Some("locomo-audit");
    let plain = import(
        "evermemos-format_fullcontext_gpt-4o-mini",
        "full-context",
        audit,
    );
    let reasoning = import(
        "evermemos-format_fullcontext_gpt-4o-mini-reasoning",
        "reasoning",
        audit,
    );
    let memobase = import("memobase_eval_0503_3000", "memobase", None);

    let found = json(&compare(&[&plain, &reasoning, "--format", "json"]));
    let slice = &found["pairs"][0]["slices"][0];
    assert_eq!(
        (&found["metric"], &slice["difference"]["n"]),
        (&"j".into(), &1_540.into())
    );
    // 79.89 and 74.29 are published, each the mean of three labels.
    let mean = slice["difference"]["mean"].as_f64().expect("a mean");
    assert!((mean - 0.0560).abs() < 5e-4, "{mean}");
    assert_eq!(slice["verdict"], "better");
    let judge = &found["arms"][0]["judge"];
    assert_eq!(judge["runs"], 3);
    let parts = &found["arms"][0]["variance"]["j"];
    assert!(
        parts["questions"].as_f64() > parts["judge"].as_f64(),
        "{parts}"
    );

    let refused = compare(&[&plain, &memobase]);
    assert_eq!(refused.code, 12, "{}", refused.stderr);
    assert!(
        refused
            .stderr
            .contains("judge not known: model and prompt of memobase"),
        "{}",
        refused.stderr
    );
    let text = compare(&[&plain, &memobase, "--metric", "f1.set"]);
    assert_eq!(text.code, 0, "{}", text.stderr);

    let ended = end(memgauge().args(["rank", &plain, &reasoning, &memobase, "--format", "json"]));
    let found: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    let labels: Vec<Vec<&Value>> = found["groups"]
        .as_array()
        .expect("groups")
        .iter()
        .map(|group| {
            group["rows"]
                .as_array()
                .expect("rows")
                .iter()
                .map(|row| &row["label"])
                .collect()
        })
        .collect();
    assert_eq!(
        labels,
        [vec!["reasoning", "full-context"], vec!["memobase"]]
    );
}
