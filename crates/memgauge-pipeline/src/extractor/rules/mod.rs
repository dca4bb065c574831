//! Facts without a model: sentences in the third person, small talk left out, dates resolved.

mod config;
mod extract;
pub(crate) mod lexicon;
mod person;
pub(crate) mod sentence;
pub(crate) mod verb;

#[cfg(test)]
mod tests;

pub use config::RulesConfig;
pub use extract::Rules;
