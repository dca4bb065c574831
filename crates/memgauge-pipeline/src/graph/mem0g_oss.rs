//! The graph of mem0's open-source package, 0.1.94.

use std::collections::BTreeSet;

use async_trait::async_trait;
use memgauge_core::{
    Build, BuildError, ComponentError, Cx, EmbedderHandle, Filter, GraphReader, MemoryEvent,
    MemoryId, MemoryReader, Parts, RankedList, Window,
};
use memgauge_store::Store;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::builder::{BuilderConfig, RulesBuilderConfig};
use super::nodes::Near;
use super::relational::{Outdated, Relational, relations};
use super::votes::votes;
use super::{Graph, Join, Seat, at_least_one, cosine, within};

/// The graph of mem0ai 0.1.94, without Neo4j. Names merge with nodes of cosine `merge-threshold`. The
/// edges of nodes of cosine `similarity` to a named entity, `neighbours` at most, are what a window may
/// contradict; edges that are named for deletion go, save where nothing but the target differs from a
/// new edge of the same relation (`refused:several-targets`). A question takes the same neighbourhood of
/// its entities, ranks its edges by BM25 and keeps the best `limit`.
///
/// Deviations: relations come as JSON in place of tool calls; the idf of BM25 counts all edges of the
/// store and not only those found; of equally near nodes the newest edges come first, where Neo4j
/// promises no order; a node's name is never rewritten.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Mem0gOssConfig {
    /// What makes entities, relations and conflicts.
    pub builder: BuilderConfig,
    /// Cosine from which a name is a known node.
    #[schemars(range(min = -1.0, max = 1.0))]
    pub merge_threshold: f32,
    /// Cosine from which a node lies in the neighbourhood of an entity.
    #[schemars(range(min = -1.0, max = 1.0))]
    pub similarity: f32,
    /// Most edges of a neighbourhood.
    #[schemars(range(min = 1))]
    pub neighbours: usize,
    /// How many relations a question brings up.
    #[schemars(range(min = 1))]
    pub limit: usize,
    /// What becomes of them.
    pub join: Join,
}

impl Default for Mem0gOssConfig {
    fn default() -> Self {
        Self {
            builder: RulesBuilderConfig::default().into(),
            merge_threshold: 0.9,
            similarity: 0.7,
            neighbours: 100,
            limit: 5,
            join: Join::Append,
        }
    }
}

impl Build<Box<dyn Graph>> for Mem0gOssConfig {
    fn build(&self, parts: &dyn Parts) -> Result<Box<dyn Graph>, BuildError> {
        at_least_one("neighbours", self.neighbours)?;
        at_least_one("limit", self.limit)?;
        cosine("merge-threshold", self.merge_threshold)?;
        cosine("similarity", self.similarity)?;
        Ok(Box::new(Mem0gOss {
            graph: Relational {
                kind: "mem0g-oss",
                builder: within("builder", self.builder.build(parts))?,
                merge: self.merge_threshold,
                around: Some((self.similarity, self.neighbours)),
                outdated: Outdated::Delete,
            },
            config: self.clone(),
        }))
    }
}

struct Mem0gOss {
    graph: Relational,
    config: Mem0gOssConfig,
}

#[async_trait]
impl Graph for Mem0gOss {
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
        let entities = self.graph.asked(cx, question).await?;
        let (each, threshold) = (config.neighbours, config.similarity);
        let scope = &filter.scope;
        let near = Near::of(cx, store, embedder, scope, &entities, each, threshold).await?;
        let relations = relations(filter);
        let mut found: BTreeSet<MemoryId> = BTreeSet::new();
        for (node, _) in near.nodes {
            for edge in store.edges_of(node).into_iter().rev() {
                let record = store.record(edge.memory)?;
                if found.len() < config.neighbours
                    && record.is_some_and(|record| relations.accepts(&record))
                {
                    found.insert(edge.memory);
                }
            }
        }
        let mut items = store.scores(&relations, question);
        items.retain(|item| found.contains(&item.id));
        items.truncate(config.limit);
        let list = RankedList {
            name: super::votes::LIST.to_owned(),
            items,
            query_terms: store.query_terms(question),
        };
        match config.join {
            Join::Append => Ok(list),
            Join::Fuse => votes(store, &filter.of_texts(), &list),
        }
    }
}
