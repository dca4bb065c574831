//! Memories that are ingested once and searched over and over, to measure nothing but searches.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use memgauge_core::{ConversationId, MemorySystem, Meter, Question, QuestionId, Stage};
use memgauge_dataset::{Dataset, Entry};
use memgauge_model::ModelConfig;
use memgauge_pipeline::system::SystemConfig;

use crate::assemble::{Assembly, Supplies};
use crate::config::{ConfigFile, Isolation};
use crate::error::ExperimentError;
use crate::plan::{Plan, PlannedVariant, Role};

/// Most searches for a question in a row, as long as these took no longer than [`SHORT`] together: what is short is
/// disturbed the most by what else goes on.
const IN_A_ROW: usize = 5;
const SHORT: Duration = Duration::from_millis(2);

/// The memories of some variants, ready to be searched, and the questions to search them with.
pub struct SearchRounds {
    /// Variant -> one block per conversation.
    variants: BTreeMap<String, Vec<Block>>,
    /// Variant -> why its searches are not measured.
    refused: BTreeMap<String, String>,
    /// Stores; goes with the memories.
    _folder: tempfile::TempDir,
}

/// A conversation's memory and its questions.
struct Block {
    conversation: ConversationId,
    system: Arc<dyn MemorySystem>,
    questions: Vec<Question>,
}

impl SearchRounds {
    /// Ingests the conversations of the plan for each of these variants, as a run would. Variants whose memory calls
    /// models behind an API are refused: what a provider takes is no compute of the system.
    ///
    /// # Errors
    /// When a part cannot be built, or a component or the disk fails.
    pub async fn prepare(
        file: &ConfigFile,
        dataset: &Dataset,
        plan: &Plan,
        supplies: Supplies,
        names: &[String],
    ) -> Result<Self, ExperimentError> {
        let folder = tempfile::tempdir().map_err(|source| ExperimentError::Read {
            path: std::env::temp_dir(),
            source,
        })?;
        let mut rounds = Self {
            variants: BTreeMap::new(),
            refused: BTreeMap::new(),
            _folder: folder,
        };
        for (place, name) in names.iter().enumerate() {
            let planned = plan.variants.iter().find(|variant| variant.name == *name);
            let Some(planned) = planned else {
                let why = "the experiment has no such variant".to_owned();
                rounds.refused.insert(name.clone(), why);
                continue;
            };
            let Role::System(system) = &planned.role else {
                let why = "a control is not measured".to_owned();
                rounds.refused.insert(name.clone(), why);
                continue;
            };
            // Of its own: which models a variant loads says what it calls.
            let assembly = Assembly::of(file, supplies.clone());
            let scratch = rounds._folder.path().join(place.to_string());
            match blocks(&assembly, planned, system, dataset, plan, &scratch).await? {
                Ok(blocks) => rounds.variants.insert(name.clone(), blocks).map(drop),
                Err(why) => rounds.refused.insert(name.clone(), why).map(drop),
            };
        }
        Ok(rounds)
    }

    /// Variant -> the questions of its blocks, block by block.
    #[must_use]
    pub fn blocks(&self) -> BTreeMap<String, Vec<Vec<QuestionId>>> {
        let ids = |block: &Block| block.questions.iter().map(|one| one.id.clone()).collect();
        self.variants
            .iter()
            .map(|(name, blocks)| (name.clone(), blocks.iter().map(ids).collect()))
            .collect()
    }

    /// Variant -> why its searches are not measured.
    #[must_use]
    pub fn refused(&self) -> &BTreeMap<String, String> {
        &self.refused
    }

    /// Searches for every question of a block, one at a time. Own time of each in milliseconds, without what providers
    /// took, the fastest of a few searches in a row where these are short; `None` where the search failed. Nothing where
    /// there is no such block.
    pub async fn search(&self, variant: &str, block: usize) -> Vec<Option<f64>> {
        let Some(block) = self.variants.get(variant).and_then(|all| all.get(block)) else {
            return Vec::new();
        };
        let mut times = Vec::with_capacity(block.questions.len());
        for question in &block.questions {
            let mut fastest: Option<Duration> = None;
            let start = Instant::now();
            for _ in 0..IN_A_ROW {
                let Some(time) = block.search(question).await else {
                    fastest = None;
                    break;
                };
                fastest = Some(fastest.map_or(time, |fastest| fastest.min(time)));
                if start.elapsed() > SHORT {
                    break;
                }
            }
            times.push(fastest.map(|time| 1e3 * time.as_secs_f64()));
        }
        times
    }
}

