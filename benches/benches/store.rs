//! Writing to, sealing, opening and searching a store: exact, arroy and lexical, with and without a
//! filter.

#![expect(clippy::unwrap_used, reason = "a failed call ends the benchmark")]
#![expect(clippy::print_stderr, reason = "recall stands beside time")]

use std::collections::BTreeSet;
use std::hint::black_box;
use std::path::Path;

use benches::{Size, changes, clustered, sizes, text};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use memgauge_core::{Filter, MemoryId, MemoryReader, Scope};
use memgauge_store::{ArroyConfig, Change, ExactConfig, Store, StoreConfig, VectorConfig};
use rand::SeedableRng;
use rand::rngs::StdRng;

/// Questions that are asked in turn.
const QUERIES: usize = 64;
/// Memories that a question asks for.
const K: usize = 10;
/// Memories that are added at a time: a session.
const SESSION: usize = 25;

fn kinds() -> [VectorConfig; 2] {
    [
        VectorConfig::Exact(ExactConfig::default()),
        VectorConfig::Arroy(ArroyConfig::default()),
    ]
}

fn filled(dir: &Path, vectors: VectorConfig, size: Size, changes: &[Change]) -> Store {
    let config = StoreConfig {
        vectors,
        ..StoreConfig::with_dimensions(size.dimensions)
    };
    let store = Store::create(dir, &config).unwrap();
    store.apply(changes).unwrap();
    store
}

/// The store that everything is compared with, one with arroy's trees, and what both are asked.
struct Stores {
    exact: Store,
    arroy: Store,
    vectors: Vec<Vec<f32>>,
    texts: Vec<String>,
}

impl Stores {
    fn new(folder: &Path, size: Size) -> Self {
        let mut vectors = clustered(size.memories + QUERIES, size.dimensions, 11);
        let changes = changes(size, &vectors);
        let [exact, arroy] = kinds().map(|kind| {
            let store = filled(&folder.join(kind.kind()), kind, size, &changes);
            store.seal().unwrap();
            store
        });
        let mut rng = StdRng::seed_from_u64(6);
        Self {
            exact,
            arroy,
            vectors: vectors.split_off(size.memories),
            texts: (0..QUERIES).map(|_| text(&mut rng, 9)).collect(),
        }
    }

    /// Share of the exact answers that arroy finds.
    fn recall(&self, filter: &Filter) -> f64 {
        let found = |store: &Store, query: &[f32]| -> BTreeSet<MemoryId> {
            let list = store.nearest(filter, query, K).unwrap();
            list.into_iter().map(|hit| hit.id).collect()
        };
        let (mut hits, mut all) = (0, 0);
        for query in &self.vectors {
            let wanted = found(&self.exact, query);
            hits += found(&self.arroy, query).intersection(&wanted).count();
            all += wanted.len();
        }
        hits as f64 / all as f64
    }
}

/// All memories, and the filters of [`changes`]'s users by the share of the memories that they let
/// through.
fn filters() -> [(&'static str, Filter); 4] {
    let user = |name| Filter::scope(Scope::user(name));
    [
        ("1 %", user("one")),
        ("10 %", user("ten")),
        ("50 %", user("fifty")),
        ("100 %", Filter::default()),
    ]
}

fn searching(c: &mut Criterion) {
    for size in sizes() {
        let folder = tempfile::tempdir().unwrap();
        let stores = Stores::new(folder.path(), size);
        let mut group = c.benchmark_group("search");
        for (share, filter) in filters() {
            eprintln!(
                "{size}, {share} of the memories: recall@{K} of arroy {:.4}",
                stores.recall(&filter)
            );
            if share == "100 %" {
                group.throughput(Throughput::Bytes(size.bytes()));
            }
            for (name, store) in [("exact", &stores.exact), ("arroy", &stores.arroy)] {
                let mut queries = stores.vectors.iter().cycle();
                let id = BenchmarkId::new(format!("{name}, {share}"), size);
                group.bench_function(id, |b| {
                    b.iter(|| {
                        let query = queries.next().unwrap();
                        black_box(store.nearest(&filter, query, K).unwrap())
                    });
                });
            }
        }
        drop(group);
        let mut group = c.benchmark_group("search");
        for (share, filter) in filters() {
            let mut queries = stores.texts.iter().cycle();
            let id = BenchmarkId::new(format!("lexical, {share}"), size);
            group.bench_function(id, |b| {
                b.iter(|| {
                    let query = queries.next().unwrap();
                    black_box(stores.exact.search(&filter, query, K).unwrap())
                });
            });
        }
    }
}

fn writing(c: &mut Criterion) {
    for size in sizes() {
        let vectors = clustered(size.memories, size.dimensions, 11);
        let changes = changes(size, &vectors);
        let (rest, session) = changes.split_at(size.memories - SESSION);
        let mut group = c.benchmark_group("write");
        group.sample_size(10);
        for kind in kinds() {
            let name = kind.kind();
            let fresh = |changes: &[Change]| {
                let folder = tempfile::tempdir().unwrap();
                let store = filled(&folder.path().join("store"), kind.clone(), size, changes);
                (store, folder)
            };
            group.throughput(Throughput::Elements(SESSION as u64));
            if name == "exact" {
                let id = BenchmarkId::new(format!("insert {SESSION}"), size);
                group.bench_function(id, |b| {
                    b.iter_batched(
                        || fresh(rest),
                        |(store, folder)| {
                            store.apply(session).unwrap();
                            (store, folder)
                        },
                        BatchSize::PerIteration,
                    );
                });
            }
            group.throughput(Throughput::Elements(size.memories as u64));
            group.bench_function(BenchmarkId::new(format!("seal, {name}"), size), |b| {
                b.iter_batched(
                    || fresh(&changes),
                    |(store, folder)| {
                        store.seal().unwrap();
                        (store, folder)
                    },
                    BatchSize::PerIteration,
                );
            });
        }
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("store");
        let [exact, _] = kinds();
        drop(filled(&dir, exact, size, &changes));
        group.bench_function(BenchmarkId::new("open", size), |b| {
            // Closing belongs to it: a store is open once at a time.
            b.iter(|| {
                let store = Store::open(&dir).unwrap();
                assert_eq!(store.len(), size.memories);
            });
        });
        group.finish();
    }
}

criterion_group!(store, searching, writing);
criterion_main!(store);
