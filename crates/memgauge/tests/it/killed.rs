//! Runs that are killed at random points and go on: to the same bytes, and nothing that was kept is paid for
//! again.
#![cfg(unix)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use memgauge_model::{Calls, EntryKind};
use serde_json::{Value, json};

use crate::fault::{Answer, FaultServer, Request};
use crate::{bytes, end, memgauge, only_run};

const POINTS: usize = 50;
const JOBS: usize = 4;
/// Texts in a request, at most.
const BATCH: usize = 5;
const FILES: [&str; 3] = ["records.jsonl", "ingest.jsonl", "contexts.jsonl"];

/// Extraction with a rolling summary in the background, vectors behind an API, answers and labels by a model: every
/// way of calling one.
const CONFIG: &str = r#"
name = "killed"
dataset = { kind = "sample", conversations = ["sample-1", "sample-2"], limit = 4 }
answerer = { kind = "llm" }
judge = { kind = "llm" }
controls = false
repeats = { answer = 2 }

[models.chat]
kind = "openai"
provider = "here"
base-url = "BASE"
api-key-env = ""
model = "little"
price-input = 1.0
price-output = 2.0

[models.vectors]
kind = "openai-embeddings"
provider = "here"
base-url = "BASE"
api-key-env = ""
model = "vectors"
dimensions = 8
batch = 5
price-input = 0.5

[[variant]]
name = "facts"
system = { kind = "turns", embedder = "vectors", extractor = { kind = "llm", batch = 0, summary = { every = 1, lag = 2 } }, retriever = { kind = "hybrid", k = 3 } }

[[variant]]
name = "turns"
system = { kind = "turns", embedder = "vectors", retriever = { kind = "dense", k = 3 }, fusion = { kind = "single" } }

[[variant]]
name = "full-context"
system = { kind = "full-context" }
"#;

/// What a request asks for: the messages of a chat, or one text of many.
type Asked = (EntryKind, String);

/// All that was asked for, by request.
type Log = Mutex<Vec<Vec<Asked>>>;

/// A provider that answers equal requests alike, and notes what it was asked.
struct Provider {
    server: FaultServer,
    arrived: Arc<AtomicUsize>,
    asked: Arc<Log>,
}

impl Provider {
    fn start() -> Self {
        let (arrived, asked) = (Arc::<AtomicUsize>::default(), Arc::<Log>::default());
        let (count, list) = (Arc::clone(&arrived), Arc::clone(&asked));
        let server = FaultServer::start(move |request| {
            list.lock().expect("the list").push(asked_for(request));
            count.fetch_add(1, Ordering::SeqCst);
            reply(request).after(Duration::from_millis(2))
        });
        Self {
            server,
            arrived,
            asked,
        }
    }

    fn arrived(&self) -> usize {
        self.arrived.load(Ordering::SeqCst)
    }

    /// How often each thing was asked for.
    fn counts(&self) -> BTreeMap<Asked, usize> {
        let mut counts = BTreeMap::new();
        for asked in self.asked.lock().expect("the list").iter().flatten() {
            *counts.entry(asked.clone()).or_default() += 1;
        }
        counts
    }
}

fn asked_for(request: &Request) -> Vec<Asked> {
    if let Some(texts) = request.body["input"].as_array() {
        let texts = texts.iter().filter_map(Value::as_str);
        return texts
            .map(|text| (EntryKind::Embedding, text.to_owned()))
            .collect();
    }
    // The repeat of a stage is no part of what a model is told.
    vec![(EntryKind::Chat, contents(&request.body["messages"]))]
}

fn contents(messages: &Value) -> String {
    let messages = messages.as_array().map(Vec::as_slice).unwrap_or_default();
    let contents = messages
        .iter()
        .filter_map(|message| message["content"].as_str());
    contents.collect::<Vec<_>>().join("\n")
}

