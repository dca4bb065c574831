//! `judgements-NAME.jsonl`: stored answers judged again, and what that comes to.

use std::collections::BTreeMap;

use memgauge_core::{Category, Gold, QuestionId, Traffic};
use memgauge_dataset::Errata;
use serde::{Deserialize, Serialize};

use crate::errata::{Ceiling, ceiling};
use crate::manifest::Manifest;
use crate::record::{AnswerTokens, JudgementRow, SCHEMA_VERSION, mean_label};
use crate::rundir::RunDir;
use crate::statistics::{Bootstrap, Column};
use crate::summary::{
    DOMAINS, JudgeSummary, Judged, Mean, SLICES, SummaryError, judge_summary, layout,
};

/// One judgement of a stored answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JudgedRow {
    /// Variant of the run.
    pub variant: String,
    /// The question.
    pub question: QuestionId,
    /// Repeat of the answer stage.
    pub repeat: u32,
    /// Digest of the judge: prompt, model and settings, without the number of runs.
    pub judge: String,
    /// What it said.
    #[serde(flatten)]
    pub judgement: JudgementRow,
    /// Tokens; null without a reply.
    pub tokens: Option<AnswerTokens>,
    /// Price by the price table; null = unknown.
    pub dollars: Option<f64>,
    /// Where the replies came from.
    pub traffic: Vec<Traffic>,
    /// Model that replied, as the provider names it; null = not told.
    pub served_by: Option<String>,
}

impl JudgedRow {
    /// What is judged: one run of one answer.
    pub fn key(&self) -> JudgedKey {
        (
            self.variant.clone(),
            self.question.clone(),
            self.repeat,
            self.judgement.run,
        )
    }
}

/// Variant, question, repeat of the answer, run of the judge.
pub type JudgedKey = (String, QuestionId, u32, u32);

/// A judge, as its judgements are filed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JudgeCard {
    /// NAME of the file.
    pub name: String,
    /// Digest of the judge.
    pub digest: String,
    /// What was asked of it, every default filled in.
    pub config: serde_json::Value,
    /// Models: name in the config and what shapes their replies.
    pub models: BTreeMap<String, String>,
    /// Prompts: name and BLAKE3 of the text.
    pub prompts: BTreeMap<String, String>,
}

/// How far two judges agree about the same answers; a mean label of at least one half counts as
/// right.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// Answers that both have a label for.
    pub n: usize,
    /// Share of them with the same label.
    pub share: f64,
    /// Cohen's kappa: agreement beyond what the two rates of `right` give by chance; null where
    /// chance alone agrees always.
    pub kappa: Option<f64>,
}

impl Agreement {
    /// Agreement over pairs of mean labels.
    pub fn of(pairs: &[(f64, f64)]) -> Option<Self> {
        let n = pairs.len();
        let share = |is: &dyn Fn(bool, bool) -> bool| {
            let labels = pairs.iter().map(|(a, b)| (*a >= 0.5, *b >= 0.5));
            labels.filter(|(a, b)| is(*a, *b)).count() as f64 / n as f64
        };
        if n == 0 {
            return None;
        }
        let same = share(&|a, b| a == b);
        let (mine, theirs) = (share(&|a, _| a), share(&|_, b| b));
        let chance = mine * theirs + (1.0 - mine) * (1.0 - theirs);
        Some(Self {
            n,
            share: same,
            kappa: (chance < 1.0).then(|| (same - chance) / (1.0 - chance)),
        })
    }
}

/// One variant under a judge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JudgedVariant {
    /// Name in the run.
    pub name: String,
    /// Whether it is a control that knows the key.
    pub control: bool,
    /// J by slice, with intervals; null where a slice has no label. Category 5 is not judged.
    pub j: BTreeMap<String, Option<Mean>>,
    /// What the runs came to; null where nothing was judged.
    pub judge: Option<JudgeSummary>,
    /// Agreement with the judge of the run itself, categories 1 to 4; null without one.
    pub agreement: Option<Agreement>,
    /// Price of the judgements by the price table; null = unknown.
    pub dollars: Option<f64>,
}

/// What a judge says about a finished run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JudgeReport {
    /// Version of the files.
    pub schema_version: u32,
    /// Name of the experiment.
    pub experiment: String,
    /// Digest of the experiment.
    pub run: String,
    /// The judge.
    pub judge: JudgeCard,
    /// Models that replied, as the providers name them.
    pub served_by: Vec<String>,
    /// The best honest score of the whole run under the published key, where only answers whose key errata correct were
    /// judged; null otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ceiling: Option<Ceiling>,
    /// Variants in the order of the run.
    pub variants: Vec<JudgedVariant>,
}

