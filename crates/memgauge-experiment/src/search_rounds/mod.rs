//! Searches measured for themselves, in rounds: one process per side of a comparison, asked in turns.

mod memories;
mod serve;

pub use memories::SearchRounds;
pub use serve::{Ask, PROTOCOL, Ready, SearchTask, Times, serve};
