//! BLEU-1 of one sentence, as NLTK computes it.

use std::collections::HashMap;

use super::word_tokenize::word_tokenize;

/// BLEU-1 of a prediction: clipped unigram precision times the brevity penalty (Papineni et al. 2002, section 2), over
/// the tokens of the lower-cased strings. Between 0 and 1.
///
/// This is NLTK 3.9.1's `sentence_bleu` with weights (1, 0, 0, 0) and smoothing method 1. The smoothing never shows:
/// without a common unigram NLTK returns 0 before it smooths, and the longer n-grams have weight 0.
#[must_use]
pub fn bleu1(prediction: &str, gold: &str) -> f64 {
    bleu1_tokens(&bleu_tokens(prediction), &bleu_tokens(gold))
}

/// The tokens that [`bleu1`] compares.
pub(crate) fn bleu_tokens(text: &str) -> Vec<String> {
    word_tokenize(&text.to_lowercase())
}

/// BLEU-1 of token lists, see [`bleu1`].
pub(crate) fn bleu1_tokens(prediction: &[String], gold: &[String]) -> f64 {
    let common = multiset_overlap(prediction, gold);
    if common == 0 {
        return 0.0;
    }
    let penalty = if prediction.len() > gold.len() {
        1.0
    } else {
        (1.0 - gold.len() as f64 / prediction.len() as f64).exp()
    };
    // exp(ln(p)) is not always p: kept, so that the last bit is NLTK's.
    let precision = common as f64 / prediction.len() as f64;
    penalty * precision.ln().exp()
}

/// Size of the intersection of two multisets.
pub(crate) fn multiset_overlap(left: &[String], right: &[String]) -> usize {
    let (short, long) = if left.len() <= right.len() {
        (left, right)
    } else {
        (right, left)
    };
    let mut counts: HashMap<&str, usize> = HashMap::with_capacity(short.len());
    for token in short {
        *counts.entry(token).or_default() += 1;
    }
    let mut common = 0;
    for token in long {
        if let Some(left) = counts.get_mut(token.as_str()).filter(|left| **left > 0) {
            *left -= 1;
            common += 1;
        }
    }
    common
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identical_is_one_and_disjoint_is_zero() {
        assert_eq!(bleu1("the cat", "The cat"), 1.0);
        assert_eq!(bleu1("Dance.", "by dancing"), 0.0);
        assert_eq!(bleu1("", "by dancing"), 0.0);
        assert_eq!(bleu1("a", ""), 0.0);
        assert_eq!(bleu1("", ""), 0.0);
    }

    #[test]
    fn repeats_are_clipped_and_short_answers_pay() {
        assert!((bleu1("the the the the", "the cat") - 0.25).abs() < 1e-15);
        assert!(
            (bleu1("19 january 2023", "19 january, 2023") - (1.0 - 4.0 / 3.0f64).exp()).abs()
                < 1e-15
        );
    }
}
