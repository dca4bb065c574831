//! Embedders behind an API.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures::future::join_all;
use memgauge_core::{
    Build, BuildError, CallOutcome, ComponentError, EmbedCall, Embedded, Embedder, ErrorKind,
    Parts, Purpose, Tokenizer, Usage,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::address::content_address;
use super::chat::tokenizer;
use super::connection::Stated;
use super::failure::Failure;
use super::prices::{self, Price};
use super::reply::file_name;
use super::transport::{Endpoint, Transport};
use crate::Model;
use crate::norm::normalise;

/// Models whose vectors have a length that is known here.
const KNOWN: [(&str, usize); 8] = [
    ("text-embedding-3-small", 1536),
    ("text-embedding-3-large", 3072),
    ("text-embedding-ada-002", 1536),
    ("nomic-embed-text", 768),
    ("mxbai-embed-large", 1024),
    ("all-minilm", 384),
    ("bge-m3", 1024),
    ("multilingual-e5-small", 384),
];

/// An embedder behind an API that speaks OpenAI's protocol. Vectors are scaled to length 1, and
/// cached under the provider's label, the model and the text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct OpenAiEmbeddingsConfig {
    /// Label of whoever serves the model, part of the address of every cached vector. Give each
    /// server its own; never a host or a port.
    pub provider: String,
    /// Address before `/embeddings`.
    pub base_url: String,
    /// Environment variable that holds the key; empty = the server wants none.
    pub api_key_env: String,
    /// Name of the model, as the provider knows it.
    pub model: String,
    /// Length of its vectors; may be left out for OpenAI's models and some others.
    #[schemars(range(min = 1))]
    pub dimensions: Option<usize>,
    /// Whether the length is sent, for models that can shorten their vectors.
    pub send_dimensions: bool,
    /// Texts sent in one request.
    #[schemars(range(min = 1))]
    pub batch: usize,
    /// Put before texts to find by, such as `query: ` for E5 models.
    pub query_prefix: String,
    /// Put before texts to be found, such as `passage: ` for E5 models.
    pub passage_prefix: String,
    /// Seconds until an answer must be complete.
    #[schemars(range(min = 0))]
    pub timeout_seconds: f64,
    /// Seconds until there must be a connection.
    #[schemars(range(min = 0))]
    pub connect_timeout_seconds: f64,
    /// Attempts of a call before it counts as failed.
    #[schemars(range(min = 1))]
    pub max_attempts: u32,
    /// Bound of the random wait before the second attempt; it doubles with every attempt.
    #[schemars(range(min = 0))]
    pub backoff_seconds: f64,
    /// Longest wait for one more attempt: a provider that asks for more is not waited for.
    #[schemars(range(min = 0))]
    pub max_wait_seconds: f64,
    /// Requests under way at once. Blocks of the same provider and address that state the same number
    /// share it; so do the two limits that follow.
    #[schemars(range(min = 1))]
    pub max_concurrency: u32,
    /// Requests sent a minute.
    #[schemars(range(min = 1))]
    pub requests_per_minute: Option<u32>,
    /// Tokens sent a minute, counted before the call.
    #[schemars(range(min = 1))]
    pub tokens_per_minute: Option<u32>,
    /// Tokenizer that counts where the provider does not.
    pub tokenizer: String,
    /// US dollars per million tokens, in place of the built-in price table.
    pub price_input: Option<f64>,
}

impl Default for OpenAiEmbeddingsConfig {
    fn default() -> Self {
        Self {
            provider: "openai".to_owned(),
            base_url: "https://api.openai.com/v1".to_owned(),
            api_key_env: "OPENAI_API_KEY".to_owned(),
            model: "text-embedding-3-small".to_owned(),
            dimensions: None,
            send_dimensions: false,
            batch: 32,
            query_prefix: String::new(),
            passage_prefix: String::new(),
            timeout_seconds: 60.0,
            connect_timeout_seconds: 10.0,
            max_attempts: 5,
            backoff_seconds: 1.0,
            max_wait_seconds: 300.0,
            max_concurrency: 8,
            requests_per_minute: None,
            tokens_per_minute: None,
            tokenizer: "cl100k_base".to_owned(),
            price_input: None,
        }
    }
}

impl OpenAiEmbeddingsConfig {
    /// The environment variable that calls need and that is not set.
    pub fn missing_secret(&self, parts: &dyn Parts) -> Option<String> {
        self.stated().missing_secret(parts)
    }

