//! How graphs take in what is said, over a model that reads relations off the messages: `a|r|b;`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use memgauge_core::{
    BuildError, ChatHandle, ChatModel, ChatRequest, EmbedderHandle, ErrorKind, Filter, GraphReader,
    MemoryEvent, MemoryReader, MemorySystem, Meter, OpKind, Parts, ReplyForm, Scope, Stage,
    Tokenizer, TurnId,
};
use serde_json::{Value, json};

use crate::retriever::fake::{CharTokenizer, WordEmbedder};
use crate::scripted::Scripted;
use crate::system::tests::{ask, ingest, talk};
use crate::system::{Pipeline, PipelineConfig, SystemConfig};

/// A part shop with an embedder of six words and a chat model.
pub(crate) struct GraphShop {
    pub(crate) folder: PathBuf,
    pub(crate) chat: Arc<Scripted>,
}

impl Parts for GraphShop {
    fn chat(&self, name: &str) -> Result<ChatHandle, BuildError> {
        let model: Arc<dyn ChatModel> = Arc::clone(&self.chat) as _;
        Ok(ChatHandle::new(name, model))
    }

    fn embedder(&self, _: &str) -> Result<EmbedderHandle, BuildError> {
        Ok(EmbedderHandle::new(Arc::new(WordEmbedder)))
    }

    fn tokenizer(&self, _: &str) -> Result<Arc<dyn Tokenizer>, BuildError> {
        Ok(Arc::new(CharTokenizer))
    }

    fn folder(&self) -> &Path {
        &self.folder
    }
}

/// The relations that messages state, with the number of the message.
fn stated(prompt: &str) -> Vec<(i64, [String; 3])> {
    let mut found = Vec::new();
    for line in prompt.lines() {
        let Some((number, text)) = line.split_once(". ") else {
            continue;
        };
        let Ok(number) = number.parse() else { continue };
        for part in text.split([';', ':']) {
            let words: Vec<String> = part.split('|').map(|word| word.trim().to_owned()).collect();
            if let Ok(triple) = <[String; 3]>::try_from(words) {
                found.push((number, triple));
            }
        }
    }
    found
}

/// Says what the messages state; every call about conflicts names the edges `outdated`.
pub(super) fn reader(
    outdated: Value,
) -> impl Fn(&ChatRequest) -> Result<String, ErrorKind> + Send + Sync {
    move |request| {
        let prompt = &request.messages.last().unwrap().content;
        let ReplyForm::Json { name, .. } = &request.form else {
            unreachable!("graphs ask for JSON");
        };
        let found = stated(prompt);
        Ok(match name.as_str() {
            "entities" => {
                let mut names: Vec<String> = found
                    .iter()
                    .flat_map(|(_, [a, _, b])| [a.clone(), b.clone()])
                    .collect();
                if let Some((_, question)) = prompt.split_once("Question: ") {
                    let question = question.lines().next().unwrap();
                    names.extend(question.split_whitespace().map(str::to_owned));
                }
                json!({"entities": names.iter().map(|n| json!({"name": n, "type": "x"})).collect::<Vec<_>>()})
            }
            "relations" => {
                let items: Vec<Value> = found
                    .iter()
                    .map(|(turn, [a, r, b])| {
                        json!({"subject": a, "relation": r, "object": b, "turns": [turn], "since": ""})
                    })
                    .collect();
                json!({ "relations": items })
            }
            _ => json!({ "outdated": outdated }),
        }
        .to_string())
    }
}

pub(super) struct Case {
    pub(super) folder: tempfile::TempDir,
    pub(super) chat: Arc<Scripted>,
    pub(super) config: PipelineConfig,
}

/// `turns` by words alone with this graph and a model that names `outdated` edges.
pub(super) fn case(graph: Value, outdated: Value) -> Case {
    let mut graph = graph;
    if graph.get("builder").is_none() && graph.get("entities").is_none() {
        graph["builder"] = json!({"kind": "llm"});
    }
    let config: SystemConfig = serde_json::from_value(json!({
        "kind": "turns", "graph": graph, "fusion": {"kind": "rrf"},
        "retriever": {"kind": "lexical", "k": 1},
    }))
    .unwrap();
    Case {
        folder: tempfile::tempdir().unwrap(),
        chat: Scripted::new(reader(outdated)),
        config: config.pipeline().unwrap(),
    }
}

