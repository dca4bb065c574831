//! Models and tokenizers for memgauge: embedders that compute here, models behind an API, and what
//! stands between them and a run (cache, cassette, limits).

mod fake;
mod minilm;
mod norm;
mod openai;
mod probe;
mod table;
mod tokens;
mod traffic;

use std::sync::Arc;

use memgauge_core::{BuildError, ChatModel, Embedder, Parts, registry};

pub use fake::{
    Fake, FakeConfig, FakeEmbeddings, FakeEmbeddingsConfig, Filling, hashed_words, made_up,
};
pub use minilm::{MAX_PIECES, MINILM_FILES, MiniLm, MiniLmConfig, PinnedFile, WeightsError};
pub use openai::{
    MaxTokensKey, OpenAiConfig, OpenAiEmbeddingsConfig, Structured, content_address, prices_date,
};
pub use probe::{Probe, probe};
pub use table::{Static, StaticConfig, StaticWeights};
pub use tokens::{CountMemo, TOKENIZERS, Tiktoken, tokenizer};
pub use traffic::{
    Book, Budget, Calls, Cassette, Entry, EntryKind, Exchange, Exported, Kept, Limits, Paid,
    Reached, Taken, TrafficError, TrafficMode, TrafficReport,
};

/// A model as configured.
#[derive(Clone)]
pub enum Model {
    /// Text to vector.
    Embedder(Arc<dyn Embedder>),
    /// Continues conversations.
    Chat(Arc<dyn ChatModel>),
}

impl Model {
    /// Everything that shapes its output, in one line.
    pub fn id(&self) -> &str {
        match self {
            Self::Embedder(embedder) => embedder.id(),
            Self::Chat(chat) => chat.id(),
        }
    }

    /// The embedder.
    ///
    /// # Errors
    /// When it is a chat model.
    pub fn embedder(self) -> Result<Arc<dyn Embedder>, BuildError> {
        match self {
            Self::Embedder(embedder) => Ok(embedder),
            Self::Chat(_) => Err(BuildError::new("is a chat model, not an embedder")),
        }
    }

    /// The chat model.
    ///
    /// # Errors
    /// When it is an embedder.
    pub fn chat(self) -> Result<Arc<dyn ChatModel>, BuildError> {
        match self {
            Self::Chat(chat) => Ok(chat),
            Self::Embedder(_) => Err(BuildError::new("is an embedder, not a chat model")),
        }
    }
}

registry! {
    /// Models: text to vector (embedders), or a conversation to its next message (chat models).
    pub enum ModelConfig: "model" => Model {
        "static" => Static(StaticConfig),
        "minilm" => MiniLm(MiniLmConfig),
        "fake" => Fake(FakeConfig),
        "fake-embeddings" => FakeEmbeddings(FakeEmbeddingsConfig),
        "openai" => OpenAi(OpenAiConfig),
        "openai-embeddings" => OpenAiEmbeddings(OpenAiEmbeddingsConfig),
    }
}

impl ModelConfig {
    /// The environment variable that live calls need and that is not set: they would all fail.
    /// Replays need none.
    pub fn missing_secret(&self, parts: &dyn Parts) -> Option<String> {
        match self {
            Self::OpenAi(config) => config.missing_secret(parts),
            Self::OpenAiEmbeddings(config) => config.missing_secret(parts),
            _ => None,
        }
    }
}

impl Default for ModelConfig {
    fn default() -> Self {
        Self::Static(StaticConfig::default())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use memgauge_core::{BuildError, EmbedderHandle, Tokenizer};

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

    fn config(text: &str) -> ModelConfig {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn the_static_embedder_needs_nothing() {
        let plain = config(r#"{"kind": "static"}"#);
        assert_eq!(plain, ModelConfig::default());
        let embedder = plain.build(&NoParts).unwrap().embedder().unwrap();
        assert_eq!(embedder.dimensions(), 256);
        assert!(embedder.id().ends_with("/zipf/v1"), "{}", embedder.id());
        let index = config(r#"{"kind": "static", "weights": "index"}"#);
        let index = index.build(&NoParts).unwrap().embedder().unwrap();
        assert!(index.fit(&["a text"]).is_some());
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
            assert!(serde_json::from_str::<ModelConfig>(text).is_err(), "{text}");
        }
    }
}
