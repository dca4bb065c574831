//! From recall and answer to a record: the one place where key and answer meet.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use memgauge_core::{Answer, ComponentError, Context, MemoryId, Recall, TurnId};
use memgauge_dataset::Item;
use memgauge_report::fate;
use memgauge_report::record::{
    AnswerTokens, Candidates, ContextRow, ContextSummary, JudgementRow, Outcome, QuestionRecord,
    TextMetrics, mean_label,
};
use memgauge_report::retrieval::{self, RankedUnit};

use super::bench::Bench;
use super::group::Ready;
use crate::error::ExperimentError;
use crate::plan::PlannedVariant;

/// A question that was asked.
pub(super) struct Asked<'a> {
    pub(super) variant: usize,
    /// Conversation of the question.
    pub(super) entry: usize,
    /// Conversation whose memory was asked.
    pub(super) memory: usize,
    /// Place of the question in its conversation's list.
    pub(super) place: usize,
    /// Of ingestion and answer together.
    pub(super) repeat: u32,
    pub(super) recall: &'a Result<Recall, ComponentError>,
    /// `None` when the search failed.
    pub(super) answer: Option<Result<Answer, ComponentError>>,
    /// Tokens of the model that answered.
    pub(super) tokens: Option<AnswerTokens>,
    /// What the judge said, run by run.
    pub(super) judgements: Vec<JudgementRow>,
    pub(super) ready: &'a Ready,
    pub(super) counters: BTreeMap<String, u64>,
}

impl Bench {
    /// The record of a question, and its context if that has to be written.
    pub(super) fn record(
        &self,
        item: &Item,
        asked: Asked<'_>,
    ) -> Result<(QuestionRecord, Option<ContextRow>), ExperimentError> {
        let missing = || ExperimentError::Internal("the plan changed while it ran".to_owned());
        let variant: &PlannedVariant = self.plan.variants.get(asked.variant).ok_or_else(missing)?;
        let swapped = asked.entry != asked.memory;
        let mut record = QuestionRecord {
            variant: variant.name.clone(),
            question: item.question.id.clone(),
            repeat: asked.repeat,
            category: item.key.category,
            outcome: Outcome::Answered,
            text: item.question.text.clone(),
            gold: item.key.gold.clone(),
            evidence: item.key.evidence.clone(),
            answer: None,
            answer_entry: None,
            scores: None,
            judge: mean_label(asked.judgements.iter().map(|row| row.label)),
            judgements: asked.judgements,
            tokens: asked.tokens,
            memory_of: swapped.then(|| self.conversation(asked.memory)),
            lists: Vec::new(),
            k: 0,
            candidates: Candidates::default(),
            context: None,
            retrieval: None,
            fates: Vec::new(),
            counters: asked.counters,
        };
        let recall = match asked.recall {
            Ok(recall) => recall,
            Err(error) => {
                record.outcome = failure(error);
                return Ok((record, None));
            }
        };
        let (summary, row) = self.context(&recall.context, asked.memory);
        record.context = Some(summary);
        record.k = recall.k;
        record.candidates = Candidates::new(
            &recall.candidates,
            recall.lists.len(),
            self.file.config.record.candidates,
        );
        self.evidence(&mut record, recall, asked.memory, asked.ready);
        record.lists.clone_from(&recall.lists);
        match asked.answer {
            Some(Ok(answer)) => {
                let gold = self
                    .golds
                    .get(asked.entry)
                    .and_then(|golds| golds.get(asked.place))
                    .ok_or_else(missing)?;
                let scores = gold.score(&answer.text);
                record.scores = Some(TextMetrics::of(record.category, scores));
                record.answer = Some(answer.text);
                record.answer_entry = answer.entry;
            }
            Some(Err(error)) => record.outcome = failure(&error),
            None => {}
        }
        Ok((record, row))
    }

