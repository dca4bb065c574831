//! Vectors that are not asked for.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use memgauge_core::{
    CallOutcome, ComponentError, EmbedCall, Embedded, Embedder, ErrorKind, Purpose, Spent, Traffic,
    Usage,
};
use memgauge_model::{TrafficError, hashed_words};

use super::super::span::Span;
use super::super::{Step, assumed};
use super::DryRun;

/// An embedder that is not asked.
pub(super) struct DryEmbedder {
    pub(super) name: String,
    pub(super) inner: Arc<dyn Embedder>,
    pub(super) run: Arc<DryRun>,
}

#[async_trait]
impl Embedder for DryEmbedder {
    fn id(&self) -> &str {
        self.inner.id()
    }

    fn dimensions(&self) -> usize {
        self.inner.dimensions()
    }

    fn batch(&self) -> usize {
        self.inner.batch()
    }

    fn text_key(&self, text: &str, purpose: Purpose) -> Option<String> {
        self.inner.text_key(text, purpose)
    }

    fn traffic(&self) -> Traffic {
        self.inner.traffic()
    }

    async fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, ComponentError> {
        self.embed_for(texts, Purpose::Passage).await.result
    }

    async fn embed_for(&self, texts: &[&str], purpose: Purpose) -> Embedded {
        let start = Instant::now();
        let result = self.count(texts, purpose).map_err(|error| {
            ComponentError::new("embedder", ErrorKind::Storage, error.to_string())
        });
        let call = EmbedCall {
            request: String::new(),
            inputs: texts.len() as u64,
            served_by: None,
            usage: Usage::default(),
            outcome: CallOutcome::Usable,
            spent: Spent {
                traffic: Traffic::Fake,
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

/// An embedder in the place of one that computes here.
pub(super) struct StandIn {
    pub(super) dimensions: usize,
    pub(super) run: Arc<DryRun>,
}

#[async_trait]
impl Embedder for StandIn {
    fn id(&self) -> &str {
        "stand-in"
    }

    fn dimensions(&self) -> usize {
        self.dimensions
    }

    async fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, ComponentError> {
        self.run.state().assumed_vector = true;
        let vector = |text: &&str| hashed_words(text, self.dimensions);
        Ok(texts.iter().map(vector).collect())
    }
}

impl DryEmbedder {
    fn count(&self, texts: &[&str], purpose: Purpose) -> Result<Vec<Vec<f32>>, TrafficError> {
        let shelf = &self.run.shelf;
        let is_kept = shelf.keeps() && self.inner.traffic() == Traffic::Live;
        let mut state = self.run.state();
        let (step, number) = match purpose {
            Purpose::Query => (Step::Search, Span::exactly(1.0)),
            Purpose::Passage => (Step::Index, assumed::PER_FACT),
        };
        let (number, length) = match state.assumed_reply && step == Step::Index {
            true => (state.spread(number), assumed::WRITTEN),
            false => (state.spread(Span::exactly(1.0)), assumed::KNOWN),
        };
        let mut vectors = Vec::with_capacity(texts.len());
        let mut sent: Vec<&str> = Vec::new();
        let (mut keyed, mut distinct, mut held) = (0.0, 0.0, 0.0);
        for text in texts {
            let Some(key) = self.inner.text_key(text, purpose) else {
                // Blank texts are never sent.
                vectors.push(vec![0.0; self.inner.dimensions()]);
                continue;
            };
            keyed += 1.0;
            let kept = if is_kept {
                shelf.vector(&key, &*self.inner)?
            } else {
                None
            };
            if !is_kept || state.seen.insert(key) {
                distinct += 1.0;
                match &kept {
                    Some(_) => held += 1.0,
                    None => sent.push(text),
                }
            }
            vectors.push(match kept {
                Some(vector) => vector,
                // It has the words of a text and nothing of their meaning: contexts made with it are about as
                // long as others.
                None => {
                    state.assumed_vector = true;
                    hashed_words(text, self.inner.dimensions())
                }
            });
        }
        let tokens = self.inner.at_most(&sent, purpose).input;
        let batch = self.inner.batch().max(1);
        let requests = |texts: usize| texts.div_ceil(batch) as f64;
        let (weight, variant) = (state.weight, state.variant);
        let of = |n: f64| Span::exactly(n).times(number);
        let count = state.count(variant, step, &self.name);
        count.calls = count.calls.plus(of(requests(keyed as usize)));
        count.texts = count.texts.plus(of(keyed));
        count.distinct = count.distinct.plus(of(distinct));
        count.held += held * weight;
        count.sent = count.sent.plus(of(requests(sent.len())));
        count.sent_texts = count.sent_texts.plus(of(sent.len() as f64));
        count.input = count
            .input
            .and_then(|sum| Some(sum.plus(of(tokens? as f64).times(length))));
        Ok(vectors)
    }
}
