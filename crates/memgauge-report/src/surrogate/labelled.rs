//! Answers with stored labels, from run directories.

use std::collections::BTreeMap;

use memgauge_core::{Category, QuestionId};
use serde::Deserialize;

use super::model::FittedOn;
use crate::record::{JudgementRow, mean_label};
use crate::rundir::{RunDir, RunDirError};

/// An answer and what its judge said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelledAnswer {
    /// The question.
    pub id: QuestionId,
    /// Its category, 1 to 4.
    pub category: Category,
    /// What was asked.
    pub question: String,
    /// The published answer.
    pub gold: String,
    /// What was answered.
    pub answer: String,
    /// The majority of the stored labels; half and half counts as right.
    pub label: bool,
}

/// The labelled answers of one system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelledSystem {
    /// Its name: that of the run, and the variant where there are several.
    pub name: String,
    /// SHA-256 of the published file, where the run was imported from one file.
    pub source_sha256: Option<String>,
    /// Its answers, in the order of the records.
    pub answers: Vec<LabelledAnswer>,
}

impl LabelledSystem {
    /// What is written down about it.
    #[must_use]
    pub fn source(&self) -> FittedOn {
        let mut hasher = blake3::Hasher::new();
        for answer in &self.answers {
            let category = answer.category.number().to_string();
            let label = if answer.label { "1" } else { "0" };
            for part in [&category, &answer.question, &answer.gold, &answer.answer] {
                hasher.update(&(part.len() as u64).to_le_bytes());
                hasher.update(part.as_bytes());
            }
            hasher.update(label.as_bytes());
        }
        FittedOn {
            name: self.name.clone(),
            source_sha256: self.source_sha256.clone(),
            digest: hasher.finalize().to_hex().to_string(),
            n: self.answers.len(),
            right: self.answers.iter().filter(|answer| answer.label).count(),
        }
    }
}

#[derive(Deserialize)]
struct Row {
    variant: String,
    question: QuestionId,
    category: Category,
    text: String,
    gold: memgauge_core::Gold,
    answer: Option<String>,
    #[serde(default)]
    judgements: Vec<JudgementRow>,
}

/// The answers of categories 1 to 4 in a run that have a label, by variant. Errors of the judge are no labels.
///
/// # Errors
/// When the files cannot be read.
pub fn labelled(dir: &RunDir) -> Result<Vec<LabelledSystem>, RunDirError> {
    let manifest = dir.manifest()?;
    let mut systems: BTreeMap<String, Vec<LabelledAnswer>> = BTreeMap::new();
    dir.records(|row: Row| {
        let labels = row.judgements.iter().map(|judgement| judgement.label);
        let (Some(answer), Some(label), true) =
            (row.answer, mean_label(labels), row.category.is_scored())
        else {
            return;
        };
        systems
            .entry(row.variant)
            .or_default()
            .push(LabelledAnswer {
                id: row.question,
                category: row.category,
                question: row.text,
                gold: row.gold.text().to_owned(),
                answer,
                label: label >= 0.5,
            });
    })?;
    let single = manifest.variants.len() == 1;
    let name = |variant: &str| {
        if single {
            manifest.name.clone()
        } else {
            format!("{}/{variant}", manifest.name)
        }
    };
    let imported = manifest
        .imported
        .as_ref()
        .map(|imported| imported.files.as_slice());
    let source_sha256 = match imported {
        Some([file]) => Some(file.sha256.clone()),
        _ => None,
    };
    let known = manifest.variants.iter();
    Ok(known
        .filter_map(|variant| {
            Some(LabelledSystem {
                name: name(&variant.name),
                source_sha256: source_sha256.clone(),
                answers: systems.remove(&variant.name)?,
            })
        })
        .collect())
}
