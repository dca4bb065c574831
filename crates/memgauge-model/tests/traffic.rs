//! Caches, recordings and cassettes, as a run meets them.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use memgauge_core::{
    CallOutcome, ChatMessage, ChatModel, ChatReply, ChatRequest, Completion, ComponentError,
    EmbedCall, Embedded, Embedder, ErrorKind, Finish, ModelError, Purpose, Spent, Traffic, Usage,
};
use memgauge_model::{Calls, Cassette, Entry, EntryKind, Exchange, Kept, TrafficError};

/// A model behind an API, as far as an exchange can tell: it answers by the words of a request and
/// counts how often it is asked.
#[derive(Default)]
struct Provider {
    asked: AtomicUsize,
    delay: Duration,
    /// Overrides by words.
    says: BTreeMap<&'static str, Result<(&'static str, Finish), ErrorKind>>,
}

impl Provider {
    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn saying(
        says: impl IntoIterator<Item = (&'static str, Result<(&'static str, Finish), ErrorKind>)>,
    ) -> Arc<Self> {
        Arc::new(Self {
            says: says.into_iter().collect(),
            ..Self::default()
        })
    }
}

#[async_trait]
impl ChatModel for Provider {
    fn id(&self) -> &str {
        "provider/model-1"
    }

    fn key(&self, request: &ChatRequest, epoch: u32) -> String {
        let text = format!(
            "{}\n{epoch}\n{}",
            self.id(),
            serde_json::to_string(request).unwrap()
        );
        blake3::hash(text.as_bytes()).to_hex().to_string()
    }

    async fn complete(&self, request: &ChatRequest, _epoch: u32) -> Completion<ChatReply> {
        let number = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        tokio::time::sleep(self.delay).await;
        let words = request.messages.last().unwrap().content.as_str();
        let result = match self.says.get(words) {
            Some(Err(kind)) => Err(ModelError::new(*kind, format!("no: {words}"))),
            Some(Ok((text, finish))) => Ok(((*text).to_owned(), *finish)),
            None => Ok((format!("{words}: {number}"), Finish::Stop)),
        };
        Completion {
            result: result.map(|(text, finish)| ChatReply {
                text,
                finish,
                usage: Usage {
                    input: Some(7),
                    output: Some(3),
                    dollars: Some(0.25),
                    ..Usage::default()
                },
                model: Some("model-1-2026".to_owned()),
            }),
            spent: Spent {
                attempts: 2,
                provider: Duration::from_nanos(12_345_678),
                ..Spent::default()
            },
        }
    }
}

fn asking(words: &str) -> ChatRequest {
    ChatRequest::text(vec![
        ChatMessage::system("Be brief."),
        ChatMessage::user(words),
    ])
}

async fn ask(model: &Arc<dyn ChatModel>, words: &str) -> Completion<ChatReply> {
    model.complete(&asking(words), 0).await
}

async fn recording(folder: &Path) -> Exchange {
    let exchange = Exchange::record(None);
    let (calls, cassette) = places(folder);
    exchange.begin(&calls, &cassette).await.unwrap();
    exchange
}

fn places(folder: &Path) -> (std::path::PathBuf, std::path::PathBuf) {
    (folder.join("calls"), folder.join("cassette.jsonl.gz"))
}

