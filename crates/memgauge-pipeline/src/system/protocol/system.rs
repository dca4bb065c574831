//! The systems `mem0` and `mem0g`: a protocol with single switches changed.

use std::borrow::Cow;

use memgauge_core::{Build, BuildError, MemorySystem, Parts};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value, json};

use super::{Protocol, lay_over};
use crate::system::pipeline::PipelineConfig;
use crate::system::presets::schema;

/// Kinds of systems that start from a protocol.
pub(super) const KINDS: [&str; 2] = ["mem0", "mem0g"];

/// What the documentation says of both.
const SWITCHES: &str = "Every key but `protocol` changes a switch of the protocol: tables are laid \
over the protocol's key by key, and one that leaves out its `kind` keeps the protocol's. The defaults \
shown are those of `mem0-2504`; `memgauge config show FILE --diff PROTOCOL` shows what a file changes.";

/// Declares a system that starts from a protocol.
macro_rules! system {
    ($(#[doc = $doc:literal])+ $name:ident = $kind:literal, $parts:expr) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq, Serialize)]
        pub struct $name {
            /// What everything that is not given follows.
            pub protocol: Protocol,
            /// All switches.
            #[serde(flatten)]
            pub parts: PipelineConfig,
        }

        impl From<Protocol> for $name {
            fn from(protocol: Protocol) -> Self {
                let parts: fn(Protocol) -> PipelineConfig = $parts;
                Self {
                    protocol,
                    parts: parts(protocol),
                }
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Protocol::default().into()
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let (protocol, given) = read(Map::deserialize(deserializer)?)?;
                let parts = changed(&Self::from(protocol).parts, given)?;
                Ok(Self { protocol, parts })
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                let doc = concat!($($doc, "\n"),+);
                with_protocol(generator, doc, &Self::default().parts)
            }
        }

        impl Build<Box<dyn MemorySystem>> for $name {
            fn build(&self, parts: &dyn Parts) -> Result<Box<dyn MemorySystem>, BuildError> {
                Ok(Box::new(self.parts.pipeline($kind, parts)?))
            }
        }
    };
}

system! {
    /// Mem0 under one of its protocols, with a language model (`[models.chat]`) and an embedder
    /// (`[models.embeddings]`).
    Mem0Config = "mem0",
    Protocol::defaults
}

system! {
    /// Mem0 under one of its protocols with a graph of entities and relations beside the memories, both
    /// made by the language model: that of the paper (`mem0-2504`, `mem0-eval`), or that of the
    /// open-source package.
    Mem0gConfig = "mem0g",
    Protocol::with_graph
}

/// The protocol that a table names, and the rest of the table.
fn read<E: serde::de::Error>(
    mut given: Map<String, Value>,
) -> Result<(Protocol, Map<String, Value>), E> {
    let protocol = match given.remove("protocol") {
        Some(name) => Protocol::deserialize(name).map_err(E::custom)?,
        None => Protocol::default(),
    };
    Ok((protocol, given))
}

/// `parts` with `given` laid over them.
fn changed<E: serde::de::Error>(
    parts: &PipelineConfig,
    given: Map<String, Value>,
) -> Result<PipelineConfig, E> {
    let mut whole = serde_json::to_value(parts).map_err(E::custom)?;
    lay_over(&mut whole, Value::Object(given));
    PipelineConfig::deserialize(whole).map_err(E::custom)
}

/// Schema of a system that starts from a protocol.
fn with_protocol(generator: &mut SchemaGenerator, doc: &str, parts: &PipelineConfig) -> Schema {
    let protocol = generator.subschema_for::<Protocol>();
    let mut schema = schema(generator, &format!("{doc}{SWITCHES}"), parts);
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
