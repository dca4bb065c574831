//! The card, computed from labels.

use std::collections::BTreeMap;

use memgauge_core::{ConversationId, QuestionId};
use serde::{Deserialize, Serialize};

use super::labels::{CardAnswer, LabelSet};
use crate::judgements::Agreement;
use crate::statistics::{
    Bootstrap, Interval, KnownLabels, fleiss_kappa, krippendorff_alpha, wilson_of_share,
};
use crate::summary::Mean;

/// Version of the card's file.
pub const CARD_VERSION: u32 = 1;

/// What is known about the answers of a set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "kebab-case")]
pub enum Role {
    /// Nothing: a system's answers.
    Judged,
    /// All are right.
    KnownRight {
        /// How they were made.
        kind: String,
    },
    /// All are wrong.
    KnownWrong {
        /// How they were made.
        kind: String,
    },
}

/// Labels of one variant of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct CardSet {
    /// Name of the run, and of the variant where it has several.
    pub run: String,
    /// What is known about the answers.
    pub role: Role,
    /// Whether its J is to be corrected.
    pub correct: bool,
    /// What every judge said.
    pub judges: Vec<LabelSet>,
}

/// How often a judge accepts answers whose worth is known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KnownRate {
    /// Judge.
    pub judge: String,
    /// Run of the answers.
    pub run: String,
    /// What is known about them.
    #[serde(flatten)]
    pub role: Role,
    /// Answers judged.
    pub answers: usize,
    /// Labels, all runs of the judge together.
    pub labels: usize,
    /// Judgements that are errors: in no rate.
    pub errors: usize,
    /// Answers without any label: in no rate.
    pub without_label: usize,
    /// Share accepted: mean over the answers of their mean label; null without labels. On known-wrong answers this is
    /// the false-accept rate; on known-right ones 1 minus it the false-reject rate.
    pub accepted: Option<f64>,
    /// Wilson interval of `accepted`, with the answers, not the labels, as trials.
    pub interval: Option<Interval>,
}

/// Agreement of a judge with itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WithinRuns {
    /// Judge.
    pub judge: String,
    /// Run of the answers.
    pub run: String,
    /// Runs of the judge: the most labels that an answer has.
    pub runs: usize,
    /// Answers with at least two labels.
    pub answers: usize,
    /// Share of them with the same label in every run.
    pub unanimous: f64,
    /// Fleiss' kappa over the answers with a label in every run; null where chance alone agrees always.
    pub fleiss_kappa: Option<f64>,
    /// Krippendorff's alpha, nominal, over all answers.
    pub alpha: Option<f64>,
}

/// Agreement of two judges, or of two prompts of one judge, on the same answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Between {
    /// One judge.
    pub judge: String,
    /// The other.
    pub other: String,
    /// Run of the answers.
    pub run: String,
    /// Agreement of the majority labels, with Cohen's kappa.
    #[serde(flatten)]
    pub agreement: Agreement,
    /// Krippendorff's alpha of the majority labels.
    pub alpha: Option<f64>,
}

/// Where the rate of right answers accepted comes from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sensitivity {
    /// From known-right answers.
    Measured(f64),
    /// Somebody assumed it.
    Assumed(f64),
}

/// J of a run, raw and corrected by Rogan and Gladen (1978).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Corrected {
    /// Judge.
    pub judge: String,
    /// Run of the answers.
    pub run: String,
    /// J as judged: mean over the answers of their mean label, with its cluster-bootstrap interval.
    pub j: Option<Mean>,
    /// Kind of the known-wrong answers that say how often the judge rejects wrong ones.
    pub wrong: String,
    /// Share of known-wrong answers rejected.
    pub specificity: f64,
    /// Share of right answers accepted.
    pub sensitivity: Sensitivity,
    /// Corrected J; null for a judge that does no better than a coin.
    pub score: Option<f64>,
    /// Its interval, resampling the run and the known answers alike.
    pub interval: Option<Interval>,
}

/// The card of one judge or several.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CardReport {
    /// Version of the file.
    pub version: u32,
    /// Rates on known answers.
    pub known: Vec<KnownRate>,
    /// Agreement between runs.
    pub between_runs: Vec<WithinRuns>,
    /// Agreement between judges or prompts.
    pub between_judges: Vec<Between>,
    /// Scores, corrected.
    pub corrected: Vec<Corrected>,
}

/// The card from all sets. `assumed` is taken for the share of right answers accepted where a judge was shown no
/// known-right ones; without it nothing is corrected for such a judge.
#[must_use]
pub fn card(sets: &[CardSet], assumed: Option<f64>, bootstrap: Bootstrap) -> CardReport {
    let each = || {
        sets.iter()
            .flat_map(|set| set.judges.iter().map(move |judge| (set, judge)))
    };
    CardReport {
        version: CARD_VERSION,
        known: each()
            .filter(|(set, _)| set.role != Role::Judged)
            .map(|(set, judge)| known_rate(set, judge, bootstrap.confidence))
            .collect(),
        between_runs: each()
            .filter_map(|(set, judge)| within(set, judge))
            .collect(),
        between_judges: sets.iter().flat_map(between).collect(),
        corrected: each()
            .filter(|(set, _)| set.correct)
            .flat_map(|(set, judge)| corrected(set, judge, sets, assumed, bootstrap))
            .collect(),
    }
}

