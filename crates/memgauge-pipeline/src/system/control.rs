//! Systems that know the answer key. They are no kinds of the registry: only whoever holds the key can
//! make them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use memgauge_core::{
    ComponentError, Context, ContextEntry, ConversationHead, ConversationId, Cx, MemoryEvent,
    MemorySystem, Question, QuestionId, Recall, Session, TurnId,
};

use super::unknown_conversation;
use crate::context::TimeFormat;

/// Gives the gold evidence of each question as its context, the turns in the order in which they were
/// said: what perfect retrieval of turns would be worth.
#[derive(Debug)]
pub struct Oracle {
    evidence: Arc<BTreeMap<QuestionId, Vec<TurnId>>>,
    time: TimeFormat,
    conversations: Mutex<BTreeMap<ConversationId, BTreeMap<TurnId, ContextEntry>>>,
}

impl Oracle {
    /// The oracle of the questions in `evidence`. Of a question that is not there, or has no turns, it
    /// knows nothing.
    pub fn new(
        evidence: impl Into<Arc<BTreeMap<QuestionId, Vec<TurnId>>>>,
        time: TimeFormat,
    ) -> Self {
        Self {
            evidence: evidence.into(),
            time,
            conversations: Mutex::default(),
        }
    }
}

#[async_trait]
impl MemorySystem for Oracle {
    fn kind(&self) -> &'static str {
        "oracle"
    }

    async fn ingest(
        &self,
        _: &Cx,
        head: &ConversationHead,
        session: &Session,
    ) -> Result<Vec<MemoryEvent>, ComponentError> {
        let prefix = self.time.prefix(session.held_at);
        let mut conversations = self
            .conversations
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let turns = conversations.entry(head.id.clone()).or_default();
        for turn in &session.turns {
            // The text as the `verbatim` extractor keeps it, so that both read the same.
            let said = turn.text.trim();
            let entry = ContextEntry {
                memory: None,
                conversation: head.id.clone(),
                turns: vec![turn.id],
                lineage: vec![turn.id],
                held_at: Some(session.held_at),
                speaker: Some(turn.speaker.clone()),
                body: said.to_owned(),
                shown: format!("{prefix}{}: {said}", turn.speaker),
                cut: false,
            };
            turns.insert(turn.id, entry);
        }
        Ok(Vec::new())
    }

    async fn flush(&self, _: &Cx) -> Result<Vec<(ConversationId, MemoryEvent)>, ComponentError> {
        Ok(Vec::new())
    }

    async fn recall(
        &self,
        _: &Cx,
        conversation: &ConversationId,
        question: &Question,
    ) -> Result<Recall, ComponentError> {
        let conversations = self
            .conversations
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let turns = conversations
            .get(conversation)
            .ok_or_else(|| unknown_conversation("oracle", conversation))?;
        let mut gold = self.evidence.get(&question.id).cloned().unwrap_or_default();
        gold.sort_unstable();
        gold.dedup();
        let entries: Vec<ContextEntry> = gold
            .iter()
            .filter_map(|turn| turns.get(turn).cloned())
            .collect();
        let lines: Vec<&str> = entries.iter().map(|entry| entry.shown.as_str()).collect();
        Ok(Recall {
            k: entries.len(),
            context: Arc::new(Context {
                text: lines.join("\n"),
                entries,
                dropped: Vec::new(),
                retrieved: None,
            }),
            ..Recall::default()
        })
    }
}
