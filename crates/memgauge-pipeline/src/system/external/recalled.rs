//! From what a system from outside remembers to a recall.

use std::sync::Arc;

use memgauge_core::{
    Context, ContextEntry, ConversationId, Hit, ListRank, MemoryId, Recall, TurnId,
};

use super::book::{Book, Transcripts, UNANNOUNCED};
use super::message::{Description, Memory, Recalled};
use crate::context::{TimeFormat, body};
use crate::system::MAX_CANDIDATES;

/// What a reply is read with.
pub(super) struct Reading<'a> {
    pub(super) about: &'a Description,
    pub(super) said: &'a Transcripts,
    pub(super) book: &'a Book,
    /// The conversation asked.
    pub(super) conversation: &'a ConversationId,
    /// How many memories enter the context.
    pub(super) k: usize,
    /// How times are written.
    pub(super) time: TimeFormat,
}

impl Reading<'_> {
    /// The recall that a reply comes to.
    ///
    /// # Errors
    /// When the reply contradicts the description or itself.
    pub(super) fn recall(&self, reply: Recalled) -> Result<Recall, String> {
        let untraced = !self.about.sources;
        let mut memories = match (reply.memories, &reply.context) {
            (Some(memories), _) => memories,
            (None, Some(text)) if untraced => return Ok(self.written(text)),
            (None, Some(_)) => {
                return Err(
                    "it has a `context` alone, and the description promises sources: \
                            `memories` must tell them"
                        .to_owned(),
                );
            }
            (None, None) => return Err("it has neither `memories` nor a `context`".to_owned()),
        };
        memories.truncate(MAX_CANDIDATES);
        let mut candidates = Vec::new();
        let mut entries = Vec::new();
        for (rank, memory) in (1..).zip(memories) {
            let score = memory.score;
            let entry = self.entry(memory)?;
            if let Some(id) = entry.memory {
                let score = score.ok_or("a memory has no `score`")?;
                if candidates.iter().any(|hit: &Hit| hit.id == id) {
                    return Err("it remembers the same memory twice".to_owned());
                }
                candidates.push(Hit {
                    id,
                    score,
                    lists: vec![Some(ListRank { rank, score })],
                });
            }
            entries.push(entry);
        }
        entries.truncate(self.k);
        let shown: Vec<&str> = entries.iter().map(|entry| entry.shown.as_str()).collect();
        let text = reply.context.unwrap_or_else(|| shown.join("\n"));
        Ok(Recall {
            lists: vec!["external".to_owned()],
            candidates,
            k: self.k,
            ranked: true,
            untraced,
            context: Arc::new(Context {
                text,
                entries,
                dropped: Vec::new(),
                retrieved: None,
            }),
        })
    }

    /// A context that the system wrote, of which nothing is known but the words.
    fn written(&self, text: &str) -> Recall {
        let entry = ContextEntry {
            memory: None,
            conversation: self.conversation.clone(),
            turns: Vec::new(),
            lineage: Vec::new(),
            held_at: None,
            speaker: None,
            body: text.to_owned(),
            shown: text.to_owned(),
            cut: false,
        };
        Recall {
            untraced: true,
            context: Arc::new(Context {
                text: text.to_owned(),
                entries: if text.is_empty() {
                    Vec::new()
                } else {
                    vec![entry]
                },
                dropped: Vec::new(),
                retrieved: None,
            }),
            ..Recall::default()
        }
    }

    fn entry(&self, memory: Memory) -> Result<ContextEntry, String> {
        let kept = match (&memory.id, self.about.events) {
            (Some(name), true) => {
                let known = self.book.get(name);
                Some(
                    known.ok_or_else(|| {
                        format!("it remembers `{name}`, of which it told no event")
                    })?,
                )
            }
            (None, true) => return Err("a memory has no `id`, by which events know it".to_owned()),
            (_, false) => None,
        };
        let conversation = kept
            .map(|kept| kept.conversation.clone())
            .or(memory.conversation)
            .unwrap_or_else(|| self.conversation.clone());
        if !self.said.has(&conversation) {
            return Err(format!(
                "conversation `{conversation}` was never handed over"
            ));
        }
        let (turns, lineage) = match (memory.sources, self.about.sources, kept) {
            (Some(_), false, _) => return Err(UNANNOUNCED.to_owned()),
            (None, false, _) => (Vec::new(), Vec::new()),
            // What events said of a memory is what the journal holds.
            (_, true, Some(kept)) => (once(&kept.live), once(&kept.lineage)),
            (Some(turns), true, None) => (once(&turns), once(&turns)),
            (None, true, None) => return Err("a memory has no `sources`".to_owned()),
        };
        let said = self.said.time(&conversation, &turns)?;
        let held_at = memory.time.or(said).or(kept.map(|kept| kept.changed));
        let text = memory
            .text
            .or_else(|| kept.map(|kept| kept.text.clone()))
            .ok_or("a memory has no `text`")?;
        let prefix = held_at.map_or_else(String::new, |at| self.time.prefix(at));
        Ok(ContextEntry {
            memory: kept.map(|kept| -> MemoryId { kept.id }),
            conversation,
            turns,
            lineage,
            held_at,
            body: body(memory.speaker.as_deref(), &text),
            shown: format!("{prefix}{text}"),
            speaker: memory.speaker,
            cut: false,
        })
    }
}

