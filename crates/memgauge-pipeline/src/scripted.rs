//! A chat model for tests that says what a function tells it to.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use memgauge_core::{
    BuildError, ChatHandle, ChatModel, ChatReply, ChatRequest, Completion, EmbedderHandle,
    ErrorKind, Finish, ModelError, Parts, Spent, Tokenizer, Usage,
};

/// What the model does with a request: says something, or fails.
pub(crate) type Script = dyn Fn(&ChatRequest) -> Result<String, ErrorKind> + Send + Sync;

/// See the module.
pub(crate) struct Scripted {
    script: Box<Script>,
    delay: Box<dyn Fn(&ChatRequest) -> Duration + Send + Sync>,
    asked: Mutex<Vec<(ChatRequest, u32)>>,
}

impl Scripted {
    pub(crate) fn new(
        script: impl Fn(&ChatRequest) -> Result<String, ErrorKind> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Self::slow(script, |_| Duration::ZERO)
    }

    /// The same replies to everything.
    pub(crate) fn always(reply: &'static str) -> Arc<Self> {
        Self::new(move |_| Ok(reply.to_owned()))
    }

    pub(crate) fn slow(
        script: impl Fn(&ChatRequest) -> Result<String, ErrorKind> + Send + Sync + 'static,
        delay: impl Fn(&ChatRequest) -> Duration + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            script: Box::new(script),
            delay: Box::new(delay),
            asked: Mutex::default(),
        })
    }

    /// Every request so far with its epoch, in the order of arrival.
    pub(crate) fn asked(&self) -> Vec<(ChatRequest, u32)> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.clone()
    }

    /// The last message of every request so far.
    pub(crate) fn last_messages(&self) -> Vec<String> {
        let last = |(request, _): (ChatRequest, u32)| request.messages.last().cloned();
        self.asked()
            .into_iter()
            .filter_map(last)
            .map(|message| message.content)
            .collect()
    }
}

#[async_trait]
impl ChatModel for Scripted {
    fn id(&self) -> &str {
        "scripted"
    }

    fn key(&self, request: &ChatRequest, epoch: u32) -> String {
        let text = serde_json::to_string(request).unwrap_or_default();
        blake3::hash(format!("{epoch} {text}").as_bytes()).to_string()
    }

    async fn complete(&self, request: &ChatRequest, epoch: u32) -> Completion<ChatReply> {
        self.asked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((request.clone(), epoch));
        let delay = (self.delay)(request);
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        let result = (self.script)(request)
            .map(|text| ChatReply {
                text,
                finish: Finish::Stop,
                usage: Usage::default(),
                model: None,
            })
            .map_err(|kind| ModelError::new(kind, "the script fails"));
        Completion {
            result,
            spent: Spent::default(),
        }
    }
}

/// A part shop with one chat model, `chat`, and the prompts that come with memgauge.
pub(crate) struct ChatShop(pub(crate) Arc<Scripted>);

impl Parts for ChatShop {
    fn chat(&self, name: &str) -> Result<ChatHandle, BuildError> {
        if name == "chat" {
            let model: Arc<dyn ChatModel> = Arc::clone(&self.0) as _;
            Ok(ChatHandle::new(name, model))
        } else {
            Err(BuildError::new(format!("no chat model `{name}`")))
        }
    }

    fn embedder(&self, name: &str) -> Result<EmbedderHandle, BuildError> {
        Err(BuildError::new(format!("no embedder `{name}`")))
    }

    fn tokenizer(&self, name: &str) -> Result<Arc<dyn Tokenizer>, BuildError> {
        Err(BuildError::new(format!("no tokenizer `{name}`")))
    }

    fn folder(&self) -> &Path {
        Path::new(".")
    }
}
