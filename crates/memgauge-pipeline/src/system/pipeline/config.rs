//! What a pipeline is made of.

use std::path::Path;
use std::sync::{Arc, Mutex, RwLock};

use memgauge_core::{BuildError, ChatHandle, EmbedderHandle, Parts, Tokenizer};
use memgauge_store::{LexicalConfig, Store, StoreConfig, StoreError, StoreOptions, VectorConfig};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Pipeline;
use super::background::Background;
use super::consolidate::Consolidator;
use super::intake::SPEAKERS;
use crate::context::ContextConfig;
use crate::extractor::ExtractorConfig;
use crate::fusion::FusionConfig;
use crate::graph::GraphConfig;
use crate::retriever::{RetrieverConfig, SYSTEM_EMBEDDER};
use crate::update::UpdateConfig;

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

/// How many memories a conversation has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Perspectives {
    /// One.
    #[default]
    One,
    /// One per speaker: every batch is read once from each speaker's point of view, a question is put
    /// to both memories with `k` each, and the context has one block per speaker.
    PerSpeaker,
}

/// When windows become memories.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ConsolidationConfig {
    /// While they are added.
    Inline {},
    /// Behind the back of whoever adds them, in order. An added window is written down first: a crash
    /// loses none.
    Background {
        /// So many windows may wait; then adding waits.
        #[serde(default = "default_queue")]
        #[schemars(range(min = 1))]
        queue: usize,
    },
}

fn default_queue() -> usize {
    64
}

impl Default for ConsolidationConfig {
    fn default() -> Self {
        Self::Inline {}
    }
}

/// The parts of a pipeline, every one replaceable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PipelineConfig {
    /// How many memories a conversation has: `one`, or one per speaker, with the roles of user and
    /// assistant swapped (`per-speaker`).
    pub perspectives: Perspectives,
    /// What turns become.
    pub extractor: ExtractorConfig,
    /// What becomes of new facts.
    pub update: UpdateConfig,
    /// When that happens: `{ kind = "inline" }`, or `{ kind = "background", queue = 64 }`, where
    /// adding returns at once and waits only while so many windows are unfinished.
    pub consolidation: ConsolidationConfig,
    /// Name of the embedder. Unused where nothing looks at vectors.
    pub embedder: String,
    /// What shapes the store.
    pub store: StorageConfig,
    /// A graph of entities and relations beside the memories; left out = none. One that fuses adds a
    /// ranked list after those of the retriever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub graph: Option<GraphConfig>,
    /// What is searched for, and with `k` how many memories enter the context.
    pub retriever: RetrieverConfig,
    /// How ranked lists are joined.
    pub fusion: FusionConfig,
    /// How memories are shown.
    pub context: ContextConfig,
    /// Whether a question sees the memories of its own conversation alone. Matters where
    /// conversations share a store.
    pub scope_filter: bool,
}

impl PipelineConfig {
    /// Makes the system that config files call `kind`. A complete store that an earlier run left in the
    /// folder of `parts` is opened, otherwise a new one is begun.
    ///
    /// # Errors
    /// When parts do not fit together, a model is missing, or the store cannot be made.
    pub fn pipeline(&self, kind: &'static str, parts: &dyn Parts) -> Result<Pipeline, BuildError> {
        let pipeline = self.assemble(kind, parts, false, |folder, wanted| {
            if folder.exists() {
                let options = StoreOptions {
                    read_only: true,
                    ..StoreOptions::default()
                };
                Ok((Store::open_with(folder, options)?, true))
            } else {
                Ok((Store::build(folder, wanted)?, false))
            }
        })?;
        if pipeline.is_complete {
            within("retriever", pipeline.fit().map(drop))?;
        }
        Ok(pipeline)
    }

