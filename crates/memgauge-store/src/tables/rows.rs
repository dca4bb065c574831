//! Rows of the tables: what is put, found and taken out.

use heed::{RoTxn, RwTxn};
use memgauge_core::{MemoryEvent, MemoryId};

use super::{NOTE, Rows, Tables};
use crate::StoreError;
use crate::lexical::TermCounts;
use crate::resident::Entry;
use crate::short_term::{Recent, ShortTerm};

impl Tables {
    pub(crate) fn put_entry(
        &self,
        txn: &mut RwTxn<'_>,
        id: MemoryId,
        entry: &Entry,
    ) -> Result<(), StoreError> {
        self.put(self.records, txn, id, &self.encode(entry)?)
    }

    pub(crate) fn put_terms(
        &self,
        txn: &mut RwTxn<'_>,
        id: MemoryId,
        terms: &TermCounts,
    ) -> Result<(), StoreError> {
        self.put(self.terms, txn, id, &self.encode(terms)?)
    }

    pub(crate) fn put_vector(
        &self,
        txn: &mut RwTxn<'_>,
        id: MemoryId,
        vector: &[f32],
    ) -> Result<(), StoreError> {
        let bytes: Vec<u8> = vector.iter().flat_map(|x| x.to_le_bytes()).collect();
        self.put(self.vectors, txn, id, &bytes)
    }

    pub(crate) fn delete_terms(&self, txn: &mut RwTxn<'_>, id: MemoryId) -> Result<(), StoreError> {
        let deleted = self.terms.delete(txn, &id.0);
        deleted.map(drop).map_err(|error| self.fail(error))
    }

    pub(crate) fn delete_vector(
        &self,
        txn: &mut RwTxn<'_>,
        id: MemoryId,
    ) -> Result<(), StoreError> {
        let deleted = self.vectors.delete(txn, &id.0);
        deleted.map(drop).map_err(|error| self.fail(error))
    }

    pub(crate) fn clear_vectors(&self, txn: &mut RwTxn<'_>) -> Result<(), StoreError> {
        self.vectors.clear(txn).map_err(|error| self.fail(error))
    }

    /// Adds a line to the history of `id`; `number` runs over the whole store.
    pub(crate) fn put_event(
        &self,
        txn: &mut RwTxn<'_>,
        id: MemoryId,
        number: u64,
        event: &MemoryEvent,
    ) -> Result<(), StoreError> {
        let mut key = [0; 12];
        let (memory, rest) = key.split_at_mut(4);
        memory.copy_from_slice(&id.0.to_be_bytes());
        rest.copy_from_slice(&number.to_be_bytes());
        self.history
            .put(txn, &key, &self.encode(event)?)
            .map_err(|error| self.fail(error))
    }

    /// The history of `id`, oldest first.
    pub(crate) fn events(
        &self,
        txn: &RoTxn<'_>,
        id: MemoryId,
    ) -> Result<Vec<MemoryEvent>, StoreError> {
        let rows = self
            .history
            .prefix_iter(txn, &id.0.to_be_bytes())
            .map_err(|error| self.fail(error))?;
        rows.map(|row| self.decode(row.map_err(|error| self.fail(error))?.1))
            .collect()
    }

    /// A value of the store's user, kept beside the store's own.
    pub(crate) fn note(&self, txn: &RoTxn<'_>, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let value = self.meta.get(txn, &format!("{NOTE}{name}"));
        let value = value.map_err(|error| self.fail(error))?;
        Ok(value.map(<[u8]>::to_vec))
    }

    pub(crate) fn put_note(
        &self,
        txn: &mut RwTxn<'_>,
        name: &str,
        value: &[u8],
    ) -> Result<(), StoreError> {
        self.put_meta(txn, &format!("{NOTE}{name}"), value)
    }

    /// Puts `work` at the end of the queue; returns its number.
    pub(crate) fn push_queue(&self, txn: &mut RwTxn<'_>, work: &[u8]) -> Result<u64, StoreError> {
        let last = self.queue.last(txn).map_err(|error| self.fail(error))?;
        // Numbers may come again once the queue was empty: nothing refers to work that is done.
        let number = last.map_or(0, |(number, _)| number + 1);
        self.put_queue(txn, number, work)?;
        Ok(number)
    }

