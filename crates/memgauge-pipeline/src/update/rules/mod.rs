//! ADD, UPDATE, DELETE and NOOP by similarity and conflict rules.

mod config;
mod decide;
pub(crate) mod statement;

#[cfg(test)]
mod tests;

pub use config::{OnRepeat, RulesConfig};
pub use decide::Rules;
