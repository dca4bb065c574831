//! Words of a text with their place, and the words that dates are made of.

use std::ops::Range;

use jiff::civil::Weekday;
use memgauge_core::NUMBER_WORDS;

use super::Season;

/// A word, lower-cased, without a possessive ending.
#[derive(Debug)]
pub(super) struct Word {
    pub(super) span: Range<usize>,
    pub(super) lower: String,
    /// Starts with a capital letter.
    pub(super) is_capital: bool,
    /// Only spaces, commas and hyphens stand between it and the word before.
    pub(super) is_joined: bool,
    /// A sentence ended between the word before and this one.
    pub(super) starts_sentence: bool,
}

/// The words of `text` in order.
pub(super) fn words(text: &str) -> Vec<Word> {
    let mut found = Vec::new();
    let mut previous_end = 0;
    let mut start = None;
    let ends = text
        .char_indices()
        .chain(std::iter::once((text.len(), ' ')));
    for (at, character) in ends {
        let inside = character.is_alphanumeric() || character == '\'' || character == '’';
        match (inside, start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                start = None;
                push(text, from..at, &mut previous_end, &mut found);
            }
            _ => {}
        }
    }
    found
}

fn push(text: &str, span: Range<usize>, previous_end: &mut usize, found: &mut Vec<Word>) {
    let raw = text.get(span.clone()).unwrap_or_default();
    let quotes: &[char] = &['\'', '’'];
    let trimmed = raw.trim_start_matches(quotes);
    let start = span.start + (raw.len() - trimmed.len());
    let trimmed = trimmed.trim_end_matches(quotes);
    let trimmed = ["'s", "’s"]
        .iter()
        .find_map(|ending| trimmed.strip_suffix(ending))
        .unwrap_or(trimmed);
    if trimmed.is_empty() {
        return;
    }
    let gap = text.get(*previous_end..start).unwrap_or_default();
    let is_first = found.is_empty();
    found.push(Word {
        span: start..start + trimmed.len(),
        lower: trimmed.to_lowercase(),
        is_capital: trimmed.chars().next().is_some_and(char::is_uppercase),
        is_joined: !is_first
            && gap
                .trim_start_matches("'s")
                .trim_start_matches("’s")
                .chars()
                .all(|c| c.is_whitespace() || matches!(c, ',' | '-' | '‑')),
        starts_sentence: is_first || gap.contains(['.', '!', '?', '\n', ';']),
    });
    *previous_end = start + trimmed.len();
}

/// A month by its full name or usual abbreviation.
pub(super) fn month(word: &str) -> Option<i8> {
    Some(match word {
        "january" | "jan" => 1,
        "february" | "feb" => 2,
        "march" | "mar" => 3,
        "april" | "apr" => 4,
        "may" => 5,
        "june" | "jun" => 6,
        "july" | "jul" => 7,
        "august" | "aug" => 8,
        "september" | "sept" | "sep" => 9,
        "october" | "oct" => 10,
        "november" | "nov" => 11,
        "december" | "dec" => 12,
        _ => return None,
    })
}

/// A weekday by name or abbreviation, and whether it is the full name.
pub(super) fn weekday(word: &str) -> Option<(Weekday, bool)> {
    Some(match word {
        "monday" => (Weekday::Monday, true),
        "tuesday" => (Weekday::Tuesday, true),
        "wednesday" => (Weekday::Wednesday, true),
        "thursday" => (Weekday::Thursday, true),
        "friday" => (Weekday::Friday, true),
        "saturday" => (Weekday::Saturday, true),
        "sunday" => (Weekday::Sunday, true),
        "mon" => (Weekday::Monday, false),
        "tue" | "tues" => (Weekday::Tuesday, false),
        "wed" | "weds" => (Weekday::Wednesday, false),
        "thu" | "thur" | "thurs" => (Weekday::Thursday, false),
        "fri" => (Weekday::Friday, false),
        "sat" => (Weekday::Saturday, false),
        "sun" => (Weekday::Sunday, false),
        _ => return None,
    })
}

pub(super) fn season(word: &str) -> Option<Season> {
    Some(match word {
        "spring" => Season::Spring,
        "summer" => Season::Summer,
        "autumn" | "fall" => Season::Autumn,
        "winter" => Season::Winter,
        _ => return None,
    })
}

/// A whole number in digits or as a word up to twenty.
pub(super) fn number(word: &str) -> Option<u32> {
    if word.len() <= 4
        && let Ok(number) = word.parse()
    {
        return Some(number);
    }
    NUMBER_WORDS
        .iter()
        .position(|known| *known == word)
        .and_then(|at| u32::try_from(at).ok())
}

/// A day of the month, with or without an ordinal ending, and whether it had one.
pub(super) fn day_of_month(word: &str) -> Option<(i8, bool)> {
    let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let ending = word.get(digits.len()..)?;
    let day = digits.parse().ok().filter(|day| (1..=31).contains(day))?;
    match ending {
        "" => Some((day, false)),
        "st" | "nd" | "rd" | "th" => Some((day, true)),
        _ => None,
    }
}

/// A year from 1900 to 2099 in four digits.
pub(super) fn year(word: &str) -> Option<i16> {
    if word.len() != 4 {
        return None;
    }
    word.parse()
        .ok()
        .filter(|year| (1900..=2099).contains(year))
}
