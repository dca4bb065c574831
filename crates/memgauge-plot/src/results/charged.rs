//! What each question was charged, its share of the ingestion included.

use std::collections::{BTreeMap, BTreeSet};

use memgauge_core::{ConversationId, QuestionId, Stage};
use memgauge_report::arm::Arm;
use memgauge_report::record::{ChargeRow, TimingRow};

/// An amount for every question, the mean over the memories that were asked it, conversation by conversation.
pub(crate) type Shares = Vec<Vec<f64>>;

/// What questions were charged; the judge is left out.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Charged {
    /// Tokens sent and received.
    pub(crate) tokens: Shares,
    /// US dollars.
    pub(crate) dollars: Shares,
}

/// One memory of a conversation: the conversation, and the repeat of its ingestion.
type Memory<'a> = (&'a ConversationId, u32);

impl Charged {
    /// From the rows of an arm and those of its ingestion. A memory's ingestion is shared out evenly among the
    /// questions that it was asked, and a question's answers and memories are averaged: the mean over all is the amount
    /// per question that sums give, where every question has as many of both. What a charge does not tell counts as
    /// nothing.
    pub(super) fn of(rows: &[TimingRow], arm: &Arm) -> Self {
        let shares = |amount: &dyn Fn(&ChargeRow) -> f64| shares(rows, arm, amount);
        Self {
            tokens: shares(&|charge| {
                let tokens = [charge.input_tokens, charge.output_tokens];
                tokens.into_iter().flatten().sum::<u64>() as f64
            }),
            dollars: shares(&|charge| charge.dollars.unwrap_or(0.0)),
        }
    }
}

fn shares(rows: &[TimingRow], arm: &Arm, amount: &dyn Fn(&ChargeRow) -> f64) -> Shares {
    let per_memory = arm.facts.answers.max(1);
    let mut asked: BTreeMap<Memory<'_>, BTreeSet<&QuestionId>> = BTreeMap::new();
    for (question, repeat) in arm.answers.keys() {
        let memory = (&question.conversation, repeat / per_memory);
        asked.entry(memory).or_default().insert(question);
    }
    let mut ingested: BTreeMap<Memory<'_>, f64> = BTreeMap::new();
    let mut answered: BTreeMap<(&QuestionId, u32), f64> = BTreeMap::new();
    for row in rows {
        let charges = row.charges.iter();
        let all: f64 = charges
            .filter(|(stage, _)| **stage != Stage::Judge)
            .map(|(_, charge)| amount(charge))
            .sum();
        match &row.question {
            Some(question) => {
                *answered
                    .entry((question, row.repeat / per_memory))
                    .or_default() += all;
            }
            None => {
                *ingested.entry((&row.conversation, row.repeat)).or_default() += all;
            }
        }
    }
    let mut amounts: BTreeMap<&QuestionId, Vec<f64>> = BTreeMap::new();
    for (memory, questions) in &asked {
        let ingestion = ingested.get(memory).copied().unwrap_or(0.0) / questions.len() as f64;
        for question in questions {
            let answers = answered.get(&(*question, memory.1)).copied();
            let whole = ingestion + answers.unwrap_or(0.0) / f64::from(per_memory);
            amounts.entry(question).or_default().push(whole);
        }
    }
    let mut clusters: BTreeMap<&ConversationId, Vec<f64>> = BTreeMap::new();
    for (question, amounts) in amounts {
        let mean = amounts.iter().sum::<f64>() / amounts.len() as f64;
        let of = clusters.entry(&question.conversation).or_default();
        of.push(mean);
    }
    clusters.into_values().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::results::fake::system;

    #[test]
    fn a_memory_is_shared_out_among_its_questions_and_the_judge_is_left_out() {
        let mut arm = system("a", |_| (None, None, None)).arm;
        arm.answers.retain(|(question, _), _| {
            question.index < 2 && ["c0", "c1"].contains(&question.conversation.as_str())
        });
        let row = |phase: &str,
                   question: Option<&str>,
                   conversation: &str,
                   stage: &str,
                   sent: u64| {
            let charge = json!({
                "calls": 1, "inputs": 1, "input_tokens": sent, "output_tokens": null, "dollars": 0.5,
                "own_ms": 0.0, "provider_ms": 0.0, "backoff_ms": 0.0, "paused_ms": 0.0,
            });
            let row = json!({
                "variant": "a", "phase": phase, "conversation": conversation, "question": question, "ms": null,
                "in_flight": 1, "load": null, "charges": {stage: charge},
            });
            serde_json::from_value::<TimingRow>(row).unwrap()
        };
        let rows = [
            row("ingest", None, "c0", "extract", 100),
            row("ingest", None, "c1", "extract", 40),
            row("search", Some("c0/q0"), "c0", "search", 7),
            row("answer", Some("c0/q0"), "c0", "answer", 30),
            row("answer", Some("c0/q1"), "c0", "answer", 20),
            row("answer", Some("c1/q0"), "c1", "answer", 10),
            row("judge", Some("c1/q0"), "c1", "judge", 1000),
        ];
        let charged = Charged::of(&rows, &arm);
        assert_eq!(charged.tokens, [vec![87.0, 70.0], vec![30.0, 20.0]]);
        assert_eq!(charged.dollars, [vec![1.25, 0.75], vec![0.75, 0.25]]);
        // Two answers of every question: what they took is averaged.
        arm.facts.answers = 2;
        let charged = Charged::of(&rows, &arm);
        assert_eq!(charged.tokens, [vec![68.5, 60.0], vec![25.0, 20.0]]);
    }
}
