//! The F1 of Mem0's evaluation: over sets of lower-cased words.

use std::collections::BTreeSet;

use super::char_class::split_space;

/// F1 between the word sets of prediction and gold, as Mem0's published evaluation code computes it and as the Mem0
/// paper and most later ones report it. Between 0 and 1.
///
/// Lower case; full stop, comma, exclamation and question mark count as white space; other punctuation stays in the
/// word; no stemming. 0 when either string has no word.
#[must_use]
pub fn f1_set(prediction: &str, gold: &str) -> f64 {
    f1_of_sets(
        &word_set(&prediction.to_lowercase()),
        &word_set(&gold.to_lowercase()),
    )
}

/// The words of a lower-cased text.
pub(crate) fn word_set(lower: &str) -> BTreeSet<&str> {
    lower
        .split(['.', ',', '!', '?'])
        .flat_map(split_space)
        .collect()
}

/// Like [`word_set`], owned.
pub(crate) fn owned_word_set(lower: &str) -> BTreeSet<String> {
    word_set(lower).into_iter().map(str::to_owned).collect()
}

/// F1 of two sets, see [`f1_set`].
pub(crate) fn f1_of_sets<G: Ord + std::borrow::Borrow<str>>(
    prediction: &BTreeSet<&str>,
    gold: &BTreeSet<G>,
) -> f64 {
    let common = prediction
        .iter()
        .filter(|word| gold.contains(**word))
        .count();
    harmonic_mean(common, prediction.len(), gold.len())
}

/// F1 from counts: 0 without anything in common.
pub(crate) fn harmonic_mean(common: usize, predicted: usize, gold: usize) -> f64 {
    if common == 0 {
        return 0.0;
    }
    let precision = common as f64 / predicted as f64;
    let recall = common as f64 / gold as f64;
    2.0 * precision * recall / (precision + recall)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_ignore_repeats_case_and_four_marks() {
        assert_eq!(f1_set("19 January 2023.", "19 january, 2023"), 1.0);
        assert_eq!(f1_set("a a a b", "a"), 2.0 * 0.5 / 1.5);
        assert_eq!(f1_set("well-known", "well known"), 0.0);
        assert_eq!(f1_set("", "x"), 0.0);
        assert_eq!(f1_set("?!", "?!"), 0.0);
    }
}
