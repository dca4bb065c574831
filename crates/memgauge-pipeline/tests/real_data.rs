//! Tests against LOCOMO and the reference files.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "functions of tests; the lines are counted by the gate"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use memgauge_core::{
    Build as _, BuildError, ChatHandle, Embedder, EmbedderHandle, Filter, FusionRanker, MemoryId,
    MemoryReader, MemorySystem, Meter, Parts, RankedList, Scope, Stage, Tokenizer, TurnId,
};
use memgauge_dataset::{Dataset, Entry, locomo};
use memgauge_model::{FakeConfig, MiniLm, Model, Static, StaticWeights, tokenizer};
use memgauge_pipeline::fusion::FusionConfig;
use memgauge_pipeline::system::{
    Pipeline, PipelineConfig, SystemConfig, TurnsConfig, best_hybrid_fusion,
};
use serde_json::{Value, json};

/// The folders a test needs, or `None` after saying that it is skipped.
fn folders<const N: usize>(test: &str, variables: [&str; N]) -> Option<[PathBuf; N]> {
    let found: Vec<PathBuf> = variables
        .iter()
        .filter_map(|variable| std::env::var_os(variable).map(PathBuf::from))
        .collect();
    match found.try_into() {
        Ok(found) => Some(found),
        Err(_) => {
            eprintln!("real-data test skipped: {test}");
            None
        }
    }
}

fn locomo(data: &Path) -> Dataset {
    locomo::load(data.join("datasets/locomo10.json")).unwrap()
}

