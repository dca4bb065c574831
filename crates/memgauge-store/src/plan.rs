//! From operations to what has to be written.

use std::collections::BTreeMap;

use memgauge_core::{How, MemoryEvent, MemoryId, MemoryOp, MemoryRecord, OpKind, Source};

use crate::graph::plan::GraphEdits;
use crate::lexical::{Analyzer, TermCounts};
use crate::resident::{Edit, Entry, Resident};
use crate::{Change, StoreError};

/// What becomes of one memory.
pub(crate) struct Staged {
    pub(crate) entry: Entry,
    pub(crate) vector: Edit<Vec<f32>>,
    pub(crate) terms: Edit<TermCounts>,
}

/// What a batch of operations comes to: worked out before anything is written, so that a bad
/// operation changes nothing.
pub(crate) struct Plan<'a> {
    pub(crate) resident: &'a Resident,
    analyzer: &'a Analyzer,
    next: usize,
    pub(crate) graph: GraphEdits,
    pub(crate) staged: BTreeMap<MemoryId, Staged>,
    pub(crate) events: Vec<MemoryEvent>,
}

impl<'a> Plan<'a> {
    pub(crate) fn new(resident: &'a Resident, analyzer: &'a Analyzer) -> Self {
        Self {
            resident,
            analyzer,
            next: resident.ever(),
            graph: GraphEdits::default(),
            staged: BTreeMap::new(),
            events: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, change: &Change) -> Result<(), StoreError> {
        let event = match &change.op {
            MemoryOp::Add(fact) => {
                let id = u32::try_from(self.next).map_err(|_| StoreError::NoIdsLeft)?;
                self.next += 1;
                let id = MemoryId(id);
                let mut sources = Vec::new();
                merge(&mut sources, &fact.sources);
                let record = MemoryRecord {
                    id,
                    conversation: change.conversation.clone(),
                    scope: change.scope.clone(),
                    kind: fact.kind,
                    text: fact.text.clone(),
                    speaker: fact.speaker.clone(),
                    sources,
                    created_at: fact.held_at,
                    updated_at: fact.held_at,
                    invalid_at: None,
                    metadata: fact.metadata.clone(),
                };
                let vector = match self.unit(change)? {
                    Some(unit) => Edit::Set(unit),
                    None => Edit::Keep,
                };
                let staged = Staged {
                    entry: Entry {
                        record,
                        deleted: false,
                    },
                    vector,
                    terms: Edit::Set(self.analyzer.counts(&fact.text)),
                };
                self.staged.insert(id, staged);
                MemoryEvent {
                    op: OpKind::Add,
                    id: Some(id),
                    before: None,
                    after: Some(fact.text.clone()),
                    replaces: false,
                    sources: fact.sources.clone(),
                    at: fact.held_at,
                }
            }
            MemoryOp::Update {
                id,
                text,
                sources,
                held_at,
                replaces,
            } => {
                let unit = self.unit(change)?;
                let analyzer = self.analyzer;
                let is_edge = self.graph.edge(&self.resident.graph, *id).is_some();
                let staged = self.staged(*id)?;
                if is_edge && staged.entry.record.text != *text {
                    return Err(StoreError::EdgeText(*id));
                }
                let record = &mut staged.entry.record;
                let before = std::mem::replace(&mut record.text, text.clone());
                // A fact that is said again is one more source; the text is no newer for it.
                if before != *text {
                    record.updated_at = *held_at;
                }
                if *replaces {
                    for source in &mut record.sources {
                        source.live = false;
                    }
                }
                merge(&mut record.sources, sources);
                let same = before == *text;
                if !same {
                    staged.terms = Edit::Set(analyzer.counts(text));
                }
                match unit {
                    Some(unit) => staged.vector = Edit::Set(unit),
                    None if same => {}
                    // A vector of the old text would be a lie.
                    None => staged.vector = Edit::Clear,
                }
                MemoryEvent {
                    op: OpKind::Update,
                    id: Some(*id),
                    before: Some(before),
                    after: Some(text.clone()),
                    replaces: *replaces,
                    sources: sources.clone(),
                    at: *held_at,
                }
            }
            MemoryOp::Delete {
                id,
                sources,
                held_at,
            } => {
                self.known(*id)?;
                self.graph.forget(&self.resident.graph, *id);
                let staged = self.staged(*id)?;
                staged.entry.deleted = true;
                staged.entry.record.updated_at = *held_at;
                staged.vector = Edit::Clear;
                staged.terms = Edit::Clear;
                MemoryEvent {
                    op: OpKind::Delete,
                    id: Some(*id),
                    before: Some(staged.entry.record.text.clone()),
                    after: None,
                    replaces: false,
                    sources: sources.clone(),
                    at: *held_at,
                }
            }
            MemoryOp::Invalidate {
                id,
                sources,
                held_at,
            } => {
                let staged = self.staged(*id)?;
                let record = &mut staged.entry.record;
                // The first contradiction counts.
                record.invalid_at.get_or_insert(*held_at);
                MemoryEvent {
                    op: OpKind::Invalidate,
                    id: Some(*id),
                    before: Some(record.text.clone()),
                    after: Some(record.text.clone()),
                    replaces: false,
                    sources: sources.clone(),
                    at: *held_at,
                }
            }
            MemoryOp::Noop {
                because,
                text,
                sources,
            } => {
                if let Some(id) = because
                    && id.0 as usize >= self.next
                {
                    return Err(StoreError::UnknownMemory(*id));
                }
                MemoryEvent {
                    op: OpKind::Noop,
                    id: *because,
                    before: None,
                    after: Some(text.clone()),
                    replaces: false,
                    sources: sources.clone(),
                    at: change.at,
                }
            }
        };
        self.events.push(event);
        Ok(())
    }

    /// Refuses a memory that does not exist, or that this batch has deleted.
    pub(crate) fn known(&self, id: MemoryId) -> Result<(), StoreError> {
        let entry = match self.staged.get(&id) {
            Some(staged) => Some(&staged.entry),
            None => self.resident.entry(id),
        };
        match entry {
            Some(entry) if !entry.deleted => Ok(()),
            _ => Err(StoreError::UnknownMemory(id)),
        }
    }

    /// The memory `id` as this batch has left it so far, to be changed.
    fn staged(&mut self, id: MemoryId) -> Result<&mut Staged, StoreError> {
        let staged = match self.staged.entry(id) {
            std::collections::btree_map::Entry::Occupied(staged) => staged.into_mut(),
            std::collections::btree_map::Entry::Vacant(vacant) => {
                let entry = self
                    .resident
                    .entry(id)
                    .ok_or(StoreError::UnknownMemory(id))?;
                vacant.insert(Staged {
                    entry: entry.clone(),
                    vector: Edit::Keep,
                    terms: Edit::Keep,
                })
            }
        };
        if staged.entry.deleted {
            return Err(StoreError::UnknownMemory(id));
        }
        Ok(staged)
    }

    fn unit(&self, change: &Change) -> Result<Option<Vec<f32>>, StoreError> {
        match (&change.embedding, &self.resident.matrix) {
            (None, _) => Ok(None),
            (Some(vector), Some(matrix)) => matrix.normalise(vector).map(Some),
            (Some(_), None) => Err(StoreError::NoVectors),
        }
    }
}

/// Adds `new` to `sources`. A turn that is there already keeps its place; it is live again if the
/// new source is, and cited if either is.
fn merge(sources: &mut Vec<Source>, new: &[Source]) {
    for source in new {
        match sources.iter_mut().find(|old| old.turn == source.turn) {
            Some(old) => {
                old.live |= source.live;
                if source.how == How::Cited {
                    old.how = How::Cited;
                }
            }
            None => sources.push(*source),
        }
    }
}
