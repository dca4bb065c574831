//! Search by words: BM25 over an inverted index of its own.

mod analysis;
mod bm25;
mod config;

pub use config::{Idf, LexicalConfig, Stemming, StopWords, Tokens};

pub(crate) use analysis::{Analyzer, TermCounts, pairs};
pub(crate) use bm25::Bm25;
