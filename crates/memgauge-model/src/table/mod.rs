//! Static word-piece embeddings: a table distilled from all-MiniLM-L6-v2 that is part of this crate.

mod pieces;

use std::sync::Arc;

use async_trait::async_trait;
use memgauge_core::{Build, BuildError, ComponentError, Embedder, Parts};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Model;
use crate::norm::normalise;
use pieces::{UNKNOWN, WordPieces};

/// Changes whenever the same text and table may give another vector.
const VERSION: u32 = 1;

/// Rows of the table: the word pieces of uncased BERT.
const ROWS: usize = 30_522;

/// Columns of the table.
const DIMENSIONS: usize = 256;

/// The table: one little-endian f32 a row, the row's scale, then the rows in int8.
static TABLE: &[u8; ROWS * (4 + DIMENSIONS)] = include_bytes!("../../data/static-256.bin");

/// First 16 digits of the BLAKE3 digest of [`TABLE`]; a test keeps it true.
const TABLE_DIGEST: &str = "5813957ab7a026c3";

/// Word pieces before this one are reserved or special and have no meaning of their own.
const FIRST_WORD: u32 = 999;

/// Smoothing of [`StaticWeights::Zipf`] (parameter a of SIF; Arora et al. 2017).
const ZIPF_SMOOTHING: f64 = 1e-4;

/// Smoothing of [`StaticWeights::Index`].
const INDEX_SMOOTHING: f64 = 1e-3;

/// Added to every count of [`StaticWeights::Index`], so that an unseen word piece has a weight.
const INDEX_PRIOR: f64 = 0.1;

/// How much each word piece of a text counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StaticWeights {
    /// By its rank in the vocabulary, taken as its rank by frequency (Zipf): a pure function of
    /// the text.
    #[default]
    Zipf,
    /// By its frequency in the index that is searched, fitted when a store is sealed; until then
    /// as `zipf`.
    Index,
}

/// The embedder that needs no download: a weighted mean of word-piece vectors (256 dimensions)
/// distilled from all-MiniLM-L6-v2.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct StaticConfig {
    /// How much each word piece of a text counts: `zipf` (by its rank in the vocabulary, a pure
    /// function of the text) or `index` (by its frequency in the store, fitted when the store is
    /// sealed).
    pub weights: StaticWeights,
}

impl Build<Model> for StaticConfig {
    fn build(&self, _parts: &dyn Parts) -> Result<Model, BuildError> {
        Ok(Model::Embedder(Arc::new(Static::new(self.weights))))
    }
}

/// The embedder `static`: weighted mean of the rows of the distilled table over a text's word
/// pieces, L2 norm 1. Word pieces that are special or unknown are left out; a text without any
/// other has a vector of zeros.
///
/// The weight of a word piece is a / (a + p), smooth inverse frequency (Arora et al. 2017, "A
/// simple but tough-to-beat baseline for sentence embeddings"), p being its probability by
/// [`StaticWeights`].
pub struct Static {
    id: String,
    weights: StaticWeights,
    /// Weight times scale of each row.
    factors: Vec<f32>,
}

impl Static {
    /// The embedder with weights that are a pure function of the text, or not fitted yet.
    pub fn new(weights: StaticWeights) -> Self {
        let name = match weights {
            StaticWeights::Zipf => "zipf",
            StaticWeights::Index => "index",
        };
        Self::with(weights, name, ZIPF_SMOOTHING, zipf_probabilities())
    }

    /// An embedder whose weights are fitted to the word pieces of `corpus`.
    pub fn fitted(corpus: &[&str]) -> Self {
        let pieces = WordPieces::shared();
        let mut counts = vec![0_u32; ROWS];
        for text in corpus {
            for id in pieces.ids(text) {
                if let Some(count) = counts.get_mut(id as usize) {
                    *count += 1;
                }
            }
        }
        let mut hasher = blake3::Hasher::new();
        for count in &counts {
            hasher.update(&count.to_le_bytes());
        }
        let digest = hasher.finalize().to_hex();
        let total: f64 = counts
            .iter()
            .map(|count| f64::from(*count) + INDEX_PRIOR)
            .sum();
        let probabilities = counts
            .iter()
            .map(|count| (f64::from(*count) + INDEX_PRIOR) / total)
            .collect();
        let name = format!("index-{}", &digest[..16]);
        Self::with(StaticWeights::Index, &name, INDEX_SMOOTHING, probabilities)
    }

    /// Weights a / (a + p) from the probability of every row.
    fn with(weights: StaticWeights, name: &str, a: f64, probabilities: Vec<f64>) -> Self {
        let factors = probabilities
            .into_iter()
            .enumerate()
            .map(|(row, p)| (a / (a + p) * f64::from(scale(row))) as f32)
            .collect();
        Self {
            id: format!("static-{DIMENSIONS}/{TABLE_DIGEST}/{name}/v{VERSION}"),
            weights,
            factors,
        }
    }

    /// Ids of the word pieces of a text in the vocabulary of uncased BERT, `[CLS]` and `[SEP]` not
    /// added.
    pub fn pieces(text: &str) -> Vec<u32> {
        WordPieces::shared().ids(text)
    }

