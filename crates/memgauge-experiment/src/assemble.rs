//! Models by name, and systems built from their configs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use memgauge_core::config::unknown;
use memgauge_core::{BuildError, EmbedderHandle, MemorySystem, Parts, Tokenizer};
use memgauge_model::EmbedderConfig;
use memgauge_pipeline::system::SystemConfig;

/// Builds the parts of an experiment; models are loaded once, when first asked for.
pub struct Assembly {
    models: BTreeMap<String, EmbedderConfig>,
    /// Models that were asked for.
    loaded: Mutex<BTreeMap<String, EmbedderHandle>>,
}

impl Assembly {
    /// An assembly with the models of a config. The names of the kinds stand for their defaults.
    pub fn new(models: &BTreeMap<String, EmbedderConfig>) -> Self {
        Self {
            models: models.clone(),
            loaded: Mutex::default(),
        }
    }

    /// Builds a system that keeps its stores in `folder`.
    ///
    /// # Errors
    /// When a part makes no sense or a model is missing.
    pub fn system(
        &self,
        config: &SystemConfig,
        folder: &Path,
    ) -> Result<Box<dyn MemorySystem>, BuildError> {
        config.build(&Desk {
            assembly: self,
            folder: folder.to_owned(),
        })
    }

    /// Parts for components that keep nothing on disk.
    pub fn parts(&self) -> impl Parts + '_ {
        Desk {
            assembly: self,
            folder: PathBuf::new(),
        }
    }

    /// The models that were loaded so far: name and what shapes their output.
    pub fn loaded(&self) -> BTreeMap<String, String> {
        let loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        loaded
            .iter()
            .map(|(name, handle)| (name.clone(), handle.id().to_owned()))
            .collect()
    }

    fn embedder(&self, name: &str) -> Result<EmbedderHandle, BuildError> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(handle) = loaded.get(name) {
            return Ok(handle.clone());
        }
        let config = match self.models.get(name) {
            Some(config) => config.clone(),
            None => serde_json::from_value(serde_json::json!({ "kind": name })).map_err(|_| {
                let mut generator = schemars::SchemaGenerator::default();
                let kinds = (EmbedderConfig::FAMILY.kinds)(&mut generator);
                let mut known: Vec<&str> = self.models.keys().map(String::as_str).collect();
                known.extend(kinds.iter().map(|kind| kind.kind));
                BuildError::at("embedder", unknown("model", name, &known))
            })?,
        };
        let handle = EmbedderHandle::new(config.build(&NoParts)?);
        loaded.insert(name.to_owned(), handle.clone());
        Ok(handle)
    }
}

struct Desk<'a> {
    assembly: &'a Assembly,
    folder: PathBuf,
}

impl Parts for Desk<'_> {
    fn embedder(&self, name: &str) -> Result<EmbedderHandle, BuildError> {
        self.assembly.embedder(name)
    }

    fn tokenizer(&self, name: &str) -> Result<Arc<dyn Tokenizer>, BuildError> {
        tokenizer(name)
    }

    fn folder(&self) -> &Path {
        &self.folder
    }
}

/// Models are made of nothing else.
struct NoParts;

impl Parts for NoParts {
    fn embedder(&self, name: &str) -> Result<EmbedderHandle, BuildError> {
        Err(BuildError::new(format!(
            "a model cannot use embedder `{name}`"
        )))
    }

    fn tokenizer(&self, name: &str) -> Result<Arc<dyn Tokenizer>, BuildError> {
        tokenizer(name)
    }

    fn folder(&self) -> &Path {
        Path::new("")
    }
}

/// The tokenizer called `name`.
pub(crate) fn tokenizer(name: &str) -> Result<Arc<dyn Tokenizer>, BuildError> {
    memgauge_model::tokenizer(name).ok_or_else(|| {
        BuildError::at(
            "tokenizer",
            unknown("tokenizer", name, &memgauge_model::TOKENIZERS),
        )
    })
}
