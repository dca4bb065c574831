//! The policy.

use async_trait::async_trait;
use memgauge_core::{
    BuildError, ChatHandle, ComponentError, Cx, ErrorKind, Fact, MemoryOp, MemoryRecord,
    MemoryView, Parts, UpdatePolicy,
};
use serde_json::{Value, json};

use super::{LlmUpdateConfig, Mode};
use crate::context::spoken_time;
use crate::prompt::{Prompt, required};

/// See [`LlmUpdateConfig`].
pub struct LlmUpdate {
    pub(super) config: LlmUpdateConfig,
    pub(super) chat: ChatHandle,
    pub(super) prompt: Prompt,
    similar: usize,
}

impl LlmUpdate {
    /// The policy as configured.
    ///
    /// # Errors
    /// When there is no such model or prompt, a limit is 0, or a key is of no use in this mode.
    pub fn new(config: &LlmUpdateConfig, parts: &dyn Parts) -> Result<Self, BuildError> {
        for (key, value) in [
            ("similar", config.similar),
            ("max-chars", config.max_chars),
            ("max-tokens", config.max_tokens.map(|n| n as usize)),
        ] {
            if value == Some(0) {
                return Err(BuildError::at(key, "must be at least 1, found 0"));
            }
        }
        let (own, similar) = match config.mode {
            Mode::PerFact => ("update/per-fact", 10),
            Mode::Joint => ("update/joint", 5),
        };
        if config.mode == Mode::Joint && config.add_after_delete {
            return Err(BuildError::at(
                "add-after-delete",
                "goes with mode `per-fact` only: a joint reply can delete and add",
            ));
        }
        let name = config.prompt.as_deref().unwrap_or(own);
        let prompt = Prompt::named(parts, "prompt", name, required(own)?)?;
        let chat = parts
            .chat(&config.model)
            .map_err(|error| BuildError::at("model", error.message))?;
        Ok(Self {
            config: config.clone(),
            chat,
            prompt,
            similar: config.similar.unwrap_or(similar),
        })
    }

    /// The memories similar to any of `facts`, each once, in the order in which they are found: best
    /// first for the first fact, then what the next one adds.
    async fn memories(
        &self,
        cx: &Cx,
        facts: &[Fact],
        memory: &dyn MemoryView,
    ) -> Result<Vec<MemoryRecord>, ComponentError> {
        let mut memories: Vec<MemoryRecord> = Vec::new();
        for fact in facts {
            for near in memory.similar(cx, &fact.text, self.similar).await? {
                if !memories.iter().any(|known| known.id == near.record.id) {
                    memories.push(near.record);
                }
            }
        }
        Ok(memories)
    }

    /// Asks about `facts`, or adds them where there is nothing to ask or no usable reply.
    async fn decided(
        &self,
        cx: &Cx,
        facts: Vec<Fact>,
        memory: &dyn MemoryView,
    ) -> Result<Vec<MemoryOp>, ComponentError> {
        let memories = self.memories(cx, &facts, memory).await?;
        if memories.is_empty() && !self.config.ask_always {
            return Ok(added(facts));
        }
        let asked = match self.config.mode {
            Mode::Joint => self.all(cx, &facts, &memories).await,
            Mode::PerFact => self.each(cx, &facts, &memories).await,
        };
        let reason = match asked {
            Ok(ops) => return Ok(ops),
            Err(error) => match error.kind {
                ErrorKind::Malformed => "malformed:update",
                ErrorKind::ContextTooLong => "too-long:update",
                _ => return Err(error),
            },
        };
        cx.count(reason, 1);
        Ok(added(facts))
    }
}

fn added(facts: Vec<Fact>) -> Vec<MemoryOp> {
    facts.into_iter().map(MemoryOp::Add).collect()
}

/// Memories as prompts show them.
pub(super) fn shown(memories: &[MemoryRecord]) -> Vec<Value> {
    (0..)
        .zip(memories)
        .map(|(id, memory): (usize, _)| {
            json!({"id": id, "time": spoken_time(memory.updated_at), "text": memory.text})
        })
        .collect()
}

/// The numbers of `count` things, as a JSON schema: they are listed, so that a server that forces
/// replies into the schema cannot let a wrong one through.
pub(super) fn numbers(count: usize) -> Value {
    json!({ "type": "integer", "enum": (0..count).collect::<Vec<_>>() })
}

/// A text of at most `max_chars` characters, as a JSON schema.
pub(super) fn text(max_chars: Option<usize>) -> Value {
    match max_chars {
        Some(most) => json!({ "type": "string", "maxLength": most }),
        None => json!({ "type": "string" }),
    }
}

#[async_trait]
impl UpdatePolicy for LlmUpdate {
    fn kind(&self) -> &'static str {
        "llm"
    }

    fn is_joint(&self) -> bool {
        self.config.mode == Mode::Joint
    }

    async fn decide(
        &self,
        cx: &Cx,
        facts: Vec<Fact>,
        memory: &dyn MemoryView,
    ) -> Result<Vec<MemoryOp>, ComponentError> {
        if facts.is_empty() {
            return Ok(Vec::new());
        }
        cx.count("update:llm", 1);
        if self.is_joint() {
            return self.decided(cx, facts, memory).await;
        }
        let mut ops = Vec::with_capacity(facts.len());
        for fact in facts {
            ops.extend(self.decided(cx, vec![fact], memory).await?);
        }
        Ok(ops)
    }
}