impl Block {
    /// Own time of one search; `None` where it failed.
    async fn search(&self, question: &Question) -> Option<Duration> {
        let meter = Meter::new();
        let cx = meter.at(Stage::Search);
        let start = Instant::now();
        let recall = self.system.recall(&cx, &self.conversation, question).await;
        let elapsed = start.elapsed();
        recall.ok()?;
        Some(elapsed.saturating_sub(elsewhere(&meter)))
    }
}

/// What was spent waiting for others.
fn elsewhere(meter: &Meter) -> Duration {
    let calls = meter.calls();
    let waited = calls.iter().filter(|call| !call.background);
    waited
        .map(|call| call.spent.provider + call.spent.backoff + call.spent.paused)
        .sum()
}

/// The memories of one variant, or why they are not made.
async fn blocks(
    assembly: &Assembly,
    planned: &PlannedVariant,
    system: &SystemConfig,
    dataset: &Dataset,
    plan: &Plan,
    folder: &std::path::Path,
) -> Result<Result<Vec<Block>, String>, ExperimentError> {
    let entries: Vec<(&Entry, &[usize])> = plan
        .conversations
        .iter()
        .filter_map(|planned| {
            let entry = dataset.conversations.get(planned.entry)?;
            Some((entry, planned.items.as_slice()))
        })
        .collect();
    let shared = planned.isolation == Isolation::Shared;
    let units: Vec<&[(&Entry, &[usize])]> = match shared {
        true => vec![entries.as_slice()],
        false => entries.chunks(1).collect(),
    };
    let mut blocks = Vec::with_capacity(entries.len());
    for (place, unit) in units.into_iter().enumerate() {
        let scratch = folder.join(place.to_string());
        std::fs::create_dir_all(&scratch)
            .map_err(|error| ExperimentError::Stopped(format!("{}: {error}", scratch.display())))?;
        let built = assembly
            .system(system, &scratch, &planned.models)
            .map_err(|error| ExperimentError::Stopped(format!("{}: {error}", planned.name)))?;
        if let Some(model) = remote(assembly) {
            return Ok(Err(format!(
                "its memory calls model `{model}` behind an API"
            )));
        }
        let system: Arc<dyn MemorySystem> = Arc::from(built);
        ingest(&*system, unit)
            .await
            .map_err(|error| ExperimentError::Stopped(format!("{}: {error}", planned.name)))?;
        for (entry, items) in unit {
            let items = items.iter().filter_map(|item| entry.items.get(*item));
            blocks.push(Block {
                conversation: entry.conversation.head.id.clone(),
                system: Arc::clone(&system),
                questions: items.map(|item| item.question.clone()).collect(),
            });
        }
    }
    Ok(Ok(blocks))
}

/// A model behind an API among those that were loaded.
fn remote(assembly: &Assembly) -> Option<String> {
    let here = |config: &ModelConfig| {
        matches!(
            config,
            ModelConfig::Static(_)
                | ModelConfig::MiniLm(_)
                | ModelConfig::Fake(_)
                | ModelConfig::FakeEmbeddings(_)
        )
    };
    let mut names = assembly.loaded().into_keys();
    names.find(|name| assembly.config(name).is_none_or(|config| !here(&config)))
}

async fn ingest(
    system: &dyn MemorySystem,
    unit: &[(&Entry, &[usize])],
) -> Result<(), memgauge_core::ComponentError> {
    for (entry, _) in unit {
        for session in &entry.conversation.sessions {
            let meter = Meter::new();
            let cx = meter.at(Stage::Extract);
            system
                .ingest(&cx, &entry.conversation.head, session)
                .await?;
        }
    }
    let meter = Meter::new();
    system.flush(&meter.at(Stage::Index)).await?;
    Ok(())
}
