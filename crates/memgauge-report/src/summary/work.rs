//! What was done once for several.

use std::collections::{BTreeMap, BTreeSet};

use memgauge_core::meter::CallKind;
use memgauge_core::{ConversationId, Traffic};
use serde::{Deserialize, Serialize};

use crate::call::CallRow;
use crate::paid::PaidRow;
use crate::record::IngestRow;

/// How much work the cells of a run shared.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct WorkSummary {
    /// Variants x repeats x conversations that were asked.
    pub cells: usize,
    /// Conversations that were ingested, each as often as it was. Cells that differ only in what follows share one.
    pub ingestions: usize,
    /// Calls of models by where the reply came from; work that was interrupted and done again counts as often.
    pub calls: BTreeMap<Traffic, u64>,
    /// Replies that were sent for: calls that were made. Null where live calls were not written down.
    pub made: Option<u64>,
    /// Of these, requests that differ from each other. As many as `made`: nothing was asked twice.
    pub distinct: Option<u64>,
    /// Texts in the requests for vectors among them.
    pub texts: Option<u64>,
}

/// Counts the rows of a run.
#[derive(Default)]
pub(super) struct WorkRows {
    cells: BTreeSet<(String, ConversationId, u32)>,
    ingestions: BTreeSet<(String, ConversationId, u32)>,
    calls: BTreeMap<Traffic, u64>,
    made: u64,
    distinct: BTreeSet<(CallKind, String)>,
    texts: u64,
}

impl WorkRows {
    pub(super) fn asked(&mut self, variant: &str, conversation: &ConversationId, repeat: u32) {
        self.cells
            .insert((variant.to_owned(), conversation.clone(), repeat));
    }

    pub(super) fn ingested(&mut self, row: &IngestRow) {
        if row.event.is_none() {
            let key = (row.variant.clone(), row.conversation.clone(), row.repeat);
            self.ingestions.insert(key);
        }
    }

    pub(super) fn called(&mut self, row: &CallRow) {
        if row.outcome.is_reply() {
            *self.calls.entry(row.traffic).or_default() += 1;
        }
    }

    pub(super) fn paid(&mut self, row: PaidRow) {
        self.made += 1;
        if row.kind == CallKind::Embed {
            self.texts += row.inputs;
        }
        self.distinct.insert((row.kind, row.request));
    }

    pub(super) fn summary(self) -> WorkSummary {
        // Runs of a memgauge that did not write down what it paid.
        let is_told = self.made > 0 || !self.calls.contains_key(&Traffic::Live);
        WorkSummary {
            cells: self.cells.len(),
            ingestions: self.ingestions.len(),
            calls: self.calls,
            made: is_told.then_some(self.made),
            distinct: is_told.then_some(self.distinct.len() as u64),
            texts: is_told.then_some(self.texts),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paid(kind: CallKind, request: &str, inputs: u64) -> PaidRow {
        PaidRow {
            model: "m".to_owned(),
            kind,
            request: request.to_owned(),
            inputs,
            input_tokens: None,
            output_tokens: None,
            dollars: None,
        }
    }

    #[test]
    fn what_is_asked_twice_shows() {
        let mut rows = WorkRows::default();
        let conversation = ConversationId::new("c");
        for variant in ["a", "a", "b"] {
            rows.asked(variant, &conversation, 0);
        }
        rows.paid(paid(CallKind::Chat, "r", 1));
        rows.paid(paid(CallKind::Embed, "r", 5));
        rows.paid(paid(CallKind::Chat, "r", 1));
        let work = rows.summary();
        assert_eq!((work.cells, work.ingestions), (2, 0));
        assert_eq!((work.made, work.distinct), (Some(3), Some(2)));
        assert_eq!(work.texts, Some(5));
    }

    #[test]
    fn a_book_that_was_not_kept_is_unknown_and_not_empty() {
        assert_eq!(WorkRows::default().summary().made, Some(0));
        let mut rows = WorkRows::default();
        rows.calls.insert(Traffic::Live, 3);
        let work = rows.summary();
        assert_eq!((work.made, work.distinct, work.texts), (None, None, None));
    }
}
