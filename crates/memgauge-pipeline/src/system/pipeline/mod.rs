//! The one memory system that all others but the baselines are settings of.

mod aside;
mod background;
#[cfg(test)]
mod background_tests;
mod config;
mod consolidate;
mod intake;
mod recall;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use async_trait::async_trait;
use memgauge_core::{
    BuildError, ComponentError, ContextBuilder, ConversationHead, ConversationId, Cx,
    EmbedderHandle, ErrorKind, FusionRanker, GraphReader, MemoryEvent, MemoryId, MemoryReader,
    MemoryRecord, MemorySystem, Question, Recall, Retriever, Scope, Session, Stage, Turn,
};
use memgauge_store::Store;

pub(super) use aside::told as put_aside;
pub(super) use background::Ticket;
pub use config::{ConsolidationConfig, Perspectives, PipelineConfig, StorageConfig};
pub(super) use consolidate::Consolidator;
pub(super) use intake::Intake;

use background::Background;
use config::SystemParts;

use crate::retriever::RetrieverConfig;

/// How many candidates a recall keeps.
pub const MAX_CANDIDATES: usize = 200;

/// Extractor, update policy, store, retriever, fusion ranker and context builder in a row.
pub struct Pipeline {
    kind: &'static str,
    /// What turns into memories, shared with the background.
    consolidator: Arc<Consolidator>,
    /// Present where windows are consolidated behind the caller's back.
    background: Option<Background>,
    perspectives: Perspectives,
    pub(super) fusion: Box<dyn FusionRanker>,
    context: Box<dyn ContextBuilder>,
    k: usize,
    scope_filter: bool,
    is_complete: bool,
    /// Whether the store goes on growing: then a flush does not seal it.
    pub(super) grows: bool,
    retriever_config: RetrieverConfig,
    /// Exchanged when the embedder was fitted.
    retriever: RwLock<Arc<dyn Retriever>>,
    /// The embedder once it was fitted.
    fitted: RwLock<Option<EmbedderHandle>>,
    /// The last turns of each conversation and scope, for extractors that look back.
    said: Mutex<BTreeMap<(ConversationId, Scope), Vec<Turn>>>,
    /// Who talks, where each speaker has a memory: also kept in the store.
    speakers: Mutex<BTreeMap<ConversationId, [String; 2]>>,
}

impl Pipeline {
    /// The store.
    pub fn store(&self) -> &Store {
        &self.consolidator.store
    }

    /// The parts that turn what is said into memories.
    pub(super) fn consolidator(&self) -> &Consolidator {
        &self.consolidator
    }

    /// Takes out everything, and forgets what parts keep in mind of it. Nothing may be at work in the background.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn clear(&self) -> Result<(), ComponentError> {
        self.store().clear()?;
        if let Some(background) = &self.background {
            background.forget();
        }
        self.consolidator.extractor.forget(&|_| true);
        Ok(())
    }

    /// Why work in the background was put aside since the last call: the first reason.
    pub fn newly_put_aside(&self) -> Option<ComponentError> {
        self.background.as_ref().and_then(Background::put_aside)
    }

    /// Ends the work in the background, which the store keeps for whoever opens it next, and closes the
    /// store. Dropping a pipeline does the same, a little later.
    pub async fn close(self) {
        if let Some(background) = self.background {
            background.close().await;
        }
    }

    /// Fits the embedder to the store's texts, where there is something to fit, and searches with it
    /// from now on.
    fn fit(&self) -> Result<Option<EmbedderHandle>, BuildError> {
        let Some(embedder) = &self.consolidator.embedder else {
            return Ok(None);
        };
        let texts = self.store().corpus();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let Some(fitted) = embedder.fit(&texts) else {
            return Ok(None);
        };
        let retriever = self.retriever_config.build(&SystemParts {
            embedder: Some(&fitted),
            parts: None,
        })?;
        *self
            .retriever
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Arc::from(retriever);
        *self.fitted.write().unwrap_or_else(PoisonError::into_inner) = Some(fitted.clone());
        Ok(Some(fitted))
    }

    /// Seals a store that holds all it will ever hold.
    async fn seal(&self, cx: &Cx) -> Result<(), ComponentError> {
        let fitted = self
            .fit()
            .map_err(|error| ComponentError::new(self.kind, ErrorKind::Permanent, error))?;
        let store = self.store();
        if let Some(fitted) = fitted {
            let memories = store.embedded();
            let texts: Vec<&str> = memories.iter().map(|(_, text)| text.as_str()).collect();
            let vectors = fitted.embed(&cx.with(Stage::Index), &texts).await?;
            let ids = memories.iter().map(|(id, _)| *id);
            store.revectorise(ids.zip(vectors))?;
            let nodes = store.nodes(&Scope::default());
            let names: Vec<&str> = nodes.iter().map(|node| node.name.as_str()).collect();
            let vectors = fitted.embed(&cx.with(Stage::Index), &names).await?;
            store.revectorise_nodes(nodes.iter().map(|node| node.id).zip(vectors))?;
        }
        store.seal()?;
        Ok(store.finish()?)
    }
}

#[async_trait]
impl MemorySystem for Pipeline {
    fn kind(&self) -> &'static str {
        self.kind
    }

    async fn ingest(
        &self,
        cx: &Cx,
        head: &ConversationHead,
        session: &Session,
    ) -> Result<Vec<MemoryEvent>, ComponentError> {
        let intake = Intake {
            head,
            session,
            scope: Scope::user(head.id.as_str()),
            metadata: None,
        };
        let place = (head.id.clone(), intake.scope.clone());
        let said = || self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let mut before = said().remove(&place).unwrap_or_default();
        let result = self.take_in(cx, &intake, &mut before).await;
        said().insert(place, before);
        result
    }

    async fn flush(&self, cx: &Cx) -> Result<Vec<(ConversationId, MemoryEvent)>, ComponentError> {
        if self.is_complete {
            return Ok(Vec::new());
        }
        let flushed = match &self.background {
            Some(background) => background.flush(cx).await,
            None => Ok(Vec::new()),
        };
        // After a failure too: what goes on beside it was paid for, and has to be booked.
        let extract = cx.with(Stage::Extract);
        let finished = self.consolidator.extractor.finish(&extract).await;
        let events = flushed?;
        finished?;
        if self.grows {
            self.store().sync()?;
        } else {
            self.seal(cx).await?;
        }
        Ok(events)
    }

    async fn recall(
        &self,
        cx: &Cx,
        conversation: &ConversationId,
        question: &Question,
    ) -> Result<Recall, ComponentError> {
        let views = self.views_of(conversation);
        self.recall_in(cx, &views, &question.text).await
    }

    fn keeps_memories(&self) -> bool {
        true
    }

    fn is_complete(&self) -> bool {
        self.is_complete
    }

    fn memory(&self, id: MemoryId) -> Result<Option<MemoryRecord>, ComponentError> {
        self.store().record(id)
    }
}
