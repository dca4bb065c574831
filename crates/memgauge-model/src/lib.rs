//! Embedding models and tokenizers for memgauge.

mod minilm;
mod norm;
mod table;
mod tokens;

use std::sync::Arc;

use memgauge_core::{Embedder, registry};

pub use minilm::{MAX_PIECES, MINILM_FILES, MiniLm, MiniLmConfig, PinnedFile, WeightsError};
pub use table::{Static, StaticConfig, StaticWeights};
pub use tokens::{CountMemo, TOKENIZERS, Tiktoken, tokenizer};

registry! {
    /// Text to vector.
    pub enum EmbedderConfig: "embedder" => Arc<dyn Embedder> {
        "static" => Static(StaticConfig),
        "minilm" => MiniLm(MiniLmConfig),
    }
}

impl Default for EmbedderConfig {
    fn default() -> Self {
        Self::Static(StaticConfig::default())
    }
}
