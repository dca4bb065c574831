//! Memory records, vectors and postings in one LMDB environment.
//!
//! A [`Store`] keeps what a memory system remembers: records with scopes, metadata and
//! provenance, the history of every operation, one vector per record, a BM25 index and a graph of
//! entities. One write transaction covers all of them, so that a killed process leaves a store that
//! can be read.

mod config;
mod error;
pub mod graph;
mod ids;
pub mod lexical;
mod open;
mod plan;
mod queue;
mod reader;
mod resident;
mod short_term;
mod store;
mod tables;
pub mod vectors;

pub use config::StoreConfig;
pub use error::StoreError;
pub use graph::{Applied, EntityGraph, GraphChange, NewNode, NodeRef};
pub use lexical::{Idf, LexicalConfig, Stemming, StopWords, Tokens};
pub use open::StoreOptions;
pub use queue::Settled;
pub use resident::Entry;
pub use short_term::Said;
pub use store::{Change, Store};
pub use vectors::{ArroyConfig, ExactConfig, VectorConfig, VectorIndex};
