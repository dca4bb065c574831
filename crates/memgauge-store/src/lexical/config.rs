//! What shapes the lexical index.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a text becomes tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Tokens {
    /// `[a-z0-9_]+` of the lower-cased text.
    #[default]
    Folded,
    /// `[A-Za-z0-9_]+` of the text, lower-cased. Differs from `folded` only where a letter beyond
    /// ASCII lower-cases to one inside it, as the Kelvin sign does.
    Word,
}

/// How a token is reduced to its stem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Stemming {
    /// Tokens stay as they are.
    None,
    /// Snowball's English stemmer.
    #[default]
    Porter2,
}

/// Words that are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StopWords {
    /// None is left out.
    None,
    /// NLTK's English list of 198 words, compared before stemming.
    #[default]
    Nltk,
}

/// Weight of a term that stands in n of N texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Idf {
    /// ln(1 + (N - n + 0.5) / (n + 0.5)), as in Lucene: always positive.
    #[default]
    Lucene,
    /// ln((N - n + 0.5) / (n + 0.5)) of Robertson and Spärck Jones; where that is negative,
    /// `epsilon` times the mean over all terms takes its place, as in rank_bm25's `BM25Okapi`.
    Okapi,
}

/// BM25 over the texts of a store. The score of a text is the sum over the query's tokens, a
/// repeated token counting as often as it is repeated, of
/// idf x f x (k1 + 1) / (f + k1 x (1 - b + b x length / mean length)), f being how often the text
/// holds the token. N, n and the mean length are those of the whole store, whatever the filter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct LexicalConfig {
    /// How a text becomes tokens.
    pub tokens: Tokens,
    /// Words that are left out.
    pub stop_words: StopWords,
    /// How a token is reduced to its stem.
    pub stemmer: Stemming,
    /// How fast repetition inside a text saturates.
    #[schemars(range(min = 0.0))]
    pub k1: f64,
    /// How much long texts are held back: 0 not at all, 1 in proportion.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub b: f64,
    /// Weight of a term.
    pub idf: Idf,
    /// Share of the mean idf that a negative idf is replaced by (`okapi` only).
    #[schemars(range(min = 0.0))]
    pub epsilon: f64,
}

impl Default for LexicalConfig {
    /// The form measured best inside a hybrid over turns of dialogue: stemmed, without stop words
    /// and without regard to length.
    fn default() -> Self {
        Self {
            tokens: Tokens::Folded,
            stop_words: StopWords::Nltk,
            stemmer: Stemming::Porter2,
            k1: 1.2,
            b: 0.0,
            idf: Idf::Lucene,
            epsilon: 0.25,
        }
    }
}

impl LexicalConfig {
    /// rank_bm25's `BM25Okapi` with its defaults, over unstemmed words.
    pub fn okapi() -> Self {
        Self {
            tokens: Tokens::Word,
            stop_words: StopWords::None,
            stemmer: Stemming::None,
            k1: 1.5,
            b: 0.75,
            idf: Idf::Okapi,
            epsilon: 0.25,
        }
    }

    /// Lucene's weights with its defaults, over unstemmed words.
    pub fn lucene() -> Self {
        Self {
            k1: 1.2,
            idf: Idf::Lucene,
            ..Self::okapi()
        }
    }

    /// [`LexicalConfig::lucene`] over stems.
    pub fn lucene_stemmed() -> Self {
        Self {
            stemmer: Stemming::Porter2,
            ..Self::lucene()
        }
    }

    /// What is wrong with the numbers, if something is.
    pub(crate) fn problem(&self) -> Option<String> {
        let bad = |value: f64| !value.is_finite() || value < 0.0;
        if bad(self.k1) {
            Some(format!("`k1` must not be negative, found {}", self.k1))
        } else if bad(self.b) || self.b > 1.0 {
            Some(format!("`b` must be between 0 and 1, found {}", self.b))
        } else if bad(self.epsilon) {
            Some(format!(
                "`epsilon` must not be negative, found {}",
                self.epsilon
            ))
        } else {
            None
        }
    }
}
