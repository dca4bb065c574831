//! Arms: one variant of one run, read lean, for what compares several of them. Own and imported runs alike.

mod answer;
mod facts;
#[cfg(test)]
pub(crate) mod fake;
mod keyed;
mod label;
mod read;
mod relabel;
mod selection;
mod timings;

pub use answer::ArmAnswer;
pub(crate) use facts::facts;
pub use facts::{ArmFacts, DatasetFacts, JudgeFacts};
pub use keyed::{Key, KeyedArms};
pub use read::{Arm, arms};
pub use relabel::relabel;
pub use selection::{Selection, SelectionError};
pub use timings::ArmTimings;
