//! What all tasks of a run share: the plan, the files, the models.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use memgauge_core::{ConversationId, Judge, QuestionId, Tokenizer, TurnId};
use memgauge_dataset::Dataset;
use memgauge_model::Budget;
use memgauge_report::metrics::PreparedGold;
use memgauge_report::record::{CallRow, ContextRow, QuestionRecord, TimingRow};
use memgauge_report::{Appender, Order, RunDir, RunDirError, files};
use serde::Deserialize;
use tokio::task::JoinHandle;

use super::observe::{Event, Observer, Stop};
use super::resume::Done;
use super::{Runner, stopped};
use crate::assemble::{Assembly, tokenizer};
use crate::config::ConfigFile;
use crate::error::ExperimentError;
use crate::plan::Plan;

/// Files that are appended to.
pub(super) struct Writers {
    pub(super) records: Appender,
    pub(super) ingest: Appender,
    pub(super) contexts: Appender,
    pub(super) timings: Appender,
    pub(super) calls: Appender,
}

/// What all tasks of a run share.
pub(super) struct Bench {
    pub(super) file: ConfigFile,
    pub(super) dataset: Arc<Dataset>,
    pub(super) plan: Plan,
    pub(super) assembly: Arc<Assembly>,
    pub(super) dir: RunDir,
    pub(super) jobs: usize,
    pub(super) observer: Arc<dyn Observer>,
    pub(super) stop: Stop,
    pub(super) budget: Arc<Budget>,
    /// Set by the first failure that ends the run: nothing more is begun.
    failed: OnceLock<String>,
    /// Set where that failure is the disk's or a store's: nothing more is written either. After
    /// others, what is in flight is written down: it may have been paid for.
    refused: OnceLock<String>,
    pub(super) done: Mutex<Done>,
    /// Sessions being ingested.
    pub(super) ingesting: AtomicU32,
    /// Questions being answered.
    pub(super) answering: AtomicU32,
    /// Answers being judged.
    pub(super) judging: AtomicU32,
    pub(super) judge: Arc<dyn Judge>,
    pub(super) cl100k: Arc<dyn Tokenizer>,
    pub(super) o200k: Arc<dyn Tokenizer>,
    /// Gold answers ready to be compared, in the dataset's order.
    pub(super) golds: Vec<Vec<PreparedGold>>,
    /// Evidence of the questions that are asked, for oracles.
    pub(super) evidence: OnceLock<Arc<BTreeMap<QuestionId, Vec<TurnId>>>>,
    /// Token counts (cl100k, o200k) of the present batch's contexts by digest.
    pub(super) counted: Mutex<BTreeMap<String, (u64, u64)>>,
    writers: Mutex<Writers>,
    /// Held while the manifest is changed.
    manifest: Mutex<()>,
}

impl Bench {
    pub(super) fn new(
        runner: Runner,
        dir: RunDir,
        jobs: usize,
        observer: Arc<dyn Observer>,
        stop: Stop,
        budget: Arc<Budget>,
    ) -> Result<Self, ExperimentError> {
        let token = |name| tokenizer(name).map_err(|e| ExperimentError::Internal(e.to_string()));
        let done = Done::read(&dir)?;
        let writers = Writers {
            records: dir.appender(files::RECORDS).map_err(stopped)?,
            ingest: dir.appender(files::INGEST).map_err(stopped)?,
            contexts: dir.appender(files::CONTEXTS).map_err(stopped)?,
            timings: dir.appender(files::TIMINGS).map_err(stopped)?,
            calls: dir.appender(files::CALLS).map_err(stopped)?,
        };
        let judge = runner
            .file
            .config
            .judge
            .build(&runner.assembly.parts())
            .map_err(|error| ExperimentError::Stopped(error.to_string()))?;
        let golds = runner
            .dataset
            .conversations
            .iter()
            .map(|entry| {
                entry
                    .items
                    .iter()
                    .map(|item| PreparedGold::new(item.key.category, item.key.gold.text()))
                    .collect()
            })
            .collect();
        Ok(Self {
            golds,
            cl100k: token("cl100k")?,
            o200k: token("o200k")?,
            file: runner.file,
            dataset: runner.dataset,
            plan: runner.plan,
            assembly: runner.assembly,
            dir,
            jobs,
            observer,
            stop,
            budget,
            failed: OnceLock::new(),
            refused: OnceLock::new(),
            done: Mutex::new(done),
            ingesting: AtomicU32::new(0),
            answering: AtomicU32::new(0),
            judging: AtomicU32::new(0),
            judge: Arc::from(judge),
            evidence: OnceLock::new(),
            counted: Mutex::default(),
            writers: Mutex::new(writers),
            manifest: Mutex::default(),
        })
    }

