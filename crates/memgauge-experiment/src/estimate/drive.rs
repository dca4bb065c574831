//! A run with models that are not asked: sessions are ingested and questions put, so that every request that can be
//! known beforehand is made as the run would make it.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use memgauge_core::{
    ComponentError, Context, ConversationId, Judge, MemorySystem, Meter, Question, Stage,
};
use memgauge_dataset::{Dataset, Entry, Item};
use memgauge_model::ModelConfig;
use memgauge_pipeline::answerer::AnswererConfig;
use memgauge_pipeline::context::TimeFormat;
use memgauge_pipeline::judge::JudgeConfig;
use memgauge_pipeline::system::{Oracle, SystemConfig};

use super::dry::{Copies, DryRun, Phase};
use super::span::Span;
use super::{Step, assumed};
use crate::assemble::Assembly;
use crate::config::{ConfigFile, Isolation};
use crate::error::ExperimentError;
use crate::plan::{Plan, PlannedVariant, Role, strings};
use crate::sharing::Group;

/// Memories that are looked at for every ingestion; with more, they speak for the rest. All of LOCOMO's are.
const SAMPLE: usize = 12;

/// What a plan is driven with.
pub(super) struct Driver<'a> {
    pub(super) file: &'a ConfigFile,
    pub(super) dataset: &'a Dataset,
    pub(super) plan: &'a Plan,
    pub(super) assembly: &'a Assembly,
    pub(super) dry: &'a Arc<DryRun>,
    /// Folder for stores, which does not stay.
    pub(super) scratch: &'a Path,
    /// What could not be looked at, and why.
    pub(super) gaps: Vec<String>,
    /// Memories that were looked at and memories of the plan, where these are not the same.
    pub(super) sampled: Option<(usize, usize)>,
}

/// Questions that a variant is asked about a conversation.
struct Asked<'a> {
    variant: usize,
    planned: &'a PlannedVariant,
    items: Vec<&'a Item>,
    /// Place of the conversation whose memory is asked.
    memory: usize,
    /// Repeats of the answer.
    repeats: Vec<u32>,
}

/// What a part of a memory stands for.
#[derive(Clone, Copy)]
struct Weight {
    ingest: f64,
    ask: f64,
}

impl<'a> Driver<'a> {
    pub(super) async fn drive(&mut self) -> Result<(), ExperimentError> {
        for (index, group) in self.plan.groups().iter().enumerate() {
            let folder = self.scratch.join(index.to_string());
            self.group(group, &folder).await?;
        }
        Ok(())
    }

    async fn group(&mut self, group: &Group, folder: &Path) -> Result<(), ExperimentError> {
        let plan = self.plan;
        let Some(owner) = plan.variants.get(group.owner) else {
            return Ok(());
        };
        let judges = matches!(self.file.config.judge, JudgeConfig::Llm(_));
        let members: Vec<(usize, &PlannedVariant)> = group
            .variants
            .iter()
            .filter_map(|index| Some((*index, plan.variants.get(*index)?)))
            .collect();
        // A memory is needed where it asks a model to be made or searched, or a model is shown what it finds.
        let needed = |planned: &PlannedVariant| {
            self.asks_a_model(planned) || matches!(planned.answerer, AnswererConfig::Llm(_))
        };
        let is_needed = members.iter().any(|(_, planned)| needed(planned));
        if !is_needed && !judges {
            return Ok(());
        }
        if is_external(owner) {
            for (index, planned) in &members {
                self.outside(*index, planned);
            }
            return Ok(());
        }
        let mut asked: Vec<Asked<'_>> = Vec::new();
        for (variant, planned) in &members {
            asked.extend(self.asked(*variant, planned));
        }
        let memories: BTreeSet<usize> = asked.iter().map(|asked| asked.memory).collect();
        let (units, weight) = self.units(owner, &memories);
        for (number, unit) in units.into_iter().enumerate() {
            self.dry.begin();
            let folder = folder.join(number.to_string());
            let here: Vec<&Asked<'_>> = asked
                .iter()
                .filter(|asked| unit.contains(&asked.memory))
                .collect();
            let ingestions: BTreeSet<u32> = here
                .iter()
                .flat_map(|asked| &asked.repeats)
                .map(|repeat| self.plan.ingestion_of(*repeat))
                .collect();
            let mut system = None;
            if is_needed {
                let copies = Copies::Epochs(ingestions.iter().copied().collect());
                self.dry
                    .enter(group.owner, Phase::Ingest, copies, weight.ingest);
                match self.ingest(owner, &folder, &unit).await {
                    Ok(built) => system = Some((group.owner, built)),
                    Err(error) => {
                        self.gaps.push(format!("{}: {error}", owner.name));
                        return Ok(());
                    }
                }
            }
            for asked in here {
                if let Some((holder, built)) = system.take() {
                    let held = self.plan.variants.get(holder);
                    let is_same = held.is_some_and(|held| is_equal(held, asked.planned));
                    system = Some(if is_same {
                        (holder, built)
                    } else {
                        drop(built);
                        (asked.variant, self.system(asked.planned, &folder)?)
                    });
                }
                let memory = system.as_ref().map(|(_, built)| built.as_ref());
                self.ask(asked, memory, judges, weight.ask).await?;
            }
        }
        Ok(())
    }

