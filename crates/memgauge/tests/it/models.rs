//! Runs with chat models: what is recorded of answers, judgements and calls, with models that are
//! scripted and with a server that misbehaves.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use crate::fault::{Answer, FaultServer};
use crate::{Ended, bytes, end, memgauge, only_run};

const FILES: [&str; 3] = ["records.jsonl", "ingest.jsonl", "contexts.jsonl"];

/// Replies to the first questions of the first sample conversation, and to those who judge them.
const SCRIPT: &str = r#"
[[rule]]
contains = "pay for the dinghy"
form = "text"
error = "context-too-long"
[[rule]]
contains = "first instrument"
form = "text"
reply = "  "
[[rule]]
contains = "screwdriver"
form = "verdict"
reply = { label = "WRONG" }
[[rule]]
contains = "lunchtime group"
within = "prompt"
form = "verdict"
reply = "I would rather not say."
[[rule]]
form = "text"
reply = "Skipton"
delay-ms = 3
"#;

/// A run of scripted models in a folder of its own.
pub struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn new(models: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("script.toml"), SCRIPT).expect("a script");
        let script = folder.path().join("script.toml");
        let config = format!(
            r#"
name = "judged"
dataset = {{ kind = "sample", conversations = ["sample-1"], limit = 8 }}
answerer = {{ kind = "llm", prompt = "answer/short" }}
judge = {{ kind = "llm", runs = 2 }}
controls = false
{}
[[variant]]
name = "lexical"
system = {{ kind = "turns", retriever = {{ kind = "lexical", k = 5 }}, fusion = {{ kind = "single" }} }}
"#,
            models.replace("SCRIPT", &script.display().to_string())
        );
        std::fs::write(folder.path().join("judged.toml"), config).expect("a config");
        Self { folder }
    }

    /// Runs it into a folder of this name.
    pub fn run(&self, out: &str, arguments: &[&str]) -> (Ended, PathBuf) {
        let out = self.folder.path().join(out);
        let ended = end(memgauge()
            .args(["run", "--quiet"])
            .arg(self.folder.path().join("judged.toml"))
            .arg("--out")
            .arg(&out)
            .args(arguments));
        let run = only_run(&out);
        (ended, run)
    }
}

/// A bench without a network.
pub fn scripted() -> Bench {
    Bench::new("[models.chat]\nkind = \"fake\"\nscript = \"SCRIPT\"\n")
}

/// The rows of a file of a run.
pub fn rows(run: &Path, file: &str) -> Vec<Value> {
    let text = String::from_utf8(bytes(run, file)).expect("UTF-8");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

fn json_of(run: &Path, file: &str) -> Value {
    serde_json::from_slice(&bytes(run, file)).expect("JSON")
}

/// Records by a word of their question.
pub fn record<'a>(records: &'a [Value], words: &str) -> &'a Value {
    let of = |record: &&Value| record["text"].as_str().is_some_and(|t| t.contains(words));
    records.iter().find(of).expect("the question was asked")
}

