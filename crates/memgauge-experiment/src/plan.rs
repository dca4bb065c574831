//! What would run: variants x conversations x questions, without side effects.

use std::collections::BTreeMap;

use memgauge_core::{Category, ConversationId};
use memgauge_dataset::{Dataset, Entry, Item};
use memgauge_pipeline::answerer::AnswererConfig;
use memgauge_pipeline::system::SystemConfig;
use serde_json::json;

use crate::config::{ConfigFile, Isolation, swapped_name};
use crate::digest;
use crate::error::ExperimentError;

/// What an arm is to the experiment.
#[derive(Debug, Clone, PartialEq)]
pub enum Role {
    /// A memory system under test.
    System(SystemConfig),
    /// Gold evidence as context.
    Oracle,
    /// A system asked from another conversation's memory.
    Swapped(SystemConfig),
}

/// One arm.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedVariant {
    /// Name in tables and files.
    pub name: String,
    /// What it is.
    pub role: Role,
    /// Place of its system in the config, for messages: `variant[2].system`.
    pub path: String,
    /// Whether its conversations share a memory.
    pub isolation: Isolation,
    /// What answers.
    pub answerer: AnswererConfig,
    /// Place of its answerer in the config.
    pub answerer_path: String,
    /// Digest of everything that shapes its records.
    pub digest: String,
}

impl PlannedVariant {
    /// Kind of the system, as tables show it.
    pub fn kind(&self) -> &'static str {
        match &self.role {
            Role::System(system) => system.kind(),
            Role::Oracle => "oracle",
            Role::Swapped(_) => "swapped",
        }
    }

    /// Whether it knows what no system may know.
    pub fn is_control(&self) -> bool {
        !matches!(self.role, Role::System(_))
    }
}

/// What would run.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Arms in the order of the tables: variants, then controls.
    pub variants: Vec<PlannedVariant>,
    /// Conversations with the questions that are asked, in the dataset's order.
    pub conversations: Vec<PlannedConversation>,
    /// Whether questions of the dataset are left out.
    pub partial: bool,
    /// Digest of config, dataset and tool version.
    pub digest: String,
}

/// The questions asked about one conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedConversation {
    /// Place in the dataset.
    pub entry: usize,
    /// Its id.
    pub id: ConversationId,
    /// Sessions to ingest.
    pub sessions: usize,
    /// Turns to ingest.
    pub turns: usize,
    /// Places of the questions in the dataset's list.
    pub items: Vec<usize>,
}

impl Plan {
    /// Whether a system from outside takes part.
    pub fn has_external(&self) -> bool {
        self.variants.iter().any(|variant| {
            matches!(
                variant.role,
                Role::System(SystemConfig::External(_)) | Role::Swapped(SystemConfig::External(_))
            )
        })
    }

    /// Plans `file` on `dataset`.
    ///
    /// # Errors
    /// When a selection names what is not there or leaves nothing.
    pub fn new(file: &ConfigFile, dataset: &Dataset) -> Result<Self, ExperimentError> {
        let config = &file.config;
        let conversations = select(file, dataset)?;
        let mut variants: Vec<PlannedVariant> = Vec::new();
        for (index, variant) in config.variant.iter().enumerate() {
            variants.push(PlannedVariant {
                name: variant.name.clone(),
                role: Role::System(variant.system.clone()),
                path: format!("variant[{index}].system"),
                isolation: variant.isolation.unwrap_or(config.isolation),
                answerer: variant
                    .answerer
                    .clone()
                    .unwrap_or_else(|| config.answerer.clone()),
                answerer_path: match variant.answerer {
                    Some(_) => format!("variant[{index}].answerer"),
                    None => "answerer".to_owned(),
                },
                digest: String::new(),
            });
        }
        if config.controls.oracle {
            variants.push(PlannedVariant {
                name: "oracle".to_owned(),
                role: Role::Oracle,
                path: "controls.oracle".to_owned(),
                isolation: Isolation::Conversation,
                answerer: config.answerer.clone(),
                answerer_path: "answerer".to_owned(),
                digest: String::new(),
            });
        }
        for name in &config.controls.swapped {
            if dataset.conversations.len() < 2 {
                return Err(ExperimentError::Config(vec![file.problem(
                    "controls.swapped",
                    format!("`{name}` cannot be swapped: the dataset has one conversation"),
                )]));
            }
            let Some(original) = variants
                .iter()
                .find(|variant| variant.name == *name)
                .cloned()
            else {
                continue;
            };
            if let Role::System(system) = original.role {
                variants.push(PlannedVariant {
                    name: swapped_name(name),
                    role: Role::Swapped(system),
                    // What it is asked from is always another conversation's own memory.
                    isolation: Isolation::Conversation,
                    ..original
                });
            }
        }
        for variant in &mut variants {
            let system = match &variant.role {
                Role::System(system) | Role::Swapped(system) => Some(system),
                Role::Oracle => None,
            };
            variant.digest = digest::of(&json!({
                "role": variant.kind(),
                "system": system,
                "isolation": variant.isolation,
                "answerer": variant.answerer,
                "judge": config.judge,
                "models": config.models,
            }));
        }
        let asked: Vec<_> = conversations
            .iter()
            .map(|planned| json!([planned.id.as_str(), planned.items]))
            .collect();
        let digest = digest::of(&json!({
            "name": config.name,
            "variants": variants.iter().map(|v| json!([v.name, v.digest])).collect::<Vec<_>>(),
            "dataset": dataset.fingerprint.content,
            "asked": asked,
            "seed": config.seed,
            "measure": config.measure,
            "record": config.record,
            "tool": env!("CARGO_PKG_VERSION"),
        }));
        let planned: usize = conversations
            .iter()
            .map(|planned| planned.items.len())
            .sum();
        Ok(Self {
            variants,
            partial: planned < dataset.items().count(),
            conversations,
            digest,
        })
    }

