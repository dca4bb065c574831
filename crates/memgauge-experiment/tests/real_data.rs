//! The stores on the real LOCOMO with the built-in embedder.
#![expect(clippy::print_stderr, reason = "tests say which real data they used")]
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::path::{Path, PathBuf};
use std::time::Instant;

use memgauge_core::{Embedder, Fact, Filter, MemoryKind, MemoryOp, MemoryReader, Scope, Source};
use memgauge_dataset::{Entry, locomo};
use memgauge_model::{Static, StaticWeights};
use memgauge_store::{ArroyConfig, Change, ExactConfig, Store, StoreConfig, VectorConfig};

fn real_data(test: &str) -> Option<PathBuf> {
    match std::env::var_os("MEMGAUGE_DATA") {
        Some(folder) => {
            eprintln!("real-data test ran: {test}");
            Some(PathBuf::from(folder))
        }
        None => {
            eprintln!("real-data test skipped: {test}");
            None
        }
    }
}

fn store(folder: &Path, vectors: VectorConfig, entry: &Entry, embedder: &Static) -> Store {
    let config = StoreConfig {
        vectors,
        ..StoreConfig::with_dimensions(Embedder::dimensions(embedder))
    };
    let store = Store::create(folder, &config).unwrap();
    let changes: Vec<Change> = entry
        .conversation
        .turns()
        .map(|(session, turn)| {
            let text = format!("{}: {}", turn.speaker, turn.text);
            Change {
                embedding: Some(embedder.embed_text(&text)),
                op: MemoryOp::Add(Fact {
                    kind: MemoryKind::Verbatim,
                    text,
                    speaker: Some(turn.speaker.clone()),
                    sources: vec![Source::cited(turn.id)],
                    held_at: session.held_at,
                    metadata: Default::default(),
                }),
                conversation: entry.conversation.head.id.clone(),
                scope: Scope::default(),
                at: session.held_at,
            }
        })
        .collect();
    store.apply(&changes).unwrap();
    store.seal().unwrap();
    store
}

#[test]
fn real_data_arroy_finds_what_exact_finds() {
    let Some(data) = real_data("arroy against exact") else {
        return;
    };
    let dataset = locomo::load(data.join("datasets/locomo10.json")).unwrap();
    let embedder = Static::new(StaticWeights::Zipf);
    let folder = tempfile::tempdir().unwrap();
    let (mut found, mut wanted) = (0_usize, 0_usize);
    let mut times = [0.0_f64; 2];
    for (number, entry) in dataset.conversations.iter().enumerate() {
        let build = |name: &str, vectors| {
            store(
                &folder.path().join(format!("{name}-{number}")),
                vectors,
                entry,
                &embedder,
            )
        };
        let exact = build("exact", VectorConfig::from(ExactConfig::default()));
        let arroy = build("arroy", VectorConfig::from(ArroyConfig::default()));
        for item in &entry.items {
            let query = embedder.embed_text(&item.question.text);
            let mut ids = [&exact, &arroy]
                .into_iter()
                .zip(&mut times)
                .map(|(store, time)| {
                    let start = Instant::now();
                    let hits = store.nearest(&Filter::default(), &query, 10).unwrap();
                    *time += start.elapsed().as_secs_f64();
                    hits.into_iter().map(|hit| hit.id).collect::<Vec<_>>()
                });
            let (truth, guess) = (ids.next().unwrap(), ids.next().unwrap());
            wanted += truth.len();
            found += truth.iter().filter(|id| guess.contains(id)).count();
        }
    }
    let recall = found as f64 / wanted as f64;
    let per_query = times.map(|seconds| 1e6 * seconds / (wanted as f64 / 10.0));
    eprintln!(
        "arroy recall@10 on LOCOMO: {recall:.4}; mean search {:.0} us, exact {:.0} us",
        per_query[1], per_query[0]
    );
    assert_eq!(wanted, 19_860);
    assert!(recall >= 0.99, "{recall}");
}
