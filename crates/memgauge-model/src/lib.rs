//! Embedding models and tokenizers for memgauge.

mod minilm;
mod norm;

pub use minilm::{MAX_PIECES, MINILM_FILES, MiniLm, MiniLmConfig, PinnedFile, WeightsError};
