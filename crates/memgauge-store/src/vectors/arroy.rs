//! Approximate search through a forest of random hyperplanes.

use std::num::NonZeroUsize;

use arroy::distances::Cosine;
use arroy::{Reader, Writer};
use heed::RwTxn;
use memgauge_core::{Build, BuildError, MemoryId, Parts};
use rand::SeedableRng;
use rand::rngs::StdRng;
use roaring::RoaringBitmap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Matrix, VectorIndex};
use crate::StoreError;
use crate::ids::IdSet;
use crate::tables::Tables;

/// Number of arroy's only index in a store.
const INDEX: u16 = 0;

/// Approximate nearest neighbours through arroy's trees. Vectors are compared one by one until
/// the store is sealed or `index-after` of them wait; so are queries whose filter lets less than
/// half of the indexed memories pass, where arroy itself would leave its trees aside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct ArroyConfig {
    /// Number of trees. More cost time and disk when the index is built and find more.
    #[schemars(range(min = 1))]
    pub trees: usize,
    /// Most vectors in a leaf of a tree. Small leaves make deeper trees, and candidates that are
    /// better chosen.
    #[schemars(range(min = 1))]
    pub split_after: usize,
    /// How many times `trees` x k candidates a query collects. More cost time and find more.
    #[schemars(range(min = 1))]
    pub oversampling: usize,
    /// Number of candidates that a query collects, in place of `oversampling` x `trees` x k.
    #[schemars(range(min = 1))]
    pub search_k: Option<usize>,
    /// Seed of the hyperplanes.
    pub seed: u64,
    /// Number of vectors outside the index above which the next write builds it.
    #[schemars(range(min = 1))]
    pub index_after: usize,
}

impl Default for ArroyConfig {
    /// Small leaves and many candidates out of few trees: recall@10 0.999 on 10,000 clustered
    /// vectors (tests/recall.rs, where other settings can be compared).
    fn default() -> Self {
        Self {
            trees: 25,
            split_after: 32,
            oversampling: 12,
            search_k: None,
            seed: 42,
            index_after: 2000,
        }
    }
}

/// arroy's forest, kept in the store's own environment.
#[derive(Debug)]
pub struct Arroy {
    config: ArroyConfig,
    trees: NonZeroUsize,
    oversampling: NonZeroUsize,
    search_k: Option<NonZeroUsize>,
}

impl Build<Box<dyn VectorIndex>> for ArroyConfig {
    fn build(&self, _parts: &dyn Parts) -> Result<Box<dyn VectorIndex>, BuildError> {
        let positive = |key: &str, value: usize| {
            NonZeroUsize::new(value)
                .ok_or_else(|| BuildError::at(key, format!("`{key}` must be at least 1")))
        };
        positive("index-after", self.index_after)?;
        positive("split-after", self.split_after)?;
        Ok(Box::new(Arroy {
            trees: positive("trees", self.trees)?,
            oversampling: positive("oversampling", self.oversampling)?,
            search_k: self
                .search_k
                .map(|value| positive("search-k", value))
                .transpose()?,
            config: self.clone(),
        }))
    }
}

impl VectorIndex for Arroy {
    fn kind(&self) -> &'static str {
        "arroy"
    }

    fn index_after(&self) -> Option<usize> {
        Some(self.config.index_after)
    }

    fn absorb(
        &self,
        tables: &Tables,
        txn: &mut RwTxn<'_>,
        matrix: &Matrix,
        indexed: &IdSet,
    ) -> Result<IdSet, StoreError> {
        let fail = |error| tables.fail_trees(error);
        // Without a direction a vector has no side of a plane, and arroy puts its distance to
        // everything at 0.
        let wanted = matrix.directed();
        let held = match Reader::open(txn, INDEX, tables.trees) {
            Ok(reader) => reader.item_ids().clone(),
            Err(arroy::Error::MissingMetadata(_)) => RoaringBitmap::new(),
            Err(error) => return Err(fail(error)),
        };
        let mut writer = Writer::<Cosine>::new(tables.trees, INDEX, matrix.dimensions());
        writer.set_tmpdir(tables.path());
        let mut changed = false;
        for id in held.iter().filter(|&id| !wanted.contains(MemoryId(id))) {
            changed |= writer.del_item(txn, id).map_err(fail)?;
        }
        for id in wanted.iter().filter(|&id| !indexed.contains(id)) {
            if let Some(vector) = matrix.vector(id) {
                writer.add_item(txn, id.0, vector).map_err(fail)?;
                changed = true;
            }
        }
        if changed {
            let mut rng = StdRng::seed_from_u64(self.config.seed);
            writer
                .builder(&mut rng)
                .n_trees(self.trees.get())
                .split_after(self.config.split_after)
                .build(txn)
                .map_err(fail)?;
        }
        Ok(wanted)
    }

    fn candidates(
        &self,
        tables: &Tables,
        query: &[f32],
        k: usize,
        among: &IdSet,
    ) -> Result<Option<Vec<MemoryId>>, StoreError> {
        let fail = |error| tables.fail_trees(error);
        let txn = tables.read()?;
        let reader = Reader::<Cosine>::open(&txn, INDEX, tables.trees).map_err(fail)?;
        // Below a half arroy fetches every candidate from the environment; main memory is faster.
        let allowed = among.len() as u64;
        if allowed * 2 < reader.n_items() || k as u64 >= allowed {
            return Ok(None);
        }
        let allowed = (allowed < reader.n_items()).then(|| among.to_roaring());
        let mut search = reader.nns(k);
        match self.search_k {
            Some(nodes) => search.search_k(nodes),
            None => search.oversampling(self.oversampling),
        };
        if let Some(allowed) = &allowed {
            search.candidates(allowed);
        }
        let found = search.by_vector(&txn, query).map_err(fail)?;
        Ok(Some(
            found.into_iter().map(|(id, _)| MemoryId(id)).collect(),
        ))
    }
}
