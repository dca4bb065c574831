//! Whether two arms may be compared: same dataset, same questions, same categories, and for J the same judge.

use std::collections::{BTreeMap, BTreeSet};

use memgauge_core::{Category, QuestionId};
use serde::Serialize;

use crate::arm::{Arm, JudgeFacts};
use crate::summary::J;

/// Why two arms are not comparable.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Incomparable {
    /// They come from datasets of different content.
    Dataset {
        /// One arm.
        arm: String,
        /// The other.
        reference: String,
        /// What differs.
        detail: String,
    },
    /// They were not asked the same questions.
    Questions {
        /// One arm.
        arm: String,
        /// The other.
        reference: String,
        /// Questions that both were asked.
        both: usize,
        /// Questions that only the first was asked.
        only_arm: usize,
        /// Questions that only the other was asked.
        only_reference: usize,
        /// One of them.
        example: String,
    },
    /// The same question is of another category: they do not use the same names for the categories.
    Names {
        /// One arm.
        arm: String,
        /// The other.
        reference: String,
        /// How many questions.
        questions: usize,
        /// One of them, with both categories.
        example: String,
    },
    /// Their labels come from different judges.
    Judge {
        /// One arm.
        arm: String,
        /// The other.
        reference: String,
        /// What differs.
        detail: String,
    },
    /// Nobody knows whether their labels come from the same judge.
    JudgeUnknown {
        /// One arm.
        arm: String,
        /// The other.
        reference: String,
        /// What is not known, and of which arm.
        detail: String,
    },
}

impl Incomparable {
    /// Whether it is the labels that cannot be compared; metrics of the text can.
    #[must_use]
    pub fn is_about_the_judge(&self) -> bool {
        matches!(self, Self::Judge { .. } | Self::JudgeUnknown { .. })
    }
}

impl std::fmt::Display for Incomparable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Dataset {
                arm,
                reference,
                detail,
            } => write!(f, "{arm} and {reference}: other dataset: {detail}"),
            Self::Questions {
                arm,
                reference,
                both,
                only_arm,
                only_reference,
                example,
            } => write!(
                f,
                "{arm} and {reference}: other questions: {both} in both, {only_arm} only in {arm}, {only_reference} \
                 only in {reference} (such as {example})"
            ),
            Self::Names {
                arm,
                reference,
                questions,
                example,
            } => write!(
                f,
                "{arm} and {reference}: other category names: {questions} question(s) are of another category ({example})"
            ),
            Self::Judge {
                arm,
                reference,
                detail,
            } => write!(f, "{arm} and {reference}: other judge: {detail}"),
            Self::JudgeUnknown {
                arm,
                reference,
                detail,
            } => write!(f, "{arm} and {reference}: judge not known: {detail}"),
        }
    }
}

/// Every reason against comparing two arms by a metric on questions of these categories.
pub(crate) fn reasons(
    arm: &Arm,
    reference: &Arm,
    metric: &str,
    categories: &[Category],
) -> Vec<Incomparable> {
    let mut found = Vec::new();
    let labels = || (arm.label.clone(), reference.label.clone());
    let (mine, theirs) = (&arm.facts.dataset, &reference.facts.dataset);
    if mine.content != theirs.content {
        let (arm, reference) = labels();
        let name = |dataset: &crate::arm::DatasetFacts| {
            let short = dataset.content.get(..8).unwrap_or(&dataset.content);
            format!("{} ({short})", dataset.name)
        };
        found.push(Incomparable::Dataset {
            arm,
            reference,
            detail: format!("{} and {}", name(mine), name(theirs)),
        });
    }
    let (mine, theirs) = (arm.questions(), reference.questions());
    found.extend(names(&mine, &theirs, labels()));
    found.extend(questions(&mine, &theirs, categories, labels()));
    if metric == J {
        found.extend(judge_reason(arm, reference));
    }
    found
}

type Asked<'a> = BTreeMap<&'a QuestionId, Category>;

fn names(mine: &Asked<'_>, theirs: &Asked<'_>, labels: (String, String)) -> Option<Incomparable> {
    let differ = || {
        mine.iter()
            .filter_map(|(question, own)| Some((question, *own, *theirs.get(question)?)))
            .filter(|(_, own, other)| own != other)
    };
    let (question, own, other) = differ().next()?;
    Some(Incomparable::Names {
        arm: labels.0,
        reference: labels.1,
        questions: differ().count(),
        example: format!("{question}: {} and {}", own.name(), other.name()),
    })
}

fn questions(
    mine: &Asked<'_>,
    theirs: &Asked<'_>,
    categories: &[Category],
    labels: (String, String),
) -> Option<Incomparable> {
    let of = |asked: &Asked<'_>| -> BTreeSet<String> {
        let wanted = asked.iter().filter(|(_, own)| categories.contains(own));
        wanted.map(|(question, _)| question.to_string()).collect()
    };
    let (mine, theirs) = (of(mine), of(theirs));
    let only = |a: &BTreeSet<String>, b: &BTreeSet<String>| -> Vec<String> {
        a.difference(b).cloned().collect()
    };
    let (only_arm, only_reference) = (only(&mine, &theirs), only(&theirs, &mine));
    let example = only_arm.first().or(only_reference.first())?.clone();
    Some(Incomparable::Questions {
        arm: labels.0,
        reference: labels.1,
        both: mine.intersection(&theirs).count(),
        only_arm: only_arm.len(),
        only_reference: only_reference.len(),
        example,
    })
}

