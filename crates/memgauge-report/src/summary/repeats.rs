//! What differs when the same thing is done again: from memory to memory, from answer to answer, from judgement to
//! judgement.

use std::collections::{BTreeMap, BTreeSet};

use memgauge_core::{Category, QuestionId};
use serde::{Deserialize, Serialize};

use super::values::Measured;
use super::{HEADLINES, J};
use crate::statistics::{Nested, mean, standard_deviation, variance_components};

/// How far the numbers of a variant differ from repeat to repeat, over categories 1 to 4. Runs of the judge are
/// another thing: see [`JudgeSummary`](super::JudgeSummary).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RepeatSummary {
    /// How many there are: memories x answers.
    pub repeats: usize,
    /// Headline metric -> means of the repeats.
    pub metrics: BTreeMap<String, Spread>,
    /// Headline metric -> means of the memories, each over its answers; empty with one memory.
    #[serde(default)]
    pub memories: BTreeMap<String, Spread>,
}

/// A metric from repeat to repeat.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// Mean over the questions, repeat by repeat; null where a repeat has no value.
    pub means: Vec<Option<f64>>,
    /// Mean of the means, as papers print it.
    #[serde(default)]
    pub mean: Option<f64>,
    /// Standard deviation of the means (n - 1); null with fewer than two. It tells how steady the system is,
    /// and nothing about the uncertainty of the mean.
    pub sd: Option<f64>,
}

impl Spread {
    pub(crate) fn of(means: Vec<Option<f64>>) -> Self {
        let known: Vec<f64> = means.iter().copied().flatten().collect();
        Self {
            mean: mean(&known),
            sd: standard_deviation(&known),
            means,
        }
    }
}

/// The variance of one score (of one judgement, for J) by where it comes from, over categories 1 to 4, in squared
/// score units: [`variance_components`] of judgements in answers in memories in questions. Null where nothing is
/// repeated: that part cannot be told from the one before it and is in its number. Estimates below 0 are 0.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct VarianceParts {
    /// Scores (of J: labels).
    pub n: usize,
    /// Between questions.
    pub questions: Option<f64>,
    /// Between memories of the same conversation.
    pub memories: Option<f64>,
    /// Between answers to the same question from the same memory.
    pub answers: Option<f64>,
    /// Between judgements of the same answer.
    pub judge: Option<f64>,
}

impl VarianceParts {
    /// The parts in their order: questions, memories, answers, judge.
    #[must_use]
    pub fn parts(&self) -> [Option<f64>; 4] {
        [self.questions, self.memories, self.answers, self.judge]
    }

    /// The share of each part in the whole, from 0 to 1; null where it is unknown, or where nothing varies.
    #[must_use]
    pub fn shares(&self) -> [Option<f64>; 4] {
        let whole: f64 = self.parts().into_iter().flatten().sum();
        self.parts()
            .map(|part| part.filter(|_| whole > 0.0).map(|part| part / whole))
    }
}

/// One answer, as far as repeats go.
pub(crate) struct Repeated<'a> {
    pub(crate) question: &'a QuestionId,
    pub(crate) category: Category,
    /// Number of the repeat: that of the memory x answers for each + that of the answer.
    pub(crate) repeat: u32,
    /// Labels of the judge's runs.
    pub(crate) labels: Vec<Option<bool>>,
    pub(crate) measured: Measured<'a>,
}

