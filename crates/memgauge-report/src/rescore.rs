//! Text metrics computed again from stored answers, beside what is stored.

use std::collections::BTreeMap;

use memgauge_core::{Category, Gold, QuestionId};
use memgauge_dataset::Errata;
use serde::{Deserialize, Serialize};

use crate::errata::{ErrataOptions, ErrataSummary, TEXT_METRICS, errata_summary};
use crate::import::{ImportRow, RowFinding, RowStatus};
use crate::manifest::Manifest;
use crate::metrics::PreparedGold;
use crate::record::{SCHEMA_VERSION, TextMetrics};
use crate::rundir::{RunDir, RunDirError, files};
use crate::statistics::Bootstrap;
use crate::summary::SummaryError;

/// Values that differ by no more than this are equal: sums may be taken in another order.
const TOLERANCE: f64 = 1e-9;

/// Who stored a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoredBy {
    /// memgauge, in the records.
    Records,
    /// The tool whose file was imported.
    File,
}

/// A value that differs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The question.
    pub question: QuestionId,
    /// Repeat of the answer.
    pub repeat: u32,
    /// As stored.
    pub stored: f64,
    /// As computed.
    pub computed: f64,
    /// The file's gold answer is not the dataset's, against which memgauge computes.
    pub gold_differs: bool,
}

/// One metric of one variant, stored and computed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricCheck {
    /// Variant of the run.
    pub variant: String,
    /// The metric.
    pub metric: String,
    /// Who stored it.
    pub stored_by: StoredBy,
    /// Answers with both values.
    pub answers: usize,
    /// Mean of the stored values.
    pub stored_mean: f64,
    /// Mean of the computed values.
    pub computed_mean: f64,
    /// Largest absolute difference.
    pub max_difference: f64,
    /// Every value that differs by more than 1e-9, in the order of the records.
    pub differences: Vec<Difference>,
    /// Stored values that there is nothing to compare with: the metric is null in category 5.
    pub not_computed: usize,
}

/// All metrics of a run, stored and computed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rescored {
    /// Version of the files.
    pub schema_version: u32,
    /// Name of the run.
    pub name: String,
    /// Answers that were scored.
    pub answers: usize,
    /// The metrics, by variant, who stored them, and name.
    pub checks: Vec<MetricCheck>,
    /// The metrics under every key of an overlay, all computed again; null where none was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errata: Option<ErrataSummary>,
}

/// The fields of a record that its text metrics follow from, and those metrics.
#[derive(Deserialize)]
struct Row {
    variant: String,
    question: QuestionId,
    repeat: u32,
    category: Category,
    gold: Gold,
    answer: Option<String>,
    scores: Option<TextMetrics>,
}

/// Metric -> value, and whether the file's gold answer differs.
type Stored = (BTreeMap<String, f64>, bool);

/// Computes `f1.locomo`, `f1.set`, `bleu1` and `exact` of every stored answer again, and compares them with the records
/// and, in an imported run, with what the file stores. Writes nothing.
///
/// # Errors
/// When the files of the run cannot be read.
pub fn rescore(dir: &RunDir) -> Result<Rescored, RunDirError> {
    let manifest = dir.manifest()?;
    let mut stored: BTreeMap<(QuestionId, u32), Stored> = BTreeMap::new();
    dir.rows(files::IMPORT, |row: ImportRow| {
        if let (RowStatus::Matched, Some(question)) = (row.status, row.question) {
            let is_gold = |finding: &RowFinding| matches!(finding, RowFinding::GoldDiffers { .. });
            let gold_differs = row.findings.iter().any(is_gold);
            stored.insert((question, row.repeat), (row.stored, gold_differs));
        }
    })?;
    let order: BTreeMap<&str, usize> = manifest
        .variants
        .iter()
        .map(|variant| variant.name.as_str())
        .zip(0..)
        .collect();
    let mut checks: BTreeMap<(Option<usize>, String, StoredBy, String), MetricCheck> =
        BTreeMap::new();
    let mut golds: BTreeMap<QuestionId, PreparedGold> = BTreeMap::new();
    let mut answers = 0;
    dir.records(|row: Row| {
        let Some(answer) = &row.answer else { return };
        answers += 1;
        let gold = golds
            .entry(row.question.clone())
            .or_insert_with(|| PreparedGold::new(row.category, row.gold.text()));
        let computed = TextMetrics::of(row.category, gold.score(answer)).by_name();
        let own = row
            .scores
            .map(|scores| scores.by_name())
            .unwrap_or_default();
        let none = Stored::default();
        let (of_file, gold_differs) = stored
            .get(&(row.question.clone(), row.repeat))
            .unwrap_or(&none);
        let of_records = own
            .iter()
            .map(|(name, value)| (StoredBy::Records, *name, *value));
        let of_file = of_file
            .iter()
            .map(|(name, value)| (StoredBy::File, name.as_str(), *value));
        for (stored_by, metric, value) in of_records.chain(of_file) {
            let place = order.get(row.variant.as_str()).copied();
            let key = (place, row.variant.clone(), stored_by, metric.to_owned());
            let check = checks.entry(key).or_insert_with(|| MetricCheck {
                variant: row.variant.clone(),
                metric: metric.to_owned(),
                stored_by,
                answers: 0,
                stored_mean: 0.0,
                computed_mean: 0.0,
                max_difference: 0.0,
                differences: Vec::new(),
                not_computed: 0,
            });
            let Some(computed) = computed.get(metric).copied() else {
                check.not_computed += 1;
                continue;
            };
            // Sums until the end, means then.
            check.answers += 1;
            check.stored_mean += value;
            check.computed_mean += computed;
            let difference = (value - computed).abs();
            check.max_difference = check.max_difference.max(difference);
            if difference > TOLERANCE {
                check.differences.push(Difference {
                    question: row.question.clone(),
                    repeat: row.repeat,
                    stored: value,
                    computed,
                    gold_differs: *gold_differs && stored_by == StoredBy::File,
                });
            }
        }
    })?;
    let checks = checks.into_values().map(|mut check| {
        let count = check.answers.max(1) as f64;
        check.stored_mean /= count;
        check.computed_mean /= count;
        check
    });
    Ok(Rescored {
        schema_version: SCHEMA_VERSION,
        name: manifest.name.clone(),
        answers,
        checks: checks.collect(),
        errata: None,
    })
}

/// Computes the text metrics of every stored answer again: under the published key, the corrected key, and on the
/// questions whose key is right. Writes nothing.
///
/// # Errors
/// When the files of the run cannot be read.
pub fn rescore_by_key(
    dir: &RunDir,
    manifest: &Manifest,
    errata: &Errata,
    bootstrap: Bootstrap,
) -> Result<ErrataSummary, SummaryError> {
    let options = ErrataOptions {
        bootstrap,
        rescore: true,
        ..ErrataOptions::default()
    };
    let mut summary = errata_summary(dir, manifest, errata, &options)?;
    // Labels and evidence are stored, not computed here.
    let is_text = |metric: &str| TEXT_METRICS.contains(&metric);
    for variant in &mut summary.variants {
        variant.metrics.retain(|metric, _| is_text(metric));
    }
    summary.ceiling.0.retain(|metric, _| is_text(metric));
    summary.judged_by = None;
    Ok(summary)
}
