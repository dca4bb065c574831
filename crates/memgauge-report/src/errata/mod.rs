//! Scores under the errata of a dataset's answer key: a function of saved records, nothing is run
//! again (docs/METHODOLOGY.md, "Errata").

mod build;
mod ceiling;
mod corrected;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::summary::{J, Mean};

pub(crate) use build::corrected_scores;
pub use build::errata_summary;
pub use ceiling::{Ceiling, ceiling};
pub use corrected::{CorrectedJudge, CorrectedRow, CorrectedRows, corrected_file};

/// Metrics that compare an answer with the key.
pub const ANSWER_METRICS: [&str; 4] = [J, "f1.locomo", "f1.set", "bleu1"];

/// A metric under the published and the corrected key, by slice.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ByKey {
    /// Every question, under the published key.
    pub published: BTreeMap<String, Option<Mean>>,
    /// Every question, under the corrected key; null where a corrected value is not known. J of a
    /// question whose key is wrong needs to be judged again.
    pub corrected: BTreeMap<String, Option<Mean>>,
    /// Questions whose answer is right in the published key; empty for evidence metrics.
    pub clean: BTreeMap<String, Option<Mean>>,
    /// The others, under the published key; empty for evidence metrics.
    pub corrupt: BTreeMap<String, Option<Mean>>,
}

/// One variant under the errata.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ErrataVariant {
    /// Name in the run.
    pub name: String,
    /// Whether it is a control that knows the key.
    pub control: bool,
    /// Headline metric -> its values.
    pub metrics: BTreeMap<String, ByKey>,
    /// Questions with corrected evidence whose metrics under it cannot be told from the records.
    pub untold: usize,
}

/// A run under the errata of its dataset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ErrataSummary {
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
    /// Questions of the run, by slice.
    pub questions: BTreeMap<String, usize>,
    /// Of these, questions whose published answer is wrong.
    pub corrupt: BTreeMap<String, usize>,
    /// Questions of the run whose evidence is corrected.
    pub evidence: usize,
    /// The best honest score.
    pub ceiling: Ceiling,
    /// The judge behind corrected J; null = nobody judged the corrupt ones again.
    pub judged_by: Option<CorrectedJudge>,
    /// Variants in the order of the run.
    pub variants: Vec<ErrataVariant>,
}
