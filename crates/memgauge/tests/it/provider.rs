//! A provider on this machine: models behind an API, a key, the cache, cassettes and their secrets.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::{Ended, bytes, end, memgauge, only_run};

const KEY: &str = "sk-test-3f9a77c1d0e24b";

/// Speaks as much of OpenAI's protocol as memgauge needs; counts requests and notes their bodies.
struct Provider {
    address: String,
    served: Arc<AtomicUsize>,
    bodies: Arc<Mutex<Vec<String>>>,
}

impl Provider {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let served = Arc::new(AtomicUsize::new(0));
        let bodies = Arc::new(Mutex::new(Vec::new()));
        let (count, seen) = (Arc::clone(&served), Arc::clone(&bodies));
        // It ends with the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (count, seen) = (Arc::clone(&count), Arc::clone(&seen));
                std::thread::spawn(move || while talk(&stream, &count, &seen).is_some() {});
            }
        });
        Self {
            address,
            served,
            bodies,
        }
    }

    fn served(&self) -> usize {
        self.served.load(Ordering::SeqCst)
    }

    /// A config whose chat model and embeddings are this provider's.
    fn config(&self, folder: &Path) -> PathBuf {
        let path = folder.join("provider.toml");
        let address = &self.address;
        std::fs::write(
            &path,
            format!(
                r#"
name = "provider"
dataset = {{ kind = "sample", limit = 2 }}
answerer = {{ kind = "llm", model = "chat" }}

[models.chat]
kind = "openai"
provider = "here"
base-url = "http://{address}/v1"
api-key-env = "PROVIDER_KEY"
model = "little-1"

[models.vectors]
kind = "openai-embeddings"
provider = "here"
base-url = "http://{address}/v1"
api-key-env = "PROVIDER_KEY"
model = "vectors-1"
dimensions = 8

[[variant]]
name = "turns"
system = {{ kind = "turns", embedder = "vectors", retriever = {{ kind = "hybrid", k = 5 }} }}
"#
            ),
        )
        .expect("a config");
        path
    }
}

/// One request; `None` when the other side is gone.
fn talk(mut stream: &TcpStream, served: &AtomicUsize, seen: &Mutex<Vec<String>>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line.trim().is_empty() {
            break;
        }
        head.push(line.trim().to_owned());
    }
    let header = |name: &str| {
        head.iter().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    };
    let length: usize = header("content-length")?.parse().ok()?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let text = String::from_utf8(body).ok()?;
    let request: Value = serde_json::from_str(&text).ok()?;
    let (status, reply) = if header("authorization") != Some(&format!("Bearer {KEY}")) {
        (
            "401 Unauthorized",
            json!({"error": {"message": format!("bad key {KEY}")}}),
        )
    } else {
        served.fetch_add(1, Ordering::SeqCst);
        seen.lock().expect("bodies").push(text);
        ("200 OK", answer(&head[0], &request))
    };
    let reply = reply.to_string();
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{reply}",
        reply.len()
    )
    .ok()
}

fn answer(line: &str, request: &Value) -> Value {
    if line.contains("/embeddings") {
        let texts: Vec<&Value> = match &request["input"] {
            Value::Array(texts) => texts.iter().collect(),
            one => vec![one],
        };
        let data: Vec<Value> = texts
            .iter()
            .enumerate()
            .map(|(index, text)| {
                let mut vector = [0.1_f64; 8];
                for byte in text.as_str().unwrap_or_default().bytes() {
                    vector[usize::from(byte % 8)] += f64::from(byte) / 64.0;
                }
                json!({"object": "embedding", "index": index, "embedding": vector})
            })
            .collect();
        return json!({
            "object": "list", "data": data, "model": "vectors-1-2026",
            "usage": {"prompt_tokens": 4 * texts.len(), "total_tokens": 4 * texts.len()},
        });
    }
    let words = request["messages"].to_string();
    let text = if request["response_format"].is_object() {
        "{\"word\": \"ready\"}".to_owned()
    } else {
        format!("an answer to {} characters", words.len())
    };
    json!({
        "id": "c", "object": "chat.completion", "created": 1,
        "model": format!("{}-2026", request["model"].as_str().unwrap_or_default()),
        "choices": [{
            "index": 0, "finish_reason": "stop",
            "message": {"role": "assistant", "content": text},
        }],
        "usage": {"prompt_tokens": words.len() / 4, "completion_tokens": 5, "total_tokens": 9},
    })
}

