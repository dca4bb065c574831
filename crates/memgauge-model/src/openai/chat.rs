//! Chat models behind an API.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use memgauge_core::chat::Completion;
use memgauge_core::config::unknown;
use memgauge_core::{
    Build, BuildError, ChatModel, ChatReply, ChatRequest, Parts, Tokenizer, Usage,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::address::content_address;
use super::body::{MaxTokensKey, Shape, Structured};
use super::connection::Stated;
use super::prices::{self, Price};
use super::reply::{ChatBody, Read};
use super::transport::{Endpoint, Transport};
use crate::{Model, TOKENIZERS};

/// A chat model behind an API that speaks OpenAI's protocol: OpenAI, Anthropic's compatible
/// endpoint, Ollama, vLLM, llama.cpp, OpenRouter and others. Replies are cached under the
/// provider's label, the model and the request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct OpenAiConfig {
    /// Label of whoever serves the model, part of the address of every cached reply. Give each server
    /// its own; never a host or a port.
    pub provider: String,
    /// Address before `/chat/completions`.
    pub base_url: String,
    /// Environment variable that holds the key; empty = the server wants none.
    pub api_key_env: String,
    /// Name of the model, as the provider knows it.
    pub model: String,
    /// Sampling temperature; left out = what the provider takes.
    #[schemars(range(min = 0, max = 2))]
    pub temperature: Option<f64>,
    /// Share of probability that is sampled from; left out = what the provider takes.
    #[schemars(range(min = 0, max = 1))]
    pub top_p: Option<f64>,
    /// Seed of the provider's sampling, where it has one.
    pub seed: Option<i64>,
    /// At most so many tokens in a reply, where a request does not say; left out = what the provider
    /// takes.
    #[schemars(range(min = 1))]
    pub max_tokens: Option<u32>,
    /// Name under which that limit is sent.
    pub max_tokens_key: MaxTokensKey,
    /// How JSON is asked for: `json-schema` where the server enforces a schema, `json-mode` where it
    /// enforces JSON alone (the schema then stands in the prompt), `tool-call` where it knows tools.
    pub structured: Structured,
    /// More keys of the request's body, such as `top_k = 1`. Never a key or a password: they are
    /// part of what is recorded.
    pub extra: BTreeMap<String, Value>,
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
    /// Tokens sent a minute, counted before the call: the prompt's and `max-tokens`.
    #[schemars(range(min = 1))]
    pub tokens_per_minute: Option<u32>,
    /// Tokenizer that counts where the provider does not.
    pub tokenizer: String,
    /// US dollars per million tokens sent, in place of the built-in price table.
    pub price_input: Option<f64>,
    /// US dollars per million tokens received.
    pub price_output: Option<f64>,
    /// US dollars per million tokens sent that the provider had cached.
    pub price_cached: Option<f64>,
}

impl Default for OpenAiConfig {
    fn default() -> Self {
        Self {
            provider: "openai".to_owned(),
            base_url: "https://api.openai.com/v1".to_owned(),
            api_key_env: "OPENAI_API_KEY".to_owned(),
            model: "gpt-4o-mini".to_owned(),
            temperature: None,
            top_p: None,
            seed: None,
            max_tokens: None,
            max_tokens_key: MaxTokensKey::default(),
            structured: Structured::default(),
            extra: BTreeMap::new(),
            timeout_seconds: 120.0,
            connect_timeout_seconds: 10.0,
            max_attempts: 5,
            backoff_seconds: 1.0,
            max_wait_seconds: 300.0,
            max_concurrency: 8,
            requests_per_minute: None,
            tokens_per_minute: None,
            tokenizer: "o200k_base".to_owned(),
            price_input: None,
            price_output: None,
            price_cached: None,
        }
    }
}

impl OpenAiConfig {
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

    fn shape(&self) -> Shape {
        Shape {
            model: self.model.clone(),
            temperature: self.temperature,
            top_p: self.top_p,
            seed: self.seed,
            max_tokens: self.max_tokens,
            max_tokens_key: self.max_tokens_key,
            structured: self.structured,
            extra: self.extra.clone(),
        }
    }
}

impl Build<Model> for OpenAiConfig {
    fn build(&self, parts: &dyn Parts) -> Result<Model, BuildError> {
        let shape = self.shape();
        shape.check()?;
        let stated = prices::Stated {
            input: self.price_input,
            output: self.price_output,
            cached: self.price_cached,
        };
        Ok(Model::Chat(Arc::new(OpenAiChat {
            id: id(&self.provider, &shape),
            price: prices::price(&self.provider, &self.model, stated, true)?,
            provider: self.provider.clone(),
            transport: Transport::new(self.stated().connection(parts)?),
            tokenizer: tokenizer(&self.tokenizer)?,
            shape,
        })))
    }
}

