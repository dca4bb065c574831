//! A chat model behind an exchange.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use memgauge_core::meter::CallKind;
use memgauge_core::{
    ChatModel, ChatReply, ChatRequest, ChatRole, Completion, ErrorKind, ModelError, Spent, Traffic,
    Usage,
};

use super::budget::Paid;
use super::entry::{Entry, EntryKind, Kept, is_whole};
use super::error::TrafficError;
use super::{Shared, Source, now};

/// A chat model whose traffic goes as its exchange says.
pub(super) struct Chat {
    pub(super) inner: Arc<dyn ChatModel>,
    pub(super) exchange: Arc<Shared>,
}

#[async_trait]
impl ChatModel for Chat {
    fn id(&self) -> &str {
        self.inner.id()
    }

    fn key(&self, request: &ChatRequest, epoch: u32) -> String {
        self.inner.key(request, epoch)
    }

    fn traffic(&self) -> Traffic {
        self.inner.traffic()
    }

    fn at_most(&self, request: &ChatRequest) -> Usage {
        self.inner.at_most(request)
    }

    fn price(&self, usage: &Usage) -> Option<f64> {
        self.inner.price(usage)
    }

    async fn complete(&self, request: &ChatRequest, epoch: u32) -> Completion<ChatReply> {
        let key = self.inner.key(request, epoch);
        let completion = match &self.exchange.source {
            Source::Live => {
                let completion = self.send(&key, request, epoch).await;
                self.ended(&key, completion)
            }
            Source::Cassette(cassette) => {
                let start = Instant::now();
                match cassette.get(EntryKind::Chat, &key) {
                    Some(entry) => served(entry.clone(), Traffic::Cassette, start.elapsed()),
                    None => self.missed(&key, request, cassette.path()),
                }
            }
            // A script costs nothing and may change.
            Source::Cache(_) if self.inner.traffic() == Traffic::Fake => {
                self.inner.complete(request, epoch).await
            }
            Source::Cache(_) | Source::Recording(_) => self.kept(&key, request, epoch).await,
        };
        self.exchange.tally.chat(&key, request, &completion);
        completion
    }
}

impl Chat {
    /// Live, as far as the budget goes. That it is sent is written down first.
    async fn send(&self, key: &str, request: &ChatRequest, epoch: u32) -> Completion<ChatReply> {
        let (inner, exchange) = (&self.inner, &self.exchange);
        if inner.traffic() != Traffic::Live {
            return inner.complete(request, epoch).await;
        }
        let reservation = match exchange.budget.get() {
            Some(budget) => match budget.reserve(|| inner.at_most(request)).await {
                Ok(reservation) => Some(reservation),
                Err(error) => return unsent(error),
            },
            None => None,
        };
        if let Err(error) = exchange.sent.sends([key]) {
            return refused(error);
        }
        let mut completion = inner.complete(request, epoch).await;
        let Some(reservation) = reservation else {
            return completion;
        };
        completion.spent.paused += reservation.waited;
        let reply = completion.result.as_ref().ok();
        let paid = reply.map(|reply| Paid {
            model: inner.id(),
            kind: CallKind::Chat,
            request: key,
            inputs: 1,
            usage: reply.usage,
        });
        if let Err(error) = reservation.settle(paid.into_iter()) {
            completion.result = Err(error);
        }
        completion
    }

