//! Rows of a run directory: wire types, documented field by field in docs/FORMAT.md.
//!
//! [`QuestionRecord`] and [`IngestRow`] hold only what config, seed and cassette determine;
//! everything measured is a [`TimingRow`] under the same key.

use std::collections::BTreeMap;

use memgauge_core::meter::{Call, Charge};
use memgauge_core::{
    Category, ComponentError, ConversationId, ErrorKind, Gold, Hit, Judgement, MemoryEvent,
    MemoryId, QuestionId, Stage, Traffic, TurnId,
};
use serde::{Deserialize, Serialize};

pub use crate::call::CallRow;
use crate::fate::Fate;
use crate::metrics::TextScores;
pub use crate::paid::PaidRow;
use crate::retrieval::RetrievalScores;

/// Version of all files of a run directory. Raised when a field changes its meaning or goes.
pub const SCHEMA_VERSION: u32 = 2;

/// How a question ended. Closed: a failure of infrastructure is never a wrong answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// There is an answer, and it was scored.
    Answered,
    /// A component failed; every score is null.
    Failed {
        /// Component that failed.
        component: String,
        /// What could be done about it.
        error: ErrorKind,
        /// What happened.
        message: String,
    },
}

/// Candidates of one question, column by column: index 0 is the best.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Candidates {
    /// Memory ids after fusion.
    pub ids: Vec<MemoryId>,
    /// Fused scores.
    pub scores: Vec<f32>,
    /// Per list (named in [`QuestionRecord::lists`]): rank in it from 1, null where absent.
    pub ranks: Vec<Vec<Option<u32>>>,
    /// Per list: score in it, null where absent.
    pub list_scores: Vec<Vec<Option<f32>>>,
}

impl Candidates {
    /// The first `most` hits as columns.
    pub fn new(hits: &[Hit], lists: usize, most: usize) -> Self {
        let hits = hits.get(..most).unwrap_or(hits);
        let column = |list: usize| {
            hits.iter()
                .map(move |hit| hit.lists.get(list).copied().flatten())
        };
        Self {
            ids: hits.iter().map(|hit| hit.id).collect(),
            scores: hits.iter().map(|hit| hit.score).collect(),
            ranks: (0..lists)
                .map(|list| column(list).map(|found| found.map(|f| f.rank)).collect())
                .collect(),
            list_scores: (0..lists)
                .map(|list| column(list).map(|found| found.map(|f| f.score)).collect())
                .collect(),
        }
    }
}

/// What the answerer was given, without its text (see [`ContextRow`] and `ingest.jsonl`).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ContextSummary {
    /// BLAKE3 of the text.
    pub digest: String,
    /// Entries shown.
    pub entries: usize,
    /// Memories shown, in the order shown.
    pub memories: Vec<MemoryId>,
    /// Memories of which the budget cut off a part.
    pub cut: Vec<MemoryId>,
    /// Memories that were meant for the context and did not fit.
    pub dropped: Vec<MemoryId>,
    /// Tokens in cl100k_base.
    pub cl100k: u64,
    /// Tokens in o200k_base.
    pub o200k: u64,
}

/// Text metrics of one answer, each from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TextMetrics {
    /// Official LOCOMO F1 of the question's category.
    #[serde(rename = "f1.locomo")]
    pub f1_locomo: f64,
    /// Set F1 as in Mem0's paper; null in category 5, which has no gold answer to compare with.
    #[serde(rename = "f1.set")]
    pub f1_set: Option<f64>,
    /// BLEU-1; null in category 5.
    pub bleu1: Option<f64>,
    /// Equality after the official normalisation; null in category 5.
    #[serde(rename = "exact")]
    pub exact_match: Option<f64>,
}

impl TextMetrics {
    /// The metrics of an answer to a question of `category`. Category 5 has a trap in the place of the gold answer: only
    /// the official rule, which looks for a refusal, means anything there.
    pub fn of(category: Category, scores: TextScores) -> Self {
        let compared = category != Category::Adversarial;
        Self {
            f1_locomo: scores.f1_locomo,
            f1_set: compared.then_some(scores.f1_set),
            bleu1: compared.then_some(scores.bleu1),
            exact_match: compared.then_some(f64::from(u8::from(scores.exact_match))),
        }
    }

    /// Name -> value of the metrics that have one.
    pub fn by_name(&self) -> BTreeMap<&'static str, f64> {
        let all = [
            ("f1.locomo", Some(self.f1_locomo)),
            ("f1.set", self.f1_set),
            ("bleu1", self.bleu1),
            ("exact", self.exact_match),
        ];
        all.into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }
}