#[tokio::test]
async fn an_answered_request_is_not_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let provider = Arc::new(Provider::default());
    let cache = folder.path().join("cache");
    let (first, second);
    {
        let exchange = Exchange::cached(&cache);
        let model = exchange.chat(provider.clone());
        exchange.ready().unwrap();
        first = ask(&model, "hello").await;
        second = ask(&model, "hello").await;
    }
    assert_eq!(provider.asked(), 1);
    assert_eq!(
        (first.spent.traffic, first.spent.attempts),
        (Traffic::Live, 2)
    );
    assert_eq!(
        (second.spent.traffic, second.spent.attempts),
        (Traffic::Cache, 0)
    );
    assert_eq!(second.spent.provider, Duration::ZERO);
    assert_eq!(second.spent.replayed, Some(Duration::from_micros(12_345)));
    assert_eq!(first.result, second.result);

    // Another run, another repeat, another question.
    let exchange = Exchange::cached(&cache);
    let model = exchange.chat(provider.clone());
    assert_eq!(ask(&model, "hello").await.result, first.result);
    model.complete(&asking("hello"), 1).await.result.unwrap();
    ask(&model, "bye").await.result.unwrap();
    assert_eq!(provider.asked(), 3);
    let report = exchange.report();
    assert_eq!((report.distinct, report.usable), (3, 3));
    assert_eq!(
        report.chats,
        BTreeMap::from([(Traffic::Live, 2), (Traffic::Cache, 1)])
    );

    // No cache: everything is sent.
    let live = Exchange::live().chat(provider.clone());
    assert_eq!(ask(&live, "hello").await.spent.traffic, Traffic::Live);
    assert_eq!(provider.asked(), 4);
}

#[tokio::test]
async fn what_failed_or_was_cut_short_is_asked_for_again() {
    let folder = tempfile::tempdir().unwrap();
    let provider = Provider::saying([
        ("cut", Ok(("a lon", Finish::Length))),
        ("empty", Ok((" \n", Finish::Stop))),
        ("filter", Ok(("x", Finish::Filter))),
        ("gone", Err(ErrorKind::Transient)),
        ("never", Err(ErrorKind::Permanent)),
    ]);
    let exchange = Exchange::cached(folder.path());
    let model = exchange.chat(provider.clone());
    for round in 1..=2 {
        for words in ["cut", "empty", "filter", "gone", "never"] {
            assert_eq!(ask(&model, words).await.spent.traffic, Traffic::Live);
        }
        assert_eq!(provider.asked(), 5 * round);
    }
    let report = exchange.report();
    assert_eq!((report.truncated, report.empty, report.failed), (2, 2, 4));
    assert_eq!(Calls::open(folder.path()).unwrap().len().unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn equal_requests_at_the_same_time_are_sent_once() {
    let folder = tempfile::tempdir().unwrap();
    let provider = Arc::new(Provider {
        delay: Duration::from_millis(50),
        ..Provider::default()
    });
    let exchange = Exchange::cached(folder.path());
    let model = exchange.chat(provider.clone());
    let tasks: Vec<_> = (0..16)
        .map(|index| {
            let model = Arc::clone(&model);
            tokio::spawn(async move { ask(&model, if index % 2 == 0 { "a" } else { "b" }).await })
        })
        .collect();
    let mut replies = Vec::new();
    for task in tasks {
        replies.push(task.await.unwrap().result.unwrap().text);
    }
    assert_eq!(provider.asked(), 2);
    replies.sort();
    replies.dedup();
    assert_eq!(replies.len(), 2);
    let report = exchange.report();
    assert_eq!(
        report.chats,
        BTreeMap::from([(Traffic::Live, 2), (Traffic::Cache, 14)])
    );
}

#[tokio::test]
async fn a_recording_replays_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let all = ["hello", "cut", "empty", "long", "never", "other"];
    let provider = Provider::saying([
        ("cut", Ok(("a lon", Finish::Length))),
        ("empty", Ok(("", Finish::Stop))),
        ("long", Err(ErrorKind::ContextTooLong)),
        ("never", Err(ErrorKind::Permanent)),
        ("gone", Err(ErrorKind::Transient)),
    ]);
    let exchange = recording(folder.path()).await;
    let model = exchange.chat(provider.clone());
    let mut live = Vec::new();
    for words in all {
        live.push(ask(&model, words).await);
    }
    // Asked again, the recording answers, refusals too.
    for (words, first) in all.iter().zip(&live) {
        let again = ask(&model, words).await;
        assert_eq!(again.spent.traffic, Traffic::Cache, "{words}");
        assert_eq!(again.result, first.result);
    }
    assert_eq!(provider.asked(), all.len());
    ask(&model, "gone").await.result.unwrap_err();
    assert_eq!(exchange.report().unrecorded, 1);
    let (calls, path) = places(folder.path());
    let exported = exchange.end(&path).unwrap().unwrap();
    assert_eq!((exported.entries, exported.path), (6, path.clone()));
    assert!(!calls.exists());
    // After the end nothing is asked.
    let late = ask(&model, "new").await.result.unwrap_err();
    assert_eq!(late.kind, ErrorKind::Storage);

    let asked = provider.asked();
    let replay = Exchange::replay(&path).unwrap();
    let model = replay.chat(provider.clone());
    for (words, first) in all.iter().zip(&live) {
        let replayed = ask(&model, words).await;
        assert_eq!(replayed.result, first.result);
        assert_eq!(replayed.spent.traffic, Traffic::Cassette);
        assert_eq!(replayed.spent.attempts, 0);
        assert_eq!(replayed.spent.replayed, Some(Duration::from_micros(12_345)));
    }
    let words = format!("{} end", "why ".repeat(60));
    for missing in ["gone", words.as_str()] {
        let error = ask(&model, missing).await.result.unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotRecorded);
        let start: String = missing.chars().take(100).collect();
        for part in ["cassette.jsonl.gz", "provider/model-1", start.as_str()] {
            assert!(error.message.contains(part), "{part}: {}", error.message);
        }
        assert!(!error.message.contains("end"), "{}", error.message);
    }
    assert_eq!(provider.asked(), asked, "a replay asks nobody");
    let report = replay.report();
    assert_eq!(
        (report.missed, report.truncated, report.empty, report.failed),
        (2, 1, 1, 2)
    );
}

