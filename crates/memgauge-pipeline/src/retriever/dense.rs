//! Nearest vectors.

use async_trait::async_trait;
use memgauge_core::{
    Build, BuildError, ComponentError, Cx, EmbedderHandle, ErrorKind, Filter, MemoryReader, Parts,
    RankedList, Retriever,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{DEFAULT_DEPTH, SYSTEM_EMBEDDER, at_least_one};

/// The memories whose vectors have the largest cosine to the question's, both made by the
/// system's embedder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct DenseConfig {
    /// How many memories enter the context, once lists are fused; left out = 30. Not allowed in
    /// an input of `hybrid`.
    #[schemars(range(min = 1, max = 200))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub k: Option<usize>,
    /// How many candidates the list holds.
    #[schemars(range(min = 1))]
    pub depth: usize,
}

impl Default for DenseConfig {
    fn default() -> Self {
        Self {
            k: None,
            depth: DEFAULT_DEPTH,
        }
    }
}

impl Build<Box<dyn Retriever>> for DenseConfig {
    fn build(&self, parts: &dyn Parts) -> Result<Box<dyn Retriever>, BuildError> {
        at_least_one("k", self.k.unwrap_or(1))?;
        at_least_one("depth", self.depth)?;
        Ok(Box::new(Dense {
            embedder: parts.embedder(SYSTEM_EMBEDDER)?,
            depth: self.depth,
        }))
    }
}

/// Nearest vectors.
#[derive(Debug, Clone)]
pub struct Dense {
    /// Embeds the question.
    pub embedder: EmbedderHandle,
    /// How many candidates the list holds.
    pub depth: usize,
}

#[async_trait]
impl Retriever for Dense {
    fn kind(&self) -> &'static str {
        "dense"
    }

    async fn retrieve(
        &self,
        cx: &Cx,
        store: &dyn MemoryReader,
        filter: &Filter,
        query: &str,
    ) -> Result<Vec<RankedList>, ComponentError> {
        cx.count("retriever:dense", 1);
        let vector = self
            .embedder
            .embed(cx, &[query])
            .await?
            .pop()
            .ok_or_else(|| {
                ComponentError::new(
                    "dense",
                    ErrorKind::Permanent,
                    "the embedder returned no vector for the question",
                )
            })?;
        Ok(vec![RankedList {
            name: "dense".to_owned(),
            items: store.nearest(filter, &vector, self.depth)?,
            query_terms: None,
        }])
    }
}
