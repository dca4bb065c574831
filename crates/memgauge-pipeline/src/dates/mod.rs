//! Date expressions of English text, resolved against the moment at which it was said.
//!
//! [`find`] reads absolute dates ("7 May 2023", "in June") and relative ones ("yesterday", "two
//! weeks ago", "last Friday", "next month"); [`durations`] reads lengths of time ("for 4 years").
//! No calendar of holidays, no times of day.

mod duration;
mod find;
mod resolved;
mod words;

#[cfg(test)]
mod tests;

pub use duration::{Duration, DurationMention, Unit, durations};
pub use find::{DateMention, find};
pub use resolved::{Resolved, Season};
