//! What the journals say about the memories of a variant.

use std::collections::BTreeMap;

use memgauge_core::ConversationId;

use super::MemorySummary;
use crate::lineage::Lineage;
use crate::record::IngestRow;

/// Journals of one variant, by conversation.
#[derive(Default)]
pub(super) struct MemoryRows {
    /// By conversation and repeat.
    lineages: BTreeMap<(ConversationId, u32), Lineage>,
    operations: BTreeMap<String, u64>,
    pub(super) counters: BTreeMap<String, u64>,
    /// Whether the system keeps memories at all.
    keeps: bool,
}

impl MemoryRows {
    /// Takes one more row.
    pub(super) fn add(&mut self, row: &IngestRow) {
        self.keeps |= row.memories.is_some();
        for (component, calls) in &row.counters {
            *self.counters.entry(component.clone()).or_default() += calls;
        }
        if let Some(event) = &row.event {
            let name = serde_json::to_value(event.op).unwrap_or_default();
            *self
                .operations
                .entry(name.as_str().unwrap_or("unknown").to_owned())
                .or_default() += 1;
            self.lineages
                .entry((row.conversation.clone(), row.repeat))
                .or_default()
                .apply(event);
        }
    }

    /// Whether there is not one operation.
    pub(super) fn is_silent(&self) -> bool {
        self.operations.is_empty()
    }

    /// What they come to; `None` for systems that keep no memories.
    pub(super) fn summary(&self) -> Option<MemorySummary> {
        if !self.keeps {
            return None;
        }
        let memories = self.lineages.values().map(Lineage::len).sum();
        let sources: f64 = self
            .lineages
            .values()
            .filter_map(|lineage| Some(lineage.sources_per_memory()? * lineage.len() as f64))
            .sum();
        Some(MemorySummary {
            memories,
            sources_per_memory: (memories > 0).then(|| sources / memories as f64),
            operations: self.operations.clone(),
        })
    }
}
