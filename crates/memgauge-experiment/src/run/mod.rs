//! Runs a plan: ingest, search, answer, score, and write everything down as it happens.
//!
//! Variants that share an ingestion form a group. Per group and batch of conversations: conversations are
//! ingested concurrently, each session in order. Then, variant by variant and one conversation after the
//! other, questions are searched one at a time (that is the search latency), and answered and scored
//! concurrently.

mod bench;
mod group;
mod ingest;
mod machine;
mod observe;
mod questions;
mod resume;
mod score;
mod spending;
mod timing;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use memgauge_dataset::Dataset;
use memgauge_model::{Budget, Limits, Reached, TrafficError, TrafficMode};
use memgauge_report::statistics::Bootstrap;
use memgauge_report::summary::Summary;
use memgauge_report::{
    CellManifest, DatasetManifest, Manifest, RepeatsManifest, RunDir, RunDirError, ShardManifest,
    TrafficManifest, VariantManifest, files, new_run, publish, record, run_name,
};

pub use machine::describe as describe_machine;
pub use observe::{Event, Observer, Stop};

use crate::assemble::{Assembly, Supplies};
use crate::config::ConfigFile;
use crate::error::ExperimentError;
use crate::parts::unbuilt;
use crate::plan::Plan;
use bench::Bench;

/// Units of work at a time where models are called: they wait for providers, not for processors.
/// How many calls a provider sees at a time is its model block's business.
pub(crate) const REMOTE_JOBS: usize = 16;

/// What the command line adds to a config.
#[derive(Clone, Default)]
pub struct RunOptions {
    /// Folder in which run directories are made.
    pub out: PathBuf,
    /// Overrides the config's `jobs`.
    pub jobs: Option<usize>,
    /// Command line, secrets redacted.
    pub argv: Vec<String>,
    /// Revision of memgauge's source, where known.
    pub revision: Option<String>,
    /// Start of the run in UTC: RFC 3339.
    pub started: String,
    /// With a resume: ask again what failed for reasons of infrastructure.
    pub retry_failed: bool,
    /// What the run may take.
    pub limits: Limits,
    /// Models' traffic, secrets, prompts.
    pub supplies: Supplies,
}

/// How a run ended.
#[derive(Debug)]
pub enum RunReport {
    /// Every question has a record.
    Finished {
        /// The run directory.
        dir: RunDir,
        /// What it says.
        summary: Box<Summary>,
    },
    /// Stopped on request; `--resume` goes on.
    Interrupted {
        /// The run directory.
        dir: RunDir,
    },
    /// Stopped before a limit of [`RunOptions::limits`]; `--resume` with a higher one goes on.
    Limited {
        /// The run directory.
        dir: RunDir,
        /// Which limit, and how near.
        reached: Reached,
    },
}

/// A planned experiment that is ready to run.
pub struct Runner {
    file: ConfigFile,
    dataset: Arc<Dataset>,
    plan: Plan,
    assembly: Arc<Assembly>,
    options: RunOptions,
}

impl Runner {
    /// Checks that every part of the plan can be built. Creates nothing that stays.
    ///
    /// # Errors
    /// With every part that cannot be built, at its place in the config.
    pub fn new(
        file: ConfigFile,
        dataset: Dataset,
        plan: Plan,
        options: RunOptions,
    ) -> Result<Self, ExperimentError> {
        let assembly = Self::check(&file, options.supplies.clone())?;
        check_secrets(&file, &assembly)?;
        if options.limits.dollars.is_some() {
            check_prices(&file, &assembly)?;
        }
        Ok(Self {
            file,
            dataset: Arc::new(dataset),
            plan,
            assembly: Arc::new(assembly),
            options,
        })
    }

    /// Builds every part of the config once, in a folder that does not stay.
    ///
    /// # Errors
    /// With every part that cannot be built, at its place in the config.
    pub fn check(file: &ConfigFile, supplies: Supplies) -> Result<Assembly, ExperimentError> {
        let assembly = Assembly::of(file, supplies);
        let problems = unbuilt(file, &assembly, &|_| true)?;
        match problems.is_empty() {
            true => Ok(assembly),
            false => Err(ExperimentError::Config(problems)),
        }
    }

