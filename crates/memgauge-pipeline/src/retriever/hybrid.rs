//! Several retrievers side by side.

use async_trait::async_trait;
use memgauge_core::{
    Build, BuildError, ComponentError, Cx, Filter, MemoryReader, Parts, RankedList, Retriever,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{DenseConfig, LexicalConfig, RetrieverConfig, at_least_one};

/// The lists of several retrievers, in the order of `inputs`, for a fusion ranker to join.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct HybridConfig {
    /// How many memories enter the context, once lists are fused; left out = 30. Not allowed in
    /// an input of `hybrid`.
    #[schemars(range(min = 1, max = 200))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub k: Option<usize>,
    /// The retrievers.
    #[schemars(length(min = 1))]
    pub inputs: Vec<RetrieverConfig>,
}

impl Default for HybridConfig {
    fn default() -> Self {
        Self {
            k: None,
            inputs: vec![
                DenseConfig::default().into(),
                LexicalConfig::default().into(),
            ],
        }
    }
}

impl Build<Box<dyn Retriever>> for HybridConfig {
    fn build(&self, parts: &dyn Parts) -> Result<Box<dyn Retriever>, BuildError> {
        at_least_one("k", self.k.unwrap_or(1))?;
        if self.inputs.is_empty() {
            return Err(BuildError::at("inputs", "needs at least one retriever"));
        }
        let build = |(index, input): (usize, &RetrieverConfig)| {
            if input.own_k().is_some() {
                return Err(BuildError::at(
                    format!("inputs[{index}].k"),
                    "`k` belongs in the `hybrid` table; an input has `depth`",
                ));
            }
            input.build(parts).map_err(|error| BuildError {
                key: Some(match error.key {
                    Some(key) => format!("inputs[{index}].{key}"),
                    None => format!("inputs[{index}]"),
                }),
                message: error.message,
            })
        };
        let inputs = self.inputs.iter().enumerate().map(build);
        Ok(Box::new(Hybrid(inputs.collect::<Result<_, _>>()?)))
    }
}

/// Several retrievers side by side.
pub struct Hybrid(pub Vec<Box<dyn Retriever>>);

#[async_trait]
impl Retriever for Hybrid {
    fn kind(&self) -> &'static str {
        "hybrid"
    }

    async fn retrieve(
        &self,
        cx: &Cx,
        store: &dyn MemoryReader,
        filter: &Filter,
        query: &str,
    ) -> Result<Vec<RankedList>, ComponentError> {
        let mut lists: Vec<RankedList> = Vec::new();
        for input in &self.0 {
            lists.extend(input.retrieve(cx, store, filter, query).await?);
        }
        // Two lists of one kind: `dense`, `dense-2`.
        for index in (1..lists.len()).rev() {
            let (earlier, rest) = lists.split_at_mut(index);
            if let Some(list) = rest.first_mut() {
                let same = earlier.iter().filter(|other| other.name == list.name);
                let same = same.count();
                if same > 0 {
                    list.name = format!("{}-{}", list.name, same + 1);
                }
            }
        }
        Ok(lists)
    }
}
