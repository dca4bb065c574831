//! Retrievers: a question to ranked lists of memories.

mod all;
mod dense;
mod hybrid;
mod lexical;
mod recency;

use memgauge_core::{Retriever, registry};

pub use all::{All, AllConfig};
pub use dense::{Dense, DenseConfig};
pub use hybrid::{Hybrid, HybridConfig};
pub use lexical::{Lexical, LexicalConfig};
pub use recency::{Recency, RecencyConfig};

/// Name by which retrievers ask for the embedder of the system that they search for: the one that
/// made the vectors in its store.
pub const SYSTEM_EMBEDDER: &str = "system";

/// How many memories enter the context where `k` is left out.
pub const DEFAULT_K: usize = 30;

/// How many candidates a list holds where `depth` is left out: more than a conversation has turns.
pub const DEFAULT_DEPTH: usize = 1000;

registry! {
    /// Retrievers: a question to ranked lists of memories.
    pub enum RetrieverConfig: "retriever" => Box<dyn Retriever> {
        "dense" => Dense(DenseConfig),
        "lexical" => Lexical(LexicalConfig),
        "recency" => Recency(RecencyConfig),
        "hybrid" => Hybrid(HybridConfig),
        "all" => All(AllConfig),
    }
}

impl RetrieverConfig {
    /// How many memories are meant for the context, once the lists are fused.
    pub fn k(&self) -> usize {
        match self {
            Self::All(_) => usize::MAX,
            _ => self.own_k().unwrap_or(DEFAULT_K),
        }
    }

    /// How many ranked lists it makes.
    pub fn lists(&self) -> usize {
        match self {
            Self::Dense(_) | Self::Lexical(_) | Self::Recency(_) | Self::All(_) => 1,
            Self::Hybrid(config) => config.inputs.iter().map(Self::lists).sum(),
        }
    }

    /// Whether one of the lists needs vectors.
    pub fn is_dense(&self) -> bool {
        match self {
            Self::Dense(_) => true,
            Self::Lexical(_) | Self::Recency(_) | Self::All(_) => false,
            Self::Hybrid(config) => config.inputs.iter().any(Self::is_dense),
        }
    }

    /// Whether its lists are in order of relevance.
    pub fn is_ranked(&self) -> bool {
        match self {
            Self::Dense(_) | Self::Lexical(_) | Self::Recency(_) => true,
            Self::Hybrid(config) => config.inputs.iter().all(Self::is_ranked),
            Self::All(_) => false,
        }
    }

    fn own_k(&self) -> Option<usize> {
        match self {
            Self::Dense(config) => config.k,
            Self::Lexical(config) => config.k,
            Self::Recency(config) => config.k,
            Self::Hybrid(config) => config.k,
            Self::All(_) => None,
        }
    }
}

/// Refuses a list or a context that would hold nothing.
fn at_least_one(key: &str, value: usize) -> Result<(), memgauge_core::BuildError> {
    if value == 0 {
        return Err(memgauge_core::BuildError::at(
            key,
            "must be at least 1, found 0",
        ));
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod fake;
#[cfg(test)]
mod tests;