/// Tokens of the model behind one answer, as the provider reported them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerTokens {
    /// Tokens sent; null = unknown.
    pub input: Option<u64>,
    /// Tokens received; null = unknown.
    pub output: Option<u64>,
    /// Of the tokens sent, those that the provider had cached; null = not told.
    pub cached: Option<u64>,
    /// Of the tokens received, those spent on reasoning; null = not told.
    pub reasoning: Option<u64>,
    /// Whether they were counted here, because the provider did not report them.
    pub counted: bool,
}

impl AnswerTokens {
    /// The tokens of all calls that `stage` made, a number unknown as soon as one call did not
    /// tell it; `None` without a reply.
    pub fn of(calls: &[Call], stage: Stage) -> Option<Self> {
        let usages = calls
            .iter()
            .filter(|call| call.stage == stage && call.outcome.is_reply())
            .map(|call| Self {
                input: call.usage.input,
                output: call.usage.output,
                cached: call.usage.cached,
                reasoning: call.usage.reasoning,
                counted: call.usage.counted,
            });
        usages.reduce(|sum, next| {
            let add = |a: Option<u64>, b: Option<u64>| Some(a? + b?);
            Self {
                input: add(sum.input, next.input),
                output: add(sum.output, next.output),
                cached: add(sum.cached, next.cached),
                reasoning: add(sum.reasoning, next.reasoning),
                counted: sum.counted || next.counted,
            }
        })
    }
}

/// What went wrong with a judge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JudgeError {
    /// What could be done about it.
    pub kind: ErrorKind,
    /// What happened.
    pub message: String,
}

/// What the judge said about an answer in one run. An error is no label: it is not `wrong`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JudgementRow {
    /// Run of the judge, from 0.
    pub run: u32,
    /// Right or wrong; null after an error.
    pub label: Option<bool>,
    /// Grade from 0 to 1; null where the judge gives none.
    pub score: Option<f64>,
    /// The model's reply as it came.
    pub reply: Option<String>,
    /// Content address of the request.
    pub request: Option<String>,
    /// Why there is no label.
    pub error: Option<JudgeError>,
}

impl JudgementRow {
    /// The row of run `run`.
    pub fn new(run: u32, result: Result<Judgement, ComponentError>) -> Self {
        match result {
            Ok(judgement) => Self {
                run,
                label: Some(judgement.label),
                score: judgement.score,
                reply: Some(judgement.reply),
                request: Some(judgement.request),
                error: None,
            },
            Err(error) => Self {
                run,
                label: None,
                score: None,
                reply: None,
                request: None,
                error: Some(JudgeError {
                    kind: error.kind,
                    message: error.to_string(),
                }),
            },
        }
    }
}

/// Mean label of the runs that have one, from 0 to 1; `None` if none has.
pub fn mean_label(labels: impl IntoIterator<Item = Option<bool>>) -> Option<f64> {
    let (mut right, mut known) = (0_u32, 0_u32);
    for label in labels.into_iter().flatten() {
        right += u32::from(label);
        known += 1;
    }
    (known > 0).then(|| f64::from(right) / f64::from(known))
}

/// One question under one variant: a line of `records.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QuestionRecord {
    /// Variant of the config.
    pub variant: String,
    /// The question.
    pub question: QuestionId,
    /// Repeat, from 0: those of the answer stage, numbered through over those of the ingestion (repeat of the
    /// ingestion x answers for each + repeat of the answer).
    pub repeat: u32,
    /// Its category.
    pub category: Category,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// What was asked.
    pub text: String,
    /// The right answer.
    pub gold: Gold,
    /// Turns that hold it.
    pub evidence: Vec<TurnId>,
    /// What was answered; null where there is no answer.
    pub answer: Option<String>,
    /// Entry of the context that it was read from.
    pub answer_entry: Option<usize>,
    /// Text metrics; null where there is no answer.
    pub scores: Option<TextMetrics>,
    /// Mean label of the judge's runs, from 0 (wrong) to 1 (right), errors left out; null without
    /// a label.
    pub judge: Option<f64>,
    /// What the judge said, run by run; empty without a judge, an answer, or in category 5.
    #[serde(default)]
    pub judgements: Vec<JudgementRow>,
    /// Tokens of the model that answered; null where none was asked or none replied.
    #[serde(default)]
    pub tokens: Option<AnswerTokens>,
    /// Conversation whose memory was asked, where it is not the question's own.
    pub memory_of: Option<ConversationId>,
    /// Names of the lists that entered the fusion.
    pub lists: Vec<String>,
    /// How many candidates were meant for the context.
    pub k: usize,
    /// The best candidates.
    pub candidates: Candidates,
    /// What the answerer was given; null where the search failed.
    pub context: Option<ContextSummary>,
    /// Evidence metrics; null where there is no usable evidence or no retrieval.
    pub retrieval: Option<RetrievalScores>,
    /// What became of every gold turn, in the order of `evidence`.
    pub fates: Vec<(TurnId, Fate)>,
    /// How often each component ran for this question.
    pub counters: BTreeMap<String, u64>,
}

