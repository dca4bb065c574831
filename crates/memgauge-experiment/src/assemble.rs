//! Models by name, and systems built from their configs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use memgauge_core::config::unknown;
use memgauge_core::{
    BuildError, ChatHandle, EmbedderHandle, Extractor, MemorySystem, Parts, Tokenizer,
};
use memgauge_model::{Exchange, Model, ModelConfig};
use memgauge_pipeline::system::{Pipeline, SystemConfig};
use memgauge_store::Store;

use crate::decorate::Decorator;
use crate::estimate::DryRun;
use crate::memory::MemoryError;

/// Length of the vectors of all-MiniLM-L6-v2.
const MINILM_DIMENSIONS: usize = 384;

/// Reads a secret from the environment by the name of its variable.
pub type Secrets = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// What an assembly works with, beside the config.
#[derive(Clone)]
pub struct Supplies {
    /// Where replies of models come from.
    pub exchange: Arc<Exchange>,
    /// Where secrets come from.
    pub secrets: Secrets,
    /// Folder with the user's own prompts.
    pub prompts: Option<PathBuf>,
    /// Folder from which relative paths of the config start; empty = the current one.
    pub base: PathBuf,
    /// What stands around systems; nothing, but in tests and by who watches them.
    pub decorator: Option<Arc<dyn Decorator>>,
}

impl Default for Supplies {
    fn default() -> Self {
        Self {
            exchange: Arc::new(Exchange::live()),
            secrets: Arc::new(|_| None),
            prompts: None,
            base: PathBuf::new(),
            decorator: None,
        }
    }
}

/// Builds the parts of an experiment; models are loaded once, when first asked for.
pub struct Assembly {
    models: BTreeMap<String, ModelConfig>,
    /// Models of single variants that were asked for, by the name under which they are loaded.
    overlaid: Mutex<BTreeMap<String, ModelConfig>>,
    supplies: Supplies,
    /// Models that were asked for.
    loaded: Mutex<BTreeMap<String, Loaded>>,
    /// Digests of the prompts that were asked for.
    prompts: Mutex<BTreeMap<String, String>>,
    /// Stands between a plan and its models.
    dry: Option<Arc<DryRun>>,
}

#[derive(Clone)]
enum Loaded {
    Embedder(EmbedderHandle),
    Chat(ChatHandle),
}

impl Assembly {
    /// An assembly with the models of a config. The names of the kinds stand for their defaults.
    pub fn new(models: &BTreeMap<String, ModelConfig>, supplies: Supplies) -> Self {
        Self {
            models: models.clone(),
            overlaid: Mutex::default(),
            supplies,
            loaded: Mutex::default(),
            prompts: Mutex::default(),
            dry: None,
        }
    }

    /// An assembly whose models are not asked.
    pub(crate) fn dry(
        models: &BTreeMap<String, ModelConfig>,
        supplies: Supplies,
        dry: Arc<DryRun>,
    ) -> Self {
        Self {
            dry: Some(dry),
            ..Self::new(models, supplies)
        }
    }

    /// Builds a system that keeps its stores in `folder`; `own` are models of its variant alone.
    ///
    /// # Errors
    /// When a part makes no sense or a model is missing.
    pub fn system(
        &self,
        config: &SystemConfig,
        folder: &Path,
        own: &BTreeMap<String, ModelConfig>,
    ) -> Result<Box<dyn MemorySystem>, BuildError> {
        let desk = Desk {
            assembly: self,
            folder: folder.to_owned(),
            own: Some(own),
        };
        match &self.supplies.decorator {
            Some(decorator) => Ok(decorator.system(decorator.config(config).build(&desk)?)),
            None => config.build(&desk),
        }
    }

    /// Builds a system as a library that keeps its store in `folder`, or goes on with `existing`.
    ///
    /// # Errors
    /// When the system is no pipeline, a part makes no sense, or a model is missing.
    pub fn library(
        &self,
        config: &SystemConfig,
        folder: &Path,
        existing: Option<Store>,
    ) -> Result<Pipeline, MemoryError> {
        let kind = config.kind();
        let parts = Desk {
            assembly: self,
            folder: folder.to_owned(),
            own: None,
        };
        let pipeline = config.pipeline().ok_or(MemoryError::NotAPipeline(kind))?;
        Ok(pipeline.library(kind, &parts, existing)?)
    }

