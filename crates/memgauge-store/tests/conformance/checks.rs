//! A store held against the model.

use std::cell::Cell;
use std::path::Path;

use memgauge_core::{
    ConversationId, Filter, GraphReader, MemoryId, MemoryReader, NodeId, Scope, Scored, TurnId,
};
use memgauge_store::Store;

use crate::common::model::Model;
use crate::steps::{USERS, WORDS, filters};

/// Whether `found` is the list of the `k` best of `expected`, equal scores in the order of ids,
/// where scores that differ by less than rounding may have swapped.
pub fn check_ranking(found: &[Scored], expected: &[(MemoryId, f64)], k: usize) {
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
pub fn check_scores(found: &[Scored], expected: &[(MemoryId, f64)]) {
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
pub struct Recall {
    pub found: Cell<usize>,
    pub wanted: Cell<usize>,
}

pub fn check(store: &Store, model: &Model, recall: &Recall) {
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
            (Some(a), Some(b)) => Some(crate::common::model::cosine(a, b)),
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

pub fn check_graph(store: &Store, model: &Model) {
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
                    let score = crate::common::model::cosine(&query, vector);
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

pub type Answers = Vec<Vec<Scored>>;

/// Answers that reopening must not change by a bit.
pub fn answers(store: &Store) -> Answers {
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

pub fn reopen(store: Store, dir: &Path) -> Store {
    let (before, sealed) = (answers(&store), store.is_sealed());
    drop(store);
    let store = Store::open(dir).unwrap();
    assert_eq!(answers(&store), before);
    assert_eq!(store.is_sealed(), sealed);
    store
}
