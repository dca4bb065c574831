//! What a text names, by rules: proper names, quoted titles, compound nouns, identifiers, and where
//! asked for single nouns.

use memgauge_core::graph::{Entity, normal_name};
use unicode_segmentation::UnicodeSegmentation;

use super::words::{Word, words};
use crate::extractor::rules::sentence::sentences;
use crate::extractor::rules::verb::{is_adverb, is_verbal};

/// Most words of a quoted title.
const QUOTED: usize = 8;

/// The entities of `text` in the order of their first mention, each once. `names` are known to be
/// persons.
pub(super) fn tag(text: &str, names: &[&str], nouns: bool) -> Vec<Entity> {
    let mut found: Vec<Entity> = Vec::new();
    let speaker = speaker(text);
    found.extend(speaker.map(|name| Entity {
        name: name.to_owned(),
        kind: "person".to_owned(),
    }));
    let said = speaker.and_then(|name| text.get(name.len() + 1..));
    for sentence in sentences(said.unwrap_or(text)) {
        let words = words(sentence);
        let mut here: Vec<(usize, Entity)> = quoted(sentence);
        let inside = |word: &Word<'_>, here: &[(usize, Entity)]| {
            here.iter().any(|(start, entity)| {
                word.start >= *start && word.end <= start + entity.name.len()
            })
        };
        let mut at = 0;
        while at < words.len() {
            let Some(word) = words.get(at) else { break };
            if inside(word, &here) {
                at += 1;
                continue;
            }
            let length = proper(&words, at, names).max(compound(&words, at));
            if length > 0 {
                here.extend(entity(sentence, &words, at, length, names));
                at += length;
            } else {
                let before = at.checked_sub(1).and_then(|before| words.get(before));
                if word.is_identifier() {
                    here.push((word.start, named(word, "identifier")));
                } else if nouns && word.is_noun_like(before) {
                    here.push((word.start, named(word, "noun")));
                }
                at += 1;
            }
        }
        here.sort_by_key(|(start, _)| *start);
        found.extend(here.into_iter().map(|(_, entity)| entity));
    }
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|entity| {
        let key = normal_name(&entity.name);
        !key.is_empty() && seen.insert(key)
    });
    found
}

/// Who says it, in "Ann: I row." or "Ann Lee: I row.".
fn speaker(text: &str) -> Option<&str> {
    let (name, _) = text.split_once(": ")?;
    let words: Vec<&str> = name.split(' ').collect();
    let capital = |word: &&str| word.chars().next().is_some_and(char::is_uppercase);
    (words.len() <= 2 && words.iter().all(capital)).then_some(name)
}

fn named(word: &Word<'_>, kind: &str) -> Entity {
    Entity {
        name: bare(word.text).to_owned(),
        kind: kind.to_owned(),
    }
}

/// A word without its possessive ending.
pub(super) fn bare(text: &str) -> &str {
    text.strip_suffix("'s")
        .or_else(|| text.strip_suffix("\u{2019}s"))
        .unwrap_or(text)
}

