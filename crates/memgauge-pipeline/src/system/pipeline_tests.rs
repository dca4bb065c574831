//! Memories per speaker, and consolidation behind the caller's back.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use memgauge_core::{
    BuildError, ComponentError, Conversation, Embedder, EmbedderHandle, ErrorKind, MemorySystem,
    Meter, OpKind, Parts, Stage, Tokenizer,
};
use serde_json::json;
use tokio::sync::Semaphore;

use super::tests::{ask, ingest, sample, system, talk, turns};
use super::{PipelineConfig, TurnsConfig};
use crate::retriever::fake::{CharTokenizer, WORDS, WordEmbedder};

async fn flush(system: &dyn MemorySystem, meter: &Arc<Meter>) -> Vec<memgauge_core::MemoryEvent> {
    let events = system.flush(&meter.at(Stage::Index)).await.unwrap();
    events.into_iter().map(|(_, event)| event).collect()
}

#[tokio::test]
async fn each_speaker_has_a_memory_and_a_block_of_the_context() {
    let folder = tempfile::tempdir().unwrap();
    let config = json!({
        "kind": "turns", "perspectives": "per-speaker", "fusion": {"kind": "single"},
        "retriever": {"kind": "dense", "k": 2},
    });
    let memory = system(config.clone(), folder.path());
    let events = ingest(memory.as_ref(), &Meter::new(), &sample("c")).await;
    assert_eq!(events.len(), 12);
    memory.flush(&Meter::new().at(Stage::Index)).await.unwrap();
    let meter = Meter::new();
    let id = memgauge_core::ConversationId::new("c");
    let question = memgauge_core::Question {
        id: "c/q0".parse().unwrap(),
        text: "Who paints a dog?".to_owned(),
    };
    let cx = meter.at(Stage::Search);
    let recall = memory.recall(&cx, &id, &question).await.unwrap();
    // Both memories are asked.
    assert_eq!(meter.counters()["retriever:dense"], 2);
    assert_eq!((recall.k, recall.candidates.len()), (4, 12));
    let owner = |hit: &memgauge_core::Hit| {
        let record = memory.memory(hit.id).unwrap().unwrap();
        assert_eq!(record.scope.user.as_deref(), Some("c"));
        record.scope.agent.unwrap()
    };
    let owners: Vec<String> = recall.candidates[..4].iter().map(owner).collect();
    assert_eq!(owners, ["Ann", "Bob", "Ann", "Bob"]);
    let ranks: Vec<u32> = recall.candidates[..4]
        .iter()
        .map(|hit| hit.lists[0].unwrap().rank)
        .collect();
    assert_eq!(ranks, [1, 1, 2, 2]);
    assert_eq!(
        turns(&recall),
        [["D2:1"], ["D1:1"], ["D2:1"], ["D1:1"]],
        "one block after the other"
    );
    let lines =
        "1:56 pm on 2 May, 2023: Bob: I paint a dog.\n1:56 pm on 1 May, 2023: Ann: My cat is old.";
    assert_eq!(
        recall.context.text,
        format!("Memories of Ann:\n{lines}\n\nMemories of Bob:\n{lines}")
    );
    // Headings are not retrieved.
    assert_eq!(recall.context.retrieved(), format!("{lines}\n{lines}"));
    let before = recall.context;
    drop(memory);
    // The speakers stand in the store.
    let again = system(config, folder.path());
    assert!(again.is_complete());
    let recall = ask(again.as_ref(), "c", "Who paints a dog?").await;
    assert_eq!(recall.context, before);
    // Nobody ever talked there.
    assert!(ask(again.as_ref(), "x", "cat").await.candidates.is_empty());
}

#[tokio::test]
async fn a_memory_with_little_in_it_takes_no_room_from_the_other() {
    let folder = tempfile::tempdir().unwrap();
    // Deduplicated inside each memory; the second speaker's is asked for more than it holds.
    let config = json!({
        "kind": "turns", "perspectives": "per-speaker", "fusion": {"kind": "single"},
        "retriever": {"kind": "lexical", "k": 3},
    });
    let memory = system(config, folder.path());
    ingest(memory.as_ref(), &Meter::new(), &sample("c")).await;
    memory.flush(&Meter::new().at(Stage::Index)).await.unwrap();
    // One turn has the word, in either memory: two memories found, all of them meant.
    let recall = ask(memory.as_ref(), "c", "dog").await;
    assert_eq!((recall.candidates.len(), recall.k), (2, 6));
}

#[tokio::test]
async fn the_background_does_what_is_done_inline_and_later() {
    for update in ["append", "dedupe", "merge-all"] {
        let mut all = Vec::new();
        for consolidation in [
            json!({"kind": "inline"}),
            json!({"kind": "background", "queue": 1}),
            json!({"kind": "background"}),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let config = json!({
                "kind": "turns", "consolidation": consolidation, "update": {"kind": update},
                "perspectives": "per-speaker",
            });
            let memory = system(config, folder.path());
            let ingesting = Meter::new();
            let mut events = ingest(memory.as_ref(), &ingesting, &sample("c")).await;
            let inline = consolidation["kind"] == "inline";
            assert_eq!(events.is_empty(), !inline);
            let flushing = Meter::new();
            events.extend(flush(memory.as_ref(), &flushing).await);
            // What it cost and when it could be found is booked where it is waited for.
            let (booked, other) = match inline {
                true => (&ingesting, &flushing),
                false => (&flushing, &ingesting),
            };
            assert_eq!(booked.counters()["extractor:verbatim"], 4);
            assert!(booked.charges()[&Stage::Index].inputs >= 6);
            assert!(!other.counters().contains_key("extractor:verbatim"));
            let sessions: Vec<u32> = booked.searchable().iter().map(|s| s.session).collect();
            assert_eq!(sessions, [1, 2]);
            assert!(booked.searchable().iter().all(|s| s.after.is_some()));
            assert!(other.searchable().is_empty());
            all.push((events, ask(memory.as_ref(), "c", "cat dog").await));
        }
        assert_eq!(all[0], all[1], "{update}");
        assert_eq!(all[0], all[2], "{update}");
    }
}

