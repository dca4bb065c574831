//! Mem0g as its paper describes it.

use async_trait::async_trait;
use memgauge_core::{
    Build, BuildError, ComponentError, Cx, EmbedderHandle, Filter, MemoryEvent, Parts, RankedList,
    Window,
};
use memgauge_store::Store;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::builder::{BuilderConfig, RulesBuilderConfig};
use super::relational::{Outdated, Relational};
use super::votes::votes;
use super::{Graph, Join, Seat, at_least_one, cosine, within};

/// Mem0g (arXiv 2504.19413, section 2.2). A name becomes a known node where they have the same name or
/// a cosine of at least `merge-threshold`. An older edge that a window contradicts is marked as invalid
/// and stays. A question finds edges in two ways: the edges in and out of the nodes near its entities,
/// and those whose text is near the question itself; together they are ranked by cosine to the
/// question. The paper publishes neither its thresholds nor how many edges it shows: the defaults are
/// memgauge's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Mem0gConfig {
    /// What makes entities, relations and conflicts.
    pub builder: BuilderConfig,
    /// Cosine from which a name is a known node (the paper's t; not published).
    #[schemars(range(min = -1.0, max = 1.0))]
    pub merge_threshold: f32,
    /// How many nodes are looked at for each entity of a question.
    #[schemars(range(min = 1))]
    pub nodes: usize,
    /// Cosine from which a node is near an entity of a question.
    #[schemars(range(min = -1.0, max = 1.0))]
    pub similarity: f32,
    /// Cosine from which an edge is near the question itself.
    #[schemars(range(min = -1.0, max = 1.0))]
    pub triplet_threshold: f32,
    /// How many relations a question brings up.
    #[schemars(range(min = 1))]
    pub limit: usize,
    /// What becomes of them.
    pub join: Join,
}

impl Default for Mem0gConfig {
    fn default() -> Self {
        Self {
            builder: RulesBuilderConfig::default().into(),
            merge_threshold: 0.9,
            nodes: 5,
            similarity: 0.7,
            triplet_threshold: 0.5,
            limit: 20,
            join: Join::Append,
        }
    }
}

impl Build<Box<dyn Graph>> for Mem0gConfig {
    fn build(&self, parts: &dyn Parts) -> Result<Box<dyn Graph>, BuildError> {
        at_least_one("nodes", self.nodes)?;
        at_least_one("limit", self.limit)?;
        cosine("merge-threshold", self.merge_threshold)?;
        cosine("similarity", self.similarity)?;
        cosine("triplet-threshold", self.triplet_threshold)?;
        Ok(Box::new(Mem0g {
            graph: Relational {
                kind: "mem0g",
                builder: within("builder", self.builder.build(parts))?,
                merge: self.merge_threshold,
                around: None,
                outdated: Outdated::Invalidate,
            },
            config: self.clone(),
        }))
    }
}

struct Mem0g {
    graph: Relational,
    config: Mem0gConfig,
}

#[async_trait]
impl Graph for Mem0g {
    fn kind(&self) -> &'static str {
        self.graph.kind
    }

    fn join(&self) -> Join {
        self.config.join
    }

    async fn absorb(
        &self,
        cx: &Cx,
        seat: &Seat<'_>,
        window: &Window<'_>,
    ) -> Result<Vec<MemoryEvent>, ComponentError> {
        self.graph.absorb(cx, seat, window).await
    }

    async fn recall(
        &self,
        cx: &Cx,
        store: &Store,
        embedder: &EmbedderHandle,
        filter: &Filter,
        question: &str,
    ) -> Result<RankedList, ComponentError> {
        let config = &self.config;
        let how = (config.nodes, config.similarity, config.triplet_threshold);
        let place = (store, embedder, filter);
        let mut list = self.graph.both_ways(cx, place, question, how).await?;
        list.items.truncate(config.limit);
        match config.join {
            Join::Append => Ok(list),
            Join::Fuse => votes(store, &filter.of_texts(), &list),
        }
    }
}
