use memgauge_core::{Hit, MemoryId, RankedList, Scored, TurnId};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::retriever::fake::{FakeParts, FakeStore};

fn ranker(config: serde_json::Value) -> Box<dyn FusionRanker> {
    let config: FusionConfig = serde_json::from_value(config).unwrap();
    let ranker = config.build(&FakeParts("unused".into())).unwrap();
    assert_eq!(ranker.kind(), config.kind());
    ranker
}

fn list(items: &[(u32, f32)]) -> RankedList {
    let mut items: Vec<Scored> = items
        .iter()
        .map(|&(id, score)| Scored {
            id: MemoryId(id),
            score,
        })
        .collect();
    items.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.id.cmp(&b.id)));
    RankedList {
        name: "list".to_owned(),
        items,
        query_terms: None,
    }
}

fn pairs(hits: &[Hit]) -> Vec<(u32, f32)> {
    hits.iter().map(|hit| (hit.id.0, hit.score)).collect()
}

fn ids(hits: &[Hit]) -> Vec<u32> {
    hits.iter().map(|hit| hit.id.0).collect()
}

/// Turns 1..=n of two sessions, in turn.
fn store(n: u32) -> FakeStore {
    let mut store = FakeStore::default();
    for index in 0..n {
        let turn = TurnId::new(1 + index / (n / 2).max(1), 1 + index % (n / 2).max(1));
        let mut vector = vec![0.0; 4];
        vector[(index % 4) as usize] = 1.0;
        store.add(turn, "Ann", "text", vector);
    }
    store
}

#[test]
fn rrf_adds_reciprocal_ranks_and_keeps_where_they_came_from() {
    let lists = [list(&[(3, 0.9), (1, 0.8)]), list(&[(1, 7.0), (2, 6.0)])];
    let hits = ranker(json!({"kind": "rrf"})).fuse(&lists, &store(4), 10);
    assert_eq!(
        pairs(&hits),
        [
            (1, (1.0_f64 / 62.0 + 1.0 / 61.0) as f32),
            (3, (1.0_f64 / 61.0) as f32),
            (2, (1.0_f64 / 62.0) as f32)
        ]
    );
    let ranks: Vec<Option<u32>> = hits[0]
        .lists
        .iter()
        .map(|list| list.map(|list| list.rank))
        .collect();
    assert_eq!(ranks, [Some(2), Some(1)]);
    assert_eq!(hits[1].lists[1], None);
}

#[test]
fn complete_rrf_ranks_what_a_list_lacks_behind_it() {
    let lists = [list(&[(3, 0.9), (1, 0.8), (2, 0.1)]), list(&[(2, 7.0)])];
    let hits = ranker(json!({"kind": "rrf", "complete": true})).fuse(&lists, &store(4), 10);
    let at = |id: u32| pairs(&hits).into_iter().find(|(other, _)| *other == id);
    assert_eq!(at(1).unwrap().1, (1.0_f64 / 62.0 + 1.0 / 62.0) as f32);
    assert_eq!(at(3).unwrap().1, (1.0_f64 / 61.0 + 1.0 / 63.0) as f32);
}

#[test]
fn weighted_scales_each_list_as_told() {
    let lists = [list(&[(0, 0.5), (1, 0.25)]), list(&[(1, 8.0), (2, 4.0)])];
    let fuse = |config| pairs(&ranker(config).fuse(&lists, &store(4), 10));
    assert_eq!(
        fuse(json!({"kind": "weighted", "normalise": ["none", "max"], "weights": [1, 0.5]})),
        [(1, 0.75), (0, 0.5), (2, 0.25)]
    );
    assert_eq!(
        fuse(json!({"kind": "weighted", "normalise": "min-max"})),
        [(0, 1.0), (1, 1.0), (2, 0.0)]
    );
    // What a list lacks counts as that list's lowest.
    assert_eq!(
        fuse(json!({"kind": "weighted", "normalise": "z-score"})),
        [(0, 0.0), (1, 0.0), (2, -2.0)]
    );
    let sigmoid = fuse(
        json!({"kind": "weighted", "normalise": ["none", "sigmoid"], "midpoint": 8, "steepness": 1}),
    );
    assert_eq!(sigmoid[0], (1, 0.75));
    assert_eq!(sigmoid[2].0, 2);
    assert!((sigmoid[2].1 - 1.0 / (1.0 + 4.0_f32.exp())).abs() < 1e-7);
}

#[test]
fn the_sigmoid_follows_the_number_of_terms_as_in_mem0() {
    for (terms, midpoint) in [(3, 5.0), (6, 7.0), (9, 9.0), (15, 10.0), (16, 12.0)] {
        let mut words = list(&[(0, midpoint)]);
        words.query_terms = Some(terms);
        let hits = ranker(json!({"kind": "weighted", "normalise": "sigmoid"})).fuse(
            &[words],
            &store(2),
            1,
        );
        assert_eq!(hits[0].score, 0.5, "{terms} terms");
    }
}

