//! Scores of the variants of a run.

use memgauge_core::{Category, CategoryNames};

use super::UNKNOWN;
use super::cell::{mark, percent_with_interval, percentiles, pooled, share, thousands};
use super::errata::{best, flag};
use super::render::Table;
use crate::summary::{J, Mean, SLICES, Summary};

/// Name of the row of best honest scores.
const CEILING: &str = "ceiling (errata)";

/// The main table: one line per variant, each against full context.
pub fn systems(summary: &Summary) -> Table {
    let mut table = Table::new(&[
        "system",
        "f1.locomo [95 %]",
        "Δ full-context [95 %]",
        "J",
        "recall@10",
        "recall@30",
        "@1024 tok",
        "in context",
        "tokens",
        "search p50",
        "p95",
        "p99 ms",
        "failed",
    ]);
    for variant in &summary.variants {
        let score = |metric: &str| pooled(variant, metric);
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
        let mut row = vec![
            mark(variant),
            flagged(summary, "f1.locomo", SLICES[0], score("f1.locomo")),
            difference,
            flagged(summary, J, SLICES[0], variant.j),
            share(score("evidence.recall@10")),
            share(score("evidence.recall@30")),
            share(score("evidence.recall@1024tokens")),
            share(score("evidence.context")),
            variant
                .tokens
                .and_then(|tokens| tokens.cl100k)
                .map_or_else(|| UNKNOWN.to_owned(), thousands),
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
