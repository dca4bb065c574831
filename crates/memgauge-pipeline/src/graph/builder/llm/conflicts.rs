//! Conflicts by a language model.

use async_trait::async_trait;
use memgauge_core::graph::{ConflictResolver, Triple, edge_text};
use memgauge_core::{
    Build, BuildError, ChatRequest, ComponentError, Cx, MemoryId, MemoryRecord, Parts,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Asker;
use crate::context::spoken_time;
use crate::reply::numbered;

/// A language model names the older edges that the new ones make untrue. They are shown under small
/// numbers; a number that was not shown is refused (`refused:graph-edge`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct LlmConflictsConfig {
    /// Name of the chat model.
    pub model: String,
    /// Name of the prompt; left out = `graph/conflicts`.
    pub prompt: Option<String>,
    /// Most edges of a reply, as part of its JSON schema; left out = no limit. For servers that force
    /// replies into the schema, so that a small model comes to an end.
    #[schemars(range(min = 1))]
    pub max_outdated: Option<usize>,
    /// Most tokens of a reply; left out = what the model's table says.
    #[schemars(range(min = 1))]
    pub max_tokens: Option<u32>,
}

impl Default for LlmConflictsConfig {
    fn default() -> Self {
        Self {
            model: "chat".to_owned(),
            prompt: None,
            max_outdated: None,
            max_tokens: None,
        }
    }
}

impl Build<Box<dyn ConflictResolver>> for LlmConflictsConfig {
    fn build(&self, parts: &dyn Parts) -> Result<Box<dyn ConflictResolver>, BuildError> {
        let prompt = self.prompt.as_deref();
        let asker = Asker::new(
            parts,
            &self.model,
            prompt,
            "graph/conflicts",
            self.max_tokens,
        )?;
        if self.max_outdated == Some(0) {
            return Err(BuildError::at(
                "max-outdated",
                "must be at least 1, found 0",
            ));
        }
        Ok(Box::new(LlmConflicts {
            asker,
            max_outdated: self.max_outdated,
        }))
    }
}

/// See [`LlmConflictsConfig`].
pub struct LlmConflicts {
    asker: Asker,
    max_outdated: Option<usize>,
}

#[derive(Deserialize)]
struct Reply {
    outdated: Vec<Value>,
}

#[async_trait]
impl ConflictResolver for LlmConflicts {
    fn kind(&self) -> &'static str {
        "llm"
    }

    async fn conflicts(
        &self,
        cx: &Cx,
        triples: &[Triple],
        existing: &[MemoryRecord],
    ) -> Result<Vec<MemoryId>, ComponentError> {
        let Some(first) = triples.first().filter(|_| !existing.is_empty()) else {
            return Ok(Vec::new());
        };
        cx.count("conflicts:llm", 1);
        let edges: Vec<Value> = (0..)
            .zip(existing)
            .map(|(id, edge): (usize, _)| {
                json!({"id": id, "time": spoken_time(edge.created_at), "text": edge.text})
            })
            .collect();
        let new: Vec<String> = triples
            .iter()
            .map(|new| edge_text(&new.subject, &new.relation, &new.object))
            .collect();
        let messages = self.asker.prompt.render(&json!({
            "time": spoken_time(first.held_at), "edges": edges, "triples": new,
        }))?;
        let numbers: Vec<usize> = (0..existing.len()).collect();
        let mut list = json!({ "type": "array", "items": { "type": "integer", "enum": numbers } });
        super::limit(&mut list, "maxItems", self.max_outdated);
        let schema = json!({
            "type": "object",
            "properties": { "outdated": list },
            "required": ["outdated"],
            "additionalProperties": false,
        });
        let mut request = ChatRequest::json(messages, "outdated_edges", schema);
        request.max_tokens = self.asker.max_tokens;
        let chat = &self.asker.chat;
        let (reply, _) = chat.structured(cx, &request, |_: &Reply| Ok(())).await?;
        let mut outdated = Vec::new();
        for number in &reply.outdated {
            match numbered(existing, Some(number)) {
                Some((_, edge)) => outdated.push(edge.id),
                None => cx.count("refused:graph-edge", 1),
            }
        }
        Ok(outdated)
    }
}
