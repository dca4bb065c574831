//! What the features of an answer are read from: tokens, content words, dates and numbers.

use std::collections::{BTreeMap, BTreeSet};

use memgauge_core::NUMBER_WORDS;

use crate::metrics::porter_stem;

/// Words without content of their own.
const STOP: &[&str] = &[
    "a", "about", "after", "again", "all", "also", "an", "and", "any", "are", "as", "at", "be",
    "been", "before", "being", "both", "by", "can", "could", "did", "do", "does", "down", "during",
    "each", "for", "from", "had", "has", "have", "he", "her", "here", "his", "how", "i", "if",
    "in", "into", "is", "it", "its", "just", "me", "more", "most", "my", "no", "not", "of", "off",
    "on", "once", "only", "or", "other", "our", "out", "over", "own", "same", "she", "should",
    "so", "some", "such", "than", "that", "the", "their", "them", "then", "there", "these", "they",
    "this", "those", "to", "too", "under", "up", "us", "very", "was", "we", "were", "what", "when",
    "where", "which", "while", "who", "whom", "whose", "why", "will", "with", "would", "you",
    "your",
];

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Words for a number that are not in [`NUMBER_WORDS`].
const OTHER_NUMBERS: [(&str, u64); 10] = [
    ("thirty", 30),
    ("forty", 40),
    ("fifty", 50),
    ("once", 1),
    ("twice", 2),
    ("first", 1),
    ("second", 2),
    ("third", 3),
    ("fourth", 4),
    ("fifth", 5),
];

/// Words before `may` that make it the month.
const BEFORE_A_MONTH: [&str; 5] = ["in", "of", "early", "late", "mid"];

/// Lower-cased runs of letters and digits, and the signs `$`, `€`, `£`, `%`. A comma between digits and three more is
/// dropped, an apostrophe inside a word stays, a possessive `'s` goes.
pub(crate) fn tokens(text: &str) -> Vec<String> {
    let lower: Vec<char> = text
        .to_lowercase()
        .replace('\u{2019}', "'")
        .chars()
        .collect();
    let at = |index: usize| lower.get(index).copied().unwrap_or(' ');
    let mut tokens = Vec::new();
    let mut word = String::new();
    for (index, character) in lower.iter().enumerate() {
        let before = index.checked_sub(1).map_or(' ', &at);
        match character {
            character if character.is_alphanumeric() => word.push(*character),
            '\'' if before.is_alphanumeric() && at(index + 1).is_alphabetic() => word.push('\''),
            ',' if before.is_ascii_digit()
                && (1..=3).all(|ahead| at(index + ahead).is_ascii_digit()) => {}
            character => {
                push(&mut tokens, &mut word);
                if matches!(character, '$' | '€' | '£' | '%') {
                    tokens.push(character.to_string());
                }
            }
        }
    }
    push(&mut tokens, &mut word);
    tokens
}

fn push(tokens: &mut Vec<String>, word: &mut String) {
    let bare = word.strip_suffix("'s").unwrap_or(word);
    if !bare.is_empty() {
        tokens.push(bare.to_owned());
    }
    word.clear();
}

/// Content words: Porter stem -> the word as it first stood.
pub(crate) type Content = BTreeMap<String, String>;

/// The content words of a text.
pub(crate) fn content(tokens: &[String]) -> Content {
    let mut content = Content::new();
    for (stem, word) in content_in_order(tokens) {
        content.entry(stem).or_insert(word);
    }
    content
}

/// Stem and word of every content word, in order, with repeats.
pub(crate) fn content_in_order(tokens: &[String]) -> Vec<(String, String)> {
    tokens
        .iter()
        .filter(|word| STOP.binary_search(&word.as_str()).is_err())
        .map(|word| (porter_stem(word), word.clone()))
        .collect()
}

/// Dates and numbers of a text, each kind as a set.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    /// Days of a month: 1 to 31 beside the name of one.
    pub(crate) days: BTreeSet<u64>,
    /// Months, 1 to 12.
    pub(crate) months: BTreeSet<u64>,
    /// Years, 1900 to 2100.
    pub(crate) years: BTreeSet<u64>,
    /// All other numbers, in digits or words.
    pub(crate) numbers: BTreeSet<u64>,
}

