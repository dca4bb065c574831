//! Rankings on LOCOMO's conv-26 against those of reference implementations. Needs
//! `MEMGAUGE_DATA`.

#![expect(clippy::print_stderr, reason = "the lines are counted by .ci/run")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a broken fixture fails the test"
)]

#[path = "common/mod.rs"]
mod common;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use common::{add, vector_of};
use memgauge_core::{Filter, MemoryId, MemoryReader, Scored, Source, TurnId};
use memgauge_store::{
    ArroyConfig, Change, ExactConfig, LexicalConfig, Store, StoreConfig, VectorConfig,
};
use serde_json::Value;

const CONVERSATION: &str = "conv-26";

fn data(test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("MEMGAUGE_DATA").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("real-data test skipped: {test}");
    }
    folder
}

fn json(path: &Path) -> Value {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&bytes).unwrap()
}

/// `{speaker}: {text}` of every turn, in order.
fn turns(data: &Path, conversation: &str) -> Vec<(TurnId, String)> {
    let mut path = data.join("datasets/locomo10.json");
    if !path.is_file() {
        path = data.join("locomo10.json");
    }
    let all = json(&path);
    let sample = all
        .as_array()
        .unwrap()
        .iter()
        .find(|sample| sample["sample_id"] == conversation)
        .unwrap();
    let mut turns = Vec::new();
    for (key, value) in sample["conversation"].as_object().unwrap() {
        let session = key.strip_prefix("session_").map(str::parse::<u32>);
        let (Some(Ok(_)), Some(list)) = (session, value.as_array()) else {
            continue;
        };
        for turn in list {
            let id: TurnId = turn["dia_id"].as_str().unwrap().parse().unwrap();
            let speaker = turn["speaker"].as_str().unwrap();
            let text = turn["text"].as_str().unwrap();
            turns.push((id, format!("{speaker}: {text}")));
        }
    }
    turns.sort_by_key(|(id, _)| *id);
    turns
}

fn changes(turns: &[(TurnId, String)]) -> Vec<Change> {
    turns
        .iter()
        .map(|(id, text)| add("conv", text, &[Source::cited(*id)], None))
        .collect()
}

struct Reference {
    questions: Vec<Value>,
    turns: Vec<(TurnId, String)>,
}

fn reference(data: &Path) -> Reference {
    Reference {
        questions: json(&data.join("reference/retrieval-conv26.json"))
            .as_array()
            .unwrap()
            .clone(),
        turns: turns(data, CONVERSATION),
    }
}

