//! The one memory system that all others but the baselines are settings of.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use async_trait::async_trait;
use memgauge_core::{
    BuildError, ChatHandle, ComponentError, ContextBuilder, ConversationHead, ConversationId, Cx,
    EmbedderHandle, Extractor, Filter, FusionRanker, MemoryEvent, MemoryId, MemoryReader,
    MemoryRecord, MemorySystem, Parts, Question, RankedList, Recall, Retriever, Scope, Session,
    Stage, Tokenizer, Turn, UpdatePolicy, Window,
};
use memgauge_store::{LexicalConfig, Store, StoreConfig, StoreOptions, VectorConfig};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::desk::Desk;
use crate::context::ContextConfig;
use crate::extractor::ExtractorConfig;
use crate::fusion::FusionConfig;
use crate::retriever::{RetrieverConfig, SYSTEM_EMBEDDER};
use crate::update::UpdateConfig;

/// How many candidates a recall keeps.
pub const MAX_CANDIDATES: usize = 200;

/// Name of the store's folder inside the system's.
const STORE_FOLDER: &str = "store";

/// What shapes a pipeline's store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct StorageConfig {
    /// How vectors are searched.
    pub vectors: VectorConfig,
    /// How words are searched.
    pub lexical: LexicalConfig,
}

impl Default for StorageConfig {
    fn default() -> Self {
        let StoreConfig {
            vectors, lexical, ..
        } = StoreConfig::default();
        Self { vectors, lexical }
    }
}

/// The parts of a pipeline, every one replaceable.
#[derive(Debug, Clone, PartialEq)]
pub struct PipelineConfig {
    /// Turns to facts.
    pub extractor: ExtractorConfig,
    /// Facts to operations.
    pub update: UpdateConfig,
    /// Name of the embedder.
    pub embedder: String,
    /// What shapes the store.
    pub store: StorageConfig,
    /// Question to ranked lists, and how many memories enter the context.
    pub retriever: RetrieverConfig,
    /// Ranked lists to one.
    pub fusion: FusionConfig,
    /// Ranked memories to text.
    pub context: ContextConfig,
    /// Whether a question sees the memories of its own conversation alone.
    pub scope_filter: bool,
}

impl PipelineConfig {
    /// Makes the system that config files call `kind`. A complete store that an earlier run left in the
    /// folder of `parts` is opened, otherwise a new one is begun.
    ///
    /// # Errors
    /// When parts do not fit together, a model is missing, or the store cannot be made.
    pub fn pipeline(&self, kind: &'static str, parts: &dyn Parts) -> Result<Pipeline, BuildError> {
        within("fusion", self.fusion.check(self.retriever.lists()))?;
        let embedder = if self.needs_vectors() {
            Some(
                parts
                    .embedder(&self.embedder)
                    .map_err(|error| BuildError::at("embedder", error.message))?,
            )
        } else {
            None
        };
        let own = SystemParts {
            embedder: embedder.as_ref(),
            parts: Some(parts),
        };
        let extractor = within("extractor", self.extractor.build(parts))?;
        let update = within("update", self.update.build(parts))?;
        let retriever = within("retriever", self.retriever.build(&own))?;
        let fusion = within("fusion", self.fusion.build(parts))?;
        let context = within("context", self.context.build(parts))?;

        // Last, so that a config that cannot work leaves nothing behind.
        let folder = parts.folder().join(STORE_FOLDER);
        let wanted = StoreConfig {
            vectors: self.store.vectors.clone(),
            lexical: self.store.lexical.clone(),
            dimensions: embedder.as_ref().map(EmbedderHandle::dimensions),
        };
        let is_complete = folder.exists();
        let store = if is_complete {
            let options = StoreOptions {
                read_only: true,
                ..StoreOptions::default()
            };
            Store::open_with(&folder, options)
        } else {
            Store::build(&folder, &wanted)
        }
        .map_err(|error| BuildError::at("store", error))?;
        if *store.config() != wanted {
            return Err(BuildError::at(
                "store",
                format!("`{}` holds a store of another shape", folder.display()),
            ));
        }
        let pipeline = Pipeline {
            kind,
            extractor,
            update,
            embedder,
            fusion,
            context,
            k: self.retriever.k(),
            scope_filter: self.scope_filter,
            store,
            is_complete,
            retriever_config: self.retriever.clone(),
            retriever: RwLock::new(Arc::from(retriever)),
            said: Mutex::default(),
        };
        if is_complete {
            within("retriever", pipeline.fit().map(drop))?;
        }
        Ok(pipeline)
    }

