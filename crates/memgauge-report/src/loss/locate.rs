//! The stage of every question of a run, from its files.

use std::collections::{BTreeMap, BTreeSet};

use memgauge_core::{Category, ConversationId, QuestionId, TurnId};
use memgauge_dataset::Errata;
use serde::{Deserialize, Serialize};

use super::stage::{Facts, LossStage, Needs, Verdict, place};
use crate::errata::{CorrectedRows, corrected_scores};
use crate::fate::Fate;
use crate::judgements::JudgedRow;
use crate::manifest::Manifest;
use crate::record::{Outcome, QuestionRecord, mean_label};
use crate::replay::Replay;
use crate::rundir::{RunDir, RunDirError};
use crate::summary::{J, Measured};

/// What counts as right, and which gold turn decides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LossRules {
    /// Metric that tells right from wrong in categories 1 to 4; null = J where the variant has a
    /// label, else `f1.locomo`. Category 5 always goes by the official rule, a refusal.
    pub metric: Option<String>,
    /// An answer is right from this value on, from 0 to 1.
    pub threshold: f64,
    /// Which gold turn decides where there are several.
    pub needs: Needs,
    /// NAMEs of `judgements-NAME.jsonl` of which one that says right is enough.
    pub second: Vec<String>,
}

impl LossRules {
    /// A label of the judge, or half of the official F1.
    pub const THRESHOLD: f64 = 0.5;

    /// The metric that tells right from wrong in a category, where `default` does without a rule.
    pub(crate) fn measure<'a>(&'a self, category: Category, default: &'a str) -> &'a str {
        match (category, &self.metric) {
            (Category::Adversarial, _) => "f1.locomo",
            (_, Some(metric)) => metric,
            (_, None) => default,
        }
    }
}

/// Metrics that can tell right from wrong.
pub fn loss_metrics() -> [&'static str; 5] {
    [J, "f1.locomo", "f1.set", "bleu1", "exact"]
}

impl Default for LossRules {
    fn default() -> Self {
        Self {
            metric: None,
            threshold: Self::THRESHOLD,
            needs: Needs::Every,
            second: Vec::new(),
        }
    }
}

/// A question and its stage.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Located {
    /// Variant of the run.
    pub variant: String,
    /// The question.
    pub question: QuestionId,
    /// Repeat.
    pub repeat: u32,
    /// Its category.
    pub category: Category,
    /// Metric that told right from wrong.
    pub by: String,
    /// Where it ended.
    pub stage: LossStage,
    /// The gold turn that decided; null where none did.
    pub turn: Option<TurnId>,
    /// What became of that turn.
    pub fate: Option<Fate>,
    /// What was asked.
    pub text: String,
    /// The published answer, or the trap of category 5.
    pub gold: String,
    /// What was answered; null where there is no answer.
    pub answer: Option<String>,
}

/// The stage of every record of a run, in the order of the records. With `errata`, faulty keys are
/// told apart, gold turns are the corrected ones, and labels under the corrected key count.
///
/// # Errors
/// When the files cannot be read.
pub fn locate(
    dir: &RunDir,
    manifest: &Manifest,
    errata: Option<&Errata>,
    rules: &LossRules,
) -> Result<Vec<Located>, RunDirError> {
    let sources = Sources {
        errata,
        rules,
        judged: judged(dir)?,
        silent: silent(dir, manifest)?,
        second: second(dir, &rules.second)?,
        relabelled: match errata {
            Some(errata) => CorrectedRows::read(dir, &errata.digest, None)?,
            None => CorrectedRows::default(),
        },
        replay: match errata {
            Some(errata) => {
                let moved = errata.errata.values();
                let moved = moved.filter(|erratum| erratum.evidence.is_some());
                let of = |id: &QuestionId| id.conversation.clone();
                let moved: BTreeSet<ConversationId> =
                    moved.map(|erratum| of(&erratum.id)).collect();
                Replay::load(dir, manifest, &moved)?
            }
            None => Replay::default(),
        },
    };
    let mut located = Vec::new();
    dir.records(|record: QuestionRecord| located.push(sources.locate(record)))?;
    Ok(located)
}

/// Everything that is looked at beside the records.
struct Sources<'a> {
    errata: Option<&'a Errata>,
    rules: &'a LossRules,
    /// Variants with a label of the run's judge.
    judged: BTreeSet<String>,
    /// Variants that keep nothing.
    silent: BTreeSet<String>,
    /// Answers that a second judge calls right.
    second: BTreeSet<(String, QuestionId, u32)>,
    relabelled: CorrectedRows,
    replay: Replay,
}

