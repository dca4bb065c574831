//! What single changes of the graph do.

#![expect(clippy::unwrap_used, reason = "a failed call fails the test")]

mod common;

use std::path::Path;

use common::{add, day, delete, edge, invalidate, node, relation, update};
use memgauge_core::{
    Filter, GraphReader, MemoryId, MemoryReader, NodeId, OpKind, Scope, Source, TurnId,
};
use memgauge_store::{GraphChange, NodeRef, Store, StoreConfig, StoreError};

fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::create(
        &folder.path().join("store"),
        &StoreConfig::with_dimensions(2),
    );
    (folder, store.unwrap())
}

fn source(turn: u32) -> [Source; 1] {
    [Source::cited(TurnId::new(1, turn))]
}

fn ids(edges: &[memgauge_core::Edge]) -> Vec<u32> {
    edges.iter().map(|edge| edge.memory.0).collect()
}

/// Ada (n0), Rome (n1), Oslo (n2); m0 says the first turn, m1 and m2 are edges.
fn filled(store: &Store) {
    let applied = store
        .apply_graph(&[
            GraphChange::Memory(add("u", "Ada: I left Rome for Oslo", &source(1), None)),
            node("u", "Ada", Some(vec![1.0, 0.0])),
            node("u", "The Rome", Some(vec![0.0, 1.0])),
            node("u", "Oslo", Some(vec![0.6, 0.8])),
            edge(
                relation(
                    "u",
                    "Ada -- lives in -- Rome",
                    &source(1),
                    Some(vec![1.0, 1.0]),
                ),
                NodeRef::New(0),
                NodeRef::New(1),
            ),
            edge(
                relation("u", "Ada -- lives in -- Oslo", &source(2), None),
                NodeRef::New(0),
                NodeRef::New(2),
            ),
        ])
        .unwrap();
    assert_eq!(applied.nodes, [NodeId(0), NodeId(1), NodeId(2)]);
    assert_eq!(applied.events.len(), 3);
}

#[test]
fn edges_are_memories_of_their_own_kind() {
    let (_folder, store) = store();
    filled(&store);
    let record = store.record(MemoryId(1)).unwrap().unwrap();
    assert_eq!(record.live_turns().collect::<Vec<_>>(), [TurnId::new(1, 1)]);
    let user = || Scope::user("u");
    let found = |filter: &Filter| -> Vec<u32> {
        let hits = store.search(filter, "rome oslo", 9).unwrap();
        let mut ids: Vec<u32> = hits.iter().map(|hit| hit.id.0).collect();
        ids.sort_unstable();
        ids
    };
    assert_eq!(found(&Filter::texts(user())), [0]);
    assert_eq!(found(&Filter::relations(user())), [1, 2]);
    assert_eq!(found(&Filter::scope(user())), [0, 1, 2]);
    assert_eq!(store.corpus(), ["Ada: I left Rome for Oslo"]);
    assert_eq!(
        store.saying(&record.conversation, TurnId::new(1, 1)),
        [MemoryId(0)]
    );
}

/// How many edges there are changes no score of another text.
#[test]
fn edges_are_a_collection_of_their_own() {
    let (_folder, with) = store();
    filled(&with);
    let (_folder, without) = store();
    let changes = [add("u", "Ada: I left Rome for Oslo", &source(1), None)];
    without.apply(&changes).unwrap();
    let filter = Filter::texts(Scope::user("u"));
    let scores = |store: &Store| store.scores(&filter, "who left Rome");
    assert_eq!(scores(&with), scores(&without));
}

#[test]
fn a_deleted_edge_is_gone_and_an_invalid_one_stays() {
    let (_folder, store) = store();
    filled(&store);
    let events = store
        .apply(&[invalidate(1, &source(2)), invalidate(1, &source(3))])
        .unwrap();
    assert_eq!(events[0].op, OpKind::Invalidate);
    let record = store.record(MemoryId(1)).unwrap().unwrap();
    assert_eq!(record.invalid_at, Some(day(4)));
    assert_eq!(ids(&store.edges_of(NodeId(0))), [1, 2]);
    store.apply(&[delete(1, &source(3))]).unwrap();
    assert_eq!(ids(&store.edges_of(NodeId(0))), [2]);
    assert!(store.edges_of(NodeId(1)).is_empty());
    assert_eq!((store.edge(MemoryId(1)), store.edge_count()), (None, 1));
    assert_eq!(store.history(MemoryId(1)).unwrap().len(), 4);
    // Its nodes stay, and are found by name without the article.
    assert_eq!(store.named(&Scope::user("u"), "rome"), [NodeId(1)]);
    assert!(store.named(&Scope::user("v"), "rome").is_empty());
}

