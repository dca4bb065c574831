//! Entities that point at memories: mem0's package 2.0.18.

use std::collections::BTreeMap;

use async_trait::async_trait;
use memgauge_core::graph::{Entity, EntityExtractor};
use memgauge_core::{
    Build, BuildError, ComponentError, Cx, EmbedderHandle, Filter, GraphReader, MemoryEvent,
    MemoryId, MemoryReader, NodeId, Parts, RankedList, Stage, Window,
};
use memgauge_store::{GraphChange, Store};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::builder::EntitiesConfig;
use super::builder::rules::RulesEntitiesConfig;
use super::nodes::Nodes;
use super::relational::{lost, saying};
use super::votes::ranked;
use super::{Graph, Join, Seat, at_least_one, cosine, within};

/// Entity linking as in mem0ai 2.0.18: no relations. The entities of every new memory's text become
/// nodes, merged on the same name or on a cosine of at least `merge-threshold`, each pointing at the
/// memories that name it. A question's first `entities` entities look up nodes of cosine `similarity`;
/// a memory gains `weight` x cosine / (1 + 0.001 (n - 1)^2), n being the number of memories that the
/// node points at, and of several such gains the largest. The list is called `entities` and enters the
/// fusion after those of the retriever.
///
/// Deviation: entities come from memgauge's rules (or a model), not from spaCy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct EntityLinksConfig {
    /// What a text names. By default proper names, quoted titles, compound nouns and identifiers.
    pub entities: EntitiesConfig,
    /// Cosine from which a name is a known node.
    #[schemars(range(min = -1.0, max = 1.0))]
    pub merge_threshold: f32,
    /// How many entities of a question are looked up.
    #[schemars(range(min = 1))]
    pub most: usize,
    /// Cosine from which a node counts.
    #[schemars(range(min = -1.0, max = 1.0))]
    pub similarity: f32,
    /// Largest gain of a memory.
    #[schemars(range(min = 0.0))]
    pub weight: f64,
}

impl Default for EntityLinksConfig {
    fn default() -> Self {
        Self {
            entities: RulesEntitiesConfig { nouns: false }.into(),
            merge_threshold: 0.95,
            most: 8,
            similarity: 0.5,
            weight: 0.5,
        }
    }
}

impl Build<Box<dyn Graph>> for EntityLinksConfig {
    fn build(&self, parts: &dyn Parts) -> Result<Box<dyn Graph>, BuildError> {
        at_least_one("most", self.most)?;
        cosine("merge-threshold", self.merge_threshold)?;
        cosine("similarity", self.similarity)?;
        if !(self.weight.is_finite() && self.weight >= 0.0) {
            return Err(BuildError::at("weight", "must be 0 or more"));
        }
        Ok(Box::new(EntityLinks {
            entities: within("entities", self.entities.build(parts))?,
            config: self.clone(),
        }))
    }
}

struct EntityLinks {
    entities: Box<dyn EntityExtractor>,
    config: EntityLinksConfig,
}

impl EntityLinks {
    /// The entities of a text; none where a model's reply cannot be read.
    async fn of(&self, cx: &Cx, text: &str) -> Result<Vec<Entity>, ComponentError> {
        match self.entities.of_text(cx, text).await {
            Ok(entities) => Ok(entities),
            Err(error) => {
                cx.count(&lost(error)?, 1);
                Ok(Vec::new())
            }
        }
    }
}

#[async_trait]
impl Graph for EntityLinks {
    fn kind(&self) -> &'static str {
        "entity-links"
    }

    fn join(&self) -> Join {
        Join::Fuse
    }

    async fn absorb(
        &self,
        cx: &Cx,
        seat: &Seat<'_>,
        window: &Window<'_>,
    ) -> Result<Vec<MemoryEvent>, ComponentError> {
        cx.count("graph:entity-links", 1);
        let extract = cx.with(Stage::Extract);
        let mut named: Vec<(MemoryId, Vec<Entity>)> = Vec::new();
        for id in saying(seat, window, window.turns.iter().map(|turn| turn.id))? {
            if let Some(record) = seat.store.record(id)? {
                named.push((id, self.of(&extract, &record.text).await?));
            }
        }
        let all: Vec<Entity> = named.iter().flat_map(|(_, found)| found.clone()).collect();
        let at = window.session.held_at;
        let nodes = Nodes::of(cx, seat, &all, self.config.merge_threshold, at).await?;
        let mut changes = nodes.changes();
        for (id, entities) in named {
            for entity in entities {
                if let Some(node) = nodes.get(&entity.name) {
                    changes.push(GraphChange::Link {
                        node,
                        memories: vec![id],
                    });
                }
            }
        }
        Ok(seat.write(&changes)?.events)
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
        let mut entities = self.of(cx, question).await?;
        entities.truncate(config.most);
        let names: Vec<&str> = entities.iter().map(|entity| entity.name.as_str()).collect();
        let vectors = embedder.embed(cx, &names).await?;
        let texts = filter.of_texts();
        let mut gains: BTreeMap<MemoryId, f64> = BTreeMap::new();
        for vector in vectors {
            for near in
                store.nearest_nodes(&filter.scope, &vector, usize::MAX, config.similarity)?
            {
                let linked = linked(store, near.node);
                let others = linked.len().saturating_sub(1) as f64;
                let gain = config.weight * f64::from(near.score) / (1.0 + 0.001 * others * others);
                for id in linked {
                    let best = gains.entry(id).or_insert(gain);
                    *best = best.max(gain);
                }
            }
        }
        let mut visible = Vec::with_capacity(gains.len());
        for (id, gain) in gains {
            if store
                .record(id)?
                .is_some_and(|record| texts.accepts(&record))
            {
                visible.push((id, gain));
            }
        }
        let mut list = ranked(visible);
        "entities".clone_into(&mut list.name);
        Ok(list)
    }
}

fn linked(store: &Store, node: NodeId) -> Vec<MemoryId> {
    store
        .node(node)
        .map(|node| node.memories)
        .unwrap_or_default()
}
