//! The store.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use jiff::civil::DateTime;
use memgauge_core::{
    ConversationId, Filter, MemoryEvent, MemoryId, MemoryKind, MemoryOp, MemoryRecord, Scope,
};

use crate::graph::Applied;
use crate::ids::IdSet;
use crate::lexical::Analyzer;
use crate::open::StoreLock;
use crate::plan::Plan;
use crate::queue::Settled;
use crate::resident::{Edit, Entry, Resident};
use crate::short_term::ShortTerm;
use crate::tables::Tables;
use crate::{StoreConfig, StoreError, VectorIndex};

/// An operation and what the store has to know about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// What is to be done.
    pub op: MemoryOp,
    /// Conversation whose turns the sources name (of an ADD).
    pub conversation: ConversationId,
    /// To whom the memory belongs (of an ADD).
    pub scope: Scope,
    /// Vector of the new text, of any length but 0; the store normalises it. An ADD without one
    /// is not found by [`nearest`](memgauge_core::MemoryReader::nearest), an UPDATE without one
    /// keeps the old vector if the text stays the same and loses it otherwise.
    pub embedding: Option<Vec<f32>>,
    /// Time of the session that led to it: what the history says of a NOOP. The other operations
    /// carry their time themselves.
    pub at: DateTime,
}

/// Memory records, their history, vectors and postings in one folder. Shared between threads by
/// reference; only one process at a time may write to a folder.
///
/// A transaction that was committed outlasts the process being killed. A crash of the machine may
/// take everything since the last [`Store::sync`], [`Store::seal`] or [`Store::finish`] with it.
pub struct Store {
    pub(crate) config: StoreConfig,
    pub(crate) index: Box<dyn VectorIndex>,
    pub(crate) analyzer: Analyzer,
    // Before the lock, so that the environment is closed when the lock is given up.
    pub(crate) tables: Tables,
    pub(crate) state: RwLock<State>,
    pub(crate) target: Option<PathBuf>,
    pub(crate) read_only: bool,
    pub(crate) _lock: StoreLock,
}

/// What changes.
pub(crate) struct State {
    pub(crate) resident: Resident,
    pub(crate) sealed: bool,
    /// Running number of the history.
    pub(crate) events: u64,
    /// Memories whose present vector the index holds.
    pub(crate) indexed: IdSet,
    pub(crate) short_term: ShortTerm,
}

