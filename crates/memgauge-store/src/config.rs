//! What shapes a store.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{LexicalConfig, VectorConfig};

/// What shapes a store. Kept inside it, so that a store is opened as it was created.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct StoreConfig {
    /// How vectors are searched.
    pub vectors: VectorConfig,
    /// How texts are indexed.
    pub lexical: LexicalConfig,
    /// Length of the vectors; null = a store without vectors.
    #[schemars(range(min = 1))]
    pub dimensions: Option<usize>,
}

impl StoreConfig {
    /// Exact vectors of `dimensions` numbers and the default lexical index.
    pub fn with_dimensions(dimensions: usize) -> Self {
        Self {
            dimensions: Some(dimensions),
            ..Self::default()
        }
    }
}
