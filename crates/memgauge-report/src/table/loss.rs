//! Where questions were lost.

use std::collections::BTreeMap;

use super::UNKNOWN;
use super::cell::{mark_name, thousands};
use super::render::Table;
use crate::loss::{Located, LossDifference, LossStage, LossSummary};
use crate::summary::{SLICES, Summary};

/// Stages that stand in the table although nothing was lost there.
const WAY: usize = 6;

/// The waterfall: of all questions of categories 1 to 4, how many percent every stage lost, from the
/// conversation to the label, and what is left; one column per system. Stages beside the way are left
/// out where no question ended there.
pub fn waterfall(summary: &Summary) -> Table {
    let mut table = Table::new(&["lost, % of questions"]);
    let mut totals = vec!["n".to_owned()];
    let mut columns: Vec<(u64, Option<&BTreeMap<LossStage, u64>>)> = Vec::new();
    for variant in &summary.variants {
        let stages = variant
            .loss
            .as_ref()
            .and_then(|loss| loss.slices.get(SLICES[0]));
        let total = stages.map_or(0, |stages| stages.values().sum());
        table.head.push(mark_name(&variant.name, variant.control));
        totals.push(match stages {
            Some(_) => thousands(total as f64),
            None => UNKNOWN.to_owned(),
        });
        columns.push((total, stages));
    }
    table.rows.push(totals);
    for (at, stage) in LossStage::ALL.iter().enumerate() {
        let of = |stages: Option<&BTreeMap<LossStage, u64>>| stages?.get(stage).copied();
        let ends = columns
            .iter()
            .any(|(_, stages)| of(*stages).unwrap_or(0) > 0);
        if at >= WAY && *stage != LossStage::Right && !ends {
            continue;
        }
        let mut row = vec![stage.name().to_owned()];
        row.extend(columns.iter().map(|(total, stages)| match of(*stages) {
            Some(count) if *total > 0 => format!("{:.1}", 100.0 * count as f64 / *total as f64),
            _ => UNKNOWN.to_owned(),
        }));
        table.rows.push(row);
    }
    table
}

/// How the stages of a summary were told.
pub fn waterfall_note(summary: &Summary) -> String {
    let mut by_rule: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for variant in &summary.variants {
        if let Some(loss) = &variant.loss {
            by_rule.entry(rule(loss)).or_default().push(&variant.name);
        }
    }
    let told = match by_rule.len() {
        1 => by_rule.into_keys().next().unwrap_or_default(),
        _ => by_rule
            .into_iter()
            .map(|(rule, names)| format!("{}: {rule}", names.join(", ")))
            .collect::<Vec<_>>()
            .join("; "),
    };
    format!("Every question has one stage; of several gold turns one decides. {told}.")
}

fn rule(loss: &LossSummary) -> String {
    let mut rule = format!(
        "right: {} of at least {}; needed: {} gold turn",
        loss.metric,
        loss.threshold,
        loss.needs.name()
    );
    if !loss.second.is_empty() {
        rule.push_str(&format!("; second judge: {}", loss.second.join(", ")));
    }
    if let Some(errata) = &loss.errata {
        rule.push_str(&format!("; errata {}", errata.get(..16).unwrap_or(errata)));
    }
    rule
}

/// Two arms stage by stage, as shares of the questions that both were asked.
pub fn loss_difference(difference: &LossDifference) -> Table {
    let mut table = Table::new(&["lost, % of questions", "", "", "change [95 %]"]);
    if let [_, first, second, _] = table.head.as_mut_slice() {
        first.clone_from(&difference.first);
        second.clone_from(&difference.second);
    }
    let share = |count: u64| match difference.records {
        0 => UNKNOWN.to_owned(),
        records => format!("{:.1}", 100.0 * count as f64 / records as f64),
    };
    for stage in &difference.stages {
        table.rows.push(vec![
            stage.stage.name().to_owned(),
            share(stage.first),
            share(stage.second),
            stage.difference.map_or_else(
                || UNKNOWN.to_owned(),
                |pair| {
                    format!(
                        "{:+.1} [{:+.1}, {:+.1}]",
                        100.0 * pair.mean,
                        100.0 * pair.interval.low,
                        100.0 * pair.interval.high
                    )
                },
            ),
        ]);
    }
    table
}

/// Where questions went between two arms.
pub fn moves(difference: &LossDifference) -> Table {
    let from = format!("from ({})", difference.first);
    let to = format!("to ({})", difference.second);
    let mut table = Table::new(&[&from, &to, "questions"]);
    for change in &difference.moves {
        table.rows.push(vec![
            change.from.name().to_owned(),
            change.to.name().to_owned(),
            change.count.to_string(),
        ]);
    }
    table
}

/// Questions and the stage that lost them.
pub fn located(rows: &[&Located], names: memgauge_core::CategoryNames) -> Table {
    let category = format!("category ({})", names.label());
    let mut table = Table::new(&[
        "question",
        "system",
        &category,
        "gold turn",
        "its fate",
        "asked",
        "right",
        "answered",
    ]);
    for row in rows {
        let unknown = || UNKNOWN.to_owned();
        let mut question = row.question.to_string();
        if row.repeat > 0 {
            question.push_str(&format!(" (repeat {})", row.repeat));
        }
        table.rows.push(vec![
            question,
            row.variant.clone(),
            names.of(row.category).to_owned(),
            row.turn.map_or_else(unknown, |turn| turn.to_string()),
            row.fate.map_or_else(unknown, |fate| match fate {
                crate::Fate::Below(rank) => format!("rank {rank}"),
                fate => fate.name().to_owned(),
            }),
            line(&row.text),
            line(&row.gold),
            row.answer.as_deref().map_or_else(unknown, line),
        ]);
    }
    table
}

/// A text on one line, shortened.
fn line(text: &str) -> String {
    const LONGEST: usize = 60;
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match flat.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", flat.get(..end).unwrap_or(&flat)),
        None => flat,
    }
}
