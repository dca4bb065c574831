//! The run directory of an import.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use memgauge_core::Tokenizer;
use memgauge_dataset::Dataset;
use serde_json::json;

use super::account::{ImportRow, Imported};
use super::error::ImportError;
use super::source::Source;
use super::work::Work;
use crate::manifest::{DatasetManifest, Machine, Manifest, RepeatsManifest, VariantManifest};
use crate::publish::publish;
use crate::record::{ContextRow, QuestionRecord, SCHEMA_VERSION};
use crate::run_name::create_run;
use crate::rundir::{RunDir, files};
use crate::statistics::Bootstrap;
use crate::summary::Summary;

/// Kind of the system of an imported run.
pub const IMPORTED: &str = "imported";

/// What the caller says about a run to be imported.
#[derive(Clone)]
pub struct ImportOptions<'a> {
    /// Name of the run and of its one variant.
    pub name: String,
    /// Model that answered, where the user tells.
    pub answer_model: Option<String>,
    /// Model that judged, where the user tells.
    pub judge_model: Option<String>,
    /// Prompt of the judge, where the user tells.
    pub judge_prompt: Option<String>,
    /// cl100k_base and o200k_base, to count what was shown to the answering model; without them contexts are left out.
    pub tokenizers: Option<(&'a dyn Tokenizer, &'a dyn Tokenizer)>,
    /// Command line, secrets redacted.
    pub argv: Vec<String>,
    /// When the import started, in UTC: RFC 3339.
    pub started: String,
    /// Version of memgauge.
    pub tool: String,
    /// Revision of memgauge's source, where known.
    pub revision: Option<String>,
    /// The machine of the import.
    pub machine: Machine,
}

/// An imported run.
#[derive(Debug)]
pub struct ImportedRun {
    /// Its directory.
    pub dir: RunDir,
    /// What it says.
    pub summary: Summary,
    /// What became of the files.
    pub imported: Imported,
    /// What became of every row.
    pub rows: Vec<ImportRow>,
}

/// Makes a run directory in `out` of the rows of `sources`.
///
/// # Errors
/// When no row matches a question of the dataset, or the directory cannot be written. Nothing stays behind then.
pub fn import(
    sources: &[Source],
    dataset: &Dataset,
    out: &Path,
    options: &ImportOptions<'_>,
) -> Result<ImportedRun, ImportError> {
    let work = Work::new(sources, dataset);
    if work.matches.iter().all(Option::is_none) {
        let first = work.rows.first().map_or("", |row| row.question.as_str());
        return Err(ImportError::Options(format!(
            "{}: none of its {} rows asks a question of {} ({}); the first asks: {first}",
            names(sources),
            work.rows.len(),
            dataset.name,
            dataset.path.display(),
        )));
    }
    if work.rows.iter().all(|row| row.answer.is_none()) {
        return Err(ImportError::Options(format!(
            "{}: none of its {} rows has an answer: not the results of a system",
            names(sources),
            work.rows.len(),
        )));
    }
    let (records, contexts) = work.records(options);
    let rows = work.account();
    let imported = work.imported(options, &rows);
    let manifest = work.manifest(options, &rows, &imported);
    let dir = create_run(out, &options.started, &options.name, &manifest.digest, "")?;
    let written = write(&dir, &manifest, &records, &contexts, &rows);
    match written {
        Ok(summary) => Ok(ImportedRun {
            dir,
            summary,
            imported,
            rows,
        }),
        Err(error) => {
            // What is left of an import that failed is of no use to anybody.
            let _ = std::fs::remove_dir_all(dir.path());
            Err(error)
        }
    }
}

/// The names of the files.
fn names(sources: &[Source]) -> String {
    let names: Vec<String> = sources.iter().map(Source::name).collect();
    names.join(", ")
}

fn write(
    dir: &RunDir,
    manifest: &Manifest,
    records: &[QuestionRecord],
    contexts: &[ContextRow],
    rows: &[ImportRow],
) -> Result<Summary, ImportError> {
    let lock = dir.lock()?;
    dir.write_json(files::MANIFEST, manifest)?;
    dir.appender(files::RECORDS)?.append(records)?;
    if !contexts.is_empty() {
        dir.appender(files::CONTEXTS)?.append(contexts)?;
    }
    dir.appender(files::IMPORT)?.append(rows)?;
    let bootstrap = Bootstrap {
        seed: manifest.seed,
        ..Bootstrap::default()
    };
    let summary = publish(dir, manifest, bootstrap)?;
    drop(lock);
    Ok(summary)
}

impl Work<'_> {
    fn manifest(
        &self,
        options: &ImportOptions<'_>,
        rows: &[ImportRow],
        imported: &Imported,
    ) -> Manifest {
        let dataset = self.questions.dataset;
        let told = json!({
            "name": options.name,
            "imported": imported,
            "dataset": dataset.fingerprint.content,
            "tool": options.tool,
        });
        let digest = blake3::hash(told.to_string().as_bytes())
            .to_hex()
            .to_string();
        let asked: BTreeSet<(usize, usize)> = self
            .matches
            .iter()
            .flatten()
            .map(|one| one.question)
            .collect();
        let conversations: BTreeSet<usize> = asked.iter().map(|(place, _)| *place).collect();
        let repeats = rows.iter().map(|row| row.repeat + 1).max().unwrap_or(1);
        let judge = if self.runs > 0 { IMPORTED } else { "none" };
        // A file that leaves category 5 out, as most do, is whole.
        let is_partial = imported
            .missing
            .iter()
            .any(|(category, missing)| category != "adversarial" && *missing > 0);
        Manifest {
            schema_version: SCHEMA_VERSION,
            name: options.name.clone(),
            digest: digest.clone(),
            config: json!({}),
            dataset: DatasetManifest::new(dataset, conversations.len(), asked.len()),
            variants: vec![VariantManifest {
                name: options.name.clone(),
                system: IMPORTED.to_owned(),
                answerer: IMPORTED.to_owned(),
                judge: judge.to_owned(),
                control: false,
                digest,
                ingested_as: None,
                upstream: String::new(),
                cell: None,
            }],
            models: BTreeMap::new(),
            traffic: None,
            served_by: BTreeMap::new(),
            resent: 0,
            systems: BTreeMap::new(),
            base: None,
            prices_date: None,
            prompts: BTreeMap::new(),
            prompts_path: None,
            partial: is_partial,
            seed: 0,
            tool: options.tool.clone(),
            revision: options.revision.clone(),
            argv: options.argv.clone(),
            started: options.started.clone(),
            machine: options.machine.clone(),
            jobs: 1,
            repeats: Some(RepeatsManifest {
                ingest: 1,
                answer: repeats,
            }),
            shard: None,
            merged: Vec::new(),
            imported: Some(imported.clone()),
        }
    }
}
