//! One answer of an arm.

use std::collections::BTreeMap;

use memgauge_core::{Category, ErrorKind, QuestionId};
use serde::Deserialize;

use crate::record::{AnswerTokens, TextMetrics};
use crate::retrieval::RetrievalScores;
use crate::summary::Measured;

/// What a record says about one answer, without texts and candidates.
#[derive(Debug, Clone, PartialEq)]
pub struct ArmAnswer {
    /// Category of the question.
    pub category: Category,
    /// Component and kind of the failure that left the question without an answer; it is in no score.
    pub failure: Option<String>,
    /// Text metrics; `None` without an answer.
    pub scores: Option<TextMetrics>,
    /// Mean label of the judge's runs, from 0 to 1; `None` without a label.
    pub judge: Option<f64>,
    /// Label of every run of the judge, in their order; `None` = an error.
    pub labels: Vec<Option<bool>>,
    /// Tokens of the model that answered.
    pub tokens: Option<AnswerTokens>,
    /// Tokens of the context in cl100k_base.
    pub context_tokens: Option<u64>,
    /// Evidence metrics.
    pub retrieval: Option<RetrievalScores>,
}

impl ArmAnswer {
    /// A metric by name (see [`metric_names`](crate::summary::metric_names)); `None` where it has no value.
    #[must_use]
    pub fn value(&self, metric: &str) -> Option<f64> {
        self.measured().value(metric)
    }

    pub(super) fn measured(&self) -> Measured<'_> {
        Measured {
            judge: self.judge,
            scores: self.scores.as_ref(),
            retrieval: self.retrieval.as_ref(),
        }
    }
}

/// The fields of a record that an arm needs.
#[derive(Deserialize)]
pub(super) struct Row {
    pub(super) variant: String,
    pub(super) question: QuestionId,
    pub(super) repeat: u32,
    category: Category,
    #[serde(default)]
    component: Option<String>,
    #[serde(default)]
    error: Option<ErrorKind>,
    scores: Option<TextMetrics>,
    judge: Option<f64>,
    #[serde(default)]
    judgements: Vec<Labelled>,
    #[serde(default)]
    tokens: Option<AnswerTokens>,
    context: Option<Counted>,
    retrieval: Option<RetrievalScores>,
}

/// A [`crate::record::JudgementRow`] without its reply.
#[derive(Deserialize)]
struct Labelled {
    label: Option<bool>,
}

#[derive(Deserialize)]
struct Counted {
    cl100k: Option<u64>,
}

impl From<Row> for ArmAnswer {
    fn from(row: Row) -> Self {
        let failure = row
            .component
            .zip(row.error)
            .map(|(component, error)| format!("{component}: {}", error.name()));
        Self {
            category: row.category,
            failure,
            scores: row.scores,
            judge: row.judge,
            labels: row.judgements.iter().map(|row| row.label).collect(),
            tokens: row.tokens,
            context_tokens: row.context.and_then(|context| context.cl100k),
            retrieval: row.retrieval,
        }
    }
}

/// The answers of an arm by question and repeat.
pub(super) type Answers = BTreeMap<(QuestionId, u32), ArmAnswer>;
