//! Language models as the pipeline sees them: handles that cannot be called without a meter.

use std::sync::Arc;

use async_trait::async_trait;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::meter::{Call, CallKind, CallOutcome, Spent, Traffic};
use crate::{ComponentError, Cx, ErrorKind};

/// Who says a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChatRole {
    /// Instructions.
    System,
    /// Whoever asks.
    User,
    /// The model.
    Assistant,
}

/// One message of a prompt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatMessage {
    /// Who says it.
    pub role: ChatRole,
    /// What is said.
    pub content: String,
}

impl ChatMessage {
    /// Instructions.
    pub fn system(content: impl Into<String>) -> Self {
        Self {
            role: ChatRole::System,
            content: content.into(),
        }
    }

    /// What is asked.
    pub fn user(content: impl Into<String>) -> Self {
        Self {
            role: ChatRole::User,
            content: content.into(),
        }
    }

    /// What the model said.
    pub fn assistant(content: impl Into<String>) -> Self {
        Self {
            role: ChatRole::Assistant,
            content: content.into(),
        }
    }
}

/// A tool that a model may call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tool {
    /// Its name: letters, digits and `_`.
    pub name: String,
    /// What it does, for the model.
    pub description: String,
    /// JSON schema of its arguments: an object, every property required, nothing else allowed
    /// (what strict modes ask for).
    pub parameters: Value,
}

/// What form a reply must have. How it is asked for (JSON schema, JSON mode or a tool call) is the
/// model block's business.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReplyForm {
    /// Free text.
    #[default]
    Text,
    /// A JSON object.
    Json {
        /// Name of the form: letters, digits and `_`.
        name: String,
        /// JSON schema: an object, every property required, nothing else allowed.
        schema: Value,
    },
    /// Exactly one call of one of these tools. The reply's text is the JSON object
    /// `{"tool": name, "arguments": {..}}`, however the model was asked.
    OneTool(Vec<Tool>),
}

/// What a model is asked.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ChatRequest {
    /// The prompt.
    pub messages: Vec<ChatMessage>,
    /// What form the reply must have.
    pub form: ReplyForm,
    /// At most so many tokens in the reply; `None` = what the model block says.
    pub max_tokens: Option<u32>,
}

impl ChatRequest {
    /// A request for free text.
    pub fn text(messages: Vec<ChatMessage>) -> Self {
        Self {
            messages,
            ..Self::default()
        }
    }

    /// A request for a JSON object.
    pub fn json(messages: Vec<ChatMessage>, name: &str, schema: Value) -> Self {
        Self {
            messages,
            form: ReplyForm::Json {
                name: name.to_owned(),
                schema,
            },
            max_tokens: None,
        }
    }
}

/// Why a reply ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finish {
    /// The model was done.
    Stop,
    /// The limit of tokens cut it short.
    Length,
    /// A filter took it away.
    Filter,
    /// The server did not say, or said something else.
    Other,
}

/// Tokens of a call.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens sent; `None` = unknown.
    pub input: Option<u64>,
    /// Tokens received; `None` = unknown.
    pub output: Option<u64>,
    /// Of the tokens sent, those that the provider had cached; `None` = not told.
    pub cached: Option<u64>,
    /// Of the tokens received, those spent on reasoning; `None` = not told.
    pub reasoning: Option<u64>,
    /// Whether tokens were counted here because the provider did not report them.
    pub counted: bool,
    /// What the call costs in US dollars by the price table; `None` = unknown model.
    pub dollars: Option<f64>,
}

impl Usage {
    /// A token sent and one received.
    pub const ONE: Self = Self {
        input: Some(1),
        output: Some(1),
        cached: None,
        reasoning: None,
        counted: false,
        dollars: None,
    };
}

/// A model's reply.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChatReply {
    /// What it said, or the JSON that it was asked for.
    pub text: String,
    /// Why it ended.
    pub finish: Finish,
    /// Tokens.
    pub usage: Usage,
    /// Model that answered, as the provider names it.
    pub model: Option<String>,
}

/// Why a call failed after all attempts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct ModelError {
    /// What can be done about it.
    pub kind: ErrorKind,
    /// What happened: never a key, a host or a port.
    pub message: String,
}

impl ModelError {
    /// A failure.
    pub fn new(kind: ErrorKind, message: impl ToString) -> Self {
        Self {
            kind,
            message: message.to_string(),
        }
    }
}

/// How a call ended, and what it took.
#[derive(Debug, Clone, PartialEq)]
pub struct Completion<T> {
    /// The reply.
    pub result: Result<T, ModelError>,
    /// What it took, all attempts together.
    pub spent: Spent,
}

/// A model that continues conversations.
#[async_trait]
pub trait ChatModel: Send + Sync {
    /// Everything in the model block that shapes replies, in one line; never a host or a key.
    fn id(&self) -> &str;

    /// Content address of a request: digest of provider label, model, canonical body and `epoch`
    /// (the repeat of the stage that asks).
    fn key(&self, request: &ChatRequest, epoch: u32) -> String;

    /// Where its replies come from when nothing stands in between.
    fn traffic(&self) -> Traffic {
        Traffic::Live
    }

    /// What a reply takes at most, told before it is asked for: tokens of the prompt, tokens of the longest reply,
    /// and their price. `None` = not known.
    fn at_most(&self, _request: &ChatRequest) -> Usage {
        Usage::default()
    }

    /// What so many tokens cost in US dollars; `None` = not known.
    fn price(&self, _usage: &Usage) -> Option<f64> {
        None
    }

    /// Asks. Retries what may be retried.
    async fn complete(&self, request: &ChatRequest, epoch: u32) -> Completion<ChatReply>;
}

