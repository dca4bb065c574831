//! What was said last.

use async_trait::async_trait;
use memgauge_core::{
    Build, BuildError, ComponentError, Cx, Filter, MemoryReader, Parts, RankedList, Retriever,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{DEFAULT_DEPTH, at_least_one};

/// The memories that were said last, whatever the question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct RecencyConfig {
    /// How many memories enter the context, once lists are fused; left out = 30. Not allowed in
    /// an input of `hybrid`.
    #[schemars(range(min = 1, max = 200))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub k: Option<usize>,
    /// How many candidates the list holds.
    #[schemars(range(min = 1))]
    pub depth: usize,
}

impl Default for RecencyConfig {
    fn default() -> Self {
        Self {
            k: None,
            depth: DEFAULT_DEPTH,
        }
    }
}

impl Build<Box<dyn Retriever>> for RecencyConfig {
    fn build(&self, _: &dyn Parts) -> Result<Box<dyn Retriever>, BuildError> {
        at_least_one("k", self.k.unwrap_or(1))?;
        at_least_one("depth", self.depth)?;
        Ok(Box::new(Recency { depth: self.depth }))
    }
}

/// What was said last.
#[derive(Debug, Clone, Copy)]
pub struct Recency {
    /// How many candidates the list holds.
    pub depth: usize,
}

#[async_trait]
impl Retriever for Recency {
    fn kind(&self) -> &'static str {
        "recency"
    }

    async fn retrieve(
        &self,
        cx: &Cx,
        store: &dyn MemoryReader,
        filter: &Filter,
        _query: &str,
    ) -> Result<Vec<RankedList>, ComponentError> {
        cx.count("retriever:recency", 1);
        Ok(vec![RankedList {
            name: "recency".to_owned(),
            items: store.recent(filter, self.depth)?,
            query_terms: None,
        }])
    }
}
