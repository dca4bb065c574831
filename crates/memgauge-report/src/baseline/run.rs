//! From a run directory to a baseline.

use std::collections::{BTreeMap, BTreeSet};

use memgauge_core::{Category, ConversationId, QuestionId};
use serde::Deserialize;

use super::column::{COST, DEFAULT_METRICS, ERRORS, MetricName, TOKENS, rounded};
use super::cost::Costs;
use super::file::{BaselineHead, DatasetHead, MeanValue, Origin, VariantHead};
use super::{BASELINE_VERSION, Baseline, BaselineError, Row};
use crate::arm::facts;
use crate::manifest::{Manifest, VariantManifest};
use crate::record::TextMetrics;
use crate::retrieval::RetrievalScores;
use crate::rundir::{RunDir, files};
use crate::summary::Measured;

/// Kind of the systems whose spending nobody knows.
const EXTERNAL: &str = "external";

/// What a baseline is to hold of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunOptions {
    /// Its metrics; `None` = [`DEFAULT_METRICS`], as far as the run has them. Context tokens, cost and errors are
    /// always there.
    pub metrics: Option<Vec<MetricName>>,
    /// Whether every one of `metrics` has to have a value.
    pub must_have: bool,
    /// Its variants; `None` = all but the controls.
    pub variants: Option<Vec<String>>,
}

/// The fields of a record that a baseline needs.
#[derive(Deserialize)]
struct Record {
    variant: String,
    question: QuestionId,
    repeat: u32,
    category: Category,
    outcome: String,
    answer: Option<String>,
    scores: Option<TextMetrics>,
    judge: Option<f64>,
    #[serde(default)]
    judgements: Vec<serde::de::IgnoredAny>,
    context: Option<Context>,
    retrieval: Option<RetrievalScores>,
}

#[derive(Deserialize)]
struct Context {
    digest: Option<String>,
    cl100k: Option<u64>,
}

/// One repeat of a question.
struct Answered {
    category: Category,
    failed: bool,
    values: Vec<Option<f64>>,
    tokens: Option<f64>,
    digest: blake3::Hash,
}

type Answers = BTreeMap<QuestionId, BTreeMap<u32, Answered>>;

/// What a finished run came to, as a baseline of this name without a log.
///
/// # Errors
/// When the run cannot be read or is not finished, or has none of what is asked for.
pub fn of_run(dir: &RunDir, name: &str, options: &RunOptions) -> Result<Baseline, BaselineError> {
    let content = |message: String| BaselineError::Content {
        dir: dir.path().to_owned(),
        message,
    };
    let manifest = dir.manifest()?;
    if !dir.file(files::SUMMARY).is_file() {
        return Err(content(
            "the run is not finished; memgauge run --resume goes on with it".to_owned(),
        ));
    }
    let variants = picked(&manifest, options.variants.as_deref()).map_err(content)?;
    let wanted: Vec<String> = match &options.metrics {
        Some(metrics) => metrics
            .iter()
            .map(|metric| metric.name().to_owned())
            .filter(|name| ![TOKENS, COST, ERRORS].contains(&name.as_str()))
            .collect(),
        None => DEFAULT_METRICS.map(str::to_owned).to_vec(),
    };
    let names: BTreeSet<&str> = variants.iter().map(|one| one.name.as_str()).collect();
    let mut answers: BTreeMap<String, Answers> = BTreeMap::new();
    let mut judged: BTreeSet<String> = BTreeSet::new();
    dir.records(|record: Record| {
        if !names.contains(record.variant.as_str()) {
            return;
        }
        if !record.judgements.is_empty() {
            judged.insert(record.variant.clone());
        }
        let repeats = answers.entry(record.variant.clone()).or_default();
        let repeats = repeats.entry(record.question.clone()).or_default();
        repeats.insert(record.repeat, answered(&record, &wanted));
    })?;
    let metrics = known(&wanted, &answers);
    let has = |name: &&String| metrics.iter().any(|(_, known)| known == *name);
    if options.must_have
        && options.metrics.is_some()
        && let Some(missing) = wanted.iter().find(|name| !has(name))
    {
        return Err(content(format!("no answer has a value of {missing}")));
    }
    let costs = Costs::read(dir)?;
    let mut columns: Vec<String> = metrics.iter().map(|(_, name)| name.clone()).collect();
    columns.extend([TOKENS, COST, ERRORS].map(str::to_owned));
    let mut heads = Vec::with_capacity(variants.len());
    let mut rows = Vec::with_capacity(variants.len());
    let mut taken = BTreeSet::new();
    for variant in variants {
        let mine = answers.remove(&variant.name).unwrap_or_default();
        let dollars = dollars(&manifest, variant, &mine, &costs);
        let mine: BTreeMap<QuestionId, Row> = mine
            .into_iter()
            .map(|(question, repeats)| {
                let paid = dollars.get(&question).copied().flatten();
                (question, row(&repeats, &metrics, paid, &columns))
            })
            .collect();
        heads.push(VariantHead {
            name: variant.name.clone(),
            digest: variant.digest.clone(),
            file: file_name(&variant.name, &mut taken),
            facts: facts(&manifest, variant, true, judged.contains(&variant.name)),
            means: means(&mine, &columns),
        });
        rows.push(mine);
    }
    Ok(Baseline {
        head: head(name, manifest, columns, heads),
        variants: rows,
    })
}

