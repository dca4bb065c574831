//! A pipeline as a library sees it: a memory that grows and is asked at any time, in the scopes that
//! its caller names.

use std::collections::BTreeMap;

use jiff::civil::DateTime;
use memgauge_core::{
    BuildError, ComponentError, ConversationHead, ConversationId, Cx, EmbedderHandle, Fact, Filter,
    ListRank, MemoryEvent, MemoryId, MemoryKind, MemoryOp, MemoryReader, MemoryRecord, Parts,
    Scope, Session, Source, Stage,
};
use memgauge_store::{Change, Said, Store, StoreOptions};
use serde::Serialize;

use super::SystemConfig;
use super::desk::Desk;
use super::pipeline::{Intake, Perspectives, Pipeline, PipelineConfig, put_aside};
use crate::extractor::ExtractorConfig;
use crate::update::append::Append;

/// What extractors note beside a fact in a replay, and what says nothing to the caller of a library.
const SESSION: &str = "session";

/// Messages to remember.
#[derive(Debug, Clone, Copy)]
pub struct Addition<'a> {
    /// Who talks: the user first, then the agent.
    pub head: &'a ConversationHead,
    /// The messages. Its number comes from [`Store::begin_session`].
    pub session: &'a Session,
    /// To whom the memories belong.
    pub scope: &'a Scope,
    /// What is noted beside every memory that comes of it. An UPDATE leaves a memory's own as it is.
    pub metadata: &'a BTreeMap<String, String>,
    /// Whether extractor and update policy decide what is kept. Otherwise every message becomes a
    /// memory as it was said.
    pub infer: bool,
    /// How many messages of the scope short-term memory keeps; never fewer than the extractor looks
    /// back.
    pub recent: usize,
}

/// A memory that a query found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Found {
    /// The memory.
    pub record: MemoryRecord,
    /// Its score after fusion; higher is better. What it means depends on the fusion ranker.
    pub score: f32,
    /// Rank and score in every list that holds it, by the list's name. The score in `dense` is the
    /// cosine.
    pub lists: BTreeMap<String, ListRank>,
}

impl SystemConfig {
    /// The parts of the pipeline that this system is; `None` for baselines, which are no pipelines.
    pub fn pipeline(&self) -> Option<PipelineConfig> {
        match self {
            Self::Turns(config) => Some(config.clone().into()),
            Self::Observations(config) => Some(config.clone().into()),
            Self::Summaries(config) => Some(config.clone().into()),
            Self::Mem0Rules(config) => Some(config.clone().into()),
            Self::Mem0(config) => Some(config.parts.clone()),
            Self::Mem0g(config) => Some(config.parts.clone()),
            Self::Notes(config) => Some(config.clone().into()),
            Self::NotesRules(config) => Some(config.clone().into()),
            Self::Mem0gRules(config) => Some(config.clone().into()),
            Self::Mem0gOssRules(config) => Some(config.clone().into()),
            Self::TemporalRules(config) => Some(config.clone().into()),
            Self::CooccurrenceRules(config) => Some(config.clone().into()),
            Self::NoMemory(_) | Self::FullContext(_) | Self::Rag(_) | Self::External(_) => None,
        }
    }
}

impl SystemConfig {
    /// What shapes the memory that ingestion leaves: systems of equal value may share it. Retriever, fusion,
    /// context and scopes only look at what is there; whether there are vectors is told apart
    /// ([`Self::needs_vectors`]), as a memory that has them serves those that need none.
    pub fn upstream(&self) -> serde_json::Value {
        let Some(pipeline) = self.pipeline() else {
            return serde_json::to_value(self).unwrap_or_default();
        };
        serde_json::json!({
            "pipeline": {
                "perspectives": pipeline.perspectives,
                "extractor": pipeline.extractor,
                "update": pipeline.update,
                "consolidation": pipeline.consolidation,
                "embedder": pipeline.embedder,
                "store": pipeline.store,
                "graph": pipeline.graph,
            }
        })
    }

    /// Whether its memory has to hold vectors.
    pub fn needs_vectors(&self) -> bool {
        self.pipeline()
            .is_some_and(|pipeline| pipeline.needs_vectors())
    }
}

impl PipelineConfig {
    /// Makes a pipeline whose store grows. `existing` is gone on with; without it a store is created in
    /// the folder of `parts`. Every change is on the disk when the call that made it returns.
    ///
    /// # Errors
    /// When parts do not fit together or to the store, a model is missing, a part is of no use
    /// outside a replay, or the store cannot be made.
    pub fn library(
        &self,
        kind: &'static str,
        parts: &dyn Parts,
        existing: Option<Store>,
    ) -> Result<Pipeline, BuildError> {
        self.check_library(parts)?;
        self.assemble(kind, parts, true, |folder, wanted| {
            let store = match existing {
                Some(store) => store,
                None => {
                    let options = StoreOptions {
                        durable: true,
                        ..StoreOptions::default()
                    };
                    let store = Store::build_with(folder, wanted, options)?;
                    store.finish()?;
                    store
                }
            };
            Ok((store, false))
        })
    }

    /// Refuses what is of use in a replay alone.
    fn check_library(&self, parts: &dyn Parts) -> Result<(), BuildError> {
        let extractor = &self.extractor;
        if matches!(
            extractor,
            ExtractorConfig::Observations(_) | ExtractorConfig::Summaries(_)
        ) {
            let kind = extractor.kind();
            return Err(BuildError::at(
                "extractor.kind",
                format!("`{kind}` reads the notes of a dataset; nobody takes notes of messages"),
            ));
        }
        if self.perspectives != Perspectives::One {
            return Err(BuildError::at(
                "perspectives",
                "a library has the scopes that its caller names: set `perspectives = \"one\"`",
            ));
        }
        if self.needs_vectors()
            && let Ok(embedder) = parts.embedder(&self.embedder)
            && embedder.fit(&[""]).is_some()
        {
            return Err(BuildError::at(
                "embedder",
                format!(
                    "`{}` is fitted when all texts are known, and a memory that grows never knows them all",
                    self.embedder
                ),
            ));
        }
        Ok(())
    }
}