    fn stated(&self) -> Stated<'_> {
        Stated {
            provider: &self.provider,
            base_url: &self.base_url,
            api_key_env: &self.api_key_env,
            timeout: self.timeout_seconds,
            connect_timeout: self.connect_timeout_seconds,
            max_attempts: self.max_attempts,
            backoff: self.backoff_seconds,
            max_wait: self.max_wait_seconds,
            concurrency: self.max_concurrency,
            requests: self.requests_per_minute,
            tokens: self.tokens_per_minute,
        }
    }

    fn dimensions(&self) -> Result<usize, BuildError> {
        // Ollama's names end in a tag.
        let name = self.model.split(':').next().unwrap_or_default();
        let known = KNOWN.iter().find(|(known, _)| *known == name);
        match self.dimensions.or(known.map(|(_, length)| *length)) {
            Some(0) => Err(BuildError::at("dimensions", "must be 1 or more")),
            Some(length) => Ok(length),
            None => Err(BuildError::at(
                "dimensions",
                format!(
                    "must be given: the length of the vectors of `{}` is not known here",
                    self.model
                ),
            )),
        }
    }
}

impl Build<Model> for OpenAiEmbeddingsConfig {
    fn build(&self, parts: &dyn Parts) -> Result<Model, BuildError> {
        if self.model.is_empty() {
            return Err(BuildError::at("model", "must name a model"));
        }
        if self.batch == 0 {
            return Err(BuildError::at("batch", "must be 1 or more"));
        }
        let dimensions = self.dimensions()?;
        let stated = prices::Stated {
            input: self.price_input,
            ..prices::Stated::default()
        };
        let mut id = format!("{}/{} {dimensions}", self.provider, self.model);
        for (name, prefix) in [
            ("query", &self.query_prefix),
            ("passage", &self.passage_prefix),
        ] {
            if !prefix.is_empty() {
                id.push_str(&format!(" {name}={prefix:?}"));
            }
        }
        Ok(Model::Embedder(Arc::new(OpenAiEmbedder {
            id,
            dimensions,
            price: prices::price(&self.provider, &self.model, stated, false)?,
            transport: Transport::new(self.stated().connection(parts)?),
            tokenizer: tokenizer(&self.tokenizer)?,
            config: self.clone(),
        })))
    }
}

/// Tokens that a model puts around one text, at most.
const MARKS: u64 = 4;

/// An embedder behind an API.
struct OpenAiEmbedder {
    id: String,
    dimensions: usize,
    config: OpenAiEmbeddingsConfig,
    transport: Transport,
    tokenizer: Arc<dyn Tokenizer>,
    price: Option<Price>,
}

#[derive(Deserialize)]
struct EmbeddingsBody {
    #[serde(default)]
    model: Value,
    #[serde(default)]
    data: Option<Vec<Item>>,
    #[serde(default)]
    usage: Value,
    #[serde(default)]
    error: Value,
}

#[derive(Deserialize)]
struct Item {
    #[serde(default)]
    index: Option<usize>,
    embedding: Vec<f32>,
}

/// What one request gave.
struct Batch {
    vectors: Vec<Vec<f32>>,
    served_by: Option<String>,
    tokens: Option<u64>,
}

impl OpenAiEmbedder {
    /// What is sent for a text; `None` where there is nothing to send, which providers refuse.
    fn input(&self, text: &str, purpose: Purpose) -> Option<String> {
        let prefix = match purpose {
            Purpose::Query => &self.config.query_prefix,
            Purpose::Passage => &self.config.passage_prefix,
        };
        (!text.trim().is_empty()).then(|| format!("{prefix}{text}"))
    }

    fn key(&self, input: &str) -> String {
        let mut address = json!({
            "provider": self.config.provider,
            "model": self.config.model,
            "input": input,
        });
        if self.config.send_dimensions {
            address["dimensions"] = json!(self.dimensions);
        }
        content_address(&address)
    }

    fn read(&self, body: EmbeddingsBody, texts: usize) -> Result<Batch, Failure> {
        let mask = self.transport.mask();
        if !body.error.is_null() {
            return Err(Failure::in_body(&body.error, mask));
        }
        let mut items = body.data.unwrap_or_default();
        if items.len() != texts {
            let reason = format!("{} vectors for {texts} texts", items.len());
            return Err(Failure::unreadable(&reason, mask));
        }
        // In order already where a server leaves the index out.
        items.sort_by_key(|item| item.index);
        let mut vectors = Vec::with_capacity(texts);
        for item in items {
            let mut vector = item.embedding;
            if vector.len() != self.dimensions {
                return Err(Failure::new(
                    ErrorKind::Permanent,
                    format!(
                        "the model gives vectors of length {}, and `dimensions` says {}",
                        vector.len(),
                        self.dimensions
                    ),
                ));
            }
            if !vector.iter().all(|value| value.is_finite()) {
                return Err(Failure::unreadable("a vector is not finite", mask));
            }
            normalise(&mut vector);
            vectors.push(vector);
        }
        Ok(Batch {
            vectors,
            served_by: body.model.as_str().map(str::to_owned).map(file_name),
            tokens: ["/prompt_tokens", "/total_tokens"]
                .into_iter()
                .filter_map(|pointer| body.usage.pointer(pointer)?.as_u64())
                .find(|tokens| *tokens > 0),
        })
    }

