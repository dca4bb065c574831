//! Everything.

use async_trait::async_trait;
use memgauge_core::{
    Build, BuildError, ComponentError, Cx, Filter, MemoryReader, Parts, RankedList, Retriever,
    Scored,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// All memories in the order in which they were written, whatever is asked, all of them meant for the
/// context: nothing is ranked, and metrics by rank are null. Takes the fusion `single`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct AllConfig {}

impl Build<Box<dyn Retriever>> for AllConfig {
    fn build(&self, _: &dyn Parts) -> Result<Box<dyn Retriever>, BuildError> {
        Ok(Box::new(All))
    }
}

/// Everything.
#[derive(Debug, Clone, Copy)]
pub struct All;

#[async_trait]
impl Retriever for All {
    fn kind(&self) -> &'static str {
        "all"
    }

    async fn retrieve(
        &self,
        cx: &Cx,
        store: &dyn MemoryReader,
        filter: &Filter,
        _: &str,
    ) -> Result<Vec<RankedList>, ComponentError> {
        cx.count("retriever:all", 1);
        let mut items = store.recent(filter, usize::MAX)?;
        items.sort_unstable_by_key(|item| item.id);
        // Equal scores: nothing downstream puts one before the other but by its id.
        let items = items
            .into_iter()
            .map(|Scored { id, .. }| Scored { id, score: 0.0 });
        Ok(vec![RankedList {
            name: "all".to_owned(),
            items: items.collect(),
            query_terms: None,
        }])
    }
}
