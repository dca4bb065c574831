//! The graph in main memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use memgauge_core::{Edge, MemoryId, Node, NodeId, Scope};
use petgraph::Direction;
use petgraph::graph::{EdgeIndex, NodeIndex};
use petgraph::stable_graph::StableDiGraph;

use crate::StoreConfig;
use crate::ids::IdSet;
use crate::vectors::Matrix;

/// Nodes and edges by their ids.
pub type EntityGraph = StableDiGraph<NodeId, MemoryId>;

/// The row of a node in sets and matrices, which number theirs by memory.
pub(crate) fn row(id: NodeId) -> MemoryId {
    MemoryId(id.0)
}

/// Nodes, edges and vectors of nodes.
pub(crate) struct GraphImage {
    nodes: Vec<Node>,
    /// In the order of appearance.
    scopes: Vec<(Scope, IdSet)>,
    keys: BTreeMap<(Scope, String), Vec<NodeId>>,
    edges: BTreeMap<MemoryId, (EdgeIndex, Edge)>,
    /// Nodes that mention a memory.
    mentions: BTreeMap<MemoryId, BTreeSet<NodeId>>,
    /// Shared with whoever reads it; copied when it is written to meanwhile.
    graph: Arc<EntityGraph>,
    pub(crate) matrix: Option<Matrix>,
}

impl GraphImage {
    pub(crate) fn new(config: &StoreConfig) -> Self {
        Self {
            nodes: Vec::new(),
            scopes: Vec::new(),
            keys: BTreeMap::new(),
            edges: BTreeMap::new(),
            mentions: BTreeMap::new(),
            graph: Arc::default(),
            matrix: config.dimensions.map(Matrix::new),
        }
    }

    /// Takes in a new node, the next in number, or the new links of a known one.
    pub(crate) fn put_node(&mut self, node: Node) {
        let id = node.id;
        let before = self.nodes.get(id.0 as usize);
        for memory in before.iter().flat_map(|old| &old.memories) {
            if let Some(nodes) = self.mentions.get_mut(memory) {
                nodes.remove(&id);
                if nodes.is_empty() {
                    self.mentions.remove(memory);
                }
            }
        }
        for memory in &node.memories {
            self.mentions.entry(*memory).or_default().insert(id);
        }
        if let Some(old) = self.nodes.get_mut(id.0 as usize) {
            *old = node;
            return;
        }
        let known = self
            .scopes
            .iter_mut()
            .find(|(scope, _)| *scope == node.scope);
        match known {
            Some((_, set)) => set.insert(row(id)),
            None => {
                let set = [row(id)].into_iter().collect();
                self.scopes.push((node.scope.clone(), set));
            }
        }
        let key = (node.scope.clone(), node.key.clone());
        self.keys.entry(key).or_default().push(id);
        Arc::make_mut(&mut self.graph).add_node(id);
        self.nodes.push(node);
    }

    /// Takes in a new edge.
    pub(crate) fn put_edge(&mut self, edge: Edge) {
        let (from, to) = (index(edge.from), index(edge.to));
        let place = Arc::make_mut(&mut self.graph).add_edge(from, to, edge.memory);
        self.edges.insert(edge.memory, (place, edge));
    }

    /// Takes out an edge.
    pub(crate) fn remove_edge(&mut self, memory: MemoryId) {
        if let Some((place, _)) = self.edges.remove(&memory) {
            Arc::make_mut(&mut self.graph).remove_edge(place);
        }
    }

    pub(crate) fn graph(&self) -> &Arc<EntityGraph> {
        &self.graph
    }

    pub(crate) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    pub(crate) fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id.0 as usize)
    }

    pub(crate) fn named(&self, scope: &Scope, key: &str) -> Vec<NodeId> {
        let key = (scope.clone(), key.to_owned());
        self.keys.get(&key).cloned().unwrap_or_default()
    }

    pub(crate) fn edge(&self, memory: MemoryId) -> Option<&Edge> {
        self.edges.get(&memory).map(|(_, edge)| edge)
    }

    pub(crate) fn edges_of(&self, node: NodeId) -> Vec<Edge> {
        let mut memories: Vec<MemoryId> = [Direction::Outgoing, Direction::Incoming]
            .into_iter()
            .flat_map(|direction| self.graph.edges_directed(index(node), direction))
            .map(|edge| *edge.weight())
            .collect();
        memories.sort_unstable();
        // An edge from a node to itself is found in both directions.
        memories.dedup();
        memories
            .into_iter()
            .filter_map(|memory| self.edge(memory).cloned())
            .collect()
    }

    pub(crate) fn edge_between(&self, from: NodeId, to: NodeId) -> Option<Edge> {
        let between = self.graph.edges_connecting(index(from), index(to));
        let first = between.map(|edge| *edge.weight()).min()?;
        self.edge(first).cloned()
    }

    pub(crate) fn nodes_of(&self, memory: MemoryId) -> Vec<NodeId> {
        let nodes = self.mentions.get(&memory);
        nodes.into_iter().flatten().copied().collect()
    }

    pub(crate) fn neighbourhood(&self, start: &[NodeId], steps: usize) -> Vec<NodeId> {
        let known = |id: &NodeId| (id.0 as usize) < self.nodes.len();
        let mut seen: BTreeSet<NodeId> = start.iter().copied().filter(known).collect();
        let mut border: Vec<NodeId> = seen.iter().copied().collect();
        for _ in 0..steps {
            let mut next = Vec::new();
            for node in border {
                for other in self.graph.neighbors_undirected(index(node)) {
                    if let Some(id) = self.graph.node_weight(other)
                        && seen.insert(*id)
                    {
                        next.push(*id);
                    }
                }
            }
            border = next;
        }
        seen.into_iter().collect()
    }

    /// The rows of the nodes that `scope` covers.
    pub(crate) fn select(&self, scope: &Scope) -> IdSet {
        let mut rows = IdSet::default();
        for (own, set) in &self.scopes {
            if scope.covers(own) {
                rows.union(set);
            }
        }
        rows
    }
}

/// Nodes are numbered without gaps and never removed.
fn index(id: NodeId) -> NodeIndex {
    NodeIndex::new(id.0 as usize)
}
