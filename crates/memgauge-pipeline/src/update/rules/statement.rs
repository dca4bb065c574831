//! What two statements have in common and where they differ.

use std::collections::BTreeSet;

use jiff::civil::DateTime;
use rust_stemmers::{Algorithm, Stemmer};
use unicode_segmentation::UnicodeSegmentation;

use crate::dates::{self, Resolved};

/// A text taken apart for comparison.
#[derive(Debug)]
pub(crate) struct Statement {
    /// Stems of the content words, values aside.
    content: BTreeSet<String>,
    /// Numbers, names, months and weekdays: what may change in a statement that stays the same.
    values: BTreeSet<String>,
    /// Whether it denies something, or tells of an end.
    negated: bool,
    /// Whether it says that it corrects something.
    corrects: bool,
    /// Whether it tells of a state or a plan that holds when it is said.
    state: bool,
    /// Whether it tells when in the past something happened.
    past: bool,
}

impl Statement {
    /// Takes apart `text`, said of or by `speaker` at `held_at`.
    pub(crate) fn of(text: &str, speaker: Option<&str>, held_at: DateTime) -> Self {
        let today = held_at.date();
        let past = dates::find(text, held_at).iter().any(|mention| {
            // A weekday alone ("on Friday") may as well lie ahead.
            let bare_weekday = matches!(mention.value, Resolved::WeekdayBefore(..))
                && text
                    .get(mention.span.clone())
                    .is_some_and(|words| !words.contains(' '));
            !bare_weekday && mention.value.range().1 < today
        });
        let bare = without_brackets(text);
        let speaker = speaker.map(str::to_lowercase);
        let stemmer = Stemmer::create(Algorithm::English);
        let mut statement = Self {
            content: BTreeSet::new(),
            values: BTreeSet::new(),
            negated: false,
            corrects: false,
            state: false,
            past,
        };
        let mut opens = true;
        let (mut denies, mut ends, mut not) = (false, false, false);
        for piece in bare.split_word_bounds() {
            if !piece.chars().any(char::is_alphanumeric) {
                opens |= piece.contains(['.', '!', '?', ':', '"', '\n']);
                continue;
            }
            let word = piece.to_lowercase().replace('\u{2019}', "'");
            let stem = word.strip_suffix("'s").unwrap_or(&word);
            let named = !opens && piece.chars().next().is_some_and(char::is_uppercase);
            opens = false;
            statement.state |= is_state(&word);
            // "Can't wait", "no problem" deny nothing.
            if not && !matches!(word.as_str(), "a" | "any" | "really") {
                not = false;
                denies |= !is_idiom(&word);
            }
            if is_negator(&word) {
                not = true;
            } else if is_end(&word) {
                ends = true;
            } else if is_correction(&word) {
                statement.corrects = true;
            } else if speaker.as_deref() == Some(stem) || is_function(&word) {
                // Carries nothing to compare.
            } else if named || is_value(&word) {
                statement.values.insert(stem.to_owned());
            } else {
                statement.content.insert(stemmer.stem(stem).into_owned());
            }
        }
        // Denials do not cancel each other in talk ("not ... anymore"), but "won't quit" goes on.
        statement.negated = (denies || not) != ends;
        statement
    }

    /// Whether it says nothing that `other` does not say.
    pub(super) fn is_within(&self, other: &Self) -> bool {
        self.negated == other.negated
            && self.size() > 0
            && self.content.is_subset(&other.content)
            && self.values.is_subset(&other.values)
    }

    /// Whether numbers, names, days and polarity are the same.
    pub(super) fn agrees(&self, other: &Self) -> bool {
        self.negated == other.negated && self.values == other.values
    }

    /// Whether `self`, said later, cannot stand beside `old`: see
    /// [`RulesConfig`](super::RulesConfig). `overlap` is the share of content words that each must
    /// have in common with the other.
    pub(super) fn contradicts(&self, old: &Self, overlap: f32) -> bool {
        let shared = self.content.intersection(&old.content).count();
        let largest = self.content.len().max(old.content.len());
        if shared == 0 || (shared as f32) < overlap * largest as f32 {
            return false;
        }
        let other_values = !self.values.is_empty()
            && !old.values.is_empty()
            && !self.values.is_subset(&old.values)
            && !old.values.is_subset(&self.values);
        // One negated word of many may deny anything; values that are met prove the same subject.
        let same_subject = self.values.is_subset(&old.values) || old.values.is_subset(&self.values);
        if self.corrects {
            return other_values || self.negated != old.negated || self.content != old.content;
        }
        if self.past || old.past {
            return false;
        }
        if self.negated != old.negated {
            return same_subject;
        }
        other_values && self.state && old.state && self.content == old.content
    }

