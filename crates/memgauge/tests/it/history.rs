//! The history of a project's runs.

use std::path::{Path, PathBuf};

use crate::{end, memgauge, only_run};

fn run(out: &Path, depth: u32) -> PathBuf {
    let mut command = memgauge();
    command.args(["run", "experiments/quickstart.toml", "--quiet"]);
    command.args(["--conversations", "sample-1", "--limit", "12"]);
    command.args(["--only", "variant=turns-hybrid"]);
    let depth = format!("variant[turns-hybrid].system.retriever.k={depth}");
    let ended = end(command.args(["--set", &depth]).arg("--out").arg(out));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    only_run(out)
}

#[test]
fn runs_are_kept_by_commit_and_config() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("history.jsonl");
    let add = |run: &Path, commit: &str| {
        let mut command = memgauge();
        command
            .args(["history", "add", "--commit", commit])
            .arg(run);
        end(command.arg("--file").arg(&file))
    };
    let list = |more: &[&str]| {
        let mut command = memgauge();
        command.args(["history", "list", "--file"]).arg(&file);
        end(command.args(more))
    };
    // Nothing is there yet: told with the command that changes it.
    let empty = list(&[]);
    assert_eq!(empty.code, 2);
    assert!(
        empty.stderr.contains("memgauge history add"),
        "{}",
        empty.stderr
    );

    let same = [
        run(&folder.path().join("a"), 10),
        run(&folder.path().join("b"), 10),
    ];
    let other = run(&folder.path().join("c"), 1);
    for (run, commit) in same.iter().zip(["aaaa", "bbbb"]) {
        let added = add(run, commit);
        assert_eq!(added.code, 0, "{}", added.stderr);
        assert!(added.stdout.contains("5 line(s) added"), "{}", added.stdout);
    }
    assert!(
        add(&same[0], "cccc")
            .stdout
            .contains("0 line(s) added, 5 there already")
    );
    assert_eq!(add(&other, "cccc").code, 0);
    assert_eq!(
        std::fs::read_to_string(&file)
            .expect("a file")
            .lines()
            .count(),
        15
    );

    let mut ours = vec![
        "--variant",
        "turns-hybrid",
        "--metric",
        "evidence.recall@30",
    ];
    ours.extend(["--format", "json"]);
    let shown = list(&ours);
    assert_eq!(shown.code, 0, "{}", shown.stderr);
    let series: serde_json::Value = serde_json::from_str(&shown.stdout).expect("JSON");
    // Another depth is another config, and no change of the first.
    let points: Vec<usize> = (series.as_array().expect("series").iter())
        .map(|series| series["points"].as_array().expect("points").len())
        .collect();
    let mut sorted = points.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, [1, 2], "{}", shown.stdout);
    let long = (series.as_array().expect("series").iter())
        .find(|series| {
            series["points"]
                .as_array()
                .is_some_and(|points| points.len() == 2)
        })
        .expect("a series of two");
    assert_eq!(long["points"][0]["commit"], "aaaa");
    assert_eq!(long["points"][0]["value"], long["points"][1]["value"]);
    assert!(long["machine"].is_null());
    let latency = list(&["--metric", "latency.search.p95_ms"]);
    assert!(latency.stdout.contains("aaaa"), "{}", latency.stdout);

    let wrong = list(&["--metric", "f1.locmo"]);
    assert_eq!(wrong.code, 2);
    assert!(
        wrong.stderr.contains("did you mean `f1.locomo`?"),
        "{}",
        wrong.stderr
    );
}