#[tokio::test]
async fn cassettes_of_equal_content_are_equal() {
    let record = async |order: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        let exchange = recording(folder.path()).await;
        let provider = Provider::saying([
            ("a", Ok(("one", Finish::Stop))),
            ("b", Ok(("two", Finish::Stop))),
            ("c", Err(ErrorKind::ContextTooLong)),
        ]);
        let model = exchange.chat(provider);
        let embedder = exchange.embedder(Arc::new(Vectors::default()));
        for words in order {
            let _ = ask(&model, words).await;
        }
        embedder.embed(&["a", "b", "c"]).await.unwrap();
        let (_, path) = places(folder.path());
        exchange.end(&path).unwrap();
        std::fs::read(path).unwrap()
    };
    let first = record(&["a", "b", "c"]).await;
    let second = record(&["c", "b", "a", "a"]).await;
    assert!(first == second, "the order of requests shows in the bytes");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.gz");
    std::fs::write(&path, &first).unwrap();
    let cassette = Cassette::read(&path).unwrap();
    assert_eq!(cassette.len(), 6);
    // Through a cache and out again: no date, no request, the same bytes.
    let calls = Calls::open(&folder.path().join("calls")).unwrap();
    let entries: Vec<Entry> = cassette.entries().cloned().collect();
    calls.put(&entries).await.unwrap();
    let again = folder.path().join("again.gz");
    Cassette::write(&calls, &again, |_| true).unwrap();
    assert!(std::fs::read(&again).unwrap() == first);
}

#[tokio::test]
async fn an_interrupted_recording_goes_on_and_asks_again_what_was_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (calls, path) = places(folder.path());
    let first = Provider::saying([("key", Err(ErrorKind::Permanent))]);
    {
        let exchange = recording(folder.path()).await;
        let model = exchange.chat(first.clone());
        ask(&model, "hello").await.result.unwrap();
        ask(&model, "key").await.result.unwrap_err();
    }
    assert!(calls.exists());
    let second = Arc::new(Provider::default());
    for round in 0..2 {
        // The second time the run had finished: its cassette is taken up again.
        let exchange = recording(folder.path()).await;
        let model = exchange.chat(second.clone());
        let hello = ask(&model, "hello").await;
        assert_eq!(hello.spent.traffic, Traffic::Cache);
        assert_eq!(hello.result.unwrap().text, "hello: 1");
        assert_eq!(ask(&model, "key").await.result.unwrap().text, "key: 1");
        assert_eq!(second.asked(), 1);
        exchange.end(&path).unwrap();
        assert_eq!(Cassette::read(&path).unwrap().len(), 2, "round {round}");
        assert!(!calls.exists());
    }
}

