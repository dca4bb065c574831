//! Runs against a server that misbehaves: every fault is an outcome, and none is a score.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::fault::{Answer, FaultServer};
use crate::models::{Bench, json_of, record, rows};
use crate::{end, memgauge};

/// What the server does to the questions, by words of theirs; and what comes of it.
fn faults() -> Vec<(&'static str, Answer, &'static str)> {
    let page = "<html><title>503 Service Temporarily Unavailable</title></html>";
    let text = |status, body: &str| Answer::Send(status, Vec::new(), body.to_owned());
    vec![
        (
            "Priya buy her boat",
            Answer::error(500, &json!({"message": "broken"})),
            "transient",
        ),
        ("pay for the dinghy", text(503, page), "transient"),
        ("first instrument", Answer::Drop, "transient"),
        (
            "lunchtime group",
            Answer::Drip(Duration::from_millis(50), "x".repeat(5000)),
            "transient",
        ),
        (
            "course at the church hall",
            text(200, "{\"choices\": [{\"mess"),
            "transient",
        ),
        (
            "screwdriver",
            Answer::json(&json!({"choices": [{"message": {"content": 7}}]})),
            "transient",
        ),
        (
            "spring concert",
            Answer::error(400, &json!({"code": 400, "message": "bad request"})),
            "permanent",
        ),
        (
            "close with when the parents",
            Answer::error(
                400,
                &json!({"code": 400, "type": "exceed_context_size_error", "message": "too long", "n_ctx": 4}),
            ),
            "context-too-long",
        ),
        ("money from the audience", Answer::chat(""), "malformed"),
    ]
}

/// The words of the last message.
fn asked(body: &Value) -> String {
    let messages = body["messages"].as_array().cloned().unwrap_or_default();
    let last = messages.last().map(|message| message["content"].clone());
    last.and_then(|content| content.as_str().map(str::to_owned))
        .unwrap_or_default()
}

/// A bench whose model is this server. Only one fault, a reply that drips for minutes, needs the timeout; on a busy machine
/// a sound reply may take seconds, and must not be taken for a fault.
fn against(server: &FaultServer) -> Bench {
    Bench::new(&format!(
        r#"
[models.chat]
kind = "openai"
provider = "faulty"
base-url = "{}"
api-key-env = ""
model = "m"
timeout-seconds = 8.0
max-attempts = 2
backoff-seconds = 0.01
max-wait-seconds = 2.0
max-concurrency = 16
"#,
        server.base_url()
    ))
}

