//! One suite for all kinds of stores: the same operations on a store and on a model that does
//! everything the obvious way.

#![expect(clippy::unwrap_used, reason = "a failed call fails the test")]

mod checks;
#[path = "../common/mod.rs"]
mod common;
mod steps;

use checks::{Answers, Recall, answers, check, check_graph, reopen};
use common::add;
use common::model::Model;
use memgauge_core::{Filter, MemoryId, MemoryOp, MemoryReader, NodeId};
use memgauge_store::{
    ArroyConfig, Change, ExactConfig, GraphChange, LexicalConfig, Store, StoreConfig, StoreError,
    VectorConfig,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use steps::{DIMENSIONS, Step, change, step};

fn run(config: &StoreConfig, steps: &[Step], recall: &Recall) {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("store");
    let mut store = Store::create(&dir, config).unwrap();
    let mut model = Model::new();
    // Changes go in batches of three, so that some meet memories of their own batch.
    let mut batch: Vec<GraphChange> = Vec::new();
    let mut ahead = Model::new();
    for (n, step) in steps.iter().enumerate() {
        let old = model.nodes.len();
        if let Some(change) = change(step, &ahead, old) {
            let op = match &change {
                GraphChange::Memory(change) => Some(&change.op),
                _ => None,
            };
            let target = match op {
                Some(
                    MemoryOp::Update { id, .. }
                    | MemoryOp::Invalidate { id, .. }
                    | MemoryOp::Delete { id, .. },
                ) => Some(*id),
                Some(MemoryOp::Noop { because, .. }) => {
                    because.filter(|id| id.0 as usize >= ahead.entries.len())
                }
                _ => None,
            };
            if let Some(id) = target
                && !ahead.is_live(id)
            {
                // A bad change spoils its batch, and nothing of it remains.
                let mut spoilt = batch.clone();
                spoilt.push(change);
                let before = answers(&store);
                assert!(matches!(
                    store.apply_graph(&spoilt),
                    Err(StoreError::UnknownMemory(wrong)) if wrong == id
                ));
                assert_eq!(answers(&store), before);
                check_graph(&store, &model);
                continue;
            }
            ahead.apply_graph(&change, old);
            batch.push(change);
            if batch.len() < 3 && n + 1 < steps.len() {
                continue;
            }
        }
        if !batch.is_empty() {
            let memories: Option<Vec<Change>> = batch
                .iter()
                .map(|change| match change {
                    GraphChange::Memory(change) => Some(change.clone()),
                    _ => None,
                })
                .collect();
            let had = model.events.len();
            for change in &batch {
                model.apply_graph(change, old);
            }
            let events = match memories {
                Some(changes) => store.apply(&changes).unwrap(),
                None => {
                    let applied = store.apply_graph(&batch).unwrap();
                    let new: Vec<NodeId> = model.nodes[old..].iter().map(|node| node.id).collect();
                    assert_eq!(applied.nodes, new);
                    applied.events
                }
            };
            assert_eq!(events, model.events[had..]);
            batch.clear();
        }
        match step {
            Step::Seal => store.seal().unwrap(),
            Step::Reopen => store = reopen(store, &dir),
            Step::Revectorise(by) => {
                let vectors: Vec<(MemoryId, Vec<f32>)> = model
                    .records(&Filter::default())
                    .iter()
                    .filter(|record| record.id.0 % 5 != 4)
                    .map(|record| {
                        let turned = by.iter().map(|x| x + record.id.0 as f32 % 3.0 - 1.0);
                        (record.id, turned.collect())
                    })
                    .collect();
                store.revectorise(vectors.clone()).unwrap();
                model.vectors = vectors.iter().cloned().collect();
                ahead.vectors = vectors.into_iter().collect();
                let nodes = model.nodes.iter().filter(|node| node.id.0 % 3 != 2);
                let nodes = nodes.map(|node| {
                    let turned = by.iter().map(|x| x - node.id.0 as f32 % 3.0 + 0.5);
                    (node.id, turned.collect())
                });
                model.node_vectors = nodes.collect();
                ahead.node_vectors.clone_from(&model.node_vectors);
                store.revectorise_nodes(model.node_vectors.clone()).unwrap();
            }
            _ => {}
        }
        if n % 5 == 0 {
            check(&store, &model, recall);
        }
    }
    check(&store, &model, recall);
    store.seal().unwrap();
    check(&store, &model, recall);
    let edges: Vec<_> = store.graph().edge_weights().copied().collect();
    let store = reopen(store, &dir);
    check(&store, &model, recall);
    let mut again: Vec<_> = store.graph().edge_weights().copied().collect();
    again.sort_unstable();
    assert_eq!(again.len(), edges.len());
    assert!(edges.iter().all(|edge| again.binary_search(edge).is_ok()));
}

/// Runs random sequences of steps; returns how many of the wanted vectors were found.
fn conform(vectors: &VectorConfig) -> f64 {
    let recall = Recall::default();
    let lexical = [
        LexicalConfig::default(),
        LexicalConfig::okapi(),
        LexicalConfig::lucene_stemmed(),
    ];
    let mut runner = TestRunner::new(Config {
        cases: 40,
        failure_persistence: None,
        ..Config::default()
    });
    let sequences = (prop::collection::vec(step(), 1..70), 0..lexical.len());
    let result = runner.run(&sequences, |(steps, form)| {
        let config = StoreConfig {
            vectors: vectors.clone(),
            lexical: lexical[form].clone(),
            dimensions: Some(DIMENSIONS),
        };
        run(&config, &steps, &recall);
        Ok(())
    });
    result.unwrap();
    assert!(recall.found.get() <= recall.wanted.get());
    recall.found.get() as f64 / recall.wanted.get().max(1) as f64
}

#[test]
fn exact_conforms() {
    conform(&VectorConfig::Exact(ExactConfig::default()));
}

/// Small enough trees, and few enough candidates, that the index has something to miss.
#[test]
fn arroy_conforms() {
    let recall = conform(&VectorConfig::Arroy(ArroyConfig {
        trees: 4,
        split_after: 6,
        oversampling: 4,
        index_after: 8,
        ..ArroyConfig::default()
    }));
    assert!(recall >= 0.97, "{recall}");
}

/// The same changes make the same index, whatever the threads did.
#[test]
fn an_index_is_reproducible() {
    let folder = tempfile::tempdir().unwrap();
    let vectors = common::clustered(600, 32, 1);
    let lists: Vec<Answers> = ["a", "b"]
        .iter()
        .map(|name| {
            let config = StoreConfig {
                vectors: VectorConfig::Arroy(ArroyConfig {
                    trees: 6,
                    oversampling: 1,
                    ..ArroyConfig::default()
                }),
                dimensions: Some(32),
                ..StoreConfig::default()
            };
            let store = Store::create(&folder.path().join(name), &config).unwrap();
            let changes: Vec<Change> = vectors
                .iter()
                .map(|vector| add("u", "text", &[], Some(vector.clone())))
                .collect();
            store.apply(&changes).unwrap();
            store.seal().unwrap();
            vectors
                .iter()
                .map(|query| store.nearest(&Filter::default(), query, 10).unwrap())
                .collect()
        })
        .collect();
    assert_eq!(lists[0], lists[1]);
}