#[test]
fn scores_that_are_no_numbers_never_win() {
    let lists = [list(&[
        (0, f32::NAN),
        (1, 0.5),
        (2, f32::INFINITY),
        (3, -0.5),
    ])];
    for normalise in ["none", "min-max", "max", "z-score", "sigmoid"] {
        let hits =
            ranker(json!({"kind": "weighted", "normalise": normalise})).fuse(&lists, &store(4), 10);
        assert_eq!(hits[0].id, MemoryId(1), "{normalise}: {hits:?}");
        assert!(hits.iter().all(|hit| hit.score.is_finite()));
    }
    let hits = ranker(json!({"kind": "single"})).fuse(&lists, &store(4), 10);
    assert_eq!(ids(&hits).last(), Some(&0));
}

#[test]
fn neighbours_share_scores_inside_their_session() {
    // Session 1: memories 0 1 2, session 2: memories 3 4 5.
    let lists = [list(&[(2, 1.0), (3, 0.1), (1, 0.0), (0, 0.0)])];
    let config = json!({
        "kind": "neighbour", "before": 0.5, "after": 0.25,
        "inner": {"kind": "weighted", "normalise": "none"},
    });
    let hits = ranker(config).fuse(&lists, &store(6), 10);
    // 1 is said before 2; 3 is said after it, but in another session.
    assert_eq!(pairs(&hits), [(2, 1.0), (1, 0.25), (3, 0.1), (0, 0.0)]);
    let lists = [list(&[(0, 1.0), (1, 0.0)])];
    let config = json!({
        "kind": "neighbour", "before": 0.5, "after": 0.25, "inner": {"kind": "single"},
    });
    let hits = ranker(config).fuse(&lists, &store(6), 10);
    assert_eq!(pairs(&hits), [(0, 1.0), (1, 0.5)]);
}

#[test]
fn mmr_takes_something_new_before_something_alike() {
    // Vectors of 0 and 4 are equal, that of 1 is orthogonal.
    let lists = [list(&[(0, 1.0), (4, 0.9), (1, 0.5)])];
    let config = json!({"kind": "mmr", "lambda": 0.5, "inner": {"kind": "single"}});
    let hits = ranker(config).fuse(&lists, &store(8), 10);
    assert_eq!(pairs(&hits), [(0, 1.0), (1, 0.5), (4, 0.9)]);
    let config = json!({"kind": "mmr", "lambda": 0.5, "depth": 1, "inner": {"kind": "single"}});
    assert_eq!(ids(&ranker(config).fuse(&lists, &store(8), 2)), [0, 4]);
}

#[test]
fn settings_per_list_must_fit_the_lists() {
    let check = |value: serde_json::Value, lists| {
        let config: FusionConfig = serde_json::from_value(value).unwrap();
        config.check(lists).err().and_then(|error| error.key)
    };
    assert_eq!(check(json!({"kind": "rrf", "weights": [1, 2]}), 2), None);
    assert_eq!(
        check(json!({"kind": "rrf", "weights": [1, 2]}), 3).as_deref(),
        Some("weights")
    );
    let nested = json!({"kind": "neighbour", "inner": {"kind": "weighted", "normalise": ["none"]}});
    assert_eq!(check(nested, 2).as_deref(), Some("inner.normalise"));
    let single: FusionConfig = serde_json::from_value(json!({"kind": "single"})).unwrap();
    assert!(single.check(1).is_ok() && single.check(2).is_err());
    let build = |value: serde_json::Value| {
        let config: FusionConfig = serde_json::from_value(value).unwrap();
        config
            .build(&FakeParts("unused".into()))
            .err()
            .and_then(|error| error.key)
    };
    assert_eq!(
        build(json!({"kind": "mmr", "lambda": 1.5})).as_deref(),
        Some("lambda")
    );
    assert_eq!(build(json!({"kind": "rrf", "k": -1})).as_deref(), Some("k"));
    let schema = schemars::schema_for!(FusionConfig).to_value();
    let sound = json!({"kind": "neighbour", "inner": {
        "kind": "weighted", "normalise": ["none", "max"], "weights": [1, 0.5]}});
    assert_eq!(memgauge_core::config::check(&schema, &sound), []);
    let wrong = json!({"kind": "weighted", "normalise": "minmax"});
    assert_eq!(memgauge_core::config::check(&schema, &wrong).len(), 1);
}