    /// What `variant` is asked about each conversation that this process asks it about.
    fn asked(&self, variant: usize, planned: &'a PlannedVariant) -> Vec<Asked<'a>> {
        let (plan, dataset) = (self.plan, self.dataset);
        let is_swapped = matches!(planned.role, Role::Swapped(_));
        let asked = plan.conversations.iter().filter_map(|one| {
            let entry = dataset.conversations.get(one.entry)?;
            let repeats = plan.all_repeats();
            let mine = |repeat: &u32| plan.asks(variant, one.entry, *repeat);
            let repeats: Vec<u32> = repeats.filter(mine).collect();
            (!repeats.is_empty()).then(|| Asked {
                variant,
                planned,
                items: one
                    .items
                    .iter()
                    .filter_map(|at| entry.items.get(*at))
                    .collect(),
                memory: match is_swapped {
                    true => (one.entry + 1) % dataset.conversations.len(),
                    false => one.entry,
                },
                repeats,
            })
        });
        asked.collect()
    }

    /// Places of the conversations of each memory that is looked at, and what these stand for.
    fn units(
        &mut self,
        owner: &PlannedVariant,
        memories: &BTreeSet<usize>,
    ) -> (Vec<Vec<usize>>, Weight) {
        let one = Weight {
            ingest: 1.0,
            ask: 1.0,
        };
        if owner.isolation == Isolation::Shared && !memories.is_empty() {
            let all = self.plan.conversations.iter().map(|planned| planned.entry);
            return (vec![all.collect()], one);
        }
        let units: Vec<Vec<usize>> = memories
            .iter()
            .take(SAMPLE)
            .map(|entry| vec![*entry])
            .collect();
        if units.len() == memories.len() {
            return (units, one);
        }
        self.sampled = Some((units.len(), memories.len()));
        let size = |entries: &mut dyn Iterator<Item = &usize>, of: fn(&Entry) -> usize| {
            let entries = entries.filter_map(|entry| self.dataset.conversations.get(*entry));
            entries.map(of).sum::<usize>().max(1) as f64
        };
        let turns = |entry: &Entry| entry.conversation.turns().count();
        let asked = |entry: &Entry| entry.items.len();
        let weight = Weight {
            ingest: size(&mut memories.iter(), turns) / size(&mut units.iter().flatten(), turns),
            ask: size(&mut memories.iter(), asked) / size(&mut units.iter().flatten(), asked),
        };
        (units, weight)
    }

    fn system(
        &self,
        planned: &PlannedVariant,
        folder: &Path,
    ) -> Result<Arc<dyn MemorySystem>, ExperimentError> {
        Ok(match &planned.role {
            Role::System(system) | Role::Swapped(system) => {
                std::fs::create_dir_all(folder).map_err(|error| internal(&planned.name, &error))?;
                let built = self.assembly.system(system, folder, &planned.models);
                Arc::from(built.map_err(|error| internal(&planned.name, &error))?)
            }
            Role::Oracle => {
                let evidence = Arc::new(self.plan.evidence(self.dataset));
                Arc::new(Oracle::new(evidence, TimeFormat::Spoken))
            }
        })
    }

    async fn ingest(
        &self,
        owner: &PlannedVariant,
        folder: &Path,
        unit: &[usize],
    ) -> Result<Arc<dyn MemorySystem>, ExperimentError> {
        let system = self.system(owner, folder)?;
        let failed = |error: ComponentError| internal(&owner.name, &error);
        let cx = Meter::new().at(Stage::Extract);
        for entry in unit
            .iter()
            .filter_map(|at| self.dataset.conversations.get(*at))
        {
            for session in &entry.conversation.sessions {
                let head = &entry.conversation.head;
                system.ingest(&cx, head, session).await.map_err(failed)?;
            }
        }
        system.flush(&cx.with(Stage::Index)).await.map_err(failed)?;
        Ok(system)
    }

    async fn ask(
        &self,
        asked: &Asked<'_>,
        memory: Option<&dyn MemorySystem>,
        judges: bool,
        weight: f64,
    ) -> Result<(), ExperimentError> {
        let Asked {
            variant, planned, ..
        } = *asked;
        let failed = |error: ComponentError| internal(&planned.name, &error);
        let answers = matches!(planned.answerer, AnswererConfig::Llm(_));
        let parts = self.assembly.parts_of(&planned.models);
        let answerer = planned.answerer.build(&parts);
        let answerer = answerer.map_err(|error| internal(&planned.name, &error))?;
        let judge = self.file.config.judge.build(&self.assembly.parts());
        let judge: Box<dyn Judge> = judge.map_err(|error| internal("judge", &error))?;
        let ingestions: BTreeSet<u32> = asked
            .repeats
            .iter()
            .map(|repeat| self.plan.ingestion_of(*repeat))
            .collect();
        let ingestions: Vec<u32> = ingestions.into_iter().collect();
        let of = self.dataset.conversations.get(asked.memory);
        let conversation = of.map_or_else(
            || ConversationId::new(""),
            |entry| entry.conversation.head.id.clone(),
        );
        let meter = Meter::new();
        for item in &asked.items {
            let question: &Question = &item.question;
            let mut text = assumed::text("answer", 0);
            if let Some(memory) = memory
                && (answers || self.asks_a_model(planned))
            {
                let copies = Copies::Epochs(ingestions.clone());
                self.dry.enter(variant, Phase::Ask, copies, weight);
                let cx = meter.at(Stage::Search);
                let recall = memory.recall(&cx, &conversation, question).await;
                let recall = recall.map_err(failed)?;
                let context: &Context = &recall.context;
                if answers {
                    let copies = Copies::Epochs(asked.repeats.clone());
                    self.dry.enter(variant, Phase::Ask, copies, weight);
                    let cx = meter.at(Stage::Answer);
                    // A reply on the shelf may be a refusal.
                    if let Ok(answer) = answerer.answer(&cx, question, context).await {
                        text = answer.text;
                    }
                }
            }
            if judges && item.key.category.is_scored() {
                let copies = Copies::Answers(asked.repeats.len());
                self.dry.enter(variant, Phase::Judge, copies, weight);
                for run in 0..judge.runs() {
                    let cx = meter.at(Stage::Judge).at_epoch(run);
                    // Whatever the label: only the request counts.
                    let _ = judge.judge(&cx, question, &item.key, &text).await;
                }
            }
        }
        Ok(())
    }

    /// A system from outside is not started: nobody knows what its contexts would be.
    fn outside(&mut self, variant: usize, planned: &PlannedVariant) {
        self.gaps.push(format!(
            "{}: a system from outside is not started, and what it calls by itself is in no count",
            planned.name
        ));
        // Makes its models known.
        let _ = planned
            .answerer
            .build(&self.assembly.parts_of(&planned.models));
        let _ = self.file.config.judge.build(&self.assembly.parts());
        let all = self.plan.questions_of(variant) as f64;
        if let AnswererConfig::Llm(config) = &planned.answerer {
            self.dry
                .unknown(variant, Step::Answer, &config.model, Span::exactly(all));
        }
        if let JudgeConfig::Llm(config) = &self.file.config.judge {
            let scored = self.asked(variant, planned).into_iter().map(|asked| {
                let scored = asked
                    .items
                    .iter()
                    .filter(|item| item.key.category.is_scored());
                scored.count() * asked.repeats.len()
            });
            let calls = scored.sum::<usize>() as f64 * f64::from(config.runs);
            self.dry
                .unknown(variant, Step::Judge, &config.model, Span::exactly(calls));
        }
    }

    /// Whether making or searching its memory asks a model behind an API.
    fn asks_a_model(&self, planned: &PlannedVariant) -> bool {
        let Some(system) = planned.system() else {
            return false;
        };
        let system = serde_json::to_value(system).unwrap_or_default();
        let mut words = BTreeSet::new();
        strings(&system, &mut words);
        words.into_iter().any(|name| {
            let own = planned.models.get(name).cloned();
            own.or_else(|| self.assembly.config(name))
                .is_some_and(|model| is_elsewhere(&model))
        })
    }
}

/// Whether a model is called, and does not compute here.
fn is_elsewhere(model: &ModelConfig) -> bool {
    !matches!(model, ModelConfig::Static(_) | ModelConfig::MiniLm(_))
}

fn is_external(planned: &PlannedVariant) -> bool {
    matches!(planned.system(), Some(SystemConfig::External(_)))
}

/// Whether two variants are asked through one and the same system.
fn is_equal(a: &PlannedVariant, b: &PlannedVariant) -> bool {
    a.system() == b.system() && a.models == b.models
}

fn internal(what: &str, error: &dyn std::fmt::Display) -> ExperimentError {
    ExperimentError::Internal(format!("plan of {what}: {error}"))
}
