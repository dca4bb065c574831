//! What was said to a system from outside, and the memories that it tells of: its own names for them
//! become ordinals, so that random names change nothing in a run.

use std::collections::BTreeMap;

use jiff::civil::DateTime;
use memgauge_core::{ConversationId, MemoryEvent, MemoryId, OpKind, Session, Source, TurnId};

use super::message::{Change, Description};

/// What was said.
#[derive(Debug, Default)]
pub(super) struct Transcripts(BTreeMap<ConversationId, BTreeMap<TurnId, DateTime>>);

impl Transcripts {
    /// Notes a session that is handed over.
    pub(super) fn note(&mut self, conversation: &ConversationId, session: &Session) {
        let turns = self.0.entry(conversation.clone()).or_default();
        turns.extend(session.turns.iter().map(|turn| (turn.id, session.held_at)));
    }

    pub(super) fn has(&self, conversation: &ConversationId) -> bool {
        self.0.contains_key(conversation)
    }

    /// Time of the last session of a conversation.
    fn last(&self, conversation: &ConversationId) -> Option<DateTime> {
        let (_, held_at) = self.0.get(conversation)?.last_key_value()?;
        Some(*held_at)
    }

    /// When the last of `turns` was said.
    ///
    /// # Errors
    /// When one of them was not said.
    pub(super) fn time(
        &self,
        conversation: &ConversationId,
        turns: &[TurnId],
    ) -> Result<Option<DateTime>, String> {
        let said = self.0.get(conversation);
        let mut last = None;
        for turn in turns {
            let held_at = said.and_then(|said| said.get(turn)).ok_or_else(|| {
                format!("source `{turn}` is no turn that `{conversation}` has handed over")
            })?;
            last = last.max(Some(*held_at));
        }
        Ok(last)
    }
}

/// A memory that the system told of.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Kept {
    pub(super) id: MemoryId,
    pub(super) conversation: ConversationId,
    pub(super) text: String,
    /// Turns that the text says.
    pub(super) live: Vec<TurnId>,
    /// Turns that ever fed it.
    pub(super) lineage: Vec<TurnId>,
    /// When its text was last changed.
    pub(super) changed: DateTime,
    deleted: bool,
}

/// The memories that the system told of, by its own names.
#[derive(Debug, Default)]
pub(super) struct Book(BTreeMap<String, Kept>);

impl Book {
    /// A memory that is there.
    pub(super) fn get(&self, name: &str) -> Option<&Kept> {
        self.0.get(name).filter(|kept| !kept.deleted)
    }

    /// Carries out the changes that a reply tells of. `session` is the one that was handed over; without
    /// it (`flush`), changes name their conversation.
    ///
    /// # Errors
    /// When a change makes no sense.
    pub(super) fn carry_out(
        &mut self,
        changes: Vec<Change>,
        about: &Description,
        session: Option<(&ConversationId, DateTime)>,
        said: &Transcripts,
    ) -> Result<Vec<(ConversationId, MemoryEvent)>, String> {
        if !about.events && !changes.is_empty() {
            return Err("it tells `events`, which its description does not announce".to_owned());
        }
        let one = |change: Change| {
            let (conversation, at) = match (&change.conversation, session) {
                (None, Some((conversation, at))) => (conversation.clone(), at),
                (Some(named), Some((conversation, at))) if named == conversation => {
                    (named.clone(), at)
                }
                (Some(named), _) => {
                    let last = said.last(named);
                    let at = last.ok_or_else(|| format!("an event of unknown `{named}`"))?;
                    (named.clone(), at)
                }
                (None, None) => {
                    return Err("an event of `flush` has no `conversation`".to_owned());
                }
            };
            let sources = match (&change.sources, about.sources) {
                (Some(turns), true) => {
                    said.time(&conversation, turns)?;
                    turns.iter().copied().map(Source::cited).collect()
                }
                (None, false) => Vec::new(),
                (None, true) => return Err("an event has no `sources`".to_owned()),
                (Some(_), false) => return Err(UNANNOUNCED.to_owned()),
            };
            let event = self.change(change, conversation.clone(), sources, at)?;
            Ok((conversation, event))
        };
        changes.into_iter().map(one).collect()
    }

    fn change(
        &mut self,
        change: Change,
        conversation: ConversationId,
        sources: Vec<Source>,
        at: DateTime,
    ) -> Result<MemoryEvent, String> {
        let mut event = MemoryEvent {
            op: change.op,
            id: None,
            before: None,
            after: None,
            replaces: change.replaces && change.op == OpKind::Update,
            sources,
            at,
        };
        let text = || change.text.clone().ok_or("an event has no `text`");
        let turns: Vec<TurnId> = event.sources.iter().map(|source| source.turn).collect();
        if change.op == OpKind::Noop {
            if let Some(name) = &change.id {
                event.id = Some(self.known(name)?.id);
            }
            event.after = Some(text()?);
            return Ok(event);
        }
        let name = change.id.as_ref().ok_or("an event has no `id`")?;
        if change.op == OpKind::Add {
            if self.0.contains_key(name) {
                return Err(format!("memory `{name}` is added twice"));
            }
            let id = u32::try_from(self.0.len()).map_err(|_| "too many memories")?;
            let kept = Kept {
                id: MemoryId(id),
                conversation,
                text: text()?,
                lineage: turns.clone(),
                live: turns,
                changed: at,
                deleted: false,
            };
            event.id = Some(kept.id);
            event.after = Some(kept.text.clone());
            self.0.insert(name.clone(), kept);
            return Ok(event);
        }
        let kept = self.known(name)?;
        if kept.conversation != conversation {
            return Err(format!(
                "memory `{name}` belongs to `{}`",
                kept.conversation
            ));
        }
        event.id = Some(kept.id);
        event.before = Some(kept.text.clone());
        match change.op {
            OpKind::Delete => kept.deleted = true,
            OpKind::Update => {
                if event.replaces {
                    kept.live.clear();
                }
                kept.live.extend(&turns);
                kept.lineage.extend(&turns);
                kept.text = text()?;
                kept.changed = at;
                event.after = Some(kept.text.clone());
            }
            // An invalidated memory stays as it is.
            OpKind::Invalidate | OpKind::Add | OpKind::Noop => {
                event.after = Some(kept.text.clone());
            }
        }
        Ok(event)
    }

