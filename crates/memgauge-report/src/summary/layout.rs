//! What all intervals of a run share: one column entry per question, and the conversations that they are drawn by.

use std::collections::{BTreeMap, BTreeSet};

use memgauge_core::{Category, ConversationId, QuestionId};

use super::Mean;
use crate::statistics::{Estimate, Layout};

/// The layout of all intervals, one column entry per question, and the number of conversations:
/// whatever is averaged over the same questions shares its resamples.
pub fn layout(questions: &BTreeMap<(QuestionId, u32), Category>) -> (Layout, usize) {
    let clusters: BTreeMap<&ConversationId, usize> = questions
        .keys()
        .map(|(question, _)| &question.conversation)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .zip(0..)
        .collect();
    let places: Vec<(usize, usize)> = questions
        .iter()
        .map(|((question, _), category)| {
            let cluster = clusters.get(&question.conversation).copied();
            (cluster.unwrap_or(0), usize::from(category.number()) - 1)
        })
        .collect();
    (Layout::new(&places), clusters.len())
}

impl From<Estimate> for Mean {
    fn from(estimate: Estimate) -> Self {
        Self {
            n: estimate.n,
            mean: estimate.mean,
            low: Some(estimate.interval.low),
            high: Some(estimate.interval.high),
        }
    }
}

/// A mean that is being added up.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct MeanOf {
    sum: f64,
    count: u32,
}

impl MeanOf {
    pub(crate) fn add(&mut self, value: Option<f64>) {
        if let Some(value) = value {
            self.sum += value;
            self.count += 1;
        }
    }

    /// `None` without a value.
    pub(crate) fn mean(self) -> Option<f64> {
        match self.count {
            0 => None,
            // The value itself, not a quotient of it.
            1 => Some(self.sum),
            count => Some(self.sum / f64::from(count)),
        }
    }
}