fn any_list() -> impl Strategy<Value = RankedList> {
    // Few distinct scores, so that ties are common.
    prop::collection::btree_map(0_u32..30, 0_i8..6, 0..30).prop_map(|items| {
        let items: Vec<(u32, f32)> = items
            .into_iter()
            .map(|(id, score)| (id, f32::from(score) / 4.0))
            .collect();
        list(&items)
    })
}

fn kinds() -> Vec<serde_json::Value> {
    let mut kinds = vec![
        json!({"kind": "rrf"}),
        json!({"kind": "rrf", "complete": true}),
        json!({"kind": "mmr"}),
        json!({"kind": "neighbour"}),
    ];
    for normalise in ["none", "min-max", "max", "z-score", "sigmoid"] {
        kinds.push(json!({"kind": "weighted", "normalise": normalise}));
    }
    kinds
}

proptest! {
    #[test]
    fn swapping_lists_changes_nothing_but_the_columns(a in any_list(), b in any_list()) {
        let store = store(30);
        for kind in kinds() {
            let ranker = ranker(kind);
            let one = ranker.fuse(&[a.clone(), b.clone()], &store, 30);
            let other = ranker.fuse(&[b.clone(), a.clone()], &store, 30);
            prop_assert_eq!(pairs(&one), pairs(&other));
        }
    }

    #[test]
    fn the_best_k_are_the_first_k_of_all(a in any_list(), b in any_list(), k in 0_usize..12) {
        let store = store(30);
        for kind in kinds() {
            let ranker = ranker(kind);
            let lists = [a.clone(), b.clone()];
            let all = ranker.fuse(&lists, &store, usize::MAX);
            let mut unique = ids(&all);
            unique.sort_unstable();
            unique.dedup();
            prop_assert_eq!(unique.len(), all.len());
            let some = ranker.fuse(&lists, &store, k);
            prop_assert_eq!(&some[..], &all[..k.min(all.len())]);
        }
    }

    #[test]
    fn ranks_and_ties_are_in_order(a in any_list(), b in any_list()) {
        for kind in kinds().into_iter().filter(|kind| kind["kind"] != "mmr") {
            let hits = ranker(kind).fuse(&[a.clone(), b.clone()], &store(30), 30);
            for pair in hits.windows(2) {
                prop_assert!(
                    pair[0].score > pair[1].score
                        || (pair[0].score == pair[1].score && pair[0].id < pair[1].id)
                );
            }
        }
    }

    #[test]
    fn rrf_is_its_formula(a in any_list(), b in any_list(), k in 0_u32..100) {
        let hits = ranker(json!({"kind": "rrf", "k": k, "weights": [2, 3]}))
            .fuse(&[a.clone(), b.clone()], &store(30), 30);
        for hit in hits {
            let part = |list: &RankedList, weight: f64| {
                let rank = list.items.iter().position(|item| item.id == hit.id);
                rank.map_or(0.0, |rank| weight / (f64::from(k) + rank as f64 + 1.0))
            };
            prop_assert_eq!(hit.score, (part(&a, 2.0) + part(&b, 3.0)) as f32);
        }
    }

    #[test]
    fn weights_scale_scores_and_keep_the_order(a in any_list(), b in any_list()) {
        let fuse = |weights: [f64; 2]| {
            pairs(
                &ranker(json!({"kind": "weighted", "normalise": "none", "weights": weights}))
                    .fuse(&[a.clone(), b.clone()], &store(30), 30),
            )
        };
        // Powers of two scale without rounding.
        let doubled: Vec<(u32, f32)> = fuse([1.0, 0.5])
            .into_iter()
            .map(|(id, score)| (id, score * 4.0))
            .collect();
        prop_assert_eq!(doubled, fuse([4.0, 2.0]));
        // A list of weight 0 only adds candidates.
        let alone: Vec<(u32, f32)> = fuse([1.0, 0.0])
            .into_iter()
            .filter(|(id, _)| a.items.iter().any(|item| item.id.0 == *id))
            .collect();
        let given: Vec<(u32, f32)> =
            a.items.iter().map(|item| (item.id.0, item.score)).collect();
        prop_assert_eq!(alone, given);
    }

    #[test]
    fn mmr_without_novelty_and_neighbour_without_shares_are_their_inner(
        a in any_list(), b in any_list(),
    ) {
        let store = store(30);
        let inner = json!({"kind": "rrf"});
        let plain = ranker(inner.clone()).fuse(&[a.clone(), b.clone()], &store, 20);
        for config in [
            json!({"kind": "mmr", "lambda": 1, "inner": inner}),
            json!({"kind": "neighbour", "before": 0, "after": 0, "inner": inner}),
        ] {
            prop_assert_eq!(&ranker(config).fuse(&[a.clone(), b.clone()], &store, 20), &plain);
        }
    }
}
