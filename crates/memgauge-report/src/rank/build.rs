//! From arms to a leaderboard.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use memgauge_core::{Category, CategoryNames, QuestionId};

use super::{RankGroup, RankRow, Ranking};
use crate::arm::{Arm, JudgeFacts, Key, KeyedArms};
use crate::compare::{Columns, CompareError, by_key, judge_reason, metric, slices};
use crate::record::SCHEMA_VERSION;
use crate::statistics::Bootstrap;
use crate::summary::J;

/// Arms of one table differ in no more than this share of their questions.
const MOST_APART: f64 = 0.05;

/// What is asked of a leaderboard.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RankOptions {
    /// The metric; `None` = J where every arm has labels, otherwise `f1.locomo`.
    pub metric: Option<String>,
    /// Categories; empty = 1 to 4 together, and every category alone.
    pub categories: Vec<Category>,
    /// Whose names the categories go by.
    pub names: CategoryNames,
    /// How intervals are made.
    pub bootstrap: Bootstrap,
}

/// Ranks arms by a metric over categories.
///
/// An arm is tied with the one above where the interval of their paired difference holds 0; it then has the same
/// rank. Only neighbours are looked at, so that the first and last of a row of ties may well differ. Arms of other
/// datasets, judges or questions stand in other tables.
///
/// # Errors
/// When there is no such metric.
pub fn rank(arms: &[Arm], options: &RankOptions) -> Result<Ranking, CompareError> {
    ranked(arms, None, options)
}

/// [`rank`] under errata: ranks by one key, and means by all.
///
/// # Errors
/// As [`rank`].
pub fn rank_by_key(
    keyed: &KeyedArms,
    key: Key,
    options: &RankOptions,
) -> Result<Ranking, CompareError> {
    ranked(keyed.under(key), Some((keyed, key)), options)
}

fn ranked(
    arms: &[Arm],
    keyed: Option<(&KeyedArms, Key)>,
    options: &RankOptions,
) -> Result<Ranking, CompareError> {
    let RankOptions {
        names, bootstrap, ..
    } = *options;
    let metric = match metric(arms, options.metric.as_deref()) {
        // Arms without the metric stand at the end, if any arm has it.
        Err(CompareError::NoValue { metric, .. })
            if arms.iter().any(|arm| !arm.values(&metric).is_empty()) =>
        {
            metric
        }
        other => other?,
    };
    let slices = slices(&options.categories, names);
    let mut groups: BTreeMap<(String, Option<JudgeFacts>), Vec<usize>> = BTreeMap::new();
    for (at, arm) in arms.iter().enumerate() {
        let judge = arm.facts.judge.clone().filter(|_| metric == J);
        let key = (arm.facts.dataset.content.clone(), judge.map(told));
        groups.entry(key).or_default().push(at);
    }
    let headline = slices.first().map_or(&[][..], |(_, all)| all.as_slice());
    let groups = groups.into_iter().flat_map(|(key, members)| {
        let alike = alike(arms, members, headline).into_iter();
        alike.map(move |members| (key.clone(), members))
    });
    let mut ranked = Vec::new();
    for ((content, judge), members) in groups {
        let mine: Vec<&Arm> = members.iter().filter_map(|at| arms.get(*at)).collect();
        let is_comparable = metric != J
            || mine
                .windows(2)
                .all(|pair| !matches!(pair, [a, b] if judge_reason(a, b).is_some()));
        let columns = Columns::new(&mine, &metric, slices.clone());
        let (rows, order) = rows(&mine, &columns, is_comparable, &bootstrap)?;
        let in_order: Vec<usize> = order
            .into_iter()
            .filter_map(|at| members.get(at).copied())
            .collect();
        let errata = keyed
            .filter(|(keyed, _)| mine.first().is_some_and(|arm| keyed.binds(arm)))
            .map(|(keyed, key)| by_key(keyed, key, &in_order, &[], &metric, &slices, &bootstrap))
            .transpose()?;
        ranked.push(RankGroup {
            dataset: mine
                .first()
                .map_or_else(String::new, |arm| arm.facts.dataset.name.clone()),
            dataset_content: content,
            judge,
            is_comparable,
            rows,
            errata,
        });
    }
    ranked.sort_by_key(|group| Reverse(group.rows.len()));
    Ok(Ranking {
        schema_version: SCHEMA_VERSION,
        metric,
        names,
        bootstrap,
        slices: slices.into_iter().map(|(name, _)| name).collect(),
        groups: ranked,
    })
}

