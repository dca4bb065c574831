//! Variants that share an ingestion: done once for all of them, batch by batch, so that the number of open
//! memories does not grow with the number of conversations.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};

use futures::StreamExt;
use memgauge_core::{ComponentError, ConversationId, MemorySystem};
use memgauge_report::Lineage;

use super::bench::Bench;
use super::ingest::{Ingested, Unit, disk};
use super::observe::Event;
use crate::config::Isolation;
use crate::error::ExperimentError;
use crate::plan::Role;
use crate::sharing::Group;

/// Memories that are open at a time, at least. Searches are measured while nothing is ingested, so a
/// batch is ingested whole before its first question.
const BATCH: usize = 16;

/// A memory that can be asked.
#[derive(Clone)]
pub(super) struct Ready {
    pub(super) system: Arc<dyn MemorySystem>,
    /// Per conversation; empty for systems that keep no memories.
    pub(super) lineages: Arc<BTreeMap<ConversationId, Lineage>>,
    /// cl100k_base tokens of every memory's text, by id.
    pub(super) tokens: Arc<Vec<u64>>,
    /// Why nothing can be asked: the ingestion failed for reasons of infrastructure.
    pub(super) failure: Option<Arc<ComponentError>>,
}

/// The questions of one conversation that have no record yet.
struct Open {
    /// Place of the conversation in the dataset.
    entry: usize,
    /// Place of the conversation whose memory is asked.
    memory: usize,
    /// Places of the questions, each with the repeats that are left.
    items: Vec<(usize, Vec<u32>)>,
}

/// A memory, and the variant whose system has it open at the moment.
struct Slot {
    unit: Unit,
    ingested: Ingested,
    holder: usize,
    system: Option<Arc<dyn MemorySystem>>,
}

