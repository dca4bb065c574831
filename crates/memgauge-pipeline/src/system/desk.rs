//! Where the facts of one window become changes of the store.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::civil::DateTime;
use memgauge_core::{
    ComponentError, ConversationId, Cx, EmbedderHandle, ErrorKind, Fact, Filter, MemoryEvent,
    MemoryOp, MemoryReader, MemoryView, Scope, Similar, Stage, UpdatePolicy,
};
use memgauge_store::{Change, Settled, Store};

use super::pipeline::Ticket;

/// Decides and carries out what becomes of a window's facts. Operations are gathered and written in
/// one transaction, before the next look-up at the latest, so that a policy sees what it decided.
pub(super) struct Desk<'a> {
    pub(super) store: &'a Store,
    pub(super) embedder: Option<&'a EmbedderHandle>,
    pub(super) conversation: &'a ConversationId,
    pub(super) scope: Scope,
    pub(super) at: DateTime,
    /// The queued work that this is, if it was queued.
    ticket: Option<&'a Ticket<'a>>,
    /// Whether a graph takes in the window after this: then the work leaves the queue with that.
    graph_follows: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Vectors of this window's texts.
    vectors: BTreeMap<String, Vec<f32>>,
    pending: Vec<Change>,
    events: Vec<MemoryEvent>,
    /// Of queued work: facts that nothing has been decided about.
    undecided: VecDeque<Fact>,
}

impl<'a> Desk<'a> {
    /// A desk for what was said in `conversation` at `at`.
    pub(super) fn new(
        store: &'a Store,
        embedder: Option<&'a EmbedderHandle>,
        conversation: &'a ConversationId,
        scope: Scope,
        at: DateTime,
        ticket: Option<&'a Ticket<'a>>,
    ) -> Self {
        Self {
            store,
            embedder,
            conversation,
            scope,
            at,
            ticket,
            graph_follows: false,
            state: Mutex::default(),
        }
    }

    /// The same, where a graph takes in the window after this.
    pub(super) fn before_the_graph(self) -> Self {
        Self {
            graph_follows: true,
            ..self
        }
    }

    /// Decides about `facts`. Every operation stands in `events` as it was carried out, after a failure too.
    pub(super) async fn remember(
        self,
        cx: &Cx,
        policy: &dyn UpdatePolicy,
        facts: Vec<Fact>,
        events: &mut Vec<MemoryEvent>,
    ) -> Result<(), ComponentError> {
        let result = self.decide(cx, policy, facts).await;
        events.append(&mut self.state().events);
        result
    }

    async fn decide(
        &self,
        cx: &Cx,
        policy: &dyn UpdatePolicy,
        facts: Vec<Fact>,
    ) -> Result<(), ComponentError> {
        // One batch: most facts are kept as they are, and looked up by their own text.
        let texts: Vec<&str> = facts.iter().map(|fact| fact.text.as_str()).collect();
        self.embed(&cx.with(Stage::Index), &texts).await?;
        if self.ticket.is_some() {
            self.state().undecided = facts.iter().cloned().collect();
        }
        let update = cx.with(Stage::Update);
        if policy.is_joint() {
            let ops = policy.decide(&update, facts, self).await?;
            self.queue(cx, ops).await?;
        } else {
            for fact in facts {
                let ops = policy.decide(&update, vec![fact], self).await?;
                self.queue(cx, ops).await?;
                self.state().undecided.pop_front();
            }
        }
        self.carry_out(true)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Embeds those of `texts` whose vectors are not known yet.
    async fn embed(&self, cx: &Cx, texts: &[&str]) -> Result<(), ComponentError> {
        let Some(embedder) = self.embedder else {
            return Ok(());
        };
        let mut missing: Vec<&str> = {
            let state = self.state();
            let unknown = |text: &&&str| !state.vectors.contains_key(**text);
            texts.iter().filter(unknown).copied().collect()
        };
        missing.sort_unstable();
        missing.dedup();
        let vectors = embedder.embed(cx, &missing).await?;
        let owned = missing.iter().map(|text| (*text).to_owned());
        self.state().vectors.extend(owned.zip(vectors));
        Ok(())
    }

    async fn queue(&self, cx: &Cx, ops: Vec<MemoryOp>) -> Result<(), ComponentError> {
        let mut changes = Vec::with_capacity(ops.len());
        let mut unknown: Vec<(usize, String)> = Vec::new();
        for op in ops {
            let (text, known) = match &op {
                MemoryOp::Add(fact) => (Some(&fact.text), None),
                // A memory that keeps its text keeps its vector.
                MemoryOp::Update { id, text, .. } => {
                    let record = self.store.record(*id)?;
                    let same = record.is_some_and(|record| record.text == *text);
                    (Some(text), same.then(|| self.store.vector(*id)).flatten())
                }
                MemoryOp::Delete { .. } | MemoryOp::Invalidate { .. } | MemoryOp::Noop { .. } => {
                    (None, None)
                }
            };
            let embedding = match (text, self.embedder) {
                (Some(text), Some(_)) => {
                    let found = known.or_else(|| self.state().vectors.get(text).cloned());
                    if found.is_none() {
                        unknown.push((changes.len(), text.clone()));
                    }
                    found
                }
                _ => None,
            };
            changes.push(Change {
                op,
                conversation: self.conversation.clone(),
                scope: self.scope.clone(),
                embedding,
                at: self.at,
            });
        }
        let texts: Vec<&str> = unknown.iter().map(|(_, text)| text.as_str()).collect();
        self.embed(&cx.with(Stage::Index), &texts).await?;
        let mut state = self.state();
        for (index, text) in &unknown {
            if let Some(change) = changes.get_mut(*index) {
                change.embedding = state.vectors.get(text).cloned();
            }
        }
        state.pending.extend(changes);
        Ok(())
    }

    /// Writes what was decided so far. Queued work leaves the queue with its last change (`end`);
    /// until then what is left of it is noted with every other.
    fn carry_out(&self, end: bool) -> Result<(), ComponentError> {
        let mut state = self.state();
        let events = match self.ticket {
            Some(ticket) if end && self.graph_follows => {
                let left = ticket.left(&[])?;
                let left = Settled::Left(ticket.number, &left);
                self.store.apply_queued(&state.pending, &left)?
            }
            Some(ticket) if end => {
                let done = Settled::Done(ticket.number);
                self.store.apply_queued(&state.pending, &done)?
            }
            _ if state.pending.is_empty() => return Ok(()),
            Some(ticket) => {
                let left = ticket.left(state.undecided.make_contiguous())?;
                let left = Settled::Left(ticket.number, &left);
                self.store.apply_queued(&state.pending, &left)?
            }
            None => self.store.apply(&state.pending)?,
        };
        state.pending.clear();
        state.events.extend(events);
        Ok(())
    }
}

#[async_trait]
impl MemoryView for Desk<'_> {
    async fn similar(&self, cx: &Cx, text: &str, k: usize) -> Result<Vec<Similar>, ComponentError> {
        self.carry_out(false)?;
        self.embed(cx, &[text]).await?;
        let vector = self.state().vectors.get(text).cloned().ok_or_else(|| {
            ComponentError::new(
                "update",
                ErrorKind::Permanent,
                "a system without vectors cannot look for similar memories",
            )
        })?;
        let filter = Filter::texts(self.scope.clone());
        let mut similar = Vec::new();
        for near in self.store.nearest(&filter, &vector, k)? {
            if let Some(record) = self.store.record(near.id)? {
                similar.push(Similar {
                    record,
                    score: near.score,
                });
            }
        }
        Ok(similar)
    }
}
