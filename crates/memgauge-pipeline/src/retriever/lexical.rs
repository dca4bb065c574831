//! Matching words.

use async_trait::async_trait;
use memgauge_core::{
    Build, BuildError, ComponentError, Cx, Filter, MemoryReader, Parts, RankedList, Retriever,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{DEFAULT_DEPTH, at_least_one};

/// The memories with the largest BM25 score for the question's words, as the system's `store.lexical`
/// table defines words and score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct LexicalConfig {
    /// How many memories enter the context, once lists are fused; left out = 30. Not allowed in
    /// an input of `hybrid`.
    #[schemars(range(min = 1, max = 200))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub k: Option<usize>,
    /// How many candidates the list holds.
    #[schemars(range(min = 1))]
    pub depth: usize,
}

impl Default for LexicalConfig {
    fn default() -> Self {
        Self {
            k: None,
            depth: DEFAULT_DEPTH,
        }
    }
}

impl Build<Box<dyn Retriever>> for LexicalConfig {
    fn build(&self, _: &dyn Parts) -> Result<Box<dyn Retriever>, BuildError> {
        at_least_one("k", self.k.unwrap_or(1))?;
        at_least_one("depth", self.depth)?;
        Ok(Box::new(Lexical { depth: self.depth }))
    }
}

/// Matching words.
#[derive(Debug, Clone, Copy)]
pub struct Lexical {
    /// How many candidates the list holds.
    pub depth: usize,
}

#[async_trait]
impl Retriever for Lexical {
    fn kind(&self) -> &'static str {
        "lexical"
    }

    async fn retrieve(
        &self,
        cx: &Cx,
        store: &dyn MemoryReader,
        filter: &Filter,
        query: &str,
    ) -> Result<Vec<RankedList>, ComponentError> {
        cx.count("retriever:lexical", 1);
        Ok(vec![RankedList {
            name: "lexical".to_owned(),
            items: store.search(filter, query, self.depth)?,
            query_terms: store.query_terms(query),
        }])
    }
}
