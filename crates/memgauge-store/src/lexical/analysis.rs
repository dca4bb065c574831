//! Texts to terms.

use std::collections::{BTreeMap, BTreeSet};

use rust_stemmers::{Algorithm, Stemmer};

use super::{LexicalConfig, Stemming, StopWords, Tokens};

const NLTK_STOP_WORDS: &str = include_str!("../../data/stopwords-english.txt");

/// Terms of a text, in their order, and how often each stands in it.
pub(crate) type TermCounts = BTreeMap<String, u32>;

/// The terms and their counts, as the index takes them.
pub(crate) fn pairs(counts: &TermCounts) -> impl Iterator<Item = (&str, u32)> {
    counts.iter().map(|(term, &count)| (term.as_str(), count))
}

/// Splits texts as configured.
pub(crate) struct Analyzer {
    tokens: Tokens,
    stop_words: BTreeSet<&'static str>,
    stemmer: Option<Stemmer>,
}

impl Analyzer {
    pub(crate) fn new(config: &LexicalConfig) -> Self {
        Self {
            tokens: config.tokens,
            stop_words: match config.stop_words {
                StopWords::None => BTreeSet::new(),
                StopWords::Nltk => NLTK_STOP_WORDS.lines().collect(),
            },
            stemmer: match config.stemmer {
                Stemming::None => None,
                Stemming::Porter2 => Some(Stemmer::create(Algorithm::English)),
            },
        }
    }

    /// The terms of `text` in its order, repetitions included.
    pub(crate) fn terms(&self, text: &str) -> Vec<String> {
        let folded = match self.tokens {
            Tokens::Folded => text.to_lowercase(),
            Tokens::Word => text.to_ascii_lowercase(),
        };
        folded
            .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .filter(|token| !token.is_empty() && !self.stop_words.contains(token))
            .map(|token| match &self.stemmer {
                Some(stemmer) => stemmer.stem(token).into_owned(),
                None => token.to_owned(),
            })
            .collect()
    }

    /// How often each term stands in `text`.
    pub(crate) fn counts(&self, text: &str) -> TermCounts {
        let mut counts = TermCounts::new();
        for term in self.terms(text) {
            *counts.entry(term).or_default() += 1;
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(config: &LexicalConfig, text: &str) -> Vec<String> {
        Analyzer::new(config).terms(text)
    }

    #[test]
    fn tokens_stop_words_and_stems() {
        let text = "Caroline: I've been running, don't_stop — 2 cafés!";
        assert_eq!(
            terms(&LexicalConfig::okapi(), text),
            [
                "caroline", "i", "ve", "been", "running", "don", "t_stop", "2", "caf", "s"
            ]
        );
        assert_eq!(
            terms(&LexicalConfig::default(), text),
            ["carolin", "run", "t_stop", "2", "caf"]
        );
        assert_eq!(
            terms(&LexicalConfig::lucene_stemmed(), "Running runs ran"),
            ["run", "run", "ran"]
        );
    }

    #[test]
    fn kelvin_is_a_k_only_where_the_text_is_folded_first() {
        let text = "5 \u{212a}elvin";
        assert_eq!(terms(&LexicalConfig::okapi(), text), ["5", "elvin"]);
        let folded = LexicalConfig {
            tokens: Tokens::Folded,
            ..LexicalConfig::okapi()
        };
        assert_eq!(terms(&folded, text), ["5", "kelvin"]);
    }

    #[test]
    fn the_stop_list_is_whole() {
        assert_eq!(NLTK_STOP_WORDS.lines().count(), 198);
        let list: BTreeSet<&str> = NLTK_STOP_WORDS.lines().collect();
        assert_eq!(list.len(), 198);
        assert!(list.iter().all(|word| *word == word.trim()));
    }
}
