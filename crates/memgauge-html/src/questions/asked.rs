//! A question and its answers, as they are gathered from runs.

use memgauge_core::{Category, ConversationId, Gold, MemoryId, TurnId};
use memgauge_report::Fate;
use memgauge_report::loss::LossStage;
use memgauge_report::record::{
    AnswerTokens, ContextSummary, JudgementRow, Outcome, QuestionRecord, TextMetrics,
};

use super::Listed;
use super::memories::{StoreId, Stores};

/// A question.
pub(super) struct Asked {
    pub(super) category: Category,
    pub(super) text: String,
    pub(super) gold: Gold,
    pub(super) evidence: Vec<TurnId>,
    /// Answers of every arm, by repeat; empty where it was not asked.
    pub(super) answers: Vec<Vec<Answer>>,
}

/// One answer of one arm.
pub(super) struct Answer {
    pub(super) repeat: u32,
    pub(super) text: Option<String>,
    pub(super) stage: LossStage,
    /// Component and message of the failure that left the question without an answer.
    pub(super) failure: Option<String>,
    pub(super) scores: Option<TextMetrics>,
    pub(super) judge: Option<f64>,
    pub(super) judgements: Vec<JudgementRow>,
    pub(super) tokens: Option<AnswerTokens>,
    /// Entries and cl100k_base tokens of the context.
    pub(super) context: Option<(usize, u64)>,
    /// Turns in the context of a system without memories; `None` where they are not known.
    pub(super) shown: Option<Vec<TurnId>>,
    /// Conversation whose memory was asked, where it is another one.
    pub(super) memory_of: Option<ConversationId>,
    pub(super) store: Option<StoreId>,
    pub(super) lists: Vec<String>,
    /// How many candidates were meant for the context.
    pub(super) k: usize,
    /// How many candidates the record has.
    pub(super) candidates: usize,
    pub(super) hits: Vec<Hit>,
    pub(super) fates: Vec<(TurnId, Fate)>,
}

/// A retrieved memory.
pub(super) struct Hit {
    pub(super) id: MemoryId,
    /// Rank after fusion, from 1.
    pub(super) rank: usize,
    pub(super) score: f32,
    /// Rank in every list that was fused.
    pub(super) ranks: Vec<Option<u32>>,
    pub(super) place: Place,
    /// Whether it holds a gold turn.
    pub(super) is_gold: bool,
}

/// Where a retrieved memory ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In the context.
    Shown,
    /// In the context, shortened by the budget.
    Shortened,
    /// Left out by the budget.
    Dropped,
    /// Beyond k.
    Below,
}

impl Place {
    fn of(id: MemoryId, context: &ContextSummary) -> Self {
        if context.cut.contains(&id) {
            Self::Shortened
        } else if context.memories.contains(&id) {
            Self::Shown
        } else if context.dropped.contains(&id) {
            Self::Dropped
        } else {
            Self::Below
        }
    }
}

impl Answer {
    pub(super) fn new(
        record: QuestionRecord,
        stage: LossStage,
        shown: Option<Vec<TurnId>>,
        store: Option<StoreId>,
        stores: &Stores,
    ) -> Self {
        let failure = match record.outcome {
            Outcome::Answered => None,
            Outcome::Failed {
                component, message, ..
            } => Some(format!("{component}: {message}")),
        };
        // Turns of another conversation are no evidence, whatever their numbers.
        let gold: &[TurnId] = match record.memory_of {
            Some(_) => &[],
            None => &record.evidence,
        };
        let context = record.context.unwrap_or_default();
        let candidates = record.candidates;
        let mut hits = Vec::new();
        for (index, (id, score)) in candidates.ids.iter().zip(&candidates.scores).enumerate() {
            let trace = store.and_then(|store| stores.trace(store, *id));
            let is_gold = trace.is_some_and(|trace| trace.live.iter().any(|t| gold.contains(t)));
            if !is_gold && index >= Listed::MOST.memories.min(record.k.max(10)) {
                continue;
            }
            let rank_in = |ranks: &Vec<Option<u32>>| ranks.get(index).copied().flatten();
            hits.push(Hit {
                id: *id,
                rank: index + 1,
                score: *score,
                ranks: candidates.ranks.iter().map(rank_in).collect(),
                place: Place::of(*id, &context),
                is_gold,
            });
        }
        let has_context = !context.digest.is_empty();
        Self {
            repeat: record.repeat,
            text: record.answer,
            stage,
            failure,
            scores: record.scores,
            judge: record.judge,
            judgements: record.judgements,
            tokens: record.tokens,
            context: has_context.then_some((context.entries, context.cl100k)),
            shown,
            memory_of: record.memory_of,
            store,
            lists: record.lists,
            k: record.k,
            candidates: candidates.ids.len(),
            hits,
            fates: record.fates,
        }
    }
}
