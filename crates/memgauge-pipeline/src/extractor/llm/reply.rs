//! What the model is asked for, and what is made of what it says.

use memgauge_core::{Cx, Source, Turn};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::reply::whole_number;
use crate::update::normal;

/// JSON schema of a reply. Limits stand in it only where they are given.
pub(super) fn schema(cite: bool, max_facts: Option<usize>, max_chars: Option<usize>) -> Value {
    let mut text = json!({ "type": "string" });
    limit(&mut text, "maxLength", max_chars);
    let item = if cite {
        // With `max_chars` the server is one that needs an end to every list.
        let mut turns = json!({ "type": "array", "items": { "type": "integer" } });
        limit(&mut turns, "maxItems", max_chars.map(|_| MAX_CITED));
        json!({
            "type": "object",
            "properties": { "text": text, "turns": turns },
            "required": ["text", "turns"],
            "additionalProperties": false,
        })
    } else {
        text
    };
    let mut facts = json!({ "type": "array", "items": item });
    limit(&mut facts, "maxItems", max_facts);
    json!({
        "type": "object",
        "properties": { "facts": facts },
        "required": ["facts"],
        "additionalProperties": false,
    })
}

/// Most messages that a fact may name where lists need an end.
const MAX_CITED: usize = 8;

fn limit(schema: &mut Value, key: &str, value: Option<usize>) {
    if let (Value::Object(schema), Some(value)) = (schema, value) {
        schema.insert(key.to_owned(), Value::from(value));
    }
}

/// A reply as it came. Models leave things out and mix forms up: only the list itself is
/// indispensable.
#[derive(Debug, Deserialize)]
pub(super) struct Reply {
    facts: Vec<Item>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Item {
    Text(String),
    Cited {
        text: String,
        #[serde(default)]
        turns: Vec<Value>,
    },
    /// Other forms of a fact with one text in it, such as `{"fact": ".."}`.
    Other(Map<String, Value>),
}

/// A statement with its sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Statement {
    pub(super) text: String,
    pub(super) sources: Vec<Source>,
}

/// The statements of a reply about `turns`. Whatever is dropped or refused is counted.
pub(super) fn statements(
    cx: &Cx,
    reply: Reply,
    turns: &[Turn],
    cite: bool,
    max_facts: Option<usize>,
) -> Vec<Statement> {
    let mut statements: Vec<Statement> = Vec::new();
    for item in reply.facts {
        let (text, numbers) = match item {
            Item::Text(text) => (text, Vec::new()),
            Item::Cited { text, turns } => (text, turns),
            Item::Other(fields) => match only_text(fields) {
                Some(text) => (text, Vec::new()),
                None => {
                    cx.count("dropped:extract-unreadable", 1);
                    continue;
                }
            },
        };
        let text = text.trim();
        if text.is_empty() {
            cx.count("dropped:extract-empty", 1);
            continue;
        }
        let sources = if cite {
            cited(cx, &numbers, turns)
        } else {
            window(turns)
        };
        let same = normal(text);
        if let Some(known) = statements
            .iter_mut()
            .find(|known| normal(&known.text) == same)
        {
            cx.count("dropped:extract-duplicate", 1);
            join(&mut known.sources, sources);
            continue;
        }
        if max_facts.is_some_and(|most| statements.len() >= most) {
            cx.count("dropped:extract-limit", 1);
            continue;
        }
        statements.push(Statement {
            text: text.to_owned(),
            sources,
        });
    }
    statements
}

fn only_text(fields: Map<String, Value>) -> Option<String> {
    let mut texts = fields.into_iter().filter_map(|(_, value)| match value {
        Value::String(text) => Some(text),
        _ => None,
    });
    let text = texts.next()?;
    texts.next().is_none().then_some(text)
}

/// The messages with these numbers; all messages where no number is one of theirs.
fn cited(cx: &Cx, numbers: &[Value], turns: &[Turn]) -> Vec<Source> {
    let mut sources: Vec<Source> = Vec::new();
    for number in numbers {
        let turn = whole_number(number)
            .and_then(|number| usize::try_from(number).ok()?.checked_sub(1))
            .and_then(|index| turns.get(index));
        match turn {
            Some(turn) => join(&mut sources, vec![Source::cited(turn.id)]),
            None => cx.count("refused:extract-turn", 1),
        }
    }
    if sources.is_empty() {
        cx.count("uncited:extract", 1);
        return window(turns);
    }
    sources.sort_by_key(|source| source.turn);
    sources
}

fn window(turns: &[Turn]) -> Vec<Source> {
    turns.iter().map(|turn| Source::window(turn.id)).collect()
}

/// Adds the sources whose turns are new.
fn join(sources: &mut Vec<Source>, more: Vec<Source>) {
    for source in more {
        if !sources.iter().any(|known| known.turn == source.turn) {
            sources.push(source);
        }
    }
}
