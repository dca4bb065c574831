//! Tables about models behind an API: what a judge said, what calls came to, what they cost, how
//! long they took. Left out of a report where no such model was called.

use std::collections::BTreeMap;

use memgauge_core::CategoryNames;

use super::UNKNOWN;
use super::cell::{mark, mark_name, milliseconds, percent_with_interval, thousands};
use super::errata::ceiling_cell;
use super::render::Table;
use super::scores::CEILING;
use crate::judgements::JudgeReport;
use crate::summary::{Cost, J, JudgeSummary, Latency, SLICES, Summary, VariantSummary};

/// Counters of work that was lost, by what they begin with: windows whose facts could not be read,
/// operations refused, prompts longer than the model's window.
const LOST: [&str; 3] = ["malformed:", "refused:", "too-long:"];

/// J with its interval, and what the judge's runs came to.
pub fn judge(summary: &Summary) -> Table {
    let mut table = Table::new(&[
        "judge",
        "J [95 %]",
        "runs",
        "mean of runs",
        "± sd",
        "answers",
        "errors",
        "no label",
    ]);
    for variant in &summary.variants {
        let Some(judge) = &variant.judge else {
            continue;
        };
        table.rows.push(vec![
            mark(variant),
            percent_with_interval(variant.j),
            judge.runs.to_string(),
            percent(judge.mean_of_runs, 1),
            percent(judge.sd_of_runs, 2),
            judge.answers.to_string(),
            judge.errors.to_string(),
            judge.without_label.to_string(),
        ]);
    }
    table
}

/// What a judge says about the stored answers of a run, under `names`. Where it judged only those whose key errata
/// correct, the ceiling of the run's J under the published key stands below.
pub fn judged(report: &JudgeReport, names: CategoryNames) -> Table {
    let mut head = vec![format!("J, {} ({})", report.judge.name, names.label())];
    // Category 5 is not judged.
    let slices = SLICES.get(..5).unwrap_or(&SLICES);
    head.extend(slices.iter().map(|slice| names.slice(slice).to_owned()));
    head.extend(
        [
            "runs",
            "mean of runs",
            "± sd",
            "answers",
            "errors",
            "as the run's judge",
            "kappa",
        ]
        .map(str::to_owned),
    );
    let mut table = Table {
        head,
        rows: Vec::new(),
    };
    for variant in &report.variants {
        let mut row = vec![mark_name(&variant.name, variant.control)];
        row.extend(
            slices
                .iter()
                .map(|slice| percent_with_interval(variant.j.get(*slice).copied().flatten())),
        );
        let judge = variant.judge.as_ref();
        let count = |of: fn(&JudgeSummary) -> usize| {
            judge.map_or_else(|| UNKNOWN.to_owned(), |judge| of(judge).to_string())
        };
        row.push(count(|judge| judge.runs));
        row.push(percent(judge.and_then(|judge| judge.mean_of_runs), 1));
        row.push(percent(judge.and_then(|judge| judge.sd_of_runs), 2));
        row.push(count(|judge| judge.answers));
        row.push(count(|judge| judge.errors));
        row.push(percent(
            variant.agreement.map(|agreement| agreement.share),
            1,
        ));
        row.push(
            variant
                .agreement
                .and_then(|agreement| agreement.kappa)
                .map_or_else(|| UNKNOWN.to_owned(), |kappa| format!("{kappa:.2}")),
        );
        table.rows.push(row);
    }
    if let Some(ceiling) = &report.ceiling {
        let mut row = vec![format!("{CEILING}, whole run, published key")];
        row.extend(
            slices
                .iter()
                .map(|slice| ceiling_cell(ceiling.get(J, slice))),
        );
        row.resize(table.head.len(), UNKNOWN.to_owned());
        table.rows.push(row);
    }
    table
}

/// Calls by variant and stage.
pub fn calls(summary: &Summary) -> Table {
    let mut table = Table::new(&[
        "calls of models",
        "stage",
        "calls",
        "replayed",
        "usable %",
        "malformed",
        "cut short",
        "failed",
        "tokens in",
        "tokens out",
        "$",
    ]);
    for variant in &summary.variants {
        for (stage, calls) in &variant.stages {
            let name = serde_json::to_value(stage).unwrap_or_default();
            table.rows.push(vec![
                mark(variant),
                name.as_str().unwrap_or(UNKNOWN).to_owned(),
                calls.cost.calls.to_string(),
                calls.replayed.to_string(),
                calls.usable_share.map_or_else(
                    || UNKNOWN.to_owned(),
                    |share| format!("{:.1}", 100.0 * share),
                ),
                calls.malformed.to_string(),
                calls.truncated.to_string(),
                calls.failed.to_string(),
                tokens(calls.cost.input_tokens.map(|sum| sum as f64)),
                tokens(calls.cost.output_tokens.map(|sum| sum as f64)),
                dollars(calls.cost.dollars),
            ]);
        }
    }
    table
}