    /// Whether something looks at vectors; otherwise nothing is embedded.
    fn needs_vectors(&self) -> bool {
        fn compares(fusion: &FusionConfig) -> bool {
            match fusion {
                FusionConfig::Mmr(_) => true,
                FusionConfig::Neighbour(config) => compares(&config.inner),
                // The others look at ranks and scores alone.
                _ => false,
            }
        }
        self.retriever.is_dense()
            || compares(&self.fusion)
            || !matches!(self.update, UpdateConfig::Append(_))
    }
}

/// Puts the key of a part's table before the keys of its errors.
fn within<T>(table: &str, result: Result<T, BuildError>) -> Result<T, BuildError> {
    result.map_err(|error| BuildError {
        key: Some(match error.key {
            Some(key) => format!("{table}.{key}"),
            None => table.to_owned(),
        }),
        message: error.message,
    })
}

/// What a system's retrievers may ask for: its own embedder.
struct SystemParts<'a> {
    embedder: Option<&'a EmbedderHandle>,
    parts: Option<&'a dyn Parts>,
}

impl Parts for SystemParts<'_> {
    fn embedder(&self, name: &str) -> Result<EmbedderHandle, BuildError> {
        match (name, self.embedder, self.parts) {
            (SYSTEM_EMBEDDER, Some(own), _) => Ok(own.clone()),
            (name, _, Some(parts)) => parts.embedder(name),
            _ => Err(BuildError::new(format!("no embedder `{name}` here"))),
        }
    }

    fn chat(&self, name: &str) -> Result<ChatHandle, BuildError> {
        match self.parts {
            Some(parts) => parts.chat(name),
            None => Err(BuildError::new(format!("no chat model `{name}` here"))),
        }
    }

    fn prompt(&self, name: &str, default: &str) -> Result<String, BuildError> {
        match self.parts {
            Some(parts) => parts.prompt(name, default),
            None => Ok(default.to_owned()),
        }
    }

    fn tokenizer(&self, name: &str) -> Result<Arc<dyn Tokenizer>, BuildError> {
        match self.parts {
            Some(parts) => parts.tokenizer(name),
            None => Err(BuildError::new(format!("no tokenizer `{name}` here"))),
        }
    }

    fn folder(&self) -> &Path {
        self.parts.map_or(Path::new(""), Parts::folder)
    }
}

/// Extractor, update policy, store, retriever, fusion ranker and context builder in a row.
pub struct Pipeline {
    kind: &'static str,
    extractor: Box<dyn Extractor>,
    update: Box<dyn UpdatePolicy>,
    /// As it was before it was fitted; `None` where nothing looks at vectors.
    embedder: Option<EmbedderHandle>,
    fusion: Box<dyn FusionRanker>,
    context: Box<dyn ContextBuilder>,
    k: usize,
    scope_filter: bool,
    store: Store,
    is_complete: bool,
    retriever_config: RetrieverConfig,
    /// Exchanged when the embedder was fitted.
    retriever: RwLock<Arc<dyn Retriever>>,
    /// The last turns of each conversation, for extractors that look back.
    said: Mutex<BTreeMap<ConversationId, Vec<Turn>>>,
}

impl Pipeline {
    /// The store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The ranked lists of a question, before fusion.
    ///
    /// # Errors
    /// When the embedder or the store fails.
    pub async fn lists(
        &self,
        cx: &Cx,
        conversation: &ConversationId,
        question: &str,
    ) -> Result<Vec<RankedList>, ComponentError> {
        let filter = if self.scope_filter {
            Filter::scope(Scope::user(conversation.as_str()))
        } else {
            Filter::default()
        };
        self.retriever()
            .retrieve(cx, &self.store, &filter, question)
            .await
    }