    fn jobs(&self) -> usize {
        let given = self.options.jobs.unwrap_or(self.file.config.jobs);
        if given > 0 {
            return given;
        }
        if self.assembly.has_chat() {
            return REMOTE_JOBS;
        }
        std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
    }

    /// Starts a new run directory and runs to the end, or until `stop`.
    ///
    /// # Errors
    /// When the directory cannot be made, or the disk or a store refuses in mid-run.
    pub async fn run(
        self,
        observer: Arc<dyn Observer>,
        stop: Stop,
    ) -> Result<RunReport, ExperimentError> {
        let part = self.plan.shard.map_or_else(String::new, |shard| {
            format!("-{}of{}", shard.index(), shard.of())
        });
        let manifest = self.manifest()?;
        let name = run_name(
            &self.options.started,
            &self.file.config.name,
            &self.plan.digest,
        ) + &part;
        let (dir, lock) = new_run(&self.options.out, &name, |path| begin(path, &manifest))
            .map_err(ExperimentError::RunDir)?;
        let report = self.carry_on(dir, observer, stop).await;
        drop(lock);
        report
    }

    /// Goes on with a run directory.
    ///
    /// # Errors
    /// When it is in use, or was begun with another config, dataset or version; and as
    /// [`Self::run`].
    pub async fn resume(
        self,
        dir: RunDir,
        observer: Arc<dyn Observer>,
        stop: Stop,
    ) -> Result<RunReport, ExperimentError> {
        let lock = dir.lock().map_err(ExperimentError::RunDir)?;
        let manifest = dir.manifest().map_err(ExperimentError::RunDir)?;
        self.must_match(&dir, &manifest)?;
        if self.options.retry_failed {
            resume::drop_failed(&dir)?;
        }
        let report = self.carry_on(dir, observer, stop).await;
        drop(lock);
        report
    }

    fn must_match(&self, dir: &RunDir, manifest: &Manifest) -> Result<(), ExperimentError> {
        let mine = self.manifest()?;
        let mut differs = Vec::new();
        for (name, old) in &manifest.models {
            if mine.models.get(name).is_some_and(|new| new != old) {
                differs.push(format!("model `{name}` differs"));
            }
        }
        for (name, old) in &manifest.prompts {
            if mine.prompts.get(name) != Some(old) {
                differs.push(format!("prompt `{name}` differs"));
            }
        }
        if let (Some(old), Some(new)) = (&manifest.revision, &mine.revision)
            && old != new
        {
            differs.push(format!(
                "memgauge at revision {old} began it, this is {new}"
            ));
        }
        if manifest.shard != mine.shard {
            differs.push("it is another part of the experiment".to_owned());
        }
        if manifest.digest == self.plan.digest && differs.is_empty() {
            return Ok(());
        }
        if manifest.tool != mine.tool {
            differs.push(format!(
                "memgauge {} began it, this is {}",
                manifest.tool, mine.tool
            ));
        }
        if manifest.dataset.content != mine.dataset.content {
            differs.push("the dataset's content differs".to_owned());
        } else if manifest.dataset.questions != mine.dataset.questions {
            differs.push(format!(
                "it asks {} questions, the selection now {}",
                manifest.dataset.questions, mine.dataset.questions
            ));
        }
        for variant in &mine.variants {
            match manifest
                .variants
                .iter()
                .find(|old| old.name == variant.name)
            {
                Some(old) if old.digest == variant.digest => {}
                Some(_) => differs.push(format!("variant `{}` differs", variant.name)),
                None => differs.push(format!("variant `{}` is new", variant.name)),
            }
        }
        if differs.is_empty() {
            differs.push("the config differs".to_owned());
        }
        Err(ExperimentError::Resume(format!(
            "{}: cannot be resumed: {}",
            dir.path().display(),
            differs.join("; ")
        )))
    }

