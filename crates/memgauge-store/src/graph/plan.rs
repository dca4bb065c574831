//! From changes of the graph to what has to be written.

use std::collections::BTreeMap;

use memgauge_core::graph::normal_name;
use memgauge_core::{Edge, MemoryId, MemoryKind, MemoryOp, Node, NodeId};

use super::image::GraphImage;
use super::{GraphChange, NewNode, NodeRef};
use crate::StoreError;
use crate::plan::Plan;

/// What a batch comes to for the graph.
#[derive(Default)]
pub(crate) struct GraphEdits {
    /// New and changed nodes.
    pub(crate) nodes: BTreeMap<NodeId, Node>,
    /// Vectors of new nodes.
    pub(crate) vectors: BTreeMap<NodeId, Vec<f32>>,
    /// New edges; `None` = an edge that goes.
    pub(crate) edges: BTreeMap<MemoryId, Option<Edge>>,
    /// The new nodes, in order.
    pub(crate) fresh: Vec<NodeId>,
}

impl GraphEdits {
    /// The edge that `memory` is, as this batch has left it so far.
    pub(crate) fn edge<'a>(&'a self, image: &'a GraphImage, memory: MemoryId) -> Option<&'a Edge> {
        match self.edges.get(&memory) {
            Some(staged) => staged.as_ref(),
            None => image.edge(memory),
        }
    }

    /// Takes `memory`, which is being deleted, out of the graph.
    pub(crate) fn forget(&mut self, image: &GraphImage, memory: MemoryId) {
        if self.edge(image, memory).is_some() {
            self.edges.insert(memory, None);
        }
        let staged = self
            .nodes
            .values()
            .filter(|node| node.memories.contains(&memory));
        let mut touched: Vec<NodeId> = staged.map(|node| node.id).collect();
        touched.extend(image.nodes_of(memory));
        for id in touched {
            if let Some(node) = self.node(image, id) {
                node.memories.retain(|linked| *linked != memory);
            }
        }
    }

    /// Node `id`, to be changed.
    fn node(&mut self, image: &GraphImage, id: NodeId) -> Option<&mut Node> {
        match self.nodes.entry(id) {
            std::collections::btree_map::Entry::Occupied(node) => Some(node.into_mut()),
            std::collections::btree_map::Entry::Vacant(vacant) => {
                Some(vacant.insert(image.node(id)?.clone()))
            }
        }
    }
}

impl Plan<'_> {
    pub(crate) fn add_to_graph(&mut self, change: &GraphChange) -> Result<(), StoreError> {
        match change {
            GraphChange::Memory(change) => self.add(change),
            GraphChange::Node(new) => self.add_node(new),
            GraphChange::Link { node, memories } => {
                let id = self.node_id(*node)?;
                for memory in memories {
                    self.known(*memory)?;
                }
                let image = &self.resident.graph;
                let node = self
                    .graph
                    .node(image, id)
                    .ok_or(StoreError::UnknownNode(id))?;
                for memory in memories {
                    if let Err(place) = node.memories.binary_search(memory) {
                        node.memories.insert(place, *memory);
                    }
                }
                Ok(())
            }
            GraphChange::Edge {
                change,
                from,
                relation,
                to,
            } => {
                let (from, to) = (self.node_id(*from)?, self.node_id(*to)?);
                if !matches!(&change.op, MemoryOp::Add(fact) if fact.kind == MemoryKind::Relation) {
                    return Err(StoreError::NotAnEdge);
                }
                self.add(change)?;
                if let Some(memory) = self.events.last().and_then(|event| event.id) {
                    let edge = Edge {
                        memory,
                        from,
                        relation: relation.clone(),
                        to,
                    };
                    self.graph.edges.insert(memory, Some(edge));
                }
                Ok(())
            }
        }
    }

    fn add_node(&mut self, new: &NewNode) -> Result<(), StoreError> {
        let image = &self.resident.graph;
        let number = image.nodes().len() + self.graph.fresh.len();
        let id = NodeId(u32::try_from(number).map_err(|_| StoreError::NoIdsLeft)?);
        if let Some(vector) = &new.embedding {
            let matrix = image.matrix.as_ref().ok_or(StoreError::NoVectors)?;
            self.graph.vectors.insert(id, matrix.normalise(vector)?);
        }
        self.graph.nodes.insert(
            id,
            Node {
                id,
                scope: new.scope.clone(),
                name: new.name.clone(),
                key: normal_name(&new.name),
                kind: new.kind.clone(),
                created_at: new.created_at,
                memories: Vec::new(),
            },
        );
        self.graph.fresh.push(id);
        Ok(())
    }

    fn node_id(&self, node: NodeRef) -> Result<NodeId, StoreError> {
        let old = self.resident.graph.nodes().len();
        match node {
            NodeRef::Known(id) if (id.0 as usize) < old => Ok(id),
            NodeRef::Known(id) => Err(StoreError::UnknownNode(id)),
            NodeRef::New(n) => self
                .graph
                .fresh
                .get(n)
                .copied()
                .ok_or(StoreError::UnknownNode(NodeId((old + n) as u32))),
        }
    }
}
