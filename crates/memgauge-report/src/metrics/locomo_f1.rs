//! The F1 of LOCOMO's own evaluation (Maharana et al. 2024, upstream `task_eval/evaluation.py`), per category.

use memgauge_core::Category;

use super::bleu::multiset_overlap;
use super::char_class::{is_word_or_mark, split_space};
use super::porter::porter_stem;
use super::set_f1::harmonic_mean;

/// LOCOMO's official score of an answer. Between 0 and 1.
///
/// - Multi-hop (1): prediction and gold are split at commas; the mean over the gold's pieces of the best [`f1_stems`]
///   over the prediction's pieces.
/// - Temporal (2) and single-hop (4): [`f1_stems`].
/// - Open-domain (3): the same against the gold before its first semicolon.
/// - Adversarial (5): 1 if the prediction says "no information available" or "not mentioned", else 0; the gold is not
///   looked at. The official protocol asks these questions as a choice of two, whose letter must be replaced by its
///   text before.
#[must_use]
pub fn f1_locomo(category: Category, prediction: &str, gold: &str) -> f64 {
    GoldStems::new(category, gold).score(prediction)
}

/// F1 over the multisets of Porter stems of two normalised strings.
#[must_use]
pub fn f1_stems(prediction: &str, gold: &str) -> f64 {
    f1_of_stems(&stems(prediction), &stems(gold))
}

/// LOCOMO's normal form: commas deleted, lower case, ASCII punctuation deleted, the words a, an, the and and dropped,
/// white space collapsed.
#[must_use]
pub fn normalise(text: &str) -> String {
    let kept: String = text
        .to_lowercase()
        .chars()
        .filter(|c| !c.is_ascii_punctuation())
        .collect();
    let mut spaced = String::with_capacity(kept.len());
    let mut rest = kept.as_str();
    // Words end where word characters do: "the’s" holds the word "the".
    while let Some(first) = rest.chars().next() {
        let word = is_word_or_mark(first);
        let end = rest
            .find(|c| is_word_or_mark(c) != word)
            .unwrap_or(rest.len());
        let (run, tail) = rest.split_at(end);
        spaced.push_str(if matches!(run, "a" | "an" | "the" | "and") {
            " "
        } else {
            run
        });
        rest = tail;
    }
    let mut normal = String::with_capacity(spaced.len());
    for word in split_space(&spaced) {
        if !normal.is_empty() {
            normal.push(' ');
        }
        normal.push_str(word);
    }
    normal
}

/// The stems that the official F1 compares.
pub(crate) fn stems(text: &str) -> Vec<String> {
    split_space(&normalise(text)).map(porter_stem).collect()
}

fn f1_of_stems(prediction: &[String], gold: &[String]) -> f64 {
    harmonic_mean(
        multiset_overlap(prediction, gold),
        prediction.len(),
        gold.len(),
    )
}

/// A gold answer, cut and stemmed once for many predictions.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum GoldStems {
    /// Categories 2, 3 and 4.
    Whole(Vec<String>),
    /// Category 1.
    Pieces(Vec<Vec<String>>),
    /// Category 5.
    Refusal,
}

impl GoldStems {
    pub(crate) fn new(category: Category, gold: &str) -> Self {
        match category {
            Category::MultiHop => Self::Pieces(gold.split(',').map(stems).collect()),
            Category::OpenDomain => Self::Whole(stems(gold.split(';').next().unwrap_or(gold))),
            Category::Temporal | Category::SingleHop => Self::Whole(stems(gold)),
            Category::Adversarial => Self::Refusal,
        }
    }

    pub(crate) fn score(&self, prediction: &str) -> f64 {
        match self {
            Self::Whole(gold) => f1_of_stems(&stems(prediction), gold),
            Self::Pieces(gold) => {
                let pieces: Vec<_> = prediction.split(',').map(stems).collect();
                let best = |gold: &Vec<String>| {
                    pieces
                        .iter()
                        .map(|piece| f1_of_stems(piece, gold))
                        .fold(0.0, f64::max)
                };
                gold.iter().map(best).sum::<f64>() / gold.len() as f64
            }
            Self::Refusal => {
                let lower = prediction.to_lowercase();
                let refuses = ["no information available", "not mentioned"]
                    .iter()
                    .any(|phrase| lower.contains(phrase));
                f64::from(u8::from(refuses))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_form_drops_articles_and_punctuation() {
        assert_eq!(
            normalise("The U.S., a  well-known place and\tTheo's"),
            "us wellknown place theos"
        );
        assert_eq!(normalise("the’s"), "’s");
        assert_eq!(normalise("a\u{301} an"), "a\u{301}");
    }

    #[test]
    fn pieces_take_the_best_match_each() {
        let score = f1_locomo(
            Category::MultiHop,
            "pottery, camping trip",
            "camping, painting, pottery",
        );
        assert!((score - (2.0 / 3.0 + 0.0 + 1.0) / 3.0).abs() < 1e-15);
    }

    #[test]
    fn open_domain_gold_ends_at_the_semicolon() {
        assert_eq!(
            f1_locomo(
                Category::OpenDomain,
                "likely no",
                "Likely no; she likes dogs; really"
            ),
            1.0
        );
        assert!(
            f1_locomo(
                Category::SingleHop,
                "likely no",
                "Likely no; she likes dogs"
            ) < 1.0
        );
    }

    #[test]
    fn adversarial_needs_one_of_two_phrases() {
        assert_eq!(
            f1_locomo(
                Category::Adversarial,
                "It is Not mentioned in the conversation",
                "x"
            ),
            1.0
        );
        assert_eq!(
            f1_locomo(Category::Adversarial, "No information available.", "x"),
            1.0
        );
        assert_eq!(f1_locomo(Category::Adversarial, "x", "x"), 0.0);
        assert_eq!(f1_locomo(Category::Adversarial, "", ""), 0.0);
    }
}
