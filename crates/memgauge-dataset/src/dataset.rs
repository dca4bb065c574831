//! A loaded dataset.

use std::path::PathBuf;

use memgauge_core::{AnswerKey, Category, Conversation, ConversationId, Question};

use crate::{DatasetStats, Fingerprint, Known, LoadReport};

/// Conversations with the questions asked about them, and the record of how they were read.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    /// Name of the known dataset that the content equals, else the file's name without its
    /// extension.
    pub name: String,
    /// The file that was read.
    pub path: PathBuf,
    /// Digests of its bytes and of its content.
    pub fingerprint: Fingerprint,
    /// The conversations in the file's order.
    pub conversations: Vec<Entry>,
    /// Everything odd that was met, and what was made of it.
    pub report: LoadReport,
}

/// One conversation and what is asked about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What was said.
    pub conversation: Conversation,
    /// The questions in the file's order: `items[i]` has index `i` in its [`Question`]'s id.
    pub items: Vec<Item>,
}

/// One question with its key. Systems under test get [`Item::question`] only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What is asked.
    pub question: Question,
    /// What only judges, metrics and reports may read.
    pub key: AnswerKey,
    /// The evidence as the file writes it, before repair.
    pub evidence_as_written: Vec<String>,
}

impl Dataset {
    /// The published dataset that this is, if its content equals one.
    pub fn known(&self) -> Option<&'static Known> {
        Known::with_content(&self.fingerprint.content)
    }

    /// The entry of this conversation.
    pub fn entry(&self, id: &ConversationId) -> Option<&Entry> {
        self.conversations
            .iter()
            .find(|entry| entry.conversation.head.id == *id)
    }

    /// All questions with their keys, in the file's order.
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.conversations.iter().flat_map(|entry| &entry.items)
    }

    /// Counts of everything.
    pub fn stats(&self) -> DatasetStats {
        DatasetStats::of(self)
    }
}

impl Item {
    /// Kind of question.
    pub fn category(&self) -> Category {
        self.key.category
    }
}
