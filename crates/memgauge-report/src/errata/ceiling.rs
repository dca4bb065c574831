//! The best honest score: what an answerer reaches that is right by the conversation wherever the
//! published key is wrong.

use std::collections::BTreeMap;

use memgauge_core::{Category, Gold, QuestionId};
use memgauge_dataset::Errata;
use serde::{Deserialize, Serialize};

use super::ANSWER_METRICS;
use crate::metrics::PreparedGold;
use crate::record::TextMetrics;
use crate::summary::{DOMAINS, Measured, SLICES};

/// Metric -> slice -> best honest score, from 0 to 1; a slice without a question has none.
///
/// Under J every question whose key is wrong is lost: ceiling = clean questions / questions. Under a
/// text metric such a question counts what the corrected answer scores against the published one
/// (0 without a corrected answer), every other counts 1.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ceiling(pub BTreeMap<String, BTreeMap<String, f64>>);

impl Ceiling {
    /// The best honest score; `None` for metrics and slices without one.
    pub fn get(&self, metric: &str, slice: &str) -> Option<f64> {
        self.0.get(metric)?.get(slice).copied()
    }

    /// Whether a score is one that no honest answerer reaches.
    pub fn is_above(&self, metric: &str, slice: &str, score: f64) -> bool {
        // Sums in another order differ in the last bits.
        self.get(metric, slice)
            .is_some_and(|ceiling| score > ceiling + 1e-9)
    }
}

/// The ceiling over the questions of categories 1 to 4 among `questions`, given with their published
/// answers.
pub fn ceiling<'a>(
    errata: &Errata,
    questions: impl IntoIterator<Item = (&'a QuestionId, Category, &'a Gold)>,
) -> Ceiling {
    let mut sums: BTreeMap<&str, [(f64, usize); SLICES.len()]> = BTreeMap::new();
    for (id, category, gold) in questions {
        if !category.is_scored() {
            continue;
        }
        let reached = reached(errata, id, category, gold);
        let stratum = usize::from(category.number()) - 1;
        for (metric, reached) in ANSWER_METRICS.iter().zip(reached) {
            let slices = sums.entry(metric).or_default();
            for (domain, (sum, count)) in DOMAINS.iter().zip(slices.iter_mut()) {
                if domain.contains(&stratum) {
                    *sum += reached;
                    *count += 1;
                }
            }
        }
    }
    let means = |slices: [(f64, usize); SLICES.len()]| {
        let known = SLICES
            .iter()
            .zip(slices)
            .filter(|(_, (_, count))| *count > 0);
        known
            .map(|(slice, (sum, count))| ((*slice).to_owned(), sum / count as f64))
            .collect()
    };
    Ceiling(
        sums.into_iter()
            .map(|(metric, slices)| (metric.to_owned(), means(slices)))
            .collect(),
    )
}

/// The best honest score by one metric over these questions, of which only those of categories 1 to 4 count; `None`
/// for metrics without a ceiling, and without such a question.
pub(crate) fn ceiling_over<'a>(
    errata: &Errata,
    metric: &str,
    questions: impl IntoIterator<Item = (&'a QuestionId, Category, &'a Gold)>,
) -> Option<f64> {
    let at = ANSWER_METRICS.iter().position(|name| *name == metric)?;
    let scored = questions
        .into_iter()
        .filter(|(_, category, _)| category.is_scored());
    let reached: Vec<f64> = scored
        .filter_map(|(id, category, gold)| reached(errata, id, category, gold).get(at).copied())
        .collect();
    crate::statistics::mean(&reached)
}

/// What an honest answer to one question scores, in the order of [`ANSWER_METRICS`].
fn reached(
    errata: &Errata,
    id: &QuestionId,
    category: Category,
    gold: &Gold,
) -> [f64; ANSWER_METRICS.len()] {
    let Some(erratum) = errata
        .get(id)
        .filter(|erratum| erratum.kind.corrupts_score())
    else {
        return [1.0; ANSWER_METRICS.len()];
    };
    let Some(answer) = &erratum.answer else {
        return [0.0; ANSWER_METRICS.len()];
    };
    let scores = TextMetrics::of(
        category,
        PreparedGold::new(category, gold.text()).score(answer),
    );
    let scores = Measured {
        scores: Some(&scores),
        ..Measured::default()
    };
    // By J such an answer is lost.
    ANSWER_METRICS.map(|metric| scores.value(metric).unwrap_or(0.0))
}
