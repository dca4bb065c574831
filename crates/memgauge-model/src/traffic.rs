//! What stands between a run and its models.

use std::sync::Arc;

use memgauge_core::{ChatModel, Embedder};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where replies come from, and what is kept of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TrafficMode {
    /// Every request goes to the model; nothing is kept.
    Live,
    /// Requests that were answered before are served from the cache; the rest are sent and kept.
    #[default]
    Cached,
    /// Every request goes to the model; replies and measured times are kept for a cassette.
    Record,
    /// The network is never touched: a request that the cassette does not hold is an error.
    Replay,
}

/// Wraps models so that their traffic goes as a run wants it.
#[derive(Default)]
pub struct Exchange {
    mode: TrafficMode,
}

impl Exchange {
    /// An exchange that keeps nothing and adds nothing.
    pub fn live() -> Self {
        Self {
            mode: TrafficMode::Live,
        }
    }

    /// Where replies come from.
    pub fn mode(&self) -> TrafficMode {
        self.mode
    }

    /// `model`, its traffic going as the mode says.
    pub fn chat(&self, model: Arc<dyn ChatModel>) -> Arc<dyn ChatModel> {
        model
    }

    /// `embedder`, its traffic going as the mode says.
    pub fn embedder(&self, embedder: Arc<dyn Embedder>) -> Arc<dyn Embedder> {
        embedder
    }
}