    async fn request(&self, inputs: &[&str]) -> (Result<Vec<Vec<f32>>, ComponentError>, EmbedCall) {
        let mut body = json!({"model": self.config.model, "input": inputs});
        if self.config.send_dimensions {
            body["dimensions"] = json!(self.dimensions);
        }
        let count = || -> u64 {
            let counts = inputs.iter().map(|text| self.tokenizer.count(text) as u64);
            counts.sum()
        };
        let tokens = if self.transport.counts_tokens() {
            count()
        } else {
            0
        };
        let read = |reply: EmbeddingsBody| self.read(reply, inputs.len());
        let completion = self
            .transport
            .send(Endpoint::Embeddings, &body, tokens, read)
            .await;
        let keys: Vec<String> = inputs.iter().map(|input| self.key(input)).collect();
        let mut call = EmbedCall {
            request: match keys.as_slice() {
                [one] => one.clone(),
                several => content_address(&json!(several)),
            },
            inputs: inputs.len() as u64,
            served_by: None,
            usage: Usage::default(),
            outcome: CallOutcome::Usable,
            spent: completion.spent,
        };
        match completion.result {
            Ok(batch) => {
                call.served_by = batch.served_by;
                call.usage = Usage {
                    input: Some(batch.tokens.unwrap_or_else(count)),
                    // An embedder generates nothing: known, not unknown.
                    output: Some(0),
                    counted: batch.tokens.is_none(),
                    ..Usage::default()
                };
                call.usage.dollars = self.price.and_then(|price| price.of(&call.usage));
                (Ok(batch.vectors), call)
            }
            Err(error) => {
                call.outcome = CallOutcome::Failed(error.kind);
                let component = format!("embedder `{}`", self.config.model);
                let error = ComponentError::new(component, error.kind, error.message);
                (Err(error), call)
            }
        }
    }
}

#[async_trait]
impl Embedder for OpenAiEmbedder {
    fn id(&self) -> &str {
        &self.id
    }

    fn dimensions(&self) -> usize {
        self.dimensions
    }

    async fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, ComponentError> {
        self.embed_for(texts, Purpose::Passage).await.result
    }

    async fn embed_for(&self, texts: &[&str], purpose: Purpose) -> Embedded {
        let start = Instant::now();
        let inputs: Vec<Option<String>> =
            texts.iter().map(|text| self.input(text, purpose)).collect();
        let sent: Vec<&str> = inputs.iter().flatten().map(String::as_str).collect();
        let requests = sent
            .chunks(self.config.batch)
            .map(|batch| self.request(batch));
        let mut calls = Vec::new();
        let mut vectors = Vec::with_capacity(sent.len());
        let mut failed = None;
        for (result, call) in join_all(requests).await {
            calls.push(call);
            match result {
                Ok(batch) => vectors.extend(batch),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        let mut vectors = vectors.into_iter();
        let result = match failed {
            Some(error) => Err(error),
            // A text without tokens is a vector of zeros.
            None => Ok(inputs
                .iter()
                .map(|input| input.as_ref().and_then(|_| vectors.next()))
                .map(|vector| vector.unwrap_or_else(|| vec![0.0; self.dimensions]))
                .collect()),
        };
        Embedded {
            result,
            // Requests book their own time.
            own: match calls.is_empty() {
                true => start.elapsed(),
                false => Duration::ZERO,
            },
            calls,
        }
    }

    fn text_key(&self, text: &str, purpose: Purpose) -> Option<String> {
        self.input(text, purpose).map(|input| self.key(&input))
    }

    fn batch(&self) -> usize {
        self.config.batch
    }

    fn at_most(&self, texts: &[&str], purpose: Purpose) -> Usage {
        let sent = texts.iter().filter_map(|text| self.input(text, purpose));
        let tokens = sent.map(|input| self.tokenizer.count(&input) as u64 + MARKS);
        let mut usage = Usage {
            input: Some(tokens.sum()),
            output: Some(0),
            counted: true,
            ..Usage::default()
        };
        usage.dollars = self.price(&usage);
        usage
    }

    fn price(&self, usage: &Usage) -> Option<f64> {
        self.price.and_then(|price| price.of(usage))
    }
}
