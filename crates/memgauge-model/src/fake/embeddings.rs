//! Hashed bags of words.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use memgauge_core::{
    Build, BuildError, CallOutcome, ComponentError, EmbedCall, Embedded, Embedder, Parts, Purpose,
    Spent, Tokenizer as _, Traffic, Usage,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Model, Tiktoken};

/// Changes whenever the same text may get another vector.
const VERSION: u32 = 1;

/// An embedder without a model, for tests and dry runs of configs with embeddings behind an API:
/// each word of a text (letters and digits, lower case) adds 1 or -1 to one number of the vector,
/// both chosen by its hash. Texts that share words are near each other; no more is promised. It is
/// called, counted and recorded as a model behind an API is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct FakeEmbeddingsConfig {
    /// Length of a vector.
    #[schemars(range(min = 1))]
    pub dimensions: usize,
}

impl Default for FakeEmbeddingsConfig {
    fn default() -> Self {
        Self { dimensions: 256 }
    }
}

impl Build<Model> for FakeEmbeddingsConfig {
    fn build(&self, _parts: &dyn Parts) -> Result<Model, BuildError> {
        if self.dimensions == 0 {
            return Err(BuildError::at("dimensions", "must be at least 1"));
        }
        Ok(Model::Embedder(Arc::new(FakeEmbeddings {
            id: format!("fake-embeddings/{}/v{VERSION}", self.dimensions),
            dimensions: self.dimensions,
        })))
    }
}

/// An embedder of hashed words.
#[derive(Debug)]
pub struct FakeEmbeddings {
    id: String,
    dimensions: usize,
}

/// The vector of a text: of length 1, or all zeros for a text without words.
pub fn hashed_words(text: &str, dimensions: usize) -> Vec<f32> {
    let mut vector = vec![0.0_f32; dimensions];
    let lower = text.to_lowercase();
    for word in lower.split(|c: char| !c.is_alphanumeric()) {
        if word.is_empty() {
            continue;
        }
        let hash = blake3::hash(word.as_bytes());
        let mut number = [0; 8];
        for (byte, from) in number.iter_mut().zip(hash.as_bytes()) {
            *byte = *from;
        }
        let number = u64::from_le_bytes(number);
        let place = (number >> 1) % dimensions.max(1) as u64;
        let slot = usize::try_from(place).ok();
        if let Some(slot) = slot.and_then(|slot| vector.get_mut(slot)) {
            *slot += if number & 1 == 0 { 1.0 } else { -1.0 };
        }
    }
    let norm = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    if norm > 0.0 {
        vector.iter_mut().for_each(|x| *x /= norm);
    }
    vector
}

impl FakeEmbeddings {
    fn vector(&self, text: &str) -> Vec<f32> {
        hashed_words(text, self.dimensions)
    }
}

#[async_trait]
impl Embedder for FakeEmbeddings {
    fn id(&self) -> &str {
        &self.id
    }

    fn dimensions(&self) -> usize {
        self.dimensions
    }

    fn text_key(&self, text: &str, _purpose: Purpose) -> Option<String> {
        let address = format!("{}\n{text}", self.id);
        Some(blake3::hash(address.as_bytes()).to_hex().to_string())
    }

    fn traffic(&self) -> Traffic {
        Traffic::Fake
    }

    fn at_most(&self, texts: &[&str], _purpose: Purpose) -> Usage {
        let tokens = texts.iter().map(|text| Tiktoken::Cl100k.count(text) as u64);
        Usage {
            input: Some(tokens.sum()),
            output: Some(0),
            counted: true,
            dollars: Some(0.0),
            ..Usage::default()
        }
    }

    fn price(&self, _: &Usage) -> Option<f64> {
        Some(0.0)
    }

    async fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, ComponentError> {
        Ok(texts.iter().map(|text| self.vector(text)).collect())
    }

    async fn embed_for(&self, texts: &[&str], purpose: Purpose) -> Embedded {
        let start = Instant::now();
        let result = self.embed(texts).await;
        let keys: Vec<String> = texts
            .iter()
            .filter_map(|text| self.text_key(text, purpose))
            .collect();
        let call = EmbedCall {
            request: blake3::hash(keys.join("\n").as_bytes())
                .to_hex()
                .to_string(),
            inputs: texts.len() as u64,
            served_by: Some("fake-embeddings".to_owned()),
            usage: Usage {
                output: None,
                ..self.at_most(texts, purpose)
            },
            outcome: CallOutcome::Usable,
            spent: Spent {
                traffic: Traffic::Fake,
                attempts: 1,
                own: start.elapsed(),
                ..Spent::default()
            },
        };
        Embedded {
            result,
            own: start.elapsed(),
            calls: vec![call],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_words_are_near() {
        let embedder = FakeEmbeddings {
            id: String::new(),
            dimensions: 64,
        };
        let dot = |a: &str, b: &str| -> f32 {
            let (a, b) = (embedder.vector(a), embedder.vector(b));
            a.iter().zip(&b).map(|(x, y)| x * y).sum()
        };
        assert!((dot("a red car", "Car, red: a!") - 1.0).abs() < 1e-6);
        assert!(dot("a red car", "the red car") > dot("a red car", "seven quiet lakes"));
        assert!(embedder.vector("...").iter().all(|x| *x == 0.0));
    }
}
