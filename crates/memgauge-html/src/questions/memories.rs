//! The memories of the runs, replayed from their journals.

use std::collections::{BTreeMap, BTreeSet};

use memgauge_core::{ConversationId, MemoryId};
use memgauge_report::{Lineage, MemoryTrace, RunDirError};

use crate::sources::{Run, Sources};

/// A store: run, variant under whose name it was ingested, conversation, repeat of the ingestion.
type Key = (usize, String, ConversationId, u32);

/// Position among the [`Stores`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct StoreId(usize);

/// Every store that an arm searched.
#[derive(Default)]
pub(super) struct Stores {
    ids: BTreeMap<Key, StoreId>,
    lineages: Vec<Lineage>,
}

impl Stores {
    pub(super) fn read(sources: &Sources) -> Result<Self, RunDirError> {
        let mut stores = Self::default();
        for (number, run) in sources.runs.iter().enumerate() {
            let wanted: BTreeSet<&str> = run
                .manifest
                .variants
                .iter()
                .filter(|variant| sources.position(number, &variant.name).is_some())
                .map(|variant| variant.ingestion())
                .collect();
            run.dir.ingest(|row| {
                let Some(event) = row.event else { return };
                if wanted.contains(row.variant.as_str()) {
                    let key = (number, row.variant, row.conversation, row.repeat);
                    let next = StoreId(stores.lineages.len());
                    let StoreId(at) = *stores.ids.entry(key).or_insert(next);
                    if at == stores.lineages.len() {
                        stores.lineages.push(Lineage::default());
                    }
                    if let Some(lineage) = stores.lineages.get_mut(at) {
                        lineage.apply(&event);
                    }
                }
            })?;
        }
        Ok(stores)
    }

    /// The store that a variant asked for an answer; `None` where it keeps none.
    pub(super) fn of(
        &self,
        number: usize,
        run: &Run,
        variant: &str,
        conversation: &ConversationId,
        repeat: u32,
    ) -> Option<StoreId> {
        let variants = &run.manifest.variants;
        let variant = variants.iter().find(|known| known.name == variant)?;
        let ingestion = variant.ingestion().to_owned();
        let repeat = repeat / run.manifest.answers();
        let key = (number, ingestion, conversation.clone(), repeat);
        self.ids.get(&key).copied()
    }

    /// What is known about a memory.
    pub(super) fn trace(&self, StoreId(at): StoreId, id: MemoryId) -> Option<&MemoryTrace> {
        self.lineages.get(at)?.get(id)
    }
}
