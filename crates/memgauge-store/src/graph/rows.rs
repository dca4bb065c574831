//! The graph in the environment.

use heed::{RoTxn, RwTxn};
use memgauge_core::{Edge, MemoryId, Node, NodeId};

use super::image::row;
use crate::StoreError;
use crate::tables::Tables;

impl Tables {
    pub(crate) fn put_node(&self, txn: &mut RwTxn<'_>, node: &Node) -> Result<(), StoreError> {
        self.put(self.nodes, txn, row(node.id), &self.encode(node)?)
    }

    pub(crate) fn put_node_vector(
        &self,
        txn: &mut RwTxn<'_>,
        id: NodeId,
        unit: &[f32],
    ) -> Result<(), StoreError> {
        let bytes: Vec<u8> = unit.iter().flat_map(|x| x.to_le_bytes()).collect();
        self.put(self.node_vectors, txn, row(id), &bytes)
    }

    pub(crate) fn clear_node_vectors(&self, txn: &mut RwTxn<'_>) -> Result<(), StoreError> {
        self.node_vectors
            .clear(txn)
            .map_err(|error| self.fail(error))
    }

    pub(crate) fn put_edge(&self, txn: &mut RwTxn<'_>, edge: &Edge) -> Result<(), StoreError> {
        self.put(self.edges, txn, edge.memory, &self.encode(edge)?)
    }

    pub(crate) fn delete_edge(&self, txn: &mut RwTxn<'_>, id: MemoryId) -> Result<(), StoreError> {
        let deleted = self.edges.delete(txn, &id.0);
        deleted.map(drop).map_err(|error| self.fail(error))
    }

    /// All nodes, in the order of ids, which must have no gaps.
    pub(crate) fn all_nodes(&self, txn: &RoTxn<'_>) -> Result<Vec<Node>, StoreError> {
        let rows = self.nodes.iter(txn).map_err(|error| self.fail(error))?;
        (0_u32..)
            .zip(rows)
            .map(|(expected, row)| {
                let (id, bytes) = row.map_err(|error| self.fail(error))?;
                if id != expected {
                    return Err(self.damaged(format!("node n{expected} is missing")));
                }
                self.decode(bytes)
            })
            .collect()
    }

    /// All edges, in the order of their memories; their ends must be there.
    pub(crate) fn all_edges(&self, txn: &RoTxn<'_>, nodes: usize) -> Result<Vec<Edge>, StoreError> {
        let rows = self.edges.iter(txn).map_err(|error| self.fail(error))?;
        rows.map(|row| {
            let edge: Edge = self.decode(row.map_err(|error| self.fail(error))?.1)?;
            for end in [edge.from, edge.to] {
                if end.0 as usize >= nodes {
                    let message = format!("{} leads to {end}, which is missing", edge.memory);
                    return Err(self.damaged(message));
                }
            }
            Ok(edge)
        })
        .collect()
    }

    /// Calls `each` for all vectors of nodes.
    pub(crate) fn for_each_node_vector(
        &self,
        txn: &RoTxn<'_>,
        each: impl FnMut(MemoryId, &[f32]),
    ) -> Result<(), StoreError> {
        self.for_each_vector_in(self.node_vectors, txn, each)
    }
}