fn head(
    name: &str,
    manifest: Manifest,
    columns: Vec<String>,
    variants: Vec<VariantHead>,
) -> BaselineHead {
    BaselineHead {
        schema_version: BASELINE_VERSION,
        name: name.to_owned(),
        run: Origin {
            name: manifest.name,
            digest: manifest.digest,
            tool: manifest.tool,
            revision: manifest.revision,
            partial: manifest.partial,
            seed: manifest.seed,
        },
        dataset: DatasetHead {
            name: manifest.dataset.name,
            content: manifest.dataset.content,
            conversations: manifest.dataset.conversations,
            questions: manifest.dataset.questions,
        },
        models: manifest.models,
        prompts: manifest.prompts,
        columns,
        variants,
        log: Vec::new(),
        config: manifest.config,
    }
}

/// The variants that are meant.
fn picked<'a>(
    manifest: &'a Manifest,
    wanted: Option<&[String]>,
) -> Result<Vec<&'a VariantManifest>, String> {
    let Some(wanted) = wanted else {
        let own = manifest.variants.iter().filter(|one| !one.control);
        return Ok(own.collect());
    };
    let mut seen = BTreeSet::new();
    if let Some(twice) = wanted.iter().find(|name| !seen.insert(*name)) {
        return Err(format!("variant {twice} is named twice"));
    }
    let find = |name: &String| {
        let known = || -> Vec<&str> {
            let names = manifest.variants.iter().map(|one| one.name.as_str());
            names.collect()
        };
        let found = manifest.variants.iter().find(|one| one.name == *name);
        found.ok_or_else(|| memgauge_core::config::unknown("variant", name, &known()))
    };
    wanted.iter().map(find).collect()
}

fn answered(record: &Record, metrics: &[String]) -> Answered {
    let measured = Measured {
        judge: record.judge,
        scores: record.scores.as_ref(),
        retrieval: record.retrieval.as_ref(),
    };
    let context = record.context.as_ref();
    let mut digest = blake3::Hasher::new();
    digest.update(record.outcome.as_bytes());
    digest.update(&[0]);
    digest.update(record.answer.as_deref().unwrap_or_default().as_bytes());
    digest.update(&[0]);
    let of_context = context.and_then(|context| context.digest.as_deref());
    digest.update(of_context.unwrap_or_default().as_bytes());
    Answered {
        category: record.category,
        failed: record.outcome != "answered",
        values: metrics.iter().map(|name| measured.value(name)).collect(),
        tokens: context
            .and_then(|context| context.cl100k)
            .map(|tokens| tokens as f64),
        digest: digest.finalize(),
    }
}

/// The metrics that any answer has, with their places among the wanted.
fn known(wanted: &[String], answers: &BTreeMap<String, Answers>) -> Vec<(usize, String)> {
    let all = || {
        let questions = answers.values().flat_map(BTreeMap::values);
        questions.flat_map(BTreeMap::values)
    };
    let has = |at: usize| all().any(|one| one.values.get(at).is_some_and(Option::is_some));
    let places = wanted.iter().enumerate();
    places
        .filter(|(at, _)| has(*at))
        .map(|(at, name)| (at, name.clone()))
        .collect()
}