    /// Runs all variants. False when it was asked to stop.
    pub(super) async fn run(self: &Arc<Self>) -> Result<bool, ExperimentError> {
        self.observer.event(&Event::Started {
            dir: self.dir.path(),
            questions: self.plan.records(),
            done: self.done().questions(),
        });
        for group in self.plan.groups() {
            if !self.run_group(&group).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub(super) fn done(&self) -> MutexGuard<'_, Done> {
        self.done.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Carries out `write` on the run's files; a refusal stops the run.
    pub(super) fn write(
        &self,
        write: impl FnOnce(&mut Writers) -> Result<(), RunDirError>,
    ) -> Result<(), ExperimentError> {
        let mut writers = self.writers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(first) = self.refused.get() {
            return Err(ExperimentError::Stopped(first.clone()));
        }
        write(&mut writers).map_err(|error| {
            let _ = self.failed.set(error.to_string());
            let _ = self.refused.set(error.to_string());
            stopped(error)
        })
    }

    /// Notes in the manifest what a system from outside says of itself.
    pub(super) fn describe(&self, variant: &str, version: String) -> Result<(), ExperimentError> {
        let _changing = self.manifest.lock().unwrap_or_else(PoisonError::into_inner);
        let mut manifest = self.dir.manifest().map_err(stopped)?;
        let versions = manifest.systems.entry(variant.to_owned()).or_default();
        if !versions.insert(version) {
            return Ok(());
        }
        self.dir
            .write_json(files::MANIFEST, &manifest)
            .map_err(stopped)
    }

    /// Whether nothing more may be begun: somebody asked, the run has failed, or its time is up.
    pub(super) fn is_halted(&self) -> bool {
        self.stop.is_requested() || self.failed.get().is_some() || self.budget.is_out_of_time()
    }

    /// The result of a task; a failure halts the run.
    pub(super) fn joined<T: Send + 'static>(
        self: &Arc<Self>,
        task: JoinHandle<Result<T, ExperimentError>>,
    ) -> impl Future<Output = Result<T, ExperimentError>> + use<T> {
        let bench = Arc::clone(self);
        async move {
            let result = match task.await {
                Ok(result) => result,
                Err(error) => Err(ExperimentError::Internal(error.to_string())),
            };
            if let Err(error) = &result {
                let _ = bench.failed.set(error.to_string());
                if !matches!(
                    error,
                    ExperimentError::Quota(_)
                        | ExperimentError::SetUp(_)
                        | ExperimentError::NotRecorded(_)
                ) {
                    let _ = bench.refused.set(error.to_string());
                }
            }
            result
        }
    }

    /// Drops what an interrupted ingestion of `conversation` left in the files.
    pub(super) fn forget_ingestion(
        &self,
        variant: &str,
        conversation: &ConversationId,
        repeat: u32,
    ) -> Result<(), ExperimentError> {
        let mut writers = self.writers.lock().unwrap_or_else(PoisonError::into_inner);
        let mut line = 0_u64;
        self.dir
            .rewrite(files::INGEST, |row: IngestKey| {
                line += 1;
                let is_other = row.variant != variant
                    || row.conversation != *conversation
                    || row.repeat != repeat;
                is_other.then_some(line)
            })
            .map_err(stopped)?;
        self.dir
            .rewrite(files::TIMINGS, |row: TimingRow| {
                line += 1;
                (!row.phase.is_ingestion()
                    || row.variant != variant
                    || row.conversation != *conversation
                    || row.repeat != repeat)
                    .then_some(line)
            })
            .map_err(stopped)?;
        writers.ingest = self.dir.appender(files::INGEST).map_err(stopped)?;
        writers.timings = self.dir.appender(files::TIMINGS).map_err(stopped)?;
        Ok(())
    }

    /// Puts every file in the order of the plan, whatever the order of arrival was.
    pub(super) fn sort_files(&self) -> Result<(), RunDirError> {
        let order = Order::new(
            self.plan
                .variants
                .iter()
                .map(|variant| variant.name.clone()),
            self.dataset
                .conversations
                .iter()
                .map(|entry| entry.conversation.head.id.clone()),
        );
        order.arrange(&self.dir)
    }

    /// A record is complete: write it, its timings and calls, and, once, its context.
    pub(super) fn keep(
        &self,
        record: &QuestionRecord,
        timings: &[TimingRow],
        calls: &[CallRow],
        context: Option<&ContextRow>,
    ) -> Result<(), ExperimentError> {
        self.write(|writers| {
            writers.contexts.append(context)?;
            writers.timings.append(timings)?;
            writers.calls.append(calls)?;
            // Last: a record means that all that belongs to it is there.
            writers.records.append([record])
        })?;
        self.done()
            .insert(&record.variant, record.question.clone(), record.repeat);
        self.observer.event(&Event::Answered);
        Ok(())
    }
}

#[derive(Deserialize)]
struct IngestKey {
    variant: String,
    conversation: ConversationId,
    #[serde(default)]
    repeat: u32,
}
