//! Requests and replies, and what happens when there is none: the process is ended, started again and
//! told anew what it knew.

use std::time::Duration;

use memgauge_core::{
    ComponentError, ConversationHead, ConversationId, Cx, ErrorKind, MemoryEvent, Session,
};
use serde::de::DeserializeOwned;

use super::External;
use super::book::{Book, Transcripts};
use super::child::{Child, LONGEST_LINE, Silence};
use super::message::{Change, Changes, Description, Done, PROTOCOL, Request, Unfit, reply};

/// A session that was handed over, and what became of it.
struct Heard {
    head: ConversationHead,
    session: Session,
    events: Vec<MemoryEvent>,
}

/// The process and what it was told.
pub(super) struct State {
    child: Option<Child>,
    /// Whether a process was ever started.
    started: bool,
    pub(super) restarts_left: u32,
    /// How the last process failed.
    last: Option<ComponentError>,
    pub(super) said: Transcripts,
    pub(super) book: Book,
    heard: Vec<Heard>,
    /// What `flush` led to, once it was asked for.
    sealed: Option<Vec<(ConversationId, MemoryEvent)>>,
}

impl State {
    pub(super) fn new(restarts: u32) -> Self {
        Self {
            child: None,
            started: false,
            restarts_left: restarts,
            last: None,
            said: Transcripts::default(),
            book: Book::default(),
            heard: Vec::new(),
            sealed: None,
        }
    }

    /// Notes that a session was taken in.
    pub(super) fn remember(
        &mut self,
        about: &Description,
        head: &ConversationHead,
        session: &Session,
        changes: Vec<Change>,
    ) -> Result<Vec<MemoryEvent>, String> {
        self.said.note(&head.id, session);
        let at = Some((&head.id, session.held_at));
        let events = self.book.carry_out(changes, about, at, &self.said)?;
        if let Some((other, _)) = events.iter().find(|(of, _)| *of != head.id) {
            return Err(format!(
                "an event of `{other}`, which was not handed over now"
            ));
        }
        let events: Vec<MemoryEvent> = events.into_iter().map(|(_, event)| event).collect();
        self.heard.push(Heard {
            head: head.clone(),
            session: session.clone(),
            events: events.clone(),
        });
        Ok(events)
    }

    /// Notes that everything is searchable.
    pub(super) fn seal(
        &mut self,
        about: &Description,
        changes: Vec<Change>,
    ) -> Result<Vec<(ConversationId, MemoryEvent)>, String> {
        let events = self.book.carry_out(changes, about, None, &self.said)?;
        self.sealed = Some(events.clone());
        Ok(events)
    }
}

/// Why a request has no reply that can be used.
pub(super) enum Trouble {
    /// The process is well and said something of no use.
    Refused(ComponentError),
    /// The process is gone.
    Gone(ComponentError),
}

impl Trouble {
    fn error(self) -> ComponentError {
        match self {
            Self::Refused(error) | Self::Gone(error) => error,
        }
    }
}

impl External {
    /// Sees to it that a process is there that knows what it was told, at the cost of a restart where
    /// there was one before.
    pub(super) async fn running(&self, cx: &Cx, state: &mut State) -> Result<(), ComponentError> {
        while state.child.is_none() {
            if state.started {
                if state.restarts_left == 0 {
                    let why = state
                        .last
                        .as_ref()
                        .map_or("", |error| error.message.as_str());
                    let kind = state.last.as_ref().map_or(ErrorKind::Permanent, |e| e.kind);
                    let message = format!(
                        "gone, and not started again (restarts = {}): {why}",
                        self.restarts
                    );
                    return Err(Self::failed(kind, message));
                }
                state.restarts_left -= 1;
                cx.count("external:restart", 1);
            }
            state.started = true;
            if let Err(trouble) = self.start(state).await {
                state.child = None;
                let error = trouble.error();
                tracing::warn!(%error, "start");
                state.last = Some(error);
            }
        }
        Ok(())
    }