/// An embedder behind an API: the numbers of a vector come from the text; batches of two.
#[derive(Default)]
struct Vectors {
    sent: Mutex<Vec<Vec<String>>>,
}

#[async_trait]
impl Embedder for Vectors {
    fn id(&self) -> &str {
        "provider/vectors"
    }

    fn dimensions(&self) -> usize {
        3
    }

    fn text_key(&self, text: &str, purpose: Purpose) -> Option<String> {
        if text.is_empty() {
            return None;
        }
        let text = format!("{purpose:?} {text}");
        Some(blake3::hash(text.as_bytes()).to_hex().to_string())
    }

    fn batch(&self) -> usize {
        2
    }

    async fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, ComponentError> {
        self.embed_for(texts, Purpose::Passage).await.result
    }

    async fn embed_for(&self, texts: &[&str], _purpose: Purpose) -> Embedded {
        let sent = texts.iter().map(|text| (*text).to_owned()).collect();
        self.sent.lock().unwrap().push(sent);
        let vector = |text: &&str| {
            if text.is_empty() {
                return vec![0.0; 3];
            }
            let x = text.len() as f32;
            vec![1.0 / x, -x.sqrt(), f32::from(text.as_bytes()[0]) / 3.0]
        };
        let refused = texts.iter().any(|text| text.contains("too long"));
        let kind = if refused {
            ErrorKind::ContextTooLong
        } else {
            ErrorKind::Transient
        };
        let fails = refused || texts.contains(&"down");
        Embedded {
            result: if fails {
                Err(ComponentError::new("vectors", kind, "refused"))
            } else {
                Ok(texts.iter().map(vector).collect())
            },
            own: Duration::ZERO,
            calls: vec![EmbedCall {
                request: "r".to_owned(),
                inputs: texts.len() as u64,
                served_by: Some("vectors-2026".to_owned()),
                usage: Usage {
                    input: Some(10),
                    dollars: Some(0.5),
                    ..Usage::default()
                },
                outcome: if fails {
                    CallOutcome::Failed(kind)
                } else {
                    CallOutcome::Usable
                },
                spent: Spent {
                    attempts: 1,
                    provider: Duration::from_micros(1001),
                    ..Spent::default()
                },
            }],
        }
    }
}

#[tokio::test]
async fn vectors_are_kept_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let provider = Arc::new(Vectors::default());
    let exchange = Exchange::cached(folder.path());
    let embedder = exchange.embedder(provider.clone());
    let expected = Vectors::default()
        .embed(&["one", "three", "one", "fifteen"])
        .await
        .unwrap();
    let first = embedder
        .embed_for(&["one", "three", "one", "fifteen"], Purpose::Passage)
        .await;
    assert_eq!(first.result.unwrap(), expected);
    // Each text once, at most two at a time.
    assert_eq!(
        *provider.sent.lock().unwrap(),
        [
            vec!["one".to_owned(), "three".to_owned()],
            vec!["fifteen".to_owned()]
        ]
    );
    assert_eq!(first.calls.len(), 2);
    // Another batch: one is new.
    let second = embedder
        .embed_for(&["fifteen", "seven", "one"], Purpose::Passage)
        .await;
    assert_eq!(second.result.unwrap()[2], expected[0]);
    assert_eq!(provider.sent.lock().unwrap()[2], ["seven".to_owned()]);
    let [cached, live] = second.calls.as_slice() else {
        panic!("{:?}", second.calls);
    };
    assert_eq!((cached.spent.traffic, cached.inputs), (Traffic::Cache, 2));
    assert_eq!((live.spent.traffic, live.inputs), (Traffic::Live, 1));
    // What two texts took together is told again when both are served.
    let both = embedder
        .embed_for(&["three", "one"], Purpose::Passage)
        .await;
    let [row] = both.calls.as_slice() else {
        panic!("{:?}", both.calls);
    };
    assert_eq!(row.usage.input, Some(10));
    assert_eq!(row.usage.dollars, Some(0.5));
    assert_eq!(row.spent.replayed, Some(Duration::from_micros(1001)));
    assert_eq!(row.spent.attempts, 0);
    // A query is another text.
    embedder
        .embed_for(&["one"], Purpose::Query)
        .await
        .result
        .unwrap();
    assert_eq!(provider.sent.lock().unwrap().len(), 4);
    let report = exchange.report();
    assert_eq!(report.texts[&Traffic::Live], 5);
    assert_eq!(report.texts[&Traffic::Cache], 4);
    assert_eq!(report.distinct, 5);
}

