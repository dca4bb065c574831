//! The graph of a store: entities are nodes, memories of kind
//! [`Relation`](memgauge_core::MemoryKind::Relation) are edges between them.

pub(crate) mod image;
pub(crate) mod plan;
mod rows;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::DateTime;
use memgauge_core::{
    ComponentError, ConversationId, Edge, GraphReader, MemoryEvent, MemoryId, Node, NodeId, Scope,
    ScoredNode, TurnId,
};

pub use image::EntityGraph;

use crate::plan::Plan;
use crate::{Change, Settled, Store, StoreError};

/// A node that does not exist yet.
#[derive(Debug, Clone, PartialEq)]
pub struct NewNode {
    /// To whom it belongs.
    pub scope: Scope,
    /// Its name.
    pub name: String,
    /// What it is, such as `person`.
    pub kind: String,
    /// Time of the session that names it.
    pub created_at: DateTime,
    /// Vector of its name; without one it is found by name alone.
    pub embedding: Option<Vec<f32>>,
}

/// A node as a batch of changes names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NodeRef {
    /// One that the store holds.
    Known(NodeId),
    /// The n-th new node of the batch, from 0.
    New(usize),
}

/// A change of the graph, or of the memories under it.
#[derive(Debug, Clone, PartialEq)]
pub enum GraphChange {
    /// A new node.
    Node(NewNode),
    /// Notes that these memories mention the node.
    Link {
        /// The node.
        node: NodeRef,
        /// The memories, which must exist.
        memories: Vec<MemoryId>,
    },
    /// A new edge.
    Edge {
        /// The ADD of a memory of kind `Relation`.
        change: Change,
        /// Node that it starts from.
        from: NodeRef,
        /// The relation.
        relation: String,
        /// Node that it leads to.
        to: NodeRef,
    },
    /// Any operation on memories. A DELETE of an edge takes it out of the graph, an INVALIDATE
    /// leaves it there; an UPDATE of an edge may bring sources, but no other text.
    Memory(Change),
}

/// What a batch of changes came to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Applied {
    /// One event for each operation on a memory, new edges included, in order.
    pub events: Vec<MemoryEvent>,
    /// The new nodes, in order.
    pub nodes: Vec<NodeId>,
}