/// The entity that `length` words from `at` on are.
fn entity(
    sentence: &str,
    words: &[Word<'_>],
    at: usize,
    length: usize,
    names: &[&str],
) -> Option<(usize, Entity)> {
    let (first, last) = (words.get(at)?, words.get(at + length - 1)?);
    let name = bare(sentence.get(first.start..last.end)?);
    let is_name = names.iter().any(|known| known.eq_ignore_ascii_case(name));
    let kind = match (is_name, first.is_capital()) {
        (true, _) => "person",
        (_, true) => "proper",
        _ => "compound",
    };
    let entity = Entity {
        name: name.to_owned(),
        kind: kind.to_owned(),
    };
    Some((first.start, entity))
}

/// Titles between quotation marks: start of the title and the entity.
fn quoted(sentence: &str) -> Vec<(usize, Entity)> {
    let mut found = Vec::new();
    let mut open: Option<usize> = None;
    for (at, mark) in sentence.char_indices() {
        match (mark, open) {
            ('"' | '\u{201c}', None) => open = Some(at + mark.len_utf8()),
            ('"' | '\u{201d}', Some(start)) => {
                open = None;
                let title = sentence.get(start..at).unwrap_or_default();
                let count = title.unicode_words().count();
                if (1..=QUOTED).contains(&count) {
                    let entity = Entity {
                        name: title.trim_end_matches([',', '.', '!', '?']).to_owned(),
                        kind: "quoted".to_owned(),
                    };
                    found.push((start, entity));
                }
            }
            _ => {}
        }
    }
    found
}

/// How many words from `at` on are one proper name; 0 = none begins here.
fn proper(words: &[Word<'_>], at: usize, names: &[&str]) -> usize {
    let capital = |n: usize| {
        words.get(n).is_some_and(|word| {
            let is_name = names
                .iter()
                .any(|name| name.eq_ignore_ascii_case(&word.plain));
            word.is_capital() && (is_name || !word.is_empty())
        })
    };
    let joined = |n: usize| words.get(n).is_some_and(|word| word.joined);
    let Some(word) = words.get(at).filter(|_| capital(at)) else {
        return 0;
    };
    let known = names
        .iter()
        .any(|name| name.eq_ignore_ascii_case(&word.plain));
    // At the beginning of a sentence every word has a capital: it is a name if another one follows,
    // or if it is not a word of everyday talk.
    let follows = joined(at + 1) && capital(at + 1);
    let everyday = is_verbal(&word.plain) || is_adverb(&word.plain) || word.plain.ends_with("ing");
    if word.opens && !known && (!follows || everyday) {
        return 0;
    }
    let mut end = at + 1;
    loop {
        let possessive = words.get(end - 1).is_some_and(|word| word.possessive);
        if joined(end) && capital(end) && (!possessive || !known) {
            end += 1;
            continue;
        }
        // "Lord of the Rings"
        let link = |n: usize, link: &str| {
            joined(n)
                && words
                    .get(n)
                    .is_some_and(|word| word.plain == link && !word.is_capital())
        };
        let over = if link(end, "of") && link(end + 1, "the") {
            2
        } else if link(end, "of") {
            1
        } else {
            break;
        };
        if joined(end + over) && capital(end + over) {
            end += over + 1;
        } else {
            break;
        }
    }
    end - at
}

/// How many words from `at` on are one compound noun; 0 = none begins here.
fn compound(words: &[Word<'_>], at: usize) -> usize {
    let noun = |n: usize| {
        let before = n.checked_sub(1).and_then(|before| words.get(before));
        words.get(n).is_some_and(|word| {
            word.is_noun_like(before) || word.is_identifier() && !word.is_empty()
        })
    };
    if !noun(at) {
        return 0;
    }
    let mut end = at + 1;
    while end < at + 4
        && noun(end)
        && words.get(end).is_some_and(|word| word.joined)
        && !words.get(end - 1).is_some_and(|word| word.possessive)
    {
        end += 1;
    }
    if end - at >= 2 { end - at } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, nouns: bool) -> Vec<(String, String)> {
        tag(text, &["Ann", "Bob"], nouns)
            .into_iter()
            .map(|entity| (entity.name, entity.kind))
            .collect()
    }

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter()
            .map(|(name, kind)| ((*name).to_owned(), (*kind).to_owned()))
            .collect()
    }

    #[test]
    fn four_kinds_of_names() {
        let cases: [(&str, &[(&str, &str)]); 8] = [
            (
                "Ann's sister read \"Charlotte's Web\" in New York.",
                &[
                    ("Ann", "person"),
                    ("Charlotte's Web", "quoted"),
                    ("New York", "proper"),
                ],
            ),
            (
                "I joined a support group.",
                &[("support group", "compound")],
            ),
            (
                "We watched Lord of the Rings on my iPhone.",
                &[("Lord of the Rings", "proper"), ("iPhone", "identifier")],
            ),
            ("Set user_id to 5.", &[("user_id", "identifier")]),
            ("Walking is fun. Wow, I really love it!", &[]),
            ("On Monday we went there.", &[]),
            ("San Francisco is foggy.", &[("San Francisco", "proper")]),
            ("Cleo: It was fun.", &[("Cleo", "person")]),
        ];
        for (text, expected) in cases {
            assert_eq!(found(text, false), pairs(expected), "{text}");
        }
    }

    #[test]
    fn single_nouns_where_asked_for() {
        assert_eq!(
            found(
                "I took my dog to the pottery workshop, and we were painting.",
                true
            ),
            pairs(&[("dog", "noun"), ("pottery workshop", "compound")])
        );
        // A verb is a noun where something determines it.
        assert_eq!(
            found("The walk was long. I walk.", true),
            pairs(&[("walk", "noun")])
        );
    }
}
