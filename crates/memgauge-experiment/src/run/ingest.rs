//! Ingestion: a system per conversation (or one for all), its journal and its timings.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use futures::StreamExt;
use memgauge_core::{ComponentError, ConversationId, MemoryEvent, MemorySystem, Meter, Stage};
use memgauge_dataset::Entry;
use memgauge_pipeline::context::TimeFormat;
use memgauge_pipeline::system::Oracle;
use memgauge_report::record::{CallRow, IngestRow, Phase, TimingRow};
use memgauge_report::{Lineage, files};

use super::bench::Bench;
use super::machine::load;
use super::observe::Event;
use super::timing::{measured, milliseconds};
use crate::config::Isolation;
use crate::error::ExperimentError;
use crate::plan::Role;

/// A memory that can be asked.
#[derive(Clone)]
pub(super) struct Ready {
    pub(super) system: Arc<dyn MemorySystem>,
    /// Per conversation; empty for systems that keep no memories.
    pub(super) lineages: Arc<BTreeMap<ConversationId, Lineage>>,
    /// Why nothing can be asked: the ingestion failed for reasons of infrastructure.
    pub(super) failure: Option<Arc<ComponentError>>,
}

/// Conversations that share a memory.
struct Unit {
    /// Name of its folder: never the conversation's, which comes from a file of anybody's making.
    name: String,
    /// Places in the dataset, in order.
    entries: Vec<usize>,
}

