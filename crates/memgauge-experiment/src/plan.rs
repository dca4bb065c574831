//! What would run: variants x conversations x questions, without side effects.

use std::collections::{BTreeMap, BTreeSet};

use memgauge_core::{Category, ConversationId, QuestionId, TurnId};
use memgauge_dataset::{Dataset, Entry, Item};
use memgauge_model::ModelConfig;
use memgauge_pipeline::answerer::AnswererConfig;
use memgauge_pipeline::system::SystemConfig;
use serde_json::{Value, json};

use crate::config::{CellConfig, ConfigFile, Isolation, Repeats};
use crate::controls::controls;
use crate::digest;
use crate::error::ExperimentError;
use crate::shard::{Cell, Shard};

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
    /// Place of its system in the config: `variant[2].system`; `controls` where the config does not write it out.
    pub path: String,
    /// Whether its conversations share a memory.
    pub isolation: Isolation,
    /// What answers.
    pub answerer: AnswererConfig,
    /// Models that take the place of the experiment's, for this variant alone.
    pub models: BTreeMap<String, ModelConfig>,
    /// The sweep that it comes from.
    pub cell: Option<CellConfig>,
    /// Digest of everything that shapes its records.
    pub digest: String,
    /// Digest of everything in the config that shapes the memory that its ingestion leaves, and of the tool's version:
    /// variants of equal digest share it. What the run as a whole is made of (dataset, prompts, revision) is the same
    /// for all of them.
    pub upstream: String,
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

    /// Whether its memory has to hold vectors.
    pub(crate) fn needs_vectors(&self) -> bool {
        match &self.role {
            Role::System(system) | Role::Swapped(system) => system.needs_vectors(),
            Role::Oracle => false,
        }
    }

    /// The system that remembers; `None` for the oracle.
    pub fn system(&self) -> Option<&SystemConfig> {
        match &self.role {
            Role::System(system) | Role::Swapped(system) => Some(system),
            Role::Oracle => None,
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
    /// How often stages are done again.
    pub repeats: Repeats,
    /// Digest of config, dataset and tool version.
    pub digest: String,
    /// The part that this process runs; `None` = everything.
    pub shard: Option<Shard>,
    /// The cells of that part: variant, place of the conversation, repeat.
    mine: BTreeSet<(usize, usize, u32)>,
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
                models: variant.models.clone(),
                cell: variant.cell.clone(),
                digest: String::new(),
                upstream: String::new(),
            });
        }
        let added = controls(file, dataset, &variants)?;
        variants.extend(added);
        for variant in &mut variants {
            let system = match &variant.role {
                Role::System(system) | Role::Swapped(system) => Some(system),
                Role::Oracle => None,
            };
            let mut models = config.models.clone();
            models.extend(variant.models.clone());
            let system_upstream = match system {
                Some(system) => system.upstream(),
                None => json!(variant.name),
            };
            // A model that only answers shapes no memory.
            let mut words = BTreeSet::new();
            strings(&system_upstream, &mut words);
            models.retain(|name, _| words.contains(name.as_str()));
            variant.upstream = digest::of(&json!({
                "system": system_upstream,
                "isolation": variant.isolation,
                "models": models,
                "tool": env!("CARGO_PKG_VERSION"),
            }));
            variant.digest = digest::of(&json!({
                "role": variant.kind(),
                "system": system,
                "isolation": variant.isolation,
                "answerer": variant.answerer,
                "judge": config.judge,
                "models": config.models,
                "own": variant.models,
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
            "repeats": config.repeats,
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
            repeats: config.repeats,
            digest,
            shard: None,
            mine: BTreeSet::new(),
        })
    }

    /// This plan, of which only `shard` is run.
    #[must_use]
    pub fn with_shard(mut self, shard: Option<Shard>) -> Self {
        self.mine = shard.map_or_else(BTreeSet::new, |shard| {
            let cells = self.cells_of(shard).into_iter();
            cells
                .map(|cell| (cell.variant, cell.entry, cell.repeat))
                .collect()
        });
        self.shard = shard;
        self
    }

    /// Every cell, in no particular order.
    pub(crate) fn cells(&self) -> Vec<Cell> {
        let owners = self.owners();
        let of_variant = |variant: usize| {
            let group = owners.get(variant).copied().unwrap_or(variant);
            self.conversations.iter().flat_map(move |planned| {
                self.all_repeats().map(move |repeat| Cell {
                    entry: planned.entry,
                    ingestion: self.ingestion_of(repeat),
                    group,
                    variant,
                    repeat,
                })
            })
        };
        (0..self.variants.len()).flat_map(of_variant).collect()
    }

    /// Repeats of the answer that follow from repeat `ingestion` of the ingestion: they are numbered through.
    pub fn repeats_of(&self, ingestion: u32) -> std::ops::Range<u32> {
        let answers = self.repeats.answer;
        ingestion * answers..(ingestion + 1) * answers
    }

    /// The repeat of the ingestion that a repeat of the answer follows from.
    pub fn ingestion_of(&self, repeat: u32) -> u32 {
        repeat / self.repeats.answer.max(1)
    }

    /// Repeats of every question.
    pub fn all_repeats(&self) -> std::ops::Range<u32> {
        0..self.repeats.ingest * self.repeats.answer
    }

    /// Whether this process asks `variant` the questions of the conversation at `entry` in one repeat.
    pub fn asks(&self, variant: usize, entry: usize, repeat: u32) -> bool {
        self.shard.is_none() || self.mine.contains(&(variant, entry, repeat))
    }

    /// Questions that this process asks `variant`, repeats counted.
    pub fn questions_of(&self, variant: usize) -> usize {
        let of = |planned: &PlannedConversation| {
            let repeats = self.all_repeats();
            let mine = repeats.filter(|repeat| self.asks(variant, planned.entry, *repeat));
            planned.items.len() * mine.count()
        };
        self.conversations.iter().map(of).sum()
    }

    /// Records that this process makes.
    pub fn records(&self) -> usize {
        (0..self.variants.len())
            .map(|variant| self.questions_of(variant))
            .sum()
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

    /// The gold turns of every question asked.
    pub(crate) fn evidence(&self, dataset: &Dataset) -> BTreeMap<QuestionId, Vec<TurnId>> {
        self.asked(dataset)
            .map(|(_, item)| (item.question.id.clone(), item.key.evidence.clone()))
            .collect()
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

/// Every text in `value`: the names of the models that it asks for are among them.
pub(crate) fn strings<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
    match value {
        Value::String(text) => {
            found.insert(text);
        }
        Value::Array(values) => values.iter().for_each(|value| strings(value, found)),
        Value::Object(values) => values.values().for_each(|value| strings(value, found)),
        _ => {}
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
