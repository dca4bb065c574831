//! Relations by a language model.

use async_trait::async_trait;
use jiff::civil::Date;
use memgauge_core::graph::{Entity, RelationGenerator, Triple, normal_name};
use memgauge_core::{Build, BuildError, ChatRequest, ComponentError, Cx, Parts, Source, Window};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Asker, before, clean, turns};
use crate::context::spoken_time;
use crate::reply::whole_number;

/// A language model states how the entities are related, and which messages say so. A relation with an
/// end that is not on the list of entities is refused (`refused:graph-entity`), one without a name too
/// (`refused:graph-relation`). A number that is no message's is refused (`refused:graph-turn`); a
/// relation that names none rests on all messages of the window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct LlmRelationsConfig {
    /// Name of the chat model.
    pub model: String,
    /// Name of the prompt; left out = `graph/relations`.
    pub prompt: Option<String>,
    /// Most relations of a reply, as part of its JSON schema; left out = no limit. For servers that
    /// force replies into the schema: subject and object are then also held to the list of entities.
    #[schemars(range(min = 1))]
    pub max_relations: Option<usize>,
    /// Most tokens of a reply; left out = what the model's table says.
    #[schemars(range(min = 1))]
    pub max_tokens: Option<u32>,
}

impl Default for LlmRelationsConfig {
    fn default() -> Self {
        Self {
            model: "chat".to_owned(),
            prompt: None,
            max_relations: None,
            max_tokens: None,
        }
    }
}

impl Build<Box<dyn RelationGenerator>> for LlmRelationsConfig {
    fn build(&self, parts: &dyn Parts) -> Result<Box<dyn RelationGenerator>, BuildError> {
        if self.max_relations == Some(0) {
            let message = "must be at least 1, found 0";
            return Err(BuildError::at("max-relations", message));
        }
        let prompt = self.prompt.as_deref();
        let asker = Asker::new(
            parts,
            &self.model,
            prompt,
            "graph/relations",
            self.max_tokens,
        )?;
        Ok(Box::new(LlmRelations {
            asker,
            max_relations: self.max_relations,
        }))
    }
}

/// See [`LlmRelationsConfig`].
pub struct LlmRelations {
    asker: Asker,
    max_relations: Option<usize>,
}

#[derive(Deserialize)]
struct Reply {
    relations: Vec<Value>,
}

/// An entry as it came; other packages have other names for its parts.
#[derive(Deserialize)]
struct Item {
    #[serde(alias = "source")]
    subject: String,
    #[serde(alias = "relationship", alias = "predicate")]
    relation: String,
    #[serde(alias = "destination", alias = "target")]
    object: String,
    #[serde(default)]
    turns: Vec<Value>,
    #[serde(default)]
    since: Value,
}

/// Most messages that a relation may name where lists need an end.
const MAX_CITED: usize = 8;
/// Most characters of a relation there.
const MAX_RELATION_CHARS: usize = 60;

impl LlmRelations {
    fn schema(&self, entities: &[Entity]) -> Value {
        let mut name = json!({ "type": "string" });
        let mut turns = json!({ "type": "array", "items": { "type": "integer" } });
        let mut relation = json!({ "type": "string" });
        let mut since = json!({ "type": "string" });
        if self.max_relations.is_some() {
            let names: Vec<&str> = entities.iter().map(|entity| entity.name.as_str()).collect();
            name = json!({ "type": "string", "enum": names });
            super::limit(&mut turns, "maxItems", Some(MAX_CITED));
            super::limit(&mut relation, "maxLength", Some(MAX_RELATION_CHARS));
            super::limit(&mut since, "maxLength", Some("YYYY-MM-DD".len()));
        }
        let mut list = json!({
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "subject": name,
                    "relation": relation,
                    "object": name,
                    "turns": turns,
                    "since": since,
                },
                "required": ["subject", "relation", "object", "turns", "since"],
                "additionalProperties": false,
            },
        });
        super::limit(&mut list, "maxItems", self.max_relations);
        json!({
            "type": "object",
            "properties": { "relations": list },
            "required": ["relations"],
            "additionalProperties": false,
        })
    }

    fn triple(
        &self,
        cx: &Cx,
        window: &Window<'_>,
        known: &[Entity],
        item: Value,
    ) -> Option<Triple> {
        let Ok(Item {
            subject,
            relation,
            object,
            turns,
            since,
        }) = serde_json::from_value(item)
        else {
            cx.count("refused:graph-relation", 1);
            return None;
        };
        let relation = relation.replace(" -- ", " - ").replace('_', " ");
        if relation.trim().is_empty() {
            cx.count("refused:graph-relation", 1);
            return None;
        }
        let listed = |name: &str| {
            let key = normal_name(&clean(name, Some(window))?);
            let mut found = known.iter();
            found
                .find(|entity| normal_name(&entity.name) == key)
                .map(|entity| entity.name.clone())
        };
        let (Some(subject), Some(object)) = (listed(&subject), listed(&object)) else {
            cx.count("refused:graph-entity", 1);
            return None;
        };
        let mut sources = Vec::new();
        for number in &turns {
            let turn = whole_number(number)
                .and_then(|number| usize::try_from(number.checked_sub(1)?).ok())
                .and_then(|index| window.turns.get(index));
            match turn {
                Some(turn) => sources.push(Source::cited(turn.id)),
                None => cx.count("refused:graph-turn", 1),
            }
        }
        if sources.is_empty() {
            let all = window.turns.iter();
            sources.extend(all.map(|turn| Source::window(turn.id)));
        }
        let day: Option<Date> = since.as_str().and_then(|day| day.trim().parse().ok());
        Some(Triple {
            subject,
            relation: relation.trim().to_owned(),
            object,
            sources,
            held_at: window.session.held_at,
            valid_from: day.map(|day| day.at(0, 0, 0, 0)),
        })
    }
}

#[async_trait]
impl RelationGenerator for LlmRelations {
    fn kind(&self) -> &'static str {
        "llm"
    }

    async fn relations(
        &self,
        cx: &Cx,
        window: &Window<'_>,
        entities: &[Entity],
    ) -> Result<Vec<Triple>, ComponentError> {
        // Nothing to relate: no call.
        if window.turns.is_empty() || entities.is_empty() {
            return Ok(Vec::new());
        }
        cx.count("relations:llm", 1);
        let names: Vec<&str> = entities.iter().map(|entity| entity.name.as_str()).collect();
        let messages = self.asker.prompt.render(&json!({
            "time": spoken_time(window.session.held_at),
            "weekday": window.session.held_at.strftime("%A").to_string(),
            "speakers": window.head.speakers,
            "before": before(window),
            "turns": turns(window),
            "entities": names,
        }))?;
        let mut request = ChatRequest::json(messages, "relations", self.schema(entities));
        request.max_tokens = self.asker.max_tokens;
        let chat = &self.asker.chat;
        let (reply, _) = chat.structured(cx, &request, |_: &Reply| Ok(())).await?;
        let most = self.max_relations.unwrap_or(usize::MAX);
        let items = reply.relations.into_iter().take(most);
        Ok(items
            .filter_map(|item| self.triple(cx, window, entities, item))
            .collect())
    }
}
