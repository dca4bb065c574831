//! Every fact is a new memory.

use async_trait::async_trait;
use memgauge_core::{
    Build, BuildError, ComponentError, Cx, Fact, MemoryOp, MemoryView, Parts, UpdatePolicy,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Keeps every fact as a new memory, in order, whatever is known already.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct AppendConfig {}

impl Build<Box<dyn UpdatePolicy>> for AppendConfig {
    fn build(&self, _parts: &dyn Parts) -> Result<Box<dyn UpdatePolicy>, BuildError> {
        Ok(Box::new(Append))
    }
}

/// See [`AppendConfig`].
#[derive(Debug, Clone, Copy)]
pub struct Append;

#[async_trait]
impl UpdatePolicy for Append {
    fn kind(&self) -> &'static str {
        "append"
    }

    fn is_joint(&self) -> bool {
        true
    }

    async fn decide(
        &self,
        cx: &Cx,
        facts: Vec<Fact>,
        _memory: &dyn MemoryView,
    ) -> Result<Vec<MemoryOp>, ComponentError> {
        cx.count("update:append", 1);
        Ok(facts.into_iter().map(MemoryOp::Add).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{FakeMemory, decide, fact};
    use super::*;

    #[test]
    fn everything_is_added_in_order_and_nothing_looked_up() {
        let memory = FakeMemory::default();
        let facts = vec![fact("Mira", "Mira rows.", 1), fact("Mira", "Mira rows.", 2)];
        let ops = decide(&Append, facts.clone(), &memory);
        assert_eq!(
            ops,
            facts.into_iter().map(MemoryOp::Add).collect::<Vec<_>>()
        );
        assert_eq!(memory.lookups(), 0);
        assert!(Append.is_joint());
    }
}
