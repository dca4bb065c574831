//! Scores under the errata of the answer key.

use super::UNKNOWN;
use super::cell::{mark_name, percent_with_interval, share, thousands};
use super::render::Table;
use crate::errata::{ANSWER_METRICS, ByKey, ErrataSummary, ErrataVariant};
use crate::summary::{Mean, SLICES};

/// One table per metric that compares an answer with the key: every question under the published and
/// under the corrected key, and apart the questions whose key is right and those whose key is wrong.
/// Categories 1 to 4. Metrics without a value (J without a judge) have none.
pub fn answers_by_key(errata: &ErrataSummary) -> Vec<Table> {
    let count = |counts: &std::collections::BTreeMap<String, usize>| {
        counts.get(SLICES[0]).copied().unwrap_or(0)
    };
    let (all, corrupt) = (count(&errata.questions), count(&errata.corrupt));
    let number = |count: usize| thousands(count as f64);
    ANSWER_METRICS
        .iter()
        .filter_map(|metric| {
            let head = [
                format!("{metric} by key"),
                format!("published (n={})", number(all)),
                format!("corrected (n={})", number(all)),
                format!("clean (n={})", number(all.saturating_sub(corrupt))),
                format!("corrupt (n={})", number(corrupt)),
                "ceiling".to_owned(),
            ];
            let rows: Vec<Vec<String>> = errata
                .variants
                .iter()
                .filter_map(|variant| {
                    let by_key = variant.metrics.get(*metric)?;
                    pooled(by_key)[0]?;
                    let mut row = vec![name(variant)];
                    row.extend(pooled(by_key).map(percent_with_interval));
                    if let Some(published) = pooled(by_key)[0]
                        && let Some(cell) = row.get_mut(1)
                    {
                        cell.push_str(flag(errata, metric, SLICES[0], published));
                    }
                    row.push(best(errata, metric, SLICES[0]));
                    Some(row)
                })
                .collect();
            let head = head.to_vec();
            (!rows.is_empty()).then_some(Table { head, rows })
        })
        .collect()
}

/// Evidence metrics under the published and under the corrected citations, categories 1 to 4.
pub fn evidence_by_key(errata: &ErrataSummary) -> Table {
    const METRICS: [(&str, &str); 3] = [
        ("evidence.recall@10", "recall@10"),
        ("evidence.recall@30", "recall@30"),
        ("evidence.context", "in context"),
    ];
    let mut head = vec!["evidence by key".to_owned()];
    for (_, name) in METRICS {
        head.push(format!("{name} published"));
        head.push(format!("{name} corrected"));
    }
    head.push("untold".to_owned());
    let mut table = Table {
        head,
        rows: Vec::new(),
    };
    for variant in &errata.variants {
        let mut row = vec![name(variant)];
        for (metric, _) in METRICS {
            let [published, corrected, ..] = variant.metrics.get(metric).map_or([None; 4], pooled);
            row.push(share(published));
            row.push(share(corrected));
        }
        row.push(variant.untold.to_string());
        table.rows.push(row);
    }
    table
}

/// Where the errata are from and what they touch.
pub fn errata_note(errata: &ErrataSummary) -> String {
    let mut note = format!(
        "Errata of {} ({}), fingerprint {}: of {} questions of categories 1 to 4 the published answer is wrong for {}; {} \
         have other evidence.",
        errata.source,
        errata.licence.as_deref().unwrap_or("terms not told"),
        errata.digest.get(..16).unwrap_or(&errata.digest),
        errata.questions.get(SLICES[0]).copied().unwrap_or(0),
        errata.corrupt.get(SLICES[0]).copied().unwrap_or(0),
        errata.evidence,
    );
    if errata.unfit > 0 {
        note.push_str(&format!(
            " {} row(s) fit no question and are not applied.",
            errata.unfit
        ));
    }
    note.push_str(
        " ceiling: the best honest score, of answers that are right by the conversation where the key is wrong; ! = above \
         it.",
    );
    match &errata.judged_by {
        Some(judge) => note.push_str(&format!(
            " Corrected J: the run's labels, and for the corrupt questions those of `{}` ({}), {}.",
            judge.name,
            match judge.served_by.as_slice() {
                [] => "model not told".to_owned(),
                models => models.join(", "),
            },
            if judge.as_the_run {
                "the run's own judge"
            } else {
                "ANOTHER judge than the run's: the two make no one J"
            },
        )),
        None => note.push_str(
            " Corrected J is unknown until the corrupt questions are judged again: memgauge judge DIR --only-errata.",
        ),
    }
    note
}

/// The ceiling as a cell: a dash for metrics without one.
pub(super) fn best(errata: &ErrataSummary, metric: &str, slice: &str) -> String {
    errata
        .ceiling
        .get(metric, slice)
        .map_or_else(|| UNKNOWN.to_owned(), |best| format!("{:.2}", 100.0 * best))
}

/// Marks a score above the ceiling.
pub(super) fn flag(errata: &ErrataSummary, metric: &str, slice: &str, score: Mean) -> &'static str {
    if errata.ceiling.is_above(metric, slice, score.mean) {
        " !"
    } else {
        ""
    }
}

fn name(variant: &ErrataVariant) -> String {
    mark_name(&variant.name, variant.control)
}

/// Values over categories 1 to 4, in the order of the keys.
fn pooled(by_key: &ByKey) -> [Option<Mean>; 4] {
    let keys = [
        &by_key.published,
        &by_key.corrected,
        &by_key.clean,
        &by_key.corrupt,
    ];
    keys.map(|slices| slices.get(SLICES[0]).copied().flatten())
}