    fn known(&mut self, name: &str) -> Result<&mut Kept, String> {
        self.0
            .get_mut(name)
            .filter(|kept| !kept.deleted)
            .ok_or_else(|| format!("memory `{name}` was never added, or is deleted"))
    }
}

/// Sources where the description promised none.
pub(super) const UNANNOUNCED: &str = "it tells `sources`, which its description does not announce";

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use memgauge_core::{SessionNotes, Turn};
    use serde_json::{Value, json};

    use super::*;

    fn about(sources: bool, events: bool) -> Description {
        serde_json::from_value(json!({
            "protocol": 1, "name": "n", "sources": sources, "events": events,
        }))
        .unwrap()
    }

    fn said(conversation: &ConversationId, index: u32) -> (Session, Transcripts) {
        let session = Session {
            index,
            held_at: date(2023, 5, 8).at(13, 56, 0, 0),
            held_at_text: String::new(),
            turns: (1..=2)
                .map(|turn| Turn {
                    id: TurnId::new(index, turn),
                    speaker: "Ann".to_owned(),
                    text: "Hello".to_owned(),
                    image: None,
                })
                .collect(),
            notes: SessionNotes::default(),
        };
        let mut said = Transcripts::default();
        said.note(conversation, &session);
        (session, said)
    }

    fn carry_out(
        changes: Value,
        about: &Description,
    ) -> Result<(Book, Vec<(ConversationId, MemoryEvent)>), String> {
        let conversation = ConversationId::new("c");
        let (session, said) = said(&conversation, 1);
        let mut book = Book::default();
        let changes = serde_json::from_value(changes).unwrap();
        let at = Some((&conversation, session.held_at));
        let events = book.carry_out(changes, about, at, &said)?;
        Ok((book, events))
    }

    #[test]
    fn names_become_ordinals_and_sources_follow_the_text() {
        let (book, events) = carry_out(
            json!([
                {"op": "add", "id": "x9", "text": "a", "sources": ["D1:1"]},
                {"op": "add", "id": "a1", "text": "b", "sources": ["D1:2"]},
                {"op": "update", "id": "x9", "text": "c", "sources": ["D1:2"], "replaces": true},
                {"op": "delete", "id": "a1", "sources": []},
                {"op": "noop", "text": "c again", "sources": ["D1:1"], "id": "x9"},
            ]),
            &about(true, true),
        )
        .unwrap();
        let ids: Vec<_> = events
            .iter()
            .map(|(_, event)| event.id.unwrap().0)
            .collect();
        assert_eq!(ids, [0, 1, 0, 1, 0]);
        assert_eq!(events[2].1.before.as_deref(), Some("a"));
        let kept = book.get("x9").unwrap();
        assert_eq!((kept.live.len(), kept.lineage.len()), (1, 2));
        assert_eq!(kept.text, "c");
        assert_eq!(book.get("a1"), None);
    }

    #[test]
    fn changes_that_make_no_sense_are_named() {
        let add = json!({"op": "add", "id": "m", "text": "t", "sources": ["D1:1"]});
        let cases = [
            (json!([add, add]), "added twice"),
            (
                json!([{"op": "delete", "id": "m", "sources": []}]),
                "never added",
            ),
            (
                json!([{"op": "add", "id": "m", "text": "t"}]),
                "no `sources`",
            ),
            (
                json!([{"op": "add", "id": "m", "sources": []}]),
                "no `text`",
            ),
            (
                json!([{"op": "add", "text": "t", "sources": []}]),
                "no `id`",
            ),
            (
                json!([{"op": "add", "id": "m", "text": "t", "sources": ["D7:1"]}]),
                "source `D7:1` is no turn",
            ),
            (
                json!([{"op": "add", "id": "m", "text": "t", "sources": [], "conversation": "d"}]),
                "unknown `d`",
            ),
        ];
        for (changes, expected) in cases {
            let message = carry_out(changes, &about(true, true)).unwrap_err();
            assert!(message.contains(expected), "{expected}: {message}");
        }
        let message = carry_out(json!([add]), &about(false, true)).unwrap_err();
        assert!(message.contains("does not announce"), "{message}");
        let message = carry_out(json!([add]), &about(true, false)).unwrap_err();
        assert!(message.contains("does not announce"), "{message}");
        assert!(carry_out(json!([]), &about(false, false)).is_ok());
    }
}