/// How far the headline metrics differ; `None` where nothing is repeated. `answers`: answers for each memory.
pub(crate) fn repeat_summary(rows: &[Repeated<'_>], answers: u32) -> Option<RepeatSummary> {
    let repeats: BTreeSet<u32> = rows.iter().map(|row| row.repeat).collect();
    if repeats.len() < 2 {
        return None;
    }
    let spreads = |group: &dyn Fn(u32) -> u32| -> BTreeMap<String, Spread> {
        let groups: BTreeSet<u32> = repeats.iter().map(|repeat| group(*repeat)).collect();
        let of = |metric: &str| {
            let means = groups.iter().map(|wanted| {
                let rows = scored(rows).filter(|row| group(row.repeat) == *wanted);
                let values: Vec<f64> = rows.filter_map(|row| row.measured.value(metric)).collect();
                mean(&values)
            });
            Spread::of(means.collect())
        };
        HEADLINES
            .iter()
            .map(|metric| ((*metric).to_owned(), of(metric)))
            .collect()
    };
    let memory = |repeat: u32| repeat / answers.max(1);
    let memories: BTreeSet<u32> = repeats.iter().map(|repeat| memory(*repeat)).collect();
    Some(RepeatSummary {
        repeats: repeats.len(),
        metrics: spreads(&|repeat| repeat),
        memories: if memories.len() > 1 {
            spreads(&memory)
        } else {
            BTreeMap::new()
        },
    })
}

/// Where the variance of the headline metrics comes from; without those of which nothing is repeated.
pub(crate) fn variance(rows: &[Repeated<'_>], answers: u32) -> BTreeMap<String, VarianceParts> {
    let mut numbers: BTreeMap<&QuestionId, u32> = BTreeMap::new();
    for row in scored(rows) {
        let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        numbers.entry(row.question).or_insert(next);
    }
    let place = |row: &Repeated<'_>| {
        let question = numbers.get(row.question).copied().unwrap_or(u32::MAX);
        let answers = answers.max(1);
        [question, row.repeat / answers, row.repeat % answers]
    };
    let mut found = BTreeMap::new();
    for metric in HEADLINES {
        let observations: Vec<Nested<4>> = if metric == J {
            let judged = scored(rows).flat_map(|row| {
                let [question, memory, answer] = place(row);
                row.labels.iter().zip(0..).filter_map(move |(label, run)| {
                    let value = f64::from(u8::from((*label)?));
                    Some(([question, memory, answer, run], value))
                })
            });
            judged.collect()
        } else {
            let valued = scored(rows).filter_map(|row| {
                let [question, memory, answer] = place(row);
                Some(([question, memory, answer, 0], row.measured.value(metric)?))
            });
            valued.collect()
        };
        let parts = variance_components(&observations).map(|part| part.map(|part| part.max(0.0)));
        let [questions, memories, answers, judge] = parts;
        if [memories, answers, judge].iter().any(Option::is_some) {
            let parts = VarianceParts {
                n: observations.len(),
                questions,
                memories,
                answers,
                judge,
            };
            found.insert(metric.to_owned(), parts);
        }
    }
    found
}

fn scored<'a, 'b>(rows: &'a [Repeated<'b>]) -> impl Iterator<Item = &'a Repeated<'b>> {
    rows.iter().filter(|row| row.category.is_scored())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{TextMetrics, mean_label};

    fn scores(f1: f64) -> TextMetrics {
        TextMetrics {
            f1_locomo: f1,
            f1_set: Some(f1),
            bleu1: None,
            exact_match: None,
        }
    }

    #[test]
    fn judgements_answers_and_memories_are_kept_apart() {
        // Two memories of two answers each: only memories differ in F1, only judgements in J.
        let questions: Vec<QuestionId> = (0..6)
            .map(|index| format!("c/q{index}").parse().unwrap())
            .collect();
        let f1 = [scores(0.2), scores(0.6)];
        let rows: Vec<Repeated<'_>> = questions
            .iter()
            .flat_map(|question| (0..4).map(move |repeat| (question, repeat)))
            .map(|(question, repeat)| {
                let labels = vec![Some(true), Some(false), None];
                Repeated {
                    question,
                    category: Category::SingleHop,
                    repeat,
                    measured: Measured {
                        judge: mean_label(labels.iter().copied()),
                        scores: f1.get(usize::from(repeat >= 2)),
                        retrieval: None,
                    },
                    labels,
                }
            })
            .collect();
        let summary = repeat_summary(&rows, 2).unwrap();
        assert_eq!(summary.repeats, 4);
        let of = |means: &BTreeMap<String, Spread>| -> Vec<Option<f64>> {
            let means = &means["f1.locomo"].means;
            means
                .iter()
                .map(|mean| mean.map(|mean| (mean * 1e9).round() / 1e9))
                .collect()
        };
        let (low, high) = (Some(0.2), Some(0.6));
        assert_eq!(of(&summary.metrics), [low, low, high, high]);
        assert_eq!(of(&summary.memories), [low, high]);
        assert!((summary.memories["f1.locomo"].mean.unwrap() - 0.4).abs() < 1e-9);
        let parts = variance(&rows, 2);
        let f1 = parts["f1.locomo"];
        assert_eq!(
            (f1.n, f1.questions, f1.answers, f1.judge),
            (24, Some(0.0), Some(0.0), None)
        );
        assert!((f1.memories.unwrap() - 0.08).abs() < 1e-12, "{f1:?}");
        let j = parts[J];
        assert_eq!((j.n, j.answers), (48, Some(0.0)));
        assert!((j.judge.unwrap() - 0.5).abs() < 1e-12, "{j:?}");
        assert_eq!(j.shares()[3], Some(1.0));
        assert!(!parts.contains_key("bleu1"));
        assert!(variance(&rows[..1], 2).contains_key(J));
        assert!(repeat_summary(&rows[..1], 2).is_none());
    }
}
