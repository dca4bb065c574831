//! Runs with scripted chat models: what is recorded of answers, judgements and calls.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

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

/// An experiment of eight questions and a judge, in a folder of its own.
pub struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    pub fn new(models: &str) -> Self {
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

pub fn json_of(run: &Path, file: &str) -> Value {
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