impl Sources<'_> {
    fn locate(&self, record: QuestionRecord) -> Located {
        let metric = self.metric(&record);
        let (stage, decided) = self.stage(&record, metric);
        Located {
            by: metric.to_owned(),
            stage,
            turn: decided.map(|(turn, _)| turn),
            fate: decided.map(|(_, fate)| fate),
            variant: record.variant,
            question: record.question,
            repeat: record.repeat,
            category: record.category,
            text: record.text,
            gold: record.gold.text().to_owned(),
            answer: record.answer,
        }
    }

    /// The metric that tells right from wrong.
    fn metric(&self, record: &QuestionRecord) -> &str {
        let judged = self.judged.contains(&record.variant);
        let default = if judged { J } else { "f1.locomo" };
        self.rules.measure(record.category, default)
    }

    fn stage(&self, record: &QuestionRecord, metric: &str) -> (LossStage, Option<(TurnId, Fate)>) {
        let id = &record.question;
        let key = (record.variant.clone(), id.clone(), record.repeat);
        let is_right = |measured: Measured<'_>| {
            let value = measured.value(metric)?;
            Some(value >= self.rules.threshold)
        };
        let own = is_right(Measured {
            judge: record.judge,
            scores: record.scores.as_ref(),
            retrieval: None,
        });
        let faulty_key = self.errata.is_some_and(|errata| errata.corrupts(id));
        let corrected = self.errata.filter(|_| faulty_key).and_then(|errata| {
            let label = self.relabelled.label(&record.variant, id, record.repeat);
            let scores = corrected_scores(record, errata);
            let right = is_right(Measured {
                judge: label,
                scores: scores.as_ref(),
                retrieval: None,
            });
            // A corrected answer is often a sentence of explanation: words that differ from it
            // acquit nobody and convict nobody.
            right.filter(|right| *right || metric == J)
        });
        let evidence = self.errata.and_then(|errata| errata.evidence(id));
        let replayed = evidence.map(|evidence| self.replay.under(record, evidence));
        let fates = match &replayed {
            Some(Some(replayed)) => replayed.fates.as_slice(),
            // What the records do not hold is unknown, not as published.
            Some(None) => &[],
            None => record.fates.as_slice(),
        };
        let facts = Facts {
            category: record.category,
            failed: record.outcome != Outcome::Answered,
            verdict: Verdict {
                own,
                second: self.second.contains(&key),
                faulty_key,
                corrected,
            },
            has_evidence: !evidence.unwrap_or(&record.evidence).is_empty(),
            fates,
            is_swapped: record.memory_of.is_some(),
            keeps_nothing: self.silent.contains(&record.variant),
        };
        place(&facts, self.rules.needs)
    }
}

/// Variants that have a label of the run's judge.
fn judged(dir: &RunDir) -> Result<BTreeSet<String>, RunDirError> {
    #[derive(Deserialize)]
    struct Row {
        variant: String,
        judge: Option<f64>,
    }
    let mut judged = BTreeSet::new();
    dir.records(|row: Row| {
        if row.judge.is_some() {
            judged.insert(row.variant);
        }
    })?;
    Ok(judged)
}

/// Variants without a journal that never showed anything.
fn silent(dir: &RunDir, manifest: &Manifest) -> Result<BTreeSet<String>, RunDirError> {
    #[derive(Deserialize)]
    struct Row {
        variant: String,
        context: Option<Entries>,
    }
    #[derive(Deserialize)]
    struct Entries {
        entries: usize,
    }
    #[derive(Deserialize)]
    struct Journal {
        variant: String,
        event: Option<serde::de::IgnoredAny>,
    }
    // A record without a context says nothing about what the system keeps.
    let mut shown: BTreeMap<String, bool> = BTreeMap::new();
    dir.records(|row: Row| {
        if let Some(context) = row.context {
            *shown.entry(row.variant).or_default() |= context.entries > 0;
        }
    })?;
    let mut kept: BTreeSet<String> = BTreeSet::new();
    dir.rows(crate::rundir::files::INGEST, |row: Journal| {
        if row.event.is_some() {
            kept.insert(row.variant);
        }
    })?;
    Ok(manifest
        .variants
        .iter()
        .filter(|variant| {
            shown.get(&variant.name) == Some(&false) && !kept.contains(variant.ingestion())
        })
        .map(|variant| variant.name.clone())
        .collect())
}

/// Answers of which at least one of the judges called `names` says right, over all of its runs.
fn second(
    dir: &RunDir,
    names: &[String],
) -> Result<BTreeSet<(String, QuestionId, u32)>, RunDirError> {
    let mut right = BTreeSet::new();
    for name in names {
        // A file can hold several judges.
        type Key = (String, String, QuestionId, u32);
        let mut runs: BTreeMap<Key, BTreeMap<u32, Option<bool>>> = BTreeMap::new();
        dir.rows(&format!("judgements-{name}.jsonl"), |row: JudgedRow| {
            runs.entry((row.judge, row.variant, row.question, row.repeat))
                .or_default()
                .insert(row.judgement.run, row.judgement.label);
        })?;
        for ((_, variant, question, repeat), runs) in runs {
            if mean_label(runs.into_values()).is_some_and(|mean| mean >= 0.5) {
                right.insert((variant, question, repeat));
            }
        }
    }
    Ok(right)
}
