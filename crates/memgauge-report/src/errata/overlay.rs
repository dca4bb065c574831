//! What an overlay is and how much of a set of questions it touches.

use std::collections::BTreeMap;

use memgauge_core::{Category, QuestionId};
use memgauge_dataset::Errata;
use serde::{Deserialize, Serialize};

use crate::compare::Slice;

/// An overlay of errata, and how many of the questions at hand it touches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overlay {
    /// Who found the mistakes.
    pub source: String,
    /// Their terms; null = not told.
    pub licence: Option<String>,
    /// Fingerprint of the overlay.
    pub digest: String,
    /// Content fingerprint of the dataset that it belongs to.
    pub dataset: String,
    /// Rows of the overlay that fit no question and are not applied.
    pub unfit: usize,
    /// Questions asked, by slice.
    pub questions: BTreeMap<String, usize>,
    /// Of these, questions whose published answer is wrong.
    pub corrupt: BTreeMap<String, usize>,
    /// Questions asked whose evidence is corrected.
    pub evidence: usize,
}

impl Overlay {
    /// Counts `asked`, slice by slice.
    pub(crate) fn new<'a>(
        errata: &Errata,
        slices: &[Slice],
        asked: impl IntoIterator<Item = (&'a QuestionId, Category)>,
    ) -> Self {
        let none = || -> BTreeMap<String, usize> {
            let names = slices.iter().map(|(name, _)| (name.clone(), 0));
            names.collect()
        };
        let mut overlay = Self {
            source: errata.source.clone(),
            licence: errata.licence.clone(),
            digest: errata.digest.clone(),
            dataset: errata.dataset.clone(),
            unfit: errata.unfit(),
            questions: none(),
            corrupt: none(),
            evidence: 0,
        };
        for (question, category) in asked {
            let is_corrupt = errata.corrupts(question);
            for (name, categories) in slices {
                if !categories.contains(&category) {
                    continue;
                }
                *overlay.questions.entry(name.clone()).or_default() += 1;
                if is_corrupt {
                    *overlay.corrupt.entry(name.clone()).or_default() += 1;
                }
            }
            overlay.evidence += usize::from(errata.evidence(question).is_some());
        }
        overlay
    }
}
