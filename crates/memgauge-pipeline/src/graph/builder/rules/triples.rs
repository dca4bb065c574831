//! Sentences in the third person to subject, relation, object.

use super::tagger::bare;
use super::words::{Word, is_calendar, words};
use crate::extractor::rules::lexicon::FUNCTION;
use crate::extractor::rules::verb::{is_adverb, is_base, is_verbal};

/// Most content words of an object.
const OBJECT: usize = 6;

/// Who, what and whom, with the bytes of the sentence that say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Statement {
    pub(super) subject: String,
    pub(super) relation: String,
    pub(super) object: String,
}

/// What `sentence` states about the persons `names`.
pub(super) fn statements(sentence: &str, names: &[&str]) -> Vec<Statement> {
    let words = words(sentence);
    let mut found: Vec<Statement> = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let reader = Reader {
            sentence,
            words: &words,
            names,
        };
        at = reader.clause(at, &mut found);
    }
    let mut unique: Vec<Statement> = Vec::new();
    for statement in found {
        if !unique.contains(&statement) {
            unique.push(statement);
        }
    }
    unique
}

struct Reader<'a> {
    sentence: &'a str,
    words: &'a [Word<'a>],
    names: &'a [&'a str],
}

impl Reader<'_> {
    fn plain(&self, at: usize) -> &str {
        self.words.get(at).map_or("", |word| word.plain.as_str())
    }

    fn joined(&self, at: usize) -> bool {
        self.words.get(at).is_some_and(|word| word.joined)
    }

    fn name_at(&self, at: usize) -> Option<&str> {
        let word = self.words.get(at)?;
        let known = self.names.iter().copied();
        known
            .into_iter()
            .find(|name| name.eq_ignore_ascii_case(&word.plain))
            .filter(|_| word.is_capital())
    }

    /// Reads the clause whose subject stands at `at`; returns where to go on.
    fn clause(&self, at: usize, found: &mut Vec<Statement>) -> usize {
        let Some(name) = self.name_at(at) else {
            return at + 1;
        };
        let mut subject = name.to_owned();
        let mut next = at + 1;
        if self.words.get(at).is_some_and(|word| word.possessive) {
            let end = self.nouns(next);
            if end == next {
                return next;
            }
            let Some(owned) = self.text(next, end) else {
                return end;
            };
            found.push(Statement {
                subject: name.to_owned(),
                relation: "has".to_owned(),
                object: owned.to_owned(),
            });
            subject = format!("{name}'s {owned}");
            next = end;
        } else if self.plain(next) == "and" && self.plain(next + 1) == "others" {
            next += 2;
        }
        let mut verb = next;
        // One subject, several verbs: "went home and slept".
        while let Some(end) = self.predicate(&subject, verb, found) {
            next = end;
            let and = matches!(self.plain(end), "and" | "but");
            let after = self.skip_adverbs(end + 1);
            if !and || !is_verbal(self.plain(after)) || self.name_at(after).is_some() {
                break;
            }
            verb = end + 1;
        }
        next
    }

    fn skip_adverbs(&self, mut at: usize) -> usize {
        while self.words.get(at).is_some() && is_adverb(self.plain(at)) && !is_not(self.plain(at)) {
            at += 1;
        }
        at
    }

    /// Reads verb and objects from `at` on; `None` where no verb stands there.
    fn predicate(&self, subject: &str, at: usize, found: &mut Vec<Statement>) -> Option<usize> {
        let first = self.skip_adverbs(at);
        if !(is_verbal(self.plain(first)) && self.joined(first)) {
            return None;
        }
        let mut relation: Vec<&str> = Vec::new();
        let mut end = first;
        while end == first || self.joined(end) {
            let word = self.plain(end);
            let after_be = relation.last().is_some_and(|last| is_be(last));
            let infinitive = word == "to" && is_base(self.plain(end + 1));
            let bare_verb = relation.last().is_some_and(|last| *last == "to") && is_base(word);
            if is_verbal(word) && (relation.is_empty() || is_auxiliary(&relation))
                || is_not(word)
                || infinitive
                || bare_verb
                || after_be && word.ends_with("ing")
            {
                relation.push(word);
            } else if !is_adverb(word) {
                break;
            }
            end += 1;
        }
        for _ in 0..2 {
            if self.joined(end) && is_link(self.plain(end)) {
                relation.push(self.plain(end));
                end += 1;
            }
        }
        let relation = relation.join(" ");
        let mut objects = 0;
        loop {
            let (object, after) = self.object(end, objects > 0);
            let Some(object) = object else { break };
            end = after;
            objects += 1;
            if crate::update::normal(&object) != crate::update::normal(subject) || objects == 1 {
                found.push(Statement {
                    subject: subject.to_owned(),
                    relation: relation.clone(),
                    object,
                });
            }
            // "paints horses, sunsets and houses"
            let listed = self.plain(end) == "and"
                || self.words.get(end).is_some_and(|word| !word.joined) && self.comma_before(end);
            if !listed {
                break;
            }
            let next = if self.plain(end) == "and" {
                end + 1
            } else {
                end
            };
            if is_verbal(self.plain(self.skip_adverbs(next))) || self.name_at(next).is_some() {
                break;
            }
            let (Some(_), _) = self.object(next, true) else {
                break;
            };
            end = next;
        }
        Some(end.max(first + 1))
    }

    fn comma_before(&self, at: usize) -> bool {
        let (Some(word), Some(before)) = (
            self.words.get(at),
            at.checked_sub(1).and_then(|before| self.words.get(before)),
        ) else {
            return false;
        };
        self.sentence
            .get(before.end..word.start)
            .is_some_and(|between| between.trim() == ",")
    }

    /// The object that begins at `at` and where it ends. One of a list is short and made of nouns.
    fn object(&self, at: usize, listed: bool) -> (Option<String>, usize) {
        let mut start = at;
        while self.words.get(start).is_some_and(|word| {
            word.plain != "of" && !word.possessive && (word.determines() || is_filler(&word.plain))
        }) && (start == at || self.joined(start))
        {
            start += 1;
        }
        let mut end = start;
        let mut content = 0;
        while let Some(word) = self.words.get(end) {
            let first = end == start;
            // What follows the verb may be cut off from it only in a list.
            if !(word.joined || first && listed) {
                break;
            }
            let plain = word.plain.as_str();
            let before = end.checked_sub(1).and_then(|before| self.words.get(before));
            if is_end(plain)
                || is_calendar(plain)
                || plain != "of" && is_link(plain) && (content > 0 || listed)
                || matches!(plain, "and" | "or" | "but")
            {
                break;
            }
            if listed && first && !(word.is_noun_like(before) || word.is_capital()) {
                break;
            }
            let says = !FUNCTION.has(plain) && !is_adverb(plain);
            if says {
                if content == if listed { 3 } else { OBJECT } {
                    break;
                }
                content += 1;
            }
            end += 1;
        }
        // Adverbs and prepositions at its end belong to what follows.
        while end > start
            && (is_adverb(self.plain(end - 1))
                || FUNCTION.has(self.plain(end - 1))
                || matches!(self.plain(end - 1), "last" | "next"))
        {
            end -= 1;
        }
        if content == 0 || end == start {
            return (None, end.max(at));
        }
        (self.text(start, end).map(str::to_owned), end)
    }

    /// Where the run of nouns that begins at `at` ends, at most three words on.
    fn nouns(&self, at: usize) -> usize {
        let mut end = at;
        while end < at + 3
            && self.joined(end)
            && self.words.get(end).is_some_and(|word| {
                let before = end.checked_sub(1).and_then(|before| self.words.get(before));
                // A verb after the first noun is the verb of the clause.
                word.is_noun_like(before) && (end == at || !is_verbal(&word.plain))
            })
        {
            end += 1;
        }
        end
    }

    fn text(&self, start: usize, end: usize) -> Option<&str> {
        let (first, last) = (self.words.get(start)?, self.words.get(end.checked_sub(1)?)?);
        self.sentence.get(first.start..last.end).map(bare)
    }
}

