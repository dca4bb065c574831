//! Arms: one variant of one run, read lean, for what compares several of them. Own and imported runs alike.

mod answer;
mod clean;
mod facts;
#[cfg(test)]
pub(crate) mod fake;
mod label;
mod read;
mod relabel;
mod selection;

pub use answer::ArmAnswer;
pub use clean::{CLEAN, keep_clean};
pub(crate) use facts::facts;
pub use facts::{ArmFacts, DatasetFacts, JudgeFacts};
pub use read::{Arm, arms};
pub use relabel::relabel;
pub use selection::{Selection, SelectionError};
