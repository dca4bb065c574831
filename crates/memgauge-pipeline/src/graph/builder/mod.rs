//! Graph builders: what a window names, how that is related, and which older edges no longer hold.
//! Three stages, each replaceable.

pub mod llm;
pub mod rules;

use memgauge_core::graph::{ConflictResolver, EntityExtractor, RelationGenerator};
use memgauge_core::{Build, BuildError, Parts, registry};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

registry! {
    /// First stage of a graph builder: what a text names.
    pub enum EntitiesConfig: "entities" => Box<dyn EntityExtractor> {
        "rules" => Rules(rules::RulesEntitiesConfig),
        "llm" => Llm(llm::LlmEntitiesConfig),
    }
}

registry! {
    /// Second stage of a graph builder: how entities are related.
    pub enum RelationsConfig: "relations" => Box<dyn RelationGenerator> {
        "rules" => Rules(rules::RulesRelationsConfig),
        "llm" => Llm(llm::LlmRelationsConfig),
    }
}

registry! {
    /// Third stage of a graph builder: which older edges no longer hold.
    pub enum ConflictsConfig: "conflicts" => Box<dyn ConflictResolver> {
        "rules" => Rules(rules::RulesConflictsConfig),
        "llm" => Llm(llm::LlmConflictsConfig),
        "none" => None(NoConflictsConfig),
    }
}

registry! {
    /// Graph builders: entities, relations and conflicts together.
    pub enum BuilderConfig: "builder" => Builder {
        "rules" => Rules(RulesBuilderConfig),
        "llm" => Llm(LlmBuilderConfig),
    }
}

/// The three stages.
pub struct Builder {
    /// What a text names.
    pub entities: Box<dyn EntityExtractor>,
    /// How that is related.
    pub relations: Box<dyn RelationGenerator>,
    /// Which older edges no longer hold.
    pub conflicts: Box<dyn ConflictResolver>,
}

/// All stages by rules, without a model. It is no stand-in for a language model's graph: the names of
/// systems that use it say `rules`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct RulesBuilderConfig {
    /// What a text names.
    pub entities: EntitiesConfig,
    /// How that is related.
    pub relations: RelationsConfig,
    /// Which older edges no longer hold.
    pub conflicts: ConflictsConfig,
}

impl Default for RulesBuilderConfig {
    fn default() -> Self {
        Self {
            entities: rules::RulesEntitiesConfig::default().into(),
            relations: rules::RulesRelationsConfig::default().into(),
            conflicts: rules::RulesConflictsConfig::default().into(),
        }
    }
}

/// All stages by a language model: one call for entities, one for relations, and one for conflicts
/// where the new edges touch older ones; one more for the entities of every question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct LlmBuilderConfig {
    /// Name of the chat model of every stage that has no table of its own.
    pub model: String,
    /// What a text names; left out = the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entities: Option<EntitiesConfig>,
    /// How that is related; left out = the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relations: Option<RelationsConfig>,
    /// Which older edges no longer hold; left out = the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conflicts: Option<ConflictsConfig>,
}

impl Default for LlmBuilderConfig {
    fn default() -> Self {
        Self {
            model: "chat".to_owned(),
            entities: None,
            relations: None,
            conflicts: None,
        }
    }
}

impl Build<Builder> for RulesBuilderConfig {
    fn build(&self, parts: &dyn Parts) -> Result<Builder, BuildError> {
        builder(&self.entities, &self.relations, &self.conflicts, parts)
    }
}

impl Build<Builder> for LlmBuilderConfig {
    fn build(&self, parts: &dyn Parts) -> Result<Builder, BuildError> {
        if self.entities.is_none() || self.relations.is_none() || self.conflicts.is_none() {
            // The mistake is in this table, not in one that was left out.
            parts
                .chat(&self.model)
                .map_err(|error| BuildError::at("model", error.message))?;
        }
        let model = || self.model.clone();
        let entities = self.entities.clone().unwrap_or_else(|| {
            let default = llm::LlmEntitiesConfig::default();
            llm::LlmEntitiesConfig {
                model: model(),
                ..default
            }
            .into()
        });
        let relations = self.relations.clone().unwrap_or_else(|| {
            let default = llm::LlmRelationsConfig::default();
            llm::LlmRelationsConfig {
                model: model(),
                ..default
            }
            .into()
        });
        let conflicts = self.conflicts.clone().unwrap_or_else(|| {
            let default = llm::LlmConflictsConfig::default();
            llm::LlmConflictsConfig {
                model: model(),
                ..default
            }
            .into()
        });
        builder(&entities, &relations, &conflicts, parts)
    }
}

fn builder(
    entities: &EntitiesConfig,
    relations: &RelationsConfig,
    conflicts: &ConflictsConfig,
    parts: &dyn Parts,
) -> Result<Builder, BuildError> {
    Ok(Builder {
        entities: super::within("entities", entities.build(parts))?,
        relations: super::within("relations", relations.build(parts))?,
        conflicts: super::within("conflicts", conflicts.build(parts))?,
    })
}

/// Every edge holds for ever.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct NoConflictsConfig {}

struct NoConflicts;

impl Build<Box<dyn ConflictResolver>> for NoConflictsConfig {
    fn build(&self, _: &dyn Parts) -> Result<Box<dyn ConflictResolver>, BuildError> {
        Ok(Box::new(NoConflicts))
    }
}

#[async_trait::async_trait]
impl ConflictResolver for NoConflicts {
    fn kind(&self) -> &'static str {
        "none"
    }

    async fn conflicts(
        &self,
        _: &memgauge_core::Cx,
        _: &[memgauge_core::graph::Triple],
        _: &[memgauge_core::MemoryRecord],
    ) -> Result<Vec<memgauge_core::MemoryId>, memgauge_core::ComponentError> {
        Ok(Vec::new())
    }
}