impl Case {
    pub(super) fn open(&self) -> Pipeline {
        let shop = GraphShop {
            folder: self.folder.path().to_owned(),
            chat: Arc::clone(&self.chat),
        };
        self.config.pipeline("case", &shop).unwrap()
    }

    pub(super) async fn told(
        &self,
        sessions: &[&[(&str, &str)]],
    ) -> (Pipeline, Vec<MemoryEvent>, Arc<Meter>) {
        let pipeline = self.open();
        let meter = Meter::new();
        let events = ingest(&pipeline, &meter, &talk("c", sessions)).await;
        (pipeline, events, meter)
    }
}

pub(super) fn edges(pipeline: &Pipeline) -> Vec<memgauge_core::MemoryRecord> {
    pipeline
        .store()
        .records(&Filter::relations(Scope::user("c")))
}

pub(super) fn texts(pipeline: &Pipeline) -> Vec<String> {
    edges(pipeline).into_iter().map(|edge| edge.text).collect()
}

pub(super) fn names(pipeline: &Pipeline) -> Vec<String> {
    let nodes = pipeline.store().nodes(&Scope::default());
    nodes.into_iter().map(|node| node.name).collect()
}

pub(super) fn turns_of(record: &memgauge_core::MemoryRecord) -> Vec<String> {
    record.live_turns().map(|turn| turn.to_string()).collect()
}

#[tokio::test]
async fn a_name_becomes_a_known_node_above_the_threshold() {
    // "cat cat cat dog" and "cat" have a cosine of 3 / sqrt(10) = 0.949.
    let sessions: &[&[(&str, &str)]] = &[
        &[("Ann", "cat|sees|hike")],
        &[("Ann", "cat cat cat dog|likes|the CAT; The Hike|is|camp")],
    ];
    for (threshold, nodes) in [
        (0.94, &["cat", "hike", "camp"][..]),
        (0.96, &["cat", "hike", "cat cat cat dog", "camp"]),
    ] {
        let case = case(
            json!({"kind": "mem0g", "merge-threshold": threshold}),
            json!([]),
        );
        let (pipeline, ..) = case.told(sessions).await;
        // Case and articles never make a new node.
        assert_eq!(names(&pipeline), nodes, "{threshold}");
        let like = if nodes.len() == 3 {
            "cat"
        } else {
            "cat cat cat dog"
        };
        assert_eq!(
            texts(&pipeline),
            [
                "cat -- sees -- hike".to_owned(),
                format!("{like} -- likes -- cat"),
                "hike -- is -- camp".to_owned()
            ]
        );
    }
}

#[tokio::test]
async fn two_names_of_one_window_merge_as_well() {
    let case = case(json!({"kind": "mem0g"}), json!([]));
    let (pipeline, ..) = case
        .told(&[&[("Ann", "cat|sees|hike; cat cat cat dog|likes|hike")]])
        .await;
    assert_eq!(names(&pipeline), ["cat", "hike"]);
    assert_eq!(texts(&pipeline).len(), 2);
}

#[tokio::test]
async fn an_outdated_edge_is_marked_or_goes_by_the_kind() {
    let sessions: &[&[(&str, &str)]] = &[
        &[("Ann", "cat|lives in|school; cat|likes|dog")],
        &[("Bob", "cat|moved to|camp")],
    ];
    for (kind, op, left) in [
        ("mem0g", OpKind::Invalidate, 3),
        ("temporal", OpKind::Invalidate, 3),
        ("mem0g-oss", OpKind::Delete, 2),
    ] {
        // Edges are shown the newest first: 1 is the older of the two.
        let case = case(json!({"kind": kind}), json!([1]));
        let (pipeline, events, _) = case.told(sessions).await;
        let ended: Vec<&MemoryEvent> = events.iter().filter(|event| event.op == op).collect();
        let [ended] = ended[..] else {
            unreachable!("{events:?}");
        };
        assert_eq!(ended.before.as_deref(), Some("cat -- lives in -- school"));
        assert_eq!(ended.sources[0].turn, TurnId::new(2, 1));
        assert_eq!(edges(&pipeline).len(), left, "{kind}");
        let old = pipeline.store().record(ended.id.unwrap()).unwrap();
        assert_eq!(old.is_some(), left == 3);
        if let Some(old) = old {
            assert_eq!(old.invalid_at.map(|at| at.day()), Some(2));
            pipeline
                .flush(&Meter::new().at(Stage::Index))
                .await
                .unwrap();
            let recall = ask(&pipeline, "c", "cat").await;
            let lines: Vec<&str> = recall.context.text.lines().collect();
            let from = if kind == "temporal" {
                "from 1 May, 2023 "
            } else {
                ""
            };
            let line = format!("cat -- lives in -- school ({from}until 2 May, 2023)");
            assert!(lines.contains(&line.as_str()), "{lines:?}");
        }
    }
}

