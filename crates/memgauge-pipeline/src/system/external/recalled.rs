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