impl Bench {
    /// Runs the variants of a group. False when it was asked to stop.
    pub(super) async fn run_group(
        self: &Arc<Self>,
        group: &Group,
    ) -> Result<bool, ExperimentError> {
        for repeat in 0..self.plan.repeats.ingest {
            if !self.run_memories(group, repeat).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Runs the variants of a group on one repeat of their ingestion.
    async fn run_memories(
        self: &Arc<Self>,
        group: &Group,
        repeat: u32,
    ) -> Result<bool, ExperimentError> {
        let open: BTreeMap<usize, Vec<Open>> = group
            .variants
            .iter()
            .map(|variant| (*variant, self.open_questions(*variant, repeat)))
            .collect();
        let units = self.units(group.owner, &open, repeat);
        let mut units = units.into_iter().peekable();
        while units.peek().is_some() {
            let batch: Vec<Unit> = units.by_ref().take(self.jobs.max(BATCH)).collect();
            self.observer.event(&Event::Ingesting {
                variant: self.name(group.owner),
            });
            let Some(mut slots) = self.ingest_batch(group.owner, batch).await? else {
                return Ok(false);
            };
            for (variant, questions) in &open {
                self.observer.event(&Event::Asking {
                    variant: self.name(*variant),
                });
                for slot in &mut slots {
                    let mine: Vec<&Open> = questions
                        .iter()
                        .filter(|open| slot.unit.entries.contains(&open.memory))
                        .collect();
                    if mine.is_empty() {
                        continue;
                    }
                    let ready = Ready {
                        system: self.hand_over(slot, *variant)?,
                        lineages: Arc::clone(&slot.ingested.lineages),
                        tokens: Arc::clone(&slot.ingested.tokens),
                        failure: slot.ingested.failure.clone(),
                    };
                    for open in mine {
                        let asked =
                            self.ask(*variant, open.entry, open.memory, &open.items, &ready);
                        if !asked.await? {
                            return Ok(false);
                        }
                    }
                }
            }
            self.put_away(slots)?;
        }
        Ok(true)
    }

    /// Closes the memories of a batch whose questions are all answered, and removes their stores unless they are
    /// kept: what a run needs of the disk does not grow with its conversations. The memory of a question that
    /// failed stays until the run is finished: it may be asked again.
    fn put_away(&self, slots: Vec<Slot>) -> Result<(), ExperimentError> {
        // Variants share the contexts of a batch; no other batch has any of them.
        self.counted
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
        for Slot {
            unit,
            ingested,
            system,
            ..
        } in slots
        {
            drop(system);
            let is_needed = || {
                let mut entries = unit.entries.iter();
                let done = self.done();
                entries.any(|entry| done.has_failed(&self.conversation(*entry)))
            };
            if self.file.config.record.stores || is_needed() {
                continue;
            }
            let folder = &ingested.folder;
            std::fs::remove_dir_all(folder).map_err(|error| disk(folder, &error))?;
        }
        Ok(())
    }

    fn name(&self, variant: usize) -> &str {
        let planned = self.plan.variants.get(variant);
        planned.map_or("", |planned| &planned.name)
    }

    /// What is left to ask a variant, in the order of the dataset.
    fn open_questions(&self, variant: usize, ingestion: u32) -> Vec<Open> {
        let Some(planned) = self.plan.variants.get(variant) else {
            return Vec::new();
        };
        let is_swapped = matches!(planned.role, Role::Swapped(_));
        let count = self.dataset.conversations.len();
        let done = self.done();
        let asked = self.plan.conversations.iter();
        asked
            .filter_map(|conversation| {
                let entry = self.dataset.conversations.get(conversation.entry)?;
                let left = |place: &usize| {
                    let question = &entry.items.get(*place)?.question.id;
                    let repeats: Vec<u32> = self
                        .plan
                        .repeats_of(ingestion)
                        .filter(|repeat| self.plan.asks(variant, conversation.entry, *repeat))
                        .filter(|repeat| !done.has(&planned.name, question, *repeat))
                        .collect();
                    (!repeats.is_empty()).then_some((*place, repeats))
                };
                let items: Vec<_> = conversation.items.iter().filter_map(left).collect();
                let memory = match is_swapped {
                    true => (conversation.entry + 1) % count,
                    false => conversation.entry,
                };
                (!items.is_empty()).then_some(Open {
                    entry: conversation.entry,
                    memory,
                    items,
                })
            })
            .collect()
    }

    /// The memories that the open questions need.
    fn units(&self, owner: usize, open: &BTreeMap<usize, Vec<Open>>, repeat: u32) -> Vec<Unit> {
        let named = |name: String| match repeat {
            0 => name,
            repeat => format!("{name}-{repeat}"),
        };
        let needed: BTreeSet<usize> = open.values().flatten().map(|open| open.memory).collect();
        let isolation = self
            .plan
            .variants
            .get(owner)
            .map(|variant| variant.isolation);
        match isolation {
            _ if needed.is_empty() => Vec::new(),
            // Every conversation of the plan, asked or not: they are the crowd.
            Some(Isolation::Shared) => vec![Unit {
                repeat,
                name: named("shared".to_owned()),
                entries: self
                    .plan
                    .conversations
                    .iter()
                    .map(|planned| planned.entry)
                    .collect(),
            }],
            _ => needed
                .into_iter()
                .map(|entry| Unit {
                    repeat,
                    name: named(format!("{entry:05}")),
                    entries: vec![entry],
                })
                .collect(),
        }
    }

    /// Ingests a batch, several memories at a time. `None` when it was asked to stop.
    async fn ingest_batch(
        self: &Arc<Self>,
        owner: usize,
        batch: Vec<Unit>,
    ) -> Result<Option<Vec<Slot>>, ExperimentError> {
        let slots: Vec<Option<Slot>> = futures::stream::iter(batch)
            .map(|unit| {
                let bench = Arc::clone(self);
                let task = tokio::spawn(async move {
                    let ingested = bench.ingest_unit(owner, &unit).await?;
                    Ok::<_, ExperimentError>(ingested.map(|(system, ingested)| Slot {
                        unit,
                        ingested,
                        holder: owner,
                        system: Some(system),
                    }))
                });
                self.joined(task)
            })
            .buffered(self.jobs)
            // All are waited for, so that nothing is still writing when the run has ended.
            .collect::<Vec<Result<_, ExperimentError>>>()
            .await
            .into_iter()
            .collect::<Result<_, _>>()?;
        Ok(slots.into_iter().collect())
    }

    /// The system of `variant` on a memory: the one that has it open, where both are the same, and otherwise
    /// a new one, after the other has closed it: a memory is open once per process.
    fn hand_over(
        &self,
        slot: &mut Slot,
        variant: usize,
    ) -> Result<Arc<dyn MemorySystem>, ExperimentError> {
        let system = |index: usize| match self.plan.variants.get(index).map(|one| &one.role) {
            Some(Role::System(system) | Role::Swapped(system)) => Some(system),
            _ => None,
        };
        let models = |index: usize| self.plan.variants.get(index).map(|one| &one.models);
        if let Some(open) = slot.system.take()
            // Nobody asks a memory that is not there.
            && (slot.ingested.failure.is_some() || (system(slot.holder) == system(variant) && models(slot.holder) == models(variant)))
        {
            slot.system = Some(Arc::clone(&open));
            return Ok(open);
        }
        let open = self.system(variant, &slot.ingested.folder)?;
        slot.system = Some(Arc::clone(&open));
        slot.holder = variant;
        Ok(open)
    }
}
