//! Ingestion: a system per conversation (or one for all), its journal and its timings.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use memgauge_core::{ComponentError, ConversationId, MemoryEvent, MemorySystem, Meter, Stage};
use memgauge_dataset::Entry;
use memgauge_pipeline::context::TimeFormat;
use memgauge_pipeline::system::Oracle;
use memgauge_report::record::{CallRow, IngestRow, Phase, TimingRow};
use memgauge_report::{Lineage, files};

use super::bench::Bench;
use super::machine::load;
use super::timing::{measured, milliseconds};
use crate::error::ExperimentError;
use crate::plan::Role;

/// Conversations that share a memory.
pub(super) struct Unit {
    /// Name of its folder: never the conversation's, which comes from a file of anybody's making.
    pub(super) name: String,
    /// Places in the dataset, in order.
    pub(super) entries: Vec<usize>,
    /// Repeat of the ingestion.
    pub(super) repeat: u32,
}

/// What an ingestion left.
pub(super) struct Ingested {
    /// Folder of its stores.
    pub(super) folder: PathBuf,
    /// Per conversation; empty for systems that keep no memories.
    pub(super) lineages: Arc<BTreeMap<ConversationId, Lineage>>,
    /// cl100k_base tokens of every memory's text, by id.
    pub(super) tokens: Arc<Vec<u64>>,
    /// Why nothing can be asked: the ingestion failed for reasons of infrastructure.
    pub(super) failure: Option<Arc<ComponentError>>,
}

impl Bench {
    pub(super) fn conversation(&self, entry: usize) -> ConversationId {
        self.dataset.conversations.get(entry).map_or_else(
            || ConversationId::new(""),
            |entry| entry.conversation.head.id.clone(),
        )
    }