/// Why the labels of two arms cannot be compared; `None` where they can.
#[must_use]
pub fn judge_reason(arm: &Arm, reference: &Arm) -> Option<Incomparable> {
    let (mine, theirs) = (arm.facts.judge.as_ref()?, reference.facts.judge.as_ref()?);
    if mine.is_same(theirs) || (arm.dir == reference.dir && mine == theirs) {
        return None;
    }
    let differences = mine.differences(theirs);
    let labels = (arm.label.clone(), reference.label.clone());
    if !differences.is_empty() {
        return Some(Incomparable::Judge {
            arm: labels.0,
            reference: labels.1,
            detail: differences.join(", "),
        });
    }
    let unknown = |arm: &Arm, judge: &JudgeFacts| {
        let what = match (&judge.model, &judge.prompt_digest) {
            _ if judge.digest.is_some() => "all but the digest",
            (None, None) => "model and prompt",
            (None, Some(_)) => "the model",
            (Some(_), None) => "the prompt",
            (Some(_), Some(_)) => return None,
        };
        Some(format!("{what} of {}", arm.label))
    };
    let parts: Vec<String> = [unknown(arm, mine), unknown(reference, theirs)]
        .into_iter()
        .flatten()
        .collect();
    Some(Incomparable::JudgeUnknown {
        arm: labels.0,
        reference: labels.1,
        detail: parts.join(", "),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::arm::fake::{FakeRun, imported, judged_by, read};

    const SCORED: [Category; 4] = [
        Category::MultiHop,
        Category::Temporal,
        Category::OpenDomain,
        Category::SingleHop,
    ];

    /// Reasons between two runs of one question each, told as text without the labels.
    fn told(runs: [(serde_json::Value, &str, u8); 2], metric: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let texts: Vec<String> = runs
            .into_iter()
            .zip(["one", "two"])
            .map(|((manifest, question, category), name)| {
                let mut run = FakeRun::new("x", &[("a", false)]).with(manifest);
                run.answer("a", question, category, Some(0.5), &[Some(true)]);
                let path = folder.path().join(name);
                run.write(&path);
                path.display().to_string()
            })
            .collect();
        let arms = read(&texts);
        let found = reasons(&arms[1], &arms[0], metric, &SCORED);
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_same_conditions_are_comparable_and_text_needs_no_judge() {
        let (a, b) = (judged_by("m", "p1"), judged_by("m", "p2"));
        assert!(told([(a.clone(), "c/q0", 1), (a.clone(), "c/q0", 1)], J).is_empty());
        assert!(
            told(
                [(a.clone(), "c/q0", 1), (b.clone(), "c/q0", 1)],
                "f1.locomo"
            )
            .is_empty()
        );
        assert_eq!(
            told([(a, "c/q0", 1), (b, "c/q0", 1)], J),
            ["two:a and one:a: other judge: prompt `p2` and `p1`"]
        );
    }

    #[test]
    fn dataset_questions_and_names_are_looked_at() {
        let other = json!({"dataset": {"name": "locomo", "file": "", "path": "", "sha256": "",
                                       "content": "0123456789", "conversations": 1, "questions": 1}});
        let found = told([(json!({}), "c/q0", 1), (other, "c/q1", 1)], "f1.locomo");
        assert_eq!(
            found,
            [
                "two:a and one:a: other dataset: locomo (01234567) and sample (c)",
                "two:a and one:a: other questions: 0 in both, 1 only in two:a, 1 only in one:a (such as c/q1)",
            ]
        );
        let found = told(
            [(json!({}), "c/q0", 1), (json!({}), "c/q0", 4)],
            "f1.locomo",
        );
        assert_eq!(
            found,
            [
                "two:a and one:a: other category names: 1 question(s) are of another category (c/q0: single-hop and \
                 multi-hop)"
            ]
        );
        // Category 5 is compared with nothing here.
        assert!(
            told(
                [(json!({}), "c/q0", 5), (json!({}), "c/q1", 5)],
                "f1.locomo"
            )
            .is_empty()
        );
    }

    #[test]
    fn a_judge_that_nobody_named_is_not_the_same() {
        let unknown = || (imported(None), "c/q0", 1);
        assert_eq!(
            told([(judged_by("m", "p"), "c/q0", 1), unknown()], J),
            ["two:a and one:a: judge not known: model and prompt of two:a"]
        );
        assert_eq!(told([unknown(), unknown()], J).len(), 1);
        // Who imports a file may know more than the file says.
        let named = |prompt| (imported(Some(("gpt-4o-mini", prompt))), "c/q0", 1);
        assert!(told([named("lenient"), named("lenient")], J).is_empty());
        assert_eq!(
            told([named("lenient"), named("strict")], J),
            ["two:a and one:a: other judge: prompt `strict` and `lenient`"]
        );
    }
}