#[test]
fn a_run_outlives_every_fault_and_scores_none_as_wrong() {
    let first_429 = AtomicBool::new(true);
    let server = FaultServer::start(move |request| {
        let words = asked(&request.body);
        let is_judge = request.body.get("response_format").is_some();
        if is_judge {
            // The judge fails on one answer and cannot be understood on another.
            if words.contains("Near which town") {
                return Answer::error(500, &json!({"message": "broken"}));
            }
            // Its second try shows it the first.
            if request.body.to_string().contains("job interview") {
                return Answer::chat("maybe");
            }
            return Answer::chat(r#"{"label": "CORRECT"}"#);
        }
        if words.contains("chosen for the new post") && first_429.swap(false, Ordering::SeqCst) {
            return Answer::Send(
                429,
                vec![("retry-after", "1".to_owned())],
                json!({"error": {"message": "slow down"}}).to_string(),
            );
        }
        let fault = faults().into_iter().find(|(q, ..)| words.contains(q));
        match fault {
            Some((_, answer, _)) => answer,
            None => Answer::chat("21 March 2023"),
        }
    });
    let bench = against(&server);
    let (ended, run) = bench.run("runs", &["--traffic", "live", "--limit", "12"]);
    assert_eq!(ended.code, 3, "{}", ended.stderr);
    assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
    let records = rows(&run, "records.jsonl");
    assert_eq!(records.len(), 12);
    for (words, _, kind) in faults() {
        let record = record(&records, words);
        assert_eq!(record["outcome"], "failed", "{record}");
        assert_eq!(record["error"], kind, "{record}");
        assert_eq!(record["scores"], Value::Null);
        assert_eq!(record["judge"], Value::Null);
        // What failed says neither where the server is nor what key was used.
        let port = format!(":{}", server.port());
        assert!(!record.to_string().contains(&port), "{record}");
    }
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for record in records
        .iter()
        .filter(|record| record["outcome"] == "answered")
    {
        let error = record["judgements"][0]["error"]["kind"].as_str();
        *kinds.entry(error.unwrap_or("judged")).or_default() += 1;
        assert_eq!(record["judge"].is_null(), error.is_some(), "{record}");
    }
    assert_eq!(
        kinds,
        BTreeMap::from([("judged", 1), ("malformed", 1), ("transient", 1)])
    );
    let summary = json_of(&run, "summary.json");
    let variant = &summary["variants"][0];
    assert_eq!(
        (&variant["failed"], &variant["j"]["n"]),
        (&json!(9), &json!(1))
    );
    assert_eq!(variant["j"]["mean"], 1.0);
    assert_eq!(variant["judge"]["errors"], 4);
    // Faults that pass were tried twice, and the 429 held others too.
    let calls = rows(&run, "calls.jsonl");
    let attempts = |call: &&Value| call["stage"] == "answer" && call["attempts"] == 2;
    assert!(calls.iter().filter(attempts).count() >= 7);
    let held = |call: &Value| call["paused_ms"].as_f64() > Some(100.0);
    assert!(calls.iter().any(held));
    assert_eq!(variant["answer"]["n"], 3);
}

#[test]
fn an_exhausted_account_stops_the_run_and_nothing_answered_is_lost() {
    let server = FaultServer::start(|request| {
        let words = asked(&request.body);
        if request.body.get("response_format").is_some() {
            Answer::chat(r#"{"label": "CORRECT"}"#)
        } else if words.contains("screwdriver") {
            Answer::error(
                429,
                &json!({"code": "insufficient_quota", "message": "no money"}),
            )
        } else {
            Answer::chat("Skipton")
        }
    });
    let bench = against(&server);
    let (ended, run) = bench.run("runs", &["--traffic", "live", "--jobs", "1"]);
    assert_eq!(ended.code, 5, "{}", ended.stderr);
    assert!(ended.stderr.contains("no money"), "{}", ended.stderr);
    let answered = rows(&run, "records.jsonl").len();
    assert_eq!(answered, 5);
    assert!(!run.join("summary.json").exists());
    // It goes on where it was: what is answered is not asked again.
    let before = server.requests().len();
    let ended = end(memgauge().args(["run", "--quiet", "--resume"]).arg(&run));
    assert_eq!(ended.code, 5, "{}", ended.stderr);
    let again: Vec<String> = server.requests()[before..]
        .iter()
        .map(|request| asked(&request.body))
        .collect();
    assert!(
        again
            .iter()
            .any(|words| words.contains("push a screwdriver"))
    );
    for answered in rows(&run, "records.jsonl").iter().take(answered) {
        let question = answered["text"].as_str().expect("a text");
        assert!(
            !again.iter().any(|words| words.contains(question)),
            "{question}"
        );
    }
}

#[test]
fn a_wrong_name_stops_the_run_and_the_right_one_goes_on() {
    let is_missing = AtomicBool::new(true);
    let server = FaultServer::start(move |request| {
        let words = asked(&request.body);
        if request.body.get("response_format").is_some() {
            Answer::chat(r#"{"label": "CORRECT"}"#)
        } else if words.contains("screwdriver") && is_missing.swap(false, Ordering::SeqCst) {
            Answer::error(404, &json!("model \"m\" not found"))
        } else {
            Answer::chat("Skipton")
        }
    });
    let bench = against(&server);
    let (ended, run) = bench.run("runs", &["--traffic", "live", "--jobs", "1"]);
    assert_eq!(ended.code, 4, "{}", ended.stderr);
    assert!(
        ended.stderr.contains("model \"m\" not found"),
        "{}",
        ended.stderr
    );
    let answered = rows(&run, "records.jsonl");
    assert_eq!(answered.len(), 5);
    assert!(
        answered
            .iter()
            .all(|record| record["outcome"] == "answered")
    );
    assert!(!run.join("summary.json").exists());
    let ended = end(memgauge().args(["run", "--quiet", "--resume"]).arg(&run));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(rows(&run, "records.jsonl").len(), 8);
}