fn is_be(word: &str) -> bool {
    matches!(
        word,
        "is" | "are" | "was" | "were" | "be" | "been" | "isn't" | "wasn't"
    )
}

/// Whether the words so far want another verb.
fn is_auxiliary(relation: &[&str]) -> bool {
    relation.iter().all(|word| {
        is_be(word)
            || is_not(word)
            || matches!(
                *word,
                "has"
                    | "have"
                    | "had"
                    | "hasn't"
                    | "haven't"
                    | "hadn't"
                    | "does"
                    | "did"
                    | "do"
                    | "doesn't"
                    | "didn't"
                    | "don't"
                    | "will"
                    | "would"
                    | "won't"
                    | "wouldn't"
                    | "can"
                    | "could"
                    | "can't"
                    | "couldn't"
                    | "may"
                    | "might"
                    | "must"
                    | "should"
                    | "shouldn't"
                    | "used"
                    | "to"
            )
    })
}

fn is_not(word: &str) -> bool {
    matches!(word, "not" | "never" | "longer" | "no")
}

/// Words that tie an object to its verb.
fn is_link(word: &str) -> bool {
    matches!(
        word,
        "to" | "in"
            | "at"
            | "on"
            | "for"
            | "with"
            | "from"
            | "about"
            | "by"
            | "of"
            | "into"
            | "up"
            | "out"
            | "off"
            | "over"
            | "through"
            | "during"
            | "around"
            | "as"
            | "like"
            | "near"
            | "after"
            | "before"
            | "under"
            | "between"
            | "against"
            | "towards"
            | "toward"
            | "without"
            | "within"
            | "across"
            | "along"
            | "behind"
            | "beside"
            | "onto"
            | "back"
            | "down"
            | "away"
    )
}