/// US dollars by question, the mean over its repeats: known to be none where no model was called, unknown for what
/// another tool or a child process did.
fn dollars(
    manifest: &Manifest,
    variant: &VariantManifest,
    answers: &Answers,
    costs: &Costs,
) -> BTreeMap<QuestionId, Option<f64>> {
    if manifest.imported.is_some() || variant.system == EXTERNAL {
        return BTreeMap::new();
    }
    let (asked, ingested) = (
        costs.asked(&variant.name),
        costs.ingested(variant.ingestion()),
    );
    let mut questions: BTreeMap<&ConversationId, usize> = BTreeMap::new();
    for question in answers.keys() {
        *questions.entry(&question.conversation).or_default() += 1;
    }
    let memories = manifest.repeats.map_or(1, |repeats| repeats.ingest).max(1);
    let one = |question: &QuestionId, repeats: usize| -> Option<f64> {
        let asked = asked.get(question).copied().unwrap_or(Some(0.0))?;
        let whole = ingested.get(&question.conversation).copied();
        let whole = whole.unwrap_or(Some(0.0))?;
        let sharers = questions.get(&question.conversation).copied().unwrap_or(1);
        Some(asked / repeats as f64 + whole / (sharers as f64 * f64::from(memories)))
    };
    answers
        .iter()
        .map(|(question, repeats)| (question.clone(), one(question, repeats.len().max(1))))
        .collect()
}

/// A question over its repeats.
fn row(
    repeats: &BTreeMap<u32, Answered>,
    metrics: &[(usize, String)],
    paid: Option<f64>,
    columns: &[String],
) -> Row {
    let mean = |value: &dyn Fn(&Answered) -> Option<f64>| {
        let known: Vec<f64> = repeats.values().filter_map(value).collect();
        crate::statistics::mean(&known)
    };
    let of_metric = |(at, _): &(usize, String)| mean(&|one| one.values.get(*at).copied().flatten());
    let mut values: Vec<Option<f64>> = metrics.iter().map(of_metric).collect();
    values.push(mean(&|one| one.tokens));
    values.push(paid);
    values.push(mean(&|one| Some(f64::from(u8::from(one.failed)))));
    for (value, column) in values.iter_mut().zip(columns) {
        *value = value.map(|value| rounded(column, value));
    }
    let mut digest = blake3::Hasher::new();
    for one in repeats.values() {
        digest.update(one.digest.as_bytes());
    }
    let digest = digest.finalize().to_hex();
    Row {
        category: repeats
            .values()
            .next()
            .map_or(Category::SingleHop, |one| one.category),
        values,
        digest: digest.chars().take(8).collect(),
    }
}

/// Means over categories 1 to 4, or over all where there are none of these.
pub(super) fn means(
    rows: &BTreeMap<QuestionId, Row>,
    columns: &[String],
) -> BTreeMap<String, MeanValue> {
    let any_scored = rows.values().any(|row| row.category.is_scored());
    let counted = |row: &&Row| row.category.is_scored() || !any_scored;
    columns
        .iter()
        .enumerate()
        .filter_map(|(at, column)| {
            let rows = rows.values().filter(counted);
            let known: Vec<f64> = rows
                .filter_map(|row| row.values.get(at).copied().flatten())
                .collect();
            let mean = MeanValue {
                n: known.len(),
                mean: rounded(column, crate::statistics::mean(&known)?),
            };
            Some((column.clone(), mean))
        })
        .collect()
}

/// A name of a file for a variant: what may stand in one everywhere, and not taken.
fn file_name(variant: &str, taken: &mut BTreeSet<String>) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let plain: String = variant
        .chars()
        .map(|c| if is_plain(c) { c } else { '_' })
        .collect();
    let plain = plain.trim_start_matches('.').to_owned();
    let mut name = format!("{plain}.csv");
    for number in 2.. {
        // Some file systems do not tell capitals apart.
        if taken.insert(name.to_lowercase()) {
            break;
        }
        name = format!("{plain}-{number}.csv");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_apart_and_stay_in_their_folder() {
        let mut taken = BTreeSet::new();
        let mut name = |variant| file_name(variant, &mut taken);
        assert_eq!(name("turns"), "turns.csv");
        assert_eq!(name("Turns"), "Turns-2.csv");
        assert_eq!(name("turns,k=5"), "turns_k_5.csv");
        assert_eq!(name("../x"), "_x.csv");
    }
}
