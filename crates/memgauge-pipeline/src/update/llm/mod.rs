//! ADD, UPDATE, DELETE and NOOP decided by a language model.

mod decide;
mod joint;
mod one;
#[cfg(test)]
mod tests;

use memgauge_core::{Build, BuildError, Parts, UpdatePolicy};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use decide::LlmUpdate;

/// How the model is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// One fact at a time; the model calls one of the tools ADD, UPDATE, DELETE and NOOP (the
    /// paper, arXiv 2504.19413, section 2.1).
    #[default]
    PerFact,
    /// All facts of a window and the memories similar to any of them in one call; the reply is a
    /// list of events ADD, UPDATE, DELETE and NONE (mem0ai 0.1.94).
    Joint,
}

/// A language model decides what a new fact does to the memories most similar to it. Memories are
/// shown under small numbers, in order of rank; ids of the store never enter a prompt.
///
/// Nothing that was extracted is lost in silence. A fact for which the model names a number that
/// was not shown, or an operation that does not exist or has no text, is added (`refused:update-id`,
/// `refused:update-op`). So are the facts of a reply that cannot be read twice
/// (`malformed:update`) and of a prompt longer than the model's window (`too-long:update`). A fact
/// that a joint reply leaves out is not kept, and stands in the journal as a NOOP
/// (`unmentioned:update`). An UPDATE adds the fact's turns to the memory's sources; where the model
/// says that the new text replaces the old one, older sources are no longer live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct LlmUpdateConfig {
    /// Name of the chat model.
    pub model: String,
    /// One call per fact, or one for all facts of a window.
    pub mode: Mode,
    /// How many similar memories are looked up for each fact. Without it 10 (s in the paper), or 5
    /// in mode `joint` (mem0ai 0.1.94).
    #[schemars(range(min = 1))]
    pub similar: Option<usize>,
    /// Name of the prompt. Without it `update/per-fact` or `update/joint`.
    pub prompt: Option<String>,
    /// Whether the model is asked also where no memory is similar to anything (which happens only
    /// while the store is empty). Otherwise the facts are added without a call.
    pub ask_always: bool,
    /// Whether the fact that led to a DELETE is added. In the paper it is not, so that nothing
    /// remembers what is true now unless it was said in other words. Mode `per-fact` only: a joint
    /// reply can do both.
    pub add_after_delete: bool,
    /// Most characters of a memory's new text, as part of the JSON schema of the reply: for servers
    /// that force replies into the schema, so that a small model comes to an end. Some providers
    /// refuse schemas with limits. A joint list then has a limit too: one event per fact and memory.
    #[schemars(range(min = 1))]
    pub max_chars: Option<usize>,
    /// Most tokens of a reply; what the model's table says without it.
    #[schemars(range(min = 1))]
    pub max_tokens: Option<u32>,
}

impl Default for LlmUpdateConfig {
    fn default() -> Self {
        Self {
            model: "chat".to_owned(),
            mode: Mode::PerFact,
            similar: None,
            prompt: None,
            ask_always: false,
            add_after_delete: false,
            max_chars: None,
            max_tokens: None,
        }
    }
}

impl Build<Box<dyn UpdatePolicy>> for LlmUpdateConfig {
    fn build(&self, parts: &dyn Parts) -> Result<Box<dyn UpdatePolicy>, BuildError> {
        Ok(Box::new(LlmUpdate::new(self, parts)?))
    }
}