/// The tokenizer that a block names.
pub(super) fn tokenizer(name: &str) -> Result<Arc<dyn Tokenizer>, BuildError> {
    crate::tokenizer(name)
        .ok_or_else(|| BuildError::at("tokenizer", unknown("tokenizer", name, &TOKENIZERS)))
}

fn id(provider: &str, shape: &Shape) -> String {
    let mut parameters = shape.parameters();
    parameters.insert("structured".to_owned(), json!(shape.structured));
    format!("{provider}/{} {}", shape.model, Value::Object(parameters))
}

/// Tokens that a chat template puts around one message, at most.
const MARKS: u64 = 8;
/// Taken for the longest reply where neither the request nor the block limits it.
const LONGEST_REPLY: u64 = 4_096;

/// A chat model behind an API.
struct OpenAiChat {
    id: String,
    provider: String,
    shape: Shape,
    transport: Transport,
    tokenizer: Arc<dyn Tokenizer>,
    price: Option<Price>,
}

impl OpenAiChat {
    /// Tokens of the prompt, without the marks that the model's template puts around messages.
    fn prompt_tokens(&self, body: &Value) -> u64 {
        let messages = body.get("messages").and_then(Value::as_array);
        let contents = messages
            .into_iter()
            .flatten()
            .filter_map(|message| message.get("content")?.as_str());
        contents.map(|text| self.tokenizer.count(text) as u64).sum()
    }

    /// Tokens of what stands around the prompt: marks between messages, and the form of the reply.
    fn frame_tokens(&self, body: &Value) -> u64 {
        let messages = body.get("messages").and_then(Value::as_array);
        let marks = MARKS * messages.map_or(0, Vec::len) as u64;
        let forms = ["response_format", "tools"].into_iter();
        let forms = forms.filter_map(|key| Some(self.tokenizer.count(&body.get(key)?.to_string())));
        marks + forms.map(|tokens| tokens as u64).sum::<u64>()
    }

    fn reply(&self, read: Read, body: &Value) -> ChatReply {
        let mut usage = read.usage;
        usage.counted = usage.input.is_none() || usage.output.is_none();
        if usage.input.is_none() {
            usage.input = Some(self.prompt_tokens(body));
        }
        if usage.output.is_none() {
            usage.output = Some(self.tokenizer.count(&read.text) as u64);
        }
        usage.dollars = self.price.and_then(|price| price.of(&usage));
        ChatReply {
            text: read.text,
            finish: read.finish,
            usage,
            model: read.model,
        }
    }
}

#[async_trait]
impl ChatModel for OpenAiChat {
    fn id(&self) -> &str {
        &self.id
    }

    fn key(&self, request: &ChatRequest, epoch: u32) -> String {
        content_address(&json!({
            "provider": self.provider,
            "model": self.shape.model,
            "body": self.shape.body(request),
            "epoch": epoch,
        }))
    }

    fn at_most(&self, request: &ChatRequest) -> Usage {
        let body = self.shape.body(request);
        let reply = request.max_tokens.or(self.shape.max_tokens);
        let mut usage = Usage {
            input: Some(self.prompt_tokens(&body) + self.frame_tokens(&body)),
            output: Some(reply.map_or(LONGEST_REPLY, u64::from)),
            counted: true,
            ..Usage::default()
        };
        usage.dollars = self.price(&usage);
        usage
    }

    fn price(&self, usage: &Usage) -> Option<f64> {
        self.price.and_then(|price| price.of(usage))
    }

    async fn complete(&self, request: &ChatRequest, _epoch: u32) -> Completion<ChatReply> {
        let started = std::time::Instant::now();
        let body = self.shape.body(request);
        let tokens = if self.transport.counts_tokens() {
            let reply = request.max_tokens.or(self.shape.max_tokens).unwrap_or(0);
            self.prompt_tokens(&body) + u64::from(reply)
        } else {
            0
        };
        let read = |reply: ChatBody| reply.read(&request.form, self.transport.mask());
        let completion = self
            .transport
            .send(Endpoint::Chat, &body, tokens, read)
            .await;
        let result = completion.result.map(|read| self.reply(read, &body));
        let mut spent = completion.spent;
        spent.own = started
            .elapsed()
            .saturating_sub(spent.provider + spent.backoff + spent.paused);
        Completion { result, spent }
    }
}

#[cfg(test)]
#[path = "chat_tests.rs"]
mod tests;