impl Store {
    pub(crate) fn read_state(&self) -> RwLockReadGuard<'_, State> {
        // Whatever panicked did so before the image was touched or after it was whole again.
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write_state(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn writable(&self) -> Result<(), StoreError> {
        if self.read_only {
            return Err(StoreError::ReadOnly {
                path: self.tables.path(),
            });
        }
        Ok(())
    }

    /// What the store was created with.
    pub fn config(&self) -> &StoreConfig {
        &self.config
    }

    /// The folder that the store is in; before [`Store::finish`] the temporary one.
    pub fn path(&self) -> PathBuf {
        self.tables.path()
    }

    /// Carries out `changes` in order, in one transaction: all of them or, on an error, none.
    /// Returns one event for each; those that concern a memory are also kept in its history.
    ///
    /// # Errors
    /// [`StoreError::UnknownMemory`] where an operation names a memory that does not exist or was
    /// deleted, [`StoreError::Dimensions`], [`StoreError::NotFinite`] or [`StoreError::NoVectors`]
    /// for a vector, and what LMDB or the disk says.
    pub fn apply(&self, changes: &[Change]) -> Result<Vec<MemoryEvent>, StoreError> {
        self.apply_work(changes, None)
    }

    /// [`Store::apply`], and in the same transaction what becomes of the queued work that led to it.
    pub(crate) fn apply_work(
        &self,
        changes: &[Change],
        work: Option<&Settled<'_>>,
    ) -> Result<Vec<MemoryEvent>, StoreError> {
        let add = |plan: &mut Plan<'_>| changes.iter().try_for_each(|change| plan.add(change));
        Ok(self.carry_out(add, work)?.events)
    }

    /// Carries out what `fill` puts into a plan, in one transaction.
    pub(crate) fn carry_out(
        &self,
        fill: impl FnOnce(&mut Plan<'_>) -> Result<(), StoreError>,
        work: Option<&Settled<'_>>,
    ) -> Result<Applied, StoreError> {
        self.writable()?;
        let mut state = self.write_state();
        let state = &mut *state;
        // Now rather than after the changes: if it fails, nothing of this call has been done.
        if self.index_is_due(state) {
            self.index(state, false)?;
        }

        let mut plan = Plan::new(&state.resident, &self.analyzer);
        fill(&mut plan)?;
        let Plan {
            staged,
            events,
            graph,
            ..
        } = plan;

        let mut indexed = state.indexed.clone();
        let mut number = state.events;
        let mut txn = self.tables.write()?;
        for (&id, staged) in &staged {
            self.tables.put_entry(&mut txn, id, &staged.entry)?;
            match &staged.vector {
                Edit::Set(vector) => self.tables.put_vector(&mut txn, id, vector)?,
                Edit::Clear => self.tables.delete_vector(&mut txn, id)?,
                Edit::Keep => {}
            }
            match &staged.terms {
                Edit::Set(terms) => self.tables.put_terms(&mut txn, id, terms)?,
                Edit::Clear => self.tables.delete_terms(&mut txn, id)?,
                Edit::Keep => {}
            }
            if !matches!(staged.vector, Edit::Keep) {
                indexed.remove(id);
            }
        }
        for event in &events {
            if let Some(id) = event.id {
                self.tables.put_event(&mut txn, id, number, event)?;
                number += 1;
            }
        }
        for node in graph.nodes.values() {
            self.tables.put_node(&mut txn, node)?;
        }
        for (&id, vector) in &graph.vectors {
            self.tables.put_node_vector(&mut txn, id, vector)?;
        }
        for (&id, edge) in &graph.edges {
            match edge {
                Some(edge) => self.tables.put_edge(&mut txn, edge)?,
                None => self.tables.delete_edge(&mut txn, id)?,
            }
        }
        if indexed != state.indexed {
            self.tables.put_indexed(&mut txn, &indexed)?;
        }
        self.tables.put_events(&mut txn, number)?;
        if let Some(work) = work {
            self.settle(&mut txn, work)?;
        }
        self.tables.commit(txn)?;

        state.indexed = indexed;
        state.events = number;
        for (id, staged) in staged {
            state
                .resident
                .put(id, staged.entry, &staged.vector, &staged.terms);
        }
        let nodes = graph.fresh.clone();
        state.resident.put_graph(graph);
        Ok(Applied { events, nodes })
    }

    fn index_is_due(&self, state: &State) -> bool {
        let (Some(limit), Some(matrix)) = (self.index.index_after(), &state.resident.matrix) else {
            return false;
        };
        let mut outside = matrix.directed();
        outside.subtract(&state.indexed);
        outside.len() > limit
    }

    /// Hands the vectors over to the index, in one transaction.
    fn index(&self, state: &mut State, seal: bool) -> Result<(), StoreError> {
        let mut txn = self.tables.write()?;
        let indexed = match &state.resident.matrix {
            Some(matrix) => self
                .index
                .absorb(&self.tables, &mut txn, matrix, &state.indexed)?,
            None => IdSet::default(),
        };
        self.tables.put_indexed(&mut txn, &indexed)?;
        if seal {
            self.tables.put_sealed(&mut txn, true)?;
        }
        self.tables.commit(txn)?;
        state.indexed = indexed;
        state.sealed |= seal;
        Ok(())
    }

    /// Hands all vectors over to the index and syncs. Called when everything is ingested; more may
    /// come later, which is then searched beside the index until the next call.
    ///
    /// # Errors
    /// What LMDB or the disk says.
    pub fn seal(&self) -> Result<(), StoreError> {
        self.writable()?;
        let mut state = self.write_state();
        self.index(&mut state, true)?;
        self.tables.sync()
    }

    /// Whether [`Store::seal`] was called.
    pub fn is_sealed(&self) -> bool {
        self.read_state().sealed
    }

    /// Makes everything applied so far outlast a crash of the machine.
    ///
    /// # Errors
    /// What the disk says.
    pub fn sync(&self) -> Result<(), StoreError> {
        self.writable()?;
        let _state = self.write_state();
        self.tables.sync()
    }

    /// Gives the store new vectors, in one transaction, for embedders that are fitted when all
    /// texts are known. Memories that are not listed have none from then on. A sealed store is
    /// indexed anew.
    ///
    /// # Errors
    /// [`StoreError::UnknownMemory`] for an id that does not exist or was deleted, the errors of
    /// vectors, and what LMDB or the disk says.
    pub fn revectorise(
        &self,
        vectors: impl IntoIterator<Item = (MemoryId, Vec<f32>)>,
    ) -> Result<(), StoreError> {
        self.writable()?;
        let mut state = self.write_state();
        let state = &mut *state;
        let Some(matrix) = &state.resident.matrix else {
            return Err(StoreError::NoVectors);
        };
        let mut units = BTreeMap::new();
        for (id, vector) in vectors {
            if !state.resident.live().contains(id) {
                return Err(StoreError::UnknownMemory(id));
            }
            units.insert(id, matrix.normalise(&vector)?);
        }
        let mut fresh = crate::vectors::Matrix::new(matrix.dimensions());
        let mut txn = self.tables.write()?;
        self.tables.clear_vectors(&mut txn)?;
        for (&id, unit) in &units {
            self.tables.put_vector(&mut txn, id, unit)?;
            fresh.set(id, unit);
        }
        // The index holds nothing that is still true.
        let mut indexed = IdSet::default();
        if state.sealed {
            indexed = self
                .index
                .absorb(&self.tables, &mut txn, &fresh, &indexed)?;
        }
        self.tables.put_indexed(&mut txn, &indexed)?;
        self.tables.commit(txn)?;
        state.resident.matrix = Some(fresh);
        state.indexed = indexed;
        Ok(())
    }

    /// Takes out everything, history and short-term memory included: the store is as it was when it
    /// was created, and ids begin anew.
    ///
    /// # Errors
    /// What LMDB or the disk says.
    pub fn clear(&self) -> Result<(), StoreError> {
        self.writable()?;
        let mut state = self.write_state();
        let mut txn = self.tables.write()?;
        self.tables.clear(&mut txn)?;
        self.tables.commit(txn)?;
        *state = State {
            resident: Resident::new(&self.config),
            sealed: false,
            events: 0,
            indexed: IdSet::default(),
            short_term: ShortTerm::new(),
        };
        Ok(())
    }

    /// How many memories there are, deleted ones not counted.
    pub fn len(&self) -> usize {
        self.read_state().resident.live().len()
    }

    /// Whether there is no memory.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The memory `id` as it is, or as it was when it was deleted.
    pub fn entry(&self, id: MemoryId) -> Option<Entry> {
        self.read_state().resident.entry(id).cloned()
    }

    /// What happened to `id`, oldest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn history(&self, id: MemoryId) -> Result<Vec<MemoryEvent>, StoreError> {
        let _state = self.read_state();
        let txn = self.tables.read()?;
        self.tables.events(&txn, id)
    }

    /// How many lines the history of all memories has.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn history_len(&self) -> Result<u64, StoreError> {
        let _state = self.read_state();
        let txn = self.tables.read()?;
        self.tables.count_events(&txn)
    }