    /// Parts for components that keep nothing on disk.
    pub fn parts(&self) -> impl Parts + '_ {
        Desk {
            assembly: self,
            folder: PathBuf::new(),
            own: None,
        }
    }

    /// As [`Self::parts`], for a variant with models of its own.
    pub fn parts_of<'a>(&'a self, own: &'a BTreeMap<String, ModelConfig>) -> impl Parts + 'a {
        Desk {
            assembly: self,
            folder: PathBuf::new(),
            own: Some(own),
        }
    }

    /// The models that were loaded so far: name and what shapes their output.
    pub fn loaded(&self) -> BTreeMap<String, String> {
        let loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        loaded
            .iter()
            .map(|(name, loaded)| {
                let id = match loaded {
                    Loaded::Embedder(handle) => handle.id(),
                    Loaded::Chat(handle) => handle.id(),
                };
                (name.clone(), id.to_owned())
            })
            .collect()
    }

    /// Whether a chat model was loaded.
    pub fn has_chat(&self) -> bool {
        let loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        loaded
            .values()
            .any(|model| matches!(model, Loaded::Chat(_)))
    }

    /// Folder from which relative paths of the config start.
    pub fn base(&self) -> &Path {
        &self.supplies.base
    }

    /// Folder with the user's own prompts.
    pub fn prompts_path(&self) -> Option<&Path> {
        self.supplies.prompts.as_deref()
    }

    /// The prompts that were asked for so far: name and digest.
    pub fn prompts(&self) -> BTreeMap<String, String> {
        let prompts = self.prompts.lock().unwrap_or_else(PoisonError::into_inner);
        prompts.clone()
    }

    /// Models that were loaded and cannot be called, because a secret is missing: name of the model,
    /// environment variable.
    pub fn missing_secrets(&self) -> Vec<(String, String)> {
        let loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        loaded
            .keys()
            .filter_map(|name| Some((name.clone(), self.missing_secret(name)?)))
            .collect()
    }

    /// Models behind an API that were loaded and whose calls have no known price.
    pub fn without_price(&self) -> Vec<String> {
        let loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let has_none = |model: &Loaded| match model {
            Loaded::Embedder(handle) => handle.has_no_price(),
            Loaded::Chat(handle) => handle.has_no_price(),
        };
        let without = loaded.iter().filter(|(_, model)| has_none(model));
        without.map(|(name, _)| name.clone()).collect()
    }

    /// Where replies of models come from.
    pub fn exchange(&self) -> &Exchange {
        &self.supplies.exchange
    }

    /// What the config says of model `name`, or the defaults of the kind of that name.
    pub fn config(&self, name: &str) -> Option<ModelConfig> {
        let overlaid = self.overlaid.lock().unwrap_or_else(PoisonError::into_inner);
        let given = self.models.get(name).or(overlaid.get(name)).cloned();
        given.or_else(|| serde_json::from_value(serde_json::json!({ "kind": name })).ok())
    }

    /// Model `name` as it is, with nothing between it and the caller.
    ///
    /// # Errors
    /// When there is none of that name, or it cannot be loaded.
    pub fn model(&self, name: &str) -> Result<Model, BuildError> {
        let config = self
            .config(name)
            .ok_or_else(|| BuildError::new(format!("no model `{name}`")))?;
        config.build(&ModelParts {
            secrets: &self.supplies.secrets,
        })
    }

    /// The environment variable that calls of model `name` need and that is not set.
    pub fn missing_secret(&self, name: &str) -> Option<String> {
        let parts = ModelParts {
            secrets: &self.supplies.secrets,
        };
        self.config(name)?.missing_secret(&parts)
    }

    /// Loads model `name`, which the key `key` asks for.
    fn load(&self, key: &str, name: &str) -> Result<Loaded, BuildError> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(loaded) = loaded.get(name) {
            return Ok(loaded.clone());
        }
        let config = self.config(name).ok_or_else(|| {
            let mut known: Vec<&str> = self.models.keys().map(String::as_str).collect();
            known.extend(["static", "minilm", "fake", "fake-embeddings"]);
            BuildError::at(key, unknown("model", name, &known))
        })?;
        let parts = ModelParts {
            secrets: &self.supplies.secrets,
        };
        if let (Some(dry), ModelConfig::MiniLm(_)) = (&self.dry, &config) {
            // To run it takes longer than a plan may.
            let loaded = Loaded::Embedder(EmbedderHandle::new(dry.stand_in(MINILM_DIMENSIONS)));
            return Ok(loaded);
        }
        let exchange = &self.supplies.exchange;
        // The mistake is in the model's table, not in the key that names the model.
        let built = config.build(&parts).map_err(|error| {
            let inside = error.key.map(|own| format!(".{own}")).unwrap_or_default();
            BuildError::at(key, format!("`models.{name}{inside}`: {}", error.message))
        })?;
        let model = match built {
            Model::Embedder(embedder) => Loaded::Embedder(EmbedderHandle::new(match &self.dry {
                Some(dry) => dry.embedder(name, embedder),
                None => exchange.embedder(embedder),
            })),
            Model::Chat(chat) => {
                let between = match &self.dry {
                    Some(dry) => dry.chat(name, chat),
                    None => exchange.chat(chat),
                };
                Loaded::Chat(ChatHandle::new(name, between))
            }
        };
        loaded.insert(name.to_owned(), model.clone());
        Ok(model)
    }

    fn prompt(&self, name: &str, default: &str) -> Result<String, BuildError> {
        let own = match &self.supplies.prompts {
            Some(folder) => {
                let path = folder.join(format!("{name}.txt"));
                match std::fs::read_to_string(&path) {
                    Ok(text) => Some(text),
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
                    Err(error) => {
                        return Err(BuildError::new(format!("{}: {error}", path.display())));
                    }
                }
            }
            None => None,
        };
        let text = own.unwrap_or_else(|| default.to_owned());
        let digest = blake3::hash(text.as_bytes()).to_hex().to_string();
        self.prompts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name.to_owned(), digest);
        Ok(text)
    }
}

