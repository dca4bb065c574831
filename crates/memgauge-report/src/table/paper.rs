//! The tables of Mem0's paper, and a run beside them.

use memgauge_core::{Category, CategoryNames};

use super::UNKNOWN;
use super::cell::{mark_name, percentile_seconds};
use super::render::Table;
use crate::paper::{PaperCheck, PaperOverall, PaperScores};
use crate::summary::{J, SLICES, Summary, VariantSummary};

/// Categories 1 to 4.
fn scored() -> impl Iterator<Item = Category> {
    Category::ALL
        .into_iter()
        .filter(|category| category.is_scored())
}

/// Table 1 (F1, BLEU-1 and J by category, in percent), under `names`; the variants of a run below.
pub fn paper_scores(paper: &[PaperScores], run: Option<&Summary>, names: CategoryNames) -> Table {
    let mut table = Table::new(&[&format!("Table 1 ({})", names.label())]);
    for category in scored() {
        let name = names.of(category);
        table
            .head
            .extend(["F1", "B1", "J"].map(|metric| format!("{name} {metric}")));
    }
    let cell = |value: Option<f64>| {
        value.map_or_else(|| UNKNOWN.to_owned(), |value| format!("{value:.2}"))
    };
    for row in paper {
        let mut cells = vec![row.method.clone()];
        for category in scored() {
            let scores = row.scores.get(&category).copied().unwrap_or_default();
            cells.extend([scores.f1, scores.b1, scores.j].map(cell));
        }
        table.rows.push(cells);
    }
    for variant in run.iter().flat_map(|run| &run.variants) {
        let mut cells = vec![ours(variant)];
        for category in scored() {
            let metrics = ["f1.set", "bleu1", J];
            cells.extend(metrics.map(|metric| cell(percent(variant, metric, category.name()))));
        }
        table.rows.push(cells);
    }
    table
}

/// Table 2 (J, tokens, latency in seconds); the variants of a run below.
pub fn paper_overall(paper: &[PaperOverall], run: Option<&Summary>) -> Table {
    let mut table = Table::new(&[
        "Table 2",
        "J",
        "± sd",
        "tokens",
        "search p50 s",
        "p95",
        "total p50 s",
        "p95 ",
    ]);
    let unknown = || UNKNOWN.to_owned();
    let seconds = |value: Option<f64>| value.map_or_else(unknown, |value| format!("{value:.3}"));
    for row in paper {
        table.rows.push(vec![
            row.name(),
            format!("{:.2}", row.j),
            format!("{:.2}", row.j_sd),
            row.tokens.to_string(),
            seconds(row.search_p50_s),
            seconds(row.search_p95_s),
            seconds(row.total_p50_s),
            seconds(row.total_p95_s),
        ]);
    }
    for variant in run.iter().flat_map(|run| &run.variants) {
        let judge = variant.judge.as_ref();
        let tokens = variant.tokens.and_then(|tokens| tokens.cl100k);
        let mut cells = vec![
            ours(variant),
            percent(variant, J, SLICES[0]).map_or_else(unknown, |j| format!("{j:.2}")),
            judge
                .and_then(|judge| judge.sd_of_runs)
                .map_or_else(unknown, |sd| format!("{:.2}", 100.0 * sd)),
            tokens.map_or_else(unknown, |tokens| format!("{tokens:.0}")),
        ];
        for latency in [&variant.search, &variant.total] {
            cells.extend(percentile_seconds(latency.as_ref()));
        }
        table.rows.push(cells);
    }
    table
}

/// The J of Table 2 as printed and as it follows from Table 1 under every naming.
pub fn paper_check(checks: &[PaperCheck]) -> Table {
    let mut table = Table::new(&["J, %", "Table 2"]);
    let namings = CategoryNames::ALL.map(|names| format!("from Table 1, {}", names.label()));
    table.head.extend(namings);
    table.head.push("fits".to_owned());
    for check in checks {
        let mut row = vec![check.method.clone(), format!("{:.2}", check.printed)];
        row.extend(CategoryNames::ALL.iter().map(|names| {
            let derived = check.derived.get(names);
            derived.map_or_else(|| UNKNOWN.to_owned(), |derived| format!("{derived:.3}"))
        }));
        row.push(match check.fits.as_slice() {
            [] => "neither".to_owned(),
            fits => fits
                .iter()
                .map(|names| names.name())
                .collect::<Vec<_>>()
                .join(", "),
        });
        table.rows.push(row);
    }
    table
}

fn ours(variant: &VariantSummary) -> String {
    format!("{} (run)", mark_name(&variant.name, variant.control))
}

fn percent(variant: &VariantSummary, metric: &str, slice: &str) -> Option<f64> {
    let mean = variant.scores.get(metric)?.get(slice).copied().flatten()?;
    Some(100.0 * mean.mean)
}
