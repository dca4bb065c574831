//! Baselines and the gate, as continuous integration calls them.

use std::path::{Path, PathBuf};

use serde_json::{Value, json as of};

use crate::compare::{altered, untold};
use crate::{Ended, end, memgauge, only_run};

const POLICY: &str = "\
underpowered = \"warn\"
[[check]]
metric = \"f1.locomo\"
[[check]]
metric = \"evidence.context\"
[[check]]
metric = \"context-tokens\"
[[check]]
metric = \"errors\"
";

/// A run of one variant of the quickstart.
fn run(folder: &Path, name: &str, more: &[&str]) -> PathBuf {
    let out = folder.join(name);
    let ended = end(memgauge()
        .args(["run", "experiments/quickstart.toml", "--quiet"])
        .args(["--set", "controls=false", "--only", "variant=turns-lexical"])
        .args(more)
        .arg("--out")
        .arg(&out));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    only_run(&out)
}

fn baseline(folder: &Path, more: &[&str]) -> Ended {
    let into = folder.join("baseline");
    end(memgauge()
        .arg("baseline")
        .args(more)
        .arg("--into")
        .arg(into))
}

fn saved(folder: &Path, run: &Path) -> PathBuf {
    let ended = baseline(
        folder,
        &["save", &run.display().to_string(), "--name", "base"],
    );
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    folder.join("baseline/base")
}

