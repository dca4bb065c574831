//! Exact match.

use super::locomo_f1::normalise;

/// Whether prediction and gold are the same in LOCOMO's normal form ([`normalise`]), word order included.
#[must_use]
pub fn exact_match(prediction: &str, gold: &str) -> bool {
    normalise(prediction) == normalise(gold)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_form_may_differ() {
        assert!(exact_match("The 7th of May, 2023.", "7th of may 2023"));
        assert!(!exact_match("May 7th", "7th May"));
    }
}
