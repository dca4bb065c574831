//! Arms of several runs under every key of an overlay of errata.

use super::cell::{mark_name, percent_with_interval};
use super::comparison::{p_value, points};
use super::errata::{CEILING_NOTE, ceiling_cell, overlay_note, relabelled_note};
use super::scores::CEILING;
use super::{Table, UNKNOWN};
use crate::arm::Key;
use crate::compare::ArmsByKey;
use crate::errata::CorrectedJudge;
use crate::statistics::Verdict;
use crate::summary::{J, Mean};

/// Marks a mean above a best honest score; sums in another order differ in the last bits.
fn flagged(mean: Option<Mean>, ceiling: Option<f64>) -> String {
    let mut cell = percent_with_interval(mean);
    if let (Some(mean), Some(ceiling)) = (mean, ceiling)
        && mean.mean > ceiling + 1e-9
    {
        cell.push_str(" !");
    }
    cell
}

/// A mean under the key that decides, in the slice at this position.
pub(super) fn decided_cell(errata: Option<&ArmsByKey>, at: usize, mean: Option<Mean>) -> String {
    let ceiling = errata.and_then(|errata| errata.ceiling.get(at).copied().flatten());
    flagged(mean, ceiling)
}

/// The row of best honest scores by the key that decides, under a table whose slices begin at this column.
pub(super) fn decided_ceiling(errata: &ArmsByKey, head: &[String], first: usize) -> Vec<String> {
    let mut row = vec![UNKNOWN.to_owned(); head.len()];
    let known = errata.ceiling.iter().map(|best| ceiling_cell(*best));
    for (cell, known) in row.iter_mut().skip(first).zip(known) {
        *cell = known;
    }
    if let Some(name) = row.first_mut() {
        CEILING.clone_into(name);
    }
    row
}

/// Means of every arm under every key, and below them the best honest scores under the published one: once, where all
/// arms were asked the same.
pub(super) fn arms_by_key(errata: &ArmsByKey, metric: &str, slices: &[String]) -> Table {
    let mut table = Table::new(&[metric, "key"]);
    table.head.extend(slices.iter().cloned());
    for arm in &errata.arms {
        for key in Key::ALL {
            let mut row = vec![mark_name(&arm.label, arm.control), key.name().to_owned()];
            row.extend(arm.means(key).iter().enumerate().map(|(at, mean)| {
                let ceiling = arm.ceiling.get(at).copied().flatten();
                flagged(*mean, ceiling.filter(|_| key == Key::Published))
            }));
            table.rows.push(row);
        }
    }
    let is_one = errata
        .arms
        .windows(2)
        .all(|pair| matches!(pair, [a, b] if a.ceiling == b.ceiling));
    let shown = if is_one { 1 } else { errata.arms.len() };
    for arm in errata.arms.iter().take(shown) {
        let mut row = vec![
            match is_one {
                true => CEILING.to_owned(),
                false => format!("{CEILING}, {}", arm.label),
            },
            Key::Published.name().to_owned(),
        ];
        row.extend(arm.ceiling.iter().map(|best| ceiling_cell(*best)));
        table.rows.push(row);
    }
    table
}

/// A verdict, marked where it is one on arms that are not comparable.
pub(super) fn told(verdict: Verdict, forced: bool) -> String {
    match forced {
        true => format!("{verdict} (forced)"),
        false => verdict.to_string(),
    }
}

/// Differences over the first slice under every key.
/// `forced`: the arms are compared though they are not comparable.
pub fn pairs_by_key(errata: &ArmsByKey, margin: f64, forced: bool) -> Table {
    let mut table = Table::new(&[
        "by key",
        "key",
        "n",
        "Δ points [95 %]",
        "p",
        "won",
        "lost",
        "equal",
        "verdict",
    ]);
    for pair in &errata.pairs {
        for key in Key::ALL {
            let mut row = vec![
                format!("{} - {}", pair.arm, pair.reference),
                key.name().to_owned(),
            ];
            match pair.headline(key) {
                Some(found) => row.extend([
                    found.n.to_string(),
                    points(&found),
                    p_value(found.p_value),
                    found.won.to_string(),
                    found.lost.to_string(),
                    found.tied.to_string(),
                    told(found.verdict(margin), forced),
                ]),
                None => row.resize(table.head.len(), UNKNOWN.to_owned()),
            }
            table.rows.push(row);
        }
    }
    table
}

/// Whose errata, what they touch, and how to read the tables.
pub(super) fn by_key_note(errata: &ArmsByKey, metric: &str) -> String {
    format!(
        "{}{CEILING_NOTE} The other tables are by the {} key (--key).{}",
        overlay_note(&errata.overlay),
        errata.decided_by.name(),
        relabelled(errata, metric)
    )
}

/// Whose errata, and what they touch, below [`pairs_by_key`] alone.
pub fn pairs_by_key_note(errata: &ArmsByKey, metric: &str) -> String {
    format!(
        "{}{}",
        overlay_note(&errata.overlay),
        relabelled(errata, metric)
    )
}

/// Where corrected labels come from, each judge once; nothing for other metrics than J.
fn relabelled(errata: &ArmsByKey, metric: &str) -> String {
    let mut told: Vec<Option<&CorrectedJudge>> = Vec::new();
    for arm in errata.arms.iter().filter(|_| metric == J) {
        if !told.contains(&arm.judged_by.as_ref()) {
            told.push(arm.judged_by.as_ref());
        }
    }
    told.into_iter().map(relabelled_note).collect()
}
