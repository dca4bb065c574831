//! One experiment in parts: what they come to together, and what is refused.

use std::path::{Path, PathBuf};

use crate::{bytes, end, memgauge, only_run};

const CONFIG: &str = r#"
name = "parts"
dataset = { kind = "sample" }
controls = { oracle = true, swapped = ["hybrid"] }

[[variant]]
name = "full-context"
system = { kind = "full-context" }

[[variant]]
name = "hybrid"
system = { kind = "turns", retriever = { kind = "hybrid", k = 5 } }

[[variant]]
name = "lexical"
system = { kind = "turns", retriever = { kind = "lexical", k = 5 }, fusion = { kind = "single" } }

[[variant]]
name = "together"
isolation = "shared"
system = { kind = "turns", retriever = { kind = "hybrid", k = 5 } }
"#;

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("parts.toml"), CONFIG).expect("a config");
        Self { folder }
    }

    fn run(&self, out: &str, more: &[&str]) -> PathBuf {
        let out = self.folder.path().join(out);
        let ended = end(memgauge()
            .args(["run", "--quiet"])
            .arg(self.folder.path().join("parts.toml"))
            .arg("--out")
            .arg(&out)
            .args(more));
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        only_run(&out)
    }

    fn merge(&self, parts: &[PathBuf], out: &str) -> crate::Ended {
        end(memgauge()
            .args(["merge", "--quiet"])
            .args(parts)
            .arg("--out")
            .arg(self.folder.path().join(out)))
    }

    fn merged(&self, parts: &[PathBuf], out: &str) -> PathBuf {
        let ended = self.merge(parts, out);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        only_run(&self.folder.path().join(out))
    }
}

fn lines(dir: &Path, file: &str) -> usize {
    let text = String::from_utf8(bytes(dir, file)).expect("text");
    text.lines().count()
}

fn parts(place: &Place, of: u32) -> Vec<PathBuf> {
    (1..=of)
        .map(|index| {
            let shard = format!("{index}/{of}");
            place.run(&format!("{of}-{index}"), &["--shard", &shard])
        })
        .collect()
}

#[test]
fn parts_together_are_the_run_of_one_piece() {
    let place = Place::new();
    let whole = place.run("whole", &[]);
    for of in [1, 4, 7] {
        let parts = parts(&place, of);
        let records: Vec<usize> = parts
            .iter()
            .map(|dir| lines(dir, "records.jsonl"))
            .collect();
        assert_eq!(
            records.iter().sum::<usize>(),
            lines(&whole, "records.jsonl"),
            "every question is asked once: {records:?}"
        );
        let merged = place.merged(&parts, &format!("merged-{of}"));
        for file in ["records.jsonl", "ingest.jsonl", "contexts.jsonl"] {
            assert!(
                bytes(&whole, file) == bytes(&merged, file),
                "{file} of {of}"
            );
        }
        let summary = |dir: &Path| {
            let mut summary: serde_json::Value =
                serde_json::from_slice(&bytes(dir, "summary.json")).expect("JSON");
            for variant in summary["variants"].as_array_mut().expect("variants") {
                let variant = variant.as_object_mut().expect("a variant");
                for measured in ["ingest", "flush", "search", "answer", "total", "searchable"] {
                    variant.remove(measured);
                }
            }
            summary
        };
        assert_eq!(summary(&whole), summary(&merged));
    }
}

#[test]
fn parts_are_about_equal() {
    let place = Place::new();
    let most = parts(&place, 3)
        .iter()
        .map(|dir| lines(dir, "records.jsonl"))
        .max();
    // 7 arms (no-memory is added) x 179 questions; a cell is one conversation's, 54 to 64 of them.
    assert!(most.expect("parts") <= 7 * 179 / 3 + 64, "{most:?}");
}

#[test]
fn what_does_not_belong_together_is_refused_and_leaves_nothing() {
    let place = Place::new();
    let parts = parts(&place, 3);
    let refused = |given: &[PathBuf], why: &str| {
        let ended = place.merge(given, "refused");
        assert_eq!(ended.code, 2, "{}", ended.stderr);
        assert!(ended.stderr.contains(why), "{}", ended.stderr);
        let left = std::fs::read_dir(place.folder.path().join("refused"));
        assert!(left.is_err() || left.is_ok_and(|mut left| left.next().is_none()));
    };
    refused(&parts[..1], "missing parts: 2/3, 3/3");
    refused(
        &[parts[0].clone(), parts[0].clone(), parts[1].clone()],
        "part 1/3 is there already",
    );
    let other = place.run(
        "other",
        &[
            "--shard",
            "3/3",
            "--set",
            "variant[hybrid].system.retriever.k=4",
        ],
    );
    refused(
        &[parts[0].clone(), parts[1].clone(), other],
        "the config differs",
    );
    // What else a manifest says of the things that went in.
    let path = parts[1].join("manifest.json");
    let sound = std::fs::read(&path).expect("a manifest");
    for (pointer, why) in [
        ("/dataset/content", "the dataset's content differs"),
        ("/prompts", "a prompt differs"),
        ("/models", "a model differs"),
        ("/tool", "the version of memgauge differs"),
        ("/revision", "the revision of memgauge differs"),
        ("/prices_date", "the price table differs"),
        ("/traffic/mode", "the traffic differs"),
        ("/shard/of", "the number of parts differs"),
        ("/digest", "the digest of the experiment differs"),
    ] {
        let mut manifest: serde_json::Value = serde_json::from_slice(&sound).expect("JSON");
        *manifest.pointer_mut(pointer).expect(pointer) = match pointer {
            "/prompts" | "/models" => serde_json::json!({ "other": "digest" }),
            "/shard/of" => serde_json::json!(4),
            _ => serde_json::json!("other"),
        };
        std::fs::write(&path, manifest.to_string()).expect("a manifest");
        refused(&parts, why);
    }
    std::fs::write(&path, &sound).expect("a manifest");
    let whole = place.run("whole", &[]);
    refused(&[whole], "without --shard");
    std::fs::remove_file(parts[2].join("summary.json")).expect("a summary");
    refused(&parts, "not finished; go on with: memgauge run --resume");
    let ended = end(memgauge()
        .args(["run", "--quiet", "--resume"])
        .arg(&parts[2]));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    place.merged(&parts, "resumed");
    let wrong = end(memgauge()
        .args(["run"])
        .arg(place.folder.path().join("parts.toml"))
        .args(["--shard", "4/3"]));
    assert_eq!(wrong.code, 2);
    assert!(wrong.stderr.contains("1 <= K <= N"), "{}", wrong.stderr);
}

#[test]
fn more_parts_than_there_is_to_do_leave_some_empty() {
    let place = Place::new();
    let few = [
        "--conversations",
        "sample-1",
        "--limit",
        "2",
        "--set",
        "controls=false",
    ];
    let parts: Vec<PathBuf> = (1..=9)
        .map(|index| {
            let shard = format!("{index}/9");
            let more: Vec<&str> = few.iter().copied().chain(["--shard", &shard]).collect();
            place.run(&format!("part-{index}"), &more)
        })
        .collect();
    let whole = place.run("all", &few);
    assert!(parts.iter().any(|dir| lines(dir, "records.jsonl") == 0));
    let merged = place.merged(&parts, "merged");
    assert!(bytes(&whole, "records.jsonl") == bytes(&merged, "records.jsonl"));
}