struct Desk<'a> {
    assembly: &'a Assembly,
    folder: PathBuf,
    /// Models that take the place of the experiment's.
    own: Option<&'a BTreeMap<String, ModelConfig>>,
}

impl Desk<'_> {
    /// Loads the model that is called `name` here.
    fn load(&self, key: &str, name: &str) -> Result<Loaded, BuildError> {
        let Some(config) = self.own.and_then(|own| own.get(name)) else {
            return self.assembly.load(key, name);
        };
        // Variants that ask for the same model share it, and with it its limits.
        let digest = crate::digest::of(config);
        let name = format!("{name}@{}", digest.get(..8).unwrap_or(&digest));
        self.assembly
            .overlaid
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name.clone(), config.clone());
        self.assembly.load(key, &name)
    }
}

impl Parts for Desk<'_> {
    fn embedder(&self, name: &str) -> Result<EmbedderHandle, BuildError> {
        match self.load("embedder", name)? {
            Loaded::Embedder(handle) => Ok(handle),
            Loaded::Chat(_) => Err(BuildError::at(
                "embedder",
                format!("`{name}` is a chat model, not an embedder"),
            )),
        }
    }

    fn chat(&self, name: &str) -> Result<ChatHandle, BuildError> {
        match self.load("model", name)? {
            Loaded::Chat(handle) => Ok(handle),
            Loaded::Embedder(_) => Err(BuildError::at(
                "model",
                format!("`{name}` is an embedder, not a chat model"),
            )),
        }
    }

    fn prompt(&self, name: &str, default: &str) -> Result<String, BuildError> {
        self.assembly.prompt(name, default)
    }

    fn secret(&self, name: &str) -> Option<String> {
        (self.assembly.supplies.secrets)(name)
    }

    fn tokenizer(&self, name: &str) -> Result<Arc<dyn Tokenizer>, BuildError> {
        tokenizer(name)
    }

    fn extractor(&self, built: Box<dyn Extractor>) -> Box<dyn Extractor> {
        match &self.assembly.supplies.decorator {
            Some(decorator) => decorator.extractor(built),
            None => built,
        }
    }

    fn folder(&self) -> &Path {
        &self.folder
    }

    fn base(&self) -> &Path {
        &self.assembly.supplies.base
    }
}

/// Models are made of secrets and nothing else.
struct ModelParts<'a> {
    secrets: &'a Secrets,
}

impl Parts for ModelParts<'_> {
    fn secret(&self, name: &str) -> Option<String> {
        (self.secrets)(name)
    }

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
