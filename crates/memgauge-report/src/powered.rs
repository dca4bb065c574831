//! J of a run from the labels of a random sample of its questions and estimates of all answers.

use std::collections::{BTreeMap, BTreeSet};

use memgauge_core::{ConversationId, QuestionId};
use serde::{Deserialize, Serialize};

use crate::judgements::JudgedRow;
use crate::record::{JudgementRow, mean_label};
use crate::rundir::{RunDir, RunDirError};
use crate::statistics::{Bootstrap, Power, Predicted, PredictionPowered};
use crate::surrogate::{Embed, Surrogate, estimates};

/// Which labels are used, and how.
#[derive(Debug, Clone, Copy)]
pub struct PoweredOptions<'a> {
    /// Name of a file of judgements in the run directory; `None` = the labels of the run's own judge.
    pub labels: Option<&'a str>,
    /// Size and seed of a random sample of the questions whose labels are used; `None` = all that have one, which must
    /// then be a random sample themselves.
    pub sample: Option<(usize, u64)>,
    /// How much the estimates count.
    pub power: Power,
    /// How the interval is made.
    pub bootstrap: Bootstrap,
}

/// J of one variant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PoweredVariant {
    /// Name in the run.
    pub name: String,
    /// J by prediction-powered inference; null with fewer than two labels.
    pub score: Option<PredictionPowered>,
    /// J over all labels, where a sample of them was used; null otherwise.
    pub all_labels: Option<f64>,
}

/// A random sample of questions: of every question the BLAKE3 of seed and id decides, so that a larger sample of the
/// same seed holds every smaller one, and all variants and repeats of a question are in it or not.
#[must_use]
pub fn sample<'a>(
    questions: impl IntoIterator<Item = &'a QuestionId>,
    size: usize,
    seed: u64,
) -> BTreeSet<QuestionId> {
    let distinct: BTreeSet<&QuestionId> = questions.into_iter().collect();
    let lot =
        |question: &QuestionId| *blake3::hash(format!("{seed} {question}").as_bytes()).as_bytes();
    let mut lots: Vec<([u8; 32], &QuestionId)> = distinct
        .into_iter()
        .map(|question| (lot(question), question))
        .collect();
    lots.sort_unstable();
    lots.into_iter()
        .take(size)
        .map(|(_, question)| question.clone())
        .collect()
}

#[derive(Deserialize)]
struct Row {
    variant: String,
    question: QuestionId,
    repeat: u32,
    #[serde(default)]
    judgements: Vec<JudgementRow>,
}

/// J of every variant of a run. Answers of categories 1 to 4 count, each repeat as one.
///
/// # Errors
/// When the files cannot be read.
pub fn powered(
    dir: &RunDir,
    model: &Surrogate,
    embed: &Embed<'_>,
    options: &PoweredOptions<'_>,
) -> Result<Vec<PoweredVariant>, RunDirError> {
    let manifest = dir.manifest()?;
    let estimated = estimates(dir, model, embed)?;
    let mut labels: BTreeMap<(String, QuestionId, u32), Vec<Option<bool>>> = BTreeMap::new();
    match options.labels {
        None => dir.records(|row: Row| {
            let runs = row.judgements.iter().map(|judgement| judgement.label);
            labels.insert((row.variant, row.question, row.repeat), runs.collect());
        })?,
        Some(file) => dir.rows(file, |row: JudgedRow| {
            let key = (row.variant, row.question, row.repeat);
            labels.entry(key).or_default().push(row.judgement.label);
        })?,
    }
    let drawn = options
        .sample
        .map(|(size, seed)| sample(estimated.iter().map(|row| &row.question), size, seed));
    let mut found = Vec::with_capacity(manifest.variants.len());
    for variant in &manifest.variants {
        let mut clusters: BTreeMap<&ConversationId, Vec<Predicted>> = BTreeMap::new();
        let mut all: Vec<f64> = Vec::new();
        for row in estimated.iter().filter(|row| row.variant == variant.name) {
            let key = (row.variant.clone(), row.question.clone(), row.repeat);
            let label = labels
                .get(&key)
                .and_then(|runs| mean_label(runs.iter().copied()));
            all.extend(label);
            let is_drawn = drawn
                .as_ref()
                .is_none_or(|drawn| drawn.contains(&row.question));
            clusters
                .entry(&row.question.conversation)
                .or_default()
                .push(Predicted {
                    estimate: row.estimate,
                    label: label.filter(|_| is_drawn),
                });
        }
        let clusters: Vec<Vec<Predicted>> = clusters.into_values().collect();
        found.push(PoweredVariant {
            name: variant.name.clone(),
            score: options
                .bootstrap
                .prediction_powered(&clusters, options.power),
            all_labels: drawn.as_ref().and_then(|_| crate::statistics::mean(&all)),
        });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_nested_and_depend_on_the_seed() {
        let questions: Vec<QuestionId> = (0..100)
            .map(|index| format!("conv-{}/q{index}", index % 3).parse().unwrap())
            .collect();
        let small = sample(&questions, 20, 1);
        let large = sample(&questions, 50, 1);
        assert_eq!((small.len(), large.len()), (20, 50));
        assert!(small.is_subset(&large));
        assert_ne!(small, sample(&questions, 20, 2));
        assert_eq!(sample(&questions, 500, 1).len(), 100);
        // A question's lot does not depend on the others.
        let one = small.iter().next().unwrap();
        assert!(sample([one], 1, 1).contains(one));
    }
}
