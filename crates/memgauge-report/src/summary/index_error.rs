//! What an approximate index of vectors misses, and what comes of it.

use std::collections::{BTreeMap, BTreeSet};

use memgauge_core::{MemoryId, QuestionId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::manifest::Manifest;
use crate::record::Candidates;
use crate::rundir::{RunDir, RunDirError};

/// Depths at which the lists are compared.
const DEPTHS: [u32; 2] = [10, 30];
/// Name of the list that a vector search gives.
const LIST: &str = "dense";
/// Kind of the index that misses nothing.
const EXACT: &str = "exact";

/// An approximate search of vectors against the exact one of a variant that is the same otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IndexError {
    /// The variant that searches exactly.
    pub exact: String,
    /// Questions compared.
    pub questions: usize,
    /// Depth k -> share of the k nearest memories that are not among the k that were found, mean over questions.
    pub missed: BTreeMap<u32, f64>,
    /// Share of the questions that were answered otherwise.
    pub answers_changed: f64,
}

/// The fields of a record that matter here.
#[derive(Deserialize)]
struct Row {
    variant: String,
    question: QuestionId,
    repeat: u32,
    answer: Option<String>,
    lists: Vec<String>,
    candidates: Candidates,
}

/// What one question came to.
struct Found {
    answer: Option<String>,
    /// Depth -> the memories that the vector search ranked so high.
    nearest: Vec<BTreeSet<MemoryId>>,
}

/// The index error of every variant of `manifest` for which there is an exact one.
pub(super) fn index_errors(
    dir: &RunDir,
    manifest: &Manifest,
) -> Result<BTreeMap<String, IndexError>, RunDirError> {
    let pairs = pairs(manifest);
    let wanted: BTreeSet<&String> = pairs.iter().flat_map(|(a, b)| [a, b]).collect();
    let mut found: BTreeMap<String, BTreeMap<QuestionId, Found>> = BTreeMap::new();
    if wanted.is_empty() {
        return Ok(BTreeMap::new());
    }
    dir.records(|row: Row| {
        if row.repeat > 0 || !wanted.contains(&row.variant) {
            return;
        }
        let list = row.lists.iter().position(|name| name == LIST);
        let ranks = list.and_then(|list| row.candidates.ranks.get(list));
        let Some(ranks) = ranks.filter(|ranks| !ranks.is_empty()) else {
            return;
        };
        let ranked = || row.candidates.ids.iter().zip(ranks);
        let within = |depth: u32| {
            let near = ranked().filter(|(_, rank)| rank.is_some_and(|rank| rank <= depth));
            near.map(|(id, _)| *id).collect()
        };
        let nearest = DEPTHS.map(within).into();
        let answer = row.answer;
        let questions = found.entry(row.variant).or_default();
        questions.insert(row.question, Found { answer, nearest });
    })?;
    Ok(pairs
        .into_iter()
        .filter_map(|(variant, exact)| {
            let error = compare(&exact, found.get(&variant)?, found.get(&exact)?)?;
            Some((variant, error))
        })
        .collect())
}

fn compare(
    exact: &str,
    mine: &BTreeMap<QuestionId, Found>,
    theirs: &BTreeMap<QuestionId, Found>,
) -> Option<IndexError> {
    let both: Vec<(&Found, &Found)> = mine
        .iter()
        .filter_map(|(question, mine)| Some((mine, theirs.get(question)?)))
        .collect();
    let n = both.len() as f64;
    if both.is_empty() {
        return None;
    }
    let missed = DEPTHS.iter().enumerate().map(|(at, depth)| {
        let share = |(mine, theirs): &(&Found, &Found)| {
            let (mine, theirs) = (mine.nearest.get(at)?, theirs.nearest.get(at)?);
            let lost = theirs.difference(mine).count() as f64;
            Some(lost / (theirs.len().max(1)) as f64)
        };
        (*depth, both.iter().filter_map(share).sum::<f64>() / n)
    });
    let changed = both
        .iter()
        .filter(|(mine, theirs)| mine.answer != theirs.answer);
    Some(IndexError {
        exact: exact.to_owned(),
        questions: both.len(),
        missed: missed.collect(),
        answers_changed: changed.count() as f64 / n,
    })
}

/// Variants with an approximate index, each with the first that differs from it in an exact one alone.
fn pairs(manifest: &Manifest) -> Vec<(String, String)> {
    let variants = manifest.config.get("variant").and_then(Value::as_array);
    let variants: Vec<(&str, &str, Value)> = variants
        .into_iter()
        .flatten()
        .filter_map(|variant| {
            let name = variant.get("name")?.as_str()?;
            let kind = variant.pointer("/system/store/vectors/kind")?.as_str()?;
            // Everything that decides about which memories there are, and under which numbers.
            let mut rest = variant.clone();
            rest.as_object_mut()?
                .retain(|key, _| !matches!(key.as_str(), "name" | "cell"));
            rest.pointer_mut("/system/store")?
                .as_object_mut()?
                .remove("vectors");
            Some((name, kind, rest))
        })
        .collect();
    let approximate = variants.iter().filter(|(_, kind, _)| *kind != EXACT);
    approximate
        .filter_map(|(name, _, rest)| {
            let mut others = variants.iter();
            let (exact, ..) = others.find(|(_, kind, other)| *kind == EXACT && other == rest)?;
            Some(((*name).to_owned(), (*exact).to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use memgauge_core::ConversationId;

    use super::*;

    fn found(answer: &str, order: &[u32]) -> Found {
        Found {
            answer: Some(answer.to_owned()),
            nearest: DEPTHS
                .map(|depth| {
                    let near = order.iter().take(depth as usize);
                    near.map(|id| MemoryId(*id)).collect()
                })
                .into(),
        }
    }

    fn questions(all: Vec<Found>) -> BTreeMap<QuestionId, Found> {
        let id = |index| QuestionId {
            conversation: ConversationId::new("c"),
            index,
        };
        (0..).map(id).zip(all).collect()
    }

    #[test]
    fn what_is_missed_is_a_share_of_the_nearest() {
        let first: Vec<u32> = (0..30).collect();
        // Of the ten nearest, 8 and 9 are not found; two that are farther stand in their place.
        let without: Vec<u32> = (0..8).chain(10..32).collect();
        let exact = questions(vec![found("a", &first), found("b", &first)]);
        let rough = questions(vec![found("a", &without), found("c", &first)]);
        let error = compare("exact", &rough, &exact).unwrap();
        assert_eq!((error.questions, error.answers_changed), (2, 0.5));
        assert!((error.missed[&10] - 0.1).abs() < 1e-12);
        assert!((error.missed[&30] - 1.0 / 30.0).abs() < 1e-12);
        assert_eq!(compare("exact", &exact, &exact).unwrap().missed[&10], 0.0);
        assert_eq!(compare("exact", &questions(Vec::new()), &exact), None);
    }
}
