//! Entities by rules.

use async_trait::async_trait;
use memgauge_core::graph::{Entity, EntityExtractor, normal_name};
use memgauge_core::{Build, BuildError, ComponentError, Cx, Parts, Window};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{read, tagger};

/// Entities by rules for English: the two speakers, proper names, quoted titles of up to eight words,
/// compound nouns (two to four nouns in a row), identifiers, and single nouns. Nouns are told by what
/// they are not (function words, verbs, adverbs, common adjectives, words of time and of courtesy).
/// Of a conversation, also the ends of what `relations = { kind = "rules" }` finds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct RulesEntitiesConfig {
    /// Whether single nouns count.
    pub nouns: bool,
}

impl Default for RulesEntitiesConfig {
    fn default() -> Self {
        Self { nouns: true }
    }
}

impl Build<Box<dyn EntityExtractor>> for RulesEntitiesConfig {
    fn build(&self, _: &dyn Parts) -> Result<Box<dyn EntityExtractor>, BuildError> {
        Ok(Box::new(RulesEntities(self.clone())))
    }
}

/// See [`RulesEntitiesConfig`].
#[derive(Debug, Clone)]
pub struct RulesEntities(pub RulesEntitiesConfig);

#[async_trait]
impl EntityExtractor for RulesEntities {
    fn kind(&self) -> &'static str {
        "rules"
    }

    async fn entities(&self, cx: &Cx, window: &Window<'_>) -> Result<Vec<Entity>, ComponentError> {
        cx.count("entities:rules", 1);
        let names: Vec<&str> = window.head.speakers.iter().map(String::as_str).collect();
        let mut found: Vec<Entity> = Vec::new();
        let mut add = |entity: Entity| {
            let key = normal_name(&entity.name);
            if !key.is_empty() && !found.iter().any(|known| normal_name(&known.name) == key) {
                found.push(entity);
            }
        };
        for turn in window.turns {
            add(person(&turn.speaker));
            tagger::tag(&turn.text, &names, self.0.nouns)
                .into_iter()
                .for_each(&mut add);
        }
        for read in read(window) {
            for name in [read.statement.subject, read.statement.object] {
                add(Entity {
                    name,
                    kind: "thing".to_owned(),
                });
            }
        }
        Ok(found)
    }

    async fn of_text(&self, cx: &Cx, text: &str) -> Result<Vec<Entity>, ComponentError> {
        cx.count("entities:rules", 1);
        Ok(tagger::tag(text, &[], self.0.nouns))
    }
}

fn person(name: &str) -> Entity {
    Entity {
        name: name.to_owned(),
        kind: "person".to_owned(),
    }
}
