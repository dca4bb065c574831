//! What an earlier run left in the directory.

use std::collections::{BTreeMap, BTreeSet};

use memgauge_core::{ConversationId, QuestionId};
use memgauge_report::{Lineage, RunDir};
use serde::Deserialize;

use super::stopped;
use crate::error::ExperimentError;

/// Questions that have a record, ingestions that have an end, contexts that are written.
#[derive(Default)]
pub(super) struct Done {
    records: BTreeMap<String, BTreeSet<QuestionId>>,
    journals: BTreeMap<(String, ConversationId), Journal>,
    /// Digests in `contexts.jsonl`.
    pub(super) contexts: BTreeSet<String>,
}

/// The journal of one ingestion.
#[derive(Default)]
pub(super) struct Journal {
    /// The memories after it.
    pub(super) lineage: Lineage,
    /// Whether the row that ends it is there.
    pub(super) is_complete: bool,
}

impl Done {
    /// Reads what is there. Nothing, in a new directory.
    pub(super) fn read(dir: &RunDir) -> Result<Self, ExperimentError> {
        #[derive(Deserialize)]
        struct Row {
            variant: String,
            question: QuestionId,
            // Without it the line is no record.
            #[serde(rename = "outcome")]
            _outcome: serde::de::IgnoredAny,
        }
        #[derive(Deserialize)]
        struct ContextKey {
            digest: String,
        }
        let mut done = Self::default();
        dir.records(|row: Row| done.insert(&row.variant, row.question))
            .map_err(stopped)?;
        dir.contexts(|row: ContextKey| {
            done.contexts.insert(row.digest);
        })
        .map_err(stopped)?;
        dir.ingest(|row| {
            let journal = done
                .journals
                .entry((row.variant, row.conversation))
                .or_default();
            match &row.event {
                Some(event) => journal.lineage.apply(event),
                None => journal.is_complete = true,
            }
        })
        .map_err(stopped)?;
        Ok(done)
    }

    pub(super) fn insert(&mut self, variant: &str, question: QuestionId) {
        match self.records.get_mut(variant) {
            Some(questions) => {
                questions.insert(question);
            }
            None => {
                self.records
                    .insert(variant.to_owned(), BTreeSet::from([question]));
            }
        }
    }

    pub(super) fn has(&self, variant: &str, question: &QuestionId) -> bool {
        self.records
            .get(variant)
            .is_some_and(|questions| questions.contains(question))
    }

    /// Records of all variants.
    pub(super) fn questions(&self) -> usize {
        self.records.values().map(BTreeSet::len).sum()
    }

    /// Takes the journal of an ingestion, whole or not.
    pub(super) fn take_journal(
        &mut self,
        variant: &str,
        conversation: &ConversationId,
    ) -> Option<Journal> {
        self.journals
            .remove(&(variant.to_owned(), conversation.clone()))
    }
}
