//! Knowledge graphs over memories: entities are nodes, relations are edges.
//!
//! An edge is a memory of kind [`Relation`](crate::MemoryKind::Relation): its sources, its history
//! and its place in ranked lists are those of any memory. The nodes at its ends are kept beside it.

use std::fmt;

use async_trait::async_trait;
use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use crate::{
    ComponentError, ConversationId, Cx, MemoryId, MemoryReader, MemoryRecord, Scope, Source,
    TurnId, Window,
};

/// Ordinal of a node in its store, in the order of creation.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct NodeId(pub u32);

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n{}", self.0)
    }
}

/// A node as a store keeps it. Nodes stay when their last edge goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Which one it is.
    pub id: NodeId,
    /// To whom it belongs: entities of two users are never one node.
    pub scope: Scope,
    /// Its name as first given.
    pub name: String,
    /// Its name in the form under which names are compared: see [`normal_name`].
    pub key: String,
    /// What it is, such as `person`.
    pub kind: String,
    /// Time of the session that named it first.
    pub created_at: DateTime,
    /// Memories that mention it, ascending; deleted ones are taken out.
    pub memories: Vec<MemoryId>,
}

/// An edge: the memory that it is, and its ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edge {
    /// The memory of kind [`Relation`](crate::MemoryKind::Relation): text, sources, times.
    pub memory: MemoryId,
    /// Node that it starts from.
    pub from: NodeId,
    /// The relation.
    pub relation: String,
    /// Node that it leads to; equal to `from` where something is related to itself.
    pub to: NodeId,
}

/// A node with a score; higher is better.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoredNode {
    /// The node.
    pub node: NodeId,
    /// Its cosine to what was looked for.
    pub score: f32,
}

/// The text of an edge.
pub fn edge_text(subject: &str, relation: &str, object: &str) -> String {
    format!("{subject} -- {relation} -- {object}")
}

/// A name as names are compared: lower case, straight apostrophes, words one space apart, without
/// marks around it and without an article before it.
pub fn normal_name(name: &str) -> String {
    let lower = name.to_lowercase().replace('\u{2019}', "'");
    let words: Vec<&str> = lower
        .split(|c: char| c.is_whitespace() || c == '_')
        .map(|word| {
            word.trim_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '#' | '+' | '@'))
        })
        .filter(|word| !word.is_empty())
        .collect();
    let kept = match words.split_first() {
        Some((&("the" | "a" | "an"), rest)) if !rest.is_empty() => rest,
        _ => &words,
    };
    kept.join(" ")
}

/// A store's graph as retrieval sees it. In-process and synchronous. Deleted edges never appear,
/// invalidated ones do: their records say from when on they no longer hold.
pub trait GraphReader: MemoryReader {
    /// The node with this id.
    fn node(&self, id: NodeId) -> Option<Node>;

    /// The nodes that `scope` covers, in the order of ids.
    fn nodes(&self, scope: &Scope) -> Vec<Node>;

    /// The nodes of exactly this scope whose name has this normal form, in the order of ids.
    fn named(&self, scope: &Scope, key: &str) -> Vec<NodeId>;

    /// The `k` nodes that `scope` covers of largest cosine to `vector`, at least `threshold`; best
    /// first, ties by the lower id.
    ///
    /// # Errors
    /// When the store keeps no vectors, or the vector does not fit.
    fn nearest_nodes(
        &self,
        scope: &Scope,
        vector: &[f32],
        k: usize,
        threshold: f32,
    ) -> Result<Vec<ScoredNode>, ComponentError>;

    /// The edges that start from `node` or lead to it, each once, in the order of their memories.
    fn edges_of(&self, node: NodeId) -> Vec<Edge>;

    /// The edge that this memory is.
    fn edge(&self, memory: MemoryId) -> Option<Edge>;

    /// The nodes that mention this memory, in the order of ids.
    fn nodes_of(&self, memory: MemoryId) -> Vec<NodeId>;

    /// The memories other than edges whose live sources name this turn, in the order of ids.
    fn saying(&self, conversation: &ConversationId, turn: TurnId) -> Vec<MemoryId>;
}

/// Something that a text names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entity {
    /// Its name as the text gives it.
    pub name: String,
    /// What it is, such as `person` or `place`.
    pub kind: String,
}

/// A relation between two entities, before it is an edge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Triple {
    /// Name of the entity that it starts from.
    pub subject: String,
    /// The relation, such as `lives_in`.
    pub relation: String,
    /// Name of the entity that it leads to.
    pub object: String,
    /// Turns that it came from.
    pub sources: Vec<Source>,
    /// Time of the session that it came from.
    pub held_at: DateTime,
    /// From when on it holds, where the text tells; else `held_at` counts.
    pub valid_from: Option<DateTime>,
}

/// First stage of a graph builder: what a text names.
#[async_trait]
pub trait EntityExtractor: Send + Sync {
    /// Kind in config files.
    fn kind(&self) -> &'static str;

    /// The entities of the window's new turns, in the order of their first mention.
    ///
    /// # Errors
    /// When a model that it needs fails.
    async fn entities(&self, cx: &Cx, window: &Window<'_>) -> Result<Vec<Entity>, ComponentError>;

    /// The entities that a question names.
    ///
    /// # Errors
    /// When a model that it needs fails.
    async fn of_text(&self, cx: &Cx, text: &str) -> Result<Vec<Entity>, ComponentError>;
}

/// Second stage: how the entities are related.
#[async_trait]
pub trait RelationGenerator: Send + Sync {
    /// Kind in config files.
    fn kind(&self) -> &'static str;

    /// The relations among `entities` that the window's new turns state.
    ///
    /// # Errors
    /// When a model that it needs fails.
    async fn relations(
        &self,
        cx: &Cx,
        window: &Window<'_>,
        entities: &[Entity],
    ) -> Result<Vec<Triple>, ComponentError>;
}

/// Third stage: which edges no longer hold.
#[async_trait]
pub trait ConflictResolver: Send + Sync {
    /// Kind in config files.
    fn kind(&self) -> &'static str;

    /// Those of the `existing` edges that `triples` contradict.
    ///
    /// # Errors
    /// When a model that it needs fails.
    async fn conflicts(
        &self,
        cx: &Cx,
        triples: &[Triple],
        existing: &[MemoryRecord],
    ) -> Result<Vec<MemoryId>, ComponentError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_case_articles_and_marks() {
        for (name, expected) in [
            ("The  Support Group!", "support group"),
            ("support_group", "support group"),
            ("\u{201c}Charlotte\u{2019}s Web\u{201d}", "charlotte's web"),
            ("A", "a"),
            ("C++", "c++"),
            ("...", ""),
        ] {
            assert_eq!(normal_name(name), expected, "{name}");
        }
    }
}
