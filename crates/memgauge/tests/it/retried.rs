//! `--retry-failed`: what failed for reasons of infrastructure is asked again, and nothing else.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::fault::{Answer, FaultServer, Request};
use crate::{bytes, end, memgauge, only_run};

const CONFIG: &str = r#"
name = "retried"
dataset = { kind = "sample", conversations = ["sample-1"], limit = 8 }
answerer = { kind = "llm", prompt = "answer/short" }
judge = { kind = "llm" }
controls = false

[models.chat]
kind = "openai"
base-url = "BASE"
api-key-env = ""
model = "little"
max-attempts = 1

[[variant]]
name = "lexical"
system = { kind = "turns", retriever = { kind = "lexical", k = 5 }, fusion = { kind = "single" } }
"#;

/// A model that is out of order for some questions until it is mended, and that has nothing to say to one.
fn reply(request: &Request, is_mended: bool) -> Answer {
    let words = request.body["messages"].to_string();
    let is_judge = request.body["response_format"].is_object();
    let broken = Answer::error(500, &json!({"message": "out of order"}));
    match (is_judge, is_mended) {
        (false, false) if words.contains("pay for the dinghy") => broken,
        (true, false) if words.contains("Near which town") => broken,
        (false, _) if words.contains("first instrument") => Answer::chat(" "),
        (true, _) => Answer::chat(r#"{"label": "CORRECT"}"#),
        (false, _) => Answer::chat("Skipton"),
    }
}

fn records(run: &Path) -> Vec<Value> {
    let text = String::from_utf8(bytes(run, "records.jsonl")).expect("UTF-8");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

fn record(run: &Path, words: &str) -> Value {
    let mut all = records(run).into_iter();
    let of = |record: &Value| record["text"].as_str().is_some_and(|t| t.contains(words));
    all.find(of).expect("the question was asked")
}

#[test]
fn failures_of_infrastructure_are_asked_again_and_nothing_else() {
    let mended = Arc::new(AtomicBool::new(false));
    let state = Arc::clone(&mended);
    let server = FaultServer::start(move |request| reply(request, state.load(Ordering::SeqCst)));
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("retried.toml");
    std::fs::write(&config, CONFIG.replace("BASE", &server.base_url())).expect("a config");
    let (out, cache) = (folder.path().join("runs"), folder.path().join("cache"));
    let run = |arguments: &[&str]| {
        let mut command = memgauge();
        command.args(["run", "--quiet"]).args(arguments);
        let ended = end(command.arg("--cache").arg(&cache));
        assert_eq!(ended.code, 3, "{}", ended.stderr);
    };
    let text = |path: &Path| path.to_str().expect("UTF-8").to_owned();
    run(&[&text(&config), "--out", &text(&out)]);
    let dir = only_run(&out);
    assert_eq!(record(&dir, "pay for the dinghy")["error"], "transient");
    assert_eq!(record(&dir, "first instrument")["error"], "malformed");
    let unjudged = record(&dir, "Near which town");
    assert_eq!(unjudged["judgements"][0]["error"]["kind"], "transient");
    assert_eq!(unjudged["judge"], Value::Null);

    // Without the option a failure is a record like any other.
    mended.store(true, Ordering::SeqCst);
    let (asked, before) = (server.requests().len(), bytes(&dir, "records.jsonl"));
    run(&["--resume", &text(&dir)]);
    assert_eq!(server.requests().len(), asked);
    assert!(before == bytes(&dir, "records.jsonl"));

    run(&["--resume", &text(&dir), "--retry-failed"]);
    let answered = record(&dir, "pay for the dinghy");
    assert_eq!(answered["outcome"], "answered");
    assert_eq!(answered["judge"], 1.0);
    assert_eq!(record(&dir, "Near which town")["judge"], 1.0);
    assert_eq!(record(&dir, "first instrument")["error"], "malformed");
    // The answer that was missing and its label, and the label that was missing: the other answer was kept.
    assert_eq!(server.requests().len(), asked + 3);
    assert_eq!(records(&dir).len(), 8);
    let others = |bytes: &[u8]| -> Vec<String> {
        let text = String::from_utf8(bytes.to_vec()).expect("UTF-8");
        let is_other = |line: &&str| {
            !["dinghy", "Near which town"]
                .iter()
                .any(|w| line.contains(w))
        };
        text.lines().filter(is_other).map(str::to_owned).collect()
    };
    assert_eq!(others(&before), others(&bytes(&dir, "records.jsonl")));
}
