//! Memories per speaker and consolidation in the background, in whole runs.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{bytes, end, memgauge, only_run, root};

const CONFIG: &str = r#"
name = "protocols"
dataset = { kind = "sample", limit = 3 }
controls = false

[[variant]]
name = "inline"
system = { kind = "turns", perspectives = "per-speaker", retriever = { kind = "hybrid", k = 4 }, context = { kind = "budget", time = "none" } }

[[variant]]
name = "background"
system = { kind = "turns", perspectives = "per-speaker", retriever = { kind = "hybrid", k = 4 }, context = { kind = "budget", time = "none" }, consolidation = { kind = "background", queue = 2 } }
"#;

fn lines(bytes: &[u8]) -> Vec<Value> {
    let text = String::from_utf8_lossy(bytes);
    let rows = text.lines().map(serde_json::from_str);
    rows.collect::<Result<_, _>>().expect("JSON lines")
}

#[test]
fn memories_per_speaker_count_what_was_retrieved_and_the_background_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("test.toml");
    std::fs::write(&file, CONFIG).expect("a config");
    let out = folder.path().join("runs");
    let mut command = memgauge();
    command
        .args(["run", "--quiet"])
        .arg(&file)
        .arg("--out")
        .arg(&out);
    let ended = end(&mut command);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let run = only_run(&out);

    // What every memory says, and who talks.
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    for row in lines(&bytes(&run, "ingest.jsonl")) {
        if let Some(text) = row["event"]["after"].as_str() {
            let (variant, of, id) = (&row["variant"], &row["conversation"], &row["event"]["id"]);
            texts.insert(format!("{variant} {of} {id}"), text.to_owned());
        }
    }
    let sample = std::fs::read(root().join("datasets/sample/sample.json")).expect("the sample");
    let sample: Vec<Value> = serde_json::from_slice(&sample).expect("JSON");
    let speakers: BTreeMap<String, [&str; 2]> = sample
        .iter()
        .map(|each| {
            let name = |key: &str| each["conversation"][key].as_str().expect(key);
            (
                each["sample_id"].to_string(),
                [name("speaker_a"), name("speaker_b")],
            )
        })
        .collect();

    let cl100k = memgauge_model::tokenizer("cl100k").expect("cl100k");
    let mut answered: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for record in lines(&bytes(&run, "records.jsonl")) {
        let variant = record["variant"].as_str().expect("a name").to_owned();
        let question = record["question"].as_str().expect("a question");
        let conversation = Value::from(question.split("/q").next());
        let context = &record["context"];
        let shown: Vec<&str> = context["memories"]
            .as_array()
            .expect("memories")
            .iter()
            .map(|id| texts[&format!("{} {conversation} {id}", record["variant"])].as_str())
            .collect();
        assert_eq!((shown.len(), &record["k"]), (8, &8.into()));
        // Four of each speaker's, under the speaker's name.
        let [a, b] = speakers[&conversation.to_string()];
        let text = format!(
            "Memories of {a}:\n{}\n\nMemories of {b}:\n{}",
            shown[..4].join("\n"),
            shown[4..].join("\n")
        );
        let digest = blake3::hash(text.as_bytes()).to_hex().to_string();
        assert_eq!(context["digest"], digest.as_str(), "{text}");
        // As the paper counts: the memories, nothing else.
        let tokens = cl100k.count(&shown.join("\n")) as u64;
        assert_eq!(context["cl100k"], tokens, "{text}");
        assert!(cl100k.count(&text) as u64 > tokens);
        let outcome = [question.into(), digest.into(), record["answer"].clone()];
        answered
            .entry(variant)
            .or_default()
            .push(outcome.into_iter().collect());
    }
    assert_eq!(answered["inline"].len(), 9);
    assert_eq!(answered["inline"], answered["background"]);

    // Every operation is the same; the background tells them at the end.
    let mut events: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for row in lines(&bytes(&run, "ingest.jsonl")) {
        if !row["event"].is_null() {
            let variant = row["variant"].as_str().expect("a name").to_owned();
            let event = serde_json::json!([row["conversation"], row["seq"], row["event"]]);
            events.entry(variant).or_default().push(event);
        }
    }
    assert_eq!(events["inline"].len(), 2 * 472);
    assert_eq!(events["inline"], events["background"]);
    // Both kinds tell how long it took until a session could be found.
    let searchable = |name: &str| {
        lines(&bytes(&run, "timings.jsonl"))
            .into_iter()
            .filter(|row| row["phase"] == "searchable" && row["variant"] == name)
            .filter(|row| row["ms"].is_f64())
            .count()
    };
    assert_eq!((searchable("inline"), searchable("background")), (24, 24));
}

#[test]
fn a_plan_counts_the_calls_that_it_can_know() {
    let plan = |file: &str, set: &[&str]| {
        let mut command = memgauge();
        command
            .arg("plan")
            .arg(root().join(file))
            .args(["--format", "json"])
            .arg("--dataset")
            .arg(root().join("datasets/sample/sample.json"));
        for each in set {
            command.args(["--set", each]);
        }
        let ended = end(&mut command);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        serde_json::from_str::<Value>(&ended.stdout).expect("JSON")
    };
    let found = plan(
        "experiments/mem0-vs-mem0g.toml",
        &["variant[mem0].system.extractor.batch=0"],
    );
    let questions = found["questions"].as_u64().expect("a number");
    let calls = |name: &str| {
        let variants = found["variants"].as_array().expect("variants").iter();
        let mut named = variants.filter(|variant| variant["name"] == name);
        named.next().expect(name)["calls"].clone()
    };
    let bounds = |calls: &Value, step: &str| {
        let of = |bound: &str| calls[step][bound].as_f64();
        (of("low").unwrap_or(0.0), of("high").unwrap_or(0.0))
    };
    // Whole sessions, once per speaker; how many facts come of them nobody knows.
    let mem0 = calls("mem0");
    assert_eq!(bounds(&mem0, "extract"), (48.0, 48.0));
    assert!(mem0["summary"].is_null());
    let (low, high) = bounds(&mem0, "update");
    assert!(low > 0.0 && high > 2.0 * low, "{low} {high}");
    let all = questions as f64;
    assert_eq!(bounds(&mem0, "answer"), (all, all));
    assert_eq!(bounds(&mem0, "judge"), (all, all));
    // Two calls per message pair, perhaps one about conflicts; and two per question, one for each memory.
    let mem0g = calls("mem0g");
    let (windows, _) = bounds(&mem0g, "extract");
    assert!(windows > 472.0, "two per pair: {windows}");
    let (low, high) = bounds(&mem0g, "graph");
    let sure = 2.0 * windows + 2.0 * all;
    assert!(
        low >= sure && high > low && high <= sure + windows,
        "{low} {high}: {sure}"
    );
    let full = calls("full-context");
    assert!(full["extract"].is_null() && full["update"].is_null());
}
