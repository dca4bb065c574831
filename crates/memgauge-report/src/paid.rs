//! `paid.jsonl`: one line per reply that was not replayed.

use memgauge_core::meter::CallKind;
use serde::{Deserialize, Serialize};

/// A reply of a model behind an API that was sent for and came: a line of `paid.jsonl`, written before the reply is
/// used. Unlike `calls.jsonl` it loses nothing to a kill: work that is done again stands in it as often as it was paid.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaidRow {
    /// What shaped the reply: provider label, model and settings in one line.
    pub model: String,
    /// What the model was called for.
    pub kind: CallKind,
    /// Content address of the request.
    pub request: String,
    /// Texts or prompts sent.
    pub inputs: u64,
    /// Tokens sent; null = unknown.
    pub input_tokens: Option<u64>,
    /// Tokens received; null = unknown.
    pub output_tokens: Option<u64>,
    /// US dollars by the price table; null = unknown.
    pub dollars: Option<f64>,
}