#[test]
fn an_edge_may_lead_back_and_have_many_targets() {
    let (_folder, store) = store();
    filled(&store);
    let me = NodeRef::Known(NodeId(0));
    let changes = [edge(
        relation("u", "Ada -- knows -- Ada", &source(4), None),
        me,
        me,
    )];
    store.apply_graph(&changes).unwrap();
    assert_eq!(ids(&store.edges_of(NodeId(0))), [1, 2, 3]);
    assert_eq!(store.neighbourhood(&[NodeId(1)], 1), [NodeId(0), NodeId(1)]);
    assert_eq!(store.neighbourhood(&[NodeId(1)], 2).len(), 3);
    assert!(store.neighbourhood(&[NodeId(9)], 2).is_empty());
}

#[test]
fn links_end_with_their_memory() {
    let (_folder, store) = store();
    filled(&store);
    let link = |node, memory| GraphChange::Link {
        node,
        memories: vec![MemoryId(memory)],
    };
    store
        .apply_graph(&[
            link(NodeRef::Known(NodeId(1)), 0),
            link(NodeRef::Known(NodeId(2)), 0),
            link(NodeRef::Known(NodeId(2)), 0),
        ])
        .unwrap();
    assert_eq!(store.nodes_of(MemoryId(0)), [NodeId(1), NodeId(2)]);
    assert_eq!(store.node(NodeId(2)).unwrap().memories, [MemoryId(0)]);
    store.apply(&[delete(0, &[])]).unwrap();
    assert!(store.nodes_of(MemoryId(0)).is_empty());
    assert!(store.node(NodeId(2)).unwrap().memories.is_empty());
    assert!(matches!(
        store.apply_graph(&[link(NodeRef::Known(NodeId(2)), 0)]),
        Err(StoreError::UnknownMemory(MemoryId(0)))
    ));
    // Linked and deleted by one batch.
    store
        .apply_graph(&[
            GraphChange::Memory(add("u", "more", &source(3), None)),
            link(NodeRef::Known(NodeId(0)), 3),
            GraphChange::Memory(delete(3, &[])),
        ])
        .unwrap();
    assert!(store.node(NodeId(0)).unwrap().memories.is_empty());
}

#[test]
fn bad_changes_are_refused_and_leave_nothing() {
    let (_folder, store) = store();
    filled(&store);
    let ends = (NodeRef::Known(NodeId(0)), NodeRef::Known(NodeId(7)));
    let good = node("u", "Bergen", None);
    let fresh = |vector| node("u", "Bergen", Some(vector));
    let text = relation("u", "x", &[], None);
    let refused = |changes: &[GraphChange]| store.apply_graph(changes).unwrap_err();
    let error = refused(&[good.clone(), edge(text.clone(), ends.0, ends.1)]);
    assert!(matches!(error, StoreError::UnknownNode(NodeId(7))));
    let error = refused(&[good.clone(), edge(text, ends.0, NodeRef::New(1))]);
    assert!(matches!(error, StoreError::UnknownNode(NodeId(4))));
    let error = refused(&[good.clone(), edge(add("u", "x", &[], None), ends.0, ends.0)]);
    assert!(matches!(error, StoreError::NotAnEdge));
    let error = refused(&[good.clone(), fresh(vec![1.0; 3])]);
    assert!(matches!(error, StoreError::Dimensions { .. }));
    let error = refused(&[
        good.clone(),
        GraphChange::Memory(update(1, "another text", &[], false, None)),
    ]);
    assert!(matches!(error, StoreError::EdgeText(MemoryId(1))));
    assert_eq!(
        (store.node_count(), store.edge_count(), store.len()),
        (3, 2, 3)
    );
    // The same text may come again, with its source.
    store
        .apply(&[update(
            1,
            "Ada -- lives in -- Rome",
            &source(5),
            false,
            None,
        )])
        .unwrap();
    let record = store.record(MemoryId(1)).unwrap().unwrap();
    assert_eq!(record.sources.len(), 2);
    assert!(matches!(
        store.revectorise_nodes([(NodeId(9), vec![1.0, 0.0])]),
        Err(StoreError::UnknownNode(NodeId(9)))
    ));
}

