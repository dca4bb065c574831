//! A memory as a library: scopes, metadata, history, short-term memory, opening again.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed call fails the test"
)]

mod background;
mod opened;

use std::path::Path;
use std::sync::Arc;

use jiff::civil::{DateTime, date};
use memgauge_core::{Filter, MemoryEvent, MemoryId, MemoryKind, MemoryRecord, OpKind, Scope};
use memgauge_experiment::memory::{
    AddOptions, Kept, Memory, MemoryError, MemoryOptions, Message, Said,
};
use memgauge_experiment::{MemoryConfig, Supplies};
use serde_json::json;

fn day(n: i8) -> DateTime {
    date(2024, 3, n).at(9, 30, 0, 0)
}

fn options(config: Option<serde_json::Value>) -> MemoryOptions {
    MemoryOptions {
        config: config.map(|config| serde_json::from_value(config).unwrap()),
        clock: Arc::new(|| day(1)),
        ..MemoryOptions::default()
    }
}

fn offline(dir: &Path) -> Memory {
    Memory::open(dir, options(None)).unwrap()
}

fn texts(records: &[MemoryRecord]) -> Vec<&str> {
    records.iter().map(|record| record.text.as_str()).collect()
}

fn ops(events: &[MemoryEvent]) -> Vec<OpKind> {
    events.iter().map(|event| event.op).collect()
}

fn error<T>(result: Result<T, MemoryError>) -> MemoryError {
    match result {
        Ok(_) => panic!("it should have failed"),
        Err(error) => error,
    }
}

async fn keep(memory: &Memory, text: &str, options: impl Into<AddOptions>) -> MemoryId {
    let options = options.into().verbatim();
    let events = memory.add(text, options).await.unwrap();
    assert_eq!(ops(&events), [OpKind::Add]);
    events[0].id.unwrap()
}

#[tokio::test]
async fn scopes_combine_and_users_do_not_see_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let memory = offline(dir.path());
    let ann = Scope::user("ann");
    let cook = ann.clone().and_agent("cook");
    let monday = ann.clone().and_run("monday");
    keep(&memory, "plain", ann.clone()).await;
    keep(&memory, "to the cook", cook.clone()).await;
    keep(&memory, "on monday", monday.clone()).await;
    keep(&memory, "of bob", Scope::user("bob").and_agent("cook")).await;

    let all = |scope: &Scope| memory.get_all(&Filter::scope(scope.clone()), None);
    assert_eq!(texts(&all(&ann)), ["plain", "to the cook", "on monday"]);
    assert_eq!(texts(&all(&cook)), ["to the cook"]);
    assert_eq!(texts(&all(&monday)), ["on monday"]);
    assert!(all(&cook.clone().and_run("monday")).is_empty());
    let any_cook = Scope::default().and_agent("cook");
    assert_eq!(texts(&all(&any_cook)), ["to the cook", "of bob"]);
    assert!(all(&Scope::user("an")).is_empty());
    assert_eq!(memory.get_all(&Filter::default(), Some(2)).len(), 2);

    // A search sees what a list sees, however well something else would fit.
    let found = memory.search("of bob", ann, 10).await.unwrap();
    assert_eq!(found.len(), 3);
    assert!(found.iter().all(|found| found.record.text != "of bob"));
    assert!(
        memory
            .search("plain", Scope::user("eve"), 10)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(matches!(
        error(memory.add("whose?", Scope::default()).await),
        MemoryError::NoScope
    ));
}

