//! Search by vectors: the matrix in main memory, and indexes over it.

mod arroy;
mod exact;
mod matrix;

use std::path::Path;

use heed::RwTxn;
use memgauge_core::{BuildError, EmbedderHandle, MemoryId, Parts, Tokenizer, registry};

pub use arroy::{Arroy, ArroyConfig};
pub use exact::{Exact, ExactConfig};
pub use matrix::Matrix;

use crate::StoreError;
use crate::ids::IdSet;
use crate::tables::Tables;

/// Narrows the search for near vectors down to candidates, whose scores are then computed from
/// the vectors themselves.
pub trait VectorIndex: Send + Sync {
    /// Kind in config files.
    fn kind(&self) -> &'static str;

    /// Number of vectors outside the index above which they are handed over without waiting for
    /// the store to be sealed; `None` = never.
    fn index_after(&self) -> Option<usize>;

    /// Takes in every vector of `matrix` that is not in `indexed`, and drops what is no longer in
    /// `matrix`. Returns what the index then holds.
    ///
    /// # Errors
    /// When the environment refuses.
    fn absorb(
        &self,
        tables: &Tables,
        txn: &mut RwTxn<'_>,
        matrix: &Matrix,
        indexed: &IdSet,
    ) -> Result<IdSet, StoreError>;

    /// About the `k` nearest of `among`, a subset of what the index holds; `None` where looking at
    /// all of them is better.
    ///
    /// # Errors
    /// When the environment cannot be read.
    fn candidates(
        &self,
        tables: &Tables,
        query: &[f32],
        k: usize,
        among: &IdSet,
    ) -> Result<Option<Vec<MemoryId>>, StoreError>;
}

registry! {
    /// How the vectors of a store are searched.
    pub enum VectorConfig: "vectors" => Box<dyn VectorIndex> {
        "exact" => Exact(ExactConfig),
        "arroy" => Arroy(ArroyConfig),
    }
}

impl Default for VectorConfig {
    fn default() -> Self {
        Self::Exact(ExactConfig::default())
    }
}

/// Vector indexes need no models.
pub(crate) struct NoParts;

impl Parts for NoParts {
    fn embedder(&self, name: &str) -> Result<EmbedderHandle, BuildError> {
        Err(BuildError::new(format!("a store has no embedder `{name}`")))
    }

    fn tokenizer(&self, name: &str) -> Result<std::sync::Arc<dyn Tokenizer>, BuildError> {
        Err(BuildError::new(format!(
            "a store has no tokenizer `{name}`"
        )))
    }

    fn folder(&self) -> &Path {
        Path::new("")
    }
}
