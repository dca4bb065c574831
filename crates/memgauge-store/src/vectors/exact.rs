//! No index at all.

use heed::RwTxn;
use memgauge_core::{Build, BuildError, MemoryId, Parts};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Matrix, VectorIndex};
use crate::StoreError;
use crate::ids::IdSet;
use crate::tables::Tables;

/// Every vector is compared, in main memory. The oracle for all indexes, and at the size of a
/// conversation faster than any of them.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct ExactConfig {}

/// Compares every vector.
#[derive(Debug)]
pub struct Exact;

impl Build<Box<dyn VectorIndex>> for ExactConfig {
    fn build(&self, _parts: &dyn Parts) -> Result<Box<dyn VectorIndex>, BuildError> {
        Ok(Box::new(Exact))
    }
}

impl VectorIndex for Exact {
    fn kind(&self) -> &'static str {
        "exact"
    }

    fn index_after(&self) -> Option<usize> {
        None
    }

    fn absorb(
        &self,
        _tables: &Tables,
        _txn: &mut RwTxn<'_>,
        _matrix: &Matrix,
        _indexed: &IdSet,
    ) -> Result<IdSet, StoreError> {
        Ok(IdSet::default())
    }

    fn candidates(
        &self,
        _tables: &Tables,
        _query: &[f32],
        _k: usize,
        _among: &IdSet,
    ) -> Result<Option<Vec<MemoryId>>, StoreError> {
        Ok(None)
    }
}
