//! The rolling summary and its logical clock.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use memgauge_core::{
    BuildError, Charge, ChatHandle, ChatRequest, ComponentError, ConversationId, Cx, ErrorKind,
    Meter, Parts, Stage, Window,
};
use serde_json::{Value, json};

use super::extract::text;
use super::{SummaryConfig, at_least_one};
use crate::context::spoken_time;
use crate::prompt::{Prompt, required};

/// Makes summaries in the background and hands them out when their time has come.
pub(super) struct Rolling {
    every: u64,
    lag: u64,
    maker: Arc<Maker>,
    tracks: Mutex<BTreeMap<Key, Track>>,
}

/// Conversation and speaker whose memory is written.
type Key = (ConversationId, Option<String>);

/// The clock of one conversation.
#[derive(Default)]
struct Track {
    /// Windows read so far.
    windows: u64,
    /// Messages that no summary covers yet.
    since: Vec<Value>,
    /// The summary in use.
    current: String,
    /// Summaries being made, or made and not used yet, oldest first.
    refreshes: VecDeque<Refresh>,
    /// The last one, which the next one builds on.
    last: Option<Made>,
}

/// A summary being made.
struct Refresh {
    /// Number of the window after which it was begun.
    after: u64,
    made: Made,
    is_booked: bool,
    // Ends the work where nobody will use it.
    _task: Task,
}

/// What the making of a summary comes to; `None` = its task is gone.
type Made = Shared<BoxFuture<'static, Option<Arc<Summary>>>>;

struct Summary {
    /// The summary; the older one where none could be made.
    text: String,
    /// Why ingestion cannot go on, if it cannot.
    failure: Option<(ErrorKind, String)>,
    /// Messages that it could not take in because of that: the next one does.
    unread: Vec<Value>,
    /// What it took.
    meter: Arc<Meter>,
}

struct Task(tokio::task::AbortHandle);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Rolling {
    pub(super) fn new(
        config: &SummaryConfig,
        chat: ChatHandle,
        parts: &dyn Parts,
    ) -> Result<Self, BuildError> {
        at_least_one("summary.every", Some(config.every))?;
        at_least_one("summary.lag", Some(config.lag))?;
        at_least_one("summary.max-words", Some(config.max_words as u64))?;
        at_least_one("summary.max-tokens", config.max_tokens.map(u64::from))?;
        let like = required("summary/rolling")?;
        let maker = Maker {
            chat,
            prompt: Prompt::named(parts, "summary.prompt", &config.prompt, like)?,
            max_words: config.max_words,
            max_tokens: config.max_tokens,
        };
        Ok(Self {
            every: config.every,
            lag: config.lag,
            maker: Arc::new(maker),
            tracks: Mutex::default(),
        })
    }

    fn tracks(&self) -> MutexGuard<'_, BTreeMap<Key, Track>> {
        self.tracks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The summary that the next window of this conversation sees. Waits for it where it is due
    /// and not ready, and books what it took.
    pub(super) async fn current(
        &self,
        cx: &Cx,
        window: &Window<'_>,
    ) -> Result<String, ComponentError> {
        let key = key(window);
        let (mut current, due) = {
            let mut tracks = self.tracks();
            let track = tracks.entry(key.clone()).or_default();
            let number = track.windows + 1;
            let count = track
                .refreshes
                .iter()
                .take_while(|refresh| refresh.after + self.lag <= number)
                .count();
            let due: Vec<Refresh> = track.refreshes.drain(..count).collect();
            (track.current.clone(), due)
        };
        if due.is_empty() {
            return Ok(current);
        }
        for mut refresh in due {
            let summary = refresh.summary(cx).await;
            refresh.book(cx, &summary);
            current = usable(&summary)?.to_owned();
        }
        if let Some(track) = self.tracks().get_mut(&key) {
            track.current.clone_from(&current);
        }
        Ok(current)
    }

    /// Counts a window that was read and begins a new summary where it is time.
    pub(super) fn tick(&self, cx: &Cx, window: &Window<'_>, captions: bool) {
        let mut tracks = self.tracks();
        let track = tracks.entry(key(window)).or_default();
        track.windows += 1;
        let time = spoken_time(window.session.held_at);
        track.since.extend(window.turns.iter().map(
            |turn| json!({"time": time, "speaker": turn.speaker, "text": text(turn, captions)}),
        ));
        if !track.windows.is_multiple_of(self.every) {
            return;
        }
        let work = Arc::clone(&self.maker).make(
            track.last.clone(),
            json!({
                "speakers": window.head.speakers,
                "turns": std::mem::take(&mut track.since),
                "max_words": self.maker.max_words,
            }),
            cx.epoch(),
        );
        let task = tokio::spawn(work);
        let abort = Task(task.abort_handle());
        let made = async move { task.await.ok().map(Arc::new) }
            .boxed()
            .shared();
        track.last = Some(made.clone());
        track.refreshes.push_back(Refresh {
            after: track.windows,
            made,
            is_booked: false,
            _task: abort,
        });
    }

