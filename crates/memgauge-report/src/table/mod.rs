//! Tables of a summary: as aligned text for a terminal, as Markdown, LaTeX and CSV.

mod by_key;
mod card;
mod cell;
mod comparison;
mod errata;
mod history;
mod index_error;
mod loss;
mod memory;
mod models;
mod paper;
mod provenance;
mod ranking;
mod render;
mod repeats;
mod report;
mod scores;
mod surrogate;
mod tidy;
mod work;

pub use by_key::{pairs_by_key, pairs_by_key_note};
pub use card::judge_card;
use cell::mark;
pub use cell::{
    mark_name, milliseconds, percent_with_interval, pooled, share, thousands, with_interval,
};
pub use comparison::{comparison, pair_table, points, sentence};
pub use errata::{answers_by_key, errata_note, evidence_by_key};
pub use history::history;
pub use index_error::index_errors;
pub use loss::{located, loss_difference, moves, waterfall, waterfall_note};
pub use memory::{losses, memory};
pub use models::{calls, cost, judge, judged, latency};
pub use paper::{paper_check, paper_overall, paper_scores};
pub use ranking::ranking;
pub use render::{Style, Table};
pub use report::{View, report};
pub use scores::{categories, evidence, load, systems};
pub use surrogate::{estimated, evaluated, powered};
pub use tidy::tidy;

/// Shown where nothing is known: never 0.
pub const UNKNOWN: &str = "–";