/// Arms put together by the questions that they were asked: with the first whose questions are theirs, but for a few that
/// an import could not match.
fn alike(arms: &[Arm], members: Vec<usize>, categories: &[Category]) -> Vec<Vec<usize>> {
    let asked = |at: usize| -> BTreeSet<&QuestionId> {
        let questions = arms.get(at).map(Arm::questions).unwrap_or_default();
        let questions = questions.into_iter();
        questions
            .filter(|(_, category)| categories.contains(category))
            .map(|(question, _)| question)
            .collect()
    };
    let mut found: Vec<(BTreeSet<&QuestionId>, Vec<usize>)> = Vec::new();
    for at in members {
        let mine = asked(at);
        let is_alike = |(theirs, _): &&mut (BTreeSet<&QuestionId>, Vec<usize>)| {
            let shared = mine.intersection(theirs).count() as f64;
            shared >= (1.0 - MOST_APART) * mine.len().max(theirs.len()) as f64
        };
        match found.iter_mut().find(is_alike) {
            Some((_, group)) => group.push(at),
            None => found.push((mine, vec![at])),
        }
    }
    found.into_iter().map(|(_, group)| group).collect()
}

/// A judge without what does not make it another one.
fn told(judge: JudgeFacts) -> JudgeFacts {
    if judge.is_known() {
        JudgeFacts {
            prompt: judge.prompt.clone().filter(|_| judge.digest.is_some()),
            served_by: Vec::new(),
            ..judge
        }
    } else {
        judge
    }
}

/// The rows of a table, and the positions of their arms.
fn rows(
    arms: &[&Arm],
    columns: &Columns<'_>,
    is_comparable: bool,
    bootstrap: &Bootstrap,
) -> Result<(Vec<RankRow>, Vec<usize>), CompareError> {
    let means = columns.means(bootstrap)?;
    let first = |at: usize| means.get(at).and_then(|row| row.first().copied().flatten());
    let mut order: Vec<usize> = (0..arms.len()).collect();
    // Arms without a value stand last, equal ones in the order in which they were named.
    order.sort_by(|a, b| {
        let value = |at: usize| first(at).map_or(f64::NEG_INFINITY, |mean| mean.mean);
        value(*b).total_cmp(&value(*a)).then(a.cmp(b))
    });
    let neighbours: Vec<(usize, usize)> = order
        .windows(2)
        .filter_map(|pair| match pair {
            [above, below] => Some((*above, *below)),
            _ => None,
        })
        .collect();
    let differences = columns.differences(&neighbours, bootstrap)?;
    let mut found: Vec<RankRow> = Vec::with_capacity(arms.len());
    for (place, at) in order.iter().enumerate() {
        let Some(arm) = arms.get(*at) else { continue };
        let behind = place
            .checked_sub(1)
            .and_then(|above| differences.get(above)?.first().copied().flatten())
            .filter(|_| is_comparable);
        let has_value = first(*at).is_some();
        let above = found.last().and_then(|row| row.rank);
        let is_ranked = has_value && is_comparable;
        let is_open = behind.is_some_and(|behind| behind.interval.contains(0.0));
        let is_tied = is_ranked && above.is_some() && is_open;
        let headline = columns.headline();
        let mine = |category: &Category| headline.contains(category);
        let questions = arm.questions();
        let categories: BTreeSet<u8> = questions.values().map(|c| c.number()).collect();
        let failed = arm.answers.values().filter(|a| a.failure.is_some());
        found.push(RankRow {
            rank: match (is_ranked, is_tied) {
                (false, _) => None,
                (true, true) => above,
                (true, false) => Some(place + 1),
            },
            label: arm.label.clone(),
            dir: arm.dir.display().to_string(),
            control: arm.facts.control,
            means: means.get(*at).cloned().unwrap_or_default(),
            behind,
            is_tied,
            asked: questions.values().filter(|c| mine(c)).count(),
            failed: failed.filter(|answer| mine(&answer.category)).count(),
            answer_model: arm.facts.answer_model.clone(),
            judge: arm.facts.judge.clone(),
            categories: categories.into_iter().collect(),
            key: arm.facts.key.clone(),
            imported: arm.facts.imported,
            finished: arm.facts.finished,
        });
    }
    Ok((found, order))
}

#[cfg(test)]
#[path = "build_tests.rs"]
mod tests;
