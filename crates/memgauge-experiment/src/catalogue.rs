//! Every family of components with its kinds, for `memgauge components` and docs/CONFIG.md.

use memgauge_core::{Family, KindDoc};
use memgauge_model::ModelConfig;
use memgauge_pipeline::answerer::AnswererConfig;
use memgauge_pipeline::context::ContextConfig;
use memgauge_pipeline::extractor::ExtractorConfig;
use memgauge_pipeline::fusion::FusionConfig;
use memgauge_pipeline::graph::{
    BuilderConfig, ConflictsConfig, EntitiesConfig, GraphConfig, RelationsConfig,
};
use memgauge_pipeline::judge::JudgeConfig;
use memgauge_pipeline::retriever::RetrieverConfig;
use memgauge_pipeline::system::SystemConfig;
use memgauge_pipeline::update::UpdateConfig;
use memgauge_store::VectorConfig;
use schemars::SchemaGenerator;
use serde_json::Value;

use crate::config::MemoryConfig;
pub use crate::schema::schema;

/// The families in the order of the way of the data.
pub const FAMILIES: [Family; 15] = [
    SystemConfig::FAMILY,
    ExtractorConfig::FAMILY,
    UpdateConfig::FAMILY,
    ModelConfig::FAMILY,
    VectorConfig::FAMILY,
    RetrieverConfig::FAMILY,
    FusionConfig::FAMILY,
    GraphConfig::FAMILY,
    BuilderConfig::FAMILY,
    EntitiesConfig::FAMILY,
    RelationsConfig::FAMILY,
    ConflictsConfig::FAMILY,
    ContextConfig::FAMILY,
    AnswererConfig::FAMILY,
    JudgeConfig::FAMILY,
];

/// One key of a table in a config file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its name.
    pub name: String,
    /// Its type, in words.
    pub kind: String,
    /// Its default; `None` where it has to be given or may be left out.
    pub default: Option<String>,
    /// What it does.
    pub doc: String,
}

/// A table of a config file, documented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The `kind`, or the name of the table.
    pub name: String,
    /// What it is.
    pub doc: String,
    /// Its keys.
    pub keys: Vec<Key>,
}

/// The kinds of a family, documented.
pub fn kinds(family: &Family) -> Vec<Entry> {
    let mut generator = SchemaGenerator::default();
    let kinds: Vec<KindDoc> = (family.kinds)(&mut generator);
    let definitions = definitions(&mut generator);
    kinds
        .into_iter()
        .map(|kind| entry(kind.kind, &kind.schema.to_value(), &definitions))
        .collect()
}

/// The experiment's own tables, documented.
pub fn experiment() -> Vec<Entry> {
    let schema = schema();
    let definitions = schema.get("$defs").cloned().unwrap_or_default();
    let mut entries = vec![entry("(top level)", &schema, &definitions)];
    for (table, name) in [
        ("dataset", "DatasetConfig"),
        ("controls", "Controls"),
        ("measure", "Measure"),
        ("record", "RecordConfig"),
        ("repeats", "Repeats"),
        ("[[variant]]", "VariantConfig"),
        ("[[sweep]]", "SweepConfig"),
    ] {
        if let Some(definition) = definitions.get(name) {
            entries.push(entry(table, definition, &definitions));
        }
    }
    entries
}

/// The config of a memory alone, documented.
pub fn memory() -> Entry {
    let schema = schemars::schema_for!(MemoryConfig).to_value();
    let definitions = schema.get("$defs").cloned().unwrap_or_default();
    entry("(top level)", &schema, &definitions)
}

fn definitions(generator: &mut SchemaGenerator) -> Value {
    Value::Object(generator.take_definitions(true))
}

fn entry(name: &str, schema: &Value, definitions: &Value) -> Entry {
    let mut keys = Vec::new();
    if let Some(Value::Object(properties)) = schema.get("properties") {
        let required: Vec<&str> = schema
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        for (key, property) in properties {
            if key == "kind" && property.get("const").is_some() {
                continue;
            }
            let default = property.get("default").filter(|value| !value.is_null());
            keys.push(Key {
                name: key.clone(),
                kind: type_of(property, definitions),
                default: default.map(in_toml).or_else(|| {
                    required
                        .contains(&key.as_str())
                        .then(|| "required".to_owned())
                }),
                doc: doc(property)
                    .or_else(|| doc(resolve(property, definitions)))
                    .unwrap_or_default(),
            });
        }
    }
    Entry {
        name: name.to_owned(),
        doc: doc(schema).unwrap_or_default(),
        keys,
    }
}

fn doc(schema: &Value) -> Option<String> {
    let text = schema.get("description")?.as_str()?;
    Some(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn resolve<'a>(schema: &'a Value, definitions: &'a Value) -> &'a Value {
    let reference = schema
        .get("$ref")
        .or_else(|| schema.pointer("/allOf/0/$ref"))
        .or_else(|| schema.pointer("/anyOf/0/$ref"))
        .and_then(Value::as_str);
    reference
        .and_then(|reference| definitions.get(reference.rsplit('/').next()?))
        .unwrap_or(schema)
}

fn type_of(property: &Value, definitions: &Value) -> String {
    let schema = resolve(property, definitions);
    if let Some(Value::Array(values)) = schema.get("enum") {
        let names: Vec<String> = values.iter().map(Value::to_string).collect();
        return names.join(" | ");
    }
    if let Some(Value::Array(options)) = schema.get("oneOf") {
        let constants: Vec<String> = options
            .iter()
            .filter_map(|option| option.get("const").map(Value::to_string))
            .collect();
        if constants.len() == options.len() {
            return constants.join(" | ");
        }
        let family = property
            .get("$ref")
            .or_else(|| property.pointer("/anyOf/0/$ref"))
            .and_then(Value::as_str)
            .and_then(|reference| reference.rsplit('/').next())
            .and_then(|name| name.strip_suffix("Config"))
            .unwrap_or("table");
        return format!("table: {}", family.to_lowercase());
    }
    if let Some(Value::Array(options)) = schema.get("anyOf") {
        let names: Vec<String> = options
            .iter()
            .map(|option| type_of(option, definitions))
            .filter(|name| name != "null")
            .collect();
        return names.join(" or ");
    }
    let name = match schema.get("type") {
        Some(Value::String(name)) => name.as_str(),
        Some(Value::Array(names)) => names
            .iter()
            .filter_map(Value::as_str)
            .find(|name| *name != "null")
            .unwrap_or("any"),
        _ => "any",
    };
    match name {
        "array" => schema.get("items").map_or_else(
            || "list".to_owned(),
            |items| format!("list of {}", type_of(items, definitions)),
        ),
        "object" => "table".to_owned(),
        other => other.to_owned(),
    }
}

/// A value as a config file would write it.
fn in_toml(value: &Value) -> String {
    match value {
        Value::Object(object) => {
            let pairs: Vec<String> = object
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(key, value)| format!("{key} = {}", in_toml(value)))
                .collect();
            if pairs.is_empty() {
                "{}".to_owned()
            } else {
                format!("{{ {} }}", pairs.join(", "))
            }
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(in_toml).collect();
            format!("[{}]", items.join(", "))
        }
        // A 32-bit value, written with the digits that it was given with.
        Value::Number(number) => match number.as_f64() {
            Some(wide) if number.is_f64() && f64::from(wide as f32) == wide => {
                format!("{:?}", wide as f32)
            }
            _ => number.to_string(),
        },
        plain => plain.to_string(),
    }
}
