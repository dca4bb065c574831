//! Facts without a model: sentences in the third person, small talk left out, dates resolved.

mod config;
mod extract;
mod lexicon;
mod person;
mod sentence;
mod verb;

#[cfg(test)]
mod tests;

pub use config::RulesConfig;
pub use extract::Rules;
