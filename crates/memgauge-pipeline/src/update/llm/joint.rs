//! All facts of a window in one call.

use std::collections::BTreeSet;

use memgauge_core::{
    ChatRequest, ComponentError, Cx, Fact, MemoryId, MemoryOp, MemoryRecord, Source,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::decide::{LlmUpdate, numbers, shown, text};
use crate::context::spoken_time;
use crate::reply::numbered;
use crate::update::normal;

/// A reply as it came.
#[derive(Debug, Deserialize)]
struct Reply {
    memory: Vec<Event>,
}

#[derive(Debug, Deserialize)]
struct Event {
    event: String,
    fact: Option<Value>,
    id: Option<Value>,
    #[serde(default)]
    replaces: Option<bool>,
    #[serde(default)]
    text: Option<String>,
}

impl LlmUpdate {
    /// Asks about all of `facts` at once.
    pub(super) async fn all(
        &self,
        cx: &Cx,
        facts: &[Fact],
        memories: &[MemoryRecord],
    ) -> Result<Vec<MemoryOp>, ComponentError> {
        let Some(first) = facts.first() else {
            return Ok(Vec::new());
        };
        let numbered: Vec<Value> = (0..)
            .zip(facts)
            .map(|(number, fact): (usize, _)| json!({"number": number, "text": fact.text}))
            .collect();
        let messages = self.prompt.render(&json!({
            "time": spoken_time(first.held_at),
            "facts": numbered,
            "memories": shown(memories),
        }))?;
        let schema = schema(facts.len(), memories.len(), self.config.max_chars);
        let request = ChatRequest {
            max_tokens: self.config.max_tokens,
            ..ChatRequest::json(messages, "memory_events", schema)
        };
        let asked = self.chat.structured::<Reply>(cx, &request, |_| Ok(()));
        let (reply, _) = asked.await?;
        let mut verdict = Verdict::new(cx, facts, memories);
        for event in &reply.memory {
            verdict.take(event);
        }
        Ok(verdict.finish())
    }
}

/// JSON schema of a reply. Numbers of memories have -1 among them, for "none".
fn schema(facts: usize, memories: usize, max_chars: Option<usize>) -> Value {
    let ids: Vec<i64> = (-1..).take(memories + 1).collect();
    let mut list = json!({
        "type": "array",
        "items": {
            "type": "object",
            "properties": {
                "event": { "type": "string", "enum": ["ADD", "UPDATE", "DELETE", "NONE"] },
                "fact": numbers(facts),
                "id": { "type": "integer", "enum": ids },
                "replaces": { "type": "boolean" },
                "text": text(max_chars),
            },
            "required": ["event", "fact", "id", "replaces", "text"],
            "additionalProperties": false,
        },
    });
    if let (Value::Object(list), Some(_)) = (&mut list, max_chars) {
        list.insert("maxItems".to_owned(), Value::from(facts + memories));
    }
    json!({
        "type": "object",
        "properties": { "memory": list },
        "required": ["memory"],
        "additionalProperties": false,
    })
}

/// What became of a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// The reply does not speak of it.
    Unmentioned,
    /// Nothing is to be done about it.
    Left(Option<MemoryId>),
    /// What the reply says about it cannot be carried out.
    Refused,
    /// An operation came of it.
    Done,
}

/// The operations of a reply, as far as they can be carried out.
struct Verdict<'a> {
    cx: &'a Cx,
    facts: &'a [Fact],
    memories: &'a [MemoryRecord],
    fates: Vec<Fate>,
    ops: Vec<MemoryOp>,
    /// Memories changed or removed: each can be once.
    touched: BTreeSet<MemoryId>,
    /// Texts added, as [`normal`] has them.
    added: BTreeSet<String>,
}

impl<'a> Verdict<'a> {
    fn new(cx: &'a Cx, facts: &'a [Fact], memories: &'a [MemoryRecord]) -> Self {
        Self {
            cx,
            facts,
            memories,
            fates: vec![Fate::Unmentioned; facts.len()],
            ops: Vec::new(),
            touched: BTreeSet::new(),
            added: BTreeSet::new(),
        }
    }

