//! The smaller commands.

use crate::{end, memgauge};

#[test]
fn help_lists_commands_and_exit_codes() {
    let ended = end(memgauge().arg("--help"));
    assert_eq!(ended.code, 0);
    for word in [
        "run",
        "plan",
        "show",
        "components",
        "config",
        "dataset",
        "model",
        "memory",
        "130",
        "interrupted",
        "MEMGAUGE_DATA",
    ] {
        assert!(ended.stdout.contains(word), "{word}");
    }
}

#[test]
fn components_are_listed_down_to_their_keys() {
    let all = end(memgauge().arg("components"));
    for family in [
        "system",
        "extractor",
        "update",
        "retriever",
        "fusion",
        "answerer",
    ] {
        assert!(all.stdout.contains(&format!("{family}: ")), "{family}");
    }
    let one = end(memgauge().args(["components", "fusion", "rrf"]));
    assert!(one.stdout.contains("default 60"), "{}", one.stdout);
    let wrong = end(memgauge().args(["components", "fusoin"]));
    assert_eq!(wrong.code, 2);
    assert!(
        wrong.stderr.contains("did you mean `fusion`?"),
        "{}",
        wrong.stderr
    );
}

#[test]
fn a_plan_creates_nothing_and_counts_everything() {
    let ended = end(memgauge().args([
        "plan",
        "experiments/quickstart.toml",
        "--limit",
        "2",
        "--format",
        "json",
    ]));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let plan: serde_json::Value = serde_json::from_str(&ended.stdout).expect("JSON");
    assert_eq!(plan["questions"], 6);
    assert_eq!(plan["partial"], true);
    let variants = plan["variants"].as_array().expect("variants");
    assert!(
        variants
            .iter()
            .any(|v| v["name"] == "oracle" && v["control"] == true)
    );
    assert!(variants.iter().any(|v| v["name"] == "turns-hybrid-swapped"));
}

#[test]
fn the_sample_can_be_looked_at() {
    let stats = end(memgauge().args(["dataset", "stats", "sample"]));
    assert_eq!(stats.code, 0, "{}", stats.stderr);
    assert!(stats.stdout.contains("sample-3"));
    let show = end(memgauge().args([
        "dataset",
        "show",
        "sample-1",
        "--session",
        "2",
        "--questions",
    ]));
    assert!(show.stdout.contains("D2:1 "), "{}", show.stdout);
    assert!(!show.stdout.contains("D1:1 "));
    assert!(show.stdout.contains("sample-1/q0"));
    let verify = end(memgauge().args(["dataset", "verify", "sample"]));
    assert_eq!(verify.code, 0, "{}", verify.stderr);
}

#[test]
fn overrides_show_in_the_config() {
    let ended = end(memgauge().args([
        "config",
        "show",
        "experiments/quickstart.toml",
        "--set",
        "variant[turns-hybrid].system.retriever.k=7",
    ]));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(ended.stdout.contains("k = 7"), "{}", ended.stdout);
}

#[test]
fn texts_are_embedded_line_by_line() {
    use std::io::Write;
    use std::process::Stdio;
    let embed = |input: &str| {
        let mut command = memgauge();
        command.args(["model", "embed", "static"]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("memgauge starts");
        let mut pipe = child.stdin.take().expect("a pipe");
        pipe.write_all(input.as_bytes()).expect("a line");
        drop(pipe);
        child.wait_with_output().expect("an end")
    };
    let output = embed("\"She plays\\nthe cello.\"\n\"cello\"\n");
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let vectors: Vec<Vec<f32>> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("a vector"))
        .collect();
    assert_eq!(vectors.len(), 2);
    for vector in vectors {
        let norm: f32 = vector.iter().map(|value| value * value).sum();
        assert!((norm - 1.0).abs() < 1e-4, "{norm}");
    }
    let output = embed("cello\n");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("line 1 is no JSON string"));
}

#[test]
fn completions_and_manual_pages_know_the_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let ended = end(memgauge().args(["completions", shell]));
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        for word in ["traffic", "judge", "export"] {
            assert!(ended.stdout.contains(word), "{shell}: {word}");
        }
    }
    let ended = end(memgauge().arg("man"));
    assert!(ended.stdout.contains(".TH memgauge 1"), "{}", ended.stdout);
    let folder = tempfile::tempdir().expect("a folder");
    let pages = folder.path().join("pages");
    let ended = end(memgauge().args(["man", "--out"]).arg(&pages));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let run = std::fs::read_to_string(pages.join("memgauge-run.1")).expect("a page");
    assert!(run.contains("retry"), "{run}");
}