    /// From what is kept, or live and then kept.
    async fn kept(&self, key: &str, request: &ChatRequest, epoch: u32) -> Completion<ChatReply> {
        let exchange = &self.exchange;
        let _turn = exchange.flights.claim(&[key]).await;
        let start = Instant::now();
        let calls = match exchange.source.calls() {
            Ok(calls) => calls,
            Err(error) => return refused(error),
        };
        match calls.get(EntryKind::Chat, key) {
            Ok(Some(entry)) if exchange.source.serves(&entry) => {
                return served(entry, Traffic::Cache, start.elapsed());
            }
            Ok(_) => {}
            Err(error) => return refused(error),
        }
        let mut completion = self.send(key, request, epoch).await;
        let kept = exchange.source.keeps_reply(&completion.result);
        if let Some(kept) = kept {
            let is_refusal = matches!(kept, Kept::Refusal(_));
            let reply = completion.result.as_ref().ok();
            let entry = Entry {
                kind: EntryKind::Chat,
                key: key.to_owned(),
                model: self.inner.id().to_owned(),
                kept,
                usage: reply.map(|reply| reply.usage).unwrap_or_default(),
                served_by: reply.and_then(|reply| reply.model.clone()),
                took: completion.spent.provider,
                request: serde_json::to_value(request).ok(),
                recorded: Some(now()),
            };
            match calls.put(&[entry]).await {
                Ok(()) if is_refusal => exchange.source.refused_here(key),
                Ok(()) => {}
                // The reply was paid for, and the run must not go on as if it were kept.
                Err(error) => completion.result = Err(error.into()),
            }
        }
        if matches!(exchange.source, Source::Recording(_)) {
            let kept = exchange.source.keeps_reply(&completion.result).is_some();
            exchange.tally.recorded([key].into_iter(), kept);
        }
        self.ended(key, completion)
    }

    /// The reply is here, and kept if it is to be kept.
    fn ended(&self, key: &str, mut completion: Completion<ChatReply>) -> Completion<ChatReply> {
        if self.inner.traffic() == Traffic::Live
            && let Err(error) = self.exchange.sent.ended([key])
        {
            completion.result = Err(error.into());
        }
        completion
    }

    fn missed(
        &self,
        key: &str,
        request: &ChatRequest,
        cassette: &std::path::Path,
    ) -> Completion<ChatReply> {
        let asked = request
            .messages
            .iter()
            .rfind(|message| message.role == ChatRole::User)
            .map_or("", |message| message.content.as_str());
        Completion {
            result: Err(ModelError::new(
                ErrorKind::NotRecorded,
                not_recorded(self.inner.id(), key, asked, cassette),
            )),
            spent: Spent {
                traffic: Traffic::Cassette,
                ..Spent::default()
            },
        }
    }
}

/// A request that a cassette does not hold, named so that people can find it.
pub(super) fn not_recorded(
    model: &str,
    key: &str,
    text: &str,
    cassette: &std::path::Path,
) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (words, more) = match words.char_indices().nth(120) {
        Some((end, _)) => (words.get(..end).unwrap_or(&words), "..."),
        None => (words.as_str(), ""),
    };
    format!(
        "{} holds no reply of {model} to request {}: \"{words}{more}\"",
        cassette.display(),
        key.get(..16).unwrap_or(key),
    )
}

/// An entry in place of a call.
fn served(entry: Entry, traffic: Traffic, own: Duration) -> Completion<ChatReply> {
    let spent = Spent {
        traffic,
        own,
        replayed: Some(entry.took),
        ..Spent::default()
    };
    Completion {
        result: entry.into_reply(),
        spent,
    }
}

/// The database refuses: nothing was asked.
fn refused(error: TrafficError) -> Completion<ChatReply> {
    unsent(error.into())
}

/// Nothing was asked.
fn unsent(error: ModelError) -> Completion<ChatReply> {
    Completion {
        result: Err(error),
        spent: Spent::default(),
    }
}

impl Source {
    /// What is kept of a reply, if anything: a cache keeps what can be served, a recording all that
    /// a replay needs.
    fn keeps_reply(&self, result: &Result<ChatReply, ModelError>) -> Option<Kept> {
        let reply = |reply: &ChatReply| Kept::Reply {
            text: reply.text.clone(),
            finish: reply.finish,
        };
        match (self, result) {
            (Self::Cache(_), Ok(it)) if is_whole(&it.text, it.finish) => Some(reply(it)),
            (Self::Recording(_), Ok(it)) => Some(reply(it)),
            (Self::Recording(_), Err(error)) if is_refusal(error.kind) => {
                Some(Kept::Refusal(error.clone()))
            }
            _ => None,
        }
    }
}

/// Whether the reason lies in the request, so that a replay fails alike.
pub(super) fn is_refusal(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::ContextTooLong | ErrorKind::Permanent)
}
