//! One tiny call, to see what a model is and can do.

use std::time::{Duration, Instant};

use memgauge_core::{
    ChatMessage, ChatModel, ChatRequest, Embedder, Purpose, Spent, Traffic, Usage,
};
use serde_json::{Value, json};

use crate::Model;

/// What a model did when it was asked for a word.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Probe {
    /// Whether it continues conversations (else it embeds).
    pub is_chat: bool,
    /// Where the reply came from; `None` where it was computed here.
    pub traffic: Option<Traffic>,
    /// Model that answered, as the provider names it.
    pub served_by: Option<String>,
    /// Time of the call: the provider's where there is one, else our own.
    pub latency: Option<Duration>,
    /// Tokens of the call; `None` where none are reported.
    pub usage: Option<Usage>,
    /// Whether JSON of a schema comes back when it is asked for as the model block says, or what
    /// came instead.
    pub structured: Option<Result<(), String>>,
    /// Length of a vector.
    pub dimensions: Option<usize>,
    /// L2 norm of a vector.
    pub norm: Option<f64>,
    /// Why it cannot be used.
    pub problem: Option<String>,
}

/// Asks a model for a word, and a chat model for JSON as well.
pub async fn probe(model: &Model) -> Probe {
    match model {
        Model::Chat(chat) => chat_probe(chat.as_ref()).await,
        Model::Embedder(embedder) => embedder_probe(embedder.as_ref()).await,
    }
}

async fn chat_probe(chat: &dyn ChatModel) -> Probe {
    let mut found = Probe {
        is_chat: true,
        ..Probe::default()
    };
    let words = |text: &str| vec![ChatMessage::user(text)];
    let text = ChatRequest::text(words("Reply with the single word: ready"));
    let start = Instant::now();
    let completion = chat.complete(&text, 0).await;
    found.latency = Some(latency(&completion.spent, start));
    found.traffic = Some(completion.spent.traffic);
    match completion.result {
        Err(error) => {
            found.problem = Some(error.message);
            return found;
        }
        Ok(reply) => {
            found.usage = Some(reply.usage);
            found.served_by = reply.model;
            if reply.text.trim().is_empty() {
                found.problem = Some(format!("its reply is empty ({:?})", reply.finish));
            }
        }
    }
    let schema = json!({
        "type": "object",
        "properties": {"word": {"type": "string", "enum": ["ready", "busy"]}},
        "required": ["word"],
        "additionalProperties": false,
    });
    let asked = words("Reply with JSON: an object with one key `word`, its value \"ready\".");
    let request = ChatRequest::json(asked, "state", schema);
    found.structured = Some(match chat.complete(&request, 0).await.result {
        Err(error) => Err(error.message),
        Ok(reply) => read_state(&reply.text),
    });
    found
}

fn read_state(text: &str) -> Result<(), String> {
    let object = text
        .find('{')
        .zip(text.rfind('}'))
        .and_then(|(start, end)| text.get(start..=end));
    let value: Option<Value> = object.and_then(|object| serde_json::from_str(object).ok());
    match value.as_ref().and_then(|value| value.get("word")) {
        Some(Value::String(word)) if word == "ready" || word == "busy" => Ok(()),
        _ => {
            let start: String = text.chars().take(60).collect();
            Err(format!("no JSON of the schema: {start:?}"))
        }
    }
}

async fn embedder_probe(embedder: &dyn Embedder) -> Probe {
    let start = Instant::now();
    let embedded = embedder.embed_for(&["ready"], Purpose::Passage).await;
    let call = embedded.calls.first();
    let mut found = Probe {
        traffic: call.map(|call| call.spent.traffic),
        served_by: call.and_then(|call| call.served_by.clone()),
        latency: Some(match call {
            Some(call) => latency(&call.spent, start),
            None => embedded.own,
        }),
        usage: call.map(|call| call.usage),
        ..Probe::default()
    };
    match embedded.result {
        Err(error) => found.problem = Some(error.message),
        Ok(vectors) => {
            let vector = vectors.first().map(Vec::as_slice).unwrap_or_default();
            let squares: f64 = vector.iter().map(|x| f64::from(*x) * f64::from(*x)).sum();
            found.dimensions = Some(vector.len());
            found.norm = Some(squares.sqrt());
            if vector.len() != embedder.dimensions() {
                found.problem = Some(format!(
                    "its vectors have {} numbers, the config says {}",
                    vector.len(),
                    embedder.dimensions()
                ));
            }
        }
    }
    found
}

fn latency(spent: &Spent, start: Instant) -> Duration {
    if spent.provider.is_zero() {
        start.elapsed()
    } else {
        spent.provider
    }
}
