//! Relations by rules.

use async_trait::async_trait;
use memgauge_core::graph::{Entity, RelationGenerator, Triple, normal_name};
use memgauge_core::{Build, BuildError, ComponentError, Cx, Parts, Window};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::read;

/// Relations by rules for English, out of the facts of the extractor `rules`: in the third person, a
/// speaker (or what belongs to one), the verb with its auxiliaries, negation and preposition, and the
/// object up to the next clause. "Ann paints horses and houses" is two relations; "Ann's sister" is one
/// as well (`has`). A relation cites its turn; where the sentence names a date, it holds from then on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct RulesRelationsConfig {}

impl Build<Box<dyn RelationGenerator>> for RulesRelationsConfig {
    fn build(&self, _: &dyn Parts) -> Result<Box<dyn RelationGenerator>, BuildError> {
        Ok(Box::new(RulesRelations))
    }
}

/// See [`RulesRelationsConfig`].
#[derive(Debug, Clone, Copy)]
pub struct RulesRelations;

#[async_trait]
impl RelationGenerator for RulesRelations {
    fn kind(&self) -> &'static str {
        "rules"
    }

    async fn relations(
        &self,
        cx: &Cx,
        window: &Window<'_>,
        entities: &[Entity],
    ) -> Result<Vec<Triple>, ComponentError> {
        cx.count("relations:rules", 1);
        let known: Vec<(String, &str)> = entities
            .iter()
            .map(|entity| (normal_name(&entity.name), entity.name.as_str()))
            .collect();
        let mut triples = Vec::new();
        for found in read(window) {
            let statement = found.statement;
            // Entities may come from a model: then the ends are what it calls them.
            if let (Some(subject), Some(object)) = (
                entity(&known, &statement.subject),
                entity(&known, &statement.object),
            ) {
                triples.push(Triple {
                    subject,
                    relation: statement.relation,
                    object,
                    sources: found.sources,
                    held_at: window.session.held_at,
                    valid_from: found.valid_from,
                });
            }
        }
        Ok(triples)
    }
}

/// The entity that `text` is, or else the longest that it holds.
fn entity(known: &[(String, &str)], text: &str) -> Option<String> {
    let key = normal_name(text);
    let exact = known.iter().find(|(other, _)| *other == key);
    let inside = || {
        let padded = format!(" {key} ");
        known
            .iter()
            .filter(|(other, _)| !other.is_empty() && padded.contains(&format!(" {other} ")))
            .max_by_key(|(other, _)| other.len())
    };
    exact.or_else(inside).map(|(_, name)| (*name).to_owned())
}
