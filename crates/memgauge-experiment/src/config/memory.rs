//! The config file of a memory that is used as a library.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use memgauge_core::config::check;
use memgauge_model::ModelConfig;
use memgauge_pipeline::fusion::{Normalise, OneOrEach, WeightedConfig};
use memgauge_pipeline::system::{Mem0RulesConfig, PipelineConfig, SystemConfig, filled};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use toml::de::DeTable;

use super::places::{Places, convert_table, line_of};
use crate::error::{ConfigProblem, ExperimentError};

/// A memory for use inside an agent: `models` and `system` are those of an experiment. Without a file
/// it works offline, without a key: rules extract facts, and vectors come from the `static` embedder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct MemoryConfig {
    /// Models by name. Without an entry, the names of the kinds stand for their defaults.
    pub models: BTreeMap<String, ModelConfig>,
    /// Folder with prompts of your own, relative to the config file: a file `NAME.txt` there takes the
    /// place of prompt `NAME`.
    pub prompts: Option<PathBuf>,
    /// The memory system: one that is a pipeline.
    pub system: SystemConfig,
    /// How many messages of each scope short-term memory keeps; never fewer than the extractor looks
    /// back.
    pub recent: usize,
}

/// 0.6 x cosine + 0.4 x the share of the best BM25 score: from about 0 to 1, where standard scores say
/// nothing of a memory alone. On LOCOMO it finds as much (recall@10 of `mem0-rules` 0.684, with
/// standard scores 0.682).
fn scores_in_one_unit() -> WeightedConfig {
    WeightedConfig {
        normalise: OneOrEach::Each(vec![Normalise::None, Normalise::Max]),
        weights: vec![0.6, 0.4],
        ..WeightedConfig::default()
    }
}

impl Default for MemoryConfig {
    fn default() -> Self {
        Self {
            models: BTreeMap::new(),
            prompts: None,
            system: Mem0RulesConfig(PipelineConfig {
                fusion: scores_in_one_unit().into(),
                ..Mem0RulesConfig::default().0
            })
            .into(),
            recent: 20,
        }
    }
}

impl MemoryConfig {
    /// Reads a TOML file, or a JSON file if its name ends so. The folder of prompts becomes relative to
    /// where the file's own path is.
    ///
    /// # Errors
    /// When the file cannot be read, or with every mistake in it.
    pub fn load(path: &Path) -> Result<Self, ExperimentError> {
        let text = std::fs::read_to_string(path).map_err(|source| ExperimentError::Read {
            path: path.to_owned(),
            source,
        })?;
        let mut config = Self::parse(path, &text)?;
        if let (Some(prompts), Some(folder)) = (&mut config.prompts, path.parent()) {
            *prompts = folder.join(&*prompts);
        }
        Ok(config)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, ExperimentError> {
        let mut places = Places::new(path);
        let is_json = path.extension().is_some_and(|name| name == "json");
        let written: Value = if is_json {
            serde_json::from_str(text).map_err(|error| {
                let place = format!("{}:{}", places.file, error.line());
                ExperimentError::config(place, "", error)
            })?
        } else {
            let table = DeTable::parse(text).map_err(|error| {
                let line = error.span().map_or(1, |span| line_of(text, span.start));
                let place = format!("{}:{line}", places.file);
                ExperimentError::config(place, "", error.message())
            })?;
            Value::Object(convert_table(table.get_ref(), text, "", &mut places))
        };
        let schema = schemars::schema_for!(Self).to_value();
        let mut whole = written.clone();
        if let Some(system) = whole.get_mut("system") {
            *system = filled(system);
        }
        let problems: Vec<ConfigProblem> = check(&schema, &whole)
            .into_iter()
            .map(|problem| ConfigProblem {
                place: places.of(&problem.path),
                path: problem.path,
                message: problem.message,
            })
            .collect();
        if !problems.is_empty() {
            return Err(ExperimentError::Config(problems));
        }
        serde_json::from_value(written)
            .map_err(|error| ExperimentError::config(places.file.clone(), "", error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(name: &str, text: &str) -> Result<MemoryConfig, String> {
        MemoryConfig::parse(Path::new(name), text).map_err(|error| error.to_string())
    }

    #[test]
    fn toml_and_json_say_the_same() {
        let toml = "recent = 5\n[system]\nkind = \"turns\"\nembedder = \"words\"\n\n[models.words]\nkind = \"static\"\n";
        let json = r#"{"recent": 5, "system": {"kind": "turns", "embedder": "words"},
            "models": {"words": {"kind": "static"}}}"#;
        let config = parse("memory.toml", toml).unwrap();
        assert_eq!(config, parse("memory.json", json).unwrap());
        assert_eq!((config.recent, config.system.kind()), (5, "turns"));
        assert_eq!(parse("memory.toml", "").unwrap(), MemoryConfig::default());
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        let error = parse("m.toml", "recent = 5\n\n[system]\nkind = \"truns\"\n").unwrap_err();
        assert!(error.starts_with("m.toml:4: `system.kind`: "), "{error}");
        assert!(error.contains("did you mean `turns`?"), "{error}");
        let error = parse("m.toml", "resent = 5").unwrap_err();
        assert!(error.contains("did you mean `recent`?"), "{error}");
        let error = parse("m.json", "{\n\"recent\": 1,,}").unwrap_err();
        assert!(error.starts_with("m.json:2: "), "{error}");
    }
}
