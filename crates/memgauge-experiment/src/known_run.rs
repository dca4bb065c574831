//! A run directory of answers whose worth is known, for a judge to be tried on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use memgauge_core::QuestionId;
use memgauge_dataset::{Dataset, Item};
use memgauge_report::card::{Known, KnownKind, Role, known_answers};
use memgauge_report::metrics::PreparedGold;
use memgauge_report::powered::sample;
use memgauge_report::record::{Candidates, Outcome, QuestionRecord, SCHEMA_VERSION, TextMetrics};
use memgauge_report::{
    DatasetManifest, Manifest, RepeatsManifest, RunDir, RunDirError, VariantManifest, files,
};
use serde_json::json;

use crate::digest;
use crate::run::describe_machine;

/// Kind of the system of known-right answers, in the manifest.
const RIGHT: &str = "known-right";

/// Kind of the system of known-wrong answers.
const WRONG: &str = "known-wrong";

/// What the caller says about a run of known answers.
#[derive(Debug, Clone)]
pub struct KnownOptions {
    /// At most so many answers of each kind, drawn at random by question; `None` = all.
    pub per_kind: Option<usize>,
    /// Seed of that draw.
    pub seed: u64,
    /// Command line, secrets redacted.
    pub argv: Vec<String>,
    /// When it was made, in UTC: RFC 3339.
    pub started: String,
}

/// What is known about the answers of a variant: that it is of a run made here, else nothing.
#[must_use]
pub fn role(variant: &VariantManifest) -> Role {
    let kind = variant.name.clone();
    match variant.system.as_str() {
        RIGHT => Role::KnownRight { kind },
        WRONG => Role::KnownWrong { kind },
        _ => Role::Judged,
    }
}

/// Writes the run directory `path`: one variant per kind of answer, in the order of [`KnownKind::ALL`], each with the
/// questions of categories 1 to 4 that its rule can say something about. If there is one of the same dataset, seed and
/// size already, it is left as it is.
///
/// # Errors
/// When there is something else at `path`, or it cannot be written.
pub fn known_run(
    path: &Path,
    dataset: &Dataset,
    options: &KnownOptions,
) -> Result<RunDir, RunDirError> {
    let items: Vec<(usize, &Item)> = dataset
        .conversations
        .iter()
        .enumerate()
        .flat_map(|(place, entry)| entry.items.iter().map(move |item| (place, item)))
        .filter(|(_, item)| item.category().is_scored())
        .collect();
    let questions: Vec<Known<'_>> = items
        .iter()
        .map(|(place, item)| Known {
            category: item.category(),
            conversation: *place,
            question: &item.question.text,
            gold: item.key.gold.text(),
        })
        .collect();
    let mut records: Vec<QuestionRecord> = Vec::new();
    let mut variants: Vec<VariantManifest> = Vec::new();
    for kind in KnownKind::ALL {
        let answers = known_answers(kind, &questions);
        let made = items.iter().zip(answers);
        let made: Vec<(&Item, String)> = made
            .filter_map(|((_, item), answer)| Some((*item, answer?)))
            .collect();
        let ids = || made.iter().map(|(item, _)| &item.question.id);
        let drawn: BTreeSet<QuestionId> =
            sample(ids(), options.per_kind.unwrap_or(usize::MAX), options.seed);
        let before = records.len();
        for (item, answer) in &made {
            if drawn.contains(&item.question.id) {
                records.push(record(kind, item, answer));
            }
        }
        if records.len() > before {
            variants.push(VariantManifest {
                name: kind.name().to_owned(),
                system: if kind.is_right() { RIGHT } else { WRONG }.to_owned(),
                answerer: "rules".to_owned(),
                judge: "none".to_owned(),
                control: true,
                digest: digest::of(&json!({ "known": kind.name() })),
                ingested_as: None,
                upstream: String::new(),
                cell: None,
            });
        }
    }
    let manifest = manifest(dataset, options, variants, &records);
    if path.join(files::MANIFEST).is_file() {
        let dir = RunDir::open(path)?;
        if dir.manifest()?.digest == manifest.digest {
            return Ok(dir);
        }
    }
    let dir = RunDir::create(path)?;
    dir.appender(files::RECORDS)?.append(&records)?;
    // Last: without it there is no run.
    dir.write_json(files::MANIFEST, &manifest)?;
    Ok(dir)
}

fn record(kind: KnownKind, item: &Item, answer: &str) -> QuestionRecord {
    let gold = PreparedGold::new(item.category(), item.key.gold.text());
    QuestionRecord {
        variant: kind.name().to_owned(),
        question: item.question.id.clone(),
        repeat: 0,
        category: item.category(),
        outcome: Outcome::Answered,
        text: item.question.text.clone(),
        gold: item.key.gold.clone(),
        evidence: item.key.evidence.clone(),
        answer: Some(answer.to_owned()),
        answer_entry: None,
        scores: Some(TextMetrics::of(item.category(), gold.score(answer))),
        judge: None,
        judgements: Vec::new(),
        tokens: None,
        memory_of: None,
        lists: Vec::new(),
        k: 0,
        candidates: Candidates::default(),
        context: None,
        retrieval: None,
        fates: Vec::new(),
        counters: BTreeMap::new(),
    }
}

fn manifest(
    dataset: &Dataset,
    options: &KnownOptions,
    variants: Vec<VariantManifest>,
    records: &[QuestionRecord],
) -> Manifest {
    let asked: BTreeSet<&QuestionId> = records.iter().map(|record| &record.question).collect();
    let conversations: BTreeSet<_> = asked.iter().map(|id| &id.conversation).collect();
    let answers: Vec<_> = records
        .iter()
        .map(|record| (&record.variant, &record.question, &record.answer))
        .collect();
    let digest = digest::of(&json!({
        "known-answers": answers,
        "dataset": dataset.fingerprint.content,
    }));
    Manifest {
        schema_version: SCHEMA_VERSION,
        name: "known-answers".to_owned(),
        digest,
        config: json!({}),
        dataset: DatasetManifest::new(dataset, conversations.len(), asked.len()),
        variants,
        models: BTreeMap::new(),
        traffic: None,
        served_by: BTreeMap::new(),
        resent: 0,
        systems: BTreeMap::new(),
        base: None,
        prices_date: None,
        prompts: BTreeMap::new(),
        prompts_path: None,
        partial: options.per_kind.is_some(),
        seed: options.seed,
        tool: env!("CARGO_PKG_VERSION").to_owned(),
        revision: None,
        argv: options.argv.clone(),
        started: options.started.clone(),
        machine: describe_machine(),
        jobs: 1,
        repeats: Some(RepeatsManifest {
            ingest: 1,
            answer: 1,
        }),
        shard: None,
        merged: Vec::new(),
        imported: None,
    }
}
