//! Fusion, graphs, and whole recalls.

#![expect(clippy::unwrap_used, reason = "a failed call ends the benchmark")]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use benches::{Size, changes, clustered, sizes};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use futures::executor::block_on;
use jiff::civil::date;
use memgauge_core::{
    BuildError, EmbedderHandle, GraphReader, MemoryId, MemorySystem, Meter, Parts, RankedList,
    Scope, Scored, Stage, Tokenizer,
};
use memgauge_dataset::generate::{GeneratedShape, generate};
use memgauge_dataset::locomo;
use memgauge_model::{Static, StaticWeights, tokenizer};
use memgauge_pipeline::fusion::{
    FusionConfig, MmrConfig, NeighbourConfig, RrfConfig, WeightedConfig,
};
use memgauge_pipeline::graph::{Adjacency, pagerank};
use memgauge_pipeline::system::{PipelineConfig, TurnsConfig};
use memgauge_store::{GraphChange, NewNode, NodeRef, Store, StoreConfig};

/// Memories in a ranked list.
const DEPTH: usize = 200;
/// Memories that a fusion is asked for.
const K: usize = 200;
/// Edges per node of the graph.
const DEGREE: usize = 8;

struct Models {
    embedder: EmbedderHandle,
    folder: PathBuf,
}

impl Models {
    fn new(folder: &Path) -> Self {
        Self {
            embedder: EmbedderHandle::new(Arc::new(Static::new(StaticWeights::Zipf))),
            folder: folder.to_owned(),
        }
    }
}

impl Parts for Models {
    fn embedder(&self, _: &str) -> Result<EmbedderHandle, BuildError> {
        Ok(self.embedder.clone())
    }

    fn tokenizer(&self, name: &str) -> Result<Arc<dyn Tokenizer>, BuildError> {
        tokenizer(name).ok_or_else(|| BuildError::new(format!("no tokenizer `{name}`")))
    }

    fn folder(&self) -> &Path {
        &self.folder
    }
}

/// A mixed-up number for `n`, the same every time.
fn mixed(n: usize) -> usize {
    (n as u64)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .rotate_left(31) as usize
}

fn lists(count: usize, memories: usize) -> Vec<RankedList> {
    (0..count)
        .map(|list| RankedList {
            name: format!("list{list}"),
            items: (0..DEPTH.min(memories))
                .map(|rank| Scored {
                    id: MemoryId((mixed(list * DEPTH + rank) % memories) as u32),
                    score: 1.0 / (rank + 1) as f32,
                })
                .collect(),
            query_terms: None,
        })
        .collect()
}

fn fusing(c: &mut Criterion) {
    let size = Size {
        memories: 1_000,
        dimensions: 256,
    };
    let folder = tempfile::tempdir().unwrap();
    let config = StoreConfig::with_dimensions(size.dimensions);
    let store = Store::create(&folder.path().join("store"), &config).unwrap();
    let vectors = clustered(size.memories, size.dimensions, 3);
    store.apply(&changes(size, &vectors)).unwrap();
    let rankers: [(&str, FusionConfig); 4] = [
        ("rrf", RrfConfig::default().into()),
        ("weighted", WeightedConfig::default().into()),
        ("neighbour", NeighbourConfig::default().into()),
        ("mmr", MmrConfig::default().into()),
    ];
    let parts = Models::new(folder.path());
    let mut group = c.benchmark_group(format!("fuse lists of {DEPTH}"));
    for (name, config) in rankers {
        let ranker = config.build(&parts).unwrap();
        for count in 2..=5 {
            let lists = lists(count, size.memories);
            group.bench_function(BenchmarkId::new(name, count), |b| {
                b.iter(|| ranker.fuse(black_box(&lists), &store, K));
            });
        }
    }
    group.finish();
}

