//! The leaderboard.

use serde_json::Value;

use crate::compare::{altered, sample_run, untold};
use crate::errata::{audited, write};
use crate::{end, memgauge};

#[test]
fn own_and_imported_runs_stand_in_one_table() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = sample_run(folder.path(), "pair", &[]);
    let imported = altered(
        &run,
        &folder.path().join("imported"),
        |_| {},
        "imported",
        untold(),
    );
    let rank = |more: &[&str]| {
        end(memgauge()
            .arg("rank")
            .arg(&run)
            .arg(format!("{}:hybrid", imported.display()))
            .args(more))
    };
    let ended = rank(&["--format", "json"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let found: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    let groups = found["groups"].as_array().expect("groups");
    assert_eq!((&found["metric"], groups.len()), (&"f1.locomo".into(), 1));
    let rows: Vec<(u64, bool, bool)> = groups[0]["rows"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| {
            (
                row["rank"].as_u64().expect("a rank"),
                row["is_tied"] == true,
                row["imported"] == true,
            )
        })
        .collect();
    // The copy cannot be told from its original; no memory is behind both.
    assert_eq!(
        rows,
        [(1, false, false), (1, true, true), (3, false, false)]
    );
    let first = &groups[0]["rows"][0];
    assert_eq!(first["answer_model"], "extractive");
    assert_eq!(first["judge"], Value::Null);
    assert_eq!(first["key"], "published");
    assert_eq!(first["categories"], serde_json::json!([1, 2, 3, 4, 5]));
    assert!(groups[0]["rows"][1]["answer_model"].is_null());

    let text = rank(&[]).stdout;
    assert!(text.contains("1=") && text.contains('†'), "{text}");
    let markdown = rank(&["--format", "markdown", "--category", "temporal"]).stdout;
    assert!(
        markdown.contains("| rank |") && markdown.contains("temporal"),
        "{markdown}"
    );
    assert!(!markdown.contains("single-hop"), "{markdown}");
    let unknown = rank(&["--metric", "recall"]);
    assert_eq!(unknown.code, 2);
    assert!(
        unknown.stderr.contains("unknown metric `recall`"),
        "{}",
        unknown.stderr
    );
}

#[test]
fn runs_of_other_datasets_are_in_other_tables() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = sample_run(folder.path(), "pair", &[]);
    let dataset = serde_json::json!({"name": "other", "file": "", "path": "", "sha256": "", "content": "0123456789",
                                     "conversations": 2, "questions": 2});
    let other = altered(
        &run,
        &folder.path().join("other"),
        |_| {},
        "dataset",
        dataset,
    );
    let ended = end(memgauge().arg("rank").arg(&run).arg(&other));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    for wanted in [
        "dataset sample (",
        "dataset other (01234567)",
        "Arms of different tables are not comparable",
    ] {
        assert!(ended.stdout.contains(wanted), "{wanted}: {}", ended.stdout);
    }
    // Errata are those of the dataset that they fit, wherever its runs stand.
    let errata = write(
        folder.path(),
        &[audited(0, "HALLUCINATION", "Leeds", &["D1:1"])],
    );
    let under = |arguments: &[&str]| {
        let mut command = memgauge();
        command.args(arguments).arg(&other).arg(&run);
        let ended = end(command.arg("--errata").arg(&errata));
        assert_eq!(ended.code, 0, "{arguments:?}: {}", ended.stderr);
        ended.stdout
    };
    let ranked = under(&["rank"]);
    assert!(ranked.contains("ceiling"), "{ranked}");
    let page = folder.path().join("page.html").display().to_string();
    under(&["report", "-o", &page]);
    let page = std::fs::read_to_string(page).expect("a page");
    assert!(page.contains("<th scope=\"row\">ceiling</th>"));
    let out = folder.path().join("plots").display().to_string();
    under(&["plot", "--kind", "category", "--out", &out]);
    let svg = std::fs::read_to_string(folder.path().join("plots/category.svg")).expect("a plot");
    assert!(svg.contains("ceiling "), "{svg}");
}
