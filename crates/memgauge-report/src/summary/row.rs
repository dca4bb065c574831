//! The part of a record that a summary is made of.

use std::collections::{BTreeMap, BTreeSet};

use memgauge_core::{Category, ConversationId, ErrorKind, QuestionId, TurnId};
use serde::Deserialize;

use super::repeats::Repeated;
use super::values::Measured;
use crate::fate::Fate;
use crate::manifest::Manifest;
use crate::record::{ContextSummary, JudgementRow, TextMetrics};
use crate::retrieval::RetrievalScores;

/// The fields of a record that the summary needs.
#[derive(Deserialize)]
pub(super) struct Row {
    pub(super) variant: String,
    pub(super) question: QuestionId,
    pub(super) repeat: u32,
    pub(super) category: Category,
    // Without `flatten`, which would keep every row in memory twice.
    pub(super) outcome: String,
    #[serde(default)]
    pub(super) component: Option<String>,
    #[serde(default)]
    pub(super) error: Option<ErrorKind>,
    #[serde(default)]
    pub(super) message: Option<String>,
    pub(super) answer: Option<String>,
    pub(super) scores: Option<TextMetrics>,
    pub(super) judge: Option<f64>,
    #[serde(default)]
    pub(super) judgements: Vec<JudgementRow>,
    pub(super) context: Option<ContextSummary>,
    pub(super) retrieval: Option<RetrievalScores>,
    #[serde(default)]
    pub(super) evidence: Vec<TurnId>,
    #[serde(default)]
    pub(super) memory_of: Option<ConversationId>,
    pub(super) fates: Vec<(TurnId, Fate)>,
    pub(super) counters: BTreeMap<String, u64>,
}

impl Row {
    /// Every metric that has a value.
    pub(super) fn values(&self) -> BTreeMap<String, f64> {
        self.measured().values()
    }

    pub(super) fn measured(&self) -> Measured<'_> {
        Measured {
            judge: self.judge,
            scores: self.scores.as_ref(),
            retrieval: self.retrieval.as_ref(),
        }
    }

    /// Label of every run of the judge.
    pub(super) fn labels(&self) -> Vec<Option<bool>> {
        self.judgements.iter().map(|row| row.label).collect()
    }

    pub(super) fn repeated(&self) -> Repeated<'_> {
        Repeated {
            question: &self.question,
            category: self.category,
            repeat: self.repeat,
            labels: self.labels(),
            measured: self.measured(),
        }
    }
}

/// Questions of these records.
pub(super) fn count_questions(rows: &[Row]) -> usize {
    let questions: BTreeSet<&QuestionId> = rows.iter().map(|row| &row.question).collect();
    questions.len()
}

/// Questions x memories that they were asked of.
pub(super) fn ingested(rows: &[Row], manifest: &Manifest) -> usize {
    let answers = manifest.answers();
    let asked: BTreeSet<(&QuestionId, u32)> = rows
        .iter()
        .map(|row| (&row.question, row.repeat / answers))
        .collect();
    asked.len()
}