    async fn carry_on(
        self,
        dir: RunDir,
        observer: Arc<dyn Observer>,
        stop: Stop,
    ) -> Result<RunReport, ExperimentError> {
        let jobs = self.jobs();
        let seed = self.file.config.seed;
        let keep_stores = self.file.config.record.stores;
        let assembly = Arc::clone(&self.assembly);
        let recording = (dir.file(files::RECORDING), dir.file(files::CASSETTE));
        let unkept = |error: TrafficError| ExperimentError::Stopped(error.to_string());
        let exchange = assembly.exchange();
        exchange
            .begin(&recording.0, &recording.1)
            .await
            .map_err(unkept)?;
        exchange.trace(&dir.file(files::SENT)).map_err(unkept)?;
        let (before, book) = (spending::before(&dir)?, spending::book(&dir));
        let budget = Budget::new(self.options.limits, before, Some(book));
        exchange.limit(Arc::clone(&budget));
        let bench = Bench::new(self, dir.clone(), jobs, observer, stop, budget)?;
        let bench = Arc::new(bench);
        let ended = bench.run().await;
        if !matches!(ended, Ok(true)) {
            // A refusal of the disk says more than the limit that was reached beside it.
            return match (ended, bench.budget.reached()) {
                (Ok(_) | Err(ExperimentError::Quota(_)), Some(reached)) => {
                    Ok(RunReport::Limited { dir, reached })
                }
                (Ok(_), None) => Ok(RunReport::Interrupted { dir }),
                (Err(error), _) => Err(error),
            };
        }
        bench.sort_files().map_err(stopped)?;
        let observer = Arc::clone(&bench.observer);
        drop(bench);
        let mut manifest = dir.manifest().map_err(ExperimentError::RunDir)?;
        exchange.end(&recording.1).map_err(unkept)?;
        observer.event(&Event::Summarising);
        let bootstrap = Bootstrap {
            seed,
            ..Bootstrap::default()
        };
        dir.calls(|row| {
            if let Some(name) = row.served_by {
                manifest
                    .served_by
                    .entry(row.model)
                    .or_default()
                    .insert(name);
            }
        })
        .map_err(stopped)?;
        manifest.resent += exchange.resent();
        dir.write_json(files::MANIFEST, &manifest)
            .map_err(stopped)?;
        exchange.traced().map_err(unkept)?;
        let summary = publish(&dir, &manifest, bootstrap)?;
        if !keep_stores {
            let stores = dir.file(files::STORES);
            if stores.exists() {
                std::fs::remove_dir_all(&stores).map_err(|error| {
                    ExperimentError::Stopped(format!("{}: {error}", stores.display()))
                })?;
            }
        }
        Ok(RunReport::Finished {
            dir,
            summary: Box::new(summary),
        })
    }

    fn traffic(&self) -> TrafficManifest {
        let exchange = self.assembly.exchange();
        TrafficManifest {
            mode: exchange.mode().name().to_owned(),
            cassette: exchange.cassette().map(whole),
            digest: exchange.digest().map(str::to_owned),
        }
    }

