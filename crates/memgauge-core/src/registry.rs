//! Families of components: from a `kind` in a config file to a boxed part.

use std::path::Path;
use std::sync::Arc;

use schemars::{Schema, SchemaGenerator};

use crate::{BuildError, ChatHandle, EmbedderHandle, Extractor, Tokenizer};

/// What a component may ask for while it is built. Components name models; whoever assembles an
/// experiment hands out handles.
pub trait Parts {
    /// The embedder that the config calls `name`.
    ///
    /// # Errors
    /// When there is none of that name, or it cannot be loaded.
    fn embedder(&self, name: &str) -> Result<EmbedderHandle, BuildError>;

    /// The chat model that the config calls `name`.
    ///
    /// # Errors
    /// When there is none of that name.
    fn chat(&self, name: &str) -> Result<ChatHandle, BuildError> {
        Err(BuildError::new(format!("no chat model `{name}` here")))
    }

    /// The text of prompt `name`: the user's where there is one, else `default`. Whoever assembles
    /// notes its digest.
    ///
    /// # Errors
    /// When the user's file cannot be read.
    fn prompt(&self, _name: &str, default: &str) -> Result<String, BuildError> {
        Ok(default.to_owned())
    }

    /// The secret that the environment calls `name`.
    fn secret(&self, _name: &str) -> Option<String> {
        None
    }

    /// The tokenizer called `name`.
    ///
    /// # Errors
    /// When there is none of that name.
    fn tokenizer(&self, name: &str) -> Result<Arc<dyn Tokenizer>, BuildError>;

    /// What stands in the place of an extractor that was just built for a pipeline: the extractor itself, unless whoever
    /// assembles puts something around it, to watch it or to plant a fault.
    fn extractor(&self, built: Box<dyn Extractor>) -> Box<dyn Extractor> {
        built
    }

    /// Folder in which the system that is being built keeps its stores.
    fn folder(&self) -> &Path;

    /// Folder of the config file, from which relative paths in it start; empty = the current one.
    fn base(&self) -> &Path {
        Path::new("")
    }
}

/// Implemented by every component's config struct: makes the part.
pub trait Build<T> {
    /// The part as configured.
    ///
    /// # Errors
    /// When a value or combination of values makes no sense, or a model is missing.
    fn build(&self, parts: &dyn Parts) -> Result<T, BuildError>;
}

/// Documentation of one kind: its JSON schema, keys, types, defaults and descriptions included.
#[derive(Debug, Clone)]
pub struct KindDoc {
    /// The kind as config files write it.
    pub kind: &'static str,
    /// JSON schema of the kind's table.
    pub schema: Schema,
}

/// A family of interchangeable components, for documentation and checks.
#[derive(Debug, Clone, Copy)]
pub struct Family {
    /// Name of the family, such as `fusion`.
    pub name: &'static str,
    /// What the family does.
    pub doc: &'static str,
    /// Its kinds, in the order of registration.
    pub kinds: fn(&mut SchemaGenerator) -> Vec<KindDoc>,
}

/// Declares a family: an enum over the config structs of its kinds, tagged by `kind`, with
/// `build`, its documentation and its JSON schema. Adding a component is adding one line.
///
/// ```ignore
/// registry! {
///     /// Several ranked lists to one.
///     pub enum FusionConfig: "fusion" => Box<dyn FusionRanker> {
///         "rrf" => Rrf(rrf::RrfConfig),
///     }
/// }
/// ```
/// Every config struct implements `Build<Box<dyn FusionRanker>>`, `Serialize`, `Deserialize`
/// (denying unknown fields) and `JsonSchema`.
#[macro_export]
macro_rules! registry {
    (
        $(#[doc = $doc:literal])+
        pub enum $name:ident : $family:literal => $part:ty {
            $( $kind:literal => $variant:ident($config:ty) ),+ $(,)?
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq, $crate::__private::serde::Serialize, $crate::__private::serde::Deserialize)]
        #[serde(tag = "kind", crate = "memgauge_core::__private::serde")]
        pub enum $name {
            $(
                #[doc = concat!("`", $kind, "`")]
                #[serde(rename = $kind)]
                $variant($config),
            )+
        }

        impl $name {
            /// The family, for documentation and checks.
            pub const FAMILY: $crate::Family = $crate::Family {
                name: $family,
                doc: concat!($($doc, "\n"),+),
                kinds: |generator| vec![
                    $( $crate::KindDoc {
                        kind: $kind,
                        schema: $crate::config::kind_schema::<$config>(generator, $kind),
                    } ),+
                ],
            };

            /// The kind as config files write it.
            pub fn kind(&self) -> &'static str {
                match self {
                    $( Self::$variant(_) => $kind, )+
                }
            }

            /// Makes the part as configured.
            ///
            /// # Errors
            /// When a value or combination of values makes no sense, or a model is missing.
            pub fn build(&self, parts: &dyn $crate::Parts) -> ::std::result::Result<$part, $crate::BuildError> {
                match self {
                    $( Self::$variant(config) => <$config as $crate::Build<$part>>::build(config, parts), )+
                }
            }
        }

        $(
            impl ::std::convert::From<$config> for $name {
                fn from(config: $config) -> Self {
                    Self::$variant(config)
                }
            }
        )+

        impl $crate::__private::schemars::JsonSchema for $name {
            fn schema_name() -> ::std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(
                generator: &mut $crate::__private::schemars::SchemaGenerator,
            ) -> $crate::__private::schemars::Schema {
                $crate::config::family_schema(&Self::FAMILY, generator)
            }
        }
    };
}