/// What each variant cost.
pub fn cost(summary: &Summary) -> Table {
    let mut table = Table::new(&[
        "cost",
        "ingest tokens",
        "$",
        "ask tokens",
        "$ ",
        "a question: calls",
        "tokens",
        "$  ",
        "judge $",
        "paid now $",
    ]);
    for variant in &summary.variants {
        let Some(cost) = &variant.cost else { continue };
        let both = |cost: &Cost| Some((cost.input_tokens? + cost.output_tokens?) as f64);
        let question = cost.per_question;
        table.rows.push(vec![
            mark(variant),
            tokens(both(&cost.ingest)),
            dollars(cost.ingest.dollars),
            tokens(both(&cost.ask)),
            dollars(cost.ask.dollars),
            question.map_or_else(
                || UNKNOWN.to_owned(),
                |question| format!("{:.2}", question.calls),
            ),
            tokens(
                question
                    .and_then(|question| Some(question.input_tokens? + question.output_tokens?)),
            ),
            dollars(question.and_then(|question| question.dollars)),
            dollars(cost.judge.dollars),
            dollars(cost.paid_dollars),
        ]);
    }
    table
}

/// Latencies of variants that call models: those measured live, and in rows of their own those of
/// replayed replies.
pub fn latency(summary: &Summary) -> Table {
    let mut table = Table::new(&[
        "latency, ms",
        "session p50",
        "p95",
        "searchable p50",
        "p95 ",
        "search p50",
        "p95  ",
        "answer p50",
        "p95   ",
        "total p50",
        "p95    ",
    ]);
    let row = |name: String, phases: [Option<&Latency>; 5]| {
        let cells = phases.into_iter().flat_map(|latency| match latency {
            Some(latency) => [latency.p50_ms, latency.p95_ms].map(milliseconds),
            None => [UNKNOWN; 2].map(str::to_owned),
        });
        std::iter::once(name).chain(cells).collect::<Vec<_>>()
    };
    for variant in summary
        .variants
        .iter()
        .filter(|variant| calls_models(variant))
    {
        let live = [
            variant.ingest.as_ref(),
            variant.searchable.as_ref(),
            variant.search.as_ref(),
            variant.answer.as_ref(),
            variant.total.as_ref(),
        ];
        if live.iter().any(Option::is_some) {
            table.rows.push(row(mark(variant), live));
        }
        if !variant.replayed.is_empty() {
            let of = |phase: &str| variant.replayed.get(phase);
            table.rows.push(row(
                format!("{} (replayed)", mark(variant)),
                [of("ingest"), None, of("search"), of("answer"), of("total")],
            ));
        }
    }
    table
}

/// What was lost on the way, one line per variant and counter.
pub fn lost(summary: &Summary) -> Vec<String> {
    let of = |variant: &VariantSummary| -> BTreeMap<String, u64> {
        let counters = variant.counters.iter();
        counters
            .filter(|(name, _)| LOST.iter().any(|prefix| name.starts_with(prefix)))
            .map(|(name, count)| (name.clone(), *count))
            .collect()
    };
    summary
        .variants
        .iter()
        .flat_map(|variant| {
            of(variant)
                .into_iter()
                .map(|(name, count)| format!("{}: {name}: {count}", variant.name))
        })
        .collect()
}

/// Whether a variant calls models behind an API.
pub fn calls_models(variant: &VariantSummary) -> bool {
    !variant.stages.is_empty()
}

/// A share in percent.
fn percent(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(
        || UNKNOWN.to_owned(),
        |value| format!("{:.digits$}", 100.0 * value),
    )
}

fn tokens(value: Option<f64>) -> String {
    value.map_or_else(|| UNKNOWN.to_owned(), thousands)
}

/// Dollars to the hundredth of a cent.
fn dollars(value: Option<f64>) -> String {
    value.map_or_else(|| UNKNOWN.to_owned(), |value| format!("{value:.4}"))
}
