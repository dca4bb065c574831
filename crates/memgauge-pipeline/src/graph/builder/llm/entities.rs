//! Entities by a language model.

use async_trait::async_trait;
use memgauge_core::graph::{Entity, EntityExtractor, normal_name};
use memgauge_core::{Build, BuildError, ChatRequest, ComponentError, Cx, Parts, Window};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Asker, before, clean, turns};
use crate::context::spoken_time;

/// A language model lists what new messages, or a question, name. "I" is the speaker, where only one
/// speaks or the memory is one speaker's; a pronoun that nobody can resolve is refused
/// (`refused:graph-entity`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct LlmEntitiesConfig {
    /// Name of the chat model.
    pub model: String,
    /// Name of the prompt; left out = `graph/entities`.
    pub prompt: Option<String>,
    /// Most entities of a reply, as part of its JSON schema; left out = no limit. For servers that
    /// force replies into the schema, so that a small model comes to an end: names and types are then
    /// limited too.
    #[schemars(range(min = 1))]
    pub max_entities: Option<usize>,
    /// Most tokens of a reply; left out = what the model's table says.
    #[schemars(range(min = 1))]
    pub max_tokens: Option<u32>,
}

impl Default for LlmEntitiesConfig {
    fn default() -> Self {
        Self {
            model: "chat".to_owned(),
            prompt: None,
            max_entities: None,
            max_tokens: None,
        }
    }
}

impl Build<Box<dyn EntityExtractor>> for LlmEntitiesConfig {
    fn build(&self, parts: &dyn Parts) -> Result<Box<dyn EntityExtractor>, BuildError> {
        if self.max_entities == Some(0) {
            return Err(BuildError::at(
                "max-entities",
                "must be at least 1, found 0",
            ));
        }
        let prompt = self.prompt.as_deref();
        let asker = Asker::new(
            parts,
            &self.model,
            prompt,
            "graph/entities",
            self.max_tokens,
        )?;
        Ok(Box::new(LlmEntities {
            asker,
            max_entities: self.max_entities,
        }))
    }
}

/// See [`LlmEntitiesConfig`].
pub struct LlmEntities {
    asker: Asker,
    max_entities: Option<usize>,
}

/// Most characters of a name and of a type where replies need an end.
const MAX_NAME_CHARS: usize = 60;
const MAX_TYPE_CHARS: usize = 30;

#[derive(Deserialize)]
struct Reply {
    entities: Vec<Value>,
}

/// An entry as it came. Models mix forms up: a name alone is as good.
#[derive(Deserialize)]
#[serde(untagged)]
enum Item {
    Name(String),
    Named {
        #[serde(alias = "entity")]
        name: String,
        #[serde(default, rename = "type", alias = "entity_type", alias = "kind")]
        kind: String,
    },
}

impl LlmEntities {
    async fn ask(
        &self,
        cx: &Cx,
        values: Value,
        window: Option<&Window<'_>>,
    ) -> Result<Vec<Entity>, ComponentError> {
        let messages = self.asker.prompt.render(&values)?;
        let mut request = ChatRequest::json(messages, "entities", self.schema());
        request.max_tokens = self.asker.max_tokens;
        let chat = &self.asker.chat;
        let (reply, _) = chat.structured(cx, &request, |_: &Reply| Ok(())).await?;
        let mut entities: Vec<Entity> = Vec::new();
        for item in reply.entities {
            let (name, kind) = match serde_json::from_value(item) {
                Ok(Item::Name(name)) => (name, String::new()),
                Ok(Item::Named { name, kind }) => (name, kind),
                Err(_) => (String::new(), String::new()),
            };
            let Some(name) = clean(&name, window) else {
                cx.count("refused:graph-entity", 1);
                continue;
            };
            let key = normal_name(&name);
            if !entities.iter().any(|known| normal_name(&known.name) == key) {
                entities.push(Entity { name, kind });
            }
        }
        entities.truncate(self.max_entities.unwrap_or(usize::MAX));
        Ok(entities)
    }

    fn schema(&self) -> Value {
        let ends = self.max_entities.is_some();
        let (mut name, mut kind) = (json!({ "type": "string" }), json!({ "type": "string" }));
        super::limit(&mut name, "maxLength", ends.then_some(MAX_NAME_CHARS));
        super::limit(&mut kind, "maxLength", ends.then_some(MAX_TYPE_CHARS));
        let mut list = json!({
            "type": "array",
            "items": {
                "type": "object",
                "properties": { "name": name, "type": kind },
                "required": ["name", "type"],
                "additionalProperties": false,
            },
        });
        super::limit(&mut list, "maxItems", self.max_entities);
        json!({
            "type": "object",
            "properties": { "entities": list },
            "required": ["entities"],
            "additionalProperties": false,
        })
    }
}

#[async_trait]
impl EntityExtractor for LlmEntities {
    fn kind(&self) -> &'static str {
        "llm"
    }

    async fn entities(&self, cx: &Cx, window: &Window<'_>) -> Result<Vec<Entity>, ComponentError> {
        if window.turns.is_empty() {
            return Ok(Vec::new());
        }
        cx.count("entities:llm", 1);
        let values = json!({
            "question": "",
            "time": spoken_time(window.session.held_at),
            "speakers": window.head.speakers,
            "before": before(window),
            "turns": turns(window),
        });
        self.ask(cx, values, Some(window)).await
    }

    async fn of_text(&self, cx: &Cx, text: &str) -> Result<Vec<Entity>, ComponentError> {
        cx.count("entities:llm", 1);
        let values = json!({
            "question": text, "time": "", "speakers": [], "before": [], "turns": [],
        });
        self.ask(cx, values, None).await
    }
}
