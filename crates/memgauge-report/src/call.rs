//! `calls.jsonl`: one line per call of a model.

use std::time::Duration;

use memgauge_core::meter::{Call, CallKind, CallOutcome};
use memgauge_core::{ConversationId, QuestionId, Stage, Traffic};
use serde::{Deserialize, Serialize};

use crate::record::{Phase, TimingRow};

/// One call of a model: a line of `calls.jsonl`. What computes in this process is not called and
/// has no line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallRow {
    /// Variant of the config.
    pub variant: String,
    /// Unit of work that it belongs to.
    pub phase: Phase,
    /// Conversation concerned.
    pub conversation: ConversationId,
    /// Session concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<u32>,
    /// Question concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<QuestionId>,
    /// Repeat of the answer stage.
    pub repeat: u32,
    /// Run of the judge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<u32>,
    /// Number of the call inside its unit of work, from 0, in the order in which they ended. It
    /// begins again where an interrupted unit was done again: the last round counts.
    pub seq: u32,
    /// Stage that pays.
    pub stage: Stage,
    /// What the model was called for.
    pub kind: CallKind,
    /// Name of a chat model in the config; an embedder's id.
    pub model: String,
    /// Model that answered, as the provider names it; null = not told.
    pub served_by: Option<String>,
    /// Content address of the request.
    pub request: String,
    /// Where the reply came from.
    pub traffic: Traffic,
    /// Texts or prompts sent.
    pub inputs: u64,
    /// Tokens sent; null = unknown.
    pub input_tokens: Option<u64>,
    /// Tokens received; null = unknown.
    pub output_tokens: Option<u64>,
    /// Of the tokens sent, those that the provider had cached; null = not told.
    pub cached_tokens: Option<u64>,
    /// Of the tokens received, those spent on reasoning; null = not told.
    pub reasoning_tokens: Option<u64>,
    /// Whether the tokens were counted here, because the provider did not report them.
    pub counted: bool,
    /// Price by the price table, whether paid now or when the reply was recorded; null = unknown.
    pub dollars: Option<f64>,
    /// How often the provider was asked.
    pub attempts: u32,
    /// Time computing in this process.
    pub own_ms: f64,
    /// Time waiting for the provider.
    pub provider_ms: f64,
    /// Time backing off after failures.
    pub backoff_ms: f64,
    /// Time held by a limit or by a provider's pause.
    pub paused_ms: f64,
    /// Provider time measured when the reply was recorded, where it is replayed.
    pub replayed_ms: Option<f64>,
    /// What it came to, with the kind of error beside `failed`.
    #[serde(flatten)]
    pub outcome: CallOutcome,
    /// Whether nobody waited for it.
    pub background: bool,
}

impl CallRow {
    /// The rows of `calls`, made in the unit of work that `unit` is about.
    pub fn of(unit: &TimingRow, calls: Vec<Call>) -> Vec<Self> {
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        let row = |(seq, call): (u32, Call)| Self {
            variant: unit.variant.clone(),
            phase: unit.phase,
            conversation: unit.conversation.clone(),
            session: unit.session,
            question: unit.question.clone(),
            repeat: unit.repeat,
            run: unit.run,
            seq,
            stage: call.stage,
            kind: call.kind,
            model: call.model,
            served_by: call.served_by,
            request: call.request,
            traffic: call.spent.traffic,
            inputs: call.inputs,
            input_tokens: call.usage.input,
            output_tokens: call.usage.output,
            cached_tokens: call.usage.cached,
            reasoning_tokens: call.usage.reasoning,
            counted: call.usage.counted,
            dollars: call.usage.dollars,
            attempts: call.spent.attempts,
            own_ms: ms(call.spent.own),
            provider_ms: ms(call.spent.provider),
            backoff_ms: ms(call.spent.backoff),
            paused_ms: ms(call.spent.paused),
            replayed_ms: call.spent.replayed.map(ms),
            outcome: call.outcome,
            background: call.background,
        };
        (0..).zip(calls).map(row).collect()
    }

    /// The unit of work: what makes two rows belong together.
    pub fn unit(&self) -> CallUnit {
        (
            self.phase,
            self.conversation.clone(),
            self.session,
            self.question.clone(),
            self.repeat,
            self.run,
        )
    }
}

/// Key of a unit of work inside a variant.
pub type CallUnit = (
    Phase,
    ConversationId,
    Option<u32>,
    Option<QuestionId>,
    u32,
    Option<u32>,
);
