//! Caches, recordings and cassettes, as a run meets them.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod files;
mod vectors;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use memgauge_core::{
    ChatMessage, ChatModel, ChatReply, ChatRequest, Completion, ErrorKind, Finish, ModelError,
    Spent, Traffic, Usage,
};
use memgauge_model::{Calls, Cassette, Exchange};

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