    /// Makes the parts, and last, so that a config that cannot work leaves nothing behind, lets
    /// `open` make the store, which also tells whether it is complete.
    pub(in crate::system) fn assemble(
        &self,
        kind: &'static str,
        parts: &dyn Parts,
        grows: bool,
        open: impl FnOnce(&Path, &StoreConfig) -> Result<(Store, bool), StoreError>,
    ) -> Result<Pipeline, BuildError> {
        let lists = self.retriever.lists() + self.graph.as_ref().map_or(0, GraphConfig::lists);
        within("fusion", self.fusion.check(lists))?;
        if self.fusion.needs_cosines() && !self.retriever.is_dense() {
            return Err(BuildError::at(
                "fusion.kind",
                format!(
                    "`{}` needs the list of a `dense` retriever",
                    self.fusion.kind()
                ),
            ));
        }
        if matches!(
            self.consolidation,
            ConsolidationConfig::Background { queue: 0 }
        ) {
            let key = "consolidation.queue";
            return Err(BuildError::at(key, "must be at least 1, found 0"));
        }
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
        let extractor = parts.extractor(within("extractor", self.extractor.build(parts))?);
        let update = within("update", self.update.build(parts))?;
        let retriever = within("retriever", self.retriever.build(&own))?;
        let fusion = within("fusion", self.fusion.build(parts))?;
        let context = within("context", self.context.build(parts))?;
        let graph = match &self.graph {
            Some(graph) => Some(within("graph", graph.build(parts))?),
            None => None,
        };

        let folder = parts.folder().join(STORE_FOLDER);
        let wanted = StoreConfig {
            vectors: self.store.vectors.clone(),
            lexical: self.store.lexical.clone(),
            dimensions: embedder.as_ref().map(EmbedderHandle::dimensions),
        };
        let (store, is_complete) =
            open(&folder, &wanted).map_err(|error| BuildError::at("store", error))?;
        // A memory that is complete may hold vectors that others of its readers need.
        let found = match wanted.dimensions {
            None if is_complete => StoreConfig {
                dimensions: None,
                ..store.config().clone()
            },
            _ => store.config().clone(),
        };
        if found != wanted {
            return Err(BuildError::at(
                "store",
                format!(
                    "`{}` holds a store of another shape",
                    store.path().display()
                ),
            ));
        }
        let speakers = match store.note(SPEAKERS) {
            Ok(Some(note)) => serde_json::from_slice(&note).map_err(|error| error.to_string()),
            Ok(None) => Ok(Default::default()),
            Err(error) => Err(error.to_string()),
        };
        let speakers = speakers.map_err(|error| BuildError::at("store", error))?;
        let consolidator = Arc::new(Consolidator {
            extractor,
            update,
            embedder,
            store,
            graph,
        });
        let background = match self.consolidation {
            ConsolidationConfig::Background { queue } if !is_complete => {
                Some(Background::new(Arc::clone(&consolidator), queue, grows))
            }
            _ => None,
        };
        Ok(Pipeline {
            kind,
            consolidator,
            background,
            perspectives: self.perspectives,
            fusion,
            context,
            k: self.retriever.k(),
            scope_filter: self.scope_filter,
            is_complete,
            grows,
            retriever_config: self.retriever.clone(),
            retriever: RwLock::new(Arc::from(retriever)),
            fitted: RwLock::default(),
            said: Mutex::default(),
            speakers: Mutex::new(speakers),
        })
    }

    /// Whether something looks at vectors; otherwise nothing is embedded.
    pub(in crate::system) fn needs_vectors(&self) -> bool {
        fn compares(fusion: &FusionConfig) -> bool {
            match fusion {
                FusionConfig::Mmr(_) => true,
                FusionConfig::Neighbour(config) => compares(&config.inner),
                // The others look at ranks and scores alone.
                _ => false,
            }
        }
        self.retriever.is_dense()
            || self.graph.is_some()
            || compares(&self.fusion)
            || !matches!(self.update, UpdateConfig::Append(_))
    }
}

/// Puts the key of a part's table before the keys of its errors.
pub(in crate::system) fn within<T>(
    table: &str,
    result: Result<T, BuildError>,
) -> Result<T, BuildError> {
    result.map_err(|error| BuildError {
        key: Some(match error.key {
            Some(key) => format!("{table}.{key}"),
            None => table.to_owned(),
        }),
        message: error.message,
    })
}

/// What a system's retrievers may ask for: its own embedder.
pub(super) struct SystemParts<'a> {
    pub(super) embedder: Option<&'a EmbedderHandle>,
    pub(super) parts: Option<&'a dyn Parts>,
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
