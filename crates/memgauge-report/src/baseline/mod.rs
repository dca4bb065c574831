//! Baselines: what a run came to, small enough to be committed, question by question.
//!
//! A baseline is a folder: `baseline.json` (where the numbers come from, means, why it was changed) and one CSV file of
//! questions per variant, sorted by question, so that a changed question is a changed line of a diff. It holds no text of
//! the dataset. docs/FORMAT.md describes the files.

mod change;
mod column;
mod cost;
mod error;
mod file;
mod folder;
mod questions;
mod run;

pub use change::{QuestionChange, VariantChange, changes};
pub use column::{
    COST, DEFAULT_METRICS, ERRORS, MetricName, TOKENS, UnknownMetric, measured_metrics,
};
pub use error::BaselineError;
pub use file::{BaselineHead, DatasetHead, LogEntry, MeanValue, Origin, VariantHead};
pub use folder::{FILE, find, list, open, save, update};
pub use run::{RunOptions, of_run};

use std::collections::BTreeMap;

use memgauge_core::{Category, QuestionId};

use crate::arm::{Arm, ArmAnswer};

/// Version of a baseline's files. Raised when a field changes its meaning or goes.
pub const BASELINE_VERSION: u32 = 1;

/// What a run came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Baseline {
    /// Where it comes from, and its means.
    pub head: BaselineHead,
    /// Its variants, in the order of [`BaselineHead::variants`].
    pub variants: Vec<BTreeMap<QuestionId, Row>>,
}

/// One question under one variant, over all repeats.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Category of the question.
    pub category: Category,
    /// Values in the order of [`BaselineHead::columns`], rounded as they are written; `None` = unknown.
    pub values: Vec<Option<f64>>,
    /// Digest of answers and contexts of all repeats, eight digits.
    pub digest: String,
}

impl Baseline {
    /// The place of a variant.
    #[must_use]
    pub fn variant(&self, name: &str) -> Option<usize> {
        self.head.variants.iter().position(|one| one.name == name)
    }

    /// The place of a column.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<usize> {
        self.head.columns.iter().position(|one| one == name)
    }

    /// A variant as an arm without scores, for what asks whether arms may be compared.
    pub(crate) fn arm(&self, variant: usize, label: &str) -> Option<Arm> {
        let head = self.head.variants.get(variant)?;
        let answers = self.variants.get(variant)?.iter().map(|(question, row)| {
            let answer = ArmAnswer {
                category: row.category,
                failure: None,
                scores: None,
                judge: None,
                labels: Vec::new(),
                tokens: None,
                context_tokens: None,
                retrieval: None,
            };
            ((question.clone(), 0), answer)
        });
        Some(Arm {
            // A baseline keeps times apart from answers.
            timings: crate::arm::ArmTimings::default(),
            label: label.to_owned(),
            variant: head.name.clone(),
            dir: label.into(),
            selection: 0,
            facts: head.facts.clone(),
            answers: answers.collect(),
        })
    }
}

#[cfg(test)]
mod tests;
