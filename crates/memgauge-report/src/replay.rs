//! What a saved question rests on, put together again from its record, the journal and the
//! contexts: enough to hold it against other evidence than it was scored with.

use std::collections::{BTreeMap, BTreeSet};

use memgauge_core::{ConversationId, TurnId};
use serde::Deserialize;

use crate::fate::{Fate, fate};
use crate::lineage::Lineage;
use crate::manifest::Manifest;
use crate::record::QuestionRecord;
use crate::retrieval::{RankedUnit, RetrievalScores, score};
use crate::rundir::{RunDir, RunDirError};

/// Journals and contexts of some conversations of a run.
#[derive(Debug, Default)]
pub(crate) struct Replay {
    /// Ingestion, conversation, repeat of the ingestion.
    lineages: BTreeMap<(String, ConversationId, u32), Lineage>,
    /// Contexts that are not made of memories: digest -> turns of every entry.
    contexts: BTreeMap<String, Vec<Vec<TurnId>>>,
    /// Variant -> name of its ingestion.
    ingestions: BTreeMap<String, String>,
    /// Answers for each memory.
    answers: u32,
}

/// A question under other evidence.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Replayed {
    /// Metrics by rank and of the context; without those at a token budget, which need the words.
    pub(crate) retrieval: Option<RetrievalScores>,
    /// What became of every gold turn.
    pub(crate) fates: Vec<(TurnId, Fate)>,
}

#[derive(Deserialize)]
struct ContextTurns {
    digest: String,
    conversation: ConversationId,
    turns: Vec<Vec<TurnId>>,
}

impl Replay {
    /// Reads what the run's files say about `conversations`.
    ///
    /// # Errors
    /// When the files cannot be read.
    pub(crate) fn load(
        dir: &RunDir,
        manifest: &Manifest,
        conversations: &BTreeSet<ConversationId>,
    ) -> Result<Self, RunDirError> {
        let mut replay = Self {
            ingestions: manifest
                .variants
                .iter()
                .map(|variant| (variant.name.clone(), variant.ingestion().to_owned()))
                .collect(),
            answers: manifest.answers(),
            ..Self::default()
        };
        if conversations.is_empty() {
            return Ok(replay);
        }
        dir.ingest(|row| {
            if let Some(event) = &row.event
                && conversations.contains(&row.conversation)
            {
                replay
                    .lineages
                    .entry((row.variant, row.conversation, row.repeat))
                    .or_default()
                    .apply(event);
            }
        })?;
        dir.contexts(|row: ContextTurns| {
            if conversations.contains(&row.conversation) {
                replay.contexts.insert(row.digest, row.turns);
            }
        })?;
        Ok(replay)
    }

    /// `record` under `evidence`. `None` where its files do not give the stored metrics again: then
    /// they do not hold all that these were made of, and other evidence cannot be judged by them.
    pub(crate) fn under(&self, record: &QuestionRecord, evidence: &[TurnId]) -> Option<Replayed> {
        let again = self.place(record, &record.evidence)?;
        // Without stored metrics nobody knows whether sources were told at all.
        let same = agree(again.retrieval.as_ref()?, record.retrieval.as_ref()?);
        if !same || again.fates != record.fates {
            return None;
        }
        self.place(record, evidence)
    }

    fn place(&self, record: &QuestionRecord, evidence: &[TurnId]) -> Option<Replayed> {
        let context = record.context.as_ref()?;
        let own = record.memory_of.is_none();
        let asked = record.memory_of.as_ref();
        let asked = asked.unwrap_or(&record.question.conversation);
        let ingestion = self.ingestions.get(&record.variant)?;
        let key = (
            ingestion.clone(),
            asked.clone(),
            record.repeat / self.answers,
        );
        let lineage = self.lineages.get(&key);
        let entries: Option<Vec<Vec<TurnId>>> = if context.entries == 0 {
            Some(Vec::new())
        } else if context.memories.is_empty() {
            self.contexts.get(&context.digest).cloned()
        } else {
            lineage.map(|lineage| {
                let memories = context.memories.iter();
                memories
                    .map(|id| {
                        let live = lineage.get(*id).map(|trace| trace.live.as_slice());
                        let live = live.unwrap_or_default();
                        // Which of several turns a memory still says once it was cut is unknown.
                        let kept = live.len() < 2 || !context.cut.contains(id);
                        if kept { live.to_vec() } else { Vec::new() }
                    })
                    .collect()
            })
        };
        let entries = entries?;
        let shown: BTreeSet<TurnId> = match own {
            true => entries.iter().flatten().copied().collect(),
            // Turns of another conversation are no evidence, whatever their numbers.
            false => BTreeSet::new(),
        };
        let ids = &record.candidates.ids;
        let none = RankedUnit {
            live: &[],
            all: &[],
            tokens: 0,
        };
        let units: Vec<RankedUnit<'_>> = match lineage {
            Some(lineage) if !ids.is_empty() => ids
                .iter()
                .map(|id| match lineage.get(*id) {
                    Some(trace) if own => RankedUnit {
                        live: &trace.live,
                        all: &trace.all,
                        tokens: 0,
                    },
                    _ => none,
                })
                .collect(),
            _ => entries
                .iter()
                .map(|turns| RankedUnit {
                    live: if own { turns } else { &[] },
                    all: if own { turns } else { &[] },
                    tokens: 0,
                })
                .collect(),
        };
        let stored = record.retrieval.as_ref();
        let ranked = stored.is_some_and(|retrieval| retrieval.live.is_some());
        let mut retrieval = score(evidence, ranked.then_some(units.as_slice()), &shown);
        if let Some(retrieval) = &mut retrieval {
            retrieval.at_tokens = None;
        }
        let of = |turn: &TurnId| (*turn, fate(*turn, lineage, ids, record.k, &shown));
        Some(Replayed {
            retrieval,
            fates: match own {
                true => evidence.iter().map(of).collect(),
                false => Vec::new(),
            },
        })
    }
}

/// Whether the headline metrics are the same: recall by live turns at every depth, and the context.
fn agree(a: &RetrievalScores, b: &RetrievalScores) -> bool {
    let recall = |scores: &RetrievalScores| scores.live.as_ref().map(|units| units.turn.recall);
    let near = |a: f64, b: f64| (a - b).abs() < 1e-12;
    let ranks = match (recall(a), recall(b)) {
        (Some(a), Some(b)) => a.iter().zip(b).all(|(a, b)| near(*a, b)),
        (None, None) => true,
        _ => false,
    };
    ranks && near(a.context, b.context)
}