#[tokio::test]
async fn blank_texts_are_never_sent_and_never_missed() {
    let folder = tempfile::tempdir().unwrap();
    let batch = ["", "one", "", "three"];
    let expected = Vectors::default().embed(&batch).await.unwrap();
    let exchange = recording(folder.path()).await;
    let embedder = exchange.embedder(Arc::new(Vectors::default()));
    assert_eq!(embedder.embed(&batch).await.unwrap(), expected);
    let (_, path) = places(folder.path());
    assert_eq!(exchange.end(&path).unwrap().unwrap().entries, 2);
    let replay = Exchange::replay(&path).unwrap();
    let provider = Arc::new(Vectors::default());
    let embedder = replay.embedder(provider.clone());
    assert_eq!(embedder.embed(&batch).await.unwrap(), expected);
    assert_eq!(embedder.embed(&[""]).await.unwrap(), [vec![0.0; 3]]);
    let sent = provider.sent.lock().unwrap();
    assert!(sent.iter().flatten().all(String::is_empty), "{sent:?}");
}

#[tokio::test]
async fn what_was_paid_for_before_a_failure_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let provider = Arc::new(Vectors::default());
    let exchange = Exchange::cached(folder.path());
    let embedder = exchange.embedder(provider.clone());
    let texts = ["a", "b", "down", "c", "d"];
    let failed = embedder.embed_for(&texts, Purpose::Passage).await;
    assert_eq!(failed.result.unwrap_err().kind, ErrorKind::Transient);
    assert_eq!(failed.calls.len(), 2);
    assert_eq!(provider.sent.lock().unwrap().len(), 2);
    embedder.embed(&["a", "b"]).await.unwrap();
    assert_eq!(provider.sent.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn refused_batches_replay_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let exchange = recording(folder.path()).await;
    let embedder = exchange.embedder(Arc::new(Vectors::default()));
    let batch = ["a", "b", "c", "too long", "never sent"];
    let live = embedder.embed_for(&batch, Purpose::Passage).await;
    assert_eq!(live.result.unwrap_err().kind, ErrorKind::ContextTooLong);
    // A text that was refused for another's sake can be asked for alone.
    let alone = embedder.embed(&["c"]).await.unwrap();
    let (_, path) = places(folder.path());
    exchange.end(&path).unwrap();
    let replay = Exchange::replay(&path).unwrap();
    let provider = Arc::new(Vectors::default());
    let embedder = replay.embedder(provider.clone());
    let again = embedder.embed_for(&batch, Purpose::Passage).await;
    let error = again.result.unwrap_err();
    assert_eq!(
        (error.kind, error.message.as_str()),
        (ErrorKind::ContextTooLong, "refused")
    );
    assert_eq!(embedder.embed(&["c"]).await.unwrap(), alone);
    let missed = embedder.embed(&["a", "unheard of"]).await.unwrap_err();
    assert_eq!(missed.kind, ErrorKind::NotRecorded);
    assert!(missed.message.contains("unheard of"), "{missed}");
    assert!(provider.sent.lock().unwrap().is_empty());
    assert_eq!(replay.report().missed, 1);
}