    /// The system that did it, or that was built on what an earlier run had left, and what it left. `None` when
    /// it was asked to stop.
    pub(super) async fn ingest_unit(
        &self,
        variant: usize,
        unit: &Unit,
    ) -> Result<Option<(Arc<dyn MemorySystem>, Ingested)>, ExperimentError> {
        let Some(planned) = self.plan.variants.get(variant) else {
            return Ok(None);
        };
        let name = planned.name.as_str();
        let folder: PathBuf = self.dir.file(files::STORES).join(name).join(&unit.name);
        let mut journals = BTreeMap::new();
        let mut begun = Vec::new();
        for entry in &unit.entries {
            let id = self.conversation(*entry);
            if self.done().take_timed(name, &id, unit.repeat) {
                begun.push(id.clone());
            }
            if let Some(journal) = self.done().take_journal(name, &id, unit.repeat) {
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
        let system = self.system(variant, &folder)?;
        if whole && system.is_complete() {
            tracing::info!(variant = name, memory = unit.name, "found complete");
            let lineages = journals
                .into_iter()
                .map(|(id, journal)| (id, journal.lineage))
                .collect();
            let ingested = Ingested {
                folder,
                tokens: self.tokens_of(&lineages),
                lineages: Arc::new(lineages),
                failure: None,
            };
            return Ok(Some((system, ingested)));
        }
        // Of most ingestions nothing is there, and forgetting reads the files whole.
        begun.extend(journals.into_keys());
        for conversation in begun.iter().collect::<BTreeSet<_>>() {
            self.forget_ingestion(name, conversation, unit.repeat)?;
        }
        let mut ledgers: Vec<Ledger> = Vec::new();
        let mut failure = None;
        for entry in &unit.entries {
            let Some(entry) = self.dataset.conversations.get(*entry) else {
                continue;
            };
            let mut ledger = Ledger {
                variant: name.to_owned(),
                repeat: unit.repeat,
                conversation: entry.conversation.head.id.clone(),
                seq: 0,
                lineage: Lineage::default(),
                meter: Meter::new(),
            };
            match self.ingest(system.as_ref(), entry, &mut ledger).await? {
                Ended::Stopped => return Ok(None),
                Ended::Failed(error) => {
                    failure = Some(Arc::new(error));
                    ledgers.push(ledger);
                    break;
                }
                Ended::Well => ledgers.push(ledger),
            }
        }
        let is_pipeline = matches!(
            &planned.role,
            Role::System(system) | Role::Swapped(system) if system.pipeline().is_some()
        );
        // Of a pipeline after a failure too: what was called behind its back was paid for, and is written down.
        let flushed = if failure.is_none() || is_pipeline {
            self.flush(system.as_ref(), &mut ledgers).await?
        } else {
            Ended::Well
        };
        if let Some(version) = system.version() {
            self.describe(name, version)?;
        }
        // A system from outside tells only once it was started.
        let keeps_memories = system.keeps_memories();
        match (&failure, flushed) {
            (None, Ended::Failed(error)) => failure = Some(Arc::new(error)),
            // An ingestion counts as complete once its memory is sealed.
            (None, _) => ledgers
                .iter_mut()
                .try_for_each(|ledger| self.end(ledger, keeps_memories))?,
            (Some(_), _) => {}
        }
        if failure.is_some() {
            // Half a memory is none: no table may count it.
            for entry in &unit.entries {
                self.forget_ingestion(name, &self.conversation(*entry), unit.repeat)?;
            }
        }
        let lineages = ledgers
            .into_iter()
            .filter(|_| keeps_memories)
            .map(|ledger| (ledger.conversation, ledger.lineage))
            .collect();
        let ingested = Ingested {
            folder,
            tokens: self.tokens_of(&lineages),
            lineages: Arc::new(lineages),
            failure,
        };
        Ok(Some((system, ingested)))
    }

    /// Counted once here: a memory is a candidate of question after question. Memories of one store have
    /// different ids, whatever conversation they come from.
    fn tokens_of(&self, lineages: &BTreeMap<ConversationId, Lineage>) -> Arc<Vec<u64>> {
        let mut tokens = Vec::new();
        for (id, trace) in lineages.values().flat_map(Lineage::iter) {
            let place = id.0 as usize;
            if tokens.len() <= place {
                tokens.resize(place + 1, 0);
            }
            if let Some(count) = tokens.get_mut(place) {
                *count = self.tokens(&trace.text);
            }
        }
        Arc::new(tokens)
    }

    /// The system of a variant, on the stores in `folder`.
    pub(super) fn system(
        &self,
        variant: usize,
        folder: &std::path::Path,
    ) -> Result<Arc<dyn MemorySystem>, ExperimentError> {
        let Some(planned) = self.plan.variants.get(variant) else {
            return Err(ExperimentError::Internal("a variant is missing".to_owned()));
        };
        Ok(match &planned.role {
            Role::System(system) | Role::Swapped(system) => Arc::from(
                self.assembly
                    .system(system, folder, &planned.models)
                    .map_err(|error| {
                        ExperimentError::Stopped(format!("{}: {error}", planned.name))
                    })?,
            ),
            Role::Oracle => Arc::new(self.oracle()),
        })
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
                .ingest(
                    &meter.at(Stage::Extract).at_epoch(ledger.repeat),
                    &entry.conversation.head,
                    session,
                )
                .await;
            let elapsed = start.elapsed();
            self.budget.worked(elapsed);
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
        let repeat = ledgers.first().map_or(0, |ledger| ledger.repeat);
        let in_flight = self.ingesting.fetch_add(1, Ordering::Relaxed) + 1;
        let start = Instant::now();
        let cx = meter.at(Stage::Index).at_epoch(repeat);
        let result = system.flush(&cx).await;
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
        // Once for all conversations: each has an oracle of its own.
        let evidence = self
            .evidence
            .get_or_init(|| Arc::new(self.plan.evidence(&self.dataset)));
        Oracle::new(Arc::clone(evidence), TimeFormat::Spoken)
    }
}

/// The journal that an ingestion is writing.
struct Ledger {
    variant: String,
    /// Repeat of the ingestion.
    repeat: u32,
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
            repeat: self.repeat,
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
            repeat: self.repeat,
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

pub(super) fn disk(folder: &std::path::Path, error: &std::io::Error) -> ExperimentError {
    ExperimentError::Stopped(format!("{}: {error}", folder.display()))
}
