//! What approximate indexes of vectors miss. Left out of a report where nothing can be compared.

use super::cell::{mark, pooled};
use super::{Table, UNKNOWN};
use crate::summary::{Mean, Summary, VariantSummary};

/// What is missed, and what evidence recall and answers lose by it.
pub fn index_errors(summary: &Summary) -> Table {
    let mut table = Table::new(&[
        "index",
        "against",
        "missed of 10 %",
        "of 30 %",
        "Δ recall@10",
        "Δ recall@30",
        "Δ in context",
        "answers changed %",
        "Δ f1.locomo",
    ]);
    for variant in &summary.variants {
        let Some(error) = &variant.index_error else {
            continue;
        };
        let exact = summary.variants.iter().find(|one| one.name == error.exact);
        let missed = |depth: u32| {
            error
                .missed
                .get(&depth)
                .map_or_else(dash, |share| percent(*share))
        };
        let delta = |metric: &str, scale: f64, digits: usize| {
            let of = |variant: &VariantSummary| pooled(variant, metric).map(|it: Mean| it.mean);
            let pair = exact.and_then(of).zip(of(variant));
            pair.map_or_else(dash, |(exact, mine)| {
                format!("{:+.digits$}", scale * (mine - exact))
            })
        };
        table.rows.push(vec![
            mark(variant),
            error.exact.clone(),
            missed(10),
            missed(30),
            delta("evidence.recall@10", 1.0, 3),
            delta("evidence.recall@30", 1.0, 3),
            delta("evidence.context", 1.0, 3),
            percent(error.answers_changed),
            delta("f1.locomo", 100.0, 1),
        ]);
    }
    table
}

fn dash() -> String {
    UNKNOWN.to_owned()
}

fn percent(share: f64) -> String {
    format!("{:.1}", 100.0 * share)
}
