//! From run directories to arms.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use memgauge_core::{Category, QuestionId};

use super::answer::{Answers, ArmAnswer, Row};
use super::facts::{ArmFacts, facts};
use super::label::{Named, labels};
use super::selection::{Selection, SelectionError};
use super::timings::{ArmTimings, timings};
use crate::rundir::{RunDir, files};
use crate::summary::{
    JudgeSummary, Judged, RepeatSummary, Repeated, VarianceParts, judge_summary, repeat_summary,
    variance,
};

/// One variant of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct Arm {
    /// Its name among the arms that it was read with.
    pub label: String,
    /// Name of the variant.
    pub variant: String,
    /// The run directory.
    pub dir: PathBuf,
    /// Position of the selection that it was read for.
    pub selection: usize,
    /// Where its numbers come from.
    pub facts: ArmFacts,
    /// Its answers by question and repeat.
    pub answers: BTreeMap<(QuestionId, u32), ArmAnswer>,
    /// How long its searches took; empty where nothing was measured.
    pub timings: ArmTimings,
}

/// Reads the arms that are selected, in the order of the selections and, inside a run, of its variants. Every run is
/// read once.
///
/// # Errors
/// When a run cannot be read, a variant is not in it, or an arm is named twice.
pub fn arms(selections: &[Selection]) -> Result<Vec<Arm>, SelectionError> {
    let mut runs: BTreeMap<PathBuf, Vec<Arm>> = BTreeMap::new();
    let mut taken: BTreeSet<(PathBuf, usize)> = BTreeSet::new();
    let mut places = Vec::new();
    for (number, selection) in selections.iter().enumerate() {
        let key = std::fs::canonicalize(&selection.dir).unwrap_or_else(|_| selection.dir.clone());
        let run = match runs.entry(key.clone()) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(read(&RunDir::open(&selection.dir)?)?)
            }
        };
        let variants: Vec<(String, bool)> = run
            .iter()
            .map(|arm| (arm.variant.clone(), arm.facts.control))
            .collect();
        for at in selection.pick(&variants)? {
            if !taken.insert((key.clone(), at)) {
                return Err(SelectionError::Twice {
                    text: selection.text.clone(),
                });
            }
            places.push((key.clone(), at, number));
        }
    }
    let mut found: Vec<Arm> = places
        .into_iter()
        .filter_map(|(key, at, selection)| {
            let arm = runs.get_mut(&key)?.get_mut(at)?;
            Some(Arm {
                selection,
                answers: std::mem::take(&mut arm.answers),
                ..arm.clone()
            })
        })
        .collect();
    let named: Vec<Named<'_>> = found
        .iter()
        .map(|arm| Named {
            dir: &arm.dir,
            run: &arm.facts.run,
            variant: &arm.variant,
        })
        .collect();
    let labels = labels(&named);
    for (arm, label) in found.iter_mut().zip(labels) {
        arm.label = label;
    }
    Ok(found)
}

/// All variants of a run.
fn read(dir: &RunDir) -> Result<Vec<Arm>, SelectionError> {
    let manifest = dir.manifest()?;
    let mut answers: BTreeMap<String, Answers> = BTreeMap::new();
    dir.records(|row: Row| {
        let mine = answers.entry(row.variant.clone()).or_default();
        mine.insert((row.question.clone(), row.repeat), row.into());
    })?;
    let mut timings = timings(dir, &manifest)?;
    let finished = dir.file(files::SUMMARY).is_file();
    Ok(manifest
        .variants
        .iter()
        .map(|variant| {
            let answers = answers.remove(&variant.name).unwrap_or_default();
            let labelled = answers.values().any(|answer| !answer.labels.is_empty());
            Arm {
                label: variant.name.clone(),
                variant: variant.name.clone(),
                dir: dir.path().to_owned(),
                selection: 0,
                facts: facts(&manifest, variant, finished, labelled),
                answers,
                timings: timings.remove(&variant.name).unwrap_or_default(),
            }
        })
        .collect())
}

impl Arm {
    /// The questions that were asked, with their categories, whether answered or not.
    #[must_use]
    pub fn questions(&self) -> BTreeMap<&QuestionId, Category> {
        self.answers
            .iter()
            .map(|((question, _), answer)| (question, answer.category))
            .collect()
    }

    /// The value of a metric for every question that has one: the mean over its repeats.
    #[must_use]
    pub fn values(&self, metric: &str) -> BTreeMap<&QuestionId, f64> {
        let mut sums: BTreeMap<&QuestionId, (f64, u32)> = BTreeMap::new();
        for ((question, _), answer) in &self.answers {
            if let Some(value) = answer.value(metric) {
                let (sum, count) = sums.entry(question).or_default();
                *sum += value;
                *count += 1;
            }
        }
        sums.into_iter()
            .map(|(question, (sum, count))| (question, sum / f64::from(count)))
            .collect()
    }

    /// How far its headline metrics differ from repeat to repeat; `None` where nothing was repeated.
    #[must_use]
    pub fn repeats(&self) -> Option<RepeatSummary> {
        repeat_summary(&self.repeated(), self.facts.answers)
    }

    /// Where the variance of its headline metrics comes from; without those of which nothing was repeated.
    #[must_use]
    pub fn variance(&self) -> BTreeMap<String, VarianceParts> {
        variance(&self.repeated(), self.facts.answers)
    }

    fn repeated(&self) -> Vec<Repeated<'_>> {
        let rows = self.answers.iter();
        rows.map(|((question, repeat), answer)| Repeated {
            question,
            category: answer.category,
            repeat: *repeat,
            labels: answer.labels.clone(),
            measured: answer.measured(),
        })
        .collect()
    }

    /// What the runs of its judge came to, over categories 1 to 4; `None` without labels.
    #[must_use]
    pub fn judged(&self) -> Option<JudgeSummary> {
        let judged = self.answers.values().map(|answer| Judged {
            category: answer.category,
            labels: answer.labels.clone(),
        });
        judge_summary(&judged.collect::<Vec<_>>())
    }

    /// Whether any answer has a label of a judge.
    #[must_use]
    pub fn is_judged(&self) -> bool {
        self.answers.values().any(|answer| answer.judge.is_some())
    }

    /// Answers that a failure of infrastructure kept from being made.
    #[must_use]
    pub fn failed(&self) -> usize {
        let failed = self.answers.values().filter(|a| a.failure.is_some());
        failed.count()
    }
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
