//! What the systems of a config do otherwise than a protocol.

use memgauge_pipeline::system::{Protocol, SystemConfig};
use serde::Serialize;
use serde_json::{Map, Value};

use super::ExperimentConfig;

/// A key that a system has otherwise than the protocol, every default filled in.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// The key, joined by dots, from the system's table on.
    pub key: String,
    /// What the protocol says; `None` where it says nothing.
    pub preset: Option<Value>,
    /// What the config says; `None` where it says nothing.
    pub file: Option<Value>,
}

/// How the system of one variant differs from a protocol.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VariantDifferences {
    /// The variant.
    pub variant: String,
    /// Kind of its system.
    pub system: &'static str,
    /// Sorted by key.
    pub differences: Vec<Difference>,
}

/// How every variant of `config` differs from `protocol`.
pub fn differences(config: &ExperimentConfig, protocol: Protocol) -> Vec<VariantDifferences> {
    config
        .variant
        .iter()
        .map(|variant| {
            // A system with a graph is held against the protocol with its graph.
            let preset = table(&match variant.system {
                SystemConfig::Mem0g(_) => SystemConfig::Mem0g(protocol.into()),
                _ => SystemConfig::Mem0(protocol.into()),
            });
            let mut differences = Vec::new();
            compare("", &preset, &table(&variant.system), &mut differences);
            VariantDifferences {
                variant: variant.name.clone(),
                system: variant.system.kind(),
                differences,
            }
        })
        .collect()
}

fn table(system: &SystemConfig) -> Map<String, Value> {
    match serde_json::to_value(system) {
        Ok(Value::Object(table)) => table,
        _ => Map::new(),
    }
}

fn compare(
    path: &str,
    preset: &Map<String, Value>,
    file: &Map<String, Value>,
    found: &mut Vec<Difference>,
) {
    // Where the kind is another, the preset's keys mean nothing: the file's are told.
    let other = preset.get("kind") != file.get("kind");
    let mut keys: Vec<&String> = file.keys().collect();
    if !other {
        keys.extend(preset.keys().filter(|key| !file.contains_key(*key)));
    }
    keys.sort_unstable();
    for key in keys {
        let value = |table: &Map<String, Value>| table.get(key).filter(|v| !v.is_null()).cloned();
        let at = if path.is_empty() {
            key.clone()
        } else {
            format!("{path}.{key}")
        };
        let before = match other && !path.is_empty() && key != "kind" {
            true => None,
            false => value(preset),
        };
        compare_values(&at, before, value(file), found);
    }
}

fn compare_values(
    at: &str,
    preset: Option<Value>,
    file: Option<Value>,
    found: &mut Vec<Difference>,
) {
    match (preset, file) {
        (preset, file) if preset == file => {}
        (Some(Value::Object(preset)), Some(Value::Object(file))) => {
            compare(at, &preset, &file, found);
        }
        (Some(Value::Array(preset)), Some(Value::Array(file))) if preset.len() == file.len() => {
            for (index, (preset, file)) in preset.into_iter().zip(file).enumerate() {
                compare_values(&format!("{at}[{index}]"), Some(preset), Some(file), found);
            }
        }
        (preset, file) => found.push(Difference {
            key: at.to_owned(),
            preset,
            file,
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::*;
    use crate::config::ConfigFile;

    fn found(system: &str) -> Vec<(String, Option<Value>, Option<Value>)> {
        let text = format!(
            "name = \"t\"\ndataset = {{ kind = \"sample\" }}\n[[variant]]\nname = \"v\"\nsystem = {system}\n"
        );
        let file = ConfigFile::parse(Path::new("t.toml"), &text, &Default::default()).unwrap();
        let mut all = differences(&file.config, Protocol::Mem0Eval);
        assert_eq!((all.len(), all[0].variant.as_str()), (1, "v"));
        let differences = all.remove(0).differences;
        differences
            .into_iter()
            .map(|each| (each.key, each.preset, each.file))
            .collect()
    }

    #[test]
    fn only_what_differs_is_told() {
        assert_eq!(found(r#"{ kind = "mem0", protocol = "mem0-eval" }"#), []);
        assert_eq!(
            found(
                r#"{ kind = "mem0", protocol = "mem0-eval", retriever = { k = 5 }, extractor = { max-facts = 3 },
                    update = { kind = "dedupe" } }"#
                    .replace('\n', " ")
                    .as_str()
            ),
            [
                ("extractor.max-facts".to_owned(), None, Some(json!(3))),
                ("retriever.k".to_owned(), Some(json!(30)), Some(json!(5))),
                (
                    "update.kind".to_owned(),
                    Some(json!("llm")),
                    Some(json!("dedupe"))
                ),
                ("update.similar".to_owned(), None, Some(json!(10))),
                (
                    "update.threshold".to_owned(),
                    None,
                    Some(json!(f64::from(0.97_f32)))
                ),
            ]
        );
        let keys = |system: &str| -> Vec<String> {
            found(system).into_iter().map(|(key, ..)| key).collect()
        };
        let paper = keys(r#"{ kind = "mem0" }"#);
        assert_eq!(
            paper,
            [
                "extractor.instructions",
                "extractor.lookback",
                "extractor.prompt",
                "extractor.summary.enabled",
                "perspectives",
                "protocol"
            ]
        );
        // Another system: what both have is compared, and what only the protocol has is not told.
        let rag = keys(r#"{ kind = "rag", embedder = "embedder" }"#);
        assert_eq!(rag, ["captions", "chunk-tokens", "k", "kind", "tokenizer"]);
    }
}
