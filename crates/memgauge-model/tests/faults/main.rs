//! The client against a server that misbehaves: every fault ends as the outcome that it should.
#![expect(
    clippy::unwrap_used,
    reason = "tests fail by panicking, and so do their helpers"
)]

mod chat;
mod embeddings;
#[path = "../common/fault.rs"]
mod fault;

use std::path::Path;
use std::sync::Arc;

use memgauge_core::{BuildError, EmbedderHandle, Parts, Tokenizer};

const SECRET: &str = "a-secret-of-ours";

/// Hands out the secret and nothing else.
struct Keys;

impl Parts for Keys {
    fn embedder(&self, _: &str) -> Result<EmbedderHandle, BuildError> {
        Err(BuildError::new("none"))
    }

    fn tokenizer(&self, _: &str) -> Result<Arc<dyn Tokenizer>, BuildError> {
        Err(BuildError::new("none"))
    }

    fn secret(&self, name: &str) -> Option<String> {
        (name == "A_KEY").then(|| SECRET.to_owned())
    }

    fn folder(&self) -> &Path {
        Path::new("")
    }
}
