//! Models that are not asked: requests are counted and priced, replies come from what is kept or are assumed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use async_trait::async_trait;
use memgauge_core::{
    CallOutcome, ChatModel, ChatReply, ChatRequest, Completion, ComponentError, EmbedCall,
    Embedded, Embedder, ErrorKind, Finish, ModelError, Purpose, ReplyForm, Spent, Traffic, Usage,
};
use memgauge_model::{Filling, TrafficError, hashed_words, made_up};

use super::shelf::Shelf;
use super::span::Span;
use super::{Step, assumed};

/// What a part of the work asks of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Ingest,
    Ask,
    Judge,
}

/// How often a request that comes once here would come in a run.
#[derive(Debug, Clone)]
pub(super) enum Copies {
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
pub(super) struct Count {
    /// Requests.
    pub(super) calls: Span,
    /// Texts in requests for vectors.
    pub(super) texts: Span,
    /// Requests (texts, of an embedder) that differ from each other and from those of the variants before.
    pub(super) distinct: Span,
    /// Of these, those whose reply is kept.
    pub(super) held: f64,
    /// Requests that would be sent.
    pub(super) sent: Span,
    /// Texts that would be sent.
    pub(super) sent_texts: Span,
    /// Tokens that would be sent; `None` = not known.
    pub(super) input: Option<Span>,
    /// Tokens that would come back.
    pub(super) output: Option<Span>,
}

/// What is known of a model that was asked for.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// What shapes its replies.
    pub(super) id: String,
    /// Dollars of a token sent and of one received.
    pub(super) price: Option<(f64, f64)>,
    pub(super) is_chat: bool,
    pub(super) traffic: Traffic,
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
    pub(super) fn new(shelf: Shelf) -> Arc<Self> {
        Arc::new(Self {
            shelf,
            state: Mutex::default(),
        })
    }

    pub(super) fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// A memory is begun.
    pub(super) fn begin(&self) {
        let mut state = self.state();
        state.assumed_reply = false;
        state.assumed_vector = false;
    }

    /// What follows is asked for `variant`.
    pub(super) fn enter(&self, variant: usize, phase: Phase, copies: Copies, weight: f64) {
        let mut state = self.state();
        state.variant = variant;
        state.phase = Some(phase);
        state.copies = copies;
        state.weight = weight;
    }

    /// Counts requests of which nothing but their number is known.
    pub(super) fn unknown(&self, variant: usize, step: Step, model: &str, calls: Span) {
        let mut state = self.state();
        let count = state.count(variant, step, model);
        count.calls = count.calls.plus(calls);
        count.distinct = count.distinct.plus(calls);
        count.sent = count.sent.plus(calls);
        count.input = None;
        count.output = None;
    }

    pub(super) fn counts(&self) -> BTreeMap<(usize, Step, String), Count> {
        self.state().counts.clone()
    }