    /// The memories that `filter` accepts, in the order of ids.
    pub fn records(&self, filter: &Filter) -> Vec<MemoryRecord> {
        let state = self.read_state();
        state
            .resident
            .select(filter)
            .iter()
            .filter_map(|id| state.resident.record(id).cloned())
            .collect()
    }

    /// Texts of all memories, in the order of ids.
    pub fn texts(&self) -> Vec<(MemoryId, String)> {
        let state = self.read_state();
        state
            .resident
            .live()
            .iter()
            .filter_map(|id| Some((id, state.resident.record(id)?.text.clone())))
            .collect()
    }

    /// Texts of the memories that an embedder is fitted to, in the order of ids: all but edges, whose
    /// words the other memories hold already.
    pub fn corpus(&self) -> Vec<String> {
        let state = self.read_state();
        let ids = state.resident.live().iter();
        ids.filter_map(|id| state.resident.record(id))
            .filter(|record| record.kind != MemoryKind::Relation)
            .map(|record| record.text.clone())
            .collect()
    }

    /// Texts of the memories that have a vector, in the order of ids.
    pub fn embedded(&self) -> Vec<(MemoryId, String)> {
        let state = self.read_state();
        let Some(matrix) = &state.resident.matrix else {
            return Vec::new();
        };
        let ids = matrix.present().iter();
        ids.filter_map(|id| Some((id, state.resident.record(id)?.text.clone())))
            .collect()
    }

    /// The vector of `id` at length 1.
    pub fn vector(&self, id: MemoryId) -> Option<Vec<f32>> {
        let state = self.read_state();
        let matrix = state.resident.matrix.as_ref()?;
        matrix.vector(id).map(<[f32]>::to_vec)
    }
}