#[tokio::test]
async fn embedders_that_compute_here_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    let exchange = Exchange::cached(&cache);
    let config: memgauge_model::StaticConfig = Default::default();
    let local: Arc<dyn Embedder> =
        memgauge_core::Build::<memgauge_model::Model>::build(&config, &NoParts)
            .unwrap()
            .embedder()
            .unwrap();
    let embedder = exchange.embedder(Arc::clone(&local));
    assert!(Arc::ptr_eq(&local, &embedder));
    exchange.ready().unwrap();
    assert!(!cache.exists(), "an offline run leaves no cache");
}

struct NoParts;

impl memgauge_core::Parts for NoParts {
    fn embedder(
        &self,
        name: &str,
    ) -> Result<memgauge_core::EmbedderHandle, memgauge_core::BuildError> {
        Err(memgauge_core::BuildError::new(name))
    }

    fn tokenizer(
        &self,
        name: &str,
    ) -> Result<Arc<dyn memgauge_core::Tokenizer>, memgauge_core::BuildError> {
        Err(memgauge_core::BuildError::new(name))
    }

    fn folder(&self) -> &Path {
        Path::new("")
    }
}

const SHARED: &str = "MEMGAUGE_TEST_SHARED_CACHE";

/// The other processes of the test below; alone it does nothing.
#[tokio::test]
async fn a_process_that_shares_the_cache() {
    let Some(folder) = std::env::var_os(SHARED) else {
        return;
    };
    let exchange = Exchange::cached(Path::new(&folder));
    let model = exchange.chat(Arc::new(Provider::default()));
    for number in 0..40 {
        ask(&model, &format!("shared {number}"))
            .await
            .result
            .unwrap();
        let own = format!("{} {number}", std::process::id());
        ask(&model, &own).await.result.unwrap();
    }
}

#[tokio::test]
async fn processes_share_a_cache() {
    let folder = tempfile::tempdir().unwrap();
    let mut children: Vec<_> = (0..3)
        .map(|_| {
            Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "a_process_that_shares_the_cache"])
                .env(SHARED, folder.path())
                .stdout(std::process::Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    // This process reads and writes meanwhile.
    let provider = Arc::new(Provider::default());
    let exchange = Exchange::cached(folder.path());
    let model = exchange.chat(provider.clone());
    for number in 0..40 {
        ask(&model, &format!("mine {number}")).await.result.unwrap();
    }
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    let calls = Calls::open(folder.path()).unwrap();
    assert_eq!(calls.len().unwrap(), 40 + 40 + 3 * 40);
    let asked = provider.asked();
    for number in 0..40 {
        let reply = ask(&model, &format!("shared {number}")).await;
        assert_eq!(reply.spent.traffic, Traffic::Cache);
    }
    assert_eq!(provider.asked(), asked);
}

#[tokio::test]
async fn a_full_cache_is_an_error_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let calls = Calls::open_sized(folder.path(), 256 << 10).unwrap();
    // The exchange finds the same database open.
    let exchange = Exchange::cached(folder.path());
    let provider = Arc::new(Provider::default());
    let model = exchange.chat(provider.clone());
    let mut kept = 0;
    let error = loop {
        let words = format!("{kept} {}", "x".repeat(2_000));
        match ask(&model, &words).await.result {
            Ok(_) => kept += 1,
            Err(error) => break error,
        }
        assert!(kept < 1_000, "256 KiB hold no thousand prompts of 2 kB");
    };
    assert_eq!(error.kind, ErrorKind::Storage);
    assert!(error.message.contains("full"), "{error}");
    assert!(kept > 10, "{kept}");
    assert_eq!(calls.len().unwrap(), kept);
    let asked = provider.asked();
    ask(&model, &format!("0 {}", "x".repeat(2_000)))
        .await
        .result
        .unwrap();
    assert_eq!(provider.asked(), asked);
    // Room can be made.
    let (removed, bytes) = calls.remove(|entry| entry.kind == EntryKind::Chat).unwrap();
    assert_eq!(removed, kept);
    assert!(bytes > 20_000, "{bytes}");
    ask(&model, "again").await.result.unwrap();
}