    /// The vector of a text; what [`Embedder::embed`] does for each of its texts.
    pub fn embed_text(&self, text: &str) -> Vec<f32> {
        let mut sum = vec![0.0_f32; DIMENSIONS];
        for id in WordPieces::shared().ids(text) {
            // The piece for unknown words is below the first word, as all special ones are.
            const { assert!(UNKNOWN < FIRST_WORD) };
            if id < FIRST_WORD {
                continue;
            }
            let id = id as usize;
            let factor = self.factors[id];
            for (total, value) in sum.iter_mut().zip(row(id)) {
                *total += factor * f32::from(value.cast_signed());
            }
        }
        normalise(&mut sum);
        sum
    }
}

#[async_trait]
impl Embedder for Static {
    fn id(&self) -> &str {
        &self.id
    }

    fn dimensions(&self) -> usize {
        DIMENSIONS
    }

    async fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, ComponentError> {
        Ok(texts.iter().map(|text| self.embed_text(text)).collect())
    }

    fn fit(&self, corpus: &[&str]) -> Option<Arc<dyn Embedder>> {
        match self.weights {
            StaticWeights::Zipf => None,
            StaticWeights::Index => Some(Arc::new(Self::fitted(corpus))),
        }
    }
}

impl std::fmt::Debug for Static {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Static").field(&self.id).finish()
    }
}

/// Probability of each word piece whose frequency rank is its place among the words of the
/// vocabulary, by Zipf's law: 1 / (rank + 2), scaled to sum 1. Reserved and special pieces, which
/// come first in the vocabulary, have no rank.
fn zipf_probabilities() -> Vec<f64> {
    let words = ROWS - FIRST_WORD as usize;
    let shares: Vec<f64> = (0..words).map(|rank| 1.0 / (rank as f64 + 2.0)).collect();
    let total: f64 = shares.iter().sum();
    let reserved = std::iter::repeat_n(0.0, FIRST_WORD as usize);
    reserved
        .chain(shares.iter().map(|share| share / total))
        .collect()
}

/// What the int8 values of a row are multiplied with.
fn scale(row: usize) -> f32 {
    let (scales, _) = TABLE.split_at(4 * ROWS);
    let (scales, _) = scales.as_chunks::<4>();
    f32::from_le_bytes(scales[row])
}

/// A row of the table; the bytes are signed.
fn row(row: usize) -> &'static [u8] {
    let start = 4 * ROWS + row * DIMENSIONS;
    &TABLE[start..start + DIMENSIONS]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cosine(a: &[f32], b: &[f32]) -> f32 {
        a.iter().zip(b).map(|(a, b)| a * b).sum()
    }

    #[test]
    fn digest_is_the_tables() {
        assert_eq!(&blake3::hash(TABLE).to_hex()[..16], TABLE_DIGEST);
    }

    #[test]
    fn scales_are_positive_and_rows_use_them() {
        for index in 0..ROWS {
            assert!(scale(index) > 0.0 && scale(index).is_finite());
            let largest = row(index)
                .iter()
                .map(|value| value.cast_signed().unsigned_abs())
                .max();
            assert_eq!(largest, Some(127));
        }
    }

    #[test]
    fn near_in_meaning_is_near_in_space() {
        let embedder = Static::new(StaticWeights::Zipf);
        let query = embedder.embed_text("Which instrument does she play?");
        let near = embedder.embed_text("I practise the violin every evening.");
        let far = embedder.embed_text("We repaired the roof of the shed.");
        assert_eq!(query.len(), DIMENSIONS);
        assert!((cosine(&query, &query) - 1.0).abs() < 1e-6);
        assert!(cosine(&query, &near) > cosine(&query, &far) + 0.1);
    }

    #[test]
    fn nothing_known_gives_zeros() {
        let embedder = Static::new(StaticWeights::Zipf);
        for text in ["", "   ", "😊", "[SEP]"] {
            assert_eq!(embedder.embed_text(text), vec![0.0; DIMENSIONS], "{text:?}");
        }
        assert_eq!(
            embedder.embed_text("hello 😊"),
            embedder.embed_text("hello")
        );
    }

    #[test]
    fn frequent_words_weigh_less() {
        let zipf = zipf_probabilities();
        assert!((zipf.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert!(zipf[1996] > zipf[20_000] && zipf[20_000] > 0.0);
        let corpus = ["the cat", "the dog", "the cat sat"];
        let fitted = Static::fitted(&corpus);
        let unfitted = Static::new(StaticWeights::Index);
        // `the` is everywhere in the corpus, so that it pulls less once fitted.
        let pull = |embedder: &Static| {
            cosine(
                &embedder.embed_text("the aardvark"),
                &embedder.embed_text("the"),
            )
        };
        assert!(pull(&fitted) < pull(&unfitted));
    }

    #[test]
    fn only_index_weights_are_fitted() {
        assert!(Static::new(StaticWeights::Zipf).fit(&["a"]).is_none());
        let index = Static::new(StaticWeights::Index);
        let one = index.fit(&["a b", "c"]).unwrap();
        let same = index.fit(&["c", "b a"]).unwrap();
        let other = index.fit(&["c", "b"]).unwrap();
        assert_eq!(one.id(), same.id());
        assert_ne!(one.id(), other.id());
        assert_ne!(one.id(), Embedder::id(&index));
        assert!(one.id().starts_with("static-256/"));
    }

    #[tokio::test]
    async fn batches_equal_single_texts() {
        let embedder = Static::new(StaticWeights::Zipf);
        let vectors = embedder.embed(&["one two", "three"]).await.unwrap();
        assert_eq!(
            vectors,
            [embedder.embed_text("one two"), embedder.embed_text("three")]
        );
        assert!(embedder.embed(&[]).await.unwrap().is_empty());
    }
}