/// Sums up the judgements of `judge` in the first `runs` runs from the files of a run; `errata` are those whose
/// corrected answers it was shown.
///
/// # Errors
/// When the files cannot be read.
pub fn judge_report(
    dir: &RunDir,
    manifest: &Manifest,
    file: &str,
    judge: JudgeCard,
    runs: u32,
    errata: Option<&Errata>,
    bootstrap: Bootstrap,
) -> Result<JudgeReport, SummaryError> {
    #[derive(Deserialize)]
    struct Row {
        variant: String,
        question: QuestionId,
        repeat: u32,
        category: Category,
        gold: Gold,
        judge: Option<f64>,
    }
    let mut rows: Vec<Row> = Vec::new();
    dir.records(|row| rows.push(row))?;
    let mut judged: BTreeMap<JudgedKey, JudgedRow> = BTreeMap::new();
    dir.rows(file, |row: JudgedRow| {
        if row.judge == judge.digest && row.judgement.run < runs {
            judged.insert(row.key(), row);
        }
    })?;
    let mut questions: BTreeMap<(QuestionId, u32), Category> = BTreeMap::new();
    for row in &rows {
        questions.insert((row.question.clone(), row.repeat), row.category);
    }
    let index: BTreeMap<&(QuestionId, u32), usize> = questions.keys().zip(0..).collect();

    let mut columns = Vec::with_capacity(manifest.variants.len());
    let mut variants = Vec::with_capacity(manifest.variants.len());
    for variant in &manifest.variants {
        let mut column = vec![None; questions.len()];
        let mut answers = Vec::new();
        let mut pairs = Vec::new();
        let mut dollars = Some(0.0);
        for row in rows.iter().filter(|row| row.variant == variant.name) {
            let of = |run| {
                let key = (variant.name.clone(), row.question.clone(), row.repeat, run);
                judged.get(&key)
            };
            let found: Vec<&JudgedRow> = (0..runs).filter_map(of).collect();
            let labels: Vec<Option<bool>> = found.iter().map(|row| row.judgement.label).collect();
            for row in found.iter().filter(|row| row.tokens.is_some()) {
                dollars = dollars.and_then(|sum: f64| Some(sum + row.dollars?));
            }
            let mean = mean_label(labels.iter().copied());
            if let (Some(mine), Some(theirs)) = (mean, row.judge)
                && row.category.is_scored()
            {
                pairs.push((mine, theirs));
            }
            let cell = index.get(&(row.question.clone(), row.repeat));
            if let Some(cell) = cell.and_then(|at| column.get_mut(*at)) {
                *cell = mean;
            }
            answers.push(Judged {
                category: row.category,
                labels,
            });
        }
        columns.push(column);
        variants.push(JudgedVariant {
            name: variant.name.clone(),
            control: variant.control,
            j: BTreeMap::new(),
            judge: judge_summary(&answers),
            agreement: Agreement::of(&pairs),
            dollars,
        });
    }
    let columns: Vec<Column<'_>> = columns.iter().map(Vec::as_slice).collect();
    let (layout, _) = layout(&questions);
    let estimates = bootstrap.means(&layout, &DOMAINS, &columns)?;
    for (variant, estimates) in variants.iter_mut().zip(estimates) {
        let slices = SLICES.iter().zip(estimates);
        variant.j = slices
            .map(|(slice, estimate)| ((*slice).to_owned(), estimate.map(Mean::from)))
            .collect();
    }
    let served_by: std::collections::BTreeSet<String> = judged
        .into_values()
        .filter_map(|row| row.served_by)
        .collect();
    let golds: BTreeMap<&QuestionId, (Category, &Gold)> = rows
        .iter()
        .map(|row| (&row.question, (row.category, &row.gold)))
        .collect();
    let golds = golds
        .iter()
        .map(|(id, (category, gold))| (*id, *category, *gold));
    Ok(JudgeReport {
        ceiling: errata.map(|errata| ceiling(errata, golds)),
        schema_version: SCHEMA_VERSION,
        experiment: manifest.name.clone(),
        run: manifest.digest.clone(),
        judge,
        served_by: served_by.into_iter().collect(),
        variants,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agreement_beyond_chance() {
        let pairs = |right: usize, wrong: usize, mixed: usize| {
            let mut pairs = vec![(1.0, 1.0); right];
            pairs.extend(vec![(0.0, 0.2); wrong]);
            pairs.extend(vec![(1.0, 0.4); mixed]);
            pairs
        };
        // 20 both right, 15 both wrong, 15 of one right only.
        let found = Agreement::of(&pairs(20, 15, 15)).unwrap();
        assert!((found.share - 0.7).abs() < 1e-12);
        // Right: 0.7 and 0.4; by chance 0.28 + 0.18 = 0.46.
        assert!((found.kappa.unwrap() - (0.7 - 0.46) / 0.54).abs() < 1e-12);
        assert_eq!(Agreement::of(&pairs(3, 0, 0)).unwrap().kappa, None);
        assert_eq!(Agreement::of(&[]), None);
    }
}
