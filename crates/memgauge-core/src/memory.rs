//! What a memory system keeps: facts, memories with their provenance, operations on them.

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use crate::{ConversationId, TurnId};

/// Ordinal of a memory in its store, in the order of creation. Never reused after a delete.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct MemoryId(pub u32);

impl fmt::Display for MemoryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "m{}", self.0)
    }
}

/// To whom a memory belongs: Mem0's user, agent and run (session) scopes. As part of a
/// [`Filter`], a field that is `None` matches everything.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Scope {
    /// The user; in a replay the conversation's id.
    pub user: Option<String>,
    /// The agent; where a protocol keeps one store per speaker, the speaker.
    pub agent: Option<String>,
    /// One run of an agent.
    pub run: Option<String>,
}

impl Scope {
    /// The scope of one user.
    pub fn user(user: impl Into<String>) -> Self {
        Self {
            user: Some(user.into()),
            ..Self::default()
        }
    }

    /// The same scope, of one agent alone.
    #[must_use]
    pub fn and_agent(self, agent: impl Into<String>) -> Self {
        Self {
            agent: Some(agent.into()),
            ..self
        }
    }

    /// The same scope, of one run alone.
    #[must_use]
    pub fn and_run(self, run: impl Into<String>) -> Self {
        Self {
            run: Some(run.into()),
            ..self
        }
    }

    /// Whether it names nobody: as part of a [`Filter`] it matches everything.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a memory of scope `other` is visible to a query in this scope.
    pub fn covers(&self, other: &Self) -> bool {
        let fits = |mine: &Option<String>, theirs: &Option<String>| {
            mine.is_none() || mine.as_deref() == theirs.as_deref()
        };
        fits(&self.user, &other.user)
            && fits(&self.agent, &other.agent)
            && fits(&self.run, &other.run)
    }
}

/// Which memories a query may see.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Filter {
    /// Scope that must cover the memory's.
    pub scope: Scope,
    /// Metadata that must be equal.
    pub metadata: BTreeMap<String, String>,
    /// Kinds of text that are looked for; empty = all.
    pub kinds: Vec<MemoryKind>,
}

impl Filter {
    /// All memories of one scope.
    pub fn scope(scope: Scope) -> Self {
        Self {
            scope,
            ..Self::default()
        }
    }

    /// The same filter, for memories alone whose metadata says `value` under `key`.
    #[must_use]
    pub fn and(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }

    /// All memories of one scope but edges of a graph.
    pub fn texts(scope: Scope) -> Self {
        Self {
            scope,
            kinds: MemoryKind::TEXTS.to_vec(),
            ..Self::default()
        }
    }

    /// The edges of one scope.
    pub fn relations(scope: Scope) -> Self {
        Self {
            scope,
            kinds: vec![MemoryKind::Relation],
            ..Self::default()
        }
    }

    /// The same for all kinds but edges of a graph, where no kind is named.
    pub fn of_texts(&self) -> Self {
        let mut filter = self.clone();
        if filter.kinds.is_empty() {
            filter.kinds = MemoryKind::TEXTS.to_vec();
        }
        filter
    }

    /// Whether `record` passes.
    pub fn accepts(&self, record: &MemoryRecord) -> bool {
        self.scope.covers(&record.scope)
            && (self.kinds.is_empty() || self.kinds.contains(&record.kind))
            && self
                .metadata
                .iter()
                .all(|(key, value)| record.metadata.get(key) == Some(value))
    }
}

impl From<Scope> for Filter {
    fn from(scope: Scope) -> Self {
        Self::scope(scope)
    }
}

/// How a memory came to rest on a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// The extractor named this turn.
    Cited,
    /// The extractor read this turn; which of the window's turns the fact rests on is unknown.
    Window,
}

/// A turn that a fact or memory came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Source {
    /// The turn.
    pub turn: TurnId,
    /// Named or merely read.
    pub how: How,
    /// Whether the text still says it: an UPDATE that replaces ends the life of older sources.
    pub live: bool,
}

impl Source {
    /// A turn that the extractor named.
    pub const fn cited(turn: TurnId) -> Self {
        Self {
            turn,
            how: How::Cited,
            live: true,
        }
    }

    /// A turn that the extractor read.
    pub const fn window(turn: TurnId) -> Self {
        Self {
            turn,
            how: How::Window,
            live: true,
        }
    }
}