/// Compares complete rankings with the reference's method `name`: the top 30 and the first ten
/// scores where the reference has them, and the rank of every gold turn. Two turns may have
/// swapped places where their scores are closer than 1e-5.
fn compare(name: &str, lexical: LexicalConfig, test: &str) {
    let Some(data) = data(test) else { return };
    let reference = reference(&data);
    let dir = tempfile::tempdir().unwrap();
    let config = StoreConfig {
        lexical,
        ..StoreConfig::default()
    };
    let store = Store::create(&dir.path().join("s"), &config).unwrap();
    store.apply(&changes(&reference.turns)).unwrap();
    let id_of: BTreeMap<String, MemoryId> = (0_u32..)
        .zip(&reference.turns)
        .map(|(id, (turn, _))| (turn.to_string(), MemoryId(id)))
        .collect();

    let (mut lists, mut ranks, mut positive) = (0, 0, 0);
    for question in &reference.questions {
        let text = question["question"].as_str().unwrap();
        let method = &question["methods"][name];
        let found = store.scores(&Filter::default(), text);
        assert_eq!(found.len(), reference.turns.len());
        let score_of: BTreeMap<MemoryId, f32> =
            found.iter().map(|hit| (hit.id, hit.score)).collect();
        let near = |a: f32, b: f32| (a - b).abs() < 1e-5;

        if let Some(top) = method["top30"].as_array() {
            lists += 1;
            for (rank, expected) in top.iter().enumerate() {
                let expected = id_of[expected.as_str().unwrap()];
                let hit: Scored = found[rank];
                assert!(
                    hit.id == expected || near(hit.score, score_of[&expected]),
                    "{name}, `{text}`, rank {}: found {} ({}), expected {expected} ({})",
                    rank + 1,
                    hit.id,
                    hit.score,
                    score_of[&expected],
                );
                if hit.id != expected {
                    // Exactly equal scores have to be in the order of turns.
                    assert!(hit.score != score_of[&expected], "{name}, `{text}`");
                }
            }
            for (rank, expected) in method["scores10"].as_array().unwrap().iter().enumerate() {
                let expected = expected.as_f64().unwrap() as f32;
                assert!(near(found[rank].score, expected), "{name}, `{text}`");
            }
        }
        let evidence = question["evidence"].as_array().unwrap();
        let expected = method["evidence_ranks"].as_array().unwrap();
        assert_eq!(evidence.len(), expected.len());
        for (turn, rank) in evidence.iter().zip(expected) {
            let Some(id) = id_of.get(turn.as_str().unwrap()) else {
                assert!(rank.is_null());
                continue;
            };
            let rank = rank.as_u64().unwrap() as usize;
            let place = found.iter().position(|hit| hit.id == *id).unwrap() + 1;
            assert!(
                place == rank || near(score_of[id], found[rank - 1].score),
                "{name}, `{text}`, {id}: found at {place}, expected at {rank}"
            );
            ranks += 1;
        }
        let search = store.search(&Filter::default(), text, 30).unwrap();
        let expected: Vec<Scored> = found
            .into_iter()
            .filter(|hit| hit.score > 0.0)
            .take(30)
            .collect();
        assert_eq!(search, expected);
        positive += search.len();
    }
    assert_eq!(reference.questions.len(), 199);
    assert!(ranks > 199 && positive > 199 * 10, "{ranks} {positive}");
    eprintln!("{name}: {lists} lists and {ranks} evidence ranks agree");
    eprintln!("real-data test ran: {test}");
}

#[test]
fn real_data_okapi_plain() {
    compare(
        "bm25-okapi/plain",
        LexicalConfig::okapi(),
        "real_data_okapi_plain",
    );
}

#[test]
fn real_data_lucene_porter2() {
    compare(
        "bm25-lucene/porter2",
        LexicalConfig::lucene_stemmed(),
        "real_data_lucene_porter2",
    );
}

#[test]
fn real_data_lucene_plain() {
    compare(
        "bm25-lucene/plain",
        LexicalConfig::lucene(),
        "real_data_lucene_plain",
    );
}

/// On a conversation's own texts, with vectors made from their words, the index finds what the
/// exact scan finds.
#[test]
fn real_data_arroy_recall() {
    let Some(data) = data("real_data_arroy_recall") else {
        return;
    };
    let reference = reference(&data);
    let dir = tempfile::tempdir().unwrap();
    let stores: Vec<Store> = [
        VectorConfig::Exact(ExactConfig::default()),
        VectorConfig::Arroy(ArroyConfig::default()),
    ]
    .into_iter()
    .map(|vectors| {
        let config = StoreConfig {
            vectors,
            dimensions: Some(256),
            ..StoreConfig::default()
        };
        let store = Store::create(&dir.path().join(config.vectors.kind()), &config).unwrap();
        let mut changes = changes(&reference.turns);
        for (change, (_, text)) in changes.iter_mut().zip(&reference.turns) {
            change.embedding = Some(vector_of(text, 256));
        }
        store.apply(&changes).unwrap();
        store.seal().unwrap();
        store
    })
    .collect();
    let (mut found, mut wanted) = (0, 0);
    for question in &reference.questions {
        let query = vector_of(question["question"].as_str().unwrap(), 256);
        let lists: Vec<Vec<Scored>> = stores
            .iter()
            .map(|store| store.nearest(&Filter::default(), &query, 10).unwrap())
            .collect();
        wanted += lists[0].len();
        found += lists[0].iter().filter(|hit| lists[1].contains(hit)).count();
    }
    let recall = f64::from(found as u32) / f64::from(wanted as u32);
    eprintln!("arroy recall@10 on {CONVERSATION}: {recall:.4}");
    assert!(recall >= 0.99, "{recall}");
    eprintln!("real-data test ran: real_data_arroy_recall");
}
