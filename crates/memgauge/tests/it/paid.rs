//! A model on this machine that has a price: what tests of limits, shared work and plans run against.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::fault::{Answer, FaultServer, Request};
use crate::{Ended, bytes, end, memgauge};

/// Dollars of a reply: 10 tokens sent, 5 received, a tenth of a cent each.
pub const REPLY: f64 = 0.015;

/// Answers, labels, empty lists of facts, and vectors of 8 numbers, each `wait` later.
pub fn server(wait: Duration) -> FaultServer {
    FaultServer::start(move |request| answer(request).after(wait))
}

fn answer(request: &Request) -> Answer {
    if request.path.ends_with("/embeddings") {
        let texts = texts(request);
        let vector = |text: &String| -> Vec<f32> {
            let mut vector = vec![0.1; 8];
            for byte in text.bytes() {
                vector[usize::from(byte % 8)] += f32::from(byte) / 64.0;
            }
            vector
        };
        return Answer::vectors(&texts.iter().map(vector).collect::<Vec<_>>());
    }
    match form(request).as_str() {
        "verdict" => Answer::chat(r#"{"label": "CORRECT"}"#),
        "facts" => Answer::chat(r#"{"facts": ["Somebody said something."]}"#),
        _ => Answer::chat("Skipton"),
    }
}

/// Name of the form that a reply must have; empty where it is text.
pub fn form(request: &Request) -> String {
    let name = &request.body["response_format"]["json_schema"]["name"];
    name.as_str().unwrap_or_default().to_owned()
}

/// What is to be embedded.
pub fn texts(request: &Request) -> Vec<String> {
    let inputs = request.body["input"].as_array().cloned();
    let inputs = inputs.unwrap_or_default().into_iter();
    inputs
        .filter_map(|text| text.as_str().map(str::to_owned))
        .collect()
}

/// An experiment on the first sample conversation whose models are `server`'s.
pub fn config(folder: &Path, server: &FaultServer, prices: &str, rest: &str) -> PathBuf {
    let path = folder.join("paid.toml");
    let url = server.base_url();
    let text = format!(
        r#"
name = "paid"
controls = false
jobs = 4
{rest}

[models.chat]
kind = "openai"
provider = "priced"
base-url = "{url}"
api-key-env = ""
model = "m"
max-tokens = 20
max-attempts = 1
{prices}

[models.vectors]
kind = "openai-embeddings"
provider = "priced"
base-url = "{url}"
api-key-env = ""
model = "v"
dimensions = 8
price-input = 1000.0
"#
    );
    std::fs::write(&path, text).expect("a config");
    path
}

/// A tenth of a cent for each token.
pub const PRICES: &str = "price-input = 1000.0\nprice-output = 1000.0";

/// `memgauge run CONFIG` with a cache and a folder of its own.
pub fn command(config: &Path, folder: &Path, name: &str, more: &[&str]) -> Command {
    let mut command = memgauge();
    command
        .args(["run", "--quiet"])
        .arg(config)
        .arg("--out")
        .arg(folder.join(name))
        .args(more);
    command
}

/// As [`command`], to its end.
pub fn run(config: &Path, folder: &Path, name: &str, more: &[&str]) -> Ended {
    end(&mut command(config, folder, name, more))
}

/// `memgauge plan CONFIG --format json`.
pub fn plan(config: &Path, more: &[&str]) -> Value {
    let mut command = memgauge();
    command.args(["plan", "--format", "json"]).arg(config);
    let ended = end(command.args(more));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    serde_json::from_str(&ended.stdout).expect("JSON")
}

/// Rows of a JSON Lines file; none where there is no file.
pub fn rows(run: &Path, file: &str) -> Vec<Value> {
    if !run.join(file).exists() {
        return Vec::new();
    }
    let text = String::from_utf8(bytes(run, file)).expect("UTF-8");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

/// The summary of a run.
pub fn summary(run: &Path) -> Value {
    serde_json::from_slice(&bytes(run, "summary.json")).expect("JSON")
}

/// Whether no two requests ask the same: neither chats nor texts to embed.
pub fn asks_nothing_twice(requests: &[Request]) -> bool {
    let mut seen = BTreeSet::new();
    requests.iter().all(|request| {
        let texts = texts(request);
        if texts.is_empty() {
            seen.insert(request.body.to_string())
        } else {
            texts
                .into_iter()
                .all(|text| seen.insert(json!([text]).to_string()))
        }
    })
}
