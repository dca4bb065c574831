//! Texts that differ in form only: how a question of a file is recognised.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The letters and digits of a text, compatibility-decomposed, without accents, in lower case.
///
/// Files differ in quotes, dashes, white space, final marks, case and in how accents are encoded. Nothing of that
/// tells two questions of one conversation apart.
pub(super) fn letters(text: &str) -> String {
    let letters: String = text
        .nfkd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .filter(|c| c.is_alphanumeric())
        .collect();
    if letters.is_empty() {
        // Nothing but marks: they are all there is to compare.
        return text.split_whitespace().collect();
    }
    letters
}

/// Whether a file's gold answer is the dataset's, form aside. Marks count where a text has no letters.
pub(super) fn same(a: &str, b: &str) -> bool {
    a.trim() == b.trim() || letters(a) == letters(b)
}

/// What tools write where category 5 has no gold answer.
pub(super) fn says_nothing(gold: &str) -> bool {
    matches!(
        letters(gold).as_str(),
        "" | "none"
            | "null"
            | "nan"
            | "undefined"
            | "na"
            | "notmentioned"
            | "notmentionedintheconversation"
            | "noinformationavailable"
            | "unanswerable"
    )
}

/// How alike two texts are, from 0 to 1: normalised Levenshtein distance of their [`letters`].
pub(super) fn likeness(a: &str, b: &str) -> f64 {
    strsim::normalized_levenshtein(&letters(a), &letters(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn form_does_not_matter_and_words_do() {
        assert_eq!(
            letters("Where’s  the\u{a0}Café – ?"),
            letters("where's the cafe\u{301}")
        );
        assert_eq!(letters("ﬁve ①"), "five1");
        assert_ne!(letters("How many cats?"), letters("How many hats?"));
        assert_eq!(letters(" ?! "), "?!");
        assert!(same("2022", " 2022 "));
        assert!(same("\"A Song\"", "A song"));
        assert!(!same("2022", "2023"));
        assert!(says_nothing("undefined"));
        assert!(!says_nothing("nothing much"));
    }
}
