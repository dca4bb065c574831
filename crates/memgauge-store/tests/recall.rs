//! How much of the exact answer arroy finds on clustered vectors, and what it costs.

#![expect(clippy::unwrap_used, reason = "a failed call fails the test")]
#![expect(clippy::print_stderr, reason = "the figures are the point")]

mod common;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use common::{add, clustered};
use memgauge_core::{Filter, MemoryId, MemoryReader, Scored};
use memgauge_store::{ArroyConfig, Change, ExactConfig, Store, StoreConfig, VectorConfig};

const MEMORIES: usize = 10_000;
const QUERIES: usize = 300;

struct Searched {
    lists: Vec<Vec<Scored>>,
    median: Duration,
    built: Duration,
}

fn search(dir: &Path, vectors: VectorConfig, data: &[Vec<f32>], k: usize) -> Searched {
    let config = StoreConfig {
        vectors,
        dimensions: Some(data[0].len()),
        ..StoreConfig::default()
    };
    let store = Store::create(&dir.join(config.vectors.kind()), &config).unwrap();
    let (memories, queries) = data.split_at(MEMORIES);
    let changes: Vec<Change> = memories
        .iter()
        .map(|vector| add("u", "", &[], Some(vector.clone())))
        .collect();
    store.apply(&changes).unwrap();
    let start = Instant::now();
    store.seal().unwrap();
    let built = start.elapsed();
    let mut times = Vec::new();
    let lists = queries
        .iter()
        .map(|query| {
            let start = Instant::now();
            let list = store.nearest(&Filter::default(), query, k).unwrap();
            times.push(start.elapsed());
            list
        })
        .collect();
    times.sort_unstable();
    Searched {
        lists,
        median: times[times.len() / 2],
        built,
    }
}

fn recall(dimensions: usize, arroy: &ArroyConfig, k: usize) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let data = clustered(MEMORIES + QUERIES, dimensions, 11);
    let exact = VectorConfig::Exact(ExactConfig::default());
    let exact = search(folder.path(), exact, &data, k);
    let found = search(folder.path(), VectorConfig::Arroy(arroy.clone()), &data, k);
    let mut hits = 0;
    for (wanted, found) in exact.lists.iter().zip(&found.lists) {
        let wanted: BTreeSet<MemoryId> = wanted.iter().map(|hit| hit.id).collect();
        hits += found.iter().filter(|hit| wanted.contains(&hit.id)).count();
    }
    let near: f32 = exact.lists.iter().flatten().map(|hit| hit.score).sum();
    let recall = hits as f64 / (QUERIES * k) as f64;
    eprintln!(
        "{MEMORIES} x {dimensions}, k {k}, mean cosine {:.2}: exact {:?}; arroy ({} trees, \
         leaves of {}, oversampling {}) recall {recall:.4}, {:?}, built in {:?}",
        near / (QUERIES * k) as f32,
        exact.median,
        arroy.trees,
        arroy.split_after,
        arroy.oversampling,
        found.median,
        found.built,
    );
    recall
}

#[test]
fn arroy_finds_99_of_100_among_ten_thousand() {
    let recall = recall(256, &ArroyConfig::default(), 10);
    assert!(recall >= 0.99, "{recall}");
}

/// The figures that the defaults were chosen by.
#[test]
#[ignore = "takes a minute"]
fn arroy_by_trees_and_oversampling() {
    for dimensions in [256, 384] {
        for (trees, split_after, oversampling) in [
            (50, dimensions, 4),
            (50, 64, 4),
            (50, 32, 2),
            (25, 32, 4),
            (25, 32, 12),
        ] {
            let config = ArroyConfig {
                trees,
                split_after,
                oversampling,
                ..ArroyConfig::default()
            };
            recall(dimensions, &config, 10);
        }
        assert!(recall(dimensions, &ArroyConfig::default(), 30) >= 0.99);
    }
}
