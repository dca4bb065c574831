//! What stands where in a sentence.

use unicode_segmentation::UnicodeSegmentation;

use crate::extractor::rules::lexicon::{
    ADVERBS, COURTESY, FUNCTION, INVARIANT, OPENERS, PAST, PRAISE, VERDICTS,
};
use crate::extractor::rules::sentence::plain;
use crate::extractor::rules::verb::{is_adverb, is_base, is_verbal};

/// A word of a sentence.
#[derive(Debug, Clone)]
pub(super) struct Word<'a> {
    /// As it stands there.
    pub(super) text: &'a str,
    /// As lexicons write it, without a possessive ending.
    pub(super) plain: String,
    /// Whether it ends in `'s`, or names what belongs to somebody.
    pub(super) possessive: bool,
    /// Whether nothing but space, a hyphen or `&` lies between it and the word before.
    pub(super) joined: bool,
    /// Whether it is the first of the sentence, or follows a colon or a quotation mark.
    pub(super) opens: bool,
    /// Bytes of the sentence.
    pub(super) start: usize,
    pub(super) end: usize,
}

/// The words of `sentence`.
pub(super) fn words(sentence: &str) -> Vec<Word<'_>> {
    let mut found: Vec<Word<'_>> = Vec::new();
    let mut last = 0;
    for (start, text) in sentence.unicode_word_indices() {
        let between = sentence.get(last..start).unwrap_or_default();
        let plain = plain(text);
        let (bare, possessive) = match plain.strip_suffix("'s") {
            Some(stem) if !is_contraction(stem) => (stem.to_owned(), true),
            _ => (plain, false),
        };
        found.push(Word {
            text,
            plain: bare,
            possessive,
            joined: !found.is_empty()
                && between
                    .chars()
                    .all(|c| c.is_whitespace() || matches!(c, '-' | '&')),
            opens: found.is_empty() || between.contains([':', '"', '\u{201c}', '.', '!', '?']),
            start,
            end: start + text.len(),
        });
        last = start + text.len();
    }
    found
}

/// "it's", "that's": here the ending is a verb.
fn is_contraction(stem: &str) -> bool {
    matches!(
        stem,
        "it" | "that" | "what" | "there" | "here" | "he" | "she" | "who" | "how" | "where" | "let"
    )
}

impl Word<'_> {
    /// Whether it begins with a capital.
    pub(super) fn is_capital(&self) -> bool {
        self.text.chars().next().is_some_and(char::is_uppercase)
    }

    /// Whether it is written in capitals throughout, or has one inside, a digit or a mark of an
    /// identifier: `LGBTQ`, `iPhone`, `user_id`, `GPT4`.
    pub(super) fn is_identifier(&self) -> bool {
        let letters = self.text.chars().filter(|c| c.is_alphabetic()).count();
        let inner = self.text.chars().skip(1).any(char::is_uppercase);
        let digit = self.text.chars().any(|c| c.is_ascii_digit());
        letters >= 2 && (inner || digit || self.text.contains('_')) && !is_ordinal(&self.plain)
    }

    /// Whether it says nothing of its own: function words, greetings, praise, days and months.
    pub(super) fn is_empty(&self) -> bool {
        let word = self.plain.as_str();
        FUNCTION.has(word)
            || (COURTESY.has(word) || PRAISE.has(word)) && !is_thing(word)
            || OPENERS.has(word)
            || VERDICTS.has(word)
            || ADVERBS.has(word)
            || INVARIANT.has(word)
            || is_calendar(word)
            || word.contains('\'')
            || word.chars().count() < 3
            || !word.chars().any(char::is_alphabetic)
    }

    /// Whether it may be a noun, after `before`.
    pub(super) fn is_noun_like(&self, before: Option<&Word<'_>>) -> bool {
        let word = self.plain.as_str();
        if self.is_empty() || is_adverb(word) || is_adjective(word) {
            return false;
        }
        let owned = before.is_some_and(|before| self.joined && before.determines());
        if is_verbal(word) {
            // "dog camp": no verb of one dog looks like that.
            let compound = is_base(word)
                && !PAST.has(word)
                && before.is_some_and(|before| {
                    let noun = before.plain.as_str();
                    self.joined
                        && !before.is_empty()
                        && !before.is_capital()
                        && !is_verbal(noun)
                        && !is_adverb(noun)
                        && !noun.ends_with('s')
                });
            return owned || compound;
        }
        // "is painting" is no painting.
        let progressive = word.ends_with("ing")
            && before.is_some_and(|before| self.joined && is_being(&before.plain));
        !progressive
    }

    /// Whether a noun follows it, perhaps after adjectives.
    pub(super) fn determines(&self) -> bool {
        self.possessive
            || matches!(
                self.plain.as_str(),
                "a" | "an"
                    | "the"
                    | "my"
                    | "your"
                    | "his"
                    | "her"
                    | "its"
                    | "our"
                    | "their"
                    | "this"
                    | "that"
                    | "these"
                    | "those"
                    | "some"
                    | "any"
                    | "no"
                    | "each"
                    | "every"
                    | "another"
                    | "of"
            )
    }
}

