//! A system that remembers nothing.

use async_trait::async_trait;
use memgauge_core::{
    Build, BuildError, ComponentError, ConversationHead, ConversationId, Cx, MemoryEvent,
    MemorySystem, Parts, Question, Recall, Session,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Remembers nothing: what an answerer knows or guesses without the conversation.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct NoMemoryConfig {}

impl Build<Box<dyn MemorySystem>> for NoMemoryConfig {
    fn build(&self, _: &dyn Parts) -> Result<Box<dyn MemorySystem>, BuildError> {
        Ok(Box::new(NoMemory))
    }
}

/// Remembers nothing.
#[derive(Debug, Clone, Copy)]
pub struct NoMemory;

#[async_trait]
impl MemorySystem for NoMemory {
    fn kind(&self) -> &'static str {
        "no-memory"
    }

    async fn ingest(
        &self,
        _: &Cx,
        _: &ConversationHead,
        _: &Session,
    ) -> Result<Vec<MemoryEvent>, ComponentError> {
        Ok(Vec::new())
    }

    async fn flush(&self, _: &Cx) -> Result<Vec<(ConversationId, MemoryEvent)>, ComponentError> {
        Ok(Vec::new())
    }

    async fn recall(
        &self,
        _: &Cx,
        _: &ConversationId,
        _: &Question,
    ) -> Result<Recall, ComponentError> {
        Ok(Recall::default())
    }
}