/// One operation on a memory, or the end of an ingestion: a line of `ingest.jsonl`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IngestRow {
    /// Variant of the config.
    pub variant: String,
    /// Conversation that was ingested.
    pub conversation: ConversationId,
    /// Repeat of the ingestion, from 0.
    #[serde(default, skip_serializing_if = "is_none_yet")]
    pub repeat: u32,
    /// Session; null for what comes to be when the ingestion ends, and in the row that ends it.
    pub session: Option<u32>,
    /// Number of the row inside the conversation, from 0.
    pub seq: u32,
    /// The operation; null in the row that ends the ingestion.
    pub event: Option<MemoryEvent>,
    /// In the row that ends the ingestion: memories kept; null for systems that keep none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memories: Option<u64>,
    /// In the row that ends the ingestion: how often each component ran.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub counters: BTreeMap<String, u64>,
}

/// A context whose entries are not memories: a line of `contexts.jsonl`, once per digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContextRow {
    /// BLAKE3 of the text.
    pub digest: String,
    /// Conversation that it was made from.
    pub conversation: ConversationId,
    /// Turns of every entry.
    pub turns: Vec<Vec<TurnId>>,
    /// The text.
    pub text: String,
}

/// What a timing row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// One session ingested.
    Ingest,
    /// The end of an ingestion: sealing and indexing.
    Flush,
    /// One question searched.
    Search,
    /// One question answered.
    Answer,
    /// One answer judged once.
    Judge,
    /// From the moment a session was handed over to the moment it could be found.
    Searchable,
}

impl Phase {
    /// Whether it is a part of ingestion.
    pub fn is_ingestion(self) -> bool {
        matches!(self, Self::Ingest | Self::Flush | Self::Searchable)
    }
}

/// Something measured: a line of `timings.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TimingRow {
    /// Variant of the config.
    pub variant: String,
    /// What was measured.
    pub phase: Phase,
    /// Conversation concerned.
    pub conversation: ConversationId,
    /// Session concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<u32>,
    /// Question concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<QuestionId>,
    /// Repeat: of the ingestion in its phases, else as in the record (a search stands under the first
    /// that it serves).
    #[serde(default)]
    pub repeat: u32,
    /// Run of the judge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<u32>,
    /// Time in milliseconds; null where a reply was replayed (from a cache, a cassette or a
    /// script) or the work failed. In a search and an answer, the time that limits and providers'
    /// pauses held it is left out.
    pub ms: Option<f64>,
    /// Where replies were replayed: own time and the provider time measured when they were
    /// recorded; null where that is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replayed_ms: Option<f64>,
    /// Where replies of models came from; left out where no model was called.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub traffic: Vec<Traffic>,
    /// Left out of percentiles: among the first questions of a conversation.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub warm_up: bool,
    /// Units of the same phase in flight when it started, itself included.
    pub in_flight: u32,
    /// Load average of the machine over the last minute when it started; null where unknown.
    pub load: Option<f64>,
    /// What models cost, by stage.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub charges: BTreeMap<Stage, ChargeRow>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_none_yet(repeat: &u32) -> bool {
    *repeat == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// A [`Charge`] in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ChargeRow {
    /// Calls of models.
    pub calls: u64,
    /// Of these, replies served from a cache, a cassette or a script.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub replayed_calls: u64,
    /// Of these, calls whose tokens were counted here.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub counted_calls: u64,
    /// Attempts of all calls.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub attempts: u64,
    /// Replies that could not be read.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub malformed: u64,
    /// Price by the price table; null = unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dollars: Option<f64>,
    /// Texts or prompts sent.
    pub inputs: u64,
    /// Tokens sent; null = unknown.
    pub input_tokens: Option<u64>,
    /// Tokens received; null = unknown or not a generating model.
    pub output_tokens: Option<u64>,
    /// Time computing in this process.
    pub own_ms: f64,
    /// Time waiting for a provider.
    pub provider_ms: f64,
    /// Time backing off after failures.
    pub backoff_ms: f64,
    /// Time held by a rate limit.
    pub paused_ms: f64,
}

impl From<&Charge> for ChargeRow {
    fn from(charge: &Charge) -> Self {
        let ms = |time: std::time::Duration| time.as_secs_f64() * 1e3;
        Self {
            calls: charge.calls,
            replayed_calls: charge.replayed_calls,
            counted_calls: charge.counted_calls,
            attempts: charge.attempts,
            malformed: charge.malformed,
            dollars: charge.dollars,
            inputs: charge.inputs,
            input_tokens: charge.input_tokens,
            output_tokens: charge.output_tokens,
            own_ms: ms(charge.own),
            provider_ms: ms(charge.provider),
            backoff_ms: ms(charge.backoff),
            paused_ms: ms(charge.paused),
        }
    }
}