fn gate(folder: &Path, baseline: &Path, run: &Path, policy: &str, more: &[&str]) -> Ended {
    let file = folder.join("gate.toml");
    std::fs::write(&file, policy).expect("a policy");
    end(memgauge()
        .args(["--quiet", "gate", "--baseline"])
        .arg(baseline)
        .arg("--current")
        .arg(run)
        .arg("--policy")
        .arg(&file)
        .args(more)
        .env("GITHUB_STEP_SUMMARY", folder.join("summary.md")))
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

#[test]
fn a_run_is_held_against_its_baseline_and_a_fault_is_found_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let first = run(folder, "first", &[]);
    let base = saved(folder, &first);

    let ended = gate(folder, &base, &first, POLICY, &["--format", "json"]);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    let report = json(&ended.stdout);
    assert_eq!(report["outcome"], "passed");
    for check in report["checks"].as_array().expect("checks") {
        assert_eq!(check["verdict"], "no-change", "{check}");
        assert_eq!(check["interval"]["low"], 0.0);
    }

    // What cannot be decided because nothing was asked for is no success.
    let refused = gate(folder, &base, &first, POLICY, &["--remeasure", "2"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("latency.p95"), "{}", refused.stderr);

    let k = "variant[turns-lexical].system.retriever.k=1";
    let worse = run(folder, "worse", &["--set", k]);
    let (xml, notes) = (folder.join("gate.xml"), folder.join("gate.txt"));
    let outputs = [
        format!("junit={}", xml.display()),
        format!("github={}", notes.display()),
    ];
    let more = [
        "--format",
        "json",
        "--output",
        &outputs[0],
        "--output",
        &outputs[1],
    ];
    let ended = gate(folder, &base, &worse, POLICY, &more);
    assert_eq!(ended.code, 10, "{}{}", ended.stdout, ended.stderr);
    let report = json(&ended.stdout);
    let checks = report["checks"].as_array().expect("checks");
    let check = |metric: &str| {
        let mut found = checks.iter().filter(|check| check["metric"] == metric);
        found.next().expect("a check")
    };
    // A second run has to be one, and of the same experiment; that is told where nothing is suspected, too.
    let copy = folder.join("copy");
    std::fs::create_dir(&copy).expect("a folder");
    for entry in std::fs::read_dir(&worse).expect("a folder") {
        let entry = entry.expect("an entry");
        std::fs::copy(entry.path(), copy.join(entry.file_name())).expect("a copy");
    }
    for (current, second, told) in [
        (&worse, &worse, "the current run itself"),
        (&worse, &copy, "a copy of it"),
        (&worse, &first, "another experiment"),
        (&first, &worse, "another experiment"),
        (&first, &folder.join("nowhere"), "not a run directory"),
    ] {
        let second = second.display().to_string();
        let ended = gate(folder, &base, current, POLICY, &["--second-run", &second]);
        assert_eq!(ended.code, 2, "{}", ended.stdout);
        assert!(ended.stderr.contains(told), "{}", ended.stderr);
    }
    let lost = check("evidence.context");
    assert_eq!(lost["verdict"], "regressed");
    assert_eq!(lost["confirmation"]["confirmed"], true, "{lost}");
    let how = lost["confirmation"]["how"].as_str().expect("how");
    assert!(how.contains("the same to the byte"), "{how}");
    assert_eq!(lost["losses"].as_array().map(Vec::len), Some(5));
    assert_eq!(check("context-tokens")["verdict"], "improved");
    let told = report["notes"].to_string();
    assert!(told.contains("configured differently"), "{told}");
    let xml = std::fs::read_to_string(xml).expect("JUnit");
    assert!(
        xml.contains("<failure") && xml.contains("evidence.context"),
        "{xml}"
    );
    let notes = std::fs::read_to_string(notes).expect("annotations");
    assert!(
        notes.contains("::error title=memgauge%3A evidence.context regressed::"),
        "{notes}"
    );
    let summary = std::fs::read_to_string(folder.join("summary.md")).expect("a summary");
    assert!(summary.starts_with("## Gate: regressed"), "{summary}");
}

#[test]
fn another_import_confirms_what_an_import_shows() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let run = run(folder, "first", &[]);
    let import = |name: &str, share: f64| {
        let mut imported = untold();
        imported["files"] = of!([{"name": name, "sha256": name, "rows": 1}]);
        let weaker = |record: &mut Value| {
            if let Some(f1) = record["scores"].get_mut("f1.locomo") {
                *f1 = of!(f1.as_f64().expect("a score") * share);
            }
        };
        let path = altered(&run, &folder.join(name), weaker, "imported", imported);
        let manifest = path.join("manifest.json");
        let text = std::fs::read_to_string(&manifest).expect("a manifest");
        let mut value: Value = serde_json::from_str(&text).expect("JSON");
        value["digest"] = of!(name);
        std::fs::write(&manifest, value.to_string()).expect("a manifest");
        path
    };
    let base = saved(folder, &import("before", 1.0));
    let (worse, again) = (import("worse", 0.1), import("again", 0.1));
    let policy = "[[check]]\nmetric = \"f1.locomo\"";
    let held = |more: &[&str]| {
        let all = [&["--format", "json"], more].concat();
        gate(folder, &base, &worse, policy, &all)
    };
    let alone = json(&held(&[]).stdout);
    let how = alone["checks"][0]["confirmation"]["how"].to_string();
    assert!(
        how.contains("--second-run DIR takes another import"),
        "{how}"
    );
    let second = again.display().to_string();
    let ended = held(&["--second-run", &second]);
    assert_eq!(ended.code, 10, "{}{}", ended.stdout, ended.stderr);
    let found = json(&ended.stdout);
    assert_eq!(found["checks"][0]["confirmation"]["confirmed"], true);
}

#[test]
fn other_questions_are_refused_and_every_output_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let base = saved(folder, &run(folder, "first", &[]));
    let part = run(folder, "part", &["--limit", "3"]);
    let file = folder.join("deep/er/gate.json");
    let output = format!("json={}", file.display());
    let ended = gate(folder, &base, &part, POLICY, &["--output", &output]);
    assert_eq!(ended.code, 12, "{}", ended.stderr);
    assert!(
        ended.stdout.starts_with("incomparable: "),
        "{}",
        ended.stdout
    );
    let report = json(&std::fs::read_to_string(file).expect("JSON"));
    assert_eq!(report["incomparable"][0]["what"], "questions");
    assert_eq!(report["checks"], Value::Array(Vec::new()));
}