#[tokio::test]
async fn a_relation_may_have_several_targets() {
    // The model names the edge to the dog because there is one to the hike now.
    let sessions: &[&[(&str, &str)]] = &[&[("Ann", "cat|likes|dog")], &[("Ann", "cat|likes|hike")]];
    let oss = case(json!({"kind": "mem0g-oss"}), json!([0]));
    let (pipeline, _, meter) = oss.told(sessions).await;
    assert_eq!(
        texts(&pipeline),
        ["cat -- likes -- dog", "cat -- likes -- hike"]
    );
    assert_eq!(meter.counters()["refused:several-targets"], 1);
    // Rules never name it, and do name what is denied or can be one thing only.
    let rules = json!({"kind": "llm", "conflicts": {"kind": "rules"}});
    let rules = case(json!({"kind": "mem0g", "builder": rules}), json!([]));
    let (pipeline, events, _) = rules
        .told(&[
            &[("Ann", "cat|likes|dog; cat|lives in|school; cat|likes|paint")],
            &[(
                "Ann",
                "cat|likes|hike; cat|lives in|camp; cat|doesn't like|paint",
            )],
        ])
        .await;
    let mut ended: Vec<String> = edges(&pipeline)
        .into_iter()
        .filter(|edge| edge.invalid_at.is_some())
        .map(|edge| edge.text)
        .collect();
    ended.sort();
    assert_eq!(
        ended,
        ["cat -- likes -- paint", "cat -- lives in -- school"]
    );
    assert_eq!(
        events
            .iter()
            .filter(|event| event.op == OpKind::Invalidate)
            .count(),
        2
    );
}

#[tokio::test]
async fn every_edge_rests_on_the_turns_that_state_it() {
    let case = case(json!({"kind": "mem0g"}), json!([]));
    let (pipeline, events, _) = case
        .told(&[
            &[
                ("Ann", "cat|likes|dog"),
                ("Bob", "dog|likes|camp"),
                ("Ann", "cat|likes|dog; cat|sees|camp"),
            ],
            &[("Bob", "dog|likes|camp")],
        ])
        .await;
    let found: Vec<(String, Vec<String>)> = edges(&pipeline)
        .iter()
        .map(|edge| (edge.text.clone(), turns_of(edge)))
        .collect();
    let expected = [
        ("cat -- likes -- dog", &["D1:1", "D1:3"][..]),
        ("dog -- likes -- camp", &["D1:2", "D2:1"]),
        ("cat -- sees -- camp", &["D1:3"]),
    ];
    assert_eq!(found.len(), expected.len());
    for ((text, turns), expected) in found.iter().zip(expected) {
        assert_eq!(
            (
                text.as_str(),
                turns.iter().map(String::as_str).collect::<Vec<_>>()
            ),
            (expected.0, expected.1.to_vec())
        );
    }
    // Said again is no new edge, but a source more.
    let last = events.last().unwrap();
    assert_eq!(
        (last.op, last.after.as_deref()),
        (OpKind::Update, Some("dog -- likes -- camp"))
    );
    // Nodes point at the memories that say these turns.
    let store = pipeline.store();
    let camp = store.named(&Scope::user("c"), "camp")[0];
    let said: Vec<String> = store
        .node(camp)
        .unwrap()
        .memories
        .iter()
        .map(|id| turns_of(&store.record(*id).unwrap().unwrap())[0].clone())
        .collect();
    assert_eq!(said, ["D1:2", "D1:3", "D2:1"]);
}

