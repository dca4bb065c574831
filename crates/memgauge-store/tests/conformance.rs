//! One suite for all kinds of stores: the same operations on a store and on a model that does
//! everything the obvious way.

#![expect(clippy::unwrap_used, reason = "a failed call fails the test")]

mod common;

use std::cell::Cell;
use std::path::Path;

use common::model::Model;
use common::{add, delete, invalidate, noop, relation, update};
use memgauge_core::{
    ConversationId, Filter, GraphReader, MemoryId, MemoryKind, MemoryOp, MemoryReader, NodeId,
    Scope, Scored, Source, TurnId,
};
use memgauge_store::{
    ArroyConfig, Change, ExactConfig, GraphChange, LexicalConfig, NodeRef, Store, StoreConfig,
    StoreError, VectorConfig,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

const DIMENSIONS: usize = 6;
/// Words that stay as they are under stemming and that no stop list holds.
const WORDS: [&str; 8] = ["ada", "fox", "hen", "map", "oak", "pen", "red", "sun"];
const USERS: [&str; 3] = ["u0", "u1", "u2"];
const KINDS: [MemoryKind; 3] = [MemoryKind::Fact, MemoryKind::Verbatim, MemoryKind::Relation];

#[derive(Debug, Clone)]
enum Step {
    Add {
        user: usize,
        kind: usize,
        words: Vec<usize>,
        turn: (u32, u32),
        colour: bool,
        vector: Option<Vec<f32>>,
    },
    Node {
        user: usize,
        word: usize,
        vector: Option<Vec<f32>>,
    },
    Link {
        node: usize,
        memory: usize,
    },
    Edge {
        user: usize,
        words: Vec<usize>,
        turn: (u32, u32),
        ends: (usize, usize),
        vector: Option<Vec<f32>>,
    },
    Update {
        which: usize,
        words: Vec<usize>,
        turn: (u32, u32),
        replaces: bool,
        vector: Option<Vec<f32>>,
    },
    Delete(usize),
    Invalidate(usize),
    Noop(Option<usize>),
    Seal,
    Reopen,
    Revectorise(Vec<f32>),
}

fn vector() -> impl Strategy<Value = Vec<f32>> {
    prop_oneof![
        20 => prop::collection::vec(-1.0_f32..1.0, DIMENSIONS),
        1 => Just(vec![0.0; DIMENSIONS]),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let words = || prop::collection::vec(0..WORDS.len(), 0..7);
    let turn = || (1_u32..5, 1_u32..6);
    let maybe = || prop::option::weighted(0.9, vector());
    prop_oneof![
        12 => (0..USERS.len(), 0..KINDS.len(), words(), turn(), any::<bool>(), maybe()).prop_map(
            |(user, kind, words, turn, colour, vector)| Step::Add {
                user, kind, words, turn, colour, vector
            }
        ),
        3 => (0..USERS.len(), 0..WORDS.len(), maybe()).prop_map(
            |(user, word, vector)| Step::Node { user, word, vector }
        ),
        2 => (0..100_usize, 0..100_usize).prop_map(|(node, memory)| Step::Link { node, memory }),
        4 => (0..USERS.len(), words(), turn(), (0..100_usize, 0..100_usize), maybe()).prop_map(
            |(user, words, turn, ends, vector)| Step::Edge { user, words, turn, ends, vector }
        ),
        5 => (0..100_usize, words(), turn(), any::<bool>(), maybe()).prop_map(
            |(which, words, turn, replaces, vector)| Step::Update {
                which, words, turn, replaces, vector
            }
        ),
        2 => (0..100_usize).prop_map(Step::Delete),
        1 => (0..100_usize).prop_map(Step::Invalidate),
        1 => prop::option::of(0..100_usize).prop_map(Step::Noop),
        1 => Just(Step::Seal),
        1 => Just(Step::Reopen),
        1 => vector().prop_map(Step::Revectorise),
    ]
}

fn text(words: &[usize]) -> String {
    let words: Vec<&str> = words.iter().map(|&word| WORDS[word]).collect();
    words.join(" ")
}

/// The change that a step asks for when there are the memories and nodes of `ahead`, of which the
/// first `old` nodes were there before the batch; `None` for steps of another kind.
fn change(step: &Step, ahead: &Model, old: usize) -> Option<GraphChange> {
    let pick = |which: usize| (which % ahead.entries.len().max(1)) as u32;
    let node = |which: usize| {
        let n = which % ahead.nodes.len();
        if n < old {
            NodeRef::Known(NodeId(n as u32))
        } else {
            NodeRef::New(n - old)
        }
    };
    let source = |(session, turn)| [Source::cited(TurnId::new(session, turn))];
    Some(GraphChange::Memory(match step {
        Step::Add {
            user,
            kind,
            words,
            turn,
            colour,
            vector,
        } => {
            let mut change = add(USERS[*user], &text(words), &source(*turn), vector.clone());
            if let MemoryOp::Add(fact) = &mut change.op {
                let colour = if *colour { "red" } else { "blue" };
                fact.metadata.insert("colour".to_owned(), colour.to_owned());
                fact.kind = KINDS[*kind];
            }
            change
        }
        Step::Node { user, word, vector } => {
            return Some(common::node(USERS[*user], WORDS[*word], vector.clone()));
        }
        Step::Link { node: at, memory } => {
            let memory = MemoryId(pick(*memory));
            if ahead.nodes.is_empty() || !ahead.is_live(memory) {
                return None;
            }
            return Some(GraphChange::Link {
                node: node(*at),
                memories: vec![memory],
            });
        }
        Step::Edge {
            user,
            words,
            turn,
            ends,
            vector,
        } => {
            if ahead.nodes.is_empty() {
                return None;
            }
            let change = relation(USERS[*user], &text(words), &source(*turn), vector.clone());
            return Some(common::edge(change, node(ends.0), node(ends.1)));
        }
        Step::Update {
            which,
            words,
            turn,
            replaces,
            vector,
        } => {
            let id = pick(*which);
            // An edge keeps its text, whatever else is said of it.
            let text = match ahead.edge(MemoryId(id)) {
                Some(_) => ahead.entries[id as usize].record.text.clone(),
                None => text(words),
            };
            update(id, &text, &source(*turn), *replaces, vector.clone())
        }
        Step::Delete(which) => delete(pick(*which), &[]),
        Step::Invalidate(which) => invalidate(pick(*which), &[]),
        Step::Noop(because) => noop(because.map(pick), "nothing new"),
        Step::Seal | Step::Reopen | Step::Revectorise(_) => return None,
    }))
}

fn filters() -> Vec<Filter> {
    let coloured = |scope: Scope, colour: &str| {
        let mut filter = Filter::scope(scope);
        filter
            .metadata
            .insert("colour".to_owned(), colour.to_owned());
        filter
    };
    vec![
        Filter::default(),
        Filter::scope(Scope::user("u0")),
        Filter::scope(Scope::user("u1")),
        Filter::scope(Scope::user("nobody")),
        coloured(Scope::default(), "red"),
        coloured(Scope::user("u2"), "blue"),
        coloured(Scope::default(), "green"),
        Filter::texts(Scope::default()),
        Filter::texts(Scope::user("u1")),
        Filter::relations(Scope::default()),
        Filter::relations(Scope::user("u2")),
        Filter {
            kinds: vec![MemoryKind::Fact, MemoryKind::Relation],
            ..coloured(Scope::user("u0"), "red")
        },
        Filter {
            kinds: vec![MemoryKind::Summary],
            ..Filter::default()
        },
    ]
}

/// Whether `found` is the list of the `k` best of `expected`, equal scores in the order of ids,
/// where scores that differ by less than rounding may have swapped.
fn check_ranking(found: &[Scored], expected: &[(MemoryId, f64)], k: usize) {
    assert_eq!(found.len(), expected.len().min(k));
    let mut order = expected.to_vec();
    order.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    for (hit, (_, score)) in found.iter().zip(&order) {
        assert!(
            (f64::from(hit.score) - score).abs() < 2e-5,
            "{found:?} {order:?}"
        );
    }
    check_scores(found, expected);
}

/// Whether every hit has its right score and the list is in order.
fn check_scores(found: &[Scored], expected: &[(MemoryId, f64)]) {
    for hit in found {
        let (_, score) = expected.iter().find(|(id, _)| *id == hit.id).unwrap();
        assert!(
            (f64::from(hit.score) - score).abs() < 2e-5,
            "{hit:?} {score}"
        );
    }
    for pair in found.windows(2) {
        let in_order = pair[0].score > pair[1].score
            || (pair[0].score == pair[1].score && pair[0].id < pair[1].id);
        assert!(in_order, "{pair:?}");
    }
}

/// Found and wanted, over all approximate lists.
#[derive(Default)]
struct Recall {
    found: Cell<usize>,
    wanted: Cell<usize>,
}

fn check(store: &Store, model: &Model, recall: &Recall) {
    let exact = store.config().vectors.kind() == "exact";
    let ids = (0..=model.entries.len() as u32).map(MemoryId);
    for id in ids {
        let entry = model.entries.get(id.0 as usize);
        assert_eq!(store.entry(id).as_ref(), entry);
        let record = entry.filter(|entry| !entry.deleted);
        assert_eq!(
            store.record(id).unwrap(),
            record.map(|entry| entry.record.clone())
        );
        assert_eq!(store.history(id).unwrap(), model.history(id));
        assert_eq!(store.place(id), model.place(id));
        let other = MemoryId(id.0 / 2);
        let similarity = match (model.vectors.get(&id), model.vectors.get(&other)) {
            (Some(a), Some(b)) => Some(common::model::cosine(a, b)),
            _ => None,
        };
        let found = store.similarity(id, other).map(f64::from);
        assert_eq!(found.is_some(), similarity.is_some());
        if let Some((found, similarity)) = found.zip(similarity) {
            assert!((found - similarity).abs() < 1e-5);
        }
    }
    let all = model.records(&Filter::default());
    assert_eq!(store.len(), all.len());
    let texts: Vec<_> = all
        .into_iter()
        .map(|record| (record.id, record.text))
        .collect();
    assert_eq!(store.texts(), texts);

    check_graph(store, model);
    for filter in filters() {
        assert_eq!(store.records(&filter), model.records(&filter));
        for (query, k) in [
            ([1.0, 0.2, -0.3, 0.5, 0.1, -0.9], 5),
            ([0.0; 6], 3),
            ([-1.0; 6], 100),
        ] {
            let found = store.nearest(&filter, &query, k).unwrap();
            let expected = model.cosines(&filter, &query);
            if exact {
                check_ranking(&found, &expected, k);
            } else {
                check_scores(&found, &expected);
                let mut order = expected.clone();
                order.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
                order.truncate(k);
                let hits = order
                    .iter()
                    .filter(|(id, _)| found.iter().any(|hit| hit.id == *id))
                    .count();
                recall.found.set(recall.found.get() + hits);
                recall.wanted.set(recall.wanted.get() + order.len());
            }
        }
        for query in ["fox", "red red oak", "sun unheard ada", ""] {
            let expected = model.bm25(&store.config().lexical, &filter, query);
            check_ranking(&store.scores(&filter, query), &expected, usize::MAX);
            // A word in exactly half of the memories scores nothing, give or take rounding: whether it is found
            // then is nobody's promise.
            let positive: Vec<_> = expected
                .into_iter()
                .filter(|(_, score)| *score > 1e-9)
                .collect();
            let mut found = store.search(&filter, query, 4).unwrap();
            found.retain(|hit| hit.score > 1e-9);
            check_ranking(&found, &positive, 4);
        }
        let recent = store.recent(&filter, 7).unwrap();
        let ids: Vec<MemoryId> = recent.iter().map(|hit| hit.id).collect();
        let mut expected = model.recent(&filter);
        expected.truncate(7);
        assert_eq!(ids, expected);
        assert!(recent.first().is_none_or(|hit| hit.score == 1.0));
        check_scores(
            &recent,
            &recent
                .iter()
                .map(|hit| (hit.id, f64::from(hit.score)))
                .collect::<Vec<_>>(),
        );
    }
}

fn check_graph(store: &Store, model: &Model) {
    assert_eq!(store.node_count(), model.nodes.len());
    assert_eq!(store.edge_count(), model.edges.len());
    assert_eq!(store.graph().node_count(), model.nodes.len());
    for scope in [Scope::default(), Scope::user("u0"), Scope::user("nobody")] {
        let covered = model.nodes.iter().filter(|node| scope.covers(&node.scope));
        let nodes: Vec<_> = covered.clone().cloned().collect();
        assert_eq!(store.nodes(&scope), nodes);
        for word in WORDS {
            let exact = |node: &&memgauge_core::Node| node.scope == scope && node.key == word;
            let named: Vec<NodeId> = nodes.iter().filter(exact).map(|node| node.id).collect();
            assert_eq!(store.named(&scope, word), named);
        }
        let query = [1.0, 0.2, -0.3, 0.5, 0.1, -0.9];
        for (k, threshold) in [(3, -2.0), (100, 0.2)] {
            let expected: Vec<(MemoryId, f64)> = covered
                .clone()
                .filter_map(|node| {
                    let vector = model.node_vectors.get(&node.id)?;
                    let score = common::model::cosine(&query, vector);
                    (score >= threshold).then_some((MemoryId(node.id.0), score))
                })
                .collect();
            let found: Vec<Scored> = store
                .nearest_nodes(&scope, &query, k, threshold as f32)
                .unwrap()
                .into_iter()
                .map(|hit| Scored {
                    id: MemoryId(hit.node.0),
                    score: hit.score,
                })
                .collect();
            check_ranking(&found, &expected, k);
        }
    }
    for node in &model.nodes {
        assert_eq!(store.node(node.id).as_ref(), Some(node));
        let touching = model
            .edges
            .iter()
            .filter(|edge| edge.from == node.id || edge.to == node.id);
        let edges: Vec<_> = touching.clone().cloned().collect();
        assert_eq!(store.edges_of(node.id), edges);
        let mut around = vec![node.id];
        around.extend(touching.flat_map(|edge| [edge.from, edge.to]));
        around.sort_unstable();
        around.dedup();
        assert_eq!(store.neighbourhood(&[node.id], 1), around);
    }
    for id in (0..=model.entries.len() as u32).map(MemoryId) {
        assert_eq!(store.edge(id).as_ref(), model.edge(id));
        let mention = |node: &&memgauge_core::Node| node.memories.contains(&id);
        let nodes: Vec<NodeId> = model.nodes.iter().filter(mention).map(|n| n.id).collect();
        assert_eq!(store.nodes_of(id), nodes);
    }
    for user in USERS {
        let conversation = ConversationId::new(user);
        for (session, turn) in (1..5).flat_map(|session| (1..6).map(move |turn| (session, turn))) {
            let turn = TurnId::new(session, turn);
            let says = model.records(&Filter::texts(Scope::default())).into_iter();
            let says: Vec<MemoryId> = says
                .filter(|record| record.conversation == conversation)
                .filter(|record| record.live_turns().any(|live| live == turn))
                .map(|record| record.id)
                .collect();
            assert_eq!(store.saying(&conversation, turn), says);
        }
    }
}

type Answers = Vec<Vec<Scored>>;

/// Answers that reopening must not change by a bit.
fn answers(store: &Store) -> Answers {
    let query = [0.3, -0.1, 0.4, -0.1, 0.5, -0.9];
    filters()
        .iter()
        .flat_map(|filter| {
            [
                store.nearest(filter, &query, 5).unwrap(),
                store.scores(filter, "red hen map"),
                store.recent(filter, 5).unwrap(),
            ]
        })
        .collect()
}

fn reopen(store: Store, dir: &Path) -> Store {
    let (before, sealed) = (answers(&store), store.is_sealed());
    drop(store);
    let store = Store::open(dir).unwrap();
    assert_eq!(answers(&store), before);
    assert_eq!(store.is_sealed(), sealed);
    store
}

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
