//! Options of the rules policy.

use memgauge_core::{Build, BuildError, Parts, UpdatePolicy};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Rules;

/// What happens to a fact that a memory says already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnRepeat {
    /// UPDATE that leaves the text as it is and adds the fact's turns to the memory's sources.
    #[default]
    Source,
    /// NOOP: the turns of the fact are not kept, as in Mem0.
    Noop,
}

/// Compares a fact with the nearest memories of the same speaker and kind and decides by rules:
/// a memory that says it already gains its turns as sources (or NOOP, see `on-repeat`); a memory
/// that says part of it takes its text (UPDATE that augments); a memory that it contradicts takes
/// its text and loses its older sources (UPDATE that replaces), further ones that it contradicts go
/// (DELETE); otherwise ADD. A contradiction is the same statement with the other polarity ("no
/// longer", "never", "quit"), with a word of correction ("actually", "instead"), or, about a state
/// or a plan, with another number, name or day. What happened at two past dates contradicts
/// nothing. Rules for English, without a model: they miss what is said in other words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct RulesConfig {
    /// How many of the nearest memories are compared (Mem0's paper: 10).
    #[schemars(range(min = 1))]
    pub similar: usize,
    /// Cosine from which two texts with the same numbers, names and polarity say the same, whatever
    /// their other words.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub same: f32,
    /// Cosine from which a fact whose content words all stand in the memory is a repetition.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub contained: f32,
    /// Cosine from which a fact that holds all content words of the memory augments it.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub augment: f32,
    /// Cosine from which a fact can contradict a memory.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub conflict: f32,
    /// Share of the content words of each, numbers and names aside, that a fact and a memory must
    /// have in common to contradict each other.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub overlap: f32,
    /// What happens to a fact that a memory says already.
    pub on_repeat: OnRepeat,
}

impl Default for RulesConfig {
    fn default() -> Self {
        Self {
            similar: 10,
            same: 0.97,
            contained: 0.8,
            augment: 0.7,
            conflict: 0.6,
            overlap: 0.6,
            on_repeat: OnRepeat::Source,
        }
    }
}

impl Build<Box<dyn UpdatePolicy>> for RulesConfig {
    fn build(&self, _parts: &dyn Parts) -> Result<Box<dyn UpdatePolicy>, BuildError> {
        if self.similar == 0 {
            return Err(BuildError::at("similar", "must be at least 1, found 0"));
        }
        for (key, value) in [
            ("same", self.same),
            ("contained", self.contained),
            ("augment", self.augment),
            ("conflict", self.conflict),
            ("overlap", self.overlap),
        ] {
            if !(0.0..=1.0).contains(&value) {
                return Err(BuildError::at(
                    key,
                    format!("must be between 0 and 1, found {value}"),
                ));
            }
        }
        Ok(Box::new(Rules::new(self.clone())))
    }
}