    /// Starts a process and tells it what the one before knew.
    async fn start(&self, state: &mut State) -> Result<(), Trouble> {
        let gone = |kind, message: String| Trouble::Gone(Self::failed(kind, message));
        let folder = self.folder.display();
        let empty = match std::fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => std::fs::create_dir_all(&self.folder),
        };
        empty.map_err(|error| gone(ErrorKind::Storage, format!("{folder}: {error}")))?;
        let child = Child::start(&self.program).map_err(|error| {
            let path = self.program.path.display();
            gone(ErrorKind::Permanent, format!("{path}: {error}"))
        })?;
        state.child = Some(child);
        let limit = self.limits.start;
        let describe = Request::Describe {
            protocol: PROTOCOL,
            folder: &folder.to_string(),
        };
        let about: Description = self.request(state, &describe, limit).await?;
        if about.protocol != PROTOCOL {
            let message = format!(
                "it speaks protocol {}, this memgauge protocol {PROTOCOL}",
                about.protocol
            );
            return Err(gone(ErrorKind::Permanent, message));
        }
        if *self.about.get_or_init(|| about.clone()) != about {
            let message = "it describes itself otherwise than before".to_owned();
            return Err(gone(ErrorKind::Malformed, message));
        }
        let Done {} = self.request(state, &Request::Reset, limit).await?;
        self.tell_again(state, &about).await
    }

    /// Hands over again what an earlier process had taken in. The journal is written: what this one
    /// tells must be the same, whatever names it gives to its memories.
    async fn tell_again(&self, state: &mut State, about: &Description) -> Result<(), Trouble> {
        let otherwise = |message: &str| {
            let message = format!("after a restart: {message}");
            Trouble::Gone(Self::failed(ErrorKind::Malformed, message))
        };
        let differs = || otherwise("it does not tell the same events as before");
        let heard = std::mem::take(&mut state.heard);
        let mut book = Book::default();
        let mut result = Ok(());
        for heard in &heard {
            let request = Request::ingest(&heard.head, &heard.session);
            let reply: Result<Changes, Trouble> =
                self.request(state, &request, self.limits.ingest).await;
            result = reply.and_then(|reply| {
                let at = Some((&heard.head.id, heard.session.held_at));
                let events = book
                    .carry_out(reply.events, about, at, &state.said)
                    .map_err(|message| otherwise(&message))?;
                let same = events.iter().map(|(_, event)| event).eq(&heard.events);
                same.then_some(()).ok_or_else(differs)
            });
            if result.is_err() {
                break;
            }
        }
        state.heard = heard;
        result?;
        if let Some(sealed) = state.sealed.take() {
            let reply: Result<Changes, Trouble> = self
                .request(state, &Request::Flush, self.limits.flush)
                .await;
            let events = reply.and_then(|reply| {
                book.carry_out(reply.events, about, None, &state.said)
                    .map_err(|message| otherwise(&message))
            });
            let same = events.map(|events| events == sealed);
            state.sealed = Some(sealed);
            if !same? {
                return Err(differs());
            }
        }
        state.book = book;
        Ok(())
    }

    /// One request and its reply.
    pub(super) async fn request<T: DeserializeOwned>(
        &self,
        state: &mut State,
        request: &Request<'_>,
        limit: Duration,
    ) -> Result<T, Trouble> {
        let op = request.op();
        // Out of the state while it works: whoever stops waiting ends it, and no reply is taken for
        // another's.
        let Some(mut child) = state.child.take() else {
            let message = "no process".to_owned();
            return Err(Trouble::Gone(Self::failed(ErrorKind::Permanent, message)));
        };
        let id = child.number();
        let line = request
            .line(id)
            .map_err(|error| Trouble::Refused(Self::failed(ErrorKind::Permanent, error)))?;
        let (kind, message) = match child.exchange(&line, limit).await {
            Ok(line) => match reply(&line, id) {
                Ok(reply) => {
                    state.child = Some(child);
                    return Ok(reply);
                }
                Err(Unfit::Refused(message)) => {
                    let message = self.program.shown(message.as_bytes());
                    let message = format!("`{op}` failed: {message}");
                    state.child = Some(child);
                    return Err(Trouble::Refused(Self::failed(
                        ErrorKind::Permanent,
                        message,
                    )));
                }
                Err(Unfit::Form(error)) => {
                    let shown = self.program.shown(&line);
                    let error = self.program.shown(error.as_bytes());
                    let message = format!("reply to `{op}`: {error}: {shown}");
                    state.child = Some(child);
                    return Err(Trouble::Refused(Self::failed(
                        ErrorKind::Malformed,
                        message,
                    )));
                }
                Err(Unfit::Noise) => {
                    let shown = self.program.shown(&line);
                    let message = format!(
                        "`{op}`: a line on its standard output is no reply: `{shown}` (a reply is a \
                         JSON object with the request's id; whatever else is printed must go to \
                         standard error)"
                    );
                    (ErrorKind::Malformed, message)
                }
                Err(Unfit::OtherId) => {
                    let shown = self.program.shown(&line);
                    let message = format!("`{op}`: expected the reply to request {id}: `{shown}`");
                    (ErrorKind::Malformed, message)
                }
            },
            Err(Silence::TooLong(start)) => {
                let shown = self.program.shown(start.get(..64 << 10).unwrap_or(&start));
                let limit = LONGEST_LINE >> 20;
                let message = format!("reply to `{op}`: longer than {limit} MiB: {shown}");
                (ErrorKind::Malformed, message)
            }
            Err(Silence::TimedOut) => {
                let message = format!("`{op}` took longer than {} s", limit.as_secs_f64());
                (ErrorKind::Transient, message)
            }
            Err(Silence::Ended(how)) => (ErrorKind::Transient, format!("`{op}`: {how}")),
        };
        let words = child.last_words().await;
        let error = Self::failed(kind, format!("{message}{words}"));
        state.last = Some(Self::failed(error.kind, &error.message));
        Err(Trouble::Gone(error))
    }
}
