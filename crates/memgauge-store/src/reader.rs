//! The store as retrievers see it.

use std::collections::BTreeSet;

use memgauge_core::{ComponentError, Filter, MemoryId, MemoryReader, MemoryRecord, Place, Scored};

use crate::ids::IdSet;
use crate::resident::best;
use crate::{Store, StoreError};

impl Store {
    /// BM25 scores for `text` of all memories that `filter` accepts, best first, those that score
    /// nothing (or, in the okapi form, less) included.
    pub fn scores(&self, filter: &Filter, text: &str) -> Vec<Scored> {
        let query = self.analyzer.terms(text);
        let state = self.read_state();
        let among = state.resident.select(filter);
        best(state.resident.bm25(&query, &among), usize::MAX)
    }

    fn find_nearest(
        &self,
        filter: &Filter,
        vector: &[f32],
        k: usize,
    ) -> Result<Vec<Scored>, StoreError> {
        let state = self.read_state();
        let matrix = state
            .resident
            .matrix
            .as_ref()
            .ok_or(StoreError::NoVectors)?;
        let query = matrix.normalise(vector)?;
        let mut among = state.resident.select(filter);
        among.intersect(matrix.present());

        let mut inside = among.clone();
        inside.intersect(&state.indexed);
        // To a query without direction everything is equally near, and an index cannot say so.
        let directed = query.iter().any(|&x| x != 0.0);
        if directed
            && k > 0
            && inside.iter().next().is_some()
            && let Some(found) = self.index.candidates(&self.tables, &query, k, &inside)?
        {
            // What the index does not hold, by reason of being new or without direction, is
            // looked at one by one.
            let mut candidates: IdSet = found.into_iter().collect();
            among.subtract(&inside);
            candidates.union(&among);
            among = candidates;
        }
        Ok(best(matrix.scan(&query, &among), k))
    }
}

impl MemoryReader for Store {
    fn record(&self, id: MemoryId) -> Result<Option<MemoryRecord>, ComponentError> {
        Ok(self.read_state().resident.record(id).cloned())
    }

    fn nearest(
        &self,
        filter: &Filter,
        vector: &[f32],
        k: usize,
    ) -> Result<Vec<Scored>, ComponentError> {
        Ok(self.find_nearest(filter, vector, k)?)
    }

    fn search(&self, filter: &Filter, text: &str, k: usize) -> Result<Vec<Scored>, ComponentError> {
        let query = self.analyzer.terms(text);
        let state = self.read_state();
        let among = state.resident.select(filter);
        Ok(best(state.resident.matches(&query, &among), k))
    }

    fn query_terms(&self, text: &str) -> Option<u32> {
        let terms: BTreeSet<String> = self.analyzer.terms(text).into_iter().collect();
        u32::try_from(terms.len()).ok()
    }

    fn recent(&self, filter: &Filter, k: usize) -> Result<Vec<Scored>, ComponentError> {
        let state = self.read_state();
        Ok(state.resident.recent(&state.resident.select(filter), k))
    }

    fn place(&self, id: MemoryId) -> Option<Place> {
        self.read_state().resident.place(id)
    }

    fn similarity(&self, a: MemoryId, b: MemoryId) -> Option<f32> {
        let state = self.read_state();
        state.resident.matrix.as_ref()?.cosine(a, b)
    }
}
