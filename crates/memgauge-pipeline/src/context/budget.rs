//! Memories up to a number and a token budget.

use std::sync::Arc;

use memgauge_core::{
    Build, BuildError, ComponentError, Context, ContextBuilder, ContextEntry, Hit, MemoryId,
    MemoryReader, Parts, Tokenizer,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::format::{TimeFormat, body, entry};

/// In what order memories are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// Best first.
    Ranked,
    /// As they were said. Which memories are shown is still decided by rank.
    Chronological,
}

/// The best memories, one per line, up to a number and a token budget. A memory larger than what is
/// left of the budget is cut at a token boundary and marked; those ranked after it are dropped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct BudgetConfig {
    /// At most so many memories; left out = as many as the retriever's `k`.
    #[schemars(range(min = 1))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_memories: Option<usize>,
    /// At most so many tokens, times and line ends included; left out = no limit.
    #[schemars(range(min = 1))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<usize>,
    /// Name of the tokenizer that counts the budget.
    pub tokenizer: String,
    /// In what order memories are shown.
    pub order: Order,
    /// How the time of a memory is written before its text.
    pub time: TimeFormat,
}

impl Default for BudgetConfig {
    fn default() -> Self {
        Self {
            max_memories: None,
            max_tokens: None,
            tokenizer: "cl100k".to_owned(),
            order: Order::Ranked,
            time: TimeFormat::Spoken,
        }
    }
}

impl Build<Box<dyn ContextBuilder>> for BudgetConfig {
    fn build(&self, parts: &dyn Parts) -> Result<Box<dyn ContextBuilder>, BuildError> {
        for (key, limit) in [
            ("max-memories", self.max_memories),
            ("max-tokens", self.max_tokens),
        ] {
            if limit == Some(0) {
                return Err(BuildError::at(key, "must be at least 1, found 0"));
            }
        }
        let budget = match self.max_tokens {
            Some(tokens) => Some((tokens, parts.tokenizer(&self.tokenizer)?)),
            None => None,
        };
        Ok(Box::new(Budget {
            max_memories: self.max_memories.unwrap_or(usize::MAX),
            budget,
            order: self.order,
            time: self.time,
        }))
    }
}

/// Memories up to a number and a token budget.
pub struct Budget {
    /// At most so many memories.
    pub max_memories: usize,
    /// At most so many tokens, and who counts them.
    pub budget: Option<(usize, Arc<dyn Tokenizer>)>,
    /// In what order memories are shown.
    pub order: Order,
    /// How times are written.
    pub time: TimeFormat,
}

impl ContextBuilder for Budget {
    fn kind(&self) -> &'static str {
        "budget"
    }

    fn build(&self, hits: &[Hit], store: &dyn MemoryReader) -> Result<Context, ComponentError> {
        let mut entries: Vec<ContextEntry> = Vec::new();
        let mut dropped: Vec<MemoryId> = Vec::new();
        let mut left = self.budget.as_ref().map(|(tokens, _)| *tokens);
        let mut full = false;
        for hit in hits {
            // A memory that is gone between search and reading is dropped like one that does not fit.
            let record = if full || entries.len() >= self.max_memories {
                None
            } else {
                store.record(hit.id)?
            };
            let Some(record) = record else {
                dropped.push(hit.id);
                continue;
            };
            let mut entry = entry(&record, self.time);
            if let (Some((_, tokenizer)), Some(left)) = (&self.budget, &mut left) {
                // Counted with its line end, which can only be one token too many.
                let tokens = tokenizer.count(&format!("{}\n", entry.shown));
                if tokens <= *left {
                    *left -= tokens;
                } else {
                    full = true;
                    let head = self.time.prefix(record.updated_at).len();
                    if !cut(&mut entry, tokenizer.as_ref(), *left, head) {
                        dropped.push(hit.id);
                        continue;
                    }
                }
            }
            entries.push(entry);
        }
        if self.order == Order::Chronological {
            entries.sort_by_key(|entry| {
                (
                    entry.held_at,
                    entry.memory.and_then(|id| store.place(id)),
                    entry.memory,
                )
            });
        }
        let lines: Vec<&str> = entries.iter().map(|entry| entry.shown.as_str()).collect();
        Ok(Context {
            text: lines.join("\n"),
            entries,
            dropped,
            retrieved: None,
        })
    }
}

/// Shortens `entry` to `tokens`, line end included; false where nothing that was said would be left. The
/// first `head` bytes of what is shown are the time.
fn cut(entry: &mut ContextEntry, tokenizer: &dyn Tokenizer, tokens: usize, head: usize) -> bool {
    let mut room = tokens.saturating_sub(1);
    // The end of a cut token run may be counted differently with a line end behind it.
    let shown = loop {
        let shown = tokenizer.prefix(&entry.shown, room).trim_end();
        if room == 0 || tokenizer.count(&format!("{shown}\n")) <= tokens {
            break shown.to_owned();
        }
        room -= 1;
    };
    let said = body(
        entry.speaker.as_deref(),
        shown.get(head..).unwrap_or_default(),
    );
    if said.trim().is_empty() || entry.speaker.as_deref() == Some(said.trim_end_matches(':')) {
        return false;
    }
    entry.body = said;
    entry.shown = shown;
    entry.cut = true;
    // Which of several turns the remainder still says is unknown: then it counts for none, so that a
    // memory of everything, cut to a few words, does not pass for all the evidence.
    if entry.turns.len() > 1 {
        entry.turns.clear();
    }
    true
}