#[tokio::test]
async fn metadata_narrows_a_search() {
    let dir = tempfile::tempdir().unwrap();
    let memory = offline(dir.path());
    let ann = Scope::user("ann");
    for (text, category, year) in [
        ("My sister Rosa lives in Porto.", "family", "2023"),
        ("My sister Rosa moved to Braga.", "family", "2024"),
        ("I work as a nurse in Porto.", "work", "2024"),
    ] {
        let options = AddOptions::to(ann.clone())
            .with("category", category)
            .with("year", year);
        memory.add(text, options.verbatim()).await.unwrap();
    }
    let filter = Filter::scope(ann.clone()).and("category", "family");
    let found = memory.search("Porto", filter.clone(), 10).await.unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].record.text, "My sister Rosa lives in Porto.");
    let found = memory
        .search("Porto", filter.and("year", "2024"), 10)
        .await
        .unwrap();
    assert_eq!(found[0].record.text, "My sister Rosa moved to Braga.");
    assert_eq!(found.len(), 1);
    let nothing = Filter::scope(ann).and("category", "pets");
    assert!(
        memory
            .search("Porto", nothing, 10)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn facts_are_inferred_with_the_callers_metadata_and_kept_once() {
    let dir = tempfile::tempdir().unwrap();
    let memory = offline(dir.path());
    let ann = Scope::user("ann");
    let said = [
        Message::user("I love hiking in the mountains with my dog Rex.").named("Ann"),
        Message::assistant("Wow!"),
    ];
    let options = AddOptions::to(ann.clone())
        .with("topic", "free time")
        .at(day(4));
    let events = memory.add(said, options).await.unwrap();
    assert_eq!(ops(&events), [OpKind::Add]);
    let record = memory.get(events[0].id.unwrap()).unwrap().unwrap();
    assert_eq!(
        record.text,
        "Ann loves hiking in the mountains with Ann's dog Rex."
    );
    assert_eq!(record.kind, MemoryKind::Fact);
    assert_eq!(record.created_at, day(4));
    // The caller's words and no others.
    assert_eq!(json!(record.metadata), json!({"topic": "free time"}));
    assert_eq!(record.sources[0].turn.to_string(), "D1:1");

    // Said again: nothing new, and the history of the memory says so.
    let again = Message::user("I love hiking in the mountains with my dog Rex.").named("Ann");
    let events = memory.add(again, ann.clone()).await.unwrap();
    assert_eq!(memory.len(), 1, "{events:?}");
    assert_eq!(memory.history(record.id).unwrap().len(), 1 + events.len());
    // Bob's dog is another one.
    let bobs = Message::user("I love hiking in the mountains with my dog Rex.").named("Bob");
    memory.add(bobs, Scope::user("bob")).await.unwrap();
    assert_eq!(memory.len(), 2);
}

#[tokio::test]
async fn verbatim_messages_are_kept_as_they_were_said() {
    let dir = tempfile::tempdir().unwrap();
    let memory = offline(dir.path());
    let ann = Scope::user("ann");
    let said = [
        Message::user("Hi!"),
        Message::assistant("  Hello, Ann. "),
        Message::user("Hi!"),
    ];
    let events = memory
        .add(said, AddOptions::to(ann.clone()).verbatim())
        .await
        .unwrap();
    assert_eq!(ops(&events), [OpKind::Add; 3]);
    let records = memory.get_all(&Filter::scope(ann), None);
    assert_eq!(texts(&records), ["Hi!", "  Hello, Ann. ", "Hi!"]);
    assert_eq!(records[1].speaker.as_deref(), Some("Assistant"));
    assert!(
        records
            .iter()
            .all(|record| record.kind == MemoryKind::Verbatim)
    );
}

#[tokio::test]
async fn every_change_leaves_a_line_of_history() {
    let dir = tempfile::tempdir().unwrap();
    let memory = Memory::open(
        dir.path(),
        MemoryOptions {
            clock: Arc::new(|| day(7)),
            ..options(None)
        },
    )
    .unwrap();
    let id = keep(
        &memory,
        "lives in Rome",
        AddOptions::to(Scope::user("ann")).at(day(2)),
    )
    .await;
    let other = keep(&memory, "has a cat", Scope::user("ann")).await;
    let event = memory.update(id, "lives in Oslo").await.unwrap();
    assert_eq!(event.before.as_deref(), Some("lives in Rome"));
    let found = memory.search("Oslo", Scope::user("ann"), 1).await.unwrap();
    assert_eq!(found[0].record.id, id);
    assert_eq!(found[0].record.updated_at, day(7));
    // Neither words nor vector of the old text are left.
    assert!(!found[0].lists.is_empty());
    let old = memory.search("Rome", Scope::user("ann"), 5).await.unwrap();
    assert!(old.iter().all(|found| !found.lists.contains_key("lexical")));
    memory.delete(id).await.unwrap();

    let history = memory.history(id).unwrap();
    assert_eq!(ops(&history), [OpKind::Add, OpKind::Update, OpKind::Delete]);
    let told: Vec<(Option<&str>, Option<&str>, DateTime)> = history
        .iter()
        .map(|event| (event.before.as_deref(), event.after.as_deref(), event.at))
        .collect();
    assert_eq!(
        told,
        [
            (None, Some("lives in Rome"), day(2)),
            (Some("lives in Rome"), Some("lives in Oslo"), day(7)),
            (Some("lives in Oslo"), None, day(7)),
        ]
    );
    assert_eq!(memory.history(other).unwrap().len(), 1);

    assert_eq!(memory.get(id).unwrap(), None);
    for error in [
        error(memory.update(id, "back").await),
        error(memory.delete(id).await),
    ] {
        assert_eq!(error.to_string(), format!("{id} was deleted"));
        assert!(error.is_users());
    }
    let never = MemoryId(99);
    assert_eq!(error(memory.history(never)).to_string(), "no memory m99");
    assert_eq!(
        error(memory.delete(never).await).to_string(),
        "no memory m99"
    );
    assert!(matches!(
        error(memory.update(other, " ").await),
        MemoryError::Empty(_)
    ));
}

#[tokio::test]
async fn deleting_by_filter_takes_what_it_accepts_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let memory = offline(dir.path());
    let (ann, bob) = (Scope::user("ann"), Scope::user("bob"));
    keep(
        &memory,
        "a1",
        AddOptions::to(ann.clone()).with("kind", "old"),
    )
    .await;
    keep(&memory, "a2", ann.clone().and_run("r")).await;
    keep(
        &memory,
        "b1",
        AddOptions::to(bob.clone()).with("kind", "old"),
    )
    .await;
    assert!(matches!(
        error(memory.delete_all(Filter::default()).await),
        MemoryError::NoFilter
    ));
    let gone = memory
        .delete_all(Filter::scope(ann.clone()).and("kind", "old"))
        .await
        .unwrap();
    assert_eq!(gone.len(), 1);
    assert_eq!(gone[0].before.as_deref(), Some("a1"));
    // What was said is forgotten with the whole scope, not with a part of it.
    assert_eq!(memory.recent(&ann, 9).len(), 1);
    assert_eq!(memory.delete_all(ann.clone()).await.unwrap().len(), 1);
    assert!(memory.recent(&ann, 9).is_empty());
    assert!(memory.recent(&ann.clone().and_run("r"), 9).is_empty());
    assert_eq!(memory.recent(&bob, 9).len(), 1);
    assert_eq!(texts(&memory.get_all(&Filter::default(), None)), ["b1"]);
    assert!(memory.delete_all(ann).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_graph_adds_relations_to_what_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let config = json!({"system": {"kind": "mem0g-rules"}});
    let memory = Memory::open(dir.path(), options(Some(config))).unwrap();
    let ann = Scope::user("ann");
    let said = Message::user("I adopted a dog named Rex in Porto.").named("Ann");
    let options = AddOptions::to(ann.clone()).with("topic", "pets");
    memory.add(said, options).await.unwrap();
    let found = memory
        .search("What did Ann adopt?", ann.clone(), 1)
        .await
        .unwrap();
    let (first, relations) = found.split_first().unwrap();
    assert_ne!(first.record.kind, MemoryKind::Relation);
    assert!(!relations.is_empty());
    for relation in relations {
        assert_eq!(relation.record.kind, MemoryKind::Relation);
        assert_eq!(json!(relation.record.metadata), json!({"topic": "pets"}));
        assert_eq!(relation.record.scope, ann);
    }
    let eve = memory
        .search("What did Ann adopt?", Scope::user("eve"), 9)
        .await
        .unwrap();
    assert!(eve.is_empty(), "{eve:?}");
    memory.delete_all(ann.clone()).await.unwrap();
    assert!(
        memory
            .search("What did Ann adopt?", ann, 9)
            .await
            .unwrap()
            .is_empty()
    );
}