    pub(crate) fn put_queue(
        &self,
        txn: &mut RwTxn<'_>,
        number: u64,
        work: &[u8],
    ) -> Result<(), StoreError> {
        self.queue
            .put(txn, &number, work)
            .map_err(|error| self.fail(error))
    }

    pub(crate) fn delete_queue(
        &self,
        txn: &mut RwTxn<'_>,
        number: u64,
    ) -> Result<bool, StoreError> {
        self.queue
            .delete(txn, &number)
            .map_err(|error| self.fail(error))
    }

    /// What was queued first.
    pub(crate) fn first_queue(
        &self,
        txn: &RoTxn<'_>,
    ) -> Result<Option<(u64, Vec<u8>)>, StoreError> {
        let first = self.queue.first(txn).map_err(|error| self.fail(error))?;
        Ok(first.map(|(number, work)| (number, work.to_vec())))
    }

    /// How much is queued.
    pub(crate) fn count_queue(&self, txn: &RoTxn<'_>) -> Result<u64, StoreError> {
        self.queue.len(txn).map_err(|error| self.fail(error))
    }

    /// How many lines the history has.
    pub(crate) fn count_events(&self, txn: &RoTxn<'_>) -> Result<u64, StoreError> {
        self.history.len(txn).map_err(|error| self.fail(error))
    }

    /// All records, in the order of ids, which must have no gaps.
    pub(crate) fn entries(&self, txn: &RoTxn<'_>) -> Result<Vec<Entry>, StoreError> {
        let rows = self.records.iter(txn).map_err(|error| self.fail(error))?;
        (0_u32..)
            .zip(rows)
            .map(|(expected, row)| {
                let (id, bytes) = row.map_err(|error| self.fail(error))?;
                if id != expected {
                    return Err(self.damaged(format!("record m{expected} is missing")));
                }
                self.decode(bytes)
            })
            .collect()
    }

    /// Calls `each` for all rows of terms.
    pub(crate) fn for_each_terms(
        &self,
        txn: &RoTxn<'_>,
        mut each: impl FnMut(MemoryId, Vec<(&str, u32)>),
    ) -> Result<(), StoreError> {
        for row in self.terms.iter(txn).map_err(|error| self.fail(error))? {
            let (id, bytes) = row.map_err(|error| self.fail(error))?;
            // A map and a list of pairs are written alike, and this list borrows its words.
            let terms = postcard::from_bytes(bytes).map_err(|error| self.damaged(error))?;
            each(MemoryId(id), terms);
        }
        Ok(())
    }

    /// Calls `each` for all vectors.
    pub(crate) fn for_each_vector(
        &self,
        txn: &RoTxn<'_>,
        each: impl FnMut(MemoryId, &[f32]),
    ) -> Result<(), StoreError> {
        self.for_each_vector_in(self.vectors, txn, each)
    }

    pub(crate) fn for_each_vector_in(
        &self,
        rows: Rows,
        txn: &RoTxn<'_>,
        mut each: impl FnMut(MemoryId, &[f32]),
    ) -> Result<(), StoreError> {
        let mut vector = Vec::new();
        for row in rows.iter(txn).map_err(|error| self.fail(error))? {
            let (id, bytes) = row.map_err(|error| self.fail(error))?;
            let (numbers, rest) = bytes.as_chunks::<4>();
            if !rest.is_empty() {
                return Err(self.damaged(format!("vector {id} is cut short")));
            }
            vector.clear();
            vector.extend(numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)));
            each(MemoryId(id), &vector);
        }
        Ok(())
    }

    pub(crate) fn put_recent(
        &self,
        txn: &mut RwTxn<'_>,
        key: u32,
        recent: &Recent,
    ) -> Result<(), StoreError> {
        let bytes = self.encode(recent)?;
        let put = self.recent.put(txn, &key, &bytes);
        put.map_err(|error| self.fail(error))
    }

    /// Short-term memory of all scopes.
    pub(crate) fn short_term(&self, txn: &RoTxn<'_>) -> Result<ShortTerm, StoreError> {
        let rows = self.recent.iter(txn).map_err(|error| self.fail(error))?;
        rows.map(|row| {
            let (key, bytes) = row.map_err(|error| self.fail(error))?;
            let recent: Recent = self.decode(bytes)?;
            Ok((recent.scope.clone(), (key, recent)))
        })
        .collect()
    }
}