    pub(super) fn models(&self) -> BTreeMap<String, Asked> {
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

/// What a chat is for, and how far the number of such chats is known.
fn step_of(phase: Phase, form: &ReplyForm) -> (Step, Span) {
    let exact = Span::exactly(1.0);
    match (phase, form) {
        (Phase::Judge, _) => (Step::Judge, exact),
        (Phase::Ask, ReplyForm::Text) => (Step::Answer, exact),
        (Phase::Ask, _) => (Step::Graph, exact),
        (Phase::Ingest, ReplyForm::Text) => (Step::Summary, exact),
        (Phase::Ingest, ReplyForm::OneTool(_)) => (Step::Update, assumed::PER_FACT),
        (Phase::Ingest, ReplyForm::Json { name, .. }) => match name.as_str() {
            "memory_events" => (Step::Update, assumed::PER_WINDOW),
            "outdated_edges" => (Step::Graph, assumed::PER_CONFLICT),
            "entities" | "relations" => (Step::Graph, exact),
            _ => (Step::Extract, exact),
        },
    }
}

struct DryChat {
    name: String,
    inner: Arc<dyn ChatModel>,
    run: Arc<DryRun>,
}

#[async_trait]
impl ChatModel for DryChat {
    fn id(&self) -> &str {
        self.inner.id()
    }

    fn key(&self, request: &ChatRequest, epoch: u32) -> String {
        self.inner.key(request, epoch)
    }

    fn traffic(&self) -> Traffic {
        self.inner.traffic()
    }

    async fn complete(&self, request: &ChatRequest, epoch: u32) -> Completion<ChatReply> {
        let result = self.count(request, epoch);
        Completion {
            result: result.map_err(ModelError::from),
            spent: Spent {
                traffic: Traffic::Fake,
                ..Spent::default()
            },
        }
    }
}

impl DryChat {
    fn count(&self, request: &ChatRequest, epoch: u32) -> Result<ChatReply, TrafficError> {
        let most = self.inner.at_most(request);
        let mut state = self.run.state();
        let phase = state.phase.unwrap_or(Phase::Ingest);
        let (step, number) = step_of(phase, &request.form);
        let number = match state.assumed_reply {
            true => state.spread(number),
            false => state.spread(Span::exactly(1.0)),
        };
        let (epochs, more) = match &state.copies {
            Copies::Epochs(epochs) => (epochs.clone(), 0),
            Copies::Answers(n) => (vec![epoch], n.saturating_sub(1)),
        };
        let shelf = &self.run.shelf;
        // A script costs nothing, may change, and is asked every time.
        let is_kept = shelf.keeps() && self.inner.traffic() == Traffic::Live;
        let mut reply = None;
        let (mut distinct, mut held) = (more as f64, 0.0);
        for (order, epoch) in epochs.iter().enumerate() {
            let key = self.inner.key(request, *epoch);
            let kept = if is_kept { shelf.reply(&key)? } else { None };
            if !is_kept || state.seen.insert(key) {
                distinct += 1.0;
                held += f64::from(u8::from(kept.is_some()));
            }
            if order == 0 {
                reply = kept;
            }
        }
        let calls = (epochs.len() + more) as f64;
        let sent = (distinct - held).max(0.0);
        let rests_on_a_model = match step {
            Step::Extract => state.assumed_reply && request.form != ReplyForm::Text,
            Step::Judge => false,
            Step::Answer => state.assumed_reply || state.assumed_vector,
            _ => state.assumed_reply,
        };
        let length = match rests_on_a_model {
            true => assumed::WRITTEN,
            false => assumed::KNOWN,
        };
        let weight = state.weight;
        let variant = state.variant;
        let is_joint = matches!(request.form, ReplyForm::Json { .. });
        let written = assumed::reply(step, is_joint);
        let bound = most.output.map_or(f64::INFINITY, |most| most as f64);
        let written = Span {
            low: written.low.min(bound),
            high: written.high.min(bound),
        };
        let count = state.count(variant, step, &self.name);
        count.calls = count.calls.plus(Span::exactly(calls).times(number));
        count.distinct = count.distinct.plus(Span::exactly(distinct).times(number));
        count.held += held * weight;
        let sent = Span::exactly(sent).times(number);
        count.sent = count.sent.plus(sent);
        count.input = count.input.and_then(|sum| {
            let tokens = Span::exactly(most.input? as f64).times(length);
            Some(sum.plus(tokens.times(sent)))
        });
        count.output = count.output.map(|sum| sum.plus(written.times(sent)));
        if let Some(reply) = reply {
            return Ok(reply);
        }
        state.assumed_reply |= phase == Phase::Ingest;
        drop(state);
        Ok(self.assumed(step, request))
    }

    /// The reply that is taken in the place of one that nobody gave.
    fn assumed(&self, step: Step, request: &ChatRequest) -> ChatReply {
        let key = self.inner.key(request, 0);
        let tag = key.get(..6).unwrap_or_default();
        let n = std::cell::Cell::new(0);
        let next = || {
            n.set(n.get() + 1);
            assumed::text(tag, n.get())
        };
        let filling = Filling {
            items: assumed::FACTS,
            text: &next,
        };
        let text = made_up(&request.form, &filling).unwrap_or_else(|| match step {
            Step::Summary => assumed::summary(tag),
            _ => assumed::text(tag, 0),
        });
        ChatReply {
            text,
            finish: Finish::Stop,
            usage: Usage::default(),
            model: None,
        }
    }
}

struct DryEmbedder {
    name: String,
    inner: Arc<dyn Embedder>,
    run: Arc<DryRun>,
}

#[async_trait]
impl Embedder for DryEmbedder {
    fn id(&self) -> &str {
        self.inner.id()
    }

    fn dimensions(&self) -> usize {
        self.inner.dimensions()
    }

    fn batch(&self) -> usize {
        self.inner.batch()
    }

    fn text_key(&self, text: &str, purpose: Purpose) -> Option<String> {
        self.inner.text_key(text, purpose)
    }

    fn traffic(&self) -> Traffic {
        self.inner.traffic()
    }

    async fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, ComponentError> {
        self.embed_for(texts, Purpose::Passage).await.result
    }

    async fn embed_for(&self, texts: &[&str], purpose: Purpose) -> Embedded {
        let start = Instant::now();
        let result = self.count(texts, purpose).map_err(|error| {
            ComponentError::new("embedder", ErrorKind::Storage, error.to_string())
        });
        let call = EmbedCall {
            request: String::new(),
            inputs: texts.len() as u64,
            served_by: None,
            usage: Usage::default(),
            outcome: CallOutcome::Usable,
            spent: Spent {
                traffic: Traffic::Fake,
                ..Spent::default()
            },
        };
        Embedded {
            result,
            own: start.elapsed(),
            calls: vec![call],
        }
    }
}

struct StandIn {
    dimensions: usize,
    run: Arc<DryRun>,
}

#[async_trait]
impl Embedder for StandIn {
    fn id(&self) -> &str {
        "stand-in"
    }

    fn dimensions(&self) -> usize {
        self.dimensions
    }

    async fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, ComponentError> {
        self.run.state().assumed_vector = true;
        let vector = |text: &&str| hashed_words(text, self.dimensions);
        Ok(texts.iter().map(vector).collect())
    }
}

impl DryEmbedder {
    fn count(&self, texts: &[&str], purpose: Purpose) -> Result<Vec<Vec<f32>>, TrafficError> {
        let shelf = &self.run.shelf;
        let is_kept = shelf.keeps() && self.inner.traffic() == Traffic::Live;
        let mut state = self.run.state();
        let (step, number) = match purpose {
            Purpose::Query => (Step::Search, Span::exactly(1.0)),
            Purpose::Passage => (Step::Index, assumed::PER_FACT),
        };
        let (number, length) = match state.assumed_reply && step == Step::Index {
            true => (state.spread(number), assumed::WRITTEN),
            false => (state.spread(Span::exactly(1.0)), assumed::KNOWN),
        };
        let mut vectors = Vec::with_capacity(texts.len());
        let mut sent: Vec<&str> = Vec::new();
        let (mut keyed, mut distinct, mut held) = (0.0, 0.0, 0.0);
        for text in texts {
            let Some(key) = self.inner.text_key(text, purpose) else {
                // Blank texts are never sent.
                vectors.push(vec![0.0; self.inner.dimensions()]);
                continue;
            };
            keyed += 1.0;
            let kept = if is_kept {
                shelf.vector(&key, &*self.inner)?
            } else {
                None
            };
            if !is_kept || state.seen.insert(key) {
                distinct += 1.0;
                match &kept {
                    Some(_) => held += 1.0,
                    None => sent.push(text),
                }
            }
            vectors.push(match kept {
                Some(vector) => vector,
                // It has the words of a text and nothing of their meaning: contexts made with it are about as
                // long as others.
                None => {
                    state.assumed_vector = true;
                    hashed_words(text, self.inner.dimensions())
                }
            });
        }
        let tokens = self.inner.at_most(&sent, purpose).input;
        let batch = self.inner.batch().max(1);
        let requests = |texts: usize| texts.div_ceil(batch) as f64;
        let (weight, variant) = (state.weight, state.variant);
        let of = |n: f64| Span::exactly(n).times(number);
        let count = state.count(variant, step, &self.name);
        count.calls = count.calls.plus(of(requests(keyed as usize)));
        count.texts = count.texts.plus(of(keyed));
        count.distinct = count.distinct.plus(of(distinct));
        count.held += held * weight;
        count.sent = count.sent.plus(of(requests(sent.len())));
        count.sent_texts = count.sent_texts.plus(of(sent.len() as f64));
        count.input = count
            .input
            .and_then(|sum| Some(sum.plus(of(tokens? as f64).times(length))));
        Ok(vectors)
    }
}
