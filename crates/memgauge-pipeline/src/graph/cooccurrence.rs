//! Entities that share a turn, and walks among them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use memgauge_core::graph::{Entity, EntityExtractor, edge_text, normal_name};
use memgauge_core::{
    Build, BuildError, ComponentError, Cx, EmbedderHandle, Fact, Filter, GraphReader, MemoryEvent,
    MemoryId, MemoryKind, MemoryOp, MemoryReader, Parts, RankedList, Source, Stage, TurnId, Window,
};
use memgauge_store::{EntityGraph, GraphChange, NodeRef, Store};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::builder::EntitiesConfig;
use super::builder::rules::RulesEntitiesConfig;
use super::nodes::{Near, Nodes};
use super::pagerank::{Adjacency, pagerank};
use super::relational::{change, lost, saying};
use super::votes::ranked;
use super::{Graph, Join, Seat, at_least_one, cosine, within};

/// The relation that every edge stands for.
const RELATION: &str = "mentioned with";

/// Entities that share a turn are joined by an edge that has those turns as sources. No relation is
/// read out of the text, so no model is needed for one. From the nodes near a question's entities a
/// personalised PageRank walks along the edges, the more likely the more turns two entities share; a
/// node shares what it is found with among the memories that mention it, and a memory adds up what it
/// gets. The list is called `graph` and enters the fusion after those of the retriever. After
/// HippoRAG (arXiv 2405.14831), with turns for passages and no synonym edges.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct CooccurrenceConfig {
    /// What a turn names. The speaker of a turn is named by it too.
    pub entities: EntitiesConfig,
    /// Cosine from which a name is a known node.
    #[schemars(range(min = -1.0, max = 1.0))]
    pub merge_threshold: f32,
    /// How many nodes are looked at for each entity of a question.
    #[schemars(range(min = 1))]
    pub nodes: usize,
    /// Cosine from which a node is near an entity of a question.
    #[schemars(range(min = -1.0, max = 1.0))]
    pub similarity: f32,
    /// Probability with which a walk goes on; otherwise it begins anew.
    #[schemars(range(min = 0.0, max = 0.999))]
    pub damping: f64,
}

impl Default for CooccurrenceConfig {
    fn default() -> Self {
        Self {
            entities: RulesEntitiesConfig::default().into(),
            merge_threshold: 0.95,
            nodes: 3,
            similarity: 0.7,
            damping: 0.5,
        }
    }
}

impl Build<Box<dyn Graph>> for CooccurrenceConfig {
    fn build(&self, parts: &dyn Parts) -> Result<Box<dyn Graph>, BuildError> {
        at_least_one("nodes", self.nodes)?;
        cosine("merge-threshold", self.merge_threshold)?;
        cosine("similarity", self.similarity)?;
        if !(0.0..1.0).contains(&self.damping) {
            let message = format!("must be at least 0 and below 1, found {}", self.damping);
            return Err(BuildError::at("damping", message));
        }
        Ok(Box::new(Cooccurrence {
            entities: within("entities", self.entities.build(parts))?,
            config: self.clone(),
            walks: Mutex::default(),
        }))
    }
}

struct Cooccurrence {
    entities: Box<dyn EntityExtractor>,
    config: CooccurrenceConfig,
    /// The graph that was walked on last, ready for the next question.
    walks: Mutex<Option<Walks>>,
}

#[derive(Clone)]
struct Walks {
    /// As the store had it: as long as it has the same one, the weights are right too, because a shared
    /// turn more is another edge or another version of this.
    graph: Arc<EntityGraph>,
    events: u64,
    adjacency: Arc<Adjacency>,
}

impl Cooccurrence {
    /// The store's graph with the number of shared turns as weights.
    fn walks(&self, store: &Store) -> Result<Arc<Adjacency>, ComponentError> {
        let graph = store.graph();
        let events = store.history_len()?;
        {
            let walks = self.walks.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(known) = &*walks
                && Arc::ptr_eq(&known.graph, &graph)
                && known.events == events
            {
                return Ok(Arc::clone(&known.adjacency));
            }
        }
        let mut edges = Vec::with_capacity(graph.edge_count());
        for memory in graph.edge_weights() {
            if let (Some(edge), Some(record)) = (store.edge(*memory), store.record(*memory)?) {
                let turns = record.live_turns().count() as f64;
                edges.push((edge.from.0 as usize, edge.to.0 as usize, turns));
            }
        }
        let adjacency = Arc::new(Adjacency::new(graph.node_count(), edges));
        *self.walks.lock().unwrap_or_else(PoisonError::into_inner) = Some(Walks {
            graph,
            events,
            adjacency: Arc::clone(&adjacency),
        });
        Ok(adjacency)
    }

