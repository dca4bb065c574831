//! Where a question was lost on its way from the conversation to a right label: one stage for every
//! question of a run, from its records alone (docs/METHODOLOGY.md, "Where it was lost").

mod difference;
mod locate;
mod stage;
#[cfg(test)]
mod tests;
mod waterfall;

pub use difference::{LossDifference, Move, StageDifference, difference};
pub use locate::{Located, LossRules, locate, loss_metrics};
pub use stage::{LossStage, Needs, Verdict};
pub use waterfall::{LossSummary, Waterfall, waterfall};

pub(crate) use stage::{Facts, place};
