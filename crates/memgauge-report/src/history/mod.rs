//! What was measured over time: one line per run and variant in a file that only grows, and what changed in it.

mod entry;
mod file;
mod series;

pub use entry::{HistoryEntry, HistoryValue, entries};
pub use file::{Added, History, HistoryError};
pub use series::{HistoryPoint, HistorySeries, is_latency, series};

/// Version of the lines of a history file.
pub const HISTORY_VERSION: u32 = 1;
