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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use memgauge_core::{BuildError, EmbedderHandle, Parts, Tokenizer};

    use super::*;

    /// Embedders need no other parts.
    struct NoParts;

    impl Parts for NoParts {
        fn embedder(&self, name: &str) -> Result<EmbedderHandle, BuildError> {
            Err(BuildError::new(format!("no embedder `{name}`")))
        }

        fn tokenizer(&self, name: &str) -> Result<Arc<dyn Tokenizer>, BuildError> {
            Err(BuildError::new(format!("no tokenizer `{name}`")))
        }

        fn folder(&self) -> &Path {
            Path::new(".")
        }
    }

    fn config(text: &str) -> EmbedderConfig {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn the_static_embedder_needs_nothing() {
        let plain = config(r#"{"kind": "static"}"#);
        assert_eq!(plain, EmbedderConfig::default());
        let embedder = plain.build(&NoParts).unwrap();
        assert_eq!(embedder.dimensions(), 256);
        assert!(embedder.id().ends_with("/zipf/v1"), "{}", embedder.id());
        let index = config(r#"{"kind": "static", "weights": "index"}"#);
        assert!(index.build(&NoParts).unwrap().fit(&["a text"]).is_some());
    }

    #[test]
    fn minilm_without_its_files_says_what_to_do() {
        let minilm = config(r#"{"kind": "minilm", "path": "no/such/folder"}"#);
        let error = minilm.build(&NoParts).err().unwrap();
        assert_eq!(error.key.as_deref(), Some("path"));
        assert!(error.message.contains("no/such/folder"), "{error}");
        assert!(
            error.message.contains("memgauge model fetch minilm"),
            "{error}"
        );
    }

    #[test]
    fn unknown_keys_are_refused() {
        for text in [
            r#"{"kind": "static", "weight": "index"}"#,
            r#"{"kind": "minilm", "folder": "x"}"#,
            r#"{"kind": "static", "weights": "tfidf"}"#,
        ] {
            assert!(
                serde_json::from_str::<EmbedderConfig>(text).is_err(),
                "{text}"
            );
        }
    }
}