/// An embedder that waits for permission for every call, and fails calls when told to.
struct Gated {
    gate: Arc<Semaphore>,
    calls: AtomicUsize,
    fails: Arc<AtomicUsize>,
}

#[async_trait::async_trait]
impl Embedder for Gated {
    fn id(&self) -> &str {
        "gated"
    }

    fn dimensions(&self) -> usize {
        WORDS.len()
    }

    async fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, ComponentError> {
        let permit = self.gate.acquire().await.unwrap();
        permit.forget();
        if self.calls.fetch_add(1, Ordering::SeqCst) + 1 == self.fails.load(Ordering::SeqCst) {
            let kind = ErrorKind::Transient;
            return Err(ComponentError::new("gated", kind, "out of order"));
        }
        WordEmbedder.embed(texts).await
    }
}

struct GatedParts {
    folder: PathBuf,
    gate: Arc<Semaphore>,
    /// Which call fails; 0 = none.
    fails: Arc<AtomicUsize>,
}

impl GatedParts {
    fn new(folder: &std::path::Path, permits: usize, fails: usize) -> Self {
        Self {
            folder: folder.to_owned(),
            gate: Arc::new(Semaphore::new(permits)),
            fails: Arc::new(AtomicUsize::new(fails)),
        }
    }
}

impl Parts for GatedParts {
    fn embedder(&self, _: &str) -> Result<EmbedderHandle, BuildError> {
        Ok(EmbedderHandle::new(Arc::new(Gated {
            gate: Arc::clone(&self.gate),
            calls: AtomicUsize::new(0),
            fails: Arc::clone(&self.fails),
        })))
    }

    fn tokenizer(&self, _: &str) -> Result<Arc<dyn Tokenizer>, BuildError> {
        Ok(Arc::new(CharTokenizer))
    }

    fn folder(&self) -> &std::path::Path {
        &self.folder
    }
}

fn turns_config(config: serde_json::Value) -> PipelineConfig {
    let config: TurnsConfig = serde_json::from_value(config).unwrap();
    config.into()
}

fn many(sessions: usize) -> Conversation {
    let session: &[(&str, &str)] = &[("Ann", "A cat.")];
    talk("c", &vec![session; sessions])
}

#[tokio::test]
async fn adding_waits_only_while_the_queue_is_full() {
    let folder = tempfile::tempdir().unwrap();
    let parts = GatedParts::new(folder.path(), 0, 0);
    let config = turns_config(json!({"consolidation": {"kind": "background", "queue": 2}}));
    let memory = config.pipeline("turns", &parts).unwrap();
    let of = many(3);
    let meter = Meter::new();
    let cx = meter.at(Stage::Extract);
    for session in &of.sessions[..2] {
        memory.ingest(&cx, &of.head, session).await.unwrap();
    }
    assert_eq!(memory.store().queue_len().unwrap(), 2);
    let mut third = Box::pin(memory.ingest(&cx, &of.head, &of.sessions[2]));
    let early = tokio::time::timeout(Duration::from_millis(30), &mut third).await;
    assert!(early.is_err(), "there is no room");
    assert_eq!(memory.store().queue_len().unwrap(), 2);
    parts.gate.add_permits(1);
    third.await.unwrap();
    parts.gate.add_permits(100);
    assert_eq!(flush(&memory, &meter).await.len(), 3);
    assert_eq!(memory.store().queue_len().unwrap(), 0);
}

#[tokio::test]
async fn what_fails_stays_queued_and_is_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let parts = GatedParts::new(folder.path(), 100, 2);
    let config = turns_config(json!({"consolidation": {"kind": "background", "queue": 8}}));
    let memory = config.pipeline("turns", &parts).unwrap();
    let of = many(3);
    let meter = Meter::new();
    let cx = meter.at(Stage::Extract);
    let mut taken = 0;
    for session in &of.sessions {
        // Refused as soon as an earlier one has failed.
        taken += usize::from(memory.ingest(&cx, &of.head, session).await.is_ok());
    }
    let error = memory.flush(&meter.at(Stage::Index)).await.unwrap_err();
    let told = (error.component.as_str(), error.kind);
    assert_eq!(told, ("gated", ErrorKind::Transient));
    assert_eq!(memory.store().len(), 1);
    assert_eq!(memory.store().queue_len().unwrap() as usize, taken - 1);
    // What was paid for is booked all the same.
    assert_eq!(meter.counters()["extractor:verbatim"], 2);

    let events = flush(&memory, &Meter::new()).await;
    assert_eq!(events.len(), taken);
    assert!(events.iter().all(|event| event.op == OpKind::Add));
    assert_eq!(memory.store().queue_len().unwrap(), 0);
    assert_eq!(memory.store().len(), taken);
}

#[test]
fn a_queue_without_room_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let parts = GatedParts::new(folder.path(), 0, 0);
    let config = turns_config(json!({"consolidation": {"kind": "background", "queue": 0}}));
    let error = config.pipeline("turns", &parts).err().unwrap();
    assert_eq!(error.key.as_deref(), Some("consolidation.queue"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