/// Words with which another clause begins.
fn is_end(word: &str) -> bool {
    matches!(
        word,
        "because"
            | "so"
            | "when"
            | "while"
            | "which"
            | "that"
            | "who"
            | "whom"
            | "if"
            | "since"
            | "although"
            | "though"
            | "where"
            | "than"
            | "then"
            | "until"
            | "unless"
            | "i"
            | "he"
            | "she"
            | "they"
            | "it"
            | "we"
            | "you"
            | "is"
            | "are"
            | "was"
            | "were"
            | "has"
            | "have"
            | "had"
            | "how"
            | "why"
            | "what"
            | "whether"
    )
}

/// Words before an object that add nothing to it.
fn is_filler(word: &str) -> bool {
    matches!(
        word,
        "so" | "such"
            | "very"
            | "really"
            | "just"
            | "quite"
            | "pretty"
            | "super"
            | "all"
            | "both"
            | "lots"
            | "lot"
            | "bit"
            | "couple"
            | "of"
            | "also"
            | "always"
            | "more"
            | "most"
            | "much"
            | "many"
            | "own"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(sentence: &str) -> Vec<String> {
        statements(sentence, &["Ann", "Bob"])
            .into_iter()
            .map(|s| memgauge_core::graph::edge_text(&s.subject, &s.relation, &s.object))
            .collect()
    }

    #[test]
    fn subject_relation_object() {
        let cases: [(&str, &[&str]); 12] = [
            (
                "Ann went to a LGBTQ support group yesterday (7 May 2023) and it was so powerful.",
                &["Ann -- went to -- LGBTQ support group"],
            ),
            (
                "Last year Bob really loved the red kayak.",
                &["Bob -- loved -- red kayak"],
            ),
            (
                "Ann doesn't live in Rome any more.",
                &["Ann -- doesn't live in -- Rome"],
            ),
            (
                "Bob paints horses, sunsets and houses.",
                &[
                    "Bob -- paints -- horses",
                    "Bob -- paints -- sunsets",
                    "Bob -- paints -- houses",
                ],
            ),
            (
                "Ann moved to Oslo and started a bakery.",
                &["Ann -- moved to -- Oslo", "Ann -- started -- bakery"],
            ),
            (
                "Ann's sister plays the violin.",
                &["Ann -- has -- sister", "Ann's sister -- plays -- violin"],
            ),
            (
                "Bob wants to adopt a dog.",
                &["Bob -- wants to adopt -- dog"],
            ),
            (
                "Ann is painting a wall for Bob.",
                &["Ann -- is painting -- wall"],
            ),
            ("Ann knows Ann.", &["Ann -- knows -- Ann"]),
            (
                "Ann and others went camping last week.",
                &["Ann -- went -- camping"],
            ),
            ("It was great.", &[]),
            ("Bob slept.", &[]),
        ];
        for (sentence, expected) in cases {
            assert_eq!(found(sentence), expected, "{sentence}");
        }
    }
}