fn known_rate(set: &CardSet, judge: &LabelSet, confidence: f64) -> KnownRate {
    let labels = || judge.answers.iter().flat_map(|answer| &answer.labels);
    let means: Vec<f64> = judge.answers.iter().filter_map(CardAnswer::mean).collect();
    let accepted = crate::statistics::mean(&means);
    KnownRate {
        judge: judge.judge.clone(),
        run: set.run.clone(),
        role: set.role.clone(),
        answers: judge.answers.len(),
        labels: labels().filter(|label| label.is_some()).count(),
        errors: labels().filter(|label| label.is_none()).count(),
        without_label: judge.answers.len() - means.len(),
        accepted,
        interval: accepted.and_then(|share| wilson_of_share(share, means.len(), confidence)),
    }
}

fn within(set: &CardSet, judge: &LabelSet) -> Option<WithinRuns> {
    let items: Vec<Vec<bool>> = judge
        .answers
        .iter()
        .map(|answer| {
            answer
                .labels
                .iter()
                .copied()
                .flatten()
                .collect::<Vec<bool>>()
        })
        .filter(|labels| labels.len() > 1)
        .collect();
    let runs = items.iter().map(Vec::len).max()?;
    let whole: Vec<Vec<bool>> = items
        .iter()
        .filter(|labels| labels.len() == runs)
        .cloned()
        .collect();
    let same = |labels: &&Vec<bool>| labels.iter().all(|label| Some(label) == labels.first());
    Some(WithinRuns {
        judge: judge.judge.clone(),
        run: set.run.clone(),
        runs,
        answers: items.len(),
        unanimous: items.iter().filter(same).count() as f64 / items.len() as f64,
        fleiss_kappa: fleiss_kappa(&whole),
        alpha: krippendorff_alpha(&items),
    })
}

fn between(set: &CardSet) -> Vec<Between> {
    let means = |judge: &LabelSet| -> BTreeMap<(QuestionId, u32), f64> {
        let answers = judge.answers.iter();
        answers
            .filter_map(|answer| Some(((answer.question.clone(), answer.repeat), answer.mean()?)))
            .collect()
    };
    let judges: Vec<_> = set
        .judges
        .iter()
        .map(|judge| (&judge.judge, means(judge)))
        .collect();
    let mut found = Vec::new();
    for (at, (name, mine)) in judges.iter().enumerate() {
        for (other, theirs) in judges.iter().skip(at + 1) {
            let pairs: Vec<(f64, f64)> = mine
                .iter()
                .filter_map(|(key, mine)| Some((*mine, *theirs.get(key)?)))
                .collect();
            let majority: Vec<Vec<bool>> = pairs
                .iter()
                .map(|(a, b)| vec![*a >= 0.5, *b >= 0.5])
                .collect();
            found.extend(Agreement::of(&pairs).map(|agreement| Between {
                judge: (*name).clone(),
                other: (*other).clone(),
                run: set.run.clone(),
                agreement,
                alpha: krippendorff_alpha(&majority),
            }));
        }
    }
    found
}

/// Mean labels by conversation.
fn clusters<'a>(answers: impl IntoIterator<Item = &'a CardAnswer>) -> Vec<Vec<f64>> {
    let mut clusters: BTreeMap<&ConversationId, Vec<f64>> = BTreeMap::new();
    for answer in answers {
        if let Some(mean) = answer.mean() {
            clusters
                .entry(&answer.question.conversation)
                .or_default()
                .push(mean);
        }
    }
    clusters.into_values().collect()
}

fn corrected(
    set: &CardSet,
    judge: &LabelSet,
    sets: &[CardSet],
    assumed: Option<f64>,
    bootstrap: Bootstrap,
) -> Vec<Corrected> {
    // Only what the same judge said about known answers can correct it.
    let same = |one: &&LabelSet| one.judge == judge.judge;
    let mut right: Vec<&CardAnswer> = Vec::new();
    let mut wrong: BTreeMap<&str, Vec<&CardAnswer>> = BTreeMap::new();
    for known in sets {
        let answers = known
            .judges
            .iter()
            .filter(same)
            .flat_map(|one| &one.answers);
        match &known.role {
            Role::Judged => {}
            Role::KnownRight { .. } => right.extend(answers),
            Role::KnownWrong { kind } => wrong.entry(kind).or_default().extend(answers),
        }
    }
    let right = clusters(right);
    let judged = clusters(&judge.answers);
    let measured = crate::statistics::mean(&right.concat());
    let (sensitivity, right) = match (measured, assumed) {
        (Some(share), _) => (Sensitivity::Measured(share), KnownLabels::Shown(&right)),
        (None, Some(share)) => (Sensitivity::Assumed(share), KnownLabels::Assumed(share)),
        (None, None) => return Vec::new(),
    };
    wrong
        .into_iter()
        .filter_map(|(kind, answers)| {
            let wrong = clusters(answers);
            let specificity = 1.0 - crate::statistics::mean(&wrong.concat())?;
            let score = bootstrap.corrected_score(&judged, right, KnownLabels::Shown(&wrong));
            Some(Corrected {
                judge: judge.judge.clone(),
                run: set.run.clone(),
                j: bootstrap.mean(&judged).map(Mean::from),
                wrong: kind.to_owned(),
                specificity,
                sensitivity,
                score: score.map(|score| score.score),
                interval: score.map(|score| score.interval),
            })
        })
        .collect()
}
