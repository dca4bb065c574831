//! Labels of stored answers, from records and from judgements made later.

use std::collections::BTreeMap;

use memgauge_core::{Category, QuestionId};
use serde::Deserialize;

use crate::judgements::JudgedRow;
use crate::record::{JudgementRow, mean_label};
use crate::rundir::{RunDir, RunDirError};

/// Name of the judge whose labels stand in the records.
pub const STORED: &str = "stored";

/// One answer and what each run of a judge said: `None` = an error, which is no label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardAnswer {
    /// The question.
    pub question: QuestionId,
    /// Repeat of the answer.
    pub repeat: u32,
    /// Its category, 1 to 4.
    pub category: Category,
    /// Labels by run of the judge.
    pub labels: Vec<Option<bool>>,
}

impl CardAnswer {
    /// Mean of its labels, 0 to 1; `None` without one.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        mean_label(self.labels.iter().copied())
    }
}

/// What one judge said about the answers of one variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelSet {
    /// Variant of the run.
    pub variant: String,
    /// [`STORED`], or NAME of `judgements-NAME.jsonl`.
    pub judge: String,
    /// The answers that it judged, in the order of their questions.
    pub answers: Vec<CardAnswer>,
}

/// Names of the judgements in a run directory, sorted.
///
/// # Errors
/// When the directory cannot be read.
pub fn judgement_names(dir: &RunDir) -> Result<Vec<String>, RunDirError> {
    let io = |source| RunDirError::Io {
        path: dir.path().to_owned(),
        source,
    };
    let mut names = Vec::new();
    for entry in std::fs::read_dir(dir.path()).map_err(io)? {
        let name = entry.map_err(io)?.file_name();
        let name = name.to_string_lossy();
        let name = name
            .strip_prefix("judgements-")
            .and_then(|name| name.strip_suffix(".jsonl"));
        names.extend(name.map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

#[derive(Deserialize)]
struct Row {
    variant: String,
    question: QuestionId,
    repeat: u32,
    category: Category,
    #[serde(default)]
    judgements: Vec<JudgementRow>,
}

/// The labels of every judge about every variant of a run, categories 1 to 4: those in the records first, then those of
/// `judgements-*.jsonl` by name. Sets without an answer are left out. Where a file holds judgements of several judges
/// (its settings were changed), the last row of every answer and run counts.
///
/// # Errors
/// When the files cannot be read.
pub fn label_sets(dir: &RunDir) -> Result<Vec<LabelSet>, RunDirError> {
    type Answers = BTreeMap<(String, QuestionId, u32), (Category, BTreeMap<u32, Option<bool>>)>;
    let manifest = dir.manifest()?;
    let mut stored = Answers::new();
    let mut categories: BTreeMap<QuestionId, Category> = BTreeMap::new();
    dir.records(|row: Row| {
        categories.insert(row.question.clone(), row.category);
        if row.category.is_scored() && !row.judgements.is_empty() {
            let labels = row.judgements.iter().map(|one| (one.run, one.label));
            let key = (row.variant, row.question, row.repeat);
            stored.insert(key, (row.category, labels.collect()));
        }
    })?;
    let mut judges = vec![(STORED.to_owned(), stored)];
    for name in judgement_names(dir)? {
        let mut judged = Answers::new();
        dir.rows(&format!("judgements-{name}.jsonl"), |row: JudgedRow| {
            let Some(category) = categories.get(&row.question).filter(|one| one.is_scored()) else {
                return;
            };
            let key = (row.variant, row.question, row.repeat);
            let answer = judged
                .entry(key)
                .or_insert_with(|| (*category, BTreeMap::new()));
            answer.1.insert(row.judgement.run, row.judgement.label);
        })?;
        judges.push((name, judged));
    }
    let mut sets = Vec::new();
    for variant in &manifest.variants {
        for (judge, judged) in &judges {
            let answers: Vec<CardAnswer> = judged
                .iter()
                .filter(|((of, ..), _)| *of == variant.name)
                .map(|((_, question, repeat), (category, labels))| CardAnswer {
                    question: question.clone(),
                    repeat: *repeat,
                    category: *category,
                    labels: labels.values().copied().collect(),
                })
                .collect();
            if !answers.is_empty() {
                sets.push(LabelSet {
                    variant: variant.name.clone(),
                    judge: judge.clone(),
                    answers,
                });
            }
        }
    }
    Ok(sets)
}
