use std::collections::BTreeMap;
use std::sync::Arc;

use memgauge_core::{
    Build, ErrorKind, Fact, MemoryId, MemoryOp, Meter, ReplyForm, Source, Stage, UpdatePolicy,
};
use serde_json::{Value, json};

use super::*;
use crate::scripted::{ChatShop, Scripted};
use crate::update::fixture::{FakeMemory, fact, turn};

fn joint() -> LlmUpdateConfig {
    LlmUpdateConfig {
        mode: Mode::Joint,
        ..LlmUpdateConfig::default()
    }
}

/// Two memories; the nearer one is shown first, as number 0, though its id is 1.
fn memory() -> FakeMemory {
    FakeMemory::of(&[
        (fact("Mira", "Mira likes tea.", 1), 0.2),
        (fact("Mira", "Mira rows.", 2), 0.8),
    ])
}

fn decide(
    config: &LlmUpdateConfig,
    model: &Arc<Scripted>,
    facts: Vec<Fact>,
    memory: &FakeMemory,
) -> (Result<Vec<MemoryOp>, ErrorKind>, BTreeMap<String, u64>) {
    let policy = config.build(&ChatShop(Arc::clone(model))).unwrap();
    let meter = Meter::new();
    let result = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(policy.decide(&meter.at(Stage::Update), facts, memory))
        .map_err(|error| error.kind);
    (result, meter.counters())
}

fn new() -> Fact {
    fact("Mira", "Mira rows every day.", 7)
}

/// What the model's tool call does to the new fact.
fn called(config: &LlmUpdateConfig, call: Value) -> (Vec<MemoryOp>, BTreeMap<String, u64>) {
    let model = Scripted::new(move |_| Ok(call.to_string()));
    let (ops, counters) = decide(config, &model, vec![new()], &memory());
    (ops.unwrap(), counters)
}

fn noop(because: Option<MemoryId>, fact: &Fact) -> MemoryOp {
    MemoryOp::Noop {
        because,
        text: fact.text.clone(),
        sources: fact.sources.clone(),
    }
}

fn update(id: u32, text: &str, fact: &Fact, replaces: bool) -> MemoryOp {
    MemoryOp::Update {
        id: MemoryId(id),
        text: text.to_owned(),
        sources: fact.sources.clone(),
        held_at: fact.held_at,
        replaces,
    }
}

fn delete(id: u32, fact: &Fact) -> MemoryOp {
    MemoryOp::Delete {
        id: MemoryId(id),
        sources: fact.sources.clone(),
        held_at: fact.held_at,
    }
}

#[test]
fn tools_do_what_they_say_to_the_memory_of_that_number() {
    let config = LlmUpdateConfig::default();
    let ops = |call| called(&config, call).0;
    assert_eq!(
        ops(json!({"tool": "ADD", "arguments": {}})),
        [MemoryOp::Add(new())]
    );
    let arguments = json!({"id": 0, "text": " Mira rows daily. ", "replaces": false});
    assert_eq!(
        ops(json!({"tool": "UPDATE", "arguments": arguments})),
        [update(1, "Mira rows daily.", &new(), false)]
    );
    let arguments = json!({"id": "1", "text": "Mira likes rum.", "replaces": true});
    assert_eq!(
        ops(json!({"tool": "update", "arguments": arguments})),
        [update(0, "Mira likes rum.", &new(), true)]
    );
    let gone = json!({"tool": "DELETE", "arguments": {"id": 1}});
    assert_eq!(ops(gone.clone()), [delete(0, &new())]);
    assert_eq!(
        ops(json!({"tool": "NOOP", "arguments": {"id": 0}})),
        [noop(Some(MemoryId(1)), &new())]
    );
    let keeps = LlmUpdateConfig {
        add_after_delete: true,
        ..config
    };
    assert_eq!(
        called(&keeps, gone).0,
        [delete(0, &new()), MemoryOp::Add(new())]
    );
}

#[test]
fn what_cannot_be_carried_out_is_counted_and_the_fact_added() {
    for (call, counter) in [
        (
            json!({"tool": "UPDATE", "arguments": {"id": 2, "text": "x"}}),
            "refused:update-id",
        ),
        (
            json!({"tool": "DELETE", "arguments": {"id": -1}}),
            "refused:update-id",
        ),
        (json!({"tool": "DELETE"}), "refused:update-id"),
        (
            json!({"tool": "UPDATE", "arguments": {"id": 0, "text": " "}}),
            "refused:update-op",
        ),
        (
            json!({"tool": "MERGE", "arguments": {"id": 0}}),
            "refused:update-op",
        ),
    ] {
        let (ops, counters) = called(&LlmUpdateConfig::default(), call);
        assert_eq!(ops, [MemoryOp::Add(new())]);
        assert_eq!(counters[counter], 1, "{counters:?}");
    }
    let (ops, counters) = called(
        &LlmUpdateConfig::default(),
        json!({"tool": "NOOP", "arguments": {"id": 7}}),
    );
    assert_eq!(ops, [noop(None, &new())]);
    assert_eq!(counters["refused:update-id"], 1);
}

