//! A run held against a baseline under a policy: did anything get worse, and could these questions have shown it.
//!
//! The verdicts are those of [`compare`](crate::compare); one error rate holds for all tests of a policy together.
//! docs/METHODOLOGY.md, "Gate", says what is computed.

mod check;
mod comparable;
mod confirm;
mod measure;
mod policy;
mod report;
mod verdict;

pub mod output;

pub use check::{GateError, GateInput, MeasuredLatency, MeasuredQuestion, gate};
pub use confirm::SecondRun;
pub use policy::{Check, LATENCY, OnUnderpowered, Policy, PolicyError, Unit};
pub use report::{
    CheckResult, Confirmation, GateReport, Level, Limit, Outcome, QuestionLoss, Refusal,
};
pub use verdict::GateVerdict;
