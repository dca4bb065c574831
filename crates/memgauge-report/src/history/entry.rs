//! One line: what a run measured of one variant, and under which conditions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{HISTORY_VERSION, HistoryError};
use crate::manifest::{Machine, Manifest};
use crate::rundir::{RunDir, files};
use crate::summary::{HEADLINES, Latency, Mean, SLICES, Summary, VariantSummary};

/// Metrics of categories 1 to 4 that are kept beside the headlines.
const MORE_METRICS: [&str; 1] = ["exact"];

/// A value with its 95 % interval, where it has one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct HistoryValue {
    /// Questions or samples behind it.
    pub n: usize,
    /// The value, in the metric's own unit: shares from 0 to 1, tokens, milliseconds, US dollars.
    pub value: f64,
    /// Lower end of the interval.
    pub low: Option<f64>,
    /// Upper end of the interval.
    pub high: Option<f64>,
}

impl From<Mean> for HistoryValue {
    fn from(Mean { n, mean, low, high }: Mean) -> Self {
        Self {
            n,
            value: mean,
            low,
            high,
        }
    }
}

/// What one run measured of one variant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// Version of this line (see [`HISTORY_VERSION`]).
    pub schema_version: u32,
    /// Name of the run directory.
    pub run: String,
    /// When the run started, in UTC (RFC 3339).
    pub started: String,
    /// The commit that was measured; null where nobody said.
    pub commit: Option<String>,
    /// Version of memgauge.
    pub tool: String,
    /// Name of the experiment.
    pub experiment: String,
    /// Name of the dataset.
    pub dataset: String,
    /// Fingerprint of its content.
    pub content: String,
    /// Whether the questions were narrowed.
    pub partial: bool,
    /// The machine.
    pub machine: Machine,
    /// Name of the variant.
    pub variant: String,
    /// Digest of its resolved config.
    pub config: String,
    /// Whether it is a control that knows the key.
    pub control: bool,
    /// Questions asked.
    pub questions: usize,
    /// Questions that have no answer.
    pub failed: usize,
    /// Metric -> value over categories 1 to 4.
    pub metrics: BTreeMap<String, HistoryValue>,
}

/// The lines that a finished run adds, one per variant in the run's order. `commit`: what was measured; otherwise the
/// revision of memgauge that the run was made with.
///
/// # Errors
/// When the run is not finished or its files cannot be read.
pub fn entries(dir: &RunDir, commit: Option<&str>) -> Result<Vec<HistoryEntry>, HistoryError> {
    let manifest = dir.manifest()?;
    if !dir.file(files::SUMMARY).is_file() {
        return Err(HistoryError::Unfinished {
            run: dir.path().to_owned(),
        });
    }
    let summary: Summary = dir.read_json(files::SUMMARY)?;
    let run = dir.path().canonicalize().ok();
    let run = run.as_deref().unwrap_or(dir.path());
    let run = run
        .file_name()
        .unwrap_or(run.as_os_str())
        .to_string_lossy()
        .into_owned();
    let all = summary.variants.iter();
    Ok(all
        .map(|variant| entry(&run, commit, &manifest, &summary, variant))
        .collect())
}

fn entry(
    run: &str,
    commit: Option<&str>,
    manifest: &Manifest,
    summary: &Summary,
    variant: &VariantSummary,
) -> HistoryEntry {
    let planned = manifest
        .variants
        .iter()
        .find(|planned| planned.name == variant.name);
    HistoryEntry {
        schema_version: HISTORY_VERSION,
        run: run.to_owned(),
        started: manifest.started.clone(),
        commit: commit
            .map(str::to_owned)
            .or_else(|| manifest.revision.clone()),
        tool: manifest.tool.clone(),
        experiment: manifest.name.clone(),
        dataset: manifest.dataset.name.clone(),
        content: manifest.dataset.content.clone(),
        partial: manifest.partial,
        machine: manifest.machine.clone(),
        variant: variant.name.clone(),
        config: planned.map_or_else(String::new, |planned| planned.digest.clone()),
        control: variant.control,
        questions: variant.questions,
        failed: variant.failed,
        metrics: metrics(variant, summary.machines > 1),
    }
}

/// What is kept of a variant. Latencies that several machines measured are a mixture, and are left out.
fn metrics(variant: &VariantSummary, mixed: bool) -> BTreeMap<String, HistoryValue> {
    let mut kept = BTreeMap::new();
    for metric in HEADLINES.into_iter().chain(MORE_METRICS) {
        let pooled = variant
            .scores
            .get(metric)
            .and_then(|slices| slices.get(SLICES[0]));
        if let Some(Some(mean)) = pooled {
            kept.insert(metric.to_owned(), HistoryValue::from(*mean));
        }
    }
    let plain = |n: usize, value: f64| HistoryValue {
        n,
        value,
        low: None,
        high: None,
    };
    let tokens = variant.tokens_by_slice.get(SLICES[0]).copied().flatten();
    // Summaries of an older memgauge have no interval of it.
    let older = || {
        let tokens = variant.tokens.as_ref()?;
        Some(plain(tokens.n, tokens.cl100k?))
    };
    if let Some(value) = tokens.map(HistoryValue::from).or_else(older) {
        kept.insert("tokens.cl100k".to_owned(), value);
    }
    let dollars = variant
        .cost
        .as_ref()
        .and_then(|cost| cost.per_question.as_ref()?.dollars);
    if let Some(dollars) = dollars {
        kept.insert(
            "dollars.per_question".to_owned(),
            plain(variant.questions, dollars),
        );
    }
    let phases: [(&str, Option<&Latency>); 3] = [
        ("ingest", variant.ingest.as_ref()),
        ("search", variant.search.as_ref()),
        ("total", variant.total.as_ref()),
    ];
    for (phase, latency) in phases {
        let Some(latency) = latency.filter(|_| !mixed) else {
            continue;
        };
        let mut keep = |name: &str, value: HistoryValue| {
            kept.insert(format!("latency.{phase}.{name}_ms"), value);
        };
        keep("p50", plain(latency.n, latency.p50_ms));
        keep(
            "p95",
            HistoryValue {
                n: latency.n,
                value: latency.p95_ms,
                low: Some(latency.p95_low_ms),
                high: Some(latency.p95_high_ms),
            },
        );
        keep("p99", plain(latency.n, latency.p99_ms));
    }
    kept
}