/// Every turn once, at its first place.
fn once(turns: &[TurnId]) -> Vec<TurnId> {
    let mut seen = Vec::with_capacity(turns.len());
    for turn in turns {
        if !seen.contains(turn) {
            seen.push(*turn);
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use memgauge_core::{Session, SessionNotes, Turn};
    use serde_json::{Value, json};

    use super::*;

    /// What `reply` comes to where one conversation said two turns and told one memory, `m`.
    fn read(sources: bool, events: bool, reply: Value) -> Result<Recall, String> {
        let about: Description = serde_json::from_value(json!({
            "protocol": 1, "name": "n", "sources": sources, "events": events,
        }))
        .unwrap();
        let conversation = ConversationId::new("c");
        let held_at = date(2023, 5, 8).at(13, 56, 0, 0);
        let turn = |turn| Turn {
            id: TurnId::new(1, turn),
            speaker: "Ann".to_owned(),
            text: "Hello".to_owned(),
            image: None,
        };
        let session = Session {
            index: 1,
            held_at,
            held_at_text: String::new(),
            turns: vec![turn(1), turn(2)],
            notes: SessionNotes::default(),
        };
        let mut said = Transcripts::default();
        said.note(&conversation, &session);
        let mut book = Book::default();
        if events {
            let mut event = json!({"op": "add", "id": "m", "text": "Ann: Hello"});
            if sources {
                event["sources"] = json!(["D1:2"]);
            }
            let changes = serde_json::from_value(json!([event])).unwrap();
            let at = Some((&conversation, held_at));
            book.carry_out(changes, &about, at, &said).unwrap();
        }
        let reading = Reading {
            about: &about,
            said: &said,
            book: &book,
            conversation: &conversation,
            k: 1,
            time: TimeFormat::Spoken,
        };
        reading.recall(serde_json::from_value(reply).unwrap())
    }

    #[test]
    fn the_first_k_memories_make_the_context() {
        let memory =
            |text: &str| json!({"text": text, "sources": ["D1:1", "D1:1"], "speaker": "Ann"});
        let reply = json!({"memories": [memory("Ann: Hi"), memory("Ann: Bye")]});
        let recall = read(true, false, reply).unwrap();
        assert_eq!(recall.context.text, "1:56 pm on 8 May, 2023: Ann: Hi");
        let entry = &recall.context.entries[0];
        assert_eq!((entry.body.as_str(), entry.turns.len()), ("Hi", 1));
        assert_eq!((entry.memory, recall.context.entries.len()), (None, 1));
        assert!(recall.ranked && !recall.untraced && recall.candidates.is_empty());
        // Of a time that nobody knows nothing is said.
        let recall = read(false, false, json!({"memories": [{"text": "Hi"}]})).unwrap();
        assert_eq!(recall.context.text, "Hi");
        assert!(recall.untraced && recall.context.entries[0].held_at.is_none());
    }

    #[test]
    fn memories_that_events_told_of_are_candidates() {
        let reply = json!({"memories": [{"id": "m", "score": 0.5}], "context": "as it likes"});
        let recall = read(true, true, reply).unwrap();
        assert_eq!(recall.context.text, "as it likes");
        assert_eq!(recall.context.entries[0].turns, [TurnId::new(1, 2)]);
        assert_eq!(recall.candidates[0].id, MemoryId(0));
        assert_eq!(recall.candidates[0].lists[0].unwrap().rank, 1);
    }

    #[test]
    fn a_context_alone_is_shown_as_it_is() {
        let recall = read(false, false, json!({"context": "all I know"})).unwrap();
        assert_eq!(recall.context.text, "all I know");
        assert!(recall.untraced && !recall.ranked);
        assert_eq!(recall.context.entries.len(), 1);
        let none = read(false, false, json!({"context": ""})).unwrap();
        assert!(none.context.entries.is_empty());
    }

    #[test]
    fn replies_that_contradict_the_description_are_refused() {
        let cases = [
            (
                true,
                false,
                json!({"context": "t"}),
                "`memories` must tell them",
            ),
            (
                true,
                false,
                json!({"memories": [{"text": "t"}]}),
                "no `sources`",
            ),
            (
                false,
                false,
                json!({"memories": [{"text": "t", "sources": []}]}),
                "announce",
            ),
            (false, false, json!({"memories": [{}]}), "no `text`"),
            (false, true, json!({"memories": [{"text": "t"}]}), "no `id`"),
            (
                false,
                true,
                json!({"memories": [{"id": "m"}]}),
                "no `score`",
            ),
            (
                true,
                true,
                json!({"memories": [{"id": "x", "score": 1}]}),
                "told no event",
            ),
            (
                true,
                true,
                json!({"memories": [{"id": "m", "score": 1}, {"id": "m", "score": 1}]}),
                "twice",
            ),
            (
                true,
                false,
                json!({"memories": [{"text": "t", "sources": [], "conversation": "d"}]}),
                "never handed over",
            ),
            (false, false, json!({}), "neither"),
        ];
        for (sources, events, reply, expected) in cases {
            let message = read(sources, events, reply).unwrap_err();
            assert!(message.contains(expected), "{expected}: {message}");
        }
    }
}