    /// Waits for all that is being made and books it. The clock does not move: a summary made here
    /// is used no earlier than any other.
    pub(super) async fn finish(&self, cx: &Cx) -> Result<(), ComponentError> {
        let pending: Vec<Made> = {
            let tracks = self.tracks();
            let refreshes = tracks.values().flat_map(|track| &track.refreshes);
            refreshes.map(|refresh| refresh.made.clone()).collect()
        };
        for made in pending {
            wait(cx, &made).await;
        }
        let mut tracks = self.tracks();
        let mut result = Ok(());
        for refresh in tracks.values_mut().flat_map(|track| &mut track.refreshes) {
            let summary = refresh.made.peek().cloned().flatten();
            refresh.book(cx, &summary);
            // No window sees these summaries: a failure only counts if nothing else can go on either.
            if let Err(error) = usable(&summary)
                && error.kind.stops_the_run()
            {
                result = result.and(Err(error));
            }
        }
        result
    }
}

impl Rolling {
    /// Forgets what was said in the conversations that `is_gone` names.
    pub(super) fn forget(&self, is_gone: &dyn Fn(&ConversationId) -> bool) {
        self.tracks()
            .retain(|(conversation, _), _| !is_gone(conversation));
    }
}

fn key(window: &Window<'_>) -> Key {
    let perspective = window.perspective.map(str::to_owned);
    (window.head.id.clone(), perspective)
}

impl Refresh {
    async fn summary(&self, cx: &Cx) -> Option<Arc<Summary>> {
        wait(cx, &self.made).await
    }

    /// Charges it where it is used, once.
    fn book(&mut self, cx: &Cx, summary: &Option<Arc<Summary>>) {
        if let (false, Some(summary)) = (self.is_booked, summary) {
            cx.absorb(&summary.meter);
            self.is_booked = true;
        }
    }
}

/// Waits, and books the time that ingestion was held up. Time alone: how often it had to wait is
/// chance and belongs into no counter.
async fn wait(cx: &Cx, made: &Made) -> Option<Arc<Summary>> {
    if let Some(summary) = made.clone().now_or_never() {
        return summary;
    }
    let start = Instant::now();
    let summary = made.clone().await;
    cx.charge(&Charge {
        paused: start.elapsed(),
        ..Charge::default()
    });
    summary
}

fn usable(summary: &Option<Arc<Summary>>) -> Result<&str, ComponentError> {
    let error = |kind, message: &str| ComponentError::new("summary", kind, message);
    match summary {
        None => Err(error(ErrorKind::Permanent, "the background task is gone")),
        Some(summary) => match &summary.failure {
            Some((kind, message)) => Err(error(*kind, message)),
            None => Ok(&summary.text),
        },
    }
}

/// What a summary is made with.
struct Maker {
    chat: ChatHandle,
    prompt: Prompt,
    max_words: usize,
    max_tokens: Option<u32>,
}

impl Maker {
    /// Makes a summary from the one before and what `values` holds about the messages since.
    async fn make(self: Arc<Self>, before: Option<Made>, mut values: Value, epoch: u32) -> Summary {
        let meter = Meter::new();
        let mut summary = Summary {
            text: String::new(),
            failure: None,
            unread: Vec::new(),
            meter: Arc::clone(&meter),
        };
        // One that failed leaves the summary before it, and its messages: whoever goes on after a failure goes on
        // from there.
        let mut turns = Vec::new();
        if let Some(before) = before {
            match before.await {
                Some(before) => {
                    summary.text.clone_from(&before.text);
                    turns.clone_from(&before.unread);
                }
                None => {
                    let message = "the summary before is gone".to_owned();
                    summary.failure = Some((ErrorKind::Permanent, message));
                    return summary;
                }
            }
        }
        if let Some(Value::Array(new)) = values.get_mut("turns") {
            turns.append(new);
        }
        let said = Value::Array(turns);
        let cx = meter.at(Stage::Extract).at_epoch(epoch);
        cx.count("summary:rolling", 1);
        if let Value::Object(values) = &mut values {
            values.insert("summary".to_owned(), Value::from(summary.text.as_str()));
            values.insert("turns".to_owned(), said.clone());
        }
        let asked = match self.prompt.render(&values) {
            Ok(messages) => {
                let request = ChatRequest {
                    max_tokens: self.max_tokens,
                    ..ChatRequest::text(messages)
                };
                self.chat.complete(&cx, &request).await
            }
            Err(error) => Err(error),
        };
        match asked {
            Ok(reply) => reply.text.trim().clone_into(&mut summary.text),
            Err(error) => match error.kind {
                ErrorKind::Malformed => cx.count("malformed:summary", 1),
                ErrorKind::ContextTooLong => cx.count("too-long:summary", 1),
                kind => {
                    summary.failure = Some((kind, error.to_string()));
                    if let Value::Array(turns) = said {
                        summary.unread = turns;
                    }
                }
            },
        }
        summary
    }
}
