//! What is kept, without the models that add to it and search it.

use std::path::Path;

use jiff::civil::DateTime;
use memgauge_core::{
    ConversationId, Filter, MemoryEvent, MemoryId, MemoryOp, MemoryReader, MemoryRecord, Scope,
};
use memgauge_store::{Change, Said, Store, StoreOptions};

use super::folder::Folder;
use super::{Clock, MemoryError, system_time};

/// A memory opened without its models: for looking at it and deleting from it. Needs no config and no
/// key. [`Memory`](super::Memory) has the same verbs.
pub struct Kept {
    store: Store,
    clock: Clock,
}

impl Kept {
    /// Opens the memory in `dir`, or a store that a run left. `read_only`: several processes may then
    /// look at it at a time.
    ///
    /// # Errors
    /// [`MemoryError::NotFound`], [`MemoryError::NotAMemory`], [`MemoryError::InUse`], or what the
    /// store says.
    pub fn open(dir: &Path, read_only: bool) -> Result<Self, MemoryError> {
        let folder = Folder::find(dir)?.ok_or_else(|| MemoryError::NotFound(dir.to_owned()))?;
        let options = StoreOptions {
            read_only,
            durable: true,
            ..StoreOptions::default()
        };
        let store = Store::open_with(&folder.store, options).map_err(|error| named(error, dir))?;
        Ok(Self {
            store,
            clock: system_time(),
        })
    }

    /// The same memory, with another clock for what is deleted.
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// How many memories there are.
    pub fn len(&self) -> usize {
        self.store.len()
    }

    /// Whether there is no memory.
    pub fn is_empty(&self) -> bool {
        self.store.is_empty()
    }

    /// See [`Memory::get_all`](super::Memory::get_all).
    pub fn get_all(&self, filter: &Filter, limit: Option<usize>) -> Vec<MemoryRecord> {
        get_all(&self.store, filter, limit)
    }

    /// See [`Memory::get`](super::Memory::get).
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn get(&self, id: MemoryId) -> Result<Option<MemoryRecord>, MemoryError> {
        Ok(self.store.record(id)?)
    }

    /// See [`Memory::history`](super::Memory::history).
    ///
    /// # Errors
    /// [`MemoryError::Unknown`], or when the store cannot be read.
    pub fn history(&self, id: MemoryId) -> Result<Vec<MemoryEvent>, MemoryError> {
        history(&self.store, id)
    }

    /// See [`Memory::recent`](super::Memory::recent).
    pub fn recent(&self, scope: &Scope, n: usize) -> Vec<Said> {
        self.store.said(scope, n)
    }

    /// See [`Memory::delete`](super::Memory::delete).
    ///
    /// # Errors
    /// [`MemoryError::Unknown`], or when the store cannot be written.
    pub fn delete(&self, id: MemoryId) -> Result<MemoryEvent, MemoryError> {
        delete(&self.store, id, (self.clock)())
    }

    /// See [`Memory::delete_all`](super::Memory::delete_all).
    ///
    /// # Errors
    /// [`MemoryError::NoFilter`]; [`MemoryError::Waiting`] where messages are not memories yet, and
    /// would be afterwards; or when the store cannot be written.
    pub fn delete_all(&self, filter: &Filter) -> Result<Vec<MemoryEvent>, MemoryError> {
        let waiting = self.store.queue_len()?;
        if waiting > 0 {
            return Err(MemoryError::Waiting(waiting));
        }
        delete_all(&self.store, filter, (self.clock)())
    }

    /// See [`Memory::reset`](super::Memory::reset).
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn reset(&self) -> Result<(), MemoryError> {
        Ok(self.store.clear()?)
    }
}

/// The error, about the memory in `dir`: users know no stores.
pub(super) fn named(error: impl Into<MemoryError>, dir: &Path) -> MemoryError {
    match error.into() {
        MemoryError::InUse(_) => MemoryError::InUse(dir.to_owned()),
        MemoryError::NotFound(_) => MemoryError::NotFound(dir.to_owned()),
        other => other,
    }
}

pub(super) fn get_all(store: &Store, filter: &Filter, limit: Option<usize>) -> Vec<MemoryRecord> {
    let mut records = store.records(&filter.of_texts());
    records.truncate(limit.unwrap_or(usize::MAX));
    records
}

pub(super) fn history(store: &Store, id: MemoryId) -> Result<Vec<MemoryEvent>, MemoryError> {
    if store.entry(id).is_none() {
        return Err(unknown(store, id));
    }
    Ok(store.history(id)?)
}

pub(super) fn unknown(store: &Store, id: MemoryId) -> MemoryError {
    let deleted = store.entry(id).is_some_and(|entry| entry.deleted);
    MemoryError::Unknown { id, deleted }
}

pub(super) fn delete(
    store: &Store,
    id: MemoryId,
    at: DateTime,
) -> Result<MemoryEvent, MemoryError> {
    if store.record(id)?.is_none() {
        return Err(unknown(store, id));
    }
    store
        .apply(&[deletion(id, at)])?
        .pop()
        .ok_or_else(|| unknown(store, id))
}

pub(super) fn delete_all(
    store: &Store,
    filter: &Filter,
    at: DateTime,
) -> Result<Vec<MemoryEvent>, MemoryError> {
    if *filter == Filter::default() {
        return Err(MemoryError::NoFilter);
    }
    let found = store.records(filter);
    let changes: Vec<Change> = found.iter().map(|record| deletion(record.id, at)).collect();
    let events = store.apply(&changes)?;
    if filter.metadata.is_empty() && filter.kinds.is_empty() {
        store.forget_said(&filter.scope)?;
    }
    Ok(events)
}

fn deletion(id: MemoryId, at: DateTime) -> Change {
    Change {
        op: MemoryOp::Delete {
            id,
            sources: Vec::new(),
            held_at: at,
        },
        // Of no account: the memory keeps its own.
        conversation: ConversationId::new(""),
        scope: Scope::default(),
        embedding: None,
        at,
    }
}
