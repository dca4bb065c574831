//! From names to nodes.

use std::collections::BTreeMap;

use jiff::civil::DateTime;
use memgauge_core::graph::{Entity, normal_name};
use memgauge_core::{ComponentError, Cx, EmbedderHandle, GraphReader, NodeId, Scope, Stage};
use memgauge_store::{GraphChange, NewNode, NodeRef, Store};

use super::Seat;

/// The nodes that a window names: known ones, and new ones that its changes are to begin with.
#[derive(Default)]
pub(super) struct Nodes {
    /// By the normal form of the name.
    by_key: BTreeMap<String, NodeRef>,
    new: Vec<NewNode>,
    /// Vectors of the names that were looked up, by normal form.
    vectors: BTreeMap<String, Vec<f32>>,
}

impl Nodes {
    /// Finds or makes a node for each of `entities`. A name is the node that has the same name in
    /// normal form, or else the nearest whose cosine is at least `merge`; known nodes come before those
    /// that the window makes.
    pub(super) async fn of(
        cx: &Cx,
        seat: &Seat<'_>,
        entities: &[Entity],
        merge: f32,
        at: DateTime,
    ) -> Result<Self, ComponentError> {
        let mut nodes = Self::default();
        let mut unknown: Vec<(String, &Entity)> = Vec::new();
        for entity in entities {
            let key = normal_name(&entity.name);
            if key.is_empty() || unknown.iter().any(|(other, _)| *other == key) {
                continue;
            }
            match seat.store.named(seat.scope, &key).first() {
                Some(id) => {
                    nodes.by_key.insert(key, NodeRef::Known(*id));
                }
                None => unknown.push((key, entity)),
            }
        }
        let names: Vec<&str> = unknown.iter().map(|(_, e)| e.name.as_str()).collect();
        let vectors = seat.embedder.embed(&cx.with(Stage::Index), &names).await?;
        for ((key, entity), vector) in unknown.into_iter().zip(vectors) {
            let near = seat.store.nearest_nodes(seat.scope, &vector, 1, merge)?;
            let node = match near.first() {
                Some(near) => NodeRef::Known(near.node),
                None => nodes.new_node(entity, &vector, merge, seat.scope, at),
            };
            nodes.by_key.insert(key.clone(), node);
            nodes.vectors.insert(key, vector);
        }
        Ok(nodes)
    }

    fn new_node(
        &mut self,
        entity: &Entity,
        vector: &[f32],
        merge: f32,
        scope: &Scope,
        at: DateTime,
    ) -> NodeRef {
        let mut best: Option<(usize, f32)> = None;
        for (n, other) in self.new.iter().enumerate() {
            let score = similarity(other.embedding.as_deref().unwrap_or_default(), vector);
            if score >= merge && best.is_none_or(|(_, known)| score > known) {
                best = Some((n, score));
            }
        }
        if let Some((n, _)) = best {
            return NodeRef::New(n);
        }
        self.new.push(NewNode {
            scope: scope.clone(),
            name: entity.name.clone(),
            kind: entity.kind.clone(),
            created_at: at,
            embedding: Some(vector.to_vec()),
        });
        NodeRef::New(self.new.len() - 1)
    }

    /// The node called `name`.
    pub(super) fn get(&self, name: &str) -> Option<NodeRef> {
        self.by_key.get(&normal_name(name)).copied()
    }

    /// The name of a node.
    pub(super) fn name(&self, store: &Store, node: NodeRef) -> Option<String> {
        match node {
            NodeRef::Known(id) => store.node(id).map(|node| node.name),
            NodeRef::New(n) => self.new.get(n).map(|node| node.name.clone()),
        }
    }

    /// Vectors of the names that no node had, in the order of normal forms.
    pub(super) fn vectors(&self) -> impl Iterator<Item = &Vec<f32>> {
        self.vectors.values()
    }

    /// The known nodes that the window names, in the order of ids.
    pub(super) fn known(&self) -> Vec<NodeId> {
        let mut known: Vec<NodeId> = self
            .by_key
            .values()
            .filter_map(|node| match node {
                NodeRef::Known(id) => Some(*id),
                NodeRef::New(_) => None,
            })
            .collect();
        known.sort_unstable();
        known.dedup();
        known
    }

    /// The changes that make the new nodes: first of their batch.
    pub(super) fn changes(&self) -> Vec<GraphChange> {
        self.new.iter().cloned().map(GraphChange::Node).collect()
    }
}

/// Cosine of two vectors of length 1, or 0 where one has no direction.
fn similarity(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The nodes near the entities of a question: each node once, with its best cosine, best first.
pub(super) struct Near {
    /// Nodes and cosines.
    pub(super) nodes: Vec<(NodeId, f32)>,
}

impl Near {
    /// Up to `each` nodes of cosine `threshold` per entity; a node of the same name has cosine 1.
    pub(super) async fn of(
        cx: &Cx,
        store: &Store,
        embedder: &EmbedderHandle,
        scope: &Scope,
        entities: &[Entity],
        each: usize,
        threshold: f32,
    ) -> Result<Self, ComponentError> {
        let names: Vec<&str> = entities.iter().map(|entity| entity.name.as_str()).collect();
        let vectors = embedder.embed(cx, &names).await?;
        let mut best: BTreeMap<NodeId, f32> = BTreeMap::new();
        for (entity, vector) in entities.iter().zip(vectors) {
            let same = store.named(scope, &normal_name(&entity.name));
            let same = same.into_iter().map(|node| (node, 1.0));
            let near = store.nearest_nodes(scope, &vector, each, threshold)?;
            let near = near.into_iter().map(|near| (near.node, near.score));
            for (node, score) in same.chain(near) {
                let known = best.entry(node).or_insert(score);
                *known = known.max(score);
            }
        }
        let mut nodes: Vec<(NodeId, f32)> = best.into_iter().collect();
        nodes.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        Ok(Self { nodes })
    }
}