    fn manifest(&self) -> Result<Manifest, ExperimentError> {
        let config = &self.file.config;
        Ok(Manifest {
            schema_version: record::SCHEMA_VERSION,
            name: config.name.clone(),
            digest: self.plan.digest.clone(),
            config: serde_json::to_value(config)
                .map_err(|error| ExperimentError::Internal(error.to_string()))?,
            dataset: DatasetManifest::new(
                &self.dataset,
                self.plan.conversations.len(),
                self.plan.questions(),
            ),
            variants: self
                .plan
                .variants
                .iter()
                .zip(self.plan.owners())
                .map(|(variant, owner)| VariantManifest {
                    name: variant.name.clone(),
                    system: variant.kind().to_owned(),
                    answerer: variant.answerer.kind().to_owned(),
                    judge: config.judge.kind().to_owned(),
                    control: variant.is_control(),
                    digest: variant.digest.clone(),
                    ingested_as: self
                        .plan
                        .variants
                        .get(owner)
                        .map(|owner| owner.name.clone())
                        .filter(|owner| *owner != variant.name),
                    upstream: variant.upstream.clone(),
                    cell: variant.cell.as_ref().map(|cell| CellManifest {
                        base: cell.base.clone(),
                        settings: cell.settings.clone(),
                    }),
                })
                .collect(),
            // Every system was built once to check it, which loaded its models.
            models: self.assembly.loaded(),
            traffic: Some(self.traffic()),
            served_by: Default::default(),
            resent: 0,
            systems: Default::default(),
            base: self
                .plan
                .has_external()
                .then(|| whole(self.assembly.base())),
            prices_date: self
                .assembly
                .has_chat()
                .then(|| memgauge_model::prices_date().to_owned()),
            prompts: self.assembly.prompts(),
            prompts_path: self.assembly.prompts_path().map(whole),
            partial: self.plan.partial,
            seed: config.seed,
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            revision: self.options.revision.clone(),
            argv: self.options.argv.clone(),
            started: self.options.started.clone(),
            machine: machine::describe(),
            jobs: self.jobs(),
            repeats: Some(RepeatsManifest {
                ingest: self.plan.repeats.ingest,
                answer: self.plan.repeats.answer,
            }),
            shard: self.plan.shard.map(|shard| ShardManifest {
                index: shard.index(),
                of: shard.of(),
            }),
            merged: Vec::new(),
            imported: None,
        })
    }
}

/// Makes a run directory with its manifest, claimed.
fn begin(path: PathBuf, manifest: &Manifest) -> Result<(RunDir, std::fs::File), RunDirError> {
    let draft = RunDir::draft(path)?;
    let lock = draft.dir().lock().and_then(|lock| {
        draft.dir().write_json(files::MANIFEST, manifest)?;
        Ok(lock)
    });
    match lock {
        Ok(lock) => Ok((draft.place()?, lock)),
        Err(error) => {
            draft.discard();
            Err(error)
        }
    }
}

/// Checks that the environment holds the secrets of every model that was loaded; a replay needs
/// none.
pub(crate) fn check_secrets(file: &ConfigFile, assembly: &Assembly) -> Result<(), ExperimentError> {
    if assembly.exchange().mode() == TrafficMode::Replay {
        return Ok(());
    }
    let problem = |(model, variable): &(String, String)| {
        let message = format!(
            "calls of model `{model}` need the environment variable {variable}, which is not set; \
             without it, recorded calls can be replayed: --traffic replay --cassette FILE"
        );
        file.problem(&format!("models.{model}"), message)
    };
    let missing = assembly.missing_secrets();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(ExperimentError::Config(
            missing.iter().map(problem).collect(),
        ))
    }
}

/// Checks that there is a price for every model behind an API: a limit in dollars is none otherwise. A replay costs
/// nothing.
fn check_prices(file: &ConfigFile, assembly: &Assembly) -> Result<(), ExperimentError> {
    if assembly.exchange().mode() == TrafficMode::Replay {
        return Ok(());
    }
    let problem = |model: &String| {
        let message = "--max-cost needs its price, which is not in the table: state `price-input` and, for a chat \
                       model, `price-output` in US dollars per million tokens (0 where it costs nothing)";
        file.problem(&format!("models.{model}"), message)
    };
    match assembly.without_price().as_slice() {
        [] => Ok(()),
        models => Err(ExperimentError::Config(
            models.iter().map(problem).collect(),
        )),
    }
}

/// A path that means the same from every folder.
fn whole(path: &Path) -> String {
    // The empty path means the current folder, and cannot be made whole.
    let path = if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    };
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    path.display().to_string()
}

/// A disk that refuses in mid-run.
pub(crate) fn stopped(error: RunDirError) -> ExperimentError {
    ExperimentError::Stopped(error.to_string())
}
