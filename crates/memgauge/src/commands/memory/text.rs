//! Memories as text for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use memgauge_core::{MemoryEvent, MemoryKind, MemoryRecord, OpKind, Scope};
use memgauge_experiment::memory::{Found, Said};

/// Shown in place of an empty list.
const NOTHING: &str = "nothing";

fn lines<T>(items: &[T], line: impl FnMut(&T) -> String) -> String {
    if items.is_empty() {
        return NOTHING.to_owned();
    }
    let lines: Vec<String> = items.iter().map(line).collect();
    lines.join("\n")
}

/// Ids in a column: what follows starts at the same place for up to 10,000 memories.
fn id(record: &MemoryRecord) -> String {
    format!("{:<6}", record.id.to_string())
}

/// One line of text, further lines under it.
fn hang(text: &str, indent: usize) -> String {
    text.replace('\n', &format!("\n{}", " ".repeat(indent)))
}

fn labels(scope: &Scope, metadata: &BTreeMap<String, String>) -> String {
    let parts = [
        ("user", &scope.user),
        ("agent", &scope.agent),
        ("run", &scope.run),
    ];
    let scope = parts
        .into_iter()
        .filter_map(|(key, value)| value.as_ref().map(|value| format!("{key}={value}")));
    let metadata = metadata.iter().map(|(key, value)| format!("{key}={value}"));
    scope.chain(metadata).collect::<Vec<_>>().join(" ")
}

/// Whose it is, what was noted beside it, and whether it is an edge of a graph.
fn about(record: &MemoryRecord) -> String {
    let labels = labels(&record.scope, &record.metadata);
    match (record.kind, record.invalid_at) {
        (MemoryKind::Relation, Some(at)) => format!("{labels} (relation until {at})"),
        (MemoryKind::Relation, None) => format!("{labels} (relation)"),
        _ => labels,
    }
}

pub(super) fn events(events: &[MemoryEvent]) -> String {
    lines(events, |event| {
        let id = event.id.map_or_else(|| "-".to_owned(), |id| id.to_string());
        format!("{:<11} {id:<6} {}", name(event.op), told(event))
    })
}

pub(super) fn history(events: &[MemoryEvent]) -> String {
    lines(events, |event| {
        format!("{}  {:<11} {}", event.at, name(event.op), told(event))
    })
}

fn name(op: OpKind) -> &'static str {
    match op {
        OpKind::Add => "ADD",
        OpKind::Update => "UPDATE",
        OpKind::Delete => "DELETE",
        OpKind::Invalidate => "INVALIDATE",
        OpKind::Noop => "NOOP",
    }
}

fn told(event: &MemoryEvent) -> String {
    let text = match (&event.before, &event.after) {
        (Some(before), Some(after)) if before != after => format!("{before} -> {after}"),
        (_, Some(text)) | (Some(text), None) => text.clone(),
        (None, None) => String::new(),
    };
    hang(&text, 19)
}

pub(super) fn found(found: &[Found]) -> String {
    lines(found, |found| {
        let record = &found.record;
        format!(
            "{:>7.3}  {} {}\n{:16}{}",
            found.score,
            id(record),
            hang(&record.text, 16),
            "",
            about(record)
        )
    })
}

pub(super) fn records(records: &[MemoryRecord]) -> String {
    lines(records, |record| {
        format!(
            "{} {}\n{:7}{}  {}",
            id(record),
            hang(&record.text, 7),
            "",
            record.updated_at,
            about(record)
        )
    })
}

pub(super) fn record(record: &MemoryRecord) -> String {
    let mut text = format!("{}: {}\n", record.id, record.text);
    let mut line = |key: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(text, "  {key:<9} {value}");
        }
    };
    line("whose", &labels(&record.scope, &BTreeMap::new()));
    line("metadata", &labels(&Scope::default(), &record.metadata));
    line("speaker", record.speaker.as_deref().unwrap_or_default());
    line("added", &record.created_at.to_string());
    line("changed", &record.updated_at.to_string());
    let invalid = record.invalid_at.map(|at| at.to_string());
    line("invalid", &invalid.unwrap_or_default());
    let sources: Vec<String> = record
        .sources
        .iter()
        .map(|source| {
            let over = if source.live { "" } else { " (replaced)" };
            format!("{}{over}", source.turn)
        })
        .collect();
    line("said in", &sources.join(", "));
    text
}

pub(super) fn said(said: &[Said]) -> String {
    lines(said, |said| {
        format!(
            "{}  {}: {}",
            said.at,
            said.turn.speaker,
            hang(&said.turn.text, 21)
        )
    })
}
