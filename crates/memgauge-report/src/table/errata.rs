//! Scores under the errata of the answer key.

use std::collections::BTreeMap;

use super::UNKNOWN;
use super::cell::{mark_name, percent_with_interval, share, thousands};
use super::render::Table;
use super::surrogate::unseen;
use crate::errata::{ANSWER_METRICS, ByKey, CorrectedJudge, ErrataSummary, ErrataVariant, Overlay};
use crate::summary::{J, Mean, SLICES};

/// One table per metric that compares an answer with the key: every question under the published and
/// under the corrected key, and apart the questions whose key is right and those whose key is wrong.
/// Categories 1 to 4. Metrics without a value (J without a judge) have none. J~ follows J.
pub fn answers_by_key(errata: &ErrataSummary) -> Vec<Table> {
    let mut tables = Vec::new();
    for metric in ANSWER_METRICS {
        tables.push(by_key(errata, metric, metric, |variant| {
            variant.metrics.get(metric)
        }));
        if metric == J {
            // The ceiling is J's: what is estimated cannot honestly be higher.
            tables.push(by_key(errata, "J~", J, |variant| {
                variant.j_estimated.as_ref()
            }));
        }
    }
    tables.retain(|table| !table.rows.is_empty());
    tables
}

/// A metric under every key; `limit` is the metric whose ceiling it has.
fn by_key<'a>(
    errata: &'a ErrataSummary,
    shown: &str,
    limit: &str,
    of: impl Fn(&'a ErrataVariant) -> Option<&'a ByKey>,
) -> Table {
    let count = |counts: &BTreeMap<String, usize>| counts.get(SLICES[0]).copied().unwrap_or(0);
    let overlay = &errata.overlay;
    let (all, corrupt) = (count(&overlay.questions), count(&overlay.corrupt));
    let number = |count: usize| thousands(count as f64);
    let mut table = Table::new(&[
        &format!("{shown} by key"),
        &format!("published (n={})", number(all)),
        &format!("corrected (n={})", number(all)),
        &format!("clean (n={})", number(all.saturating_sub(corrupt))),
        &format!("corrupt (n={})", number(corrupt)),
        "ceiling",
    ]);
    for variant in &errata.variants {
        let Some(pooled) = of(variant).map(pooled) else {
            continue;
        };
        let [Some(published), corrected, clean, wrong] = pooled else {
            continue;
        };
        let mut first = percent_with_interval(Some(published));
        first.push_str(flag(errata, limit, SLICES[0], published));
        let mut row = vec![name(variant), first];
        row.extend([corrected, clean, wrong].map(percent_with_interval));
        row.push(best(errata, limit, SLICES[0]));
        table.rows.push(row);
    }
    table
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

/// Where the errata are from and what they touch, and how to read the tables.
pub fn errata_note(errata: &ErrataSummary) -> String {
    let mut note = overlay_note(&errata.overlay);
    note.push_str(CEILING_NOTE);
    let is_judged = |variant: &ErrataVariant| {
        variant
            .metrics
            .get(J)
            .map(pooled)
            .is_some_and(|j| j[0].is_some())
    };
    if errata.variants.iter().any(is_judged) {
        note.push_str(&relabelled_note(errata.judged_by.as_ref()));
    }
    if let Some(estimated_by) = &errata.estimated_by {
        note.push_str(&format!(
            " J~ is an estimate from text features and the gold answer, not J: {}. Its ceiling is J's.",
            unseen(estimated_by.held_out)
        ));
    }
    note
}

/// How the row or column of best honest scores is read.
pub(super) const CEILING_NOTE: &str = " ceiling: the best honest score, of answers that are right by the conversation where the key is wrong; ! = above it.";

/// Whose errata, their fingerprint, and how many of the questions they touch; the first slice counts.
pub(super) fn overlay_note(overlay: &Overlay) -> String {
    let (slice, all) = match overlay.questions.get(SLICES[0]) {
        Some(all) => ("categories 1 to 4".to_owned(), *all),
        None => {
            let widest = overlay.questions.iter().max_by_key(|(_, count)| **count);
            widest.map_or_else(
                || (UNKNOWN.to_owned(), 0),
                |(name, count)| (name.clone(), *count),
            )
        }
    };
    let corrupt = match overlay.corrupt.get(SLICES[0]) {
        Some(corrupt) => *corrupt,
        None => overlay.corrupt.values().copied().max().unwrap_or(0),
    };
    let mut note = format!(
        "Errata of {} ({}), fingerprint {}: of {all} questions of {slice} the published answer is wrong for {corrupt}; {} \
         have other evidence.",
        overlay.source,
        overlay.licence.as_deref().unwrap_or("terms not told"),
        overlay.digest.get(..16).unwrap_or(&overlay.digest),
        overlay.evidence,
    );
    if overlay.unfit > 0 {
        note.push_str(&format!(
            " {} row(s) fit no question and are not applied.",
            overlay.unfit
        ));
    }
    note
}

/// Where J under the corrected key comes from.
pub(super) fn relabelled_note(judge: Option<&CorrectedJudge>) -> String {
    let Some(judge) = judge else {
        return " Corrected J is unknown until the corrupt questions are judged again: memgauge judge DIR --only-errata."
            .to_owned();
    };
    format!(
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
    )
}

/// The ceiling as a cell: a dash for metrics without one.
pub(super) fn best(errata: &ErrataSummary, metric: &str, slice: &str) -> String {
    ceiling_cell(errata.ceiling.get(metric, slice))
}

/// A best honest score as a cell.
pub(super) fn ceiling_cell(best: Option<f64>) -> String {
    best.map_or_else(|| UNKNOWN.to_owned(), |best| format!("{:.2}", 100.0 * best))
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
