use memgauge_core::{Filter, MemoryId, Meter, Parts, RankedList, Scope, Stage, TurnId};
use serde_json::json;

use super::fake::{FakeParts, FakeStore};
use super::*;

fn parts() -> FakeParts {
    FakeParts("unused".into())
}

fn store() -> FakeStore {
    let mut store = FakeStore::default();
    store.add(
        TurnId::new(1, 1),
        "Ann",
        "my cat",
        vec![1., 0., 0., 0., 0., 0.],
    );
    store.add(
        TurnId::new(1, 2),
        "Bob",
        "my dog",
        vec![0., 1., 0., 0., 0., 0.],
    );
    store.add(
        TurnId::new(2, 1),
        "Ann",
        "a hike",
        vec![0., 0., 1., 0., 0., 0.],
    );
    store
}

async fn lists(config: serde_json::Value, query: &str) -> (Vec<RankedList>, Vec<(String, u64)>) {
    let config: RetrieverConfig = serde_json::from_value(config).unwrap();
    let retriever = config.build(&parts()).unwrap();
    assert_eq!(retriever.kind(), config.kind());
    let meter = Meter::new();
    let found = retriever
        .retrieve(
            &meter.at(Stage::Search),
            &store(),
            &Filter::scope(Scope::user("c")),
            query,
        )
        .await
        .unwrap();
    assert_eq!(found.len(), config.lists());
    (found, meter.counters().into_iter().collect())
}

fn ids(list: &RankedList) -> Vec<u32> {
    list.items.iter().map(|item| item.id.0).collect()
}

#[tokio::test]
async fn each_kind_makes_its_list() {
    let (found, counters) = lists(json!({"kind": "dense"}), "the dog").await;
    assert_eq!(ids(&found[0]), [1, 0, 2]);
    assert_eq!(counters, [("retriever:dense".to_owned(), 1)]);
    let (found, _) = lists(json!({"kind": "lexical"}), "my dog").await;
    assert_eq!(ids(&found[0]), [1, 0]);
    assert_eq!(found[0].query_terms, Some(2));
    let (found, _) = lists(json!({"kind": "recency", "depth": 2}), "my dog").await;
    assert_eq!(ids(&found[0]), [2, 1]);
}

#[tokio::test]
async fn a_hybrid_keeps_the_order_of_its_inputs_and_tells_lists_of_one_kind_apart() {
    let (found, counters) = lists(
        json!({"kind": "hybrid", "inputs": [
            {"kind": "lexical"}, {"kind": "dense"}, {"kind": "lexical", "depth": 1},
        ]}),
        "my dog",
    )
    .await;
    let names: Vec<&str> = found.iter().map(|list| list.name.as_str()).collect();
    assert_eq!(names, ["lexical", "dense", "lexical-2"]);
    assert_eq!(ids(&found[2]), [1]);
    assert_eq!(
        counters,
        [
            ("retriever:dense".to_owned(), 1),
            ("retriever:lexical".to_owned(), 2)
        ]
    );
}

#[test]
fn k_belongs_to_the_outermost_table_of_every_kind() {
    for kind in ["dense", "lexical", "recency", "hybrid"] {
        let config: RetrieverConfig =
            serde_json::from_value(json!({"kind": kind, "k": 7})).unwrap();
        assert_eq!(config.k(), 7);
        let config: RetrieverConfig = serde_json::from_value(json!({ "kind": kind })).unwrap();
        assert_eq!(config.k(), DEFAULT_K);
    }
    let error = |value: serde_json::Value| {
        let config: RetrieverConfig = serde_json::from_value(value).unwrap();
        config.build(&parts()).err().unwrap()
    };
    let nested = error(json!({"kind": "hybrid", "inputs": [{"kind": "dense", "k": 3}]}));
    assert_eq!(nested.key.as_deref(), Some("inputs[0].k"));
    let none = error(json!({"kind": "hybrid", "inputs": []}));
    assert_eq!(none.key.as_deref(), Some("inputs"));
    let zero = error(json!({"kind": "hybrid", "inputs": [{"kind": "dense", "depth": 0}]}));
    assert_eq!(zero.key.as_deref(), Some("inputs[0].depth"));
    assert_eq!(
        error(json!({"kind": "dense", "k": 0})).key.as_deref(),
        Some("k")
    );
}

#[test]
fn the_schema_knows_every_kind_and_key() {
    let schema = schemars::schema_for!(RetrieverConfig).to_value();
    let sound = json!({"kind": "hybrid", "k": 5, "inputs": [{"kind": "dense", "depth": 3}]});
    assert_eq!(memgauge_core::config::check(&schema, &sound), []);
    let wrong = json!({"kind": "hybrid", "k": 0, "inputs": [{"kind": "dense", "dept": 3}]});
    let paths: Vec<String> = memgauge_core::config::check(&schema, &wrong)
        .into_iter()
        .map(|problem| problem.path)
        .collect();
    assert!(paths.contains(&"k".to_owned()), "{paths:?}");
    assert!(paths.contains(&"inputs[0].dept".to_owned()), "{paths:?}");
    let default: RetrieverConfig = HybridConfig::default().into();
    let round: RetrieverConfig =
        serde_json::from_value(serde_json::to_value(&default).unwrap()).unwrap();
    assert_eq!(round, default);
    assert!(parts().embedder(SYSTEM_EMBEDDER).is_ok());
    assert_eq!(MemoryId(0), MemoryId::default());
}
