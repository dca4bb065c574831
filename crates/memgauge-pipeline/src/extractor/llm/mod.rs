//! Facts written by a language model.

mod extract;
mod reply;
mod summary;
#[cfg(test)]
mod summary_tests;
#[cfg(test)]
mod tests;

use memgauge_core::{Build, BuildError, Extractor, Parts};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use extract::LlmExtractor;

/// A language model reads the new messages of a window and writes facts. It is told the session's
/// time and, where so configured, a summary of the conversation, the messages before and custom
/// instructions. The defaults are those of Mem0's paper (arXiv 2504.19413, section 2.1): message
/// pairs, the last 10 messages, a rolling summary. A reply that cannot be read twice, or a prompt
/// that is longer than the model's window, costs the facts of that window: both are counted
/// (`malformed:extract`, `too-long:extract`) and ingestion goes on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct LlmExtractorConfig {
    /// Name of the chat model.
    pub model: String,
    /// Name of the prompt: one of `memgauge prompts list`, or a file `extract/NAME` of your own.
    pub prompt: String,
    /// How many new messages are read at a time; 0 = a whole session. The last batch of a session
    /// may be smaller.
    pub batch: usize,
    /// How many messages before the new ones are shown (m in the paper); they may belong to
    /// earlier sessions.
    pub lookback: usize,
    /// Custom instructions: their text, or the name of a prompt that begins with `instructions/`.
    /// Empty = none.
    pub instructions: String,
    /// Kinds of facts that are wanted, in words; empty = what the prompt says.
    pub kinds: Vec<String>,
    /// Whether the caption of a shared picture is part of its message. Mem0's protocol ignores it.
    pub captions: bool,
    /// Whether the model must name the messages that each fact comes from. These become the fact's
    /// sources; a fact that names none, or, like every fact without this key, has no names asked
    /// for, rests on all messages of its window.
    pub cite: bool,
    /// Most facts of a window; further ones are dropped and counted. No limit without it.
    #[schemars(range(min = 1))]
    pub max_facts: Option<usize>,
    /// Most characters of a fact, as part of the JSON schema of the reply: for servers that force
    /// replies into the schema, so that a small model comes to an end. Some providers refuse
    /// schemas with limits. Longer facts that come all the same are kept.
    #[schemars(range(min = 1))]
    pub max_chars: Option<usize>,
    /// Most tokens of a reply; what the model's table says without it.
    #[schemars(range(min = 1))]
    pub max_tokens: Option<u32>,
    /// The rolling summary, refreshed beside the ingestion on a logical clock. `every`: after how
    /// many windows it is made anew, from the one before and the messages since. `lag`: how many
    /// windows after that it is used, never earlier; if it is not ready, ingestion waits. `prompt`,
    /// `max-words` and `max-tokens` say how it is asked for.
    pub summary: SummaryConfig,
}

impl Default for LlmExtractorConfig {
    fn default() -> Self {
        Self {
            model: "chat".to_owned(),
            prompt: "extract/mem0-2504".to_owned(),
            batch: 2,
            lookback: 10,
            instructions: String::new(),
            kinds: Vec::new(),
            captions: false,
            cite: false,
            max_facts: None,
            max_chars: None,
            max_tokens: None,
            summary: SummaryConfig::default(),
        }
    }
}

/// A summary of the conversation that is refreshed beside the ingestion, on a logical clock: which
/// summary a window sees depends on its number alone, never on how long a call took. The summary
/// made after window t is used from window t + `lag` on. If it is not ready by then, ingestion
/// waits; the wait is booked as time paused. Each summary is made from the one before it and the
/// messages since. A summary that cannot be made (an empty reply, a prompt too long) leaves the
/// older one in use and is counted (`malformed:summary`, `too-long:summary`); the messages it would
/// have covered stay uncovered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct SummaryConfig {
    /// Whether there is one.
    pub enabled: bool,
    /// After how many windows (message pairs, with a batch of 2) it is made anew.
    #[schemars(range(min = 1))]
    pub every: u64,
    /// How many windows later it is used: 1 = the next one, which then waits for it.
    #[schemars(range(min = 1))]
    pub lag: u64,
    /// Name of the prompt.
    pub prompt: String,
    /// Most words of a summary, as the prompt asks for.
    #[schemars(range(min = 1))]
    pub max_words: usize,
    /// Most tokens of a summary; what the model's table says without it.
    #[schemars(range(min = 1))]
    pub max_tokens: Option<u32>,
}

impl Default for SummaryConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            every: 1,
            lag: 5,
            prompt: "summary/rolling".to_owned(),
            max_words: 150,
            max_tokens: None,
        }
    }
}

impl Build<Box<dyn Extractor>> for LlmExtractorConfig {
    fn build(&self, parts: &dyn Parts) -> Result<Box<dyn Extractor>, BuildError> {
        Ok(Box::new(LlmExtractor::new(self, parts)?))
    }
}

/// A limit of 0 makes no sense.
fn at_least_one(key: &str, value: Option<u64>) -> Result<(), BuildError> {
    match value {
        Some(0) => Err(BuildError::at(key, "must be at least 1, found 0")),
        _ => Ok(()),
    }
}
