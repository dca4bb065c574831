//! Published numbers: Tables 1 and 2 of Mem0's paper (arXiv 2504.19413), shipped as data in
//! `reports/paper/`, and the check that tells whose category names they go by.

mod check;
mod data;

pub use check::{PaperCheck, TOLERANCE, check};
pub use data::{CITATION, PaperCell, PaperError, PaperOverall, PaperScores, table_1, table_2};
