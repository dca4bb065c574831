//! Entities, relations and conflicts by a language model.

mod conflicts;
mod entities;
mod relations;

pub use conflicts::{LlmConflicts, LlmConflictsConfig};
pub use entities::{LlmEntities, LlmEntitiesConfig};
pub use relations::{LlmRelations, LlmRelationsConfig};

use memgauge_core::graph::normal_name;
use memgauge_core::{BuildError, ChatHandle, Parts, Turn, Window};
use serde_json::{Value, json};

use crate::prompt::{Prompt, required};

/// A model and the prompt that it is given.
pub(super) struct Asker {
    pub(super) chat: ChatHandle,
    pub(super) prompt: Prompt,
    pub(super) max_tokens: Option<u32>,
}

impl Asker {
    fn new(
        parts: &dyn Parts,
        model: &str,
        prompt: Option<&str>,
        own: &str,
        max_tokens: Option<u32>,
    ) -> Result<Self, BuildError> {
        if max_tokens == Some(0) {
            return Err(BuildError::at("max-tokens", "must be at least 1, found 0"));
        }
        Ok(Self {
            prompt: Prompt::named(parts, "prompt", prompt.unwrap_or(own), required(own)?)?,
            chat: parts
                .chat(model)
                .map_err(|error| BuildError::at("model", error.message))?,
            max_tokens,
        })
    }
}

fn before(window: &Window<'_>) -> Vec<Value> {
    let shown = |turn: &Turn| json!({"speaker": turn.speaker, "text": turn.text});
    window.before.iter().map(shown).collect()
}

fn turns(window: &Window<'_>) -> Vec<Value> {
    let shown = |(number, turn): (usize, &Turn)| json!({"number": number, "speaker": turn.speaker, "text": turn.text});
    (1..).zip(window.turns).map(shown).collect()
}

/// The name, without what would tear an edge's text apart; a pronoun of the first person is the
/// speaker, where only one speaks. `None` where nothing is left, or nobody can be meant.
fn clean(name: &str, window: Option<&Window<'_>>) -> Option<String> {
    let name = name.replace(" -- ", " - ");
    let name = name.trim();
    match normal_name(name).as_str() {
        "" => None,
        "i" | "me" | "my" | "mine" | "myself" | "self" | "user" | "speaker" | "user id" => {
            let window = window?;
            let mut speakers = window.turns.iter().map(|turn| turn.speaker.as_str());
            let first = speakers.next();
            let alone = first.filter(|first| speakers.all(|other| other == *first));
            window.perspective.or(alone).map(str::to_owned)
        }
        _ => Some(name.to_owned()),
    }
}

/// Adds a limit to a schema where there is one.
fn limit(schema: &mut Value, key: &str, value: Option<usize>) {
    if let (Value::Object(schema), Some(value)) = (schema, value) {
        schema.insert(key.to_owned(), Value::from(value));
    }
}
