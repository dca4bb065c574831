//! The questions behind intervals.

use std::collections::BTreeMap;

use memgauge_core::{Category, QuestionId};
use memgauge_report::statistics::Layout;
use memgauge_report::summary::layout;

use super::{Results, System};

/// The questions that any arm was asked: one row of every column for each.
pub(crate) struct Asked {
    pub(crate) layout: Layout,
    pub(crate) questions: Vec<QuestionId>,
}

impl Results {
    /// The questions that any arm was asked. Where arms give a question different categories, that of the first counts.
    pub(crate) fn asked(&self) -> Asked {
        let mut found: BTreeMap<(QuestionId, u32), Category> = BTreeMap::new();
        for system in &self.systems {
            for (question, category) in system.arm.questions() {
                found.entry((question.clone(), 0)).or_insert(category);
            }
        }
        Asked {
            layout: layout(&found).0,
            questions: found.into_keys().map(|(question, _)| question).collect(),
        }
    }

    /// For each arm which of the questions it was asked.
    pub(crate) fn own(&self, asked: &Asked) -> Vec<Vec<bool>> {
        let own = |system: &System| {
            let mine = system.arm.questions();
            let questions = asked.questions.iter();
            questions
                .map(|question| mine.contains_key(question))
                .collect()
        };
        self.systems.iter().map(own).collect()
    }

    /// For each arm the metric's value of every question.
    pub(crate) fn columns(&self, asked: &Asked) -> Vec<Vec<Option<f64>>> {
        let systems = self.systems.iter();
        systems
            .map(|system| asked.column(&system.arm.values(&self.metric.name)))
            .collect()
    }
}

impl Asked {
    /// Values in the order of the questions.
    pub(crate) fn column(&self, values: &BTreeMap<&QuestionId, f64>) -> Vec<Option<f64>> {
        self.questions
            .iter()
            .map(|question| values.get(question).copied())
            .collect()
    }
}