fn with_key() -> Command {
    let mut command = memgauge();
    command.env("PROVIDER_KEY", KEY);
    command
}

fn run(mut command: Command, config: &Path, out: &Path, more: &[&str]) -> Ended {
    end(command
        .arg("run")
        .arg(config)
        .arg("--out")
        .arg(out)
        .args(more))
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// Every file below `folder`, with its bytes; a cassette is unpacked.
fn contents(folder: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            contents(&path, found);
            continue;
        }
        if path.extension().is_some_and(|ending| ending == "gz") {
            let cassette = memgauge_model::Cassette::read(&path).expect("a cassette");
            let entries: Vec<_> = cassette.entries().collect();
            found.push((path.clone(), format!("{entries:?}").into_bytes()));
        }
        let bytes = std::fs::read(&path).expect("a file");
        found.push((path, bytes));
    }
}

#[test]
fn what_was_paid_for_is_not_paid_for_again_and_no_key_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let provider = Provider::start();
    let config = provider.config(folder.path());
    let all = folder.path().join("all");
    let cache = all.join("cache");
    let cached = ["--cache", text(&cache), "--jobs", "2"];
    let ended = run(with_key(), &config, &all.join("first"), &cached);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(ended.stderr.contains(" live), "), "{}", ended.stderr);
    let asked = provider.served();
    assert!(asked > 10, "{asked}");
    let told: BTreeSet<String> = provider
        .bodies
        .lock()
        .expect("bodies")
        .iter()
        .cloned()
        .collect();
    assert_eq!(told.len(), asked, "an equal request was sent twice");

    // The same again, and another run that shares part of it: the cache serves.
    let again = run(with_key(), &config, &all.join("second"), &cached);
    assert_eq!(again.code, 0, "{}", again.stderr);
    assert!(again.stderr.contains(" cache), "), "{}", again.stderr);
    assert_eq!(provider.served(), asked);

    // Recorded: everything is sent, and the cassette needs neither provider nor key.
    let ended = run(
        with_key(),
        &config,
        &all.join("third"),
        &["--traffic", "record"],
    );
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(provider.served(), 2 * asked);
    let recorded = only_run(&all.join("third"));
    let cassette = recorded.join("cassette.jsonl.gz");
    let replay = ["--traffic", "replay", "--cassette", text(&cassette)];
    let ended = run(memgauge(), &config, &all.join("fourth"), &replay);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(provider.served(), 2 * asked);
    let first = only_run(&all.join("first"));
    for other in ["second", "third", "fourth"] {
        let other = only_run(&all.join(other));
        for file in ["records.jsonl", "ingest.jsonl", "contexts.jsonl"] {
            assert!(
                bytes(&first, file) == bytes(&other, file),
                "{file} of {}",
                other.display()
            );
        }
    }

    // A replay that lacks a reply stops, and names the request.
    let ended = run(
        memgauge(),
        &config,
        &all.join("fifth"),
        &[&replay[..], &["--limit", "3"]].concat(),
    );
    assert_eq!(ended.code, 4, "{}", ended.stderr);
    for word in [
        "holds no reply of here/",
        "cassette.jsonl.gz",
        "to request ",
    ] {
        assert!(ended.stderr.contains(word), "{word}: {}", ended.stderr);
    }
    assert_eq!(provider.served(), 2 * asked);

    let mut found = Vec::new();
    contents(&all, &mut found);
    assert!(
        found
            .iter()
            .any(|(path, _)| path.ends_with("cache/data.mdb"))
    );
    assert!(found.len() > 20, "{}", found.len());
    for (path, bytes) in found {
        let has_key = bytes
            .windows(KEY.len())
            .any(|window| window == KEY.as_bytes());
        assert!(!has_key, "{} holds the key", path.display());
    }
}

