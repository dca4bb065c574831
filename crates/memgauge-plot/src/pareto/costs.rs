//! What arms cost: tokens, or time.

use std::collections::BTreeMap;

use memgauge_core::QuestionId;

use crate::results::{Asked, REPLAYED, Results, Stage, System};

/// What arms cost, by question.
pub(super) struct Costs {
    pub(super) name: &'static str,
    /// For the title: accuracy against this.
    pub(super) against: String,
    pub(super) axis: String,
    pub(super) of: Vec<Column>,
    pub(super) percent: Option<f64>,
    pub(super) is_time: bool,
    pub(super) notes: Vec<String>,
}

/// One arm's cost of every question.
pub(super) enum Column {
    Mean(Vec<Option<f64>>),
    Samples(Vec<Vec<f64>>),
}

/// Tokens of the context where that is known of no fewer arms than the tokens of the prompt.
pub(super) fn tokens(results: &Results, asked: &Asked) -> Costs {
    let column = |system: &System, of_context: bool| -> Vec<Option<f64>> {
        let mut sums: BTreeMap<&QuestionId, (f64, u32)> = BTreeMap::new();
        for ((question, _), answer) in &system.arm.answers {
            let sent = || answer.tokens.as_ref().and_then(|tokens| tokens.input);
            let found = if of_context {
                answer.context_tokens
            } else {
                sent()
            };
            if let Some(found) = found {
                let (sum, count) = sums.entry(question).or_default();
                *sum += found as f64;
                *count += 1;
            }
        }
        let means = sums.into_iter();
        let means = means.map(|(question, (sum, count))| (question, sum / f64::from(count)));
        asked.column(&means.collect())
    };
    let of = |of_context| -> Vec<Vec<Option<f64>>> {
        let systems = results.systems.iter();
        systems.map(|system| column(system, of_context)).collect()
    };
    let known = |columns: &[Vec<Option<f64>>]| {
        let columns = columns.iter();
        columns
            .filter(|column| column.iter().any(Option::is_some))
            .count()
    };
    let (context, prompt) = (of(true), of(false));
    let is_context = known(&context) >= known(&prompt);
    let (columns, what) = if is_context {
        (context, "Tokens of the context")
    } else {
        (prompt, "Tokens of the answer's prompt")
    };
    Costs {
        name: "pareto-tokens",
        against: if is_context {
            "context tokens"
        } else {
            "prompt tokens"
        }
        .to_owned(),
        axis: format!(
            "{what} per question, mean{} (fewer is better)",
            if is_context { ", cl100k_base" } else { "" }
        ),
        of: columns.into_iter().map(Column::Mean).collect(),
        percent: None,
        is_time: false,
        notes: Vec::new(),
    }
}

/// p95 of search and answer together where every arm with a search has that, otherwise of the search.
pub(super) fn latency(results: &Results, asked: &Asked) -> Costs {
    let has = |system: &&System, stage: Stage| system.timings.contains_key(&stage);
    let count = |stage| results.systems.iter().filter(|one| has(one, stage)).count();
    let stage = if count(Stage::Total) > 0 && count(Stage::Total) >= count(Stage::Search) {
        Stage::Total
    } else {
        Stage::Search
    };
    let what = if stage == Stage::Total {
        "search and answer"
    } else {
        "search"
    };
    let mut replayed = Vec::new();
    let of = results.systems.iter().map(|system| {
        let samples = system.timings.get(&stage);
        if samples.is_some_and(|samples| samples.is_replayed) {
            replayed.push(system.label());
        }
        let of = |id: &QuestionId| samples.and_then(|samples| samples.by_question.get(id));
        let ids = asked.questions.iter();
        Column::Samples(ids.map(|id| of(id).cloned().unwrap_or_default()).collect())
    });
    let of = of.collect();
    let mut notes = Vec::new();
    if !replayed.is_empty() {
        notes.push(format!("{REPLAYED}: {}", replayed.join(", ")));
    }
    let first = results.systems.first().map(|system| &system.machine);
    if results
        .systems
        .iter()
        .any(|one| Some(&one.machine) != first)
    {
        notes.push("times were measured on different machines".to_owned());
    }
    Costs {
        name: "pareto-p95",
        against: format!("p95 of {what}"),
        axis: format!("p95 of {what} (less is better)"),
        of,
        percent: Some(95.0),
        is_time: true,
        notes,
    }
}