#[tokio::test]
async fn self_references_are_the_speaker() {
    let case = case(json!({"kind": "mem0g"}), json!([]));
    let (pipeline, _, meter) = case
        .told(&[
            &[("Ann", "I|have|dog; Ann|knows|Ann")],
            &[("Ann", "me|has|cat"), ("Bob", "hi")],
        ])
        .await;
    assert_eq!(
        texts(&pipeline),
        ["Ann -- have -- dog", "Ann -- knows -- Ann"]
    );
    // Two people talk: nobody knows who `me` is.
    let counters = meter.counters();
    assert_eq!(counters["refused:graph-entity"], 2);
    let ann = pipeline.store().named(&Scope::user("c"), "ann")[0];
    assert_eq!(pipeline.store().edges_of(ann).len(), 2);
}

#[tokio::test]
async fn what_a_model_invents_is_refused_and_counted() {
    let chat = Scripted::new(|request| {
        let ReplyForm::Json { name, .. } = &request.form else {
            unreachable!("graphs ask for JSON");
        };
        Ok(match name.as_str() {
            "entities" => r#"{"entities": [{"name": "cat", "type": "x"}, "dog", {"name": " "}, 7]}"#,
            "relations" => {
                r#"{"relations": [
                    {"source": "Cat", "relationship": "sees_it", "destination": "dog", "turns": [9, "2"]},
                    {"subject": "cat", "relation": "sees", "object": "unicorn", "turns": [1]},
                    {"subject": "cat", "relation": "hears", "object": "dog"},
                    {"subject": "cat", "relation": " ", "object": "dog", "turns": []}, 5]}"#
            }
            _ => r#"{"outdated": [0, 7, "x"]}"#,
        }
        .to_owned())
    });
    let case = Case {
        chat,
        ..case(json!({"kind": "mem0g"}), json!([]))
    };
    let (pipeline, _, meter) = case
        .told(&[&[("Ann", "one"), ("Bob", "two")], &[("Ann", "three")]])
        .await;
    let found: Vec<(String, Vec<String>, bool)> = edges(&pipeline)
        .iter()
        .map(|edge| (edge.text.clone(), turns_of(edge), edge.invalid_at.is_some()))
        .collect();
    let turn = |list: &[&str]| -> Vec<String> { list.iter().map(|t| (*t).to_owned()).collect() };
    assert_eq!(
        found,
        [
            (
                "cat -- sees it -- dog".to_owned(),
                turn(&["D1:2", "D2:1"]),
                false
            ),
            (
                "cat -- hears -- dog".to_owned(),
                turn(&["D1:1", "D1:2", "D2:1"]),
                false
            ),
        ]
    );
    let counters = meter.counters();
    // Per window: two names that are none, and one that is not listed.
    assert_eq!(counters["refused:graph-entity"], 6);
    assert_eq!(counters["refused:graph-relation"], 4);
    assert_eq!(counters["refused:graph-turn"], 1 + 2);
    // Two numbers that were not shown, and an edge that is being said again.
    assert_eq!(counters["refused:graph-edge"], 3);
}

#[tokio::test]
async fn a_reply_that_cannot_be_read_costs_the_relations_and_nothing_else() {
    for (failure, reason) in [
        (Ok("no".to_owned()), "malformed:graph"),
        (Err(ErrorKind::ContextTooLong), "too-long:graph"),
    ] {
        let case = Case {
            chat: Scripted::new(move |_| failure.clone()),
            ..case(json!({"kind": "mem0g"}), json!([]))
        };
        let (pipeline, events, meter) = case.told(&[&[("Ann", "cat|likes|dog")]]).await;
        assert_eq!((events.len(), edges(&pipeline).len()), (1, 0));
        assert_eq!(meter.counters()[reason], 1);
        pipeline.flush(&meter.at(Stage::Index)).await.unwrap();
        let recall = ask(&pipeline, "c", "cat").await;
        assert_eq!(recall.context.entries.len(), 1);
    }
    let case = Case {
        chat: Scripted::new(|_| Err(ErrorKind::Quota)),
        ..case(json!({"kind": "mem0g"}), json!([]))
    };
    let pipeline = case.open();
    let of = talk("c", &[&[("Ann", "cat|likes|dog")]]);
    let cx = Meter::new().at(Stage::Extract);
    let error = pipeline
        .ingest(&cx, &of.head, &of.sessions[0])
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::Quota);
}