#[test]
fn a_run_without_its_key_is_refused_before_anything_is_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let provider = Provider::start();
    let config = provider.config(folder.path());
    let out = folder.path().join("runs");
    for mode in ["live", "cached", "record"] {
        let ended = run(memgauge(), &config, &out, &["--traffic", mode]);
        assert_eq!(ended.code, 2, "{mode}: {}", ended.stderr);
        for word in [
            "PROVIDER_KEY",
            "models.chat",
            "--traffic replay",
            "provider.toml:",
        ] {
            assert!(ended.stderr.contains(word), "{word}: {}", ended.stderr);
        }
    }
    assert!(!out.exists());
    // A plan costs nothing and needs nothing; a dry run takes the models away.
    let ended = end(memgauge().arg("plan").arg(&config));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let dry = [
        "--set",
        "models.chat={kind=\"fake\"}",
        "--set",
        "models.vectors={kind=\"fake-embeddings\"}",
    ];
    let ended = run(memgauge(), &config, &out, &dry);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(ended.stderr.contains(" fake), "), "{}", ended.stderr);
    assert_eq!(provider.served(), 0);
}

#[test]
fn the_doctor_reaches_a_provider_and_names_what_is_missing() {
    let folder = tempfile::tempdir().expect("a folder");
    let provider = Provider::start();
    let config = provider.config(folder.path());
    let ended = end(with_key().arg("doctor").arg(&config));
    assert_eq!(ended.code, 0, "{}\n{}", ended.stdout, ended.stderr);
    for word in [
        "little-1-2026",
        "vectors-1-2026",
        "8, norm 1.000",
        "reported",
        "yes",
        "unknown",
    ] {
        assert!(ended.stdout.contains(word), "{word}\n{}", ended.stdout);
    }
    let ended = end(memgauge().arg("doctor").arg(&config));
    assert_eq!(ended.code, 1);
    assert!(
        ended.stdout.contains("needs PROVIDER_KEY"),
        "{}",
        ended.stdout
    );
    // A provider that repeats the key it was given does not get it printed.
    let ended = end(memgauge()
        .env("PROVIDER_KEY", "sk-wrong-1111222233334444")
        .args(["doctor", "--format", "json"])
        .arg(&config));
    assert_eq!(ended.code, 1, "{}", ended.stdout);
    let found: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    assert_eq!(found["models"][0]["well"], false);
    for told in [&ended.stdout, &ended.stderr] {
        assert!(!told.contains("sk-wrong"), "{told}");
    }
}

#[test]
fn every_cell_of_a_sweep_over_models_asks_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let provider = Provider::start();
    let config = provider.config(folder.path());
    let mut written = std::fs::read_to_string(&config).expect("the config");
    written.push_str(
        r#"
[[sweep]]
variant = "turns"
[sweep.axes]
"models.chat.model" = ["little-1", "little-2"]
"#,
    );
    std::fs::write(&config, written).expect("a config");
    let out = folder.path().join("runs");
    let live = ["--traffic", "live", "--set", "controls=false"];
    let ended = run(with_key(), &config, &out, &live);
    assert_eq!(ended.code, 0, "{}", ended.stderr);

    // What the provider was asked: both models the same, and each under its own name.
    let bodies = provider.bodies.lock().expect("bodies").clone();
    let asked = |model: &str| -> BTreeSet<String> {
        let bodies = bodies.iter().map(|body| {
            let body: Value = serde_json::from_str(body).expect("JSON");
            (body["model"].clone(), body["messages"].to_string())
        });
        bodies
            .filter(|(name, _)| name == model)
            .map(|(_, messages)| messages)
            .collect()
    };
    let (one, two) = (asked("little-1"), asked("little-2"));
    assert!(!one.is_empty());
    assert_eq!(one, two);

    // And what the run says: every cell's calls went to its model, and are other requests.
    let calls = crate::models::rows(&only_run(&out), "calls.jsonl");
    let of = |variant: &str| -> BTreeSet<(String, String)> {
        let mine = calls
            .iter()
            .filter(|call| call["variant"] == variant && call["stage"] == "answer");
        let told = |call: &Value, key: &str| call[key].as_str().unwrap_or_default().to_owned();
        mine.map(|call| (told(call, "served_by"), told(call, "request")))
            .collect()
    };
    let (one, two) = (of("turns,model=little-1"), of("turns,model=little-2"));
    assert_eq!(one.len(), 6);
    for (calls, model) in [(&one, "little-1-2026"), (&two, "little-2-2026")] {
        assert!(calls.iter().all(|(served, _)| served == model), "{calls:?}");
    }
    let requests = |calls: &BTreeSet<(String, String)>| -> BTreeSet<String> {
        calls.iter().map(|(_, request)| request.clone()).collect()
    };
    assert!(requests(&one).is_disjoint(&requests(&two)));
}
