//! Whose category names are printed, and the paper's tables.

use serde_json::Value;

use crate::{bytes, end, memgauge, only_run};

#[test]
fn the_names_of_the_paper_are_a_view_and_files_keep_the_official_ones() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("runs");
    let mut command = memgauge();
    command.args([
        "run",
        "experiments/quickstart.toml",
        "--quiet",
        "--limit",
        "12",
    ]);
    command.args([
        "--names",
        "mem0-paper",
        "--only",
        "variant=turns-hybrid",
        "--out",
    ]);
    let ended = end(command.arg(&out));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(
        ended.stdout.contains("f1.locomo (names of Mem0's paper)"),
        "{}",
        ended.stdout
    );
    let run = only_run(&out);
    let written: Value = serde_json::from_slice(&bytes(&run, "summary.json")).expect("JSON");
    assert_eq!(written["names"], "official");

    let show = |names: &str| -> Value {
        let mut command = memgauge();
        command
            .arg("show")
            .arg(&run)
            .args(["--format", "json", "--names", names]);
        let ended = end(&mut command);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        serde_json::from_str(&ended.stdout).expect("JSON")
    };
    let (official, paper) = (show("official"), show("mem0-paper"));
    assert_eq!(official, written);
    assert_eq!(paper["names"], "mem0-paper");
    for (one, other) in [
        ("multi-hop", "single-hop"),
        ("open-domain", "multi-hop"),
        ("single-hop", "open-domain"),
        ("temporal", "temporal"),
    ] {
        assert_eq!(official["questions"][one], paper["questions"][other]);
        let of = |summary: &Value, slice: &str| {
            summary["variants"][0]["scores"]["f1.locomo"][slice].clone()
        };
        assert_eq!(of(&official, one), of(&paper, other));
    }
    let mut command = memgauge();
    let ended = end(command.arg("show").arg(&run).args(["--names", "mem0"]));
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.contains("mem0-paper"), "{}", ended.stderr);

    let mut command = memgauge();
    command.args(["show", "--format", "csv", "--names", "mem0-paper"]);
    let table = end(command.arg(&run)).stdout;
    let wanted = official["variants"][0]["scores"]["f1.locomo"]["single-hop"]["mean"].to_string();
    let is_it = |line: &&str| line.starts_with("turns-hybrid,false,f1.locomo,open-domain,");
    let line = table.lines().find(is_it).expect("a line");
    assert!(
        line.contains(&format!(",{wanted},")) && line.ends_with(",mem0-paper"),
        "{line}"
    );

    // Beside the paper, under either naming.
    let beside = |arguments: &[&str]| {
        let mut command = memgauge();
        let ended = end(command.args(["paper", "show"]).arg(&run).args(arguments));
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        ended.stdout
    };
    let text = beside(&[]);
    assert!(
        text.contains("turns-hybrid (run)") && text.contains("Table 1 (official names)"),
        "{text}"
    );
    let cell = |text: &str, head: &str| -> String {
        let table: Vec<Vec<&str>> = text
            .lines()
            .take_while(|line| !line.is_empty())
            .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
            .collect();
        let column = table[0].iter().position(|cell| *cell == head).expect(head);
        let mem0 = table.iter().find(|row| row[0] == "Mem0").expect("Mem0");
        mem0[column].to_owned()
    };
    let official = beside(&["--format", "markdown"]);
    assert_eq!(cell(&official, "multi-hop J"), "67.13");
    assert_eq!(cell(&official, "single-hop J"), "72.93");
    let paper = beside(&["--format", "markdown", "--names", "mem0-paper"]);
    assert_eq!(cell(&paper, "single-hop J"), "67.13");
    assert_eq!(cell(&paper, "open-domain J"), "72.93");
}

#[test]
fn only_the_papers_own_names_give_its_overall_j() {
    let ended = end(memgauge().args(["paper", "check", "--format", "json"]));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let checks: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    let checks = checks.as_array().expect("checks");
    assert_eq!(checks.len(), 6);
    for check in checks {
        let printed = check["printed"].as_f64().expect("J");
        let off = |names: &str| (check["derived"][names].as_f64().expect("J") - printed).abs();
        assert!(
            off("mem0-paper") <= 0.01 + 1e-9 && off("official") > 0.5,
            "{check}"
        );
        assert_eq!(check["fits"], serde_json::json!(["mem0-paper"]));
    }
    let text = end(memgauge().args(["paper", "check"])).stdout;
    assert!(
        text.contains("282 multi-hop, 321 temporal, 96 open-domain, 841 single-hop"),
        "{text}"
    );
}
