//! What a gate found.

use memgauge_core::QuestionId;
use serde::Serialize;

use super::policy::{OnUnderpowered, Unit};
use super::verdict::GateVerdict;
use crate::direction::Direction;
use crate::statistics::{Bootstrap, Interval};

/// Version of a gate's JSON. Raised when a field changes its meaning or goes.
pub const GATE_VERSION: u32 = 1;

/// What a gate comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Nothing trips it.
    Passed,
    /// Something got worse.
    Regressed,
    /// Something could not be decided, and the policy wants it to be.
    Underpowered,
    /// The run is not comparable with the baseline: nothing was computed.
    Incomparable,
}

/// Why nothing was computed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Refusal {
    /// What differs: `dataset`, `questions`, `names`, `judge`, `judge-unknown`, `prompts`, `variant`.
    pub what: String,
    /// In words.
    pub message: String,
}

/// How a suspected regression was looked at again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Confirmation {
    /// Whether it showed again; null where nobody looked, or the second look could not tell.
    pub confirmed: Option<bool>,
    /// How it was looked at, or why not.
    pub how: String,
}

/// A limit that the policy sets to a value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Limit {
    /// `floor` or `ceiling`.
    pub kind: &'static str,
    /// The limit, in the unit of the metric's value.
    pub limit: f64,
    /// Whether the current value breaks it; null where too few questions have one.
    pub broken: Option<bool>,
}

/// A mean with its own interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Level {
    /// Mean over the questions that both runs have a value for: a share, tokens, dollars, or milliseconds.
    pub value: f64,
    /// Its 95 % interval; null for a percentile.
    pub interval: Option<Interval>,
}

/// A question on which the current run scores worse.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct QuestionLoss {
    /// The question.
    pub question: QuestionId,
    /// Its category.
    pub category: u8,
    /// Value in the baseline.
    pub baseline: f64,
    /// Value now.
    pub current: f64,
}

/// One test: a metric of a variant in a slice.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CheckResult {
    /// The metric.
    pub metric: String,
    /// The variant.
    pub variant: String,
    /// The slice; `all` for latency.
    pub slice: String,
    /// What was found.
    pub verdict: GateVerdict,
    /// Whether it makes the gate fail.
    pub trips: bool,
    /// Why the verdict is what it is, where the interval alone does not say.
    pub reason: Option<String>,
    /// Which way is good.
    pub better: Direction,
    /// Unit of difference, interval, margin, tolerance and smallest detectable difference.
    pub unit: Unit,
    /// As in the policy.
    pub margin: f64,
    /// As in the policy.
    pub tolerance: f64,
    /// Questions that both have a value for.
    pub n: usize,
    /// Conversations that these belong to.
    pub conversations: usize,
    /// The baseline's value; null where nothing could be compared.
    pub baseline: Option<Level>,
    /// The current value.
    pub current: Option<Level>,
    /// Current minus baseline in `unit`.
    pub difference: Option<f64>,
    /// Its interval.
    pub interval: Option<Interval>,
    /// Confidence of the interval, after Holm.
    pub confidence: Option<f64>,
    /// Two-sided probability.
    pub p_value: Option<f64>,
    /// The same after Holm.
    pub p_holm: Option<f64>,
    /// The smallest difference that would have shown beyond the tolerance with 80 % power; null where no question differs.
    pub smallest_detectable: Option<f64>,
    /// Questions that got better; null for latency.
    pub better_questions: Option<usize>,
    /// Questions that got worse.
    pub worse_questions: Option<usize>,
    /// The largest losses of a regression, at most five.
    pub losses: Vec<QuestionLoss>,
    /// Limits of the policy.
    pub limits: Vec<Limit>,
    /// How a suspected regression was looked at again; null where there was none.
    pub confirmation: Option<Confirmation>,
    /// As in the policy.
    pub underpowered: OnUnderpowered,
}

/// So many questions are named for each regression.
pub const MOST_LOSSES: usize = 5;

impl CheckResult {
    /// Sets `trips` by verdict, limits and policy.
    pub(super) fn settle(&mut self) {
        self.trips = match self.verdict {
            GateVerdict::Regressed => true,
            // A limit is asked for without doubt: it may not be missed for want of values.
            GateVerdict::Underpowered => {
                self.underpowered == OnUnderpowered::Fail || self.has_open_limit()
            }
            GateVerdict::NoChange | GateVerdict::Improved => false,
        };
    }

    /// Whether the current value breaks a limit.
    pub(super) fn breaks_limit(&self) -> bool {
        self.limits.iter().any(|limit| limit.broken == Some(true))
    }

    /// Whether a limit has no value to be held against.
    pub(super) fn has_open_limit(&self) -> bool {
        self.limits.iter().any(|limit| limit.broken.is_none())
    }

    /// `metric of variant (slice)`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} of {} ({})", self.metric, self.variant, self.slice)
    }
}

/// What a gate found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GateReport {
    /// Version of this JSON.
    pub schema_version: u32,
    /// What it comes to.
    pub outcome: Outcome,
    /// Name of the baseline.
    pub baseline: String,
    /// The baseline's experiment.
    pub baseline_digest: String,
    /// The run: its name and digest.
    pub current: String,
    /// The current experiment.
    pub current_digest: String,
    /// Probability that no test finds a difference that is none.
    pub confidence: f64,
    /// Tests that share it.
    pub family: usize,
    /// How intervals were made.
    pub bootstrap: Bootstrap,
    /// Why nothing was computed; empty where something was.
    pub incomparable: Vec<Refusal>,
    /// What a reader should know beside the numbers.
    pub notes: Vec<String>,
    /// The tests in the order of policy, variants and slices.
    pub checks: Vec<CheckResult>,
}

impl GateReport {
    /// Sets the outcome by what was found.
    pub(super) fn settle(&mut self) {
        let any = |verdict| {
            let mut tripping = self.checks.iter().filter(|check| check.trips);
            tripping.any(|check| check.verdict == verdict)
        };
        self.outcome = if !self.incomparable.is_empty() {
            Outcome::Incomparable
        } else if any(GateVerdict::Regressed) {
            Outcome::Regressed
        } else if any(GateVerdict::Underpowered) {
            Outcome::Underpowered
        } else {
            Outcome::Passed
        };
    }

    /// Tests with this verdict.
    pub fn with(&self, verdict: GateVerdict) -> impl Iterator<Item = &CheckResult> {
        self.checks
            .iter()
            .filter(move |check| check.verdict == verdict)
    }
}