#[tokio::test]
async fn a_damaged_cache_says_so() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("data.mdb"), vec![7_u8; 8192]).unwrap();
    let exchange = Exchange::cached(folder.path());
    let provider = Arc::new(Provider::default());
    let model = exchange.chat(provider.clone());
    let error = exchange.ready().unwrap_err();
    assert!(matches!(error, TrafficError::Format { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains(folder.path().to_str().unwrap()), "{text}");
    assert!(text.contains("delete the folder"), "{text}");
    let error = ask(&model, "hello").await.result.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Storage);
    assert_eq!(
        provider.asked(),
        0,
        "nothing is paid for that cannot be kept"
    );
}

#[tokio::test]
async fn a_cassette_that_cannot_be_read_says_where() {
    use std::io::Write;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.jsonl.gz");
    let header = r#"{"memgauge-cassette":1,"tool":"0.1.0"}"#;
    let line = |key: &str| {
        format!(
            r#"{{"kind":"chat","key":"{key}","model":"m","text":"t","finish":"stop","usage":{{"input":null,"output":null,"cached":null,"reasoning":null,"counted":false,"dollars":null}},"ms":1.0}}"#
        )
    };
    let read = |lines: &[&str]| {
        let file = std::fs::File::create(&path).unwrap();
        let mut out = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
        for line in lines {
            writeln!(out, "{line}").unwrap();
        }
        out.finish().unwrap();
        Cassette::read(&path)
    };
    let (a, b) = (line("a"), line("b"));
    assert_eq!(read(&[header, &a, &b]).unwrap().len(), 2);
    let newer = header.replace(":1,", ":2,");
    for (lines, number, word) in [
        (vec![header, &b, &a], 3, "out of order"),
        (vec![header, &a, &a], 3, "there twice"),
        (vec![header, &a, "{\"kind\""], 3, "EOF"),
        (vec![a.as_str()], 1, "not a cassette"),
        (vec![newer.as_str(), &a], 1, "its version is 2"),
        (vec![], 1, "empty"),
    ] {
        let error = read(&lines).unwrap_err().to_string();
        assert!(error.contains(&format!("c.jsonl.gz:{number}: ")), "{error}");
        assert!(error.contains(word), "{word}: {error}");
    }
    read(&[header, &a, &b]).unwrap();
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() - 10]).unwrap();
    let error = Cassette::read(&path).unwrap_err().to_string();
    assert!(error.contains("decompressed"), "{error}");
    std::fs::write(&path, "plain text").unwrap();
    assert!(
        Cassette::read(&path)
            .unwrap_err()
            .to_string()
            .contains("decompressed")
    );
    assert!(matches!(
        Cassette::read(folder.path().join("none").as_path()),
        Err(TrafficError::Io { .. })
    ));
}

#[tokio::test]
async fn a_cache_keeps_the_request_and_a_cassette_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let exchange = recording(folder.path()).await;
    let model = exchange.chat(Provider::saying([("who?", Ok(("me", Finish::Stop)))]));
    ask(&model, "who?").await.result.unwrap();
    let (calls, path) = places(folder.path());
    let entry = Calls::open(&calls)
        .unwrap()
        .get(EntryKind::Chat, &model.key(&asking("who?"), 0))
        .unwrap()
        .unwrap();
    assert!(entry.request.unwrap().to_string().contains("who?"));
    assert!(entry.recorded.is_some());
    exchange.end(&path).unwrap();
    let cassette = Cassette::read(&path).unwrap();
    let entry = cassette.entries().next().unwrap();
    assert_eq!((&entry.request, &entry.recorded), (&None, &None));
    assert_eq!(
        entry.kept,
        Kept::Reply {
            text: "me".to_owned(),
            finish: Finish::Stop
        }
    );
}