    /// Fits the embedder to the store's texts, where there is something to fit, and searches with it
    /// from now on.
    fn fit(&self) -> Result<Option<EmbedderHandle>, BuildError> {
        let Some(embedder) = &self.embedder else {
            return Ok(None);
        };
        let texts = self.store.texts();
        let texts: Vec<&str> = texts.iter().map(|(_, text)| text.as_str()).collect();
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
        Ok(Some(fitted))
    }

    fn retriever(&self) -> Arc<dyn Retriever> {
        Arc::clone(
            &self
                .retriever
                .read()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// Turns said before, at most as many as the extractor looks back.
    fn before(&self, conversation: &ConversationId) -> Vec<Turn> {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.get(conversation).cloned().unwrap_or_default()
    }

    fn now_before(&self, conversation: &ConversationId, turns: Vec<Turn>) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.insert(conversation.clone(), turns);
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
        let mut before = self.before(&head.id);
        let batch = self.extractor.batch().unwrap_or(session.turns.len()).max(1);
        let mut windows: Vec<&[Turn]> = session.turns.chunks(batch).collect();
        if windows.is_empty() {
            // Nothing was said, but the dataset may have noted something.
            windows.push(&[]);
        }
        let mut events = Vec::new();
        for turns in windows {
            let window = Window {
                head,
                session,
                turns,
                before: &before,
                perspective: None,
            };
            let facts = self
                .extractor
                .extract(&cx.with(Stage::Extract), &window)
                .await?;
            let desk = Desk::new(
                &self.store,
                self.embedder.as_ref(),
                &head.id,
                Scope::user(head.id.as_str()),
                session.held_at,
            );
            events.extend(desk.remember(cx, self.update.as_ref(), facts).await?);
            before.extend_from_slice(turns);
            let extra = before.len().saturating_sub(self.extractor.lookback());
            before.drain(..extra);
        }
        self.now_before(&head.id, before);
        Ok(events)
    }

    async fn flush(&self, cx: &Cx) -> Result<Vec<(ConversationId, MemoryEvent)>, ComponentError> {
        if self.is_complete {
            return Ok(Vec::new());
        }
        self.extractor.finish(&cx.with(Stage::Extract)).await?;
        let fitted = self.fit().map_err(|error| {
            ComponentError::new(self.kind, memgauge_core::ErrorKind::Permanent, error)
        })?;
        if let Some(fitted) = fitted {
            let memories = self.store.texts();
            let texts: Vec<&str> = memories.iter().map(|(_, text)| text.as_str()).collect();
            let vectors = fitted.embed(&cx.with(Stage::Index), &texts).await?;
            let ids = memories.iter().map(|(id, _)| *id);
            self.store.revectorise(ids.zip(vectors))?;
        }
        self.store.seal()?;
        self.store.finish()?;
        Ok(Vec::new())
    }

    async fn recall(
        &self,
        cx: &Cx,
        conversation: &ConversationId,
        question: &Question,
    ) -> Result<Recall, ComponentError> {
        let cx = cx.with(Stage::Search);
        let lists = self.lists(&cx, conversation, &question.text).await?;
        cx.count(&format!("fusion:{}", self.fusion.kind()), 1);
        let mut candidates = self
            .fusion
            .fuse(&lists, &self.store, self.k.max(MAX_CANDIDATES));
        cx.count(&format!("context:{}", self.context.kind()), 1);
        let meant = candidates.get(..self.k).unwrap_or(&candidates);
        let context = self.context.build(meant, &self.store)?;
        candidates.truncate(MAX_CANDIDATES);
        Ok(Recall {
            lists: lists.into_iter().map(|list| list.name).collect(),
            candidates,
            k: self.k,
            ranked: true,
            context: Arc::new(context),
        })
    }

    fn keeps_memories(&self) -> bool {
        true
    }

    fn is_complete(&self) -> bool {
        self.is_complete
    }

    fn memory(&self, id: MemoryId) -> Result<Option<MemoryRecord>, ComponentError> {
        self.store.record(id)
    }
}