impl Pipeline {
    /// What shapes the vectors of the store; `None` where nothing is embedded.
    pub fn embedder_id(&self) -> Option<&str> {
        self.consolidator()
            .embedder
            .as_ref()
            .map(EmbedderHandle::id)
    }

    /// Remembers messages and returns what was done, in order; what is consolidated in the background
    /// is told by the next flush. Extractors that look back see the latest messages of the same scope.
    ///
    /// # Errors
    /// When a model or the store fails. What was done up to then stays done and stands in the
    /// history; short-term memory does not hold the messages.
    pub async fn add(
        &self,
        cx: &Cx,
        addition: &Addition<'_>,
    ) -> Result<Vec<MemoryEvent>, ComponentError> {
        let Addition {
            head,
            session,
            scope,
            metadata,
            ..
        } = *addition;
        let lookback = self.consolidator().extractor.lookback();
        let events = if addition.infer {
            let said = self.store().said(scope, lookback);
            let mut before = said.into_iter().map(|said| said.turn).collect();
            let intake = Intake {
                head,
                session,
                scope: scope.clone(),
                metadata: Some(metadata),
            };
            self.take_in(cx, &intake, &mut before).await?
        } else {
            let facts = session
                .turns
                .iter()
                .map(|turn| Fact {
                    kind: MemoryKind::Verbatim,
                    text: turn.text.clone(),
                    speaker: Some(turn.speaker.clone()),
                    sources: vec![Source::cited(turn.id)],
                    held_at: session.held_at,
                    metadata: metadata.clone(),
                })
                .collect();
            let embedder = self.consolidator().embedder.as_ref();
            let mut events = Vec::new();
            Desk::new(
                self.store(),
                embedder,
                &head.id,
                scope.clone(),
                session.held_at,
                None,
            )
            .remember(cx, &Append, facts, &mut events)
            .await?;
            events
        };
        let said: Vec<Said> = session
            .turns
            .iter()
            .map(|turn| Said {
                at: session.held_at,
                turn: turn.clone(),
            })
            .collect();
        self.store()
            .say(scope, &said, addition.recent.max(lookback))?;
        Ok(events)
    }

    /// The best `k` memories for `query` of those that `filter` accepts, best first, and after them the
    /// relations that a graph brings up beside memories.
    ///
    /// # Errors
    /// When a model or the store fails.
    pub async fn search(
        &self,
        cx: &Cx,
        filter: &Filter,
        query: &str,
        k: usize,
    ) -> Result<Vec<Found>, ComponentError> {
        let cx = cx.with(Stage::Search);
        let (lists, relations) = self.lists_in(&cx, filter, query).await?;
        let mut found = Vec::new();
        for hit in self.fusion.fuse(&lists, self.store(), k) {
            let held = lists.iter().zip(hit.lists);
            let held = held.filter_map(|(list, held)| Some((list.name.clone(), held?)));
            let held = held.collect();
            found.extend(self.found(hit.id, hit.score, held)?);
        }
        if let Some(list) = relations {
            for (rank, item) in (1..).zip(&list.items) {
                let score = item.score;
                let held = BTreeMap::from([(list.name.clone(), ListRank { rank, score })]);
                found.extend(self.found(item.id, score, held)?);
            }
        }
        Ok(found)
    }

    fn found(
        &self,
        id: MemoryId,
        score: f32,
        lists: BTreeMap<String, ListRank>,
    ) -> Result<Option<Found>, ComponentError> {
        let record = self.store().record(id)?;
        Ok(record.map(|record| Found {
            record,
            score,
            lists,
        }))
    }

    /// Forgets what extractors keep in mind of the conversations that `is_gone` names.
    pub fn forget(&self, is_gone: &dyn Fn(&ConversationId) -> bool) {
        self.consolidator().extractor.forget(is_gone);
    }

    /// What was added and could never become memories: its text, and why.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn put_aside(&self) -> Result<Vec<(String, String)>, ComponentError> {
        put_aside(self.store())
    }

    /// Gives memory `id` a new text, which takes the place of all that it said. Returns one event.
    ///
    /// # Errors
    /// When there is no such memory, or the embedder or the store fails.
    pub async fn rewrite(
        &self,
        cx: &Cx,
        id: MemoryId,
        text: &str,
        at: DateTime,
    ) -> Result<Vec<MemoryEvent>, ComponentError> {
        let op = MemoryOp::Update {
            id,
            text: text.to_owned(),
            sources: Vec::new(),
            held_at: at,
            replaces: true,
        };
        let embedding = match &self.consolidator().embedder {
            Some(embedder) => embedder.embed(&cx.with(Stage::Index), &[text]).await?.pop(),
            None => None,
        };
        let change = Change {
            op,
            // Of no account: the memory keeps its own.
            conversation: ConversationId::new(""),
            scope: Scope::default(),
            embedding,
            at,
        };
        let events = self.store().apply(std::slice::from_ref(&change))?;
        Ok(events)
    }
}

/// What the caller of a library wants noted takes the place of what says something in a replay alone.
pub(super) fn label(facts: &mut [Fact], metadata: &BTreeMap<String, String>) {
    for fact in facts {
        fact.metadata.remove(SESSION);
        let own = metadata.iter();
        fact.metadata
            .extend(own.map(|(key, value)| (key.clone(), value.clone())));
    }
}