    /// The entities of each new turn, its speaker among them.
    async fn named(
        &self,
        cx: &Cx,
        window: &Window<'_>,
    ) -> Result<Vec<(TurnId, Vec<Entity>)>, ComponentError> {
        let mut named = Vec::with_capacity(window.turns.len());
        for turn in window.turns {
            let one = Window {
                turns: std::slice::from_ref(turn),
                before: &[],
                ..*window
            };
            let mut entities = vec![Entity {
                name: turn.speaker.clone(),
                kind: "person".to_owned(),
            }];
            match self.entities.entities(cx, &one).await {
                Ok(found) => entities.extend(found),
                Err(error) => cx.count(&lost(error)?, 1),
            }
            named.push((turn.id, entities));
        }
        Ok(named)
    }
}

#[async_trait]
impl Graph for Cooccurrence {
    fn kind(&self) -> &'static str {
        "cooccurrence"
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
        cx.count("graph:cooccurrence", 1);
        let named = self.named(&cx.with(Stage::Extract), window).await?;
        let all: Vec<Entity> = named.iter().flat_map(|(_, found)| found.clone()).collect();
        let at = window.session.held_at;
        let nodes = Nodes::of(cx, seat, &all, self.config.merge_threshold, at).await?;
        let mut changes = nodes.changes();
        let mut shared: BTreeMap<(NodeRef, NodeRef), Vec<Source>> = BTreeMap::new();
        for (turn, entities) in &named {
            let here: BTreeSet<NodeRef> = entities
                .iter()
                .filter_map(|entity| nodes.get(&entity.name))
                .collect();
            let memories = saying(seat, window, std::iter::once(*turn))?;
            for (n, node) in here.iter().enumerate() {
                if !memories.is_empty() {
                    changes.push(GraphChange::Link {
                        node: *node,
                        memories: memories.clone(),
                    });
                }
                for other in here.iter().skip(n + 1) {
                    let sources = shared.entry((*node, *other)).or_default();
                    sources.push(Source::cited(*turn));
                }
            }
        }
        for ((from, to), sources) in shared {
            changes.push(edge(seat, window, &nodes, (from, to), sources)?);
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
        let mut entities = match self.entities.of_text(cx, question).await {
            Ok(entities) => entities,
            Err(error) => {
                cx.count(&lost(error)?, 1);
                Vec::new()
            }
        };
        let mut seen = BTreeSet::new();
        entities.retain(|entity| seen.insert(normal_name(&entity.name)));
        let scope = &filter.scope;
        let (each, threshold) = (config.nodes, config.similarity);
        let near = Near::of(cx, store, embedder, scope, &entities, each, threshold).await?;
        let mut start = Vec::with_capacity(near.nodes.len());
        for (node, score) in near.nodes {
            let linked = store.node(node).map_or(0, |node| node.memories.len());
            // An entity that few memories mention says more about which one is meant.
            start.push((
                node.0 as usize,
                f64::from(score.max(0.0)) / linked.max(1) as f64,
            ));
        }
        let shares = pagerank(&*self.walks(store)?, &start, config.damping);
        let texts = filter.of_texts();
        let mut scores: BTreeMap<MemoryId, f64> = BTreeMap::new();
        for node in store.nodes(scope) {
            let share = shares.get(node.id.0 as usize).copied().unwrap_or(0.0);
            if share > 0.0 {
                let part = share / node.memories.len().max(1) as f64;
                for id in node.memories {
                    *scores.entry(id).or_default() += part;
                }
            }
        }
        let mut visible = Vec::with_capacity(scores.len());
        for (id, score) in scores {
            if store
                .record(id)?
                .is_some_and(|record| texts.accepts(&record))
            {
                visible.push((id, score));
            }
        }
        Ok(ranked(visible))
    }
}

/// A new edge between two nodes, or more sources of the one that there is.
fn edge(
    seat: &Seat<'_>,
    window: &Window<'_>,
    nodes: &Nodes,
    (from, to): (NodeRef, NodeRef),
    sources: Vec<Source>,
) -> Result<GraphChange, ComponentError> {
    let held_at = window.session.held_at;
    if let (NodeRef::Known(a), NodeRef::Known(b)) = (from, to) {
        let known = seat.store.edge_between(a, b);
        if let Some(edge) = known
            && let Some(record) = seat.store.record(edge.memory)?
        {
            let op = MemoryOp::Update {
                id: record.id,
                text: record.text,
                sources,
                held_at,
                replaces: false,
            };
            return Ok(GraphChange::Memory(change(seat, window, op, None)));
        }
    }
    let name = |node| nodes.name(seat.store, node).unwrap_or_default();
    let op = MemoryOp::Add(Fact {
        kind: MemoryKind::Relation,
        text: edge_text(&name(from), RELATION, &name(to)),
        speaker: None,
        sources,
        held_at,
        metadata: seat.labels(window),
    });
    Ok(GraphChange::Edge {
        change: change(seat, window, op, None),
        from,
        relation: RELATION.to_owned(),
        to,
    })
}
