//! What an earlier run left in the directory.

use std::collections::{BTreeMap, BTreeSet};

use memgauge_core::{ConversationId, ErrorKind, QuestionId};
use memgauge_report::record::JudgeError;
use memgauge_report::{Lineage, RunDir, files};
use serde::Deserialize;

use super::stopped;
use crate::error::ExperimentError;

/// Questions that have a record, ingestions that have an end, contexts that are written.
#[derive(Default)]
pub(super) struct Done {
    /// By variant: question and repeat.
    records: BTreeMap<String, BTreeSet<(QuestionId, u32)>>,
    journals: BTreeMap<JournalKey, Journal>,
    /// Ingestions that have timings, whole or not.
    timed: BTreeSet<JournalKey>,
    /// Conversations with a question that failed for reasons of infrastructure, and those whose memory was asked:
    /// their memories are needed again when it is retried.
    failed: BTreeSet<ConversationId>,
    /// Digests in `contexts.jsonl`.
    pub(super) contexts: BTreeSet<String>,
}

/// Variant, conversation and repeat of the ingestion.
type JournalKey = (String, ConversationId, u32);

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
            repeat: u32,
            // Without it the line is no record.
            outcome: String,
            #[serde(default)]
            memory_of: Option<ConversationId>,
        }
        #[derive(Deserialize)]
        struct ContextKey {
            digest: String,
        }
        let mut done = Self::default();
        dir.records(|row: Row| {
            if row.outcome == "failed" {
                done.failed.insert(row.question.conversation.clone());
                done.failed.extend(row.memory_of);
            }
            done.insert(&row.variant, row.question, row.repeat);
        })
        .map_err(stopped)?;
        dir.timings(|row| {
            if row.phase.is_ingestion() {
                done.timed
                    .insert((row.variant, row.conversation, row.repeat));
            }
        })
        .map_err(stopped)?;
        dir.contexts(|row: ContextKey| {
            done.contexts.insert(row.digest);
        })
        .map_err(stopped)?;
        dir.ingest(|row| {
            let journal = done
                .journals
                .entry((row.variant, row.conversation, row.repeat))
                .or_default();
            match &row.event {
                Some(event) => journal.lineage.apply(event),
                None => journal.is_complete = true,
            }
        })
        .map_err(stopped)?;
        Ok(done)
    }

    pub(super) fn insert(&mut self, variant: &str, question: QuestionId, repeat: u32) {
        match self.records.get_mut(variant) {
            Some(questions) => {
                questions.insert((question, repeat));
            }
            None => {
                self.records
                    .insert(variant.to_owned(), BTreeSet::from([(question, repeat)]));
            }
        }
    }

    pub(super) fn has(&self, variant: &str, question: &QuestionId, repeat: u32) -> bool {
        self.records
            .get(variant)
            .is_some_and(|questions| questions.contains(&(question.clone(), repeat)))
    }

    /// Records of all variants.
    pub(super) fn questions(&self) -> usize {
        self.records.values().map(BTreeSet::len).sum()
    }

    /// Notes that a question has failed.
    pub(super) fn fail(&mut self, conversations: [ConversationId; 2]) {
        self.failed.extend(conversations);
    }

    /// Whether a question about `conversation`, or one that its memory was asked, has failed.
    pub(super) fn has_failed(&self, conversation: &ConversationId) -> bool {
        self.failed.contains(conversation)
    }

    /// Whether an earlier process left something of an ingestion in the files; from then on nothing.
    pub(super) fn take_timed(
        &mut self,
        variant: &str,
        conversation: &ConversationId,
        repeat: u32,
    ) -> bool {
        self.timed
            .remove(&(variant.to_owned(), conversation.clone(), repeat))
    }

    /// Takes the journal of an ingestion, whole or not.
    pub(super) fn take_journal(
        &mut self,
        variant: &str,
        conversation: &ConversationId,
        repeat: u32,
    ) -> Option<Journal> {
        self.journals
            .remove(&(variant.to_owned(), conversation.clone(), repeat))
    }
}

/// Drops the records of questions that failed for reasons of infrastructure, or whose judge did, so that they are
/// asked again. What a model answered, readable or not, stays, and so does a prompt that its window cannot hold.
pub(super) fn drop_failed(dir: &RunDir) -> Result<(), ExperimentError> {
    #[derive(Deserialize)]
    struct Row {
        error: Option<ErrorKind>,
        judgements: Vec<Judgement>,
    }
    #[derive(Deserialize)]
    struct Judgement {
        error: Option<JudgeError>,
    }
    let passes =
        |kind: &ErrorKind| !matches!(kind, ErrorKind::Malformed | ErrorKind::ContextTooLong);
    let mut line = 0_u64;
    dir.rewrite(files::RECORDS, |row: Row| {
        line += 1;
        let of_judge = row.judgements.iter().filter_map(|one| one.error.as_ref());
        let mut errors = row.error.iter().chain(of_judge.map(|error| &error.kind));
        (!errors.any(passes)).then_some(line)
    })
    .map(drop)
    .map_err(stopped)
}