    /// Questions of each arm.
    pub fn questions(&self) -> usize {
        self.conversations
            .iter()
            .map(|planned| planned.items.len())
            .sum()
    }

    /// Questions by category.
    pub fn by_category(&self, dataset: &Dataset) -> BTreeMap<Category, usize> {
        let mut counts = BTreeMap::new();
        for (_, item) in self.asked(dataset) {
            *counts.entry(item.key.category).or_default() += 1;
        }
        counts
    }

    /// Every question asked, with its conversation.
    pub fn asked<'a>(
        &'a self,
        dataset: &'a Dataset,
    ) -> impl Iterator<Item = (&'a Entry, &'a Item)> {
        self.conversations.iter().flat_map(|planned| {
            dataset
                .conversations
                .get(planned.entry)
                .into_iter()
                .flat_map(|entry| {
                    planned
                        .items
                        .iter()
                        .filter_map(move |item| Some((entry, entry.items.get(*item)?)))
                })
        })
    }
}

fn select(
    file: &ConfigFile,
    dataset: &Dataset,
) -> Result<Vec<PlannedConversation>, ExperimentError> {
    let config = &file.config.dataset;
    let known: Vec<&str> = dataset
        .conversations
        .iter()
        .map(|entry| entry.conversation.head.id.as_str())
        .collect();
    let mut problems = Vec::new();
    for (index, name) in config.conversations.iter().enumerate() {
        if !known.contains(&name.as_str()) {
            problems.push(file.problem(
                &format!("dataset.conversations[{index}]"),
                memgauge_core::config::unknown("conversation", name, &known),
            ));
        }
    }
    if !problems.is_empty() {
        return Err(ExperimentError::Config(problems));
    }
    let mut planned = Vec::new();
    for (index, entry) in dataset.conversations.iter().enumerate() {
        let id = &entry.conversation.head.id;
        let wanted = |name: &String| name == id.as_str();
        if !config.conversations.is_empty() && !config.conversations.iter().any(wanted) {
            continue;
        }
        let items: Vec<usize> = entry
            .items
            .iter()
            .enumerate()
            .filter(|(_, item)| {
                config.categories.is_empty()
                    || config.categories.contains(&item.key.category.number())
            })
            .map(|(place, _)| place)
            .take(config.limit.unwrap_or(usize::MAX))
            .collect();
        if items.is_empty() {
            continue;
        }
        planned.push(PlannedConversation {
            entry: index,
            id: id.clone(),
            sessions: entry.conversation.sessions.len(),
            turns: entry.conversation.turns().count(),
            items,
        });
    }
    if planned.is_empty() {
        return Err(ExperimentError::Config(vec![file.problem(
            "dataset",
            format!(
                "nothing to run: no question of categories {:?} in the selected conversations",
                config.categories
            ),
        )]));
    }
    Ok(planned)
}