/// A reply that follows from the request alone.
fn reply(request: &Request) -> Answer {
    if let Some(texts) = request.body["input"].as_array() {
        let vector = |text: &Value| {
            let digest = blake3::hash(text.as_str().unwrap_or_default().as_bytes());
            let bytes = digest.as_bytes().iter().take(8);
            let numbers: Vec<f32> = bytes.map(|byte| f32::from(*byte) - 127.5).collect();
            numbers
        };
        let data: Vec<Value> = texts
            .iter()
            .enumerate()
            .map(|(index, text)| json!({"object": "embedding", "index": index, "embedding": vector(text)}))
            .collect();
        // By text, whatever the requests are.
        let tokens = 4 * texts.len();
        return Answer::json(&json!({
            "object": "list", "model": "served", "data": data,
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
        }));
    }
    let words = contents(&request.body["messages"]);
    let digest = blake3::hash(words.as_bytes()).to_hex();
    let name = digest.get(..6).unwrap_or_default();
    let schema = &request.body["response_format"]["json_schema"]["schema"]["properties"];
    let text = if schema["facts"].is_object() {
        json!({"facts": [format!("Ann knows {name}"), format!("Bob met {name} in May")]})
            .to_string()
    } else if schema["label"].is_object() {
        json!({"label": "CORRECT"}).to_string()
    } else {
        format!("It is {name}")
    };
    Answer::chat(&text)
}

/// Numbers that look random, the same ones every time.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) % n
    }
}

/// One run of the experiment with a provider and a cache of its own.
struct Attempt {
    provider: Provider,
    config: PathBuf,
    out: PathBuf,
    cache: PathBuf,
}

impl Attempt {
    fn new(folder: &Path) -> Self {
        let provider = Provider::start();
        std::fs::create_dir_all(folder).expect("a folder");
        let config = folder.join("killed.toml");
        let text = CONFIG.replace("BASE", &provider.server.base_url());
        std::fs::write(&config, text).expect("a config");
        Self {
            provider,
            config,
            out: folder.join("runs"),
            cache: folder.join("cache"),
        }
    }

    /// The run that has begun, unless none has.
    fn begun(&self) -> Option<PathBuf> {
        let entries = std::fs::read_dir(&self.out).ok()?;
        let names = entries.map(|entry| entry.expect("an entry").path());
        let is_hidden = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default();
            name.to_string_lossy().starts_with('.')
        };
        let runs: Vec<PathBuf> = names.filter(|path| !is_hidden(path)).collect();
        assert!(runs.len() < 2, "{runs:?}");
        runs.into_iter().next()
    }

    /// Begins the run, or goes on with it.
    fn command(&self) -> std::process::Command {
        let mut command = memgauge();
        command.args(["run", "--quiet", "--jobs", &JOBS.to_string(), "--cache"]);
        command.arg(&self.cache);
        match self.begun() {
            Some(run) => command.arg("--resume").arg(run),
            None => command.arg(&self.config).arg("--out").arg(&self.out),
        };
        command
    }

    fn finish(&self) -> PathBuf {
        let ended = end(&mut self.command());
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        self.begun().expect("a run")
    }

    fn spawn(&self) -> Child {
        let mut command = self.command();
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().expect("memgauge starts")
    }

    /// Kills the process once so many requests have arrived since it began, and a little later.
    fn kill_at(&self, requests: usize, later: Duration) {
        let before = self.provider.arrived();
        let mut child = self.spawn();
        let deadline = Instant::now() + Duration::from_secs(60);
        while self.provider.arrived() - before < requests {
            // A resumed run may have less left to ask.
            if child.try_wait().expect("a state").is_some() {
                return;
            }
            assert!(Instant::now() < deadline, "no request arrives any more");
            std::thread::sleep(Duration::from_micros(200));
        }
        std::thread::sleep(later);
        child.kill().expect("a kill");
        child.wait().expect("an end");
    }

    /// What the cache holds: it is paid for.
    fn kept(&self) -> BTreeSet<Asked> {
        let mut kept = BTreeSet::new();
        if !self.cache.exists() {
            return kept;
        }
        let calls = Calls::open(&self.cache).expect("the cache");
        let each = |entry: memgauge_model::Entry, _| {
            let request = entry.request.unwrap_or_default();
            kept.insert(match entry.kind {
                EntryKind::Embedding => (entry.kind, request.as_str().expect("a text").to_owned()),
                EntryKind::Chat => (entry.kind, contents(&request["messages"])),
            });
            Ok(())
        };
        calls.for_each(each).expect("entries");
        kept
    }
}

fn json_of(run: &Path, file: &str) -> Value {
    serde_json::from_slice(&bytes(run, file)).expect("JSON")
}