fn read_json(path: PathBuf) -> Value {
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

struct Models {
    embedder: Arc<dyn Embedder>,
    folder: PathBuf,
}

impl Parts for Models {
    fn embedder(&self, _: &str) -> Result<EmbedderHandle, BuildError> {
        Ok(EmbedderHandle::new(Arc::clone(&self.embedder)))
    }

    fn tokenizer(&self, name: &str) -> Result<Arc<dyn Tokenizer>, BuildError> {
        tokenizer(name).ok_or_else(|| BuildError::new(format!("no tokenizer `{name}`")))
    }

    fn folder(&self) -> &Path {
        &self.folder
    }
}

async fn ingest(system: &dyn MemorySystem, entry: &Entry) {
    let meter = Meter::new();
    for session in &entry.conversation.sessions {
        system
            .ingest(&meter.at(Stage::Index), &entry.conversation.head, session)
            .await
            .unwrap();
    }
    system.flush(&meter.at(Stage::Index)).await.unwrap();
}

async fn turns(config: Value, models: &Models, entry: &Entry) -> Pipeline {
    let config: TurnsConfig = serde_json::from_value(config).unwrap();
    let pipeline = PipelineConfig::from(config)
        .pipeline("turns", models)
        .unwrap();
    ingest(&pipeline, entry).await;
    pipeline
}

fn turn(pipeline: &Pipeline, id: MemoryId) -> String {
    let place = pipeline.store().place(id).unwrap();
    TurnId::new(place.session, place.turn).to_string()
}

/// Turns with their scores, best first.
fn fused(
    pipeline: &Pipeline,
    fusion: &dyn FusionRanker,
    lists: &[RankedList],
) -> Vec<(String, f32)> {
    let hits = fusion.fuse(lists, pipeline.store(), usize::MAX);
    hits.iter()
        .map(|hit| (turn(pipeline, hit.id), hit.score))
        .collect()
}

/// Compares a ranking with the reference; where turns stand in another order, their scores must be
/// within `tie` of each other.
fn same_ranking(found: &[(String, f32)], expected: &Value, tie: f32, tolerance: f32, what: &str) {
    let score = |turn: &str| found.iter().find(|(other, _)| other == turn).unwrap().1;
    for (rank, turn) in expected["top30"].as_array().unwrap().iter().enumerate() {
        let turn = turn.as_str().unwrap();
        let (own, own_score) = &found[rank];
        assert!(
            own == turn || (score(turn) - own_score).abs() < tie,
            "{what}, rank {}: {own} ({own_score}) instead of {turn} ({})",
            rank + 1,
            score(turn)
        );
    }
    for (rank, reference) in expected["scores10"].as_array().unwrap().iter().enumerate() {
        let reference = reference.as_f64().unwrap() as f32;
        assert!(
            (found[rank].1 - reference).abs() < tolerance,
            "{what}, rank {}: score {} instead of {reference}",
            rank + 1,
            found[rank].1
        );
    }
}

#[tokio::test]
async fn real_data_rankings_equal_the_reference() {
    let test = "real_data_rankings_equal_the_reference";
    let Some([data, minilm]) = folders(test, ["MEMGAUGE_DATA", "MEMGAUGE_MINILM"]) else {
        return;
    };
    let dataset = locomo(&data);
    let entry = &dataset.conversations[0];
    let folder = tempfile::tempdir().unwrap();
    let models = Models {
        embedder: Arc::new(MiniLm::open(&minilm).unwrap()),
        folder: folder.path().to_owned(),
    };
    let lucene = json!({"tokens": "word", "stop-words": "none", "stemmer": "porter2", "k1": 1.2,
        "b": 0.75, "idf": "lucene"});
    let config = json!({
        "store": {"lexical": lucene},
        "retriever": {"kind": "hybrid", "inputs": [{"kind": "lexical"}, {"kind": "dense"}]},
    });
    let pipeline = turns(config, &models, entry).await;
    let build = |config: Value| {
        let config: FusionConfig = serde_json::from_value(config).unwrap();
        config.build(&models).unwrap()
    };
    let single = build(json!({"kind": "single"}));
    let rrf = build(json!({"kind": "rrf", "k": 60, "complete": true}));
    let reference = read_json(data.join("reference/retrieval-conv26.json"));
    let cx = Meter::new().at(Stage::Search);
    let mut compared = 0;
    for (item, expected) in entry.items.iter().zip(reference.as_array().unwrap()) {
        let id = &item.question.id;
        assert_eq!(u64::from(id.index), expected["q"].as_u64().unwrap());
        assert_eq!(item.question.text, expected["question"].as_str().unwrap());
        let lists = pipeline
            .lists(&cx, &id.conversation, &item.question.text)
            .await
            .unwrap();
        let methods = &expected["methods"];
        let dense = fused(&pipeline, single.as_ref(), &lists[1..]);
        same_ranking(
            &dense,
            &methods["dense"],
            1e-5,
            1e-5,
            &format!("{id} dense"),
        );
        let both = fused(&pipeline, rrf.as_ref(), &lists);
        let name = "rrf-full(lucene/porter2+dense)";
        // Two turns of nearly equal cosine may change places: one rank is worth 1 / 61 - 1 / 62.
        same_ranking(&both, &methods[name], 1e-5, 2.7e-4, &format!("{id} {name}"));
        let ranks = methods[name]["evidence_ranks"].as_array().unwrap();
        for (gold, rank) in expected["evidence"].as_array().unwrap().iter().zip(ranks) {
            let rank = usize::try_from(rank.as_u64().unwrap()).unwrap();
            let own = 1 + both
                .iter()
                .position(|(turn, _)| turn == gold.as_str().unwrap())
                .unwrap();
            assert!(
                own == rank || (both[own - 1].1 - both[rank - 1].1).abs() < 1e-5,
                "{id} {name}: {gold} at {own} instead of {rank}"
            );
        }
        compared += 1;
    }
    assert_eq!(compared, 199);
    eprintln!("real-data test ran: {test}");
}

#[tokio::test]
async fn real_data_full_context_has_the_reference_number_of_tokens() {
    let test = "real_data_full_context_has_the_reference_number_of_tokens";
    let Some([data]) = folders(test, ["MEMGAUGE_DATA"]) else {
        return;
    };
    let dataset = locomo(&data);
    let reference = read_json(data.join("reference/token-counts.json"));
    let models = Models {
        embedder: Arc::new(Static::new(StaticWeights::Zipf)),
        folder: PathBuf::new(),
    };
    let config: SystemConfig = serde_json::from_value(json!({"kind": "full-context"})).unwrap();
    let mut sum = 0;
    let mut questions = 0;
    for entry in &dataset.conversations {
        let system = config.build(&models).unwrap();
        ingest(system.as_ref(), entry).await;
        let cx = Meter::new().at(Stage::Search);
        let head = &entry.conversation.head;
        let recall = system
            .recall(&cx, &head.id, &entry.items[0].question)
            .await
            .unwrap();
        assert_eq!(
            recall.context.entries.len(),
            entry.conversation.turns().count()
        );
        for encoding in ["cl100k_base", "o200k_base"] {
            let tokens = tokenizer(encoding).unwrap().count(&recall.context.text);
            let expected = &reference[head.id.as_str()]["mem0-full-context"][encoding];
            assert_eq!(
                tokens as u64,
                expected.as_u64().unwrap(),
                "{} {encoding}",
                head.id
            );
            if encoding == "cl100k_base" {
                sum += tokens * entry.items.len();
                questions += entry.items.len();
            }
        }
    }
    let mean = sum as f64 / questions as f64;
    assert_eq!(questions, 1986);
    assert!((mean - 26_031.8).abs() < 0.05, "{mean}");
    eprintln!("real-data test ran: {test}");
}

#[tokio::test]
async fn real_data_turns_find_the_evidence() {
    let test = "real_data_turns_find_the_evidence";
    let Some([data]) = folders(test, ["MEMGAUGE_DATA"]) else {
        return;
    };
    let dataset = locomo(&data);
    let mut recall: BTreeMap<usize, f64> = BTreeMap::new();
    let mut questions = 0;
    for entry in &dataset.conversations {
        let folder = tempfile::tempdir().unwrap();
        let models = Models {
            embedder: Arc::new(Static::new(StaticWeights::Zipf)),
            folder: folder.path().to_owned(),
        };
        let pipeline = turns(json!({}), &models, entry).await;
        let fusion = best_hybrid_fusion().build(&models).unwrap();
        for item in &entry.items {
            let evidence = &item.key.evidence;
            if !item.category().is_scored() || evidence.is_empty() {
                continue;
            }
            questions += 1;
            let id = &item.question.id.conversation;
            let cx = Meter::new().at(Stage::Search);
            let found = pipeline.recall(&cx, id, &item.question).await.unwrap();
            let lists = pipeline.lists(&cx, id, &item.question.text).await.unwrap();
            let again = fusion.fuse(&lists, pipeline.store(), found.candidates.len());
            assert_eq!(found.candidates, again);
            for k in [10, 30] {
                let first: Vec<String> = found.candidates[..k]
                    .iter()
                    .map(|hit| turn(&pipeline, hit.id))
                    .collect();
                let held = evidence
                    .iter()
                    .filter(|turn| first.contains(&turn.to_string()));
                *recall.entry(k).or_default() += held.count() as f64 / evidence.len() as f64;
            }
        }
    }
    assert_eq!(questions, 1536);
    let mean = |k: usize| recall[&k] / f64::from(questions);
    assert!(
        mean(10) >= 0.68 && mean(30) >= 0.78,
        "{} {}",
        mean(10),
        mean(30)
    );
    eprintln!("real-data test ran: {test}");
}

/// Models with a chat model that finds no facts.
struct Silent {
    models: Models,
    chat: ChatHandle,
}

impl Parts for Silent {
    fn embedder(&self, name: &str) -> Result<EmbedderHandle, BuildError> {
        self.models.embedder(name)
    }

    fn chat(&self, _: &str) -> Result<ChatHandle, BuildError> {
        Ok(self.chat.clone())
    }

    fn tokenizer(&self, name: &str) -> Result<Arc<dyn Tokenizer>, BuildError> {
        self.models.tokenizer(name)
    }

    fn folder(&self) -> &Path {
        &self.models.folder
    }
}

#[tokio::test]
async fn the_evaluation_of_mem0_makes_6022_adds() {
    const TEST: &str = "the_evaluation_of_mem0_makes_6022_adds";
    let Some([data]) = folders(TEST, ["MEMGAUGE_DATA"]) else {
        return;
    };
    let config: SystemConfig =
        serde_json::from_value(json!({"kind": "mem0", "protocol": "mem0-eval"})).unwrap();
    let mut adds = 0;
    for entry in &locomo(&data).conversations {
        let folder = tempfile::tempdir().unwrap();
        let models = Models {
            embedder: Arc::new(Static::new(StaticWeights::Zipf)),
            folder: folder.path().to_owned(),
        };
        let Model::Chat(chat) = FakeConfig::default().build(&models).unwrap() else {
            panic!("a chat model");
        };
        let chat = ChatHandle::new("chat", chat);
        let system = config.build(&Silent { models, chat }).unwrap();
        let meter = Meter::new();
        let head = &entry.conversation.head;
        for session in &entry.conversation.sessions {
            let cx = meter.at(Stage::Extract);
            system.ingest(&cx, head, session).await.unwrap();
        }
        system.flush(&meter.at(Stage::Index)).await.unwrap();
        adds += meter.counters()["extractor:llm"];
        assert!(!meter.counters().contains_key("malformed:extract"));
    }
    assert_eq!(adds, 6022);
    eprintln!("real-data test ran: {TEST}");
}

/// A graph beside the turns changes neither rank nor score of a turn, and its edges say what the
/// turns say that they rest on.
#[tokio::test]
async fn real_data_graphs_leave_the_turns_alone_and_rest_on_them() {
    let test = "real_data_graphs_leave_the_turns_alone_and_rest_on_them";
    let Some([data]) = folders(test, ["MEMGAUGE_DATA"]) else {
        return;
    };
    let dataset = locomo(&data);
    let entry = &dataset.conversations[0];
    let models = |folder: &Path| Models {
        embedder: Arc::new(Static::new(StaticWeights::Index)),
        folder: folder.to_owned(),
    };
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let plain = turns(json!({}), &models(folders[0].path()), entry).await;
    let graph = json!({"kind": "mem0g"});
    let with = turns(json!({ "graph": graph }), &models(folders[1].path()), entry).await;

    let said: BTreeMap<TurnId, String> = entry
        .conversation
        .sessions
        .iter()
        .flat_map(|session| &session.turns)
        .map(|turn| {
            (
                turn.id,
                format!("{} {}", turn.speaker, turn.text).to_lowercase(),
            )
        })
        .collect();
    let edges = with.store().records(&Filter::relations(Scope::default()));
    assert!(edges.len() > 300, "{}", edges.len());
    let mut backed = 0;
    for edge in &edges {
        let object = edge.text.rsplit(" -- ").next().unwrap().to_lowercase();
        let turns: Vec<TurnId> = edge.live_turns().collect();
        assert!(!turns.is_empty(), "{}", edge.text);
        let in_turn = |turn: &TurnId| object.split(' ').all(|word| said[turn].contains(word));
        backed += usize::from(turns.iter().any(in_turn));
    }
    // Some objects hold a name in the place of a pronoun, or bear the name of a node that is near.
    assert!(
        backed * 20 >= edges.len() * 17,
        "{backed} of {}",
        edges.len()
    );

    let cx = Meter::new().at(Stage::Search);
    for item in entry.items.iter().step_by(10) {
        let id = &item.question.id;
        let text = &item.question.text;
        let lists = plain.lists(&cx, &id.conversation, text).await.unwrap();
        let others = with.lists(&cx, &id.conversation, text).await.unwrap();
        let shown = |pipeline: &Pipeline, list: &RankedList| -> Vec<(String, f32)> {
            let items = list.items.iter();
            items
                .map(|item| (turn(pipeline, item.id), item.score))
                .collect()
        };
        assert_eq!(lists.len(), others.len());
        for (list, other) in lists.iter().zip(&others) {
            assert_eq!(
                shown(&plain, list),
                shown(&with, other),
                "{id} {}",
                list.name
            );
        }
    }
    eprintln!("real-data test ran: {test}");
}
