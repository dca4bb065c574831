//! A chat model with a script, for tests of the parts that ask one.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use memgauge_core::{
    BuildError, ChatHandle, ChatModel, ChatReply, ChatRequest, Completion, ConversationId,
    EmbedderHandle, ErrorKind, Finish, ModelError, Parts, Question, QuestionId, Spent, Tokenizer,
    Traffic, Usage,
};

/// Replies with one text after the other, then says that the prompt is too long.
#[derive(Default)]
struct Script {
    replies: Mutex<Vec<String>>,
    requests: Mutex<Vec<(ChatRequest, u32)>>,
}

#[async_trait]
impl ChatModel for Script {
    fn id(&self) -> &str {
        "script"
    }

    fn key(&self, request: &ChatRequest, epoch: u32) -> String {
        format!("{}/{epoch}", request.messages.len())
    }

    async fn complete(&self, request: &ChatRequest, epoch: u32) -> Completion<ChatReply> {
        self.requests.lock().unwrap().push((request.clone(), epoch));
        let mut replies = self.replies.lock().unwrap();
        let result = if replies.is_empty() {
            Err(ModelError::new(ErrorKind::ContextTooLong, "too long"))
        } else {
            Ok(ChatReply {
                text: replies.remove(0),
                finish: Finish::Stop,
                usage: Usage::default(),
                model: None,
            })
        };
        Completion {
            result,
            spent: Spent {
                traffic: Traffic::Fake,
                provider: Duration::ZERO,
                ..Spent::default()
            },
        }
    }
}

/// Parts with the chat model `chat`, and nothing else.
pub(crate) struct Shop(Arc<Script>);

impl Shop {
    /// The model replies with these texts, in order.
    pub(crate) fn replying<'a>(replies: impl IntoIterator<Item = &'a str>) -> Self {
        Self(Arc::new(Script {
            replies: Mutex::new(replies.into_iter().map(str::to_owned).collect()),
            requests: Mutex::default(),
        }))
    }

    /// What the model was asked so far.
    pub(crate) fn requests(&self) -> Vec<ChatRequest> {
        let requests = self.0.requests.lock().unwrap();
        requests
            .iter()
            .map(|(request, _)| request.clone())
            .collect()
    }

    /// Epochs of the requests so far.
    pub(crate) fn epochs(&self) -> Vec<u32> {
        let requests = self.0.requests.lock().unwrap();
        requests.iter().map(|(_, epoch)| *epoch).collect()
    }
}

impl Parts for Shop {
    fn chat(&self, name: &str) -> Result<ChatHandle, BuildError> {
        match name {
            "chat" => Ok(ChatHandle::new(name, Arc::clone(&self.0) as _)),
            _ => Err(BuildError::at("model", "there is only `chat`")),
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

/// A question about nothing in particular.
pub(crate) fn question(text: &str) -> Question {
    Question {
        id: QuestionId {
            conversation: ConversationId::new("c"),
            index: 0,
        },
        text: text.to_owned(),
    }
}
