//! Graph memory: entities and relations beside what else is remembered.
//!
//! A graph takes in every window after its facts were stored, and answers a question with a ranked
//! list: relations that are shown after the memories, or votes for memories that enter the fusion.
//! Edges are memories of kind `relation`, with the turns that state them as sources; nothing is looked
//! for among memories and relations together.

mod appendix;
pub mod builder;
mod cooccurrence;
mod entity_links;
mod mem0g;
mod mem0g_oss;
mod nodes;
mod pagerank;
#[cfg(test)]
mod recall_tests;
mod relational;
mod temporal;
#[cfg(test)]
mod tests;
mod votes;

use std::collections::BTreeMap;

use async_trait::async_trait;
use memgauge_core::{
    BuildError, ComponentError, Cx, EmbedderHandle, Filter, MemoryEvent, MemoryRecord, RankedList,
    Scope, Window, registry,
};
use memgauge_store::{Applied, GraphChange, Settled, Store};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::extractor::session_metadata;

pub(crate) use appendix::append;
pub use builder::{BuilderConfig, ConflictsConfig, EntitiesConfig, RelationsConfig};
pub use cooccurrence::CooccurrenceConfig;
pub use entity_links::EntityLinksConfig;
pub use mem0g::Mem0gConfig;
pub use mem0g_oss::Mem0gOssConfig;
pub use pagerank::{Adjacency, pagerank};
pub use temporal::TemporalConfig;

registry! {
    /// Graphs of entities and relations beside the memories.
    pub enum GraphConfig: "graph" => Box<dyn Graph> {
        "mem0g" => Mem0g(Mem0gConfig),
        "mem0g-oss" => Mem0gOss(Mem0gOssConfig),
        "temporal" => Temporal(TemporalConfig),
        "cooccurrence" => Cooccurrence(CooccurrenceConfig),
        "entity-links" => EntityLinks(EntityLinksConfig),
    }
}

impl GraphConfig {
    /// How many ranked lists it puts beside those of the retriever.
    pub fn lists(&self) -> usize {
        let join = match self {
            Self::Mem0g(config) => config.join,
            Self::Mem0gOss(config) => config.join,
            Self::Temporal(config) => config.join,
            Self::Cooccurrence(_) | Self::EntityLinks(_) => Join::Fuse,
        };
        usize::from(join == Join::Fuse)
    }
}

/// What becomes of the relations that a question brings up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Join {
    /// They are shown after the memories, under `Relations:`.
    #[default]
    Append,
    /// They vote for the memories that say their turns, in a ranked list that enters the fusion beside
    /// the retriever's.
    Fuse,
}

/// Where a graph takes in a window.
#[derive(Clone, Copy)]
pub struct Seat<'a> {
    /// The store, where the window's facts are already.
    pub store: &'a Store,
    /// Makes the vectors of nodes and edges.
    pub embedder: &'a EmbedderHandle,
    /// To whom nodes and edges belong.
    pub scope: &'a Scope,
    /// Noted beside every edge; `None` in a replay.
    pub metadata: Option<&'a BTreeMap<String, String>>,
    /// The queued work that this is the last part of: it leaves the queue with the graph's changes.
    pub settles: Option<u64>,
}

impl Seat<'_> {
    /// What is noted beside a new edge: what the caller of a library wants, or in a replay the session.
    fn labels(&self, window: &Window<'_>) -> BTreeMap<String, String> {
        match self.metadata {
            Some(own) => own.clone(),
            None => session_metadata(window.session.index),
        }
    }

    /// Writes everything that the window changes in the graph, in one transaction. Called exactly once
    /// for every window, also where nothing changes.
    ///
    /// # Errors
    /// When the store refuses.
    pub fn write(&self, changes: &[GraphChange]) -> Result<Applied, ComponentError> {
        Ok(match self.settles {
            Some(number) => self
                .store
                .apply_graph_queued(changes, &Settled::Done(number))?,
            None if changes.is_empty() => Applied::default(),
            None => self.store.apply_graph(changes)?,
        })
    }
}

/// A graph of entities and relations.
#[async_trait]
pub trait Graph: Send + Sync {
    /// Kind in config files.
    fn kind(&self) -> &'static str;

    /// What becomes of what it finds.
    fn join(&self) -> Join;

    /// Takes in one window, whose facts are stored already. Returns every operation on edges.
    ///
    /// A reply of a model that cannot be read, or a prompt longer than its window, costs the window's
    /// relations and is counted (`malformed:graph`, `too-long:graph`).
    ///
    /// # Errors
    /// When a model or the store fails.
    async fn absorb(
        &self,
        cx: &Cx,
        seat: &Seat<'_>,
        window: &Window<'_>,
    ) -> Result<Vec<MemoryEvent>, ComponentError>;

    /// What a question brings up: relations where they are appended, memories where they are fused.
    ///
    /// # Errors
    /// When a model or the store fails.
    async fn recall(
        &self,
        cx: &Cx,
        store: &Store,
        embedder: &EmbedderHandle,
        filter: &Filter,
        question: &str,
    ) -> Result<RankedList, ComponentError>;

    /// A relation as the context shows it. One that no longer holds says so.
    fn shown(&self, relation: &MemoryRecord) -> String {
        match relation.invalid_at {
            Some(at) => format!("{} (until {})", relation.text, appendix::day(at)),
            None => relation.text.clone(),
        }
    }
}

/// Subject, relation and object of an edge's text.
pub(crate) fn split_edge(text: &str) -> Option<(&str, &str, &str)> {
    let mut parts = text.splitn(3, " -- ");
    Some((parts.next()?, parts.next()?, parts.next()?))
}

/// Puts the key of a part's table before the keys of its errors.
fn within<T>(table: &str, result: Result<T, BuildError>) -> Result<T, BuildError> {
    result.map_err(|error| BuildError {
        key: Some(match error.key {
            Some(key) => format!("{table}.{key}"),
            None => table.to_owned(),
        }),
        message: error.message,
    })
}

/// Refuses what is no cosine.
fn cosine(key: &str, value: f32) -> Result<(), BuildError> {
    if (-1.0..=1.0).contains(&value) {
        return Ok(());
    }
    let message = format!("must be between -1 and 1, found {value}");
    Err(BuildError::at(key, message))
}

/// Refuses a limit of nothing.
fn at_least_one(key: &str, value: usize) -> Result<(), BuildError> {
    if value == 0 {
        return Err(BuildError::at(key, "must be at least 1, found 0"));
    }
    Ok(())
}

/// The vector of one text.
async fn embed_one(
    cx: &Cx,
    embedder: &EmbedderHandle,
    text: &str,
) -> Result<Vec<f32>, ComponentError> {
    let mut vectors = embedder.embed(cx, &[text]).await?;
    Ok(vectors.pop().unwrap_or_default())
}
