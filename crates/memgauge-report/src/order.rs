//! The order of the files of a finished run: that of the plan, whatever the order of arrival was.

use std::collections::{BTreeMap, BTreeSet};

use memgauge_core::{ConversationId, QuestionId};
use serde::Deserialize;

use crate::record::{CallRow, ContextRow, TimingRow};
use crate::rundir::{RunDir, RunDirError, files};

/// The order of variants and conversations.
#[derive(Debug, Clone)]
pub struct Order {
    variants: BTreeMap<String, usize>,
    conversations: BTreeMap<ConversationId, usize>,
}

impl Order {
    /// The order in which they are given.
    pub fn new(
        variants: impl IntoIterator<Item = String>,
        conversations: impl IntoIterator<Item = ConversationId>,
    ) -> Self {
        Self {
            variants: variants.into_iter().zip(0..).collect(),
            conversations: conversations.into_iter().zip(0..).collect(),
        }
    }

    fn variant(&self, name: &str) -> Option<usize> {
        self.variants.get(name).copied()
    }

    fn conversation(&self, id: &ConversationId) -> Option<usize> {
        self.conversations.get(id).copied()
    }

    /// Puts the records, journal, contexts, timings and calls of `dir` in order.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub fn arrange(&self, dir: &RunDir) -> Result<(), RunDirError> {
        dir.rewrite(files::RECORDS, |row: RecordKey| {
            Some((
                self.variant(&row.variant),
                self.conversation(&row.question.conversation),
                row.question.index,
                row.repeat,
            ))
        })?;
        dir.rewrite(files::INGEST, |row: IngestKey| {
            Some((
                self.variant(&row.variant),
                self.conversation(&row.conversation),
                row.seq,
            ))
        })?;
        let mut seen = BTreeSet::new();
        dir.rewrite(files::CONTEXTS, |row: ContextRow| {
            let at = self.conversation(&row.conversation);
            seen.insert(row.digest.clone()).then_some((at, row.digest))
        })?;
        // A kill between a timing and its record leaves a timing too many: the last one counts.
        let key = |row: TimingRow| {
            (
                self.variant(&row.variant),
                self.conversation(&row.conversation),
                row.phase,
                row.session,
                row.question.map(|question| question.index),
                row.repeat,
                row.run,
            )
        };
        let mut left: BTreeMap<_, usize> = BTreeMap::new();
        dir.timings(|row| *left.entry(key(row)).or_default() += 1)?;
        dir.rewrite(files::TIMINGS, |row: TimingRow| {
            let key = key(row);
            let left = left.get_mut(&key)?;
            *left -= 1;
            (*left == 0).then_some(key)
        })?;
        // Every call was made, those of interrupted work too: its rounds stay in order.
        let mut rounds: BTreeMap<_, usize> = BTreeMap::new();
        dir.rewrite(files::CALLS, |row: CallRow| {
            let unit = (
                self.variant(&row.variant),
                self.conversation(&row.conversation),
                row.phase,
                row.session,
                row.question.map(|question| question.index),
                row.repeat,
                row.run,
            );
            let round = rounds.entry(unit).or_default();
            *round += usize::from(row.seq == 0);
            Some((unit, *round, row.seq))
        })?;
        Ok(())
    }
}

#[derive(Deserialize)]
struct RecordKey {
    variant: String,
    question: QuestionId,
    repeat: u32,
}

#[derive(Deserialize)]
struct IngestKey {
    variant: String,
    conversation: ConversationId,
    seq: u32,
}
