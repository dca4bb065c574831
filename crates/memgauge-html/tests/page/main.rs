//! Pages of small runs: what is in the file, what text from data can do to it, and what is said where things are
//! missing.

#![expect(
    clippy::unwrap_used,
    reason = "outside of test functions: what makes runs for tests"
)]

mod hostile;
mod missing;
mod run;
mod shown;
