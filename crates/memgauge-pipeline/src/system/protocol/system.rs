//! The system `mem0`: a protocol with single switches changed.

use std::borrow::Cow;

use memgauge_core::{Build, BuildError, MemorySystem, Parts};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value, json};

use super::{Protocol, lay_over};
use crate::system::pipeline::PipelineConfig;
use crate::system::presets::schema;

/// Kinds of systems that start from a protocol.
pub(super) const KINDS: [&str; 1] = ["mem0"];

const MEM0: &str = "Mem0 under one of its protocols, with a language model (`[models.chat]`) and an \
embedder (`[models.embeddings]`). Every key but `protocol` changes a switch of the protocol: tables are \
laid over the protocol's key by key, and one that leaves out its `kind` keeps the protocol's. The \
defaults shown are those of `mem0-2504`; `memgauge config show FILE --diff PROTOCOL` shows what a file \
changes.";

/// Mem0 under one of its protocols.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Mem0Config {
    /// What everything that is not given follows.
    pub protocol: Protocol,
    /// All switches.
    #[serde(flatten)]
    pub parts: PipelineConfig,
}

impl From<Protocol> for Mem0Config {
    fn from(protocol: Protocol) -> Self {
        Self {
            protocol,
            parts: protocol.defaults(),
        }
    }
}

impl Default for Mem0Config {
    fn default() -> Self {
        Protocol::default().into()
    }
}

impl<'de> Deserialize<'de> for Mem0Config {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let mut given: Map<String, Value> = Map::deserialize(deserializer)?;
        let protocol = match given.remove("protocol") {
            Some(name) => Protocol::deserialize(name).map_err(D::Error::custom)?,
            None => Protocol::default(),
        };
        let mut whole = serde_json::to_value(protocol.defaults()).map_err(D::Error::custom)?;
        lay_over(&mut whole, Value::Object(given));
        let parts = PipelineConfig::deserialize(whole).map_err(D::Error::custom)?;
        Ok(Self { protocol, parts })
    }
}

impl JsonSchema for Mem0Config {
    fn schema_name() -> Cow<'static, str> {
        "Mem0Config".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let protocol = generator.subschema_for::<Protocol>();
        let mut schema = schema(generator, MEM0, &Self::default().parts);
        if let Some(Value::Object(properties)) = schema.ensure_object().get_mut("properties") {
            let mut property = protocol.to_value();
            if let Value::Object(property) = &mut property {
                property.insert("default".to_owned(), json!(Protocol::default()));
                let doc = "What everything that is not given follows.";
                property.insert("description".to_owned(), json!(doc));
            }
            properties.insert("protocol".to_owned(), property);
        }
        schema
    }
}

impl Build<Box<dyn MemorySystem>> for Mem0Config {
    fn build(&self, parts: &dyn Parts) -> Result<Box<dyn MemorySystem>, BuildError> {
        Ok(Box::new(self.parts.pipeline("mem0", parts)?))
    }
}