    fn take(&mut self, event: &Event) {
        let text = event.text.as_deref().unwrap_or_default().trim();
        let about = self.about(event, text);
        let named = numbered(self.memories, event.id.as_ref()).map(|(_, record)| record.id);
        let name = event.event.trim().to_ascii_uppercase();
        if matches!(name.as_str(), "NONE" | "NOOP") {
            // An entry that only lists a memory again speaks of no fact.
            if let Some(index) = about
                && let Some(fate @ Fate::Unmentioned) = self.fates.get_mut(index)
            {
                *fate = Fate::Left(named);
            }
            return;
        }
        let fact = match about.and_then(|index| self.facts.get(index)) {
            Some(fact) => fact.clone(),
            None => {
                self.cx.count("refused:update-fact", 1);
                let Some(fact) = whole_window(self.facts) else {
                    return;
                };
                fact
            }
        };
        let refused = match name.as_str() {
            "ADD" => self.add(text, fact),
            "UPDATE" if text.is_empty() => Some("refused:update-op"),
            "UPDATE" => self.change(named, |id| MemoryOp::Update {
                id,
                text: text.to_owned(),
                sources: fact.sources,
                held_at: fact.held_at,
                replaces: event.replaces.unwrap_or(false),
            }),
            "DELETE" => self.change(named, |id| MemoryOp::Delete {
                id,
                sources: fact.sources,
                held_at: fact.held_at,
            }),
            _ => Some("refused:update-op"),
        };
        let fate = about.and_then(|index| self.fates.get_mut(index));
        match (refused, fate) {
            (None, Some(fate)) => *fate = Fate::Done,
            (Some(_), Some(fate)) if *fate != Fate::Done => *fate = Fate::Refused,
            _ => {}
        }
        if let Some(counter) = refused {
            self.cx.count(counter, 1);
        }
    }

    /// Number of the fact that an event is about: the one it names, else the one whose words it
    /// has, else the only one.
    fn about(&self, event: &Event, text: &str) -> Option<usize> {
        if let Some((index, _)) = numbered(self.facts, event.fact.as_ref()) {
            return Some(index);
        }
        let same = normal(text);
        let equal = |fact: &Fact| !same.is_empty() && normal(&fact.text) == same;
        let found = self.facts.iter().position(equal);
        found.or((self.facts.len() == 1 && event.fact.is_none()).then_some(0))
    }

    fn add(&mut self, text: &str, mut fact: Fact) -> Option<&'static str> {
        if !text.is_empty() {
            text.clone_into(&mut fact.text);
        }
        if !self.added.insert(normal(&fact.text)) {
            return Some("refused:update-op");
        }
        self.ops.push(MemoryOp::Add(fact));
        None
    }

    fn change(
        &mut self,
        named: Option<MemoryId>,
        op: impl FnOnce(MemoryId) -> MemoryOp,
    ) -> Option<&'static str> {
        let Some(id) = named else {
            return Some("refused:update-id");
        };
        if !self.touched.insert(id) {
            return Some("refused:update-op");
        }
        self.ops.push(op(id));
        None
    }

    /// The operations, those of facts without one last.
    fn finish(mut self) -> Vec<MemoryOp> {
        for (fact, fate) in self.facts.iter().zip(&self.fates) {
            let because = match fate {
                Fate::Done => continue,
                Fate::Refused => {
                    // Unless another entry added these very words.
                    if self.added.insert(normal(&fact.text)) {
                        self.ops.push(MemoryOp::Add(fact.clone()));
                    }
                    continue;
                }
                Fate::Left(because) => *because,
                Fate::Unmentioned => {
                    self.cx.count("unmentioned:update", 1);
                    None
                }
            };
            self.ops.push(MemoryOp::Noop {
                because,
                text: fact.text.clone(),
                sources: fact.sources.clone(),
            });
        }
        self.ops
    }
}

/// A fact in place of one that an event does not name: it rests on everything that any of them
/// rests on.
fn whole_window(facts: &[Fact]) -> Option<Fact> {
    let mut whole = facts.first()?.clone();
    whole.sources.clear();
    for fact in facts {
        for source in &fact.sources {
            if !whole.sources.iter().any(|known| known.turn == source.turn) {
                whole.sources.push(Source::window(source.turn));
            }
        }
        if fact.speaker != whole.speaker {
            whole.speaker = None;
        }
    }
    whole.sources.sort_by_key(|source| source.turn);
    Some(whole)
}
