//! What every question cost.

use std::collections::BTreeMap;

use memgauge_core::{ConversationId, QuestionId};

use crate::call::{CallRow, CallUnit};
use crate::record::Phase;
use crate::rundir::{RunDir, RunDirError};

/// Money by unit of work; `None` = one of its calls has no known price.
#[derive(Default)]
pub(super) struct Costs {
    units: BTreeMap<String, BTreeMap<CallUnit, Option<f64>>>,
}

impl Costs {
    /// Of all calls of a run that were replied to. A unit that was begun anew counts once: its last round.
    pub(super) fn read(dir: &RunDir) -> Result<Self, RunDirError> {
        let mut costs = Self::default();
        dir.calls(|row: CallRow| {
            let units = costs.units.entry(row.variant.clone()).or_default();
            let unit = units.entry(row.unit()).or_insert(Some(0.0));
            if row.seq == 0 {
                *unit = Some(0.0);
            }
            if row.outcome.is_reply() {
                *unit = unit.zip(row.dollars).map(|(sum, dollars)| sum + dollars);
            }
        })?;
        Ok(costs)
    }

    /// Searching and answering a question in all its repeats.
    pub(super) fn asked(&self, variant: &str) -> BTreeMap<QuestionId, Option<f64>> {
        self.sums(variant, |(phase, _, _, question, ..)| {
            let asks = matches!(phase, Phase::Search | Phase::Answer);
            question.clone().filter(|_| asks)
        })
    }

    /// Ingesting a conversation in all its repeats.
    pub(super) fn ingested(&self, variant: &str) -> BTreeMap<ConversationId, Option<f64>> {
        self.sums(variant, |(phase, conversation, ..)| {
            phase.is_ingestion().then(|| conversation.clone())
        })
    }

    fn sums<K: Ord>(
        &self,
        variant: &str,
        key: impl Fn(&CallUnit) -> Option<K>,
    ) -> BTreeMap<K, Option<f64>> {
        let mut sums = BTreeMap::new();
        for (unit, dollars) in self.units.get(variant).into_iter().flatten() {
            if let Some(key) = key(unit) {
                let sum = sums.entry(key).or_insert(Some(0.0));
                *sum = sum
                    .zip(*dollars)
                    .map(|(sum, dollars): (f64, f64)| sum + dollars);
            }
        }
        sums
    }
}
