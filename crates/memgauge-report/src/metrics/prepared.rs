//! All text metrics of one gold answer, which is cut into tokens once for the predictions of many systems.

use std::collections::BTreeSet;

use memgauge_core::Category;
use serde::{Deserialize, Serialize};

use super::bleu::{bleu_tokens, bleu1_tokens};
use super::locomo_f1::{GoldStems, normalise};
use super::set_f1::{f1_of_sets, owned_word_set, word_set};

/// The text metrics of one prediction.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TextScores {
    /// [`f1_set`](super::f1_set), 0 to 1.
    pub f1_set: f64,
    /// [`f1_locomo`](super::f1_locomo), 0 to 1.
    pub f1_locomo: f64,
    /// [`bleu1`](super::bleu1), 0 to 1.
    pub bleu1: f64,
    /// [`exact_match`](super::exact_match).
    pub exact_match: bool,
}

/// A gold answer ready to be compared.
#[derive(Debug, Clone, PartialEq)]
pub struct PreparedGold {
    words: BTreeSet<String>,
    tokens: Vec<String>,
    stems: GoldStems,
    normal: String,
}

impl PreparedGold {
    /// Cuts and normalises the gold answer of a question of this category.
    #[must_use]
    pub fn new(category: Category, gold: &str) -> Self {
        Self {
            words: owned_word_set(&gold.to_lowercase()),
            tokens: bleu_tokens(gold),
            stems: GoldStems::new(category, gold),
            normal: normalise(gold),
        }
    }

    /// All four metrics of a prediction, equal to what the single functions return.
    #[must_use]
    pub fn score(&self, prediction: &str) -> TextScores {
        let lower = prediction.to_lowercase();
        TextScores {
            f1_set: f1_of_sets(&word_set(&lower), &self.words),
            f1_locomo: self.stems.score(prediction),
            bleu1: bleu1_tokens(&bleu_tokens(prediction), &self.tokens),
            exact_match: normalise(prediction) == self.normal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{bleu1, exact_match, f1_locomo, f1_set};

    #[test]
    fn prepared_scores_are_those_of_the_functions() {
        let cases = [
            ("She paints, and runs.", "Painting; running"),
            ("", "x"),
            ("the 7th", "7th"),
            ("Not mentioned", ""),
        ];
        let categories = [
            Category::MultiHop,
            Category::Temporal,
            Category::OpenDomain,
            Category::SingleHop,
            Category::Adversarial,
        ];
        for (prediction, gold) in cases {
            for category in categories {
                let scores = PreparedGold::new(category, gold).score(prediction);
                assert_eq!(scores.f1_set, f1_set(prediction, gold));
                assert_eq!(scores.f1_locomo, f1_locomo(category, prediction, gold));
                assert_eq!(scores.bleu1, bleu1(prediction, gold));
                assert_eq!(scores.exact_match, exact_match(prediction, gold));
            }
        }
    }
}
