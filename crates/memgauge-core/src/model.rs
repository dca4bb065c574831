//! Models as the pipeline sees them: handles that cannot be called without a meter.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::chat::Usage;
use crate::meter::{Call, CallKind, CallOutcome, Charge, Spent, Traffic};
use crate::{ComponentError, Cx, ErrorKind, Stage};

/// What a text is embedded for: some models want queries and passages marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// To be found.
    Passage,
    /// To find by.
    Query,
}

/// One request of an embedder to a provider (or to a cache in its place).
#[derive(Debug, Clone, PartialEq)]
pub struct EmbedCall {
    /// Content address of the texts asked for.
    pub request: String,
    /// How many texts.
    pub inputs: u64,
    /// Model that answered, as the provider names it.
    pub served_by: Option<String>,
    /// Tokens.
    pub usage: Usage,
    /// How it ended.
    pub outcome: CallOutcome,
    /// What it took.
    pub spent: Spent,
}

/// What embedding came to.
#[derive(Debug)]
pub struct Embedded {
    /// One vector per text, in order.
    pub result: Result<Vec<Vec<f32>>, ComponentError>,
    /// Time computing in this process.
    pub own: std::time::Duration,
    /// Requests sent elsewhere; none where everything is computed here.
    pub calls: Vec<EmbedCall>,
}

/// Turns texts into vectors.
#[async_trait]
pub trait Embedder: Send + Sync {
    /// Everything that shapes the vectors (model, weights, version), in one line.
    fn id(&self) -> &str;

    /// Length of a vector.
    fn dimensions(&self) -> usize;

    /// One vector of L2 norm 1 per text (all zeros for a text without known tokens), in order. A
    /// text's vector does not depend on what else is in the batch.
    ///
    /// # Errors
    /// When the model cannot be reached or refuses.
    async fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, ComponentError>;

    /// As [`embed`](Self::embed), told what the texts are for, and telling what the call took.
    /// Remote embedders implement this one and let `embed` call it; the handle calls no other.
    async fn embed_for(&self, texts: &[&str], _purpose: Purpose) -> Embedded {
        let start = Instant::now();
        let result = self.embed(texts).await;
        Embedded {
            result,
            own: start.elapsed(),
            calls: Vec::new(),
        }
    }

    /// Content address of a text's vector: digest of provider label, model and what is sent for the
    /// text. It is the text's own, so that no batch can change it. `None`: computed here, never
    /// cached.
    fn text_key(&self, _text: &str, _purpose: Purpose) -> Option<String> {
        None
    }

    /// Most texts that one request carries: whoever keeps vectors asks for so many at a time, so
    /// that a failure loses no more than one request.
    fn batch(&self) -> usize {
        usize::MAX
    }

    /// What the vectors of `texts` take at most, told before they are asked for: tokens and their price. `None` =
    /// not known.
    fn at_most(&self, _texts: &[&str], _purpose: Purpose) -> Usage {
        Usage::default()
    }

    /// What so many tokens cost in US dollars; `None` = not known.
    fn price(&self, _usage: &Usage) -> Option<f64> {
        None
    }

    /// Where its vectors come from when nothing stands in between.
    fn traffic(&self) -> Traffic {
        Traffic::Live
    }

    /// An embedder fitted to a corpus, where this one has weights to fit (as idf would be); the
    /// store then embeds all its texts again. `None`: a text's vector never depends on others.
    fn fit(&self, _corpus: &[&str]) -> Option<Arc<dyn Embedder>> {
        None
    }
}

/// The only way to call an [`Embedder`]: every call is charged to a stage.
#[derive(Clone)]
pub struct EmbedderHandle {
    inner: Arc<dyn Embedder>,
}

impl EmbedderHandle {
    /// A handle on `inner`.
    pub fn new(inner: Arc<dyn Embedder>) -> Self {
        Self { inner }
    }

    /// Everything that shapes the vectors.
    pub fn id(&self) -> &str {
        self.inner.id()
    }

    /// Length of a vector.
    pub fn dimensions(&self) -> usize {
        self.inner.dimensions()
    }

    /// Whether its calls are paid for, at a price that is not known. What computes here is not called.
    pub fn has_no_price(&self) -> bool {
        self.inner.text_key("text", Purpose::Passage).is_some()
            && self.inner.traffic() == Traffic::Live
            && self.inner.price(&Usage::ONE).is_none()
    }

    /// Embeds `texts`, charging calls and time to `cx`.
    ///
    /// # Errors
    /// As [`Embedder::embed`]; and when there is not one vector per text.
    pub async fn embed(&self, cx: &Cx, texts: &[&str]) -> Result<Vec<Vec<f32>>, ComponentError> {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        // Whatever looks for something asks; everything else is to be found.
        let purpose = match cx.stage() {
            Stage::Search => Purpose::Query,
            _ => Purpose::Passage,
        };
        let embedded = self.inner.embed_for(texts, purpose).await;
        if embedded.calls.is_empty() {
            cx.charge(&Charge {
                calls: 1,
                inputs: texts.len() as u64,
                own: embedded.own,
                ..Charge::default()
            });
        }
        for call in embedded.calls {
            cx.called(Call {
                stage: cx.stage(),
                kind: CallKind::Embed,
                model: self.id().to_owned(),
                served_by: call.served_by,
                request: call.request,
                inputs: call.inputs,
                usage: call.usage,
                outcome: call.outcome,
                spent: call.spent,
                background: false,
            });
        }
        let vectors = embedded.result?;
        if vectors.len() != texts.len() {
            return Err(ComponentError::new(
                "embedder",
                ErrorKind::Permanent,
                format!("{} vectors for {} texts", vectors.len(), texts.len()),
            ));
        }
        Ok(vectors)
    }

    /// A handle on an embedder fitted to `corpus`, where there is something to fit.
    pub fn fit(&self, corpus: &[&str]) -> Option<Self> {
        self.inner.fit(corpus).map(Self::new)
    }
}

impl std::fmt::Debug for EmbedderHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("EmbedderHandle").field(&self.id()).finish()
    }
}

/// Counts and cuts text in a model's tokens.
pub trait Tokenizer: Send + Sync {
    /// Name of the encoding, such as `cl100k_base`.
    fn id(&self) -> &'static str;

    /// Number of tokens of `text`.
    fn count(&self, text: &str) -> usize;

    /// Longest beginning of `text` of at most `max` tokens that ends at a boundary of both a
    /// token and a character.
    fn prefix<'a>(&self, text: &'a str, max: usize) -> &'a str;

    /// `text` in runs of `size` tokens (the last may be shorter), cut at boundaries of tokens
    /// and characters; together they are the text.
    fn chunks<'a>(&self, text: &'a str, size: usize) -> Vec<&'a str>;
}