impl Bench {
    /// Runs one variant. False when it was asked to stop.
    pub(super) async fn run_variant(
        self: &Arc<Self>,
        index: usize,
    ) -> Result<bool, ExperimentError> {
        let Some(variant) = self.plan.variants.get(index) else {
            return Ok(true);
        };
        // Per conversation: the questions that have no record yet.
        let mut open: Vec<(usize, Vec<usize>)> = Vec::new();
        for planned in &self.plan.conversations {
            let Some(entry) = self.dataset.conversations.get(planned.entry) else {
                continue;
            };
            let done = self.done();
            let items: Vec<usize> = planned
                .items
                .iter()
                .copied()
                .filter(|place| {
                    entry
                        .items
                        .get(*place)
                        .is_some_and(|item| !done.has(&variant.name, &item.question.id))
                })
                .collect();
            if !items.is_empty() {
                open.push((planned.entry, items));
            }
        }
        if open.is_empty() {
            return Ok(true);
        }
        self.observer.event(&Event::Ingesting {
            variant: &variant.name,
        });
        let swapped = matches!(variant.role, Role::Swapped(_));
        // Which conversation's memory is asked about each conversation's questions.
        let count = self.dataset.conversations.len();
        let memory_of = |entry: usize| if swapped { (entry + 1) % count } else { entry };
        let units = match variant.isolation {
            Isolation::Conversation => open
                .iter()
                .map(|(entry, _)| memory_of(*entry))
                .map(|entry| Unit {
                    name: format!("{entry:05}"),
                    entries: vec![entry],
                })
                .collect(),
            // Every conversation of the plan, asked or not: they are the crowd.
            Isolation::Shared => vec![Unit {
                name: "shared".to_owned(),
                entries: self
                    .plan
                    .conversations
                    .iter()
                    .map(|planned| planned.entry)
                    .collect(),
            }],
        };
        let ready: Vec<Option<(Vec<usize>, Ready)>> = futures::stream::iter(units)
            .map(|unit| {
                let bench = Arc::clone(self);
                let task = tokio::spawn(async move {
                    let ready = bench.ingest_unit(index, &unit).await?;
                    Ok::<_, ExperimentError>(ready.map(|ready| (unit.entries, ready)))
                });
                self.joined(task)
            })
            .buffered(self.jobs)
            // All are waited for, so that nothing is still writing when the run has ended.
            .collect::<Vec<Result<_, ExperimentError>>>()
            .await
            .into_iter()
            .collect::<Result<_, _>>()?;
        let Some(ready) = ready.into_iter().collect::<Option<Vec<_>>>() else {
            return Ok(false);
        };
        let memories: BTreeMap<usize, Ready> = ready
            .into_iter()
            .flat_map(|(entries, ready)| {
                entries.into_iter().map(move |entry| (entry, ready.clone()))
            })
            .collect();
        self.observer.event(&Event::Asking {
            variant: &variant.name,
        });
        for (entry, items) in open {
            let memory = memory_of(entry);
            let Some(ready) = memories.get(&memory) else {
                return Err(ExperimentError::Internal("a memory is missing".to_owned()));
            };
            if !self.ask(index, entry, memory, &items, ready).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub(super) fn conversation(&self, entry: usize) -> ConversationId {
        self.dataset.conversations.get(entry).map_or_else(
            || ConversationId::new(""),
            |entry| entry.conversation.head.id.clone(),
        )
    }

    /// `None` when it was asked to stop.
    async fn ingest_unit(
        &self,
        variant: usize,
        unit: &Unit,
    ) -> Result<Option<Ready>, ExperimentError> {
        let Some(planned) = self.plan.variants.get(variant) else {
            return Ok(None);
        };
        let name = planned.name.as_str();
        let folder: PathBuf = self.dir.file(files::STORES).join(name).join(&unit.name);
        let mut journals = BTreeMap::new();
        for entry in &unit.entries {
            let id = self.conversation(*entry);
            if let Some(journal) = self.done().take_journal(name, &id) {
                journals.insert(id, journal);
            }
        }
        let whole = journals.len() == unit.entries.len()
            && journals.values().all(|journal| journal.is_complete);
        if !whole && folder.exists() {
            std::fs::remove_dir_all(&folder).map_err(|error| disk(&folder, &error))?;
        }
        std::fs::create_dir_all(&folder).map_err(|error| disk(&folder, &error))?;
        tracing::info!(variant = name, memory = unit.name, whole, "ingest");
        let system: Arc<dyn MemorySystem> = match &planned.role {
            Role::System(system) | Role::Swapped(system) => Arc::from(
                self.assembly
                    .system(system, &folder)
                    .map_err(|error| ExperimentError::Stopped(format!("{name}: {error}")))?,
            ),
            Role::Oracle => Arc::new(self.oracle()),
        };
        if whole && system.is_complete() {
            tracing::info!(variant = name, memory = unit.name, "found complete");
            let lineages = journals
                .into_iter()
                .map(|(id, journal)| (id, journal.lineage))
                .collect();
            return Ok(Some(Ready {
                system,
                lineages: Arc::new(lineages),
                failure: None,
            }));
        }
        if self.resumed {
            for entry in &unit.entries {
                self.forget_ingestion(name, &self.conversation(*entry))?;
            }
        }
        let mut ledgers: Vec<Ledger> = Vec::new();
        let mut failure = None;
        for entry in &unit.entries {
            let Some(entry) = self.dataset.conversations.get(*entry) else {
                continue;
            };
            let mut ledger = Ledger {
                variant: name.to_owned(),
                conversation: entry.conversation.head.id.clone(),
                seq: 0,
                lineage: Lineage::default(),
                meter: Meter::new(),
            };
            match self.ingest(system.as_ref(), entry, &mut ledger).await? {
                Ended::Stopped => return Ok(None),
                Ended::Failed(error) => {
                    failure = Some(Arc::new(error));
                    break;
                }
                Ended::Well => ledgers.push(ledger),
            }
        }
        let flushed = match failure {
            None => Some(self.flush(system.as_ref(), &mut ledgers).await?),
            Some(_) => None,
        };
        if let Some(version) = system.version() {
            self.describe(name, version)?;
        }
        // A system from outside tells only once it was started.
        let keeps_memories = system.keeps_memories();
        match flushed {
            Some(Ended::Failed(error)) => failure = Some(Arc::new(error)),
            // An ingestion counts as complete once its memory is sealed.
            Some(_) => ledgers
                .iter_mut()
                .try_for_each(|ledger| self.end(ledger, keeps_memories))?,
            None => {}
        }
        if failure.is_some() {
            // Half a memory is none: no table may count it.
            for entry in &unit.entries {
                self.forget_ingestion(name, &self.conversation(*entry))?;
            }
        }
        let lineages = ledgers
            .into_iter()
            .filter(|_| keeps_memories)
            .map(|ledger| (ledger.conversation, ledger.lineage))
            .collect();
        Ok(Some(Ready {
            system,
            lineages: Arc::new(lineages),
            failure,
        }))
    }

    async fn ingest(
        &self,
        system: &dyn MemorySystem,
        entry: &Entry,
        ledger: &mut Ledger,
    ) -> Result<Ended, ExperimentError> {
        for session in &entry.conversation.sessions {
            if self.is_halted() {
                return Ok(Ended::Stopped);
            }
            let meter = Meter::new();
            let in_flight = self.ingesting.fetch_add(1, Ordering::Relaxed) + 1;
            let start = Instant::now();
            let result = system
                .ingest(&meter.at(Stage::Extract), &entry.conversation.head, session)
                .await;
            let elapsed = start.elapsed();
            self.ingesting.fetch_sub(1, Ordering::Relaxed);
            let unit = TimingRow {
                session: Some(session.index),
                in_flight,
                ..ledger.timing(Phase::Ingest)
            };
            let timing = measured(unit, elapsed, result.is_ok(), &meter);
            // Calls were made whether the session is kept or not.
            self.write(|writers| writers.calls.append(&CallRow::of(&timing, meter.calls())))?;
            match result {
                Ok(events) => {
                    self.log(ledger, Some(session.index), events)?;
                    self.write(|writers| writers.timings.append([&timing]))?;
                    self.found(ledger, &meter)?;
                    ledger.count(&meter);
                }
                Err(error) => return failed(error),
            }
        }
        Ok(Ended::Well)
    }

    async fn flush(
        &self,
        system: &dyn MemorySystem,
        ledgers: &mut [Ledger],
    ) -> Result<Ended, ExperimentError> {
        let meter = Meter::new();
        let in_flight = self.ingesting.fetch_add(1, Ordering::Relaxed) + 1;
        let start = Instant::now();
        let result = system.flush(&meter.at(Stage::Index)).await;
        let elapsed = start.elapsed();
        self.ingesting.fetch_sub(1, Ordering::Relaxed);
        // With a shared memory, its end is booked on the last conversation.
        let timing = ledgers.last().map(|ledger| {
            let unit = TimingRow {
                in_flight,
                ..ledger.timing(Phase::Flush)
            };
            measured(unit, elapsed, result.is_ok(), &meter)
        });
        if let Some(timing) = &timing {
            self.write(|writers| writers.calls.append(&CallRow::of(timing, meter.calls())))?;
        }
        let events = match result {
            Ok(events) => events,
            Err(error) => return failed(error),
        };
        for (conversation, event) in events {
            let ledger = ledgers
                .iter_mut()
                .find(|ledger| ledger.conversation == conversation)
                .ok_or_else(|| {
                    ExperimentError::Internal(format!(
                        "a memory of `{conversation}`, never ingested"
                    ))
                })?;
            self.log(ledger, None, vec![event])?;
        }
        self.write(|writers| writers.timings.append(&timing))?;
        if let Some(ledger) = ledgers.last() {
            self.found(ledger, &meter)?;
            ledger.count(&meter);
        }
        Ok(Ended::Well)
    }

    /// Writes down how long it took until sessions could be found.
    fn found(&self, ledger: &Ledger, meter: &Meter) -> Result<(), ExperimentError> {
        let rows: Vec<TimingRow> = meter
            .searchable()
            .into_iter()
            .map(|found| TimingRow {
                conversation: found.conversation,
                session: Some(found.session),
                ms: found.after.map(milliseconds),
                load: None,
                ..ledger.timing(Phase::Searchable)
            })
            .collect();
        self.write(|writers| writers.timings.append(&rows))
    }

    fn log(
        &self,
        ledger: &mut Ledger,
        session: Option<u32>,
        events: Vec<MemoryEvent>,
    ) -> Result<(), ExperimentError> {
        let rows: Vec<IngestRow> = events
            .into_iter()
            .map(|event| {
                ledger.lineage.apply(&event);
                ledger.row(session, Some(event))
            })
            .collect();
        self.write(|writers| writers.ingest.append(&rows))
    }

    /// Writes the row that ends an ingestion.
    fn end(&self, ledger: &mut Ledger, keeps_memories: bool) -> Result<(), ExperimentError> {
        let row = IngestRow {
            memories: keeps_memories.then_some(ledger.lineage.len() as u64),
            counters: ledger.meter.counters(),
            ..ledger.row(None, None)
        };
        self.write(|writers| writers.ingest.append([&row]))
    }

    fn oracle(&self) -> Oracle {
        let evidence = self
            .plan
            .asked(&self.dataset)
            .map(|(_, item)| (item.question.id.clone(), item.key.evidence.clone()))
            .collect();
        Oracle::new(evidence, TimeFormat::Spoken)
    }
}

/// The journal that an ingestion is writing.
struct Ledger {
    variant: String,
    conversation: ConversationId,
    seq: u32,
    lineage: Lineage,
    /// Counts how often each component ran.
    meter: Arc<Meter>,
}

impl Ledger {
    fn row(&mut self, session: Option<u32>, event: Option<MemoryEvent>) -> IngestRow {
        let seq = self.seq;
        self.seq += 1;
        IngestRow {
            variant: self.variant.clone(),
            conversation: self.conversation.clone(),
            session,
            seq,
            event,
            memories: None,
            counters: BTreeMap::new(),
        }
    }

    fn count(&self, meter: &Meter) {
        let cx = self.meter.at(Stage::Index);
        for (component, calls) in meter.counters() {
            cx.count(&component, calls);
        }
    }

    fn timing(&self, phase: Phase) -> TimingRow {
        TimingRow {
            variant: self.variant.clone(),
            phase,
            conversation: self.conversation.clone(),
            session: None,
            question: None,
            repeat: 0,
            run: None,
            ms: None,
            replayed_ms: None,
            traffic: Vec::new(),
            warm_up: false,
            in_flight: 1,
            load: load(),
            charges: BTreeMap::new(),
        }
    }
}

enum Ended {
    Well,
    Failed(ComponentError),
    Stopped,
}

/// Some failures stop the run; any other is an outcome of the questions.
fn failed(error: ComponentError) -> Result<Ended, ExperimentError> {
    match ExperimentError::stop(&error) {
        Some(stop) => Err(stop),
        None => Ok(Ended::Failed(error)),
    }
}

fn disk(folder: &std::path::Path, error: &std::io::Error) -> ExperimentError {
    ExperimentError::Stopped(format!("{}: {error}", folder.display()))
}
