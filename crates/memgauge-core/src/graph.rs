//! Knowledge graphs over memories: entities are nodes, relations are edges.
//!
//! An edge is a memory of kind [`Relation`](crate::MemoryKind::Relation): its sources, its history
//! and its place in ranked lists are those of any memory. The nodes at its ends are kept beside it.

use async_trait::async_trait;
use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use crate::{ComponentError, Cx, MemoryId, MemoryRecord, Source, Window};

/// Ordinal of a node in its store, in the order of creation.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct NodeId(pub u32);

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
