//! Models that are not asked: requests are counted and priced, replies come from what is kept or are assumed.

mod chat;
mod vectors;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use memgauge_core::{ChatModel, Embedder, Purpose, Traffic, Usage};

use super::shelf::Shelf;
use super::span::Span;
use super::{Step, assumed};
use chat::DryChat;
use vectors::{DryEmbedder, StandIn};

/// What a part of the work asks of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::estimate) enum Phase {
    Ingest,
    Ask,
    Judge,
}

/// How often a request that comes once here would come in a run.
#[derive(Debug, Clone)]
pub(in crate::estimate) enum Copies {
    /// Once in each of these repeats: another address each time.
    Epochs(Vec<u32>),
    /// So often, each time about another answer.
    Answers(usize),
}

impl Default for Copies {
    fn default() -> Self {
        Self::Answers(1)
    }
}

/// Requests of one step to one model, for one variant.
#[derive(Debug, Clone, Default)]
pub(in crate::estimate) struct Count {
    /// Requests.
    pub(in crate::estimate) calls: Span,
    /// Texts in requests for vectors.
    pub(in crate::estimate) texts: Span,
    /// Requests (texts, of an embedder) that differ from each other and from those of the variants before.
    pub(in crate::estimate) distinct: Span,
    /// Of these, those whose reply is kept.
    pub(in crate::estimate) held: f64,
    /// Requests that would be sent.
    pub(in crate::estimate) sent: Span,
    /// Texts that would be sent.
    pub(in crate::estimate) sent_texts: Span,
    /// Tokens that would be sent; `None` = not known.
    pub(in crate::estimate) input: Option<Span>,
    /// Tokens that would come back.
    pub(in crate::estimate) output: Option<Span>,
}

/// What is known of a model that was asked for.
#[derive(Debug, Clone)]
pub(in crate::estimate) struct Asked {
    /// What shapes its replies.
    pub(in crate::estimate) id: String,
    /// Dollars of a token sent and of one received.
    pub(in crate::estimate) price: Option<(f64, f64)>,
    pub(in crate::estimate) is_chat: bool,
    pub(in crate::estimate) traffic: Traffic,
}

#[derive(Default)]
struct State {
    variant: usize,
    phase: Option<Phase>,
    copies: Copies,
    /// How many conversations or questions one stands for.
    weight: f64,
    /// Whether a reply in this memory is assumed.
    assumed_reply: bool,
    /// Whether a vector in this memory is.
    assumed_vector: bool,
    counts: BTreeMap<(usize, Step, String), Count>,
    models: BTreeMap<String, Asked>,
    seen: BTreeSet<String>,
}

/// Stands between a plan and its models.
pub(crate) struct DryRun {
    shelf: Shelf,
    state: Mutex<State>,
}

impl DryRun {
    pub(in crate::estimate) fn new(shelf: Shelf) -> Arc<Self> {
        Arc::new(Self {
            shelf,
            state: Mutex::default(),
        })
    }

    pub(in crate::estimate) fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// A memory is begun.
    pub(in crate::estimate) fn begin(&self) {
        let mut state = self.state();
        state.assumed_reply = false;
        state.assumed_vector = false;
    }

    /// What follows is asked for `variant`.
    pub(in crate::estimate) fn enter(
        &self,
        variant: usize,
        phase: Phase,
        copies: Copies,
        weight: f64,
    ) {
        let mut state = self.state();
        state.variant = variant;
        state.phase = Some(phase);
        state.copies = copies;
        state.weight = weight;
    }

    /// Counts requests of which nothing but their number is known.
    pub(in crate::estimate) fn unknown(
        &self,
        variant: usize,
        step: Step,
        model: &str,
        calls: Span,
    ) {
        let mut state = self.state();
        let count = state.count(variant, step, model);
        count.calls = count.calls.plus(calls);
        count.distinct = count.distinct.plus(calls);
        count.sent = count.sent.plus(calls);
        count.input = None;
        count.output = None;
    }

    pub(in crate::estimate) fn counts(&self) -> BTreeMap<(usize, Step, String), Count> {
        self.state().counts.clone()
    }

    pub(in crate::estimate) fn models(&self) -> BTreeMap<String, Asked> {
        self.state().models.clone()
    }

    /// `model`, which the config calls `name`, not to be asked.
    pub(crate) fn chat(
        self: &Arc<Self>,
        name: &str,
        model: Arc<dyn ChatModel>,
    ) -> Arc<dyn ChatModel> {
        let price = |usage: &Usage| model.price(usage);
        self.meet(name, model.id(), true, model.traffic(), &price);
        Arc::new(DryChat {
            name: name.to_owned(),
            inner: model,
            run: Arc::clone(self),
        })
    }

    /// `embedder`, not to be asked; one that computes here stays as it is.
    pub(crate) fn embedder(
        self: &Arc<Self>,
        name: &str,
        embedder: Arc<dyn Embedder>,
    ) -> Arc<dyn Embedder> {
        if embedder.text_key("text", Purpose::Passage).is_none() {
            return embedder;
        }
        let price = |usage: &Usage| embedder.price(usage);
        self.meet(name, embedder.id(), false, embedder.traffic(), &price);
        Arc::new(DryEmbedder {
            name: name.to_owned(),
            inner: embedder,
            run: Arc::clone(self),
        })
    }

    /// An embedder in the place of one that computes here, and would take too long.
    pub(crate) fn stand_in(self: &Arc<Self>, dimensions: usize) -> Arc<dyn Embedder> {
        Arc::new(StandIn {
            dimensions,
            run: Arc::clone(self),
        })
    }

    fn meet(
        &self,
        name: &str,
        id: &str,
        is_chat: bool,
        traffic: Traffic,
        price: &dyn Fn(&Usage) -> Option<f64>,
    ) {
        let of = |input, output| {
            let usage = Usage {
                input: Some(input),
                output: Some(output),
                ..Usage::default()
            };
            price(&usage).map(|dollars| dollars / 1e6)
        };
        let asked = Asked {
            id: id.to_owned(),
            price: of(1_000_000, 0).zip(of(0, 1_000_000)),
            is_chat,
            traffic,
        };
        self.state().models.insert(name.to_owned(), asked);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn count(&mut self, variant: usize, step: Step, model: &str) -> &mut Count {
        let key = (variant, step, model.to_owned());
        self.counts.entry(key).or_insert_with(|| Count {
            input: Some(Span::default()),
            output: Some(Span::default()),
            ..Count::default()
        })
    }

    /// How a number that was counted once is spread.
    fn spread(&self, spread: Span) -> Span {
        let scaled = match self.weight {
            1.0 => Span::exactly(1.0),
            weight => assumed::SCALED.times(Span::exactly(weight)),
        };
        spread.times(scaled)
    }
}
