//! Two arms, stage by stage.

use std::collections::BTreeMap;

use memgauge_core::{Category, QuestionId};
use serde::Serialize;

use super::locate::Located;
use super::stage::LossStage;
use crate::statistics::{Bootstrap, Column, PairedDifference, StatisticsError};
use crate::summary::{DOMAINS, MeanOf, layout};

/// One stage in both arms, over categories 1 to 4.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StageDifference {
    /// The stage.
    pub stage: LossStage,
    /// Records of the first arm that ended there.
    pub first: u64,
    /// Of the second.
    pub second: u64,
    /// Share of questions that end there under the second arm minus under the first, paired by
    /// question, with its interval; null without a common question.
    pub difference: Option<PairedDifference>,
}

/// Questions that ended at one stage under the first arm and at another under the second.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Move {
    /// Stage under the first arm.
    pub from: LossStage,
    /// Stage under the second.
    pub to: LossStage,
    /// Records.
    pub count: u64,
}

/// What changes between two arms on the questions that both were asked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LossDifference {
    /// Name of the first arm.
    pub first: String,
    /// Name of the second.
    pub second: String,
    /// Records of categories 1 to 4 that both have.
    pub records: u64,
    /// Records that only one of them has: left out.
    pub unpaired: u64,
    /// Every stage.
    pub stages: Vec<StageDifference>,
    /// Every change that occurs, the most frequent first.
    pub moves: Vec<Move>,
}

/// The difference between the located questions of two arms (of one run, or of two runs on the same
/// dataset), over categories 1 to 4. Records are paired by question and repeat.
///
/// # Errors
/// Never for located questions: the columns are made here.
pub fn difference(
    (first, one): (&str, &[&Located]),
    (second, other): (&str, &[&Located]),
    bootstrap: Bootstrap,
) -> Result<LossDifference, StatisticsError> {
    type ByRecord = BTreeMap<(QuestionId, u32), (Category, LossStage)>;
    let by_record = |arm: &[&Located]| -> ByRecord {
        let scored = arm.iter().filter(|located| located.category.is_scored());
        scored
            .map(|located| {
                let key = (located.question.clone(), located.repeat);
                (key, (located.category, located.stage))
            })
            .collect()
    };
    let (one, other) = (by_record(one), by_record(other));
    let mut pairs = Vec::new();
    let mut questions: BTreeMap<(QuestionId, u32), Category> = BTreeMap::new();
    for (key, (category, from)) in &one {
        if let Some((_, to)) = other.get(key) {
            pairs.push((&key.0, *from, *to));
            questions.insert((key.0.clone(), 0), *category);
        }
    }
    let mut moved: BTreeMap<(LossStage, LossStage), u64> = BTreeMap::new();
    for (_, from, to) in pairs.iter().filter(|(_, from, to)| from != to) {
        *moved.entry((*from, *to)).or_default() += 1;
    }
    let mut moves: Vec<Move> = moved
        .into_iter()
        .map(|((from, to), count)| Move { from, to, count })
        .collect();
    moves.sort_by_key(|change| (std::cmp::Reverse(change.count), change.from, change.to));

    // Share of a question's records at a stage, under the second arm and under the first.
    let columns: Vec<[Vec<Option<f64>>; 2]> = LossStage::ALL
        .iter()
        .map(|stage| {
            let share = |of: fn(&(&QuestionId, LossStage, LossStage)) -> LossStage| {
                let mut means: BTreeMap<&QuestionId, MeanOf> = BTreeMap::new();
                for pair in &pairs {
                    let ends = f64::from(u8::from(of(pair) == *stage));
                    means.entry(pair.0).or_default().add(Some(ends));
                }
                means.into_values().map(MeanOf::mean).collect()
            };
            [share(|(_, _, to)| *to), share(|(_, from, _)| *from)]
        })
        .collect();
    let (layout, _) = layout(&questions);
    let compared: Vec<(Column<'_>, Column<'_>)> = columns
        .iter()
        .map(|[second, first]| (second.as_slice(), first.as_slice()))
        .collect();
    let differences = bootstrap.paired_differences(&layout, &DOMAINS[..1], &compared)?;
    let ended = |of: &dyn Fn(&(&QuestionId, LossStage, LossStage)) -> bool| {
        pairs.iter().filter(|pair| of(pair)).count() as u64
    };
    let stages = LossStage::ALL
        .iter()
        .zip(differences)
        .map(|(stage, mut cells)| StageDifference {
            stage: *stage,
            first: ended(&|(_, from, _)| from == stage),
            second: ended(&|(_, _, to)| to == stage),
            difference: cells.pop().flatten(),
        })
        .collect();
    let records = pairs.len() as u64;
    Ok(LossDifference {
        first: first.to_owned(),
        second: second.to_owned(),
        records,
        unpaired: (one.len() + other.len()) as u64 - 2 * records,
        stages,
        moves,
    })
}