/// The only way to call a [`ChatModel`]: every call is charged to a stage.
#[derive(Clone)]
pub struct ChatHandle {
    name: Arc<str>,
    inner: Arc<dyn ChatModel>,
}

impl ChatHandle {
    /// A handle on `inner`, which the config calls `name`.
    pub fn new(name: &str, inner: Arc<dyn ChatModel>) -> Self {
        Self {
            name: name.into(),
            inner,
        }
    }

    /// Name in the config.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Everything that shapes replies.
    pub fn id(&self) -> &str {
        self.inner.id()
    }

    /// Whether its calls are paid for, at a price that is not known.
    pub fn has_no_price(&self) -> bool {
        self.inner.traffic() == Traffic::Live && self.inner.price(&Usage::ONE).is_none()
    }

    /// Content address of a request in this context.
    pub fn key(&self, cx: &Cx, request: &ChatRequest) -> String {
        self.inner.key(request, cx.epoch())
    }

    /// Asks for free text. A reply cut short by the limit of tokens is a reply (marked in the call
    /// row); one that is empty, or that a filter took away, is malformed.
    ///
    /// # Errors
    /// When the model fails after all attempts, or says nothing of its own.
    pub async fn complete(
        &self,
        cx: &Cx,
        request: &ChatRequest,
    ) -> Result<ChatReply, ComponentError> {
        let completion = self.inner.complete(request, cx.epoch()).await;
        let outcome = match &completion.result {
            Ok(reply) if reply.text.trim().is_empty() => CallOutcome::Malformed,
            // What is left then is the filter's, or a refusal: no answer of the system's.
            Ok(reply) if reply.finish == Finish::Filter => CallOutcome::Malformed,
            Ok(reply) if reply.finish == Finish::Length => CallOutcome::Truncated,
            Ok(_) => CallOutcome::Usable,
            Err(error) => CallOutcome::Failed(error.kind),
        };
        self.charge(cx, request, &completion, outcome);
        let reply = completion.result.map_err(|error| self.error(&error))?;
        if outcome == CallOutcome::Malformed {
            return Err(self.malformed(match reply.finish {
                Finish::Filter => "a filter took the reply away",
                _ => "the reply is empty",
            }));
        }
        Ok(reply)
    }

    /// Asks for JSON and reads it as `T`. A reply that cannot be read, or that `check` refuses, is
    /// sent back once with the reason.
    ///
    /// # Errors
    /// When the model fails after all attempts; [`ErrorKind::Malformed`] when the second reply
    /// cannot be read either.
    pub async fn structured<T: DeserializeOwned>(
        &self,
        cx: &Cx,
        request: &ChatRequest,
        check: impl Fn(&T) -> Result<(), String> + Send,
    ) -> Result<(T, ChatReply), ComponentError> {
        let mut request = request.clone();
        let mut last = String::new();
        for attempt in 0..2 {
            let completion = self.inner.complete(&request, cx.epoch()).await;
            let reply = match &completion.result {
                Ok(reply) => reply.clone(),
                Err(error) => {
                    self.charge(cx, &request, &completion, CallOutcome::Failed(error.kind));
                    return Err(self.error(error));
                }
            };
            let read = read_json(&reply.text).and_then(|value: T| {
                check(&value)?;
                Ok(value)
            });
            match read {
                Ok(value) => {
                    self.charge(cx, &request, &completion, CallOutcome::Usable);
                    return Ok((value, reply));
                }
                Err(reason) => {
                    self.charge(cx, &request, &completion, CallOutcome::Malformed);
                    if attempt == 0 {
                        // Some providers refuse an empty message.
                        if !reply.text.trim().is_empty() {
                            request.messages.push(ChatMessage::assistant(&reply.text));
                        }
                        request.messages.push(ChatMessage::user(format!(
                            "That reply cannot be used: {reason}. Reply again, with nothing but the JSON that was asked for."
                        )));
                    }
                    last = format!("{reason}; it replied: {}", beginning(&reply.text));
                }
            }
        }
        Err(self.malformed(&last))
    }

    fn charge(
        &self,
        cx: &Cx,
        request: &ChatRequest,
        completion: &Completion<ChatReply>,
        outcome: CallOutcome,
    ) {
        let reply = completion.result.as_ref().ok();
        cx.called(Call {
            stage: cx.stage(),
            kind: CallKind::Chat,
            model: self.name.to_string(),
            served_by: reply.and_then(|reply| reply.model.clone()),
            request: self.inner.key(request, cx.epoch()),
            inputs: 1,
            usage: reply.map(|reply| reply.usage).unwrap_or_default(),
            outcome,
            spent: completion.spent,
            background: false,
        });
    }

    fn error(&self, error: &ModelError) -> ComponentError {
        ComponentError::new(format!("model `{}`", self.name), error.kind, &error.message)
    }

    fn malformed(&self, reason: &str) -> ComponentError {
        ComponentError::new(
            format!("model `{}`", self.name),
            ErrorKind::Malformed,
            reason,
        )
    }
}

impl std::fmt::Debug for ChatHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ChatHandle").field(&self.id()).finish()
    }
}

/// At most a thousand characters of a reply that cannot be used: enough to see what went wrong.
fn beginning(text: &str) -> &str {
    match text.char_indices().nth(1_000) {
        Some((end, _)) => text.get(..end).unwrap_or(text),
        None => text,
    }
}

/// Reads the JSON object in a reply: models put it between fences, or words around it.
fn read_json<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let start = text.find('{').ok_or("there is no JSON object in it")?;
    let end = text.rfind('}').ok_or("its JSON object does not end")?;
    let object = text
        .get(start..=end)
        .ok_or("there is no JSON object in it")?;
    serde_json::from_str(object).map_err(|error| error.to_string())
}

#[cfg(test)]
#[path = "chat_tests.rs"]
mod tests;