    /// Evidence metrics and the fate of gold turns.
    ///
    /// With a shared store, candidates may be other conversations' memories, which are no evidence but cost
    /// tokens.
    fn evidence(&self, record: &mut QuestionRecord, recall: &Recall, memory: usize, ready: &Ready) {
        // Nobody knows what was found: that is not nothing.
        if recall.untraced {
            return;
        }
        let lineage = ready.lineages.get(&self.conversation(memory));
        let tokens = |id: &MemoryId| ready.tokens.get(id.0 as usize).copied().unwrap_or(0);
        // Turns of another conversation are no evidence, whatever their numbers.
        let own = record.memory_of.is_none();
        let conversation = &record.question.conversation;
        let in_context: BTreeSet<TurnId> = recall
            .context
            .entries
            .iter()
            .filter(|entry| own && entry.conversation == *conversation)
            .flat_map(|entry| entry.turns.iter().copied())
            .collect();
        let ids: Vec<MemoryId> = recall.candidates.iter().map(|hit| hit.id).collect();
        let units: Option<Vec<RankedUnit<'_>>> = recall.ranked.then(|| match lineage {
            Some(lineage) if !ids.is_empty() => ids
                .iter()
                .map(|id| match lineage.get(*id) {
                    Some(trace) if own => RankedUnit {
                        live: &trace.live,
                        all: &trace.all,
                        tokens: tokens(id),
                    },
                    // A memory of another conversation (shared store) or of the swapped one.
                    _ => RankedUnit {
                        live: &[],
                        all: &[],
                        tokens: tokens(id),
                    },
                })
                .collect(),
            _ => recall
                .context
                .entries
                .iter()
                .map(|entry| {
                    let own = own && entry.conversation == *conversation;
                    RankedUnit {
                        live: if own { &entry.turns } else { &[] },
                        all: if own { &entry.lineage } else { &[] },
                        tokens: self.tokens(&entry.body),
                    }
                })
                .collect(),
        });
        record.retrieval = retrieval::score(&record.evidence, units.as_deref(), &in_context);
        if own {
            record.fates = record
                .evidence
                .iter()
                .map(|turn| {
                    let fate = fate(*turn, lineage, &ids, recall.k, &in_context);
                    (*turn, fate)
                })
                .collect();
        }
    }

    pub(super) fn tokens(&self, text: &str) -> u64 {
        self.cl100k.count(text) as u64
    }

    /// Summary of a context, counted once per distinct text; and the row to write where its
    /// entries are not memories and it was not written before.
    fn context(&self, context: &Context, memory: usize) -> (ContextSummary, Option<ContextRow>) {
        let digest = blake3::hash(context.text.as_bytes()).to_hex().to_string();
        let known = self
            .counted
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&digest)
            .copied();
        let (cl100k, o200k) = known.unwrap_or_else(|| {
            let counts = (
                self.cl100k.count(context.retrieved()) as u64,
                self.o200k.count(context.retrieved()) as u64,
            );
            self.counted
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(digest.clone(), counts);
            counts
        });
        let of = |cut: bool| -> Vec<MemoryId> {
            context
                .entries
                .iter()
                .filter(|entry| !cut || entry.cut)
                .filter_map(|entry| entry.memory)
                .collect()
        };
        let memories = of(false);
        let row = (memories.is_empty()
            && !context.entries.is_empty()
            && self.done().contexts.insert(digest.clone()))
        .then(|| ContextRow {
            digest: digest.clone(),
            conversation: self.conversation(memory),
            turns: context
                .entries
                .iter()
                .map(|entry| entry.turns.clone())
                .collect(),
            text: context.text.clone(),
        });
        let summary = ContextSummary {
            digest,
            entries: context.entries.len(),
            memories,
            cut: of(true),
            dropped: context.dropped.clone(),
            cl100k,
            o200k,
        };
        (summary, row)
    }
}

fn failure(error: &ComponentError) -> Outcome {
    Outcome::Failed {
        component: error.component.clone(),
        error: error.kind,
        message: error.message.clone(),
    }
}
