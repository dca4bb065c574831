//! Scores under the errata of a dataset's answer key: a function of saved records, nothing is run
//! again (docs/METHODOLOGY.md, "Errata").

mod build;
mod ceiling;
mod corrected;
mod estimated;
mod overlay;
mod rekey;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::summary::{J, Mean};

pub use build::{ErrataOptions, errata_summary};
pub(crate) use ceiling::ceiling_over;
pub use ceiling::{Ceiling, ceiling};
pub use corrected::{CorrectedJudge, CorrectedRow, CorrectedRows, corrected_file};
pub use estimated::{EstimatedBy, Estimator};
pub use overlay::Overlay;
pub(crate) use rekey::{CorrectedKey, corrected_scores};

/// Metrics that compare an answer with the key.
pub const ANSWER_METRICS: [&str; 5] = [
    J,
    TEXT_METRICS[0],
    TEXT_METRICS[1],
    TEXT_METRICS[2],
    TEXT_METRICS[3],
];

/// Of these, the metrics of the text.
pub const TEXT_METRICS: [&str; 4] = ["f1.locomo", "f1.set", "bleu1", "exact"];

/// Metrics that compare what was found with the evidence in the key.
const EVIDENCE_METRICS: [&str; 3] = [
    "evidence.recall@10",
    "evidence.recall@30",
    "evidence.context",
];

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
    /// Metric -> its values.
    pub metrics: BTreeMap<String, ByKey>,
    /// J~, which is an estimate and no J; null where it was not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub j_estimated: Option<ByKey>,
    /// Questions with corrected evidence whose metrics under it cannot be told from the records.
    pub untold: usize,
}

/// A run under the errata of its dataset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ErrataSummary {
    /// The overlay, and how many questions of the run it touches.
    #[serde(flatten)]
    pub overlay: Overlay,
    /// The best honest score.
    pub ceiling: Ceiling,
    /// The judge behind corrected J; null = nobody judged the corrupt ones again.
    pub judged_by: Option<CorrectedJudge>,
    /// The surrogate judge behind J~; null where it was not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated_by: Option<EstimatedBy>,
    /// Variants in the order of the run.
    pub variants: Vec<ErrataVariant>,
}
