//! Work that fails half done.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use memgauge_core::{
    ComponentError, Cx, EmbedderHandle, ErrorKind, Fact, MemoryOp, MemoryView, Meter, Scope, Stage,
    UpdatePolicy, Window,
};
use memgauge_store::{Store, StoreConfig};

use super::background::{Background, Work};
use super::consolidate::{Consolidator, Portion};
use crate::extractor::verbatim::{Verbatim, VerbatimConfig};
use crate::retriever::fake::{WORDS, WordEmbedder};
use crate::system::tests::sample;

/// Looks something up for every fact, and fails at one of them, once.
struct Flaky {
    decided: AtomicUsize,
    fails: usize,
}

#[async_trait]
impl UpdatePolicy for Flaky {
    fn kind(&self) -> &'static str {
        "flaky"
    }

    async fn decide(
        &self,
        cx: &Cx,
        facts: Vec<Fact>,
        memory: &dyn MemoryView,
    ) -> Result<Vec<MemoryOp>, ComponentError> {
        for fact in &facts {
            memory.similar(cx, &fact.text, 3).await?;
        }
        if self.decided.fetch_add(1, Ordering::SeqCst) + 1 == self.fails {
            let kind = ErrorKind::Transient;
            return Err(ComponentError::new("flaky", kind, "not now"));
        }
        Ok(facts.into_iter().map(MemoryOp::Add).collect())
    }
}

#[tokio::test]
async fn what_was_done_of_failed_work_is_not_done_again() {
    let folder = tempfile::tempdir().unwrap();
    let config = StoreConfig::with_dimensions(WORDS.len());
    let consolidator = Arc::new(Consolidator {
        extractor: Box::new(Verbatim::new(&VerbatimConfig::default()).unwrap()),
        update: Box::new(Flaky {
            decided: AtomicUsize::new(0),
            fails: 3,
        }),
        embedder: Some(EmbedderHandle::new(Arc::new(WordEmbedder))),
        store: Store::create(&folder.path().join("store"), &config).unwrap(),
        graph: None,
    });
    let background = Background::new(Arc::clone(&consolidator), 4, false);
    let of = sample("c");
    let session = &of.sessions[0];
    let portion = Portion {
        window: Window {
            head: &of.head,
            session,
            turns: &session.turns,
            before: &[],
            perspective: None,
        },
        scope: &Scope::user("c"),
        metadata: None,
    };
    let booking = background.book(&of.head.id, 1, std::time::Instant::now());
    let work = Work::new(&portion, 0, 0);
    background.add(&booking, &work).await.unwrap();
    let meter = Meter::new();
    let cx = meter.at(Stage::Index);
    assert!(background.flush(&cx).await.is_err());
    // Two of three facts are stored, and the third waits.
    let store = &consolidator.store;
    assert_eq!((store.len(), store.queue_len().unwrap()), (2, 1));
    assert_eq!(meter.counters()["extractor:verbatim"], 1);

    // Told now, also what was done before the failure.
    let events = background.flush(&cx).await.unwrap();
    assert_eq!(events.len(), 3);
    assert_eq!((store.len(), store.queue_len().unwrap()), (3, 0));
    assert_eq!(store.history_len().unwrap(), 3);
    // Nor are its facts extracted again.
    assert_eq!(meter.counters()["extractor:verbatim"], 1);
    background.close().await;
}

/// Never decides about what it does not like.
struct Picky;

#[async_trait]
impl UpdatePolicy for Picky {
    fn kind(&self) -> &'static str {
        "picky"
    }

    async fn decide(
        &self,
        _: &Cx,
        facts: Vec<Fact>,
        _: &dyn MemoryView,
    ) -> Result<Vec<MemoryOp>, ComponentError> {
        if facts.iter().any(|fact| fact.text.contains("poison")) {
            return Err(ComponentError::new("picky", ErrorKind::Permanent, "never"));
        }
        Ok(facts.into_iter().map(MemoryOp::Add).collect())
    }
}

#[tokio::test]
async fn work_that_can_never_be_done_is_put_aside_and_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let config = StoreConfig::with_dimensions(WORDS.len());
    let consolidator = Arc::new(Consolidator {
        extractor: Box::new(Verbatim::new(&VerbatimConfig::default()).unwrap()),
        update: Box::new(Picky),
        embedder: Some(EmbedderHandle::new(Arc::new(WordEmbedder))),
        store: Store::create(&folder.path().join("store"), &config).unwrap(),
        graph: None,
    });
    let background = Background::new(Arc::clone(&consolidator), 4, true);
    let of = sample("c");
    let mut session = of.sessions[0].clone();
    session.turns.truncate(1);
    for text in ["tea", "poison", "milk"] {
        session.turns[0].text = text.to_owned();
        let portion = Portion {
            window: Window {
                head: &of.head,
                session: &session,
                turns: &session.turns,
                before: &[],
                perspective: None,
            },
            scope: &Scope::user("c"),
            metadata: None,
        };
        let booking = background.book(&of.head.id, 1, std::time::Instant::now());
        let work = Work::new(&portion, 0, 0);
        background.add(&booking, &work).await.unwrap();
    }
    let meter = Meter::new();
    let cx = meter.at(Stage::Index);
    assert_eq!(background.flush(&cx).await.unwrap().len(), 2);
    let told = background.put_aside().map(|failure| failure.message);
    assert_eq!(told.as_deref(), Some("never"));
    assert!(background.put_aside().is_none());
    let store = &consolidator.store;
    assert_eq!((store.len(), store.queue_len().unwrap()), (2, 0));
    let aside = super::put_aside(store).unwrap();
    assert_eq!(aside, [("poison".to_owned(), "picky: never".to_owned())]);
    background.close().await;
}
