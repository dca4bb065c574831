//! Embedders and tokenizers for memgauge.