    /// Whether one of both denies what the other says: the same numbers and names, the other polarity,
    /// and each with the share `overlap` of its content words in the other.
    pub(crate) fn denies(&self, old: &Self, overlap: f32) -> bool {
        let shared = self.content.intersection(&old.content).count();
        let largest = self.content.len().max(old.content.len());
        self.negated != old.negated
            && self.values == old.values
            && shared as f32 >= overlap * largest as f32
    }

    fn size(&self) -> usize {
        self.content.len() + self.values.len()
    }
}

/// `text` without what stands in round brackets, such as resolved dates.
fn without_brackets(text: &str) -> String {
    let mut depth = 0_u32;
    text.chars()
        .filter(|c| match c {
            '(' => {
                depth += 1;
                false
            }
            ')' if depth > 0 => {
                depth -= 1;
                false
            }
            _ => depth == 0,
        })
        .collect()
}

fn is_negator(word: &str) -> bool {
    word.ends_with("n't")
        || matches!(
            word,
            "not"
                | "never"
                | "no"
                | "none"
                | "nobody"
                | "nothing"
                | "cannot"
                | "longer"
                | "anymore"
                | "neither"
                | "nor"
        )
}

fn is_end(word: &str) -> bool {
    matches!(
        word,
        "quit" | "quits" | "stop" | "stops" | "stopped" | "cancelled" | "canceled" | "ended"
    )
}

fn is_idiom(word: &str) -> bool {
    matches!(
        word,
        "wait"
            | "imagine"
            | "believe"
            | "worry"
            | "worries"
            | "problem"
            | "doubt"
            | "matter"
            | "help"
    )
}

fn is_correction(word: &str) -> bool {
    matches!(
        word,
        "actually"
            | "instead"
            | "correction"
            | "mistaken"
            | "wrong"
            | "meant"
            | "rescheduled"
            | "postponed"
    )
}

fn is_state(word: &str) -> bool {
    matches!(
        word,
        "is" | "are"
            | "has"
            | "have"
            | "lives"
            | "works"
            | "owns"
            | "plans"
            | "planning"
            | "wants"
            | "will"
            | "prefers"
            | "likes"
            | "loves"
            | "hates"
            | "needs"
            | "favorite"
            | "favourite"
            | "studies"
            | "teaches"
            | "costs"
            | "starts"
            | "takes"
    )
}

fn is_value(word: &str) -> bool {
    word.chars().any(|c| c.is_ascii_digit())
        || matches!(
            word,
            "one"
                | "two"
                | "three"
                | "four"
                | "five"
                | "six"
                | "seven"
                | "eight"
                | "nine"
                | "ten"
                | "eleven"
                | "twelve"
                | "twenty"
                | "thirty"
                | "forty"
                | "fifty"
                | "hundred"
                | "thousand"
                | "first"
                | "second"
                | "third"
                | "once"
                | "twice"
                | "monday"
                | "tuesday"
                | "wednesday"
                | "thursday"
                | "friday"
                | "saturday"
                | "sunday"
                | "january"
                | "february"
                | "march"
                | "april"
                | "june"
                | "july"
                | "august"
                | "september"
                | "october"
                | "november"
                | "december"
                | "today"
                | "tomorrow"
                | "tonight"
        )
}

fn is_function(word: &str) -> bool {
    matches!(
        word,
        "a" | "an"
            | "the"
            | "and"
            | "or"
            | "but"
            | "if"
            | "so"
            | "as"
            | "at"
            | "by"
            | "for"
            | "from"
            | "in"
            | "into"
            | "of"
            | "on"
            | "onto"
            | "over"
            | "to"
            | "with"
            | "about"
            | "than"
            | "then"
            | "that"
            | "this"
            | "these"
            | "those"
            | "there"
            | "here"
            | "it"
            | "it's"
            | "its"
            | "he"
            | "she"
            | "they"
            | "them"
            | "their"
            | "his"
            | "her"
            | "him"
            | "who"
            | "which"
            | "what"
            | "is"
            | "are"
            | "was"
            | "were"
            | "be"
            | "been"
            | "being"
            | "am"
            | "has"
            | "have"
            | "had"
            | "do"
            | "does"
            | "did"
            | "will"
            | "would"
            | "can"
            | "could"
            | "should"
            | "may"
            | "might"
            | "must"
            | "just"
            | "really"
            | "very"
            | "too"
            | "also"
            | "still"
            | "even"
            | "now"
            | "yet"
            | "already"
            | "others"
            | "any"
            | "some"
            | "oh"
            | "well"
            | "yeah"
            | "yes"
            | "i"
            | "my"
            | "me"
            | "we"
            | "our"
            | "us"
            | "you"
            | "your"
            | "i'm"
            | "i've"
            | "that's"
            | "they're"
    )
}
