//! Ranked memories and the context made of them.

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use crate::{ConversationId, MemoryId, TurnId};

/// A memory with a score; higher is better.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Scored {
    /// The memory.
    pub id: MemoryId,
    /// Its score, in the unit of whatever made it.
    pub score: f32,
}

/// What one retriever found, best first, ties broken by id.
#[derive(Debug, Clone, PartialEq)]
pub struct RankedList {
    /// Short name of the retriever, such as `dense`.
    pub name: String,
    /// The memories, best first.
    pub items: Vec<Scored>,
    /// How many terms of the query were searched for; `None` where the list is not made by
    /// searching for terms.
    pub query_terms: Option<u32>,
}

/// Rank and score of a memory in one list.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ListRank {
    /// Rank, from 1.
    pub rank: u32,
    /// Score in that list.
    pub score: f32,
}

/// A memory after fusion.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The memory.
    pub id: MemoryId,
    /// Fused score.
    pub score: f32,
    /// Rank and score in every list that entered, in the order of the lists; `None` where the
    /// list did not hold it.
    pub lists: Vec<Option<ListRank>>,
}

/// One line or block of a context.
#[derive(Debug, Clone, PartialEq)]
pub struct ContextEntry {
    /// The memory shown; `None` where the system keeps none (full context, gold evidence).
    pub memory: Option<MemoryId>,
    /// Conversation that the turns belong to.
    pub conversation: ConversationId,
    /// Turns that the shown text says (live sources).
    pub turns: Vec<TurnId>,
    /// Every turn that ever fed it.
    pub lineage: Vec<TurnId>,
    /// When it was said; `None` where the text spans sessions.
    pub held_at: Option<DateTime>,
    /// Who said it, where that is one person.
    pub speaker: Option<String>,
    /// What was said, without time and speaker.
    pub body: String,
    /// The text as it stands in the context.
    pub shown: String,
    /// Whether the budget cut it short.
    pub cut: bool,
}

/// What an answerer is given: text for a model, entries for an extractive reader.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Context {
    /// The text exactly as a model would see it.
    pub text: String,
    /// Its parts in the order shown.
    pub entries: Vec<ContextEntry>,
    /// Memories that were retrieved but did not fit.
    pub dropped: Vec<MemoryId>,
    /// What of the text was retrieved, where a protocol puts more into it, such as a heading over each
    /// speaker's memories; `None` = all of it. Token figures count this.
    pub retrieved: Option<String>,
}

impl Context {
    /// The text without what a protocol put around it.
    pub fn retrieved(&self) -> &str {
        self.retrieved.as_deref().unwrap_or(&self.text)
    }
}