/// What kind of text a memory holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MemoryKind {
    /// Turns as they were said.
    Verbatim,
    /// A statement extracted from turns.
    Fact,
    /// A summary of a session.
    Summary,
    /// A run of tokens of the transcript.
    Chunk,
    /// An edge of a graph: `subject -- relation -- object`.
    Relation,
}

impl MemoryKind {
    /// All kinds but edges of a graph, which are looked for apart from what else is remembered.
    pub const TEXTS: [Self; 4] = [Self::Verbatim, Self::Fact, Self::Summary, Self::Chunk];
}

/// What an extractor found, before the update policy decides about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// Kind of text.
    pub kind: MemoryKind,
    /// The text that is embedded, indexed and shown, such as `Melanie: We went hiking`.
    pub text: String,
    /// Whom it is about or who said it, where that is one person.
    pub speaker: Option<String>,
    /// Where it came from.
    pub sources: Vec<Source>,
    /// Time of the session that it came from.
    pub held_at: DateTime,
    /// Further values, open to filters (for instance `session`).
    pub metadata: BTreeMap<String, String>,
}

/// A memory in a store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryRecord {
    /// Which one it is.
    pub id: MemoryId,
    /// Conversation whose turns the sources name.
    pub conversation: ConversationId,
    /// To whom it belongs.
    pub scope: Scope,
    /// Kind of text.
    pub kind: MemoryKind,
    /// What it says.
    pub text: String,
    /// Whom it is about or who said it, where that is one person.
    pub speaker: Option<String>,
    /// Every turn that ever fed it, live or not, in the order of arrival.
    pub sources: Vec<Source>,
    /// Time of the session in which it was added.
    pub created_at: DateTime,
    /// Time of the session in which its text was last changed; a fact said again changes nothing.
    pub updated_at: DateTime,
    /// Time of the session from which on it no longer holds; `None` = it holds. Set by graphs that
    /// mark edges as invalid in place of removing them.
    pub invalid_at: Option<DateTime>,
    /// Further values.
    pub metadata: BTreeMap<String, String>,
}

impl MemoryRecord {
    /// Turns that the text still says, in order of arrival.
    pub fn live_turns(&self) -> impl Iterator<Item = TurnId> {
        self.sources
            .iter()
            .filter(|source| source.live)
            .map(|source| source.turn)
    }
}

/// What an update policy wants done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum MemoryOp {
    /// Keep the fact as a new memory.
    Add(Fact),
    /// Give memory `id` a new text and more sources.
    Update {
        /// The memory to change.
        id: MemoryId,
        /// Its new text (may equal the old: the fact is then one more source of it).
        text: String,
        /// Sources that the fact brings.
        sources: Vec<Source>,
        /// Time of the session that brought the change.
        held_at: DateTime,
        /// True where the new text takes the place of what the old one said: older sources are
        /// then no longer live. False where it augments.
        replaces: bool,
    },
    /// Remove memory `id`.
    Delete {
        /// The memory to remove.
        id: MemoryId,
        /// Sources of the fact that contradicts it.
        sources: Vec<Source>,
        /// Time of the session that brought the change.
        held_at: DateTime,
    },
    /// Keep memory `id`, marked as no longer holding.
    Invalidate {
        /// The memory that no longer holds.
        id: MemoryId,
        /// Sources of the fact that contradicts it.
        sources: Vec<Source>,
        /// Time of the session that brought the change.
        held_at: DateTime,
    },
    /// Leave everything as it is.
    Noop {
        /// The memory that says it already, if that is the reason.
        because: Option<MemoryId>,
        /// The fact that is not kept.
        text: String,
        /// Its sources.
        sources: Vec<Source>,
    },
}

/// Name of an operation in journals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OpKind {
    /// A new memory.
    Add,
    /// A changed memory.
    Update,
    /// A removed memory.
    Delete,
    /// A memory that is kept but no longer holds.
    Invalidate,
    /// A fact that changed nothing.
    Noop,
}

/// One operation as it was carried out: a line of the store's history and of `ingest.jsonl`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryEvent {
    /// What was done.
    pub op: OpKind,
    /// The memory concerned; `None` for a NOOP without a reason in the store.
    pub id: Option<MemoryId>,
    /// The text before.
    pub before: Option<String>,
    /// The text after (of a NOOP: the fact that was not kept).
    pub after: Option<String>,
    /// Whether an UPDATE replaced the older text (see [`MemoryOp::Update`]).
    pub replaces: bool,
    /// Sources of the fact that led to it.
    pub sources: Vec<Source>,
    /// Time of the session that led to it.
    pub at: DateTime,
}
