//! Arms compared on the questions that both answered: paired differences, tests, and whether they may be compared at
//! all.

mod build;
mod by_key;
mod comparable;
mod latency;
mod options;
mod pairs;
mod questions;

use std::collections::BTreeMap;

use memgauge_core::CategoryNames;
use serde::Serialize;

use crate::arm::ArmFacts;
use crate::statistics::{Bootstrap, McNemar, PairedDifference, Verdict};
use crate::summary::{JudgeSummary, Mean, RepeatSummary, VarianceParts};

pub(crate) use build::{Columns, metric};
pub use build::{CompareError, compare, compare_by_key};
pub(crate) use by_key::by_key;
pub use by_key::{ArmByKey, ArmsByKey, PairByKey};
pub(crate) use comparable::reasons;
pub use comparable::{Incomparable, judge_reason};
pub use latency::PairLatency;
pub use options::{CompareOptions, Slice, slices};
pub use questions::questions_csv;

/// Probability with which the smallest detectable difference would have been found.
pub const POWER: f64 = 0.8;

/// Arms and the differences between them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// Version of the files that it was made from.
    pub schema_version: u32,
    /// The metric.
    pub metric: String,
    /// Whose category names the slices go by.
    pub names: CategoryNames,
    /// Differences inside plus and minus this count as none, in score units.
    pub margin: f64,
    /// How the intervals were made.
    pub bootstrap: Bootstrap,
    /// The questions that a verdict is about: categories together (the first), and each alone.
    pub slices: Vec<String>,
    /// Whether arms that are not comparable were compared all the same.
    pub forced: bool,
    /// Why they are not comparable; empty where they are.
    pub incomparable: Vec<Incomparable>,
    /// What else the reader should know: answer models that differ, runs that are not finished.
    pub notes: Vec<String>,
    /// The arms.
    pub arms: Vec<ComparedArm>,
    /// The comparisons.
    pub pairs: Vec<Pair>,
    /// Arms and comparisons under every key of an overlay of errata; null where none was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errata: Option<ArmsByKey>,
}

impl Comparison {
    /// Why a pair is not comparable; `None` where it is.
    #[must_use]
    pub fn reason(&self, pair: &Pair) -> Option<String> {
        let about = format!("{} and {}: ", pair.arm, pair.reference);
        let told = self.incomparable.iter().map(ToString::to_string);
        let reasons: Vec<String> = told
            .filter_map(|reason| reason.strip_prefix(&about).map(str::to_owned))
            .collect();
        (!reasons.is_empty()).then(|| reasons.join("; "))
    }

    /// The same without the pairs that are not comparable.
    #[must_use]
    pub fn comparable(&self) -> Self {
        let mut kept = self.clone();
        kept.pairs.retain(|pair| self.reason(pair).is_none());
        if let Some(errata) = &mut kept.errata {
            let pairs = &kept.pairs;
            errata.pairs.retain(|under| {
                let mut left = pairs.iter();
                left.any(|pair| pair.arm == under.arm && pair.reference == under.reference)
            });
        }
        kept
    }
}

/// An arm by itself.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComparedArm {
    /// Its name here.
    pub label: String,
    /// The run directory.
    pub dir: String,
    /// The variant.
    pub variant: String,
    /// Where its numbers come from.
    pub facts: ArmFacts,
    /// Questions asked, of the categories compared.
    pub asked: usize,
    /// Answers that failed, of the categories compared: in no score.
    pub failed: usize,
    /// Mean over its own questions, slice by slice; null where a slice has no value.
    pub means: Vec<Option<Mean>>,
    /// How its numbers differ from time to time; null where nothing was repeated.
    pub repeats: Option<RepeatSummary>,
    /// Metric -> where the variance of one score comes from; only those of which something was repeated.
    pub variance: BTreeMap<String, VarianceParts>,
    /// What the runs of its judge came to; null without labels.
    pub judge: Option<JudgeSummary>,
}

/// One arm against another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pair {
    /// The arm.
    pub arm: String,
    /// What it is compared with.
    pub reference: String,
    /// What came of it, slice by slice.
    pub slices: Vec<PairSlice>,
    /// Questions of the first slice where the arm scores higher, the largest difference first.
    pub won: Vec<Change>,
    /// Questions of the first slice where it scores lower, the largest difference first.
    pub lost: Vec<Change>,
    /// How long its searches take against the reference's.
    pub search_p95: PairLatency,
}

/// One arm against another on some of the questions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PairSlice {
    /// Which questions.
    pub slice: String,
    /// Arm minus reference on the questions that both answered; null where they share none.
    pub difference: Option<PairedDifference>,
    /// The p-value of the difference after Holm's correction: over all pairs in the first slice; over all pairs and
    /// categories in the others.
    pub p_holm: Option<f64>,
    /// The exact McNemar test; null where values are not right or wrong. It takes questions for independent and never
    /// decides.
    pub mcnemar: Option<McNemar>,
    /// Whether so few questions are discordant that the test can hardly show anything.
    pub mcnemar_is_thin: Option<bool>,
    /// The smallest true difference that these questions would have shown with a probability of [`POWER`].
    pub smallest_detectable: Option<f64>,
    /// What the interval says, given the margin.
    pub verdict: Option<Verdict>,
}

impl PairSlice {
    /// Whether a verdict of better or worse still is one after Holm's correction; other verdicts do not depend on it.
    #[must_use]
    pub fn survives_holm(&self, confidence: f64) -> bool {
        let is_decided = matches!(self.verdict, Some(Verdict::Better | Verdict::Worse));
        !is_decided || self.p_holm.is_none_or(|p| p <= 1.0 - confidence)
    }
}

/// A question on which two arms differ.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// The question.
    pub question: String,
    /// Number of its category.
    pub category: u8,
    /// Value of the arm.
    pub arm: f64,
    /// Value of the reference.
    pub reference: f64,
}