impl Store {
    /// Carries out `changes` in order, in one transaction: all of them or, on an error, none.
    ///
    /// # Errors
    /// As for [`Store::apply`]; [`StoreError::UnknownNode`] where a change names a node that is not
    /// there, [`StoreError::NotAnEdge`] for an edge that is no ADD of a relation, and
    /// [`StoreError::EdgeText`] for an edge that is to get another text.
    pub fn apply_graph(&self, changes: &[GraphChange]) -> Result<Applied, StoreError> {
        let add = |plan: &mut Plan<'_>| {
            changes
                .iter()
                .try_for_each(|change| plan.add_to_graph(change))
        };
        self.carry_out(add, None)
    }

    /// [`Store::apply_graph`] for queued work: see [`Store::apply_queued`].
    ///
    /// # Errors
    /// As for [`Store::apply_graph`] and [`Store::apply_queued`].
    pub fn apply_graph_queued(
        &self,
        changes: &[GraphChange],
        work: &Settled<'_>,
    ) -> Result<Applied, StoreError> {
        let add = |plan: &mut Plan<'_>| {
            changes
                .iter()
                .try_for_each(|change| plan.add_to_graph(change))
        };
        self.carry_out(add, Some(work))
    }

    /// The first edge from one node to the other.
    pub fn edge_between(&self, from: NodeId, to: NodeId) -> Option<Edge> {
        self.read_state().resident.graph.edge_between(from, to)
    }

    /// How many nodes there are.
    pub fn node_count(&self) -> usize {
        self.read_state().resident.graph.nodes().len()
    }

    /// How many edges there are, those that no longer hold included.
    pub fn edge_count(&self) -> usize {
        self.read_state().resident.graph.graph().edge_count()
    }

    /// The graph as it is now, for algorithms: weights are the ids of nodes and memories, and a
    /// node's index is its id. What is written later does not show in it.
    pub fn graph(&self) -> Arc<EntityGraph> {
        Arc::clone(self.read_state().resident.graph.graph())
    }

    /// The nodes that lie at most `steps` edges, in whatever direction, from one of `start`, those
    /// included, in the order of ids.
    pub fn neighbourhood(&self, start: &[NodeId], steps: usize) -> Vec<NodeId> {
        self.read_state().resident.graph.neighbourhood(start, steps)
    }

    /// The vector of a node at length 1.
    pub fn node_vector(&self, id: NodeId) -> Option<Vec<f32>> {
        let state = self.read_state();
        let matrix = state.resident.graph.matrix.as_ref()?;
        matrix.vector(image::row(id)).map(<[f32]>::to_vec)
    }

    /// Gives the nodes new vectors, in one transaction: see [`Store::revectorise`]. Nodes that are
    /// not listed have none from then on.
    ///
    /// # Errors
    /// [`StoreError::UnknownNode`], the errors of vectors, and what LMDB or the disk says.
    pub fn revectorise_nodes(
        &self,
        vectors: impl IntoIterator<Item = (NodeId, Vec<f32>)>,
    ) -> Result<(), StoreError> {
        self.writable()?;
        let mut state = self.write_state();
        let graph = &mut state.resident.graph;
        let Some(matrix) = &graph.matrix else {
            return Err(StoreError::NoVectors);
        };
        let mut units = BTreeMap::new();
        for (id, vector) in vectors {
            if graph.node(id).is_none() {
                return Err(StoreError::UnknownNode(id));
            }
            units.insert(id, matrix.normalise(&vector)?);
        }
        let mut fresh = crate::vectors::Matrix::new(matrix.dimensions());
        let mut txn = self.tables.write()?;
        self.tables.clear_node_vectors(&mut txn)?;
        for (&id, unit) in &units {
            self.tables.put_node_vector(&mut txn, id, unit)?;
            fresh.set(image::row(id), unit);
        }
        self.tables.commit(txn)?;
        graph.matrix = Some(fresh);
        Ok(())
    }

    fn find_nearest_nodes(
        &self,
        scope: &Scope,
        vector: &[f32],
        k: usize,
        threshold: f32,
    ) -> Result<Vec<ScoredNode>, StoreError> {
        let state = self.read_state();
        let graph = &state.resident.graph;
        let matrix = graph.matrix.as_ref().ok_or(StoreError::NoVectors)?;
        let query = matrix.normalise(vector)?;
        let mut among = graph.select(scope);
        among.intersect(matrix.present());
        let mut found = matrix.scan(&query, &among);
        found.retain(|hit| hit.score >= threshold);
        Ok(crate::resident::best(found, k)
            .into_iter()
            .map(|hit| ScoredNode {
                node: NodeId(hit.id.0),
                score: hit.score,
            })
            .collect())
    }
}

impl GraphReader for Store {
    fn node(&self, id: NodeId) -> Option<Node> {
        self.read_state().resident.graph.node(id).cloned()
    }

    fn nodes(&self, scope: &Scope) -> Vec<Node> {
        let state = self.read_state();
        let nodes = state.resident.graph.nodes().iter();
        nodes
            .filter(|node| scope.covers(&node.scope))
            .cloned()
            .collect()
    }

    fn named(&self, scope: &Scope, key: &str) -> Vec<NodeId> {
        self.read_state().resident.graph.named(scope, key)
    }

    fn nearest_nodes(
        &self,
        scope: &Scope,
        vector: &[f32],
        k: usize,
        threshold: f32,
    ) -> Result<Vec<ScoredNode>, ComponentError> {
        Ok(self.find_nearest_nodes(scope, vector, k, threshold)?)
    }

    fn edges_of(&self, node: NodeId) -> Vec<Edge> {
        self.read_state().resident.graph.edges_of(node)
    }

    fn edge(&self, memory: MemoryId) -> Option<Edge> {
        self.read_state().resident.graph.edge(memory).cloned()
    }

    fn nodes_of(&self, memory: MemoryId) -> Vec<NodeId> {
        self.read_state().resident.graph.nodes_of(memory)
    }

    fn saying(&self, conversation: &ConversationId, turn: TurnId) -> Vec<MemoryId> {
        self.read_state().resident.saying(conversation, turn)
    }
}
