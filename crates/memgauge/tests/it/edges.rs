//! Dependencies between the crates point one way.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::root;

/// What each crate may depend on, of the workspace.
const ALLOWED: [(&str, &[&str]); 10] = [
    ("memgauge-core", &[]),
    ("memgauge-dataset", &["memgauge-core"]),
    ("memgauge-model", &["memgauge-core"]),
    ("memgauge-store", &["memgauge-core"]),
    ("memgauge-report", &["memgauge-core", "memgauge-dataset"]),
    (
        "memgauge-plot",
        &["memgauge-core", "memgauge-dataset", "memgauge-report"],
    ),
    (
        "memgauge-html",
        &[
            "memgauge-core",
            "memgauge-dataset",
            "memgauge-report",
            "memgauge-plot",
        ],
    ),
    ("memgauge-pipeline", &["memgauge-core", "memgauge-store"]),
    (
        "memgauge-experiment",
        &[
            "memgauge-core",
            "memgauge-dataset",
            "memgauge-model",
            "memgauge-store",
            "memgauge-pipeline",
            "memgauge-report",
        ],
    ),
    (
        "memgauge",
        &[
            "memgauge-core",
            "memgauge-dataset",
            "memgauge-model",
            "memgauge-store",
            "memgauge-pipeline",
            "memgauge-report",
            "memgauge-plot",
            "memgauge-html",
            "memgauge-experiment",
        ],
    ),
];

#[test]
fn dependencies_point_one_way() {
    // The plain output of cargo: a crate that reads it would switch on features of serde_json for
    // tests alone, and with them a second build of everything.
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args([
            "metadata",
            "--no-deps",
            "--format-version",
            "1",
            "--offline",
        ])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata");
    let allowed: BTreeMap<&str, BTreeSet<&str>> = ALLOWED
        .iter()
        .map(|(name, edges)| (*name, edges.iter().copied().collect()))
        .collect();
    let mut seen = BTreeSet::new();
    for package in metadata["packages"].as_array().expect("packages") {
        let name = package["name"].as_str().expect("a name");
        // Benchmarks may look at anything; nothing may depend on them.
        if name == "benches" {
            continue;
        }
        let edges = allowed
            .get(name)
            .unwrap_or_else(|| panic!("{name} has no place in the house"));
        seen.insert(name);
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            let on = dependency["name"].as_str().expect("a name");
            // Examples are tools of their crate: what only they and tests need is no edge.
            if !dependency["kind"].is_null() || !on.starts_with("memgauge") {
                continue;
            }
            assert!(edges.contains(on), "{name} must not depend on {on}");
        }
    }
    assert_eq!(seen, allowed.keys().copied().collect());
}

#[test]
fn only_the_command_line_prints_or_reads_the_environment() {
    let forbidden = [
        "println!",
        "eprintln!",
        "env::var",
        "env::current_dir",
        "env::args",
    ];
    let mut offences = Vec::new();
    let mut files = 0;
    for (name, _) in ALLOWED.iter().filter(|(name, _)| *name != "memgauge") {
        let mut folders = vec![root().join("crates").join(name).join("src")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("a source folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                if path.extension().is_none_or(|extension| extension != "rs") {
                    continue;
                }
                files += 1;
                let text = std::fs::read_to_string(&path).expect("a source file");
                // Test modules at the end of a file may do as they like.
                let code = text.split("#[cfg(test)]").next().unwrap_or_default();
                let is_test = path
                    .file_stem()
                    .is_some_and(|stem| stem.to_string_lossy().contains("test"));
                for word in forbidden {
                    if !is_test && code.contains(word) {
                        offences.push(format!("{}: {word}", path.display()));
                    }
                }
            }
        }
    }
    assert!(files > 50, "only {files} files were looked at");
    assert!(offences.is_empty(), "{offences:#?}");
}
