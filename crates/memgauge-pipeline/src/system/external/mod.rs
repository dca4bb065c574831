//! Systems from outside: a child process that speaks JSON lines (docs/EXTERNAL.md).

mod book;
mod child;
mod config;
mod message;
mod recalled;
mod talk;

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use memgauge_core::{
    Answer, ComponentError, Context, ConversationHead, ConversationId, Cx, ErrorKind, MemoryEvent,
    MemorySystem, Question, Recall, Session,
};
use tokio::sync::Mutex;

use self::child::Program;
use self::config::Limits;
use self::message::{Answered, Changes, Description, Recalled, Request};
use self::recalled::Reading;
use self::talk::{State, Trouble};
use super::unknown_conversation;
use crate::context::TimeFormat;

pub use self::config::{ExternalConfig, TimeoutConfig};

const KIND: &str = "external";

/// A system from outside. Its process is started by the first request and ends with this.
pub struct External {
    program: Arc<Program>,
    /// A folder of the system's own: emptied before every start.
    folder: PathBuf,
    k: usize,
    time: TimeFormat,
    limits: Limits,
    restarts: u32,
    /// What it said of itself.
    about: OnceLock<Description>,
    state: Mutex<State>,
}

impl External {
    fn new(
        program: Arc<Program>,
        folder: PathBuf,
        config: &ExternalConfig,
        limits: Limits,
    ) -> Self {
        Self {
            program,
            folder,
            k: config.k,
            time: config.time,
            limits,
            restarts: config.restarts,
            about: OnceLock::new(),
            state: Mutex::new(State::new(config.restarts)),
        }
    }

    /// A failure that is the outcome of a request.
    fn failed(kind: ErrorKind, message: impl ToString) -> ComponentError {
        ComponentError::new(KIND, kind, message)
    }

    /// What it said of itself; known once a process has answered.
    fn about(&self) -> Result<&Description, ComponentError> {
        self.about
            .get()
            .ok_or_else(|| Self::failed(ErrorKind::Permanent, "it has not described itself"))
    }

    /// A reply that has the form asked for and cannot be meant.
    fn senseless(op: &str, message: &str) -> ComponentError {
        Self::failed(ErrorKind::Malformed, format!("reply to `{op}`: {message}"))
    }

    /// Asks about a question. A process that fails at it is started again before this returns, so that
    /// no other question waits for that.
    async fn ask<T: serde::de::DeserializeOwned>(
        &self,
        cx: &Cx,
        state: &mut State,
        request: &Request<'_>,
        limit: Duration,
    ) -> Result<T, ComponentError> {
        let result = match self.running(cx, state).await {
            Ok(()) => self.request(state, request, limit).await,
            Err(error) => return Err(error),
        };
        match result {
            Ok(reply) => Ok(reply),
            Err(Trouble::Refused(error)) => Err(error),
            Err(Trouble::Gone(error)) => {
                // A restart that fails is told by the next question.
                let _ = self.running(cx, state).await;
                Err(error)
            }
        }
    }

    /// Hands something over. A process that fails at it is started again, told anew what it knew, and
    /// asked once more, as often as restarts are left.
    async fn hand_over(
        &self,
        cx: &Cx,
        state: &mut State,
        request: &Request<'_>,
        limit: Duration,
    ) -> Result<Changes, ComponentError> {
        loop {
            self.running(cx, state).await?;
            match self.request(state, request, limit).await {
                Ok(reply) => return Ok(reply),
                Err(Trouble::Refused(error)) => return Err(error),
                Err(Trouble::Gone(error)) if state.restarts_left == 0 => return Err(error),
                Err(Trouble::Gone(error)) => {
                    tracing::warn!(%error, "started again");
                }
            }
        }
    }
}

#[async_trait]
impl MemorySystem for External {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn keeps_memories(&self) -> bool {
        self.about.get().is_some_and(|about| about.events)
    }

    fn version(&self) -> Option<String> {
        let about = self.about.get()?;
        Some(match &about.version {
            Some(version) => format!("{} {version}", about.name),
            None => about.name.clone(),
        })
    }

    async fn ingest(
        &self,
        cx: &Cx,
        head: &ConversationHead,
        session: &Session,
    ) -> Result<Vec<MemoryEvent>, ComponentError> {
        let mut state = self.state.lock().await;
        let request = Request::ingest(head, session);
        let reply = self
            .hand_over(cx, &mut state, &request, self.limits.ingest)
            .await?;
        cx.count("external:ingest", 1);
        let events = state
            .remember(self.about()?, head, session, reply.events)
            .map_err(|message| Self::senseless(request.op(), &message))?;
        Ok(events)
    }

    async fn flush(&self, cx: &Cx) -> Result<Vec<(ConversationId, MemoryEvent)>, ComponentError> {
        let mut state = self.state.lock().await;
        let reply = self
            .hand_over(cx, &mut state, &Request::Flush, self.limits.flush)
            .await?;
        cx.count("external:flush", 1);
        state
            .seal(self.about()?, reply.events)
            .map_err(|message| Self::senseless(Request::Flush.op(), &message))
    }

    async fn recall(
        &self,
        cx: &Cx,
        conversation: &ConversationId,
        question: &Question,
    ) -> Result<Recall, ComponentError> {
        let mut state = self.state.lock().await;
        if !state.said.has(conversation) {
            return Err(unknown_conversation(KIND, conversation));
        }
        let request = Request::Recall {
            conversation,
            question: &question.text,
            k: self.k,
        };
        cx.count("external:recall", 1);
        let reply: Recalled = self
            .ask(cx, &mut state, &request, self.limits.recall)
            .await?;
        let reading = Reading {
            about: self.about()?,
            said: &state.said,
            book: &state.book,
            conversation,
            k: self.k,
            time: self.time,
        };
        reading
            .recall(reply)
            .map_err(|message| Self::senseless(request.op(), &message))
    }

    async fn answer(
        &self,
        cx: &Cx,
        conversation: &ConversationId,
        question: &Question,
        context: &Context,
    ) -> Result<Answer, ComponentError> {
        let mut state = self.state.lock().await;
        let request = Request::Answer {
            conversation,
            question: &question.text,
            context: &context.text,
        };
        cx.count("external:answer", 1);
        let reply: Answered = self
            .ask(cx, &mut state, &request, self.limits.answer)
            .await?;
        Ok(Answer {
            text: reply.answer,
            entry: None,
        })
    }
}
