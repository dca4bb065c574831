//! Systems from outside: a child process, well and ill behaved.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::{Ended, bytes, end, memgauge, only_run, root};

/// A system that remembers what was said last, and misbehaves as its argument says.
const CHILD: &str = r#"
import json, os, sys, time

mode = sys.argv[1]
# Outlives the process: its own folder is emptied at every start.
marks = os.path.join(os.path.dirname(os.path.abspath(__file__)), "marks")
turns = {}
sessions = recalls = 0

def first(what):
    path = os.path.join(marks, what)
    if os.path.exists(path):
        return False
    open(path, "w").close()
    return True

def crash(words):
    print(words, file=sys.stderr, flush=True)
    os._exit(7)

if mode == "exit":
    crash("cannot start: no licence")
if mode == "secrets":
    print("seen: " + " ".join(sorted(os.environ)), file=sys.stderr)
    print("the key is " + os.environ.get("SYSTEM_KEY", "?"), file=sys.stderr, flush=True)

for line in sys.stdin:
    request = json.loads(line)
    op, reply = request["op"], {}
    if op == "describe":
        assert os.path.isdir(request["folder"]) and os.listdir(request["folder"]) == []
        open(os.path.join(request["folder"], "left-over"), "w").close()
        reply = {"protocol": 1, "name": "child", "version": "9.1", "sources": mode != "no-sources"}
        if mode == "events":
            reply["events"] = True
    elif op == "ingest":
        sessions += 1
        if mode == "crash-ingest" and sessions == 3 and first("ingest"):
            crash("out of memory")
        if mode == "crash-always" and sessions == 2:
            crash("out of memory")
        assert "notes" not in request["session"], request
        known = turns.setdefault(request["conversation"], [])
        new = [(f"{t['speaker']}: {t['text']}", t["id"]) for t in request["session"]["turns"]]
        known += new
        if mode == "events":
            # Names differ from process to process.
            reply["events"] = [{"op": "add", "id": f"{os.getpid()}-{turn}", "text": text, "sources": [turn]}
                               for text, turn in new]
    elif op == "recall":
        recalls += 1
        assert sorted(request) == ["conversation", "id", "k", "op", "question"], request
        if mode in ("crash-recall", "events") and recalls == 2 and first("recall"):
            crash("segmentation fault")
        if mode == "hang" and recalls == 2 and first("recall"):
            time.sleep(3600)
        if mode == "noise" and recalls == 2 and first("recall"):
            print("Loading weights: 100%", flush=True)
        if mode == "huge" and recalls == 2 and first("recall"):
            sys.stdout.write("x" * (17 << 20))
        if mode == "refuse" and recalls == 2:
            reply = {"error": "no such index"}
        elif mode == "secrets" and recalls == 2 and first("recall"):
            crash("bad key " + os.environ.get("SYSTEM_KEY", "?"))
        elif mode == "bad-sources" and recalls == 2:
            reply = {"memories": [{"text": "t", "sources": ["D99:1"]}]}
        elif mode == "slip" and recalls == 2:
            reply = {"memory": []}
        else:
            found = list(reversed(turns[request["conversation"]]))[: request["k"]]
            reply = {"memories": [{"text": text} if mode == "no-sources" else
                                  {"id": f"{os.getpid()}-{turn}", "score": 1.0} if mode == "events" else
                                  {"text": text, "sources": [turn]} for text, turn in found]}
    elif op == "answer":
        reply = {"answer": "said " + str(request["context"].count("\n") + 1) + " things"}
    print(json.dumps({"id": request["id"], **reply}), flush=True)
"#;

/// A folder with the child and a config for it.
struct Scene {
    folder: tempfile::TempDir,
}

impl Scene {
    /// `keys` are more keys of the system, `variant` more of the variant.
    fn new(mode: &str, keys: &str, variant: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("marks")).expect("a folder");
        std::fs::write(folder.path().join("child.py"), CHILD).expect("a program");
        let config = format!(
            r#"
name = "external"
dataset = {{ kind = "sample", conversations = ["sample-1"], limit = 5 }}
controls = false

[[variant]]
name = "outside"
system = {{ kind = "external", command = ["python3", "child.py", "{mode}"], k = 40{keys} }}
{variant}
"#
        );
        std::fs::write(folder.path().join("external.toml"), config).expect("a config");
        Self { folder }
    }

    fn command(&self) -> Command {
        let mut command = memgauge();
        command
            .arg("run")
            .arg(self.folder.path().join("external.toml"));
        command.arg("--out").arg(self.out()).arg("--quiet");
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command
    }

    fn out(&self) -> PathBuf {
        self.folder.path().join("runs")
    }

    /// The run's records; `code` is how it must end.
    fn records(&self, code: i32) -> Vec<Value> {
        let ended: Ended = end(&mut self.command());
        assert_eq!(ended.code, code, "{}\n{}", ended.stdout, ended.stderr);
        rows(&only_run(&self.out()), "records.jsonl")
    }
}

