//! Chats that are not held.

use std::sync::Arc;

use async_trait::async_trait;
use memgauge_core::{
    ChatModel, ChatReply, ChatRequest, Completion, Finish, ModelError, ReplyForm, Spent, Traffic,
    Usage,
};
use memgauge_model::{Filling, TrafficError, made_up};

use super::super::span::Span;
use super::super::{Step, assumed};
use super::{Copies, DryRun, Phase};

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

/// A chat model that is not asked.
pub(super) struct DryChat {
    pub(super) name: String,
    pub(super) inner: Arc<dyn ChatModel>,
    pub(super) run: Arc<DryRun>,
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
        let form = match &request.form {
            ReplyForm::Json { name, .. } => name.as_str(),
            _ => "",
        };
        let names = match form {
            "relations" => assumed::names_in(request),
            _ => Vec::new(),
        };
        let n = std::cell::Cell::new(0);
        let next = || {
            n.set(n.get() + 1);
            match form {
                // Name and type of each.
                "entities" => assumed::entity(tag, n.get()),
                // Subject, relation, object and date of each.
                "relations" => assumed::relation(&names, tag, n.get()),
                _ => assumed::text(tag, n.get()),
            }
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