#[test]
fn what_cannot_be_asked_is_told_with_what_can() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let first = run(folder, "first", &[]);
    let base = saved(folder, &first);
    for (policy, more, part) in [
        (
            "[[check]]\nmetric = \"f1\"",
            &[][..],
            "gate.toml: check[0].metric: unknown metric `f1`",
        ),
        (
            "[[check]]\nmetric = \"j\"",
            &[],
            "baseline base has no j (it has: f1.locomo",
        ),
        (
            "[[check]]\nmetric = \"f1.set\"\nvariants = [\"turns\"]",
            &[],
            "unknown variant `turns`",
        ),
        (POLICY, &["--output", "xml=gate.xml"], "no format `xml`"),
        (POLICY, &["--output", "junit"], "must be FORMAT=FILE"),
        (POLICY, &["--baseline-binary", "x"], "--remeasure"),
    ] {
        let ended = gate(folder, &base, &first, policy, more);
        assert_eq!(ended.code, 2, "{part}: {}", ended.stderr);
        assert!(ended.stderr.contains(part), "{part}: {}", ended.stderr);
    }
    let ended = gate(folder, &folder.join("baseline/bose"), &first, POLICY, &[]);
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.contains("there are: base"), "{}", ended.stderr);
}

#[test]
fn searches_are_measured_in_turns() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let first = run(folder, "first", &[]);
    let base = saved(folder, &first);
    let policy = "underpowered = \"warn\"\n[[check]]\nmetric = \"latency.p95\"";
    // Without it nothing is said about latency, and nothing passes in silence.
    let strict = "[[check]]\nmetric = \"latency.p95\"";
    let ended = gate(folder, &base, &first, strict, &[]);
    assert_eq!(ended.code, 11, "{}", ended.stderr);
    assert!(ended.stdout.contains("--remeasure N"), "{}", ended.stdout);
    let ended = gate(
        folder,
        &base,
        &first,
        policy,
        &["--remeasure", "3", "--format", "json"],
    );
    let report = json(&ended.stdout);
    let check = &report["checks"][0];
    assert_eq!(check["n"], 179, "{check}");
    assert!(check["baseline"]["value"].as_f64().expect("ms") > 0.0);
    let more = ["--remeasure", "2", "--baseline-binary", "/bin/true"];
    let ended = gate(folder, &base, &first, policy, &more);
    assert_eq!(ended.code, 2);
    assert!(
        ended.stderr.contains("/bin/true search-rounds"),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_baseline_is_changed_with_a_reason_and_tells_which_questions_changed() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let base = saved(folder, &run(folder, "first", &[]));
    let k = "variant[turns-lexical].system.retriever.k=9";
    let other = run(folder, "other", &["--set", k]).display().to_string();
    let ended = baseline(folder, &["update", "base", &other]);
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.contains("--why"), "{}", ended.stderr);
    assert_eq!(
        baseline(folder, &["update", "base", &other, "--why", " "]).code,
        2
    );
    let ended = baseline(
        folder,
        &[
            "update",
            "base",
            &other,
            "--why",
            "k is 9",
            "--questions",
            "2",
        ],
    );
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let lines: Vec<&str> = ended.stdout.lines().collect();
    assert!(lines[0].starts_with("turns-lexical: "), "{}", ended.stdout);
    assert!(
        lines[1].contains("context-tokens: ") && lines[3].starts_with("  and "),
        "{}",
        ended.stdout
    );
    let shown = baseline(folder, &["show", "base"]);
    assert!(
        shown.stdout.contains("first baseline") && shown.stdout.contains("k is 9 ("),
        "{}",
        shown.stdout
    );
    let listed = json(&baseline(folder, &["list", "--format", "json"]).stdout);
    assert_eq!(listed[0]["log"].as_array().map(Vec::len), Some(2));
    // A later memgauge's baseline is not guessed at.
    let file = base.join("baseline.json");
    let text = std::fs::read_to_string(&file).expect("a baseline");
    let later = text.replacen("\"schema_version\": 1", "\"schema_version\": 9", 1);
    std::fs::write(&file, later).expect("a baseline");
    let ended = baseline(folder, &["show", "base"]);
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.contains("version 9"), "{}", ended.stderr);
}
