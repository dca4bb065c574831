//! Where the questions of a variant were lost, from what a summary reads anyway.

use super::J;
use super::memory::MemoryRows;
use super::row::Row;
use crate::loss::{Facts, LossRules, LossSummary, Verdict, place};

/// Where the questions of a variant were lost, by the default rules and the run's own measure.
pub(super) fn losses(rows: &[Row], memories: Option<&MemoryRows>) -> LossSummary {
    let judged = rows.iter().any(|row| row.judge.is_some());
    let metric = if judged { J } else { "f1.locomo" };
    // A record without a context says nothing about what the system keeps.
    let mut contexts = rows
        .iter()
        .filter_map(|row| row.context.as_ref())
        .peekable();
    let keeps_nothing = contexts.peek().is_some()
        && contexts.all(|context| context.entries == 0)
        && memories.is_none_or(MemoryRows::is_silent);
    let rules = LossRules::default();
    let stage = |row: &Row| {
        let own = row.measured().value(rules.measure(row.category, metric));
        let facts = Facts {
            category: row.category,
            failed: row.component.is_some(),
            verdict: Verdict {
                own: own.map(|value| value >= rules.threshold),
                ..Verdict::default()
            },
            has_evidence: !row.evidence.is_empty(),
            fates: &row.fates,
            is_swapped: row.memory_of.is_some(),
            keeps_nothing,
        };
        (row.category, place(&facts, rules.needs).0)
    };
    LossSummary::new(metric, &rules, None, rows.iter().map(stage))
}
