//! Results of runs as one self-contained page: what was found, plots with their numbers, and every question with
//! what became of it.
//!
//! The page needs no network: style, script, plots and data are in the file. Text from data reaches it in two ways.
//! In HTML the templates escape it. Everything else is JSON, compressed and in base64, and the script puts it in
//! place as text.

mod answer;
mod error;
mod figure;
mod island;
mod measured;
mod options;
mod overview;
mod page;
mod questions;
mod sources;
mod template;

pub use error::HtmlError;
pub use options::PageOptions;
pub use page::{Page, page};
