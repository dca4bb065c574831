//! Writing to, opening and searching a store: exact, arroy and lexical, at the size of a
//! conversation (700 memories) and of a larger memory (10,000).

#![expect(clippy::unwrap_used, reason = "a failed call ends the benchmark")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use jiff::civil::date;
use memgauge_core::{
    ConversationId, Fact, Filter, MemoryKind, MemoryOp, MemoryReader, Scope, Source, TurnId,
};
use memgauge_store::{ArroyConfig, Change, ExactConfig, Store, StoreConfig, VectorConfig};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

const DIMENSIONS: usize = 256;
const SIZES: [usize; 2] = [700, 10_000];
/// Words of a turn of dialogue, about as many as LOCOMO's have.
const WORDS: usize = 22;

/// A word of a vocabulary in which the nth is about n times rarer than the first.
fn word(rng: &mut StdRng) -> String {
    let share: f64 = rng.random();
    let rank = (5_000_f64).powf(share) as u32;
    format!("w{rank}")
}

fn text(rng: &mut StdRng, words: usize) -> String {
    let words: Vec<String> = (0..words).map(|_| word(rng)).collect();
    words.join(" ")
}

fn vector(rng: &mut StdRng) -> Vec<f32> {
    (0..DIMENSIONS)
        .map(|_| rng.random_range(-1.0..1.0))
        .collect()
}

fn changes(count: usize) -> Vec<Change> {
    let mut rng = StdRng::seed_from_u64(5);
    (0..count as u32)
        .map(|n| {
            let held_at = date(2023, 5, 1).at(13, 56, 0, 0);
            Change {
                op: MemoryOp::Add(Fact {
                    kind: MemoryKind::Verbatim,
                    text: text(&mut rng, WORDS),
                    speaker: None,
                    sources: vec![Source::cited(TurnId::new(n / 25 + 1, n % 25 + 1))],
                    held_at,
                    metadata: BTreeMap::from([("session".to_owned(), (n / 25).to_string())]),
                }),
                conversation: ConversationId::new("conv"),
                scope: Scope::user("conv"),
                embedding: Some(vector(&mut rng)),
                at: held_at,
            }
        })
        .collect()
}

fn filled(dir: &Path, vectors: VectorConfig, changes: &[Change]) -> Store {
    let config = StoreConfig {
        vectors,
        ..StoreConfig::with_dimensions(DIMENSIONS)
    };
    let store = Store::create(dir, &config).unwrap();
    store.apply(changes).unwrap();
    store.seal().unwrap();
    store
}

fn searching(c: &mut Criterion) {
    let mut group = c.benchmark_group("search");
    group.measurement_time(Duration::from_secs(3));
    let filter = Filter::scope(Scope::user("conv"));
    for size in SIZES {
        let changes = changes(size);
        let folder = tempfile::tempdir().unwrap();
        let mut rng = StdRng::seed_from_u64(6);
        let vectors: Vec<Vec<f32>> = (0..64).map(|_| vector(&mut rng)).collect();
        let texts: Vec<String> = (0..64).map(|_| text(&mut rng, 9)).collect();
        let kinds = [
            VectorConfig::Exact(ExactConfig::default()),
            VectorConfig::Arroy(ArroyConfig::default()),
        ];
        for kind in kinds {
            let name = kind.kind();
            let store = filled(&folder.path().join(name), kind, &changes);
            let mut queries = vectors.iter().cycle();
            group.bench_function(BenchmarkId::new(name, size), |b| {
                b.iter(|| {
                    let query = queries.next().unwrap();
                    black_box(store.nearest(&filter, query, 10).unwrap())
                });
            });
            if name == "exact" {
                let mut queries = texts.iter().cycle();
                group.bench_function(BenchmarkId::new("lexical", size), |b| {
                    b.iter(|| {
                        let query = queries.next().unwrap();
                        black_box(store.search(&filter, query, 10).unwrap())
                    });
                });
            }
        }
    }
    group.finish();
}

fn writing(c: &mut Criterion) {
    let mut group = c.benchmark_group("write");
    group
        .measurement_time(Duration::from_secs(3))
        .sample_size(20);
    let changes = changes(700);
    let (rest, session) = changes.split_at(675);
    let exact = || VectorConfig::Exact(ExactConfig::default());
    group.bench_function("apply 25 adds to 675", |b| {
        b.iter_batched(
            || {
                let folder = tempfile::tempdir().unwrap();
                let store = filled(&folder.path().join("store"), exact(), rest);
                (folder, store)
            },
            |(folder, store)| {
                store.apply(session).unwrap();
                (folder, store)
            },
            BatchSize::PerIteration,
        );
    });
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("store");
    drop(filled(&dir, exact(), &changes));
    group.bench_function("open 700", |b| {
        b.iter_with_large_drop(|| black_box(Store::open(&dir).unwrap().len()));
    });
    group.finish();
}

criterion_group!(store, searching, writing);
criterion_main!(store);
