//! Run directories as small as a page needs them, and what a page holds.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use memgauge_html::{Page, PageOptions, page};
use memgauge_report::arm::Selection;
use memgauge_report::{RunDir, files};
use serde_json::{Value, json};

/// A run with the variants `names` over one conversation with two questions; every text goes through `write`.
pub(crate) fn write(path: &Path, names: &[&str], write: impl Fn(&str) -> String) {
    let dir = RunDir::create(path).unwrap();
    let variants: Vec<Value> = names
        .iter()
        .map(|name| {
            json!({"name": name, "system": "turns", "answerer": "extractive", "judge": "llm", "control": false,
                   "digest": "d"})
        })
        .collect();
    let manifest = json!({
        "schema_version": 2, "name": write("run"), "digest": "digest",
        "config": {"answerer": {"kind": "extractive"}, "judge": {"kind": "none"}},
        "dataset": {"name": write("data"), "file": "data.json", "path": "", "sha256": "s", "content": "c",
                    "conversations": 1, "questions": 2},
        "variants": variants, "models": {}, "partial": false, "seed": 7, "tool": "0.1.0", "revision": null,
        "argv": ["memgauge", write("run")], "started": "2026-01-01T00:00:00Z",
        "machine": {"platform": "x", "cpu": null, "cores": 1, "memory_mib": null, "build": "release"}, "jobs": 1,
    });
    dir.write_json(files::MANIFEST, &manifest).unwrap();
    let mut journal = Vec::new();
    let mut records = Vec::new();
    for (at, name) in names.iter().enumerate() {
        for memory in 0..3 {
            journal.push(json!({
                "variant": name, "conversation": "c", "session": 1, "seq": memory,
                "event": {"op": "add", "id": memory, "before": null, "after": write(&format!("memory {memory}")),
                          "replaces": false, "at": "2023-02-11T18:30:00",
                          "sources": [{"turn": format!("D1:{}", memory + 1), "how": "cited", "live": true}]},
            }));
        }
        for question in 0..2 {
            let right = at == 0 || question == 0;
            records.push(json!({
                "variant": name, "question": format!("c/q{question}"), "repeat": 0, "category": 4,
                "outcome": "answered", "text": write("asked"), "gold": {"Answer": write("gold")}, "evidence": ["D1:2"],
                "answer": write("answer"), "answer_entry": 0,
                "scores": {"f1.locomo": u8::from(right), "f1.set": 0.5, "bleu1": 0.25, "exact": 0.0},
                "judge": u8::from(right),
                "judgements": [{"run": 0, "label": right, "score": null, "reply": write("reply"), "request": "r",
                                "error": null}],
                "tokens": null, "memory_of": null, "lists": ["dense", write("list")], "k": 1,
                "candidates": {"ids": [0, 1], "scores": [0.123_456, 0.1], "ranks": [[1, 2], [null, 1]],
                               "list_scores": [[0.5, 0.4], [null, 3.0]]},
                "context": {"digest": "x", "entries": 1, "memories": [0], "cut": [], "dropped": [], "cl100k": 12,
                            "o200k": 11},
                "retrieval": null, "fates": [["D1:2", {"below": 2}]], "counters": {},
            }));
        }
    }
    dir.appender(files::INGEST)
        .unwrap()
        .append(&journal)
        .unwrap();
    dir.appender(files::RECORDS)
        .unwrap()
        .append(&records)
        .unwrap();
}

/// The page of some run directories.
pub(crate) fn of(paths: &[PathBuf], options: &PageOptions<'_>) -> Page {
    let parse = |path: &PathBuf| Selection::parse(&path.display().to_string()).unwrap();
    let selections: Vec<Selection> = paths.iter().map(parse).collect();
    page(&selections, options).unwrap()
}

/// The packed JSON in the element `data-NAME`.
pub(crate) fn unpacked(page: &Page, name: &str) -> Value {
    let (_, rest) = page
        .html
        .split_once(&format!("id=\"data-{name}\">"))
        .unwrap();
    let (packed, _) = rest.split_once('<').unwrap();
    let bytes = URL_SAFE_NO_PAD.decode(packed).unwrap();
    let mut json = String::new();
    flate2::read::GzDecoder::new(&bytes[..])
        .read_to_string(&mut json)
        .unwrap();
    serde_json::from_str(&json).unwrap()
}