/// Dollars of all replies that came.
fn paid(run: &Path) -> f64 {
    let text = String::from_utf8(bytes(run, "paid.jsonl")).expect("UTF-8");
    let dollars = text.lines().map(|line| {
        let row: Value = serde_json::from_str(line).expect("JSON");
        row["dollars"].as_f64().expect("a price")
    });
    dollars.sum()
}

/// The dearest reply: 10 tokens at 1 dollar a million, and 5 at 2.
const REPLY: f64 = 20e-6;

#[test]
fn killed_at_fifty_random_points_a_run_goes_on_to_the_same_bytes_and_pays_nothing_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    let undisturbed = Attempt::new(&folder.path().join("undisturbed"));
    let whole = undisturbed.finish();
    let wanted = undisturbed.provider.counts();
    let requests = undisturbed.provider.arrived();
    assert!(requests > 60, "{requests}");
    assert_eq!(json_of(&whole, "manifest.json")["resent"], Value::Null);

    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (mut unfinished, mut resent_in_all) = (0, 0);
    for point in 0..POINTS {
        let attempt = Attempt::new(&folder.path().join(point.to_string()));
        // Before the first request, between any two, and after the last.
        let at = random.below(requests as u64 + 4) as usize;
        let spread = if at == 0 || at >= requests {
            40_000
        } else {
            4_000
        };
        let later = Duration::from_micros(random.below(spread));
        attempt.kill_at(at.min(requests), later);
        if point % 3 == 0 {
            attempt.kill_at(
                random.below(20) as usize,
                Duration::from_micros(random.below(4_000)),
            );
        }
        let kept = attempt.kept();
        let finished = attempt
            .begun()
            .is_some_and(|run| run.join("summary.json").exists());
        unfinished += usize::from(!finished);
        let before = attempt.provider.counts();
        let run = attempt.finish();

        let place = format!("point {point}: after {at} requests and {later:?}");
        assert_eq!(only_run_beside_drafts(&attempt.out), run, "{place}");
        for file in FILES {
            assert!(bytes(&run, file) == bytes(&whole, file), "{place}: {file}");
        }
        for left in ["sent.jsonl", "stores"] {
            assert!(!run.join(left).exists(), "{place}: {left}");
        }
        let after = attempt.provider.counts();
        assert!(after.keys().eq(wanted.keys()), "{place}");
        for (asked, times) in &after {
            let (usual, then) = (wanted[asked], before.get(asked).copied().unwrap_or(0));
            let again = times - usual;
            if kept.contains(asked) && usual == 1 {
                assert_eq!(*times, then, "{place}: {asked:?} was kept and sent again");
            }
            assert!(
                again <= 2 * usual,
                "{place}: {asked:?} was sent {times} times"
            );
        }
        // What was sent again is counted, and no more than what was under way.
        let resent = json_of(&run, "manifest.json")["resent"]
            .as_u64()
            .unwrap_or(0) as usize;
        let again = after.iter().map(|(asked, times)| times - wanted[asked]);
        let again: usize = again.sum();
        assert!(
            again <= resent * BATCH,
            "{place}: {again} asked for again, {resent} requests told"
        );
        let kills = 1 + usize::from(point % 3 == 0);
        assert!(resent <= kills * 2 * JOBS, "{place}: {resent}");
        let (paid, usual) = (paid(&run), paid(&whole));
        let most = usual + resent as f64 * REPLY;
        assert!(
            usual - 1e-9 < paid && paid < most + 1e-9,
            "{place}: {paid} paid, not {usual} and {resent} replies"
        );
        resent_in_all += resent;
    }
    assert!(2 * unfinished > POINTS, "only {unfinished} were unfinished");
    eprintln!(
        "{POINTS} kills, {unfinished} of unfinished runs, {resent_in_all} requests sent again"
    );
}

/// The one run in `out`; what a kill left of a beginning is hidden, and nobody's run.
fn only_run_beside_drafts(out: &Path) -> PathBuf {
    for entry in std::fs::read_dir(out).expect("the folder of runs") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') {
            assert!(name.ends_with(".part"), "{name}");
            std::fs::remove_dir_all(&path).expect("a draft");
        }
    }
    only_run(out)
}
