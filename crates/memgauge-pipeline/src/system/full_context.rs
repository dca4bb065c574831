//! The whole conversation in every prompt.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use memgauge_core::{
    Build, BuildError, ComponentError, Context, ConversationHead, ConversationId, Cx, MemoryEvent,
    MemorySystem, Parts, Question, Recall, Session,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::transcript::Transcript;
use super::unknown_conversation;

/// The whole conversation in every context, as lines `timestamp | speaker: text` (the format of Mem0's
/// evaluation).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct FullContextConfig {
    /// Whether the caption of a shared picture is part of the text. Mem0's protocol ignores it.
    pub captions: bool,
}

impl Build<Box<dyn MemorySystem>> for FullContextConfig {
    fn build(&self, _: &dyn Parts) -> Result<Box<dyn MemorySystem>, BuildError> {
        Ok(Box::new(FullContext {
            captions: self.captions,
            conversations: Mutex::default(),
        }))
    }
}

/// The whole conversation in every context.
#[derive(Debug)]
pub struct FullContext {
    captions: bool,
    conversations: Mutex<BTreeMap<ConversationId, Whole>>,
}

#[derive(Debug, Default)]
struct Whole {
    transcript: Transcript,
    /// Made of the transcript at the first question; the same for all.
    context: Option<Arc<Context>>,
}

impl Whole {
    fn context(&mut self, conversation: &ConversationId) -> Arc<Context> {
        let transcript = &self.transcript;
        Arc::clone(self.context.get_or_insert_with(|| {
            Arc::new(Context {
                text: transcript.text.clone(),
                entries: transcript.entries(conversation),
                dropped: Vec::new(),
                retrieved: None,
            })
        }))
    }
}

impl FullContext {
    fn conversations(&self) -> MutexGuard<'_, BTreeMap<ConversationId, Whole>> {
        self.conversations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl MemorySystem for FullContext {
    fn kind(&self) -> &'static str {
        "full-context"
    }

    async fn ingest(
        &self,
        _: &Cx,
        head: &ConversationHead,
        session: &Session,
    ) -> Result<Vec<MemoryEvent>, ComponentError> {
        let mut conversations = self.conversations();
        let whole = conversations.entry(head.id.clone()).or_default();
        whole.transcript.push(session, self.captions);
        whole.context = None;
        Ok(Vec::new())
    }

    async fn flush(&self, _: &Cx) -> Result<Vec<(ConversationId, MemoryEvent)>, ComponentError> {
        for (conversation, whole) in self.conversations().iter_mut() {
            whole.context(conversation);
        }
        Ok(Vec::new())
    }

    async fn recall(
        &self,
        _: &Cx,
        conversation: &ConversationId,
        _: &Question,
    ) -> Result<Recall, ComponentError> {
        let mut conversations = self.conversations();
        let whole = conversations
            .get_mut(conversation)
            .ok_or_else(|| unknown_conversation("full-context", conversation))?;
        Ok(Recall {
            context: whole.context(conversation),
            ..Recall::default()
        })
    }
}
