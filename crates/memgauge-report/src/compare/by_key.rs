//! Arms under every key of an overlay of errata.

use std::collections::BTreeMap;

use memgauge_core::{Category, Gold, QuestionId};
use serde::Serialize;

use super::build::Columns;
use super::options::Slice;
use super::pairs::Places;
use crate::arm::{Arm, Key, KeyedArms};
use crate::errata::{CorrectedJudge, Overlay, ceiling_over};
use crate::statistics::{Bootstrap, PairedDifference, StatisticsError};
use crate::summary::Mean;

/// Arms, and differences between them, under every key.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ArmsByKey {
    /// The overlay, and how many of the arms' questions it touches.
    #[serde(flatten)]
    pub overlay: Overlay,
    /// The key that verdicts or ranks are made with.
    pub decided_by: Key,
    /// Best honest score by the key that decides, slice by slice; null for metrics and slices without one. Under the
    /// corrected key and on clean questions every score is honest.
    pub ceiling: Vec<Option<f64>>,
    /// The arms, in the order of the table that they belong to.
    pub arms: Vec<ArmByKey>,
    /// The comparisons; empty in a leaderboard.
    pub pairs: Vec<PairByKey>,
}

/// An arm under every key.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ArmByKey {
    /// Its name.
    pub label: String,
    /// Whether it is a control.
    pub control: bool,
    /// Best honest score under the published key over its own questions, slice by slice.
    pub ceiling: Vec<Option<f64>>,
    /// Its means under the published key, slice by slice; null where a slice has no value.
    pub published: Vec<Option<Mean>>,
    /// Under the corrected key; J is null until its corrupt answers are judged again.
    pub corrected: Vec<Option<Mean>>,
    /// Over the questions whose published answer nobody disputes.
    pub clean: Vec<Option<Mean>>,
    /// The judge behind the corrected labels; null = nobody judged the corrupt answers again.
    pub judged_by: Option<CorrectedJudge>,
}

impl ArmByKey {
    /// Its means under a key.
    #[must_use]
    pub fn means(&self, key: Key) -> &[Option<Mean>] {
        match key {
            Key::Published => &self.published,
            Key::Corrected => &self.corrected,
            Key::Clean => &self.clean,
        }
    }
}

/// One arm against another under every key, slice by slice; null where they share no value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PairByKey {
    /// The arm.
    pub arm: String,
    /// What it is compared with.
    pub reference: String,
    /// Arm minus reference under the published key.
    pub published: Vec<Option<PairedDifference>>,
    /// Under the corrected key.
    pub corrected: Vec<Option<PairedDifference>>,
    /// On clean questions.
    pub clean: Vec<Option<PairedDifference>>,
}

impl PairByKey {
    /// The difference over the first slice.
    #[must_use]
    pub fn headline(&self, key: Key) -> Option<PairedDifference> {
        let slices = match key {
            Key::Published => &self.published,
            Key::Corrected => &self.corrected,
            Key::Clean => &self.clean,
        };
        slices.first().copied().flatten()
    }
}

/// The metric of the arms at `members`, and the differences between pairs of them, under every key.
pub(crate) fn by_key(
    keyed: &KeyedArms,
    key: Key,
    members: &[usize],
    places: &[Places],
    metric: &str,
    slices: &[Slice],
    bootstrap: &Bootstrap,
) -> Result<ArmsByKey, StatisticsError> {
    let arms_under = |key: Key| -> Vec<&Arm> {
        let arms = keyed.under(key);
        members.iter().filter_map(|at| arms.get(*at)).collect()
    };
    let mut means: Vec<Vec<Vec<Option<Mean>>>> = Vec::new();
    let mut differences: Vec<Vec<Vec<Option<PairedDifference>>>> = Vec::new();
    for key in Key::ALL {
        let arms = arms_under(key);
        let columns = Columns::new(&arms, metric, slices.to_vec());
        // Words beside the corrected evidence are not in the files: only the other questions would be left.
        if key == Key::Corrected && is_of_words(metric) {
            means.push(vec![vec![None; slices.len()]; arms.len()]);
            differences.push(vec![vec![None; slices.len()]; places.len()]);
            continue;
        }
        means.push(columns.means(bootstrap)?);
        differences.push(match places {
            [] => Vec::new(),
            places => columns.differences(places, bootstrap)?,
        });
    }
    let published = arms_under(Key::Published);
    let all: BTreeMap<&QuestionId, Category> =
        published.iter().flat_map(|arm| arm.questions()).collect();
    let best = |questions: &BTreeMap<&QuestionId, Category>| {
        slices
            .iter()
            .map(|(_, categories)| {
                let mine = questions
                    .iter()
                    .filter(|(_, category)| categories.contains(category));
                let golds = mine.filter_map(|(id, category)| {
                    let gold: &Gold = keyed.golds.get(*id)?;
                    Some((*id, *category, gold))
                });
                ceiling_over(&keyed.errata, metric, golds)
            })
            .collect::<Vec<_>>()
    };
    let mut ceiling = best(&all);
    if key != Key::Published {
        for best in ceiling.iter_mut().flatten() {
            *best = 1.0;
        }
    }
    let of_arm = |key: usize, at: usize| {
        let arm = means.get(key).and_then(|arms| arms.get(at));
        arm.cloned().unwrap_or_default()
    };
    let arms = published.iter().enumerate().map(|(at, arm)| ArmByKey {
        label: arm.label.clone(),
        control: arm.facts.control,
        ceiling: best(&arm.questions()),
        published: of_arm(0, at),
        corrected: of_arm(1, at),
        clean: of_arm(2, at),
        judged_by: members
            .get(at)
            .and_then(|member| keyed.judged_by.get(*member).cloned().flatten()),
    });
    let label = |at: usize| {
        published
            .get(at)
            .map_or_else(String::new, |arm| arm.label.clone())
    };
    let of_pair = |key: usize, at: usize| {
        let pair = differences.get(key).and_then(|pairs| pairs.get(at));
        pair.cloned().unwrap_or_default()
    };
    let pairs = places
        .iter()
        .enumerate()
        .map(|(at, (arm, reference))| PairByKey {
            arm: label(*arm),
            reference: label(*reference),
            published: of_pair(0, at),
            corrected: of_pair(1, at),
            clean: of_pair(2, at),
        });
    Ok(ArmsByKey {
        overlay: Overlay::new(
            &keyed.errata,
            slices,
            all.iter().map(|(id, category)| (*id, *category)),
        ),
        decided_by: key,
        ceiling,
        arms: arms.collect(),
        pairs: pairs.collect(),
    })
}

/// Whether an evidence metric counts words, which the files do not hold.
fn is_of_words(metric: &str) -> bool {
    metric.starts_with("evidence.") && metric.ends_with("tokens")
}
