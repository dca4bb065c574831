//! `surrogate.jsonl` and `surrogate.json`: J~ of a run.

use std::collections::BTreeMap;

use memgauge_core::{Category, QuestionId};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::features::{Answered, Embed};
use super::model::{HeldOutMeans, Surrogate};
use crate::record::SCHEMA_VERSION;
use crate::rundir::{RunDir, RunDirError, files};
use crate::statistics::{Bootstrap, Column};
use crate::summary::{DOMAINS, Mean, SLICES, SummaryError, layout};

/// The estimate of one answer: a line of `surrogate.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EstimateRow {
    /// Variant of the run.
    pub variant: String,
    /// The question.
    pub question: QuestionId,
    /// Repeat, as in the record.
    pub repeat: u32,
    /// Estimated probability that a judge accepts the answer, 0 to 1.
    pub estimate: f64,
}

/// J~ of one variant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EstimatedVariant {
    /// Name in the run.
    pub name: String,
    /// Whether it is a control that knows the key.
    pub control: bool,
    /// J~ by slice: mean estimate, with intervals over questions; null where a slice has no answer. The intervals know
    /// nothing of the error of the estimate.
    pub j_estimated: BTreeMap<String, Option<Mean>>,
    /// J of the run's own judge by slice, over the same answers; null without one.
    pub j: BTreeMap<String, Option<Mean>>,
}

/// What the surrogate judge says about a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SurrogateReport {
    /// Version of the files of a run directory.
    pub schema_version: u32,
    /// Digest of the experiment.
    pub run: String,
    /// BLAKE3 of the model.
    pub model: String,
    /// Systems that the model was fitted on.
    pub fitted_on: Vec<String>,
    /// What the model reaches on labels that it has not seen; null where that is not known.
    pub held_out: Option<HeldOutMeans>,
    /// Variants in the order of the run.
    pub variants: Vec<EstimatedVariant>,
}

#[derive(Deserialize)]
struct Row {
    variant: String,
    question: QuestionId,
    repeat: u32,
    category: Category,
    text: String,
    gold: memgauge_core::Gold,
    answer: Option<String>,
    judge: Option<f64>,
}

/// The estimates of all answers of categories 1 to 4 in a run, in the order of its records.
///
/// # Errors
/// When the records cannot be read.
pub fn estimates(
    dir: &RunDir,
    model: &Surrogate,
    embed: &Embed<'_>,
) -> Result<Vec<EstimateRow>, RunDirError> {
    Ok(estimate(&read(dir)?, model, embed))
}

fn read(dir: &RunDir) -> Result<Vec<Row>, RunDirError> {
    let mut rows: Vec<Row> = Vec::new();
    dir.records(|row| rows.push(row))?;
    Ok(rows)
}

/// An answer of a run: variant, question, repeat.
pub(crate) type AnswerKey = (String, QuestionId, u32);

/// What `of` says about every answer of a run.
///
/// # Errors
/// When the records cannot be read.
pub(crate) fn answers<T: Send>(
    dir: &RunDir,
    of: impl Fn(&QuestionId, Answered<'_>) -> T + Sync,
) -> Result<Vec<(AnswerKey, T)>, RunDirError> {
    let rows = read(dir)?;
    let said = rows.par_iter().filter_map(|row| {
        let key = (row.variant.clone(), row.question.clone(), row.repeat);
        Some((key, of(&row.question, row.answered()?)))
    });
    Ok(said.collect())
}

impl Row {
    /// `None` without an answer.
    fn answered(&self) -> Option<Answered<'_>> {
        Some(Answered {
            category: self.category,
            question: &self.text,
            gold: self.gold.text(),
            answer: self.answer.as_deref()?,
        })
    }
}

fn estimate(rows: &[Row], model: &Surrogate, embed: &Embed<'_>) -> Vec<EstimateRow> {
    rows.par_iter()
        .filter_map(|row| {
            Some(EstimateRow {
                variant: row.variant.clone(),
                question: row.question.clone(),
                repeat: row.repeat,
                estimate: model.estimate(row.answered()?, embed)?,
            })
        })
        .collect()
}

/// Estimates every answer of a run and writes `surrogate.jsonl` and `surrogate.json` into its directory; what is there
/// already is replaced, and nothing else is touched.
///
/// # Errors
/// When the files cannot be read or written.
pub fn score(
    dir: &RunDir,
    model: &Surrogate,
    embed: &Embed<'_>,
    resamples: usize,
) -> Result<SurrogateReport, SummaryError> {
    let lock = dir.lock()?;
    let manifest = dir.manifest()?;
    let rows = read(dir)?;
    let estimates = estimate(&rows, model, embed);
    let mut text = Vec::new();
    for row in &estimates {
        text.extend(serde_json::to_vec(row).map_err(|error| RunDirError::Line {
            path: dir.file(files::ESTIMATES),
            line: 0,
            message: error.to_string(),
        })?);
        text.push(b'\n');
    }
    dir.write_whole(files::ESTIMATES, &text)?;

    let mut questions: BTreeMap<(QuestionId, u32), Category> = BTreeMap::new();
    for row in &rows {
        questions.insert((row.question.clone(), row.repeat), row.category);
    }
    let index: BTreeMap<&(QuestionId, u32), usize> = questions.keys().zip(0..).collect();
    let mut columns: Vec<Vec<Option<f64>>> = Vec::new();
    for variant in &manifest.variants {
        let mut estimated = vec![None; questions.len()];
        let mut judged = vec![None; questions.len()];
        let put = |column: &mut Vec<Option<f64>>, question: &QuestionId, repeat, value| {
            let at = index.get(&(question.clone(), repeat));
            if let Some(cell) = at.and_then(|at| column.get_mut(*at)) {
                *cell = value;
            }
        };
        for row in estimates.iter().filter(|row| row.variant == variant.name) {
            put(
                &mut estimated,
                &row.question,
                row.repeat,
                Some(row.estimate),
            );
        }
        for row in rows.iter().filter(|row| row.variant == variant.name) {
            put(&mut judged, &row.question, row.repeat, row.judge);
        }
        columns.extend([estimated, judged]);
    }
    let views: Vec<Column<'_>> = columns.iter().map(Vec::as_slice).collect();
    let (layout, _) = layout(&questions);
    let bootstrap = Bootstrap {
        resamples,
        seed: manifest.seed,
        ..Bootstrap::default()
    };
    let by_slice = |means: Vec<Option<crate::statistics::Estimate>>| {
        let slices = SLICES.iter().zip(means);
        slices
            .map(|(slice, estimate)| ((*slice).to_owned(), estimate.map(Mean::from)))
            .collect()
    };
    let mut means = bootstrap.means(&layout, &DOMAINS, &views)?.into_iter();
    let mut variants = Vec::with_capacity(manifest.variants.len());
    for variant in &manifest.variants {
        variants.push(EstimatedVariant {
            name: variant.name.clone(),
            control: variant.control,
            j_estimated: means.next().map(by_slice).unwrap_or_default(),
            j: means.next().map(by_slice).unwrap_or_default(),
        });
    }
    let report = SurrogateReport {
        schema_version: SCHEMA_VERSION,
        run: manifest.digest,
        model: model.digest(),
        fitted_on: model.fitted_on.iter().map(|one| one.name.clone()).collect(),
        held_out: model.held_out_means(),
        variants,
    };
    dir.write_json(files::SURROGATE, &report)?;
    drop(lock);
    Ok(report)
}
