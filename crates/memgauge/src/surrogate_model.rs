//! The surrogate judge that comes with memgauge, or one of the user's, and the vectors that it needs.

use std::path::Path;

use memgauge_core::Embedder as _;
use memgauge_model::{Static, StaticWeights};
use memgauge_report::surrogate::Surrogate;

use crate::exit;

/// The embedder of the similarities: a pure function of the text, part of memgauge.
pub(crate) fn embedder() -> Static {
    Static::new(StaticWeights::Zipf)
}

/// The model of a file, or the one that comes with memgauge.
pub(crate) fn model(path: Option<&Path>, embedder: &Static) -> anyhow::Result<Surrogate> {
    let (model, whose) = match path {
        None => (Surrogate::built_in(), "the built-in model".to_owned()),
        Some(path) => {
            let whose = path.display().to_string();
            let text = std::fs::read_to_string(path)
                .map_err(|error| exit::user(format!("{whose}: {error}")))?;
            let model: Surrogate = serde_json::from_str(&text)
                .map_err(|error| exit::user(format!("{whose}: not a surrogate model: {error}")))?;
            (model.check().map(|()| model), whose)
        }
    };
    let model = model.and_then(|model| model.check_embedder(embedder.id()).map(|()| model));
    model.map_err(|error| exit::user(format!("{whose}: {error}")))
}