#[test]
fn answers_and_judgements_are_recorded_and_errors_are_no_scores() {
    let bench = scripted();
    let (ended, run) = bench.run("first", &["--traffic", "live"]);
    assert_eq!(ended.code, 3, "{}", ended.stderr);
    let records = rows(&run, "records.jsonl");
    assert_eq!(records.len(), 8);

    let long = record(&records, "pay for the dinghy");
    assert_eq!(long["outcome"], "failed");
    assert_eq!(long["error"], "context-too-long");
    let empty = record(&records, "first instrument");
    assert_eq!(empty["error"], "malformed");
    for failed in [long, empty] {
        assert_eq!(failed["answer"], Value::Null);
        assert_eq!(failed["scores"], Value::Null);
        assert_eq!(failed["judge"], Value::Null);
        assert_eq!(failed["judgements"], json!([]));
    }
    assert_eq!(long["counters"]["too-long:answer"], 1);
    assert_eq!(empty["counters"]["malformed:answer"], 1);

    // The smallest reply that the schema allows is CORRECT.
    let right = record(&records, "barn that smells of tar");
    assert_eq!(right["answer"], "Skipton");
    assert_eq!(right["judge"], 1.0);
    assert_eq!(right["judgements"][1]["run"], 1);
    assert_eq!(right["judgements"][1]["reply"], r#"{"label":"CORRECT"}"#);
    assert_ne!(
        right["judgements"][0]["request"],
        right["judgements"][1]["request"]
    );
    assert!(right["tokens"]["input"].as_u64().is_some_and(|n| n > 50));
    assert_eq!(right["tokens"]["counted"], true);
    assert_eq!(record(&records, "screwdriver")["judge"], 0.0);
    let unread = record(&records, "lunchtime group");
    assert_eq!(unread["judge"], Value::Null);
    assert_eq!(unread["judgements"][0]["label"], Value::Null);
    assert_eq!(unread["judgements"][0]["error"]["kind"], "malformed");
    let message = unread["judgements"][0]["error"]["message"]
        .as_str()
        .expect("a message");
    assert!(message.contains("I would rather not say."), "{message}");

    // 8 answers; 6 of them judged twice, one of these with a second try each time.
    let calls = rows(&run, "calls.jsonl");
    let stage = |stage: &str| calls.iter().filter(|call| call["stage"] == stage).count();
    assert_eq!((stage("answer"), stage("judge"), calls.len()), (8, 14, 22));
    assert!(calls.iter().all(|call| call["traffic"] == "fake"));

    let summary = json_of(&run, "summary.json");
    assert_eq!(summary["schema_version"], 2);
    let variant = &summary["variants"][0];
    assert_eq!(variant["failed"], 2);
    assert_eq!(variant["judge"]["answers"], 6);
    assert_eq!(variant["judge"]["errors"], 2);
    assert_eq!(variant["judge"]["without_label"], 1);
    assert_eq!(variant["judge"]["per_run"], json!([0.8, 0.8]));
    assert_eq!(variant["judge"]["sd_of_runs"], 0.0);
    assert_eq!(variant["j"]["n"], 5);
    assert!(variant["j"]["low"].is_number(), "{}", variant["j"]);
    assert_eq!(variant["stages"]["answer"]["usable"], 6);
    assert_eq!(variant["stages"]["answer"]["replies"], 7);
    assert_eq!(variant["stages"]["answer"]["failed"], 1);
    // A script's replies have no latency, searches without a model do.
    assert_eq!(variant["answer"], Value::Null);
    assert!(variant["search"]["p50_ms"].is_number());
    assert!(ended.stdout.contains("errors"), "{}", ended.stdout);

    let (_, again) = bench.run("again", &["--traffic", "live", "--jobs", "1"]);
    for file in FILES {
        assert!(bytes(&run, file) == bytes(&again, file), "{file} differs");
    }
    let manifest = json_of(&run, "manifest.json");
    assert_eq!(manifest["served_by"], json!({"chat": ["fake"]}));
    assert_eq!(
        manifest["prompts"]
            .as_object()
            .expect("prompts")
            .keys()
            .collect::<Vec<_>>(),
        ["answer/short", "judge/lenient"]
    );
    let shown = end(memgauge()
        .arg("show")
        .arg(&run)
        .args(["--question", "sample-1/q6"]));
    assert!(
        shown.stdout.contains("judge     run 1: right"),
        "{}",
        shown.stdout
    );
    assert!(shown.stdout.contains("tokens    "), "{}", shown.stdout);
}

#[test]
fn a_replay_has_the_same_records_and_no_latency_of_its_own() {
    let bench = scripted();
    let cassette = bench.folder.path().join("cassette.jsonl.gz");
    let cassette = cassette.to_str().expect("UTF-8");
    let (_, recorded) = bench.run("recorded", &["--traffic", "record", "--cassette", cassette]);
    let replay = ["--traffic", "replay", "--cassette", cassette];
    let (ended, replayed) = bench.run("replayed", &replay);
    assert_eq!(ended.code, 3, "{}", ended.stderr);
    for file in FILES {
        assert!(
            bytes(&recorded, file) == bytes(&replayed, file),
            "{file} differs"
        );
    }
    let summary = json_of(&replayed, "summary.json");
    let variant = &summary["variants"][0];
    assert_eq!(variant["answer"], Value::Null);
    assert!(variant["replayed"]["answer"]["p50_ms"].as_f64() >= Some(3.0));
    assert!(variant["replayed"]["total"]["p50_ms"].as_f64() >= Some(3.0));
    assert!(
        ended.stdout.contains("lexical (replayed)"),
        "{}",
        ended.stdout
    );
    let timings = rows(&replayed, "timings.jsonl");
    let mut answers = timings.iter().filter(|row| row["phase"] == "answer");
    assert!(answers.all(|row| row["ms"].is_null() && row["traffic"] == json!(["cassette"])));

    // Another prompt is another request, which the cassette does not hold: the run stops.
    let other = ["--set", "answerer.prompt=answer/rag"];
    let (ended, stopped) = bench.run("other", &[&replay[..], &other[..]].concat());
    assert_eq!(ended.code, 4, "{}", ended.stderr);
    assert!(rows(&stopped, "records.jsonl").is_empty());
}

#[test]
fn stored_answers_are_judged_again() {
    let bench = scripted();
    let (_, run) = bench.run("runs", &["--traffic", "live"]);
    let records = bytes(&run, "records.jsonl");
    let judge = |arguments: &[&str]| {
        end(memgauge()
            .arg("judge")
            .arg(&run)
            .args(["--quiet", "--traffic", "live", "--format", "json"])
            .args(arguments))
    };
    let strict = judge(&["--prompt", "strict", "--runs", "2"]);
    // One answer's judgements cannot be read.
    assert_eq!(strict.code, 3, "{}", strict.stderr);
    let report: Value = serde_json::from_str(&strict.stdout).expect("JSON");
    let variant = &report["variants"][0];
    assert_eq!(report["judge"]["name"], "strict");
    assert_eq!(variant["judge"]["runs"], 2);
    assert_eq!(variant["judge"]["answers"], 6);
    assert_eq!(variant["judge"]["errors"], 2);
    assert_eq!(variant["j"]["1-4"]["mean"], 0.8);
    assert_eq!(
        variant["agreement"],
        json!({"n": 5, "share": 1.0, "kappa": 1.0})
    );
    let file = "judgements-strict.jsonl";
    let first = bytes(&run, file);
    assert_eq!(rows(&run, file).len(), 12);

    // The same judge goes on where it was; only what had no label is tried again.
    let again = judge(&["--prompt", "strict", "--runs", "2"]);
    assert_eq!(again.stdout, strict.stdout);
    assert!(first == bytes(&run, file));
    let more = judge(&["--prompt", "strict", "--runs", "3"]);
    assert_eq!(more.code, 3, "{}", more.stderr);
    assert_eq!(rows(&run, file).len(), 18);

    // Another judge has judgements of its own.
    let graded = judge(&["--prompt", "graded"]);
    let report: Value = serde_json::from_str(&graded.stdout).expect("JSON");
    assert_eq!(report["variants"][0]["judge"]["runs"], 2);
    assert!(run.join("judgements-graded.jsonl").exists());
    assert!(records == bytes(&run, "records.jsonl"));

    for (arguments, words) in [
        (&["--prompt", "mild"][..], "unknown prompt `mild`"),
        (&["--model", "nobody"][..], "unknown model `nobody`"),
        (&["--name", "a/b"][..], "cannot name a file"),
    ] {
        let refused = judge(arguments);
        assert_eq!(refused.code, 2, "{}", refused.stderr);
        assert!(refused.stderr.contains(words), "{}", refused.stderr);
    }
}

#[test]
fn a_resume_with_another_prompt_is_refused() {
    let bench = scripted();
    let prompts = bench.folder.path().join("prompts/answer");
    std::fs::create_dir_all(&prompts).expect("a folder");
    let own = prompts.join("short.txt");
    std::fs::write(&own, "--- user ---\n{{ question }}\n{{ context }}\n").expect("a prompt");
    let with_own = ["--traffic", "live", "--set", "prompts=prompts"];
    let (_, run) = bench.run("runs", &with_own);
    let resume = || end(memgauge().args(["run", "--quiet", "--resume"]).arg(&run));
    let ended = resume();
    assert_eq!(ended.code, 3, "{}", ended.stderr);
    std::fs::write(&own, "--- user ---\nThink. {{ question }}\n").expect("a prompt");
    let ended = resume();
    assert_eq!(ended.code, 2, "{}", ended.stderr);
    assert!(
        ended.stderr.contains("prompt `answer/short` differs"),
        "{}",
        ended.stderr
    );
}

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

fn against(server: &FaultServer) -> Bench {
    Bench::new(&format!(
        r#"
[models.chat]
kind = "openai"
provider = "faulty"
base-url = "{}"
api-key-env = ""
model = "m"
timeout-seconds = 1.0
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
    let first_429 = std::sync::atomic::AtomicBool::new(true);
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
        if words.contains("chosen for the new post")
            && first_429.swap(false, std::sync::atomic::Ordering::SeqCst)
        {
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
