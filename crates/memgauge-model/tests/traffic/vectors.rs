//! Vectors, one by one.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use memgauge_core::{
    CallOutcome, ComponentError, EmbedCall, Embedded, Embedder, ErrorKind, Purpose, Spent, Traffic,
    Usage,
};
use memgauge_model::Exchange;

use crate::{places, recording};

/// An embedder behind an API: the numbers of a vector come from the text; batches of two.
#[derive(Default)]
pub(crate) struct Vectors {
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
