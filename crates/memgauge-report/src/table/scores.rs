//! Scores of the variants of a run.

use memgauge_core::{Category, CategoryNames};

use super::UNKNOWN;
use super::cell::{mark, milliseconds, percent_with_interval, percentiles, pooled, thousands};
use super::errata::{best, flag};
use super::render::Table;
use crate::summary::{J, Mean, SLICES, Summary};

/// Name of the row of best honest scores.
pub(super) const CEILING: &str = "ceiling (errata)";

/// The main table: one line per variant, each against full context. [`evidence`] has what it found.
pub fn systems(summary: &Summary) -> Table {
    let mut table = Table::new(&[
        "system",
        "f1.locomo [95 %]",
        "Δ full-context [95 %]",
        "J [95 %]",
        "tokens",
        "search p50",
        "p95",
        "p99 ms",
        "failed",
    ]);
    for variant in &summary.variants {
        let difference = variant
            .against_full_context
            .get("f1.locomo")
            .and_then(Option::as_ref)
            .map_or_else(
                || UNKNOWN.to_owned(),
                |pair| {
                    format!(
                        "{:+.1} [{:+.1}, {:+.1}]",
                        100.0 * pair.mean,
                        100.0 * pair.interval.low,
                        100.0 * pair.interval.high,
                    )
                },
            );
        let tokens = variant.tokens.and_then(|tokens| tokens.cl100k);
        let mut row = vec![
            mark(variant),
            flagged(
                summary,
                "f1.locomo",
                SLICES[0],
                pooled(variant, "f1.locomo"),
            ),
            difference,
            flagged(summary, J, SLICES[0], variant.j),
            tokens.map_or_else(|| UNKNOWN.to_owned(), thousands),
        ];
        row.extend(percentiles(variant.search.as_ref()));
        row.push(variant.failed.to_string());
        table.rows.push(row);
    }
    if let Some(errata) = &summary.errata {
        let mut row = vec![UNKNOWN.to_owned(); table.head.len()];
        let known = [
            CEILING.to_owned(),
            best(errata, "f1.locomo", SLICES[0]),
            UNKNOWN.to_owned(),
            best(errata, J, SLICES[0]),
        ];
        for (cell, known) in row.iter_mut().zip(known) {
            *cell = known;
        }
        table.rows.push(row);
    }
    table
}

/// What every variant found, with intervals, over categories 1 to 4. Variants without evidence metrics have no line.
pub fn evidence(summary: &Summary) -> Table {
    const METRICS: [(&str, &str); 4] = [
        ("evidence.recall@10", "recall@10"),
        ("evidence.recall@30", "recall@30"),
        ("evidence.recall@1024tokens", "@1024 tok"),
        ("evidence.context", "in context"),
    ];
    let mut table = Table::new(&["evidence, % [95 %]"]);
    table
        .head
        .extend(METRICS.iter().map(|(_, name)| (*name).to_owned()));
    for variant in &summary.variants {
        let known = METRICS.map(|(metric, _)| pooled(variant, metric));
        if known.iter().any(Option::is_some) {
            let mut row = vec![mark(variant)];
            row.extend(known.map(percent_with_interval));
            table.rows.push(row);
        }
    }
    table
}

/// Tokens of the contexts and p95 of the searches, with intervals. Variants without either have no line.
pub fn load(summary: &Summary) -> Table {
    let mut table = Table::new(&["load [95 %]", "context tokens", "search p95 ms"]);
    for variant in &summary.variants {
        let tokens = variant
            .tokens_by_slice
            .get(SLICES[0])
            .copied()
            .flatten()
            .and_then(|tokens| Some([tokens.mean, tokens.low?, tokens.high?]));
        let search = variant.search.as_ref();
        if tokens.is_none() && search.is_none() {
            continue;
        }
        let unknown = || UNKNOWN.to_owned();
        let range = |[value, low, high]: [String; 3]| format!("{value} [{low}, {high}]");
        table.rows.push(vec![
            mark(variant),
            tokens.map_or_else(unknown, |tokens| range(tokens.map(thousands))),
            search.map_or_else(unknown, |search| {
                range([search.p95_ms, search.p95_low_ms, search.p95_high_ms].map(milliseconds))
            }),
        ]);
    }
    table
}

/// A metric per category, under `names`; category 5 in a column of its own. Under errata the best honest
/// score stands below.
pub fn categories(summary: &Summary, metric: &str, names: CategoryNames) -> Table {
    let mut head = vec![format!("{metric} ({})", names.label())];
    for slice in SLICES {
        let count = Category::ALL
            .iter()
            .find(|category| category.name() == slice)
            .map_or_else(
                || {
                    Category::ALL
                        .iter()
                        .filter(|category| category.is_scored())
                        .filter_map(|category| summary.questions.get(category.name()))
                        .sum()
                },
                |category| summary.questions.get(category.name()).copied().unwrap_or(0),
            );
        head.push(format!("{} (n={count})", names.slice(slice)));
    }
    let mut table = Table {
        head,
        rows: Vec::new(),
    };
    for variant in &summary.variants {
        let slices = variant.scores.get(metric);
        let mut row = vec![mark(variant)];
        row.extend(SLICES.iter().map(|slice| {
            let mean = slices.and_then(|slices| slices.get(*slice).copied().flatten());
            flagged(summary, metric, slice, mean)
        }));
        table.rows.push(row);
    }
    if let Some(errata) = &summary.errata {
        let mut row = vec![CEILING.to_owned()];
        row.extend(SLICES.iter().map(|slice| best(errata, metric, slice)));
        table.rows.push(row);
    }
    table
}

/// A score, marked where it is above the ceiling of the errata.
fn flagged(summary: &Summary, metric: &str, slice: &str, mean: Option<Mean>) -> String {
    let mut cell = percent_with_interval(mean);
    if let (Some(errata), Some(mean)) = (&summary.errata, mean) {
        cell.push_str(flag(errata, metric, slice, mean));
    }
    cell
}
