//! Work that is done once for several cells, and once for several processes.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use crate::paid::{PRICES, asks_nothing_twice, command, config, form, rows, run, server, summary};
use crate::{bytes, only_run};

/// Twelve cells over retrieval and fusion.
const SWEEP: &str = r#"
dataset = { kind = "sample", conversations = ["sample-1"], limit = 4 }
answerer = { kind = "llm", prompt = "answer/short" }
variant = [{ name = "turns", system = { kind = "turns", embedder = "vectors", retriever = { kind = "hybrid", k = 3 } } }]

[[sweep]]
variant = "turns"
[sweep.axes]
"system.retriever.k" = [3, 5, 8]
"system.fusion" = [
  { label = "rrf", value = { kind = "rrf" } },
  { label = "weighted", value = { kind = "weighted" } },
  { label = "z-score", value = { kind = "weighted", normalise = "z-score" } },
  { label = "mmr", value = { kind = "mmr" } },
]
"#;

/// Two memories made of the same facts: other policies, one extractor.
const EXTRACTOR: &str = r#"
dataset = { kind = "sample", conversations = ["sample-1"], limit = 2 }
variant = [
  { name = "append", system = { kind = "turns", extractor = { kind = "llm", batch = 0, summary = { enabled = false } } } },
  { name = "hash", system = { kind = "turns", extractor = { kind = "llm", batch = 0, summary = { enabled = false } }, update = { kind = "hash" } } },
]
"#;

fn cached<'a>(cache: &'a Path, more: &[&'a str]) -> Vec<&'a str> {
    let cache = cache.to_str().expect("UTF-8");
    [&["--traffic", "cached", "--cache", cache], more].concat()
}

#[test]
fn twelve_cells_over_retrieval_and_fusion_ingest_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = server(Duration::ZERO);
    let file = config(folder.path(), &server, PRICES, SWEEP);
    let cache = folder.path().join("cache");
    let plan = crate::paid::plan(&file, &cached(&cache, &[]));
    assert_eq!(
        (&plan["cells"], &plan["ingestions"]),
        (&12.into(), &1.into())
    );
    assert!(!cache.exists(), "a plan leaves nothing behind");

    let ended = run(&file, folder.path(), "runs", &cached(&cache, &[]));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let dir = only_run(&folder.path().join("runs"));
    let work = &summary(&dir)["work"];
    assert_eq!(
        (&work["cells"], &work["ingestions"]),
        (&12.into(), &1.into())
    );
    let requests = server.requests();
    assert_eq!(work["made"], requests.len());
    assert_eq!(work["made"], work["distinct"]);
    assert!(asks_nothing_twice(&requests));
    for text in [
        ended.stdout,
        String::from_utf8_lossy(&bytes(&dir, "report.md")).into_owned(),
    ] {
        assert!(
            text.contains("Shared: 12 cells (variant x repeat x conversation), 1 ingestions"),
            "{text}"
        );
        assert!(text.contains("; calls made "), "{text}");
    }
    // One journal, under one name.
    let ended_ingestions = rows(&dir, "ingest.jsonl")
        .iter()
        .filter(|row| row["event"].is_null())
        .count();
    assert_eq!(ended_ingestions, 1);
}

#[test]
fn cells_that_share_an_extractor_share_its_calls_where_replies_are_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = server(Duration::ZERO);
    let file = config(folder.path(), &server, PRICES, EXTRACTOR);
    let cache = folder.path().join("cache");
    let extractions = |from: usize| {
        let requests = server.requests();
        requests[from..]
            .iter()
            .filter(|one| form(one) == "facts")
            .count()
    };
    let ended = run(&file, folder.path(), "cached", &cached(&cache, &[]));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let sessions = extractions(0);
    assert!(sessions > 1 && asks_nothing_twice(&server.requests()));
    let dir = only_run(&folder.path().join("cached"));
    let work = summary(&dir)["work"].clone();
    assert_eq!(
        work["ingestions"], 2,
        "the policies differ, and so do the memories"
    );
    assert_eq!(
        (&work["made"], &work["distinct"]),
        (&sessions.into(), &sessions.into())
    );
    assert_eq!(work["calls"]["cache"], sessions);

    // Nothing is kept of live calls: every cell asks for itself, and the summary says so.
    let before = server.requests().len();
    let ended = run(&file, folder.path(), "live", &["--traffic", "live"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(extractions(before), 2 * sessions);
    let dir = only_run(&folder.path().join("live"));
    let work = &summary(&dir)["work"];
    let twice = 2 * sessions;
    assert_eq!(
        (&work["made"], &work["distinct"]),
        (&twice.into(), &sessions.into())
    );
}

#[test]
fn two_runs_use_one_cache_at_the_same_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = server(Duration::from_millis(20));
    let file = config(folder.path(), &server, PRICES, SWEEP);
    let cache = folder.path().join("cache");
    let begun: Vec<_> = ["one", "other"]
        .into_iter()
        .map(|name| {
            let mut command = command(&file, folder.path(), name, &cached(&cache, &[]));
            command
                .stdout(Stdio::null())
                .spawn()
                .expect("memgauge starts")
        })
        .collect();
    for mut child in begun {
        assert!(child.wait().expect("it ends").success());
    }
    let asked = server.requests().len();
    let third = run(&file, folder.path(), "third", &cached(&cache, &[]));
    assert_eq!(third.code, 0, "{}", third.stderr);
    assert_eq!(server.requests().len(), asked, "everything was kept");
    let dir = |name: &str| only_run(&folder.path().join(name));
    for file in ["records.jsonl", "ingest.jsonl", "contexts.jsonl"] {
        let first = bytes(&dir("one"), file);
        assert!(first == bytes(&dir("other"), file), "{file}");
        assert!(first == bytes(&dir("third"), file), "{file}");
    }
}