#[test]
fn near_nodes_come_best_first_down_to_the_threshold() {
    let (_folder, store) = store();
    filled(&store);
    let near = |threshold, k| -> Vec<u32> {
        let scope = Scope::user("u");
        let found = store
            .nearest_nodes(&scope, &[2.0, 0.0], k, threshold)
            .unwrap();
        found.iter().map(|hit| hit.node.0).collect()
    };
    assert_eq!(near(0.5, 9), [0, 2]);
    assert_eq!(near(0.61, 9), [0]);
    assert_eq!(near(-1.0, 2), [0, 2]);
    store
        .revectorise_nodes([(NodeId(1), vec![3.0, 0.0])])
        .unwrap();
    assert_eq!(near(-1.0, 9), [1]);
    assert_eq!(store.node_vector(NodeId(1)), Some(vec![1.0, 0.0]));
    assert_eq!(store.node_vector(NodeId(0)), None);
}

#[test]
fn a_graph_that_is_read_does_not_change_under_the_reader() {
    let (_folder, store) = store();
    filled(&store);
    let before = store.graph();
    store.apply(&[delete(1, &[])]).unwrap();
    assert_eq!((before.edge_count(), store.graph().edge_count()), (2, 1));
}

#[test]
fn a_reopened_store_has_the_same_graph() {
    let (folder, store) = store();
    filled(&store);
    store
        .apply_graph(&[
            GraphChange::Memory(delete(2, &[])),
            node("v", "Rome", None),
            GraphChange::Link {
                node: NodeRef::New(0),
                memories: vec![MemoryId(0)],
            },
        ])
        .unwrap();
    let image = |store: &Store| {
        let nodes = store.nodes(&Scope::default());
        let edges: Vec<_> = nodes
            .iter()
            .flat_map(|node| store.edges_of(node.id))
            .collect();
        let vectors: Vec<_> = nodes
            .iter()
            .map(|node| store.node_vector(node.id))
            .collect();
        (nodes, edges, vectors)
    };
    let before = image(&store);
    drop(store);
    let store = Store::open(&folder.path().join("store")).unwrap();
    assert_eq!(image(&store), before);
    let applied = store.apply_graph(&[node("v", "Bergen", None)]).unwrap();
    assert_eq!(applied.nodes, [NodeId(4)]);
}

/// A store as the version before this one made it: the six tables that it had.
#[expect(unsafe_code, reason = "nobody else has the file open")]
fn older(dir: &Path, tables: &[&str], format: &str) {
    std::fs::create_dir_all(dir).unwrap();
    std::fs::write(dir.join("lock"), "").unwrap();
    let mut options = heed::EnvOpenOptions::new();
    options.map_size(1 << 20).max_dbs(16);
    let env = unsafe { options.open(dir) }.unwrap();
    let txn = env.write_txn().unwrap();
    env.create_databases_and_commit(txn, |create, txn| -> heed::Result<_> {
        use heed::types::{Bytes, Str};
        for table in tables {
            let table = create.create_database::<Str, Bytes>(txn, Some(table))?;
            table.put(txn, "format", format.as_bytes())?;
        }
        Ok(heed::CommitOrAbort::<_, ()>::Commit(()))
    })
    .unwrap();
}

#[test]
fn a_store_of_an_older_format_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let names = ["meta", "records", "history", "vectors", "terms", "trees"];
    for (n, (tables, expected)) in [
        (
            &names[..],
            "its format is `memgauge-store 2`, this build reads `memgauge-store 5`",
        ),
        (&names[1..], "its tables are missing"),
    ]
    .into_iter()
    .enumerate()
    {
        let dir = folder.path().join(n.to_string());
        older(&dir, tables, "memgauge-store 2");
        match Store::open(&dir) {
            Err(StoreError::Format { message, .. }) => assert_eq!(message, expected),
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("it was opened"),
        }
    }
}