fn rows(run: &Path, file: &str) -> Vec<Value> {
    String::from_utf8(bytes(run, file))
        .expect("UTF-8")
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

/// Outcome of every question, and the message of the one that failed: the second.
fn second_failed(records: &[Value], error: &str) -> String {
    let outcomes: Vec<&str> = records
        .iter()
        .map(|record| record["outcome"].as_str().expect("an outcome"))
        .collect();
    assert_eq!(
        outcomes,
        ["answered", "failed", "answered", "answered", "answered"],
        "{records:?}"
    );
    let failed = &records[1];
    assert_eq!(failed["error"], error, "{failed}");
    assert!(failed["scores"].is_null() && failed["retrieval"].is_null());
    failed["message"].as_str().expect("a message").to_owned()
}

#[test]
fn a_system_from_outside_is_measured_as_ours_are() {
    let scene = Scene::new("well", "", "");
    let records = scene.records(0);
    assert_eq!(records.len(), 5);
    let run = only_run(&scene.out());
    for record in &records {
        assert_eq!(record["outcome"], "answered");
        // The newest turns are shown, each with its time and its source.
        assert_eq!(record["context"]["entries"], 40);
        assert!(record["retrieval"]["live"].is_object(), "{record}");
        assert_eq!(record["counters"]["external:recall"], 1);
    }
    let contexts = rows(&run, "contexts.jsonl");
    let text = contexts[0]["text"].as_str().expect("a text");
    assert!(
        text.lines().next().expect("a line").contains(", 2023: "),
        "{text}"
    );
    let searches = rows(&run, "timings.jsonl");
    let measured = searches.iter().filter(|row| row["phase"] == "search");
    assert!(measured.clone().count() == 5 && measured.into_iter().all(|row| row["ms"].is_f64()));
    let manifest: Value = serde_json::from_slice(&bytes(&run, "manifest.json")).expect("JSON");
    assert_eq!(manifest["systems"]["outside"][0], "child 9.1");
    // A process that was told the same says the same.
    let again = Scene::new("well", "", "");
    again.records(0);
    let other = only_run(&again.out());
    for file in ["records.jsonl", "ingest.jsonl", "contexts.jsonl"] {
        assert!(bytes(&run, file) == bytes(&other, file), "{file} differs");
    }
}

#[test]
fn without_sources_evidence_is_unknown_and_not_zero() {
    let records = Scene::new("no-sources", "", "").records(0);
    for record in records {
        assert_eq!(record["outcome"], "answered");
        assert!(!record["evidence"].as_array().expect("turns").is_empty());
        assert!(record["retrieval"].is_null(), "{record}");
        assert_eq!(record["fates"], serde_json::json!([]));
    }
}

#[test]
fn a_crash_during_a_question_is_its_outcome_alone() {
    let records = Scene::new("crash-recall", "", "").records(3);
    let message = second_failed(&records, "transient");
    assert!(
        message.contains("`recall`: it ended (exit status: 7)"),
        "{message}"
    );
    assert!(message.contains("segmentation fault"), "{message}");
    // Everything was told again: the questions after it find as much as the one before.
    assert_eq!(
        records[4]["context"]["entries"],
        records[0]["context"]["entries"]
    );
    assert_eq!(records[1]["counters"]["external:restart"], 1);
}

#[test]
fn without_restarts_the_questions_after_a_crash_fail_too() {
    let records = Scene::new("crash-recall", ", restarts = 0", "").records(3);
    let outcomes: Vec<&Value> = records.iter().map(|record| &record["outcome"]).collect();
    assert_eq!(
        outcomes,
        ["answered", "failed", "failed", "failed", "failed"]
    );
    let message = records[4]["message"].as_str().expect("a message");
    assert!(
        message.contains("not started again (restarts = 0)"),
        "{message}"
    );
}

#[test]
fn events_survive_a_restart_under_other_names() {
    let scene = Scene::new("events", "", "");
    let records = scene.records(3);
    second_failed(&records, "transient");
    let run = only_run(&scene.out());
    let journal = rows(&run, "ingest.jsonl");
    let last = journal.last().expect("the end");
    assert_eq!(last["memories"], journal.len() - 1);
    assert_eq!(journal[0]["event"]["id"], 0);
    assert_eq!(journal[0]["event"]["sources"][0]["turn"], "D1:1");
    // Before and after the crash the same memories are the newest.
    assert_eq!(
        records[0]["candidates"]["ids"],
        records[4]["candidates"]["ids"]
    );
    let fate = &records[0]["fates"][0][1];
    assert!(fate == "in-context" || fate == "not-candidate", "{fate}");
}

#[test]
fn a_session_during_which_it_crashed_is_handed_over_again() {
    let scene = Scene::new("crash-ingest", "", "");
    let records = scene.records(0);
    let well = Scene::new("well", "", "");
    for (record, expected) in records.iter().zip(well.records(0)) {
        assert_eq!(record["context"]["digest"], expected["context"]["digest"]);
    }
    let journal = rows(&only_run(&scene.out()), "ingest.jsonl");
    let end = journal.last().expect("the end");
    assert_eq!(end["counters"]["external:restart"], 1);
}

#[test]
fn an_ingestion_that_never_succeeds_fails_every_question() {
    let records = Scene::new("crash-always", ", restarts = 2", "").records(3);
    for record in records {
        assert_eq!(record["outcome"], "failed");
        let message = record["message"].as_str().expect("a message");
        assert!(message.contains("ingestion failed: "), "{message}");
        assert!(message.contains("out of memory"), "{message}");
    }
}

#[test]
fn a_request_that_takes_too_long_is_given_up() {
    let start = Instant::now();
    let limits = ", timeout-seconds = { recall = 1.5 }";
    let records = Scene::new("hang", limits, "").records(3);
    let message = second_failed(&records, "transient");
    assert!(
        message.contains("`recall` took longer than 1.5 s"),
        "{message}"
    );
    assert!(start.elapsed() < Duration::from_secs(60));
}

#[test]
fn lines_that_are_no_replies_are_shown() {
    let cases = [
        (
            "noise",
            "no reply: `Loading weights: 100%` (a reply is a JSON object",
        ),
        ("huge", "longer than 16 MiB: xxx"),
        (
            "bad-sources",
            "source `D99:1` is no turn that `sample-1` has handed over",
        ),
        ("slip", "unknown field `memory`"),
    ];
    for (mode, expected) in cases {
        let records = Scene::new(mode, "", "").records(3);
        let message = second_failed(&records, "malformed");
        assert!(message.contains(expected), "{mode}: {message}");
        assert!(message.chars().count() < 2_000, "{mode}: {message}");
    }
    let records = Scene::new("refuse", "", "").records(3);
    let message = second_failed(&records, "permanent");
    assert!(
        message.contains("`recall` failed: no such index"),
        "{message}"
    );
}

#[test]
fn a_program_that_ends_at_once_is_told_with_its_last_words() {
    let records = Scene::new("exit", "", "").records(3);
    assert_eq!(records.len(), 5);
    let message = records[0]["message"].as_str().expect("a message");
    assert!(
        message.contains("`describe`: it ended (exit status: 7)"),
        "{message}"
    );
    assert!(message.contains("cannot start: no licence"), "{message}");
}

#[test]
fn a_program_that_is_not_there_is_a_mistake_of_the_config() {
    let refused = |from: &str, to: &str| {
        let scene = Scene::new("well", "", "");
        let file = scene.folder.path().join("external.toml");
        let text = std::fs::read_to_string(&file).expect("a config");
        std::fs::write(&file, text.replace(from, to)).expect("a config");
        let ended = end(&mut scene.command());
        assert_eq!(ended.code, 2, "{}", ended.stderr);
        assert!(!scene.out().exists(), "something was created");
        ended.stderr
    };
    let message = refused("python3", "no-such-python");
    assert!(
        message.contains("external.toml:8: `variant[0].system.command`: `no-such-python`: there is no such program in any folder of PATH"),
        "{message}"
    );
    let message = refused("\"python3\"", "\"./child\"");
    assert!(
        message.contains("`./child`: there is no such program in "),
        "{message}"
    );
    let message = refused("k = 40", "k = 40, timeout-seconds = { recall = 0 }");
    assert!(message.contains("timeout-seconds.recall"), "{message}");
}

#[test]
fn it_sees_no_variables_but_those_that_are_named_and_none_is_shown() {
    const KEY: &str = "sk-outside-51c0ffee";
    let run = |keys: &str| {
        let scene = Scene::new("secrets", keys, "");
        let mut command = scene.command();
        command
            .env("SYSTEM_KEY", KEY)
            .env("OTHER_KEY", "other-secret");
        let ended = end(command.arg("-vv"));
        assert_eq!(ended.code, 3, "{}", ended.stderr);
        let run = only_run(&scene.out());
        for entry in std::fs::read_dir(&run).expect("a run") {
            let path = entry.expect("an entry").path();
            if path.is_file() {
                let content = std::fs::read(&path).expect("a file");
                let text = String::from_utf8_lossy(&content);
                assert!(!text.contains(KEY), "{}", path.display());
            }
        }
        assert!(!ended.stderr.contains(KEY) && !ended.stdout.contains(KEY));
        assert!(!ended.stderr.contains("OTHER_KEY"), "{}", ended.stderr);
        second_failed(&rows(&run, "records.jsonl"), "transient")
    };
    let message = run(", env = [\"SYSTEM_KEY\"]");
    assert!(message.contains("bad key ***"), "{message}");
    let message = run("");
    assert!(message.contains("bad key ?"), "{message}");
}

#[test]
fn a_system_may_answer_itself() {
    let answerer = "answerer = { kind = \"system\" }";
    let records = Scene::new("well", "", answerer).records(0);
    for record in records {
        assert_eq!(record["answer"], "said 40 things");
        assert_eq!(record["counters"]["external:answer"], 1);
        assert!(record["scores"].is_object());
    }
    // No other system does.
    let scene = Scene::new("well", "", answerer);
    let ended = end(scene
        .command()
        .args(["--set", "variant[0].system={ kind = \"no-memory\" }"]));
    assert_eq!(ended.code, 2, "{}", ended.stderr);
    assert!(
        ended
            .stderr
            .contains("`system` needs a system that answers"),
        "{}",
        ended.stderr
    );
}

#[cfg(unix)]
#[test]
fn nothing_is_left_running() {
    // A shell that starts a helper, which does not notice that its input has ended.
    let text = "sleep 7351 &\nexec python3 child.py \"$1\"\n";
    let scene = Scene::new("hang", ", timeout-seconds = { recall = 1 }", "");
    std::fs::write(scene.folder.path().join("child.sh"), text).expect("a program");
    let file = scene.folder.path().join("external.toml");
    let config = std::fs::read_to_string(&file).expect("a config");
    std::fs::write(
        &file,
        config.replace("[\"python3\", \"child.py\"", "[\"sh\", \"child.sh\""),
    )
    .expect("a config");
    let records = scene.records(3);
    second_failed(&records, "transient");
    // Processes take a moment to go.
    let left = || {
        std::fs::read_dir("/proc")
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok())
            .any(|line| line.starts_with(b"sleep\x007351"))
    };
    let start = Instant::now();
    while left() && start.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(!left());
}

#[test]
fn an_interrupted_run_is_gone_on_with_from_anywhere() {
    let scene = Scene::new("well", "", "");
    scene.records(0);
    let run = only_run(&scene.out());
    let whole = bytes(&run, "records.jsonl");
    // As if it had been killed after two questions.
    let two: Vec<u8> = whole
        .split_inclusive(|byte| *byte == b'\n')
        .take(2)
        .flatten()
        .copied()
        .collect();
    std::fs::write(run.join("records.jsonl"), two).expect("fewer records");
    let mut command = memgauge();
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    let ended = end(command.args(["run", "--quiet", "--resume"]).arg(&run));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(bytes(&run, "records.jsonl") == whole);
}

#[test]
fn the_example_is_as_short_as_it_says() {
    let example = root().join("experiments/external/overlap.py");
    let text = std::fs::read_to_string(example).expect("the example");
    let lines = text.lines().filter(|line| !line.trim().is_empty()).count();
    assert!(lines <= 30, "{lines} lines");
}