#[test]
fn prompts_show_small_numbers_in_order_of_rank() {
    let model = Scripted::always(r#"{"tool": "ADD", "arguments": {}}"#);
    decide(&LlmUpdateConfig::default(), &model, vec![new()], &memory())
        .0
        .unwrap();
    let (request, _) = model.asked().remove(0);
    assert_eq!(
        request.messages[1].content,
        "Memories:\n0. (12:00 pm on 2 May, 2023) Mira rows.\n\
         1. (12:00 pm on 1 May, 2023) Mira likes tea.\n\n\
         New fact (12:00 pm on 7 May, 2023): Mira rows every day."
    );
    let ReplyForm::OneTool(tools) = &request.form else {
        panic!("{:?}", request.form);
    };
    let names: Vec<&str> = tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names, ["ADD", "UPDATE", "DELETE", "NOOP"]);
    let parameters = &tools[1].parameters;
    assert_eq!(parameters["properties"]["id"]["enum"], json!([0, 1]));
    assert_eq!(parameters["required"], json!(["id", "text", "replaces"]));
    assert!(!parameters.to_string().contains("maxLength"));
}

#[test]
fn an_empty_store_needs_no_call_unless_it_is_asked_for() {
    for mode in [Mode::PerFact, Mode::Joint] {
        let config = LlmUpdateConfig {
            mode,
            ..LlmUpdateConfig::default()
        };
        let model = Scripted::always("never asked");
        let (ops, _) = decide(&config, &model, vec![new()], &FakeMemory::default());
        assert_eq!(ops, Ok(vec![MemoryOp::Add(new())]));
        assert!(model.asked().is_empty());
    }
    let config = LlmUpdateConfig {
        ask_always: true,
        ..LlmUpdateConfig::default()
    };
    let model = Scripted::always(r#"{"tool": "NOOP", "arguments": {}}"#);
    let (ops, counters) = decide(&config, &model, vec![new()], &FakeMemory::default());
    assert_eq!(ops, Ok(vec![noop(None, &new())]));
    assert!(!counters.contains_key("refused:update-id"));
    let (request, _) = model.asked().remove(0);
    let ReplyForm::OneTool(tools) = &request.form else {
        panic!("{:?}", request.form);
    };
    assert_eq!(tools.len(), 2);
}

#[test]
fn facts_of_an_unusable_reply_are_added_and_other_failures_are_errors() {
    for mode in [Mode::PerFact, Mode::Joint] {
        let config = LlmUpdateConfig {
            mode,
            ..LlmUpdateConfig::default()
        };
        let facts = vec![new(), fact("Tom", "Tom cooks.", 8)];
        let added: Vec<MemoryOp> = facts.iter().cloned().map(MemoryOp::Add).collect();
        let times = if mode == Mode::Joint { 1 } else { 2 };
        for (script, counter) in [
            (Ok("[1, 2"), "malformed:update"),
            (Err(ErrorKind::ContextTooLong), "too-long:update"),
        ] {
            let model = Scripted::new(move |_| script.map(str::to_owned));
            let (ops, counters) = decide(&config, &model, facts.clone(), &memory());
            assert_eq!(ops.as_ref(), Ok(&added));
            assert_eq!(counters[counter], times);
        }
        let model = Scripted::new(|_| Err(ErrorKind::NotRecorded));
        let (ops, _) = decide(&config, &model, facts, &memory());
        assert_eq!(ops, Err(ErrorKind::NotRecorded));
    }
}

/// What the model's list does to two new facts.
fn listed(events: Value) -> (Vec<MemoryOp>, BTreeMap<String, u64>, Vec<Fact>) {
    let reply = json!({ "memory": events }).to_string();
    let model = Scripted::new(move |_| Ok(reply.clone()));
    let facts = vec![new(), fact("Tom", "Tom cooks.", 8)];
    let (ops, counters) = decide(&joint(), &model, facts.clone(), &memory());
    assert_eq!(model.asked().len(), 1);
    (ops.unwrap(), counters, facts)
}

#[test]
fn a_joint_reply_decides_about_every_fact_at_once() {
    let (ops, counters, facts) = listed(json!([
        {"event": "UPDATE", "fact": 0, "id": 0, "replaces": false, "text": "Mira rows daily."},
        {"event": "DELETE", "fact": 0, "id": 1, "replaces": false, "text": ""},
        {"event": "ADD", "fact": 1, "id": -1, "replaces": false, "text": "Tom cooks well."},
        {"event": "NONE", "fact": 1, "id": 0, "replaces": false, "text": ""},
    ]));
    let cooked = Fact {
        text: "Tom cooks well.".to_owned(),
        ..facts[1].clone()
    };
    assert_eq!(
        ops,
        [
            update(1, "Mira rows daily.", &facts[0], false),
            delete(0, &facts[0]),
            MemoryOp::Add(cooked),
        ]
    );
    assert_eq!(counters, BTreeMap::from([("update:llm".to_owned(), 1)]));
}

#[test]
fn facts_that_a_joint_reply_leaves_out_stand_in_the_journal() {
    let (ops, counters, facts) = listed(json!([
        {"event": "NONE", "fact": 1, "id": 0, "replaces": false, "text": ""},
    ]));
    assert_eq!(
        ops,
        [noop(None, &facts[0]), noop(Some(MemoryId(1)), &facts[1])]
    );
    assert_eq!(counters["unmentioned:update"], 1);
}

#[test]
fn joint_events_that_cannot_be_carried_out_add_their_fact_once() {
    let (ops, counters, facts) = listed(json!([
        {"event": "UPDATE", "fact": 0, "id": 5, "replaces": false, "text": "x"},
        {"event": "DELETE", "fact": 0, "id": -1, "replaces": false, "text": ""},
        {"event": "DELETE", "fact": 1, "id": 0, "replaces": false, "text": ""},
        {"event": "UPDATE", "fact": 1, "id": 0, "replaces": false, "text": "y"},
    ]));
    assert_eq!(ops, [delete(1, &facts[1]), MemoryOp::Add(facts[0].clone())]);
    assert_eq!(counters["refused:update-id"], 2);
    assert_eq!(counters["refused:update-op"], 1);
}

#[test]
fn events_without_a_fact_are_traced_by_their_words_or_rest_on_all() {
    // The shape of mem0's own reply: the whole list, with texts and without numbers of facts.
    let (ops, counters, facts) = listed(json!([
        {"id": "0", "text": "Mira rows.", "event": "NONE"},
        {"id": "2", "text": "Tom cooks.", "event": "ADD"},
        {"id": "1", "text": "Mira likes tea and rum.", "event": "UPDATE", "old_memory": "Mira likes tea."},
    ]));
    let all = vec![Source::window(turn(7)), Source::window(turn(8))];
    assert_eq!(ops[0], MemoryOp::Add(facts[1].clone()));
    let MemoryOp::Update { id, sources, .. } = &ops[1] else {
        panic!("{ops:?}");
    };
    assert_eq!((*id, sources), (MemoryId(0), &all));
    assert_eq!(ops[2], noop(None, &facts[0]));
    assert_eq!(counters["refused:update-fact"], 1);
    assert_eq!(counters["unmentioned:update"], 1);
}

#[test]
fn joint_schemas_know_the_numbers_and_end_where_limits_are_set() {
    for (max_chars, most) in [(None, Value::Null), (Some(80), json!(4))] {
        let config = LlmUpdateConfig {
            max_chars,
            ..joint()
        };
        let model = Scripted::always(r#"{"memory": []}"#);
        let facts = vec![new(), fact("Tom", "Tom cooks.", 8)];
        decide(&config, &model, facts, &memory()).0.unwrap();
        let (request, _) = model.asked().remove(0);
        let ReplyForm::Json { schema, .. } = &request.form else {
            panic!("{:?}", request.form);
        };
        let list = &schema["properties"]["memory"];
        assert_eq!(list.get("maxItems").cloned().unwrap_or_default(), most);
        let item = &list["items"]["properties"];
        assert_eq!(item["id"]["enum"], json!([-1, 0, 1]));
        assert_eq!(item["fact"]["enum"], json!([0, 1]));
        let length = item["text"].get("maxLength");
        assert_eq!(length.and_then(Value::as_u64), max_chars.map(|n| n as u64));
        assert_eq!(
            item.as_object().unwrap().len(),
            list["items"]["required"].as_array().unwrap().len()
        );
    }
}

#[test]
fn mistakes_in_the_config_name_their_key() {
    let key = |config: LlmUpdateConfig| {
        let model = Scripted::always("");
        config.build(&ChatShop(model)).err().unwrap().key.unwrap()
    };
    let config = LlmUpdateConfig {
        similar: Some(0),
        ..LlmUpdateConfig::default()
    };
    assert_eq!(key(config), "similar");
    let config = LlmUpdateConfig {
        add_after_delete: true,
        ..joint()
    };
    assert_eq!(key(config), "add-after-delete");
    let config = LlmUpdateConfig {
        prompt: Some("update/joint".to_owned()),
        ..LlmUpdateConfig::default()
    };
    assert_eq!(key(config), "prompt");
    let policy: Box<dyn UpdatePolicy> = joint().build(&ChatShop(Scripted::always(""))).unwrap();
    assert!(policy.is_joint());
}