impl Figures {
    /// Reads them from a text's tokens. No calendar: what a relative date means is not known here.
    pub(crate) fn of(tokens: &[String]) -> Self {
        let mut found = Self::default();
        let near = |index: usize, by: isize| {
            index
                .checked_add_signed(by)
                .and_then(|index| tokens.get(index))
                .map_or("", String::as_str)
        };
        for (index, token) in tokens.iter().enumerate() {
            if let Some(month) = month(token) {
                let dated = |by| ordinal(near(index, by)).is_some();
                if token != "may"
                    || dated(-1)
                    || dated(1)
                    || BEFORE_A_MONTH.contains(&near(index, -1))
                {
                    found.months.insert(month);
                }
            } else if let Some(number) = ordinal(token) {
                let is_month = |by| month(near(index, by)).is_some();
                let beside_month = is_month(-2)
                    || is_month(-1)
                    || is_month(1)
                    || (near(index, 1) == "of" && is_month(2));
                if (1900..=2100).contains(&number) {
                    found.years.insert(number);
                } else if (1..=31).contains(&number) && beside_month {
                    found.days.insert(number);
                } else {
                    found.numbers.insert(number);
                }
            } else if let Some(number) = number_word(token) {
                found.numbers.insert(number);
            }
        }
        found
    }

    /// Whether the two have a day, a month, a year or a number in common.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        !(self.days.is_disjoint(&other.days)
            && self.months.is_disjoint(&other.months)
            && self.years.is_disjoint(&other.years)
            && self.numbers.is_disjoint(&other.numbers))
    }

    /// Whether there is any part of a date.
    pub(crate) fn has_date(&self) -> bool {
        !(self.days.is_empty() && self.months.is_empty() && self.years.is_empty())
    }
}

/// The month of a full name or one of three letters (`sept` too).
fn month(token: &str) -> Option<u64> {
    let full = |name: &str| name == token || (token.len() == 3 && name.starts_with(token));
    if token == "sept" {
        return Some(9);
    }
    let place = MONTHS.iter().position(|name| full(name))?;
    Some(place as u64 + 1)
}

/// The full name of a month that is written in full or in short, capital first.
pub(crate) fn month_name(word: &str) -> Option<String> {
    let number = month(&word.to_lowercase())? as usize;
    let name = MONTHS.get(number.checked_sub(1)?)?;
    let mut letters = name.chars();
    let first = letters.next()?.to_ascii_uppercase();
    Some(format!("{first}{}", letters.as_str()))
}

/// A number up to twenty in its other form: digits in words, a word in digits.
pub(crate) fn number_name(word: &str) -> Option<String> {
    let lower = word.to_lowercase();
    if let Some(number) = NUMBER_WORDS.iter().position(|name| *name == lower) {
        return Some(number.to_string());
    }
    let number: usize = word.parse().ok()?;
    NUMBER_WORDS.get(number).map(|name| (*name).to_owned())
}

/// `7`, `7th`, `1990s`.
fn ordinal(token: &str) -> Option<u64> {
    let digits = ["st", "nd", "rd", "th", "s"]
        .iter()
        .find_map(|suffix| token.strip_suffix(suffix))
        .unwrap_or(token);
    digits.parse().ok()
}

fn number_word(token: &str) -> Option<u64> {
    let small = NUMBER_WORDS.iter().position(|word| *word == token);
    let other = || OTHER_NUMBERS.iter().find(|(word, _)| *word == token);
    small
        .map(|number| number as u64)
        .or_else(|| other().map(|(_, number)| *number))
}

/// Runs of three characters over the stems of a text, a space at both ends.
pub(crate) fn trigrams(stems: &[(String, String)]) -> BTreeSet<[char; 3]> {
    let mut text = vec![' '];
    for (stem, _) in stems {
        text.extend(stem.chars());
        text.push(' ');
    }
    text.windows(3)
        .filter_map(|window| <[char; 3]>::try_from(window).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stop_words_are_sorted() {
        assert!(STOP.is_sorted());
    }

    #[test]
    fn tokens_keep_numbers_whole_and_words_bare() {
        assert_eq!(
            tokens("Mel’s \"Brave\": $1,200 isn't 50%, 3,4!"),
            ["mel", "brave", "$", "1200", "isn't", "50", "%", "3", "4"]
        );
    }

    #[test]
    fn figures_by_kind() {
        let figures = |text: &str| Figures::of(&tokens(text));
        let found = figures("On the 7th of May, 2023, twice in 1990s; 12 cats");
        assert_eq!(found.days, BTreeSet::from([7]));
        assert_eq!(found.months, BTreeSet::from([5]));
        assert_eq!(found.years, BTreeSet::from([1990, 2023]));
        assert_eq!(found.numbers, BTreeSet::from([2, 12]));
        assert!(!figures("he may go").has_date());
        assert_eq!(figures("Sept 3").months, BTreeSet::from([9]));
        assert_eq!(figures("three").numbers, figures("3").numbers);
    }

    #[test]
    fn content_is_stemmed_and_keeps_its_first_form() {
        let found = content(&tokens("The paintings she painted"));
        assert_eq!(found.get("paint").map(String::as_str), Some("paintings"));
        assert_eq!(found.len(), 1);
    }
}