fn is_being(word: &str) -> bool {
    matches!(
        word,
        "is" | "are"
            | "was"
            | "were"
            | "am"
            | "be"
            | "been"
            | "i'm"
            | "we're"
            | "you're"
            | "they're"
            | "he's"
            | "she's"
            | "it's"
            | "isn't"
            | "aren't"
            | "wasn't"
    )
}

fn is_ordinal(word: &str) -> bool {
    let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    digits.len() < word.len()
        && !digits.is_empty()
        && digits.chars().all(|c| c.is_ascii_digit())
        && matches!(
            word.get(digits.len()..),
            Some("st" | "nd" | "rd" | "th" | "am" | "pm" | "s" | "k")
        )
}

/// Days, months and what people count time in: dates are values, not things.
pub(super) fn is_calendar(word: &str) -> bool {
    let singular = word.strip_suffix('s').unwrap_or(word);
    matches!(
        singular,
        "monday"
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
            | "yesterday"
            | "tomorrow"
            | "tonight"
            | "week"
            | "weekend"
            | "month"
            | "year"
            | "day"
            | "hour"
            | "minute"
            | "morning"
            | "afternoon"
            | "evening"
            | "night"
            | "time"
            | "moment"
            | "summer"
            | "winter"
            | "spring"
            | "autumn"
            | "fall"
            | "while"
            | "ago"
    )
}

/// Of the words of praise and courtesy, those that name something in other company.
fn is_thing(word: &str) -> bool {
    matches!(
        word,
        "support"
            | "job"
            | "work"
            | "plan"
            | "idea"
            | "ideas"
            | "picture"
            | "photo"
            | "news"
            | "effort"
            | "efforts"
            | "progress"
            | "world"
            | "friend"
            | "smile"
            | "rock"
            | "rocks"
            | "shot"
    )
}

/// Common words that stand before nouns and are none.
fn is_adjective(word: &str) -> bool {
    matches!(
        word,
        "new"
            | "old"
            | "big"
            | "small"
            | "little"
            | "large"
            | "long"
            | "short"
            | "high"
            | "low"
            | "young"
            | "early"
            | "late"
            | "last"
            | "next"
            | "first"
            | "second"
            | "third"
            | "different"
            | "special"
            | "important"
            | "able"
            | "sure"
            | "ready"
            | "whole"
            | "entire"
            | "favorite"
            | "favourite"
            | "own"
            | "local"
            | "recent"
            | "free"
            | "full"
            | "open"
            | "close"
            | "real"
            | "true"
            | "unique"
            | "challenging"
            | "difficult"
            | "easy"
            | "busy"
            | "tired"
            | "grateful"
            | "thankful"
            | "glad"
            | "possible"
            | "similar"
            | "huge"
            | "tiny"
            | "many"
            | "several"
            | "few"
            | "two"
            | "three"
            | "four"
            | "five"
            | "six"
            | "seven"
            | "eight"
            | "nine"
            | "ten"
            | "hundred"
            | "couple"
            | "bunch"
            | "ton"
            | "tons"
            | "lot"
            | "lots"
            | "bit"
            | "kind"
            | "sort"
            | "way"
            | "ways"
            | "thing"
            | "things"
            | "stuff"
            | "part"
            | "side"
            | "end"
            | "everyone"
            | "someone"
            | "anyone"
            | "people"
            | "guys"
            | "person"
            | "one"
            | "ones"
    )
}