/// A store with a graph of that many nodes: every node is joined to the next, and to others all over.
fn graph(folder: &Path, nodes: usize) -> Store {
    let config = StoreConfig::default();
    let store = Store::create(&folder.join("graph"), &config).unwrap();
    let scope = Scope::user("rest");
    let at = date(2023, 5, 1).at(13, 56, 0, 0);
    let mut all: Vec<GraphChange> = (0..nodes)
        .map(|node| {
            GraphChange::Node(NewNode {
                scope: scope.clone(),
                name: format!("n{node}"),
                kind: "thing".to_owned(),
                created_at: at,
                embedding: None,
            })
        })
        .collect();
    let ends = edges(nodes);
    let size = Size {
        memories: ends.len(),
        dimensions: 1,
    };
    let vectors = vec![Vec::new(); ends.len()];
    for ((from, to), mut change) in ends.into_iter().zip(changes(size, &vectors)) {
        change.embedding = None;
        if let memgauge_core::MemoryOp::Add(fact) = &mut change.op {
            fact.kind = memgauge_core::MemoryKind::Relation;
            fact.text =
                memgauge_core::graph::edge_text(&format!("n{from}"), "knows", &format!("n{to}"));
        }
        change.scope = scope.clone();
        all.push(GraphChange::Edge {
            change,
            from: NodeRef::New(from),
            relation: "knows".to_owned(),
            to: NodeRef::New(to),
        });
    }
    store.apply_graph(&all).unwrap();
    store
}

fn edges(nodes: usize) -> Vec<(usize, usize)> {
    (0..nodes * DEGREE / 2)
        .map(|edge| {
            let from = edge % nodes;
            let to = match edge / nodes {
                0 => (from + 1) % nodes,
                _ => mixed(edge) % nodes,
            };
            (from, if to == from { (to + 2) % nodes } else { to })
        })
        .collect()
}

fn walking(c: &mut Criterion) {
    let mut group = c.benchmark_group("graph");
    group.sample_size(10);
    for size in sizes() {
        let nodes = size.memories;
        if size.dimensions > 256 {
            // Vectors play no part.
            continue;
        }
        let folder = tempfile::tempdir().unwrap();
        let store = graph(folder.path(), nodes);
        let start: Vec<_> = store
            .nodes(&Scope::default())
            .iter()
            .map(|node| node.id)
            .collect();
        let mut starts = start.chunks(3).cycle();
        for steps in [1, 2] {
            let id = BenchmarkId::new(format!("neighbourhood, {steps} steps"), nodes);
            group.bench_function(id, |b| {
                b.iter(|| {
                    let start = starts.next().unwrap();
                    black_box(store.neighbourhood(start, steps))
                });
            });
        }
        let weighted = edges(nodes).into_iter().map(|(from, to)| (from, to, 1.0));
        let adjacency = Adjacency::new(nodes, weighted);
        group.bench_function(BenchmarkId::new("pagerank", nodes), |b| {
            b.iter(|| pagerank(black_box(&adjacency), &[(0, 1.0), (nodes / 2, 1.0)], 0.5));
        });
    }
    group.finish();
}

fn recalling(c: &mut Criterion) {
    let mut group = c.benchmark_group("recall");
    for size in sizes() {
        if size.dimensions > 256 || size.memories > 10_000 {
            // The embedder has 256 dimensions, and a conversation of 100,000 turns is none.
            continue;
        }
        let shape = GeneratedShape {
            conversations: 1,
            sessions: 27,
            turns: size.memories as u32,
            questions: 50,
        };
        let mut json = Vec::new();
        generate(shape, 1, &mut json).unwrap();
        let dataset = locomo::parse("generated.json".as_ref(), &json).unwrap();
        let entry = dataset.conversations.first().unwrap();
        let head = &entry.conversation.head;
        let folder = tempfile::tempdir().unwrap();
        let parts = Models::new(folder.path());
        let config = PipelineConfig::from(TurnsConfig::default());
        let pipeline = config.pipeline("turns", &parts).unwrap();
        let meter = Meter::new();
        let cx = meter.at(Stage::Index);
        for session in &entry.conversation.sessions {
            block_on(pipeline.ingest(&cx, head, session)).unwrap();
        }
        block_on(pipeline.flush(&cx)).unwrap();
        let mut items = entry.items.iter().cycle();
        let cx = meter.at(Stage::Search);
        group.bench_function(BenchmarkId::new("turns, hybrid", size.memories), |b| {
            b.iter(|| {
                let question = &items.next().unwrap().question;
                block_on(pipeline.recall(&cx, &head.id, question)).unwrap()
            });
        });
    }
    group.finish();
}

criterion_group!(pipeline, fusing, walking, recalling);
criterion_main!(pipeline);
