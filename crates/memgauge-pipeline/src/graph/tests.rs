//! Graphs in pipelines, over a model that reads relations off the messages: `a|r|b;`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use memgauge_core::{
    BuildError, ChatHandle, ChatModel, ChatRequest, EmbedderHandle, ErrorKind, Filter, GraphReader,
    MemoryEvent, MemoryId, MemoryKind, MemoryReader, MemorySystem, Meter, NodeId, OpKind, Parts,
    Recall, ReplyForm, Scope, Stage, Tokenizer, TurnId,
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
fn reader(outdated: Value) -> impl Fn(&ChatRequest) -> Result<String, ErrorKind> + Send + Sync {
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

struct Case {
    folder: tempfile::TempDir,
    chat: Arc<Scripted>,
    config: PipelineConfig,
}

/// `turns` by words alone with this graph and a model that names `outdated` edges.
fn case(graph: Value, outdated: Value) -> Case {
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
    fn open(&self) -> Pipeline {
        let shop = GraphShop {
            folder: self.folder.path().to_owned(),
            chat: Arc::clone(&self.chat),
        };
        self.config.pipeline("case", &shop).unwrap()
    }

    async fn told(&self, sessions: &[&[(&str, &str)]]) -> (Pipeline, Vec<MemoryEvent>, Arc<Meter>) {
        let pipeline = self.open();
        let meter = Meter::new();
        let events = ingest(&pipeline, &meter, &talk("c", sessions)).await;
        (pipeline, events, meter)
    }
}

fn edges(pipeline: &Pipeline) -> Vec<memgauge_core::MemoryRecord> {
    pipeline
        .store()
        .records(&Filter::relations(Scope::user("c")))
}

fn texts(pipeline: &Pipeline) -> Vec<String> {
    edges(pipeline).into_iter().map(|edge| edge.text).collect()
}

fn names(pipeline: &Pipeline) -> Vec<String> {
    let nodes = pipeline.store().nodes(&Scope::default());
    nodes.into_iter().map(|node| node.name).collect()
}

fn turns_of(record: &memgauge_core::MemoryRecord) -> Vec<String> {
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

fn column(recall: &Recall, name: &str) -> usize {
    recall.lists.iter().position(|list| list == name).unwrap()
}

#[tokio::test]
async fn relations_are_shown_after_the_memories_and_survive_a_reopening() {
    let graph = json!({"kind": "mem0g", "similarity": 0.7, "triplet-threshold": 0.9, "limit": 2});
    let case = case(graph, json!([]));
    let sessions: &[&[(&str, &str)]] = &[
        &[("Ann", "cat|likes|dog"), ("Bob", "school|has|paint")],
        &[("Bob", "hike|is|camp")],
    ];
    let (pipeline, ..) = case.told(sessions).await;
    pipeline
        .flush(&Meter::new().at(Stage::Index))
        .await
        .unwrap();
    let recall = ask(&pipeline, "c", "cat hike").await;
    assert_eq!(recall.lists, ["lexical", "graph"]);
    // One memory, and the edges of the nodes near `cat` and `hike`.
    assert_eq!(recall.k, 3);
    let graph = column(&recall, "graph");
    let kinds: Vec<MemoryKind> = recall
        .candidates
        .iter()
        .map(|hit| pipeline.memory(hit.id).unwrap().unwrap().kind)
        .collect();
    assert_eq!(kinds[1..3], [MemoryKind::Relation; 2]);
    assert!(!kinds[3..].contains(&MemoryKind::Relation) && kinds[0] == MemoryKind::Verbatim);
    assert!(recall.candidates.iter().all(|hit| hit.lists.len() == 2));
    assert_eq!(recall.candidates[1].lists[graph].unwrap().rank, 1);
    assert!(recall.candidates[0].lists[graph].is_none());
    let (memories, relations) = recall.context.text.split_once("\n\nRelations:\n").unwrap();
    assert_eq!(memories.lines().count(), 1);
    assert_eq!(relations, "cat -- likes -- dog\nhike -- is -- camp");
    let entries = &recall.context.entries;
    assert_eq!(entries.len(), 3);
    assert_eq!(entries[1].turns, [TurnId::new(1, 1)]);
    assert_eq!(entries[2].turns, [TurnId::new(2, 1)]);
    // The heading is not retrieved text.
    assert_eq!(
        recall.context.retrieved(),
        format!("{memories}\n{relations}")
    );

    drop(pipeline);
    let again = case.open();
    assert!(again.is_complete());
    assert_eq!(ask(&again, "c", "cat hike").await, recall);
}

#[tokio::test]
async fn edges_near_the_question_are_found_without_its_entities() {
    let case = case(
        json!({"kind": "mem0g", "triplet-threshold": 0.5, "builder": {"kind": "llm", "entities": {"kind": "llm"}}}),
        json!([]),
    );
    let (pipeline, ..) = case
        .told(&[&[("Ann", "cats|like|dogs; paint|is|school")]])
        .await;
    // "catdog" is near no node at 0.95 but near the edge's text.
    let mut config = case.config.clone();
    let Some(super::GraphConfig::Mem0g(graph)) = &mut config.graph else {
        unreachable!("it was configured so");
    };
    graph.similarity = 0.95;
    pipeline
        .flush(&Meter::new().at(Stage::Index))
        .await
        .unwrap();
    drop(pipeline);
    let pipeline = Case { config, ..case }.open();
    let recall = ask(&pipeline, "c", "catdog").await;
    let shown: Vec<&str> = recall
        .context
        .entries
        .iter()
        .map(|e| e.body.as_str())
        .collect();
    assert_eq!(shown, ["cats -- like -- dogs"]);
}

#[tokio::test]
async fn relations_vote_for_the_memories_that_say_their_turns() {
    let case = case(json!({"kind": "mem0g", "join": "fuse"}), json!([]));
    let sessions: &[&[(&str, &str)]] = &[&[
        ("Ann", "cat|likes|dog"),
        ("Bob", "paint|is|school"),
        ("Ann", "cat|likes|dog; cat|sees|camp"),
    ]];
    let (pipeline, ..) = case.told(sessions).await;
    pipeline
        .flush(&Meter::new().at(Stage::Index))
        .await
        .unwrap();
    let recall = ask(&pipeline, "c", "cat").await;
    assert_eq!(recall.lists, ["lexical", "graph"]);
    assert!(!recall.context.text.contains("Relations:"));
    let graph = column(&recall, "graph");
    let votes: Vec<(String, Option<f32>)> = recall
        .candidates
        .iter()
        .map(|hit| {
            let record = pipeline.memory(hit.id).unwrap().unwrap();
            assert_eq!(record.kind, MemoryKind::Verbatim);
            (
                turns_of(&record)[0].clone(),
                hit.lists[graph].map(|cell| cell.score),
            )
        })
        .collect();
    // Both edges have a cosine of 0.707 to the question; the third turn says both.
    let of = |turn: &str| {
        votes
            .iter()
            .find(|(t, _)| t == turn)
            .and_then(|(_, score)| *score)
    };
    assert!((of("D1:1").unwrap() - 0.707).abs() < 1e-3);
    assert!((of("D1:3").unwrap() - 1.414).abs() < 1e-3);
    assert_eq!(of("D1:2"), None);
}

#[tokio::test]
async fn edges_of_the_time_in_question_come_first() {
    let case = case(
        json!({"kind": "temporal", "limit": 1, "date-weight": 0.5}),
        json!([0]),
    );
    let (pipeline, ..) = case
        .told(&[
            &[("Ann", "cat|lives in|school")],
            &[("Ann", "cat|lives in|camp")],
        ])
        .await;
    pipeline
        .flush(&Meter::new().at(Stage::Index))
        .await
        .unwrap();
    let first = async |question: &str| {
        let recall = ask(&pipeline, "c", question).await;
        recall.context.entries.last().unwrap().body.clone()
    };
    let school = "cat -- lives in -- school (from 1 May, 2023 until 2 May, 2023)";
    let camp = "cat -- lives in -- camp (from 2 May, 2023)";
    // Equally near to the question; the lower id comes first unless a date speaks against it.
    assert_eq!(first("cat").await, school);
    assert_eq!(first("cat on 1 May 2023").await, school);
    assert_eq!(first("cat in June 2023").await, camp);
    assert_eq!(first("cat yesterday").await, school);
}

#[tokio::test]
async fn the_open_source_search_ranks_a_neighbourhood_by_words() {
    let graph = json!({"kind": "mem0g-oss", "limit": 2});
    let case = case(graph, json!([]));
    let (pipeline, ..) = case
        .told(&[&[(
            "Ann",
            "cat|adores|dog; cat|sees|paint; cat|hears|hike; school|adores|camp",
        )]])
        .await;
    pipeline
        .flush(&Meter::new().at(Stage::Index))
        .await
        .unwrap();
    let recall = ask(&pipeline, "c", "cat adores").await;
    let shown: Vec<&str> = recall
        .context
        .entries
        .iter()
        .map(|e| e.body.as_str())
        .collect();
    // The edge of the school is no neighbour of the cat; the second has one word in common.
    assert_eq!(shown[1..], ["cat -- adores -- dog", "cat -- sees -- paint"]);
}

#[tokio::test]
async fn entities_that_share_a_turn_lead_to_memories() {
    let config: SystemConfig = serde_json::from_value(json!({
        "kind": "turns", "graph": {"kind": "cooccurrence"}, "fusion": {"kind": "rrf"},
        "retriever": {"kind": "lexical", "k": 5},
    }))
    .unwrap();
    let case = Case {
        config: config.pipeline().unwrap(),
        ..case(json!({"kind": "mem0g"}), json!([]))
    };
    let sessions: &[&[(&str, &str)]] = &[
        &[
            ("Ann", "My cat needs paint."),
            ("Bob", "The paint is for a school."),
        ],
        &[
            ("Ann", "The weather was bad."),
            ("Bob", "My cat needs paint."),
        ],
    ];
    let (pipeline, ..) = case.told(sessions).await;
    let edge = |text: &str| {
        let edges = edges(&pipeline);
        let found = edges.into_iter().find(|edge| edge.text == text);
        found.map(|edge| turns_of(&edge))
    };
    // Shared twice: one edge, two sources; the speaker is named by the turn.
    assert_eq!(
        edge("cat -- mentioned with -- paint").unwrap(),
        ["D1:1", "D2:2"]
    );
    assert_eq!(edge("Ann -- mentioned with -- cat").unwrap(), ["D1:1"]);
    assert_eq!(edge("cat -- mentioned with -- school"), None);
    assert!(pipeline.store().vector(edges(&pipeline)[0].id).is_none());
    pipeline
        .flush(&Meter::new().at(Stage::Index))
        .await
        .unwrap();
    let recall = ask(&pipeline, "c", "Is there a cat?").await;
    let graph = column(&recall, "graph");
    let score = |turn: &str| {
        recall.candidates.iter().find_map(|hit| {
            let record = pipeline.memory(hit.id).unwrap().unwrap();
            assert_eq!(record.kind, MemoryKind::Verbatim);
            (turns_of(&record) == [turn]).then(|| hit.lists[graph].map(|cell| cell.score))?
        })
    };
    // The cat's own turns first, then what its neighbours lead to.
    let (cat, school, weather) = (
        score("D1:1").unwrap(),
        score("D1:2").unwrap(),
        score("D2:1").unwrap(),
    );
    assert!(cat > school && school > weather, "{cat} {school} {weather}");
    // Every share goes to memories: they sum to 1.
    let sum: f32 = recall
        .candidates
        .iter()
        .filter_map(|hit| hit.lists[graph])
        .map(|c| c.score)
        .sum();
    assert!((sum - 1.0).abs() < 1e-4, "{sum}");
    // A question that names nothing brings up nothing.
    let nothing = ask(&pipeline, "c", "Why?").await;
    assert!(
        nothing
            .candidates
            .iter()
            .all(|hit| hit.lists[graph].is_none())
    );
}

#[tokio::test]
async fn linked_entities_boost_their_memories() {
    let config: SystemConfig = serde_json::from_value(json!({
        "kind": "turns", "graph": {"kind": "entity-links", "similarity": 0.4}, "fusion": {"kind": "rrf"},
        "retriever": {"kind": "lexical", "k": 5},
    }))
    .unwrap();
    let case = Case {
        config: config.pipeline().unwrap(),
        ..case(json!({"kind": "mem0g"}), json!([]))
    };
    let (pipeline, events, _) = case
        .told(&[&[
            ("Ann", "My dog camp was long."),
            ("Bob", "We watched \"Dog Camp\"."),
            ("Ann", "The cat school is far."),
        ]])
        .await;
    // No edges: nothing but the turns in the journal.
    assert_eq!((events.len(), pipeline.store().edge_count()), (3, 0));
    assert_eq!(names(&pipeline)[..1], ["Ann"]);
    let store = pipeline.store();
    let camp = store.named(&Scope::user("c"), "dog camp")[0];
    assert_eq!(
        store.node(camp).unwrap().memories,
        [MemoryId(0), MemoryId(1)]
    );
    pipeline
        .flush(&Meter::new().at(Stage::Index))
        .await
        .unwrap();
    let recall = ask(&pipeline, "c", "Was it at the dog school?").await;
    let entities = column(&recall, "entities");
    let gains: Vec<(MemoryId, f32)> = recall
        .candidates
        .iter()
        .filter_map(|hit| Some((hit.id, hit.lists[entities]?.score)))
        .collect();
    // "dog school" has a cosine of 1/2 to both nodes; the camp points at two memories.
    for (id, expected) in [(0, 0.25 / 1.001), (1, 0.25 / 1.001), (2, 0.25)] {
        let gain = gains.iter().find(|(found, _)| found.0 == id).unwrap().1;
        assert!((gain - expected).abs() < 1e-5, "{id}: {gain}");
    }
}

#[tokio::test]
async fn queued_work_leaves_the_queue_with_its_graph() {
    let down = Arc::new(AtomicBool::new(true));
    let model = reader(json!([]));
    let switch = Arc::clone(&down);
    let mut case = Case {
        chat: Scripted::new(move |request| {
            if switch.load(Ordering::SeqCst) {
                return Err(ErrorKind::Transient);
            }
            model(request)
        }),
        ..case(json!({"kind": "mem0g"}), json!([]))
    };
    case.config.consolidation = serde_json::from_value(json!({"kind": "background"})).unwrap();
    let (pipeline, ..) = case
        .told(&[&[("Ann", "cat|likes|dog"), ("Bob", "hm")]])
        .await;
    let meter = Meter::new();
    assert!(pipeline.flush(&meter.at(Stage::Index)).await.is_err());
    // The turns are stored; what is left to do is the graph.
    let store = pipeline.store();
    assert_eq!((store.len(), store.queue_len().unwrap()), (2, 1));
    down.store(false, Ordering::SeqCst);
    let events = pipeline.flush(&meter.at(Stage::Index)).await.unwrap();
    assert_eq!(store.queue_len().unwrap(), 0);
    assert_eq!((store.len(), texts(&pipeline).len()), (3, 1));
    // The flush that succeeds tells what was done before it failed, and nothing twice.
    assert!(
        events
            .iter()
            .any(|(_, event)| event.after.as_deref() == Some("cat -- likes -- dog"))
    );
    assert_eq!(store.node(NodeId(0)).unwrap().memories, [MemoryId(0)]);
}

#[test]
fn senseless_values_are_refused_with_their_place() {
    let refused = |system: Value| -> (Option<String>, String) {
        let config: SystemConfig = serde_json::from_value(system).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let shop = GraphShop {
            folder: folder.path().to_owned(),
            chat: Scripted::always("{}"),
        };
        let error = match config.build(&shop) {
            Err(error) => error,
            Ok(_) => unreachable!("it was built"),
        };
        (error.key, error.message)
    };
    for (graph, key) in [
        (
            json!({"kind": "mem0g", "merge-threshold": 1.5}),
            "graph.merge-threshold",
        ),
        (json!({"kind": "mem0g-oss", "limit": 0}), "graph.limit"),
        (
            json!({"kind": "temporal", "date-weight": -1.0}),
            "graph.date-weight",
        ),
        (
            json!({"kind": "temporal", "builder": {"kind": "rules", "conflicts": {"kind": "rules", "overlap": 2.0}}}),
            "graph.builder.conflicts.overlap",
        ),
        (
            json!({"kind": "mem0g", "builder": {"kind": "llm", "relations": {"kind": "llm", "max-tokens": 0}}}),
            "graph.builder.relations.max-tokens",
        ),
        (
            json!({"kind": "mem0g", "builder": {"kind": "llm", "entities": {"kind": "llm", "prompt": "graph/relations"}}}),
            "graph.builder.entities.prompt",
        ),
    ] {
        let (found, message) = refused(json!({"kind": "turns", "graph": graph}));
        assert_eq!(found.as_deref(), Some(key), "{message}");
    }
    // One list more than there are weights.
    let (key, message) = refused(json!({"kind": "turns", "graph": {"kind": "cooccurrence"}}));
    assert_eq!(key.as_deref(), Some("fusion.inner.weights"), "{message}");
    assert!(message.contains("3 ranked list"), "{message}");
}
