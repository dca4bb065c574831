//! Options of the rules extractor.

use memgauge_core::{Build, BuildError, Extractor, Parts};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Rules;

/// Facts by rules, without a model. Every sentence that says something becomes a fact in the third
/// person: small talk (greetings, thanks, compliments, exclamations) and bare questions are left
/// out, "I" becomes the speaker's name and the verb agrees with it, relative dates gain the date
/// they stand for. A fact cites its turn. Rules for English; they know no coreference beyond first
/// and second person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct RulesConfig {
    /// Fewest words of a sentence that becomes a fact of its own.
    #[schemars(range(min = 1))]
    pub min_words: usize,
    /// Most words of an answer that is kept together with the question before it ("Does Tom row?
    /// Tom: Yes, every day."), as it would say little alone. Answers that begin with yes or no
    /// are kept so up to twice the length. 0 keeps no questions.
    pub answer_words: usize,
    /// Whether a sentence that begins with a word that points back ("It", "They", "This") joins
    /// the fact before it of the same turn, without which it could not be understood.
    pub join_anaphora: bool,
    /// Whether "you" becomes the other speaker's name where the sentence is about that person.
    pub second_person: bool,
    /// Whether the date follows a relative one: "yesterday (7 May 2023)".
    pub resolve_dates: bool,
    /// Whether the caption of a shared picture is a fact. Mem0's protocol ignores it.
    pub captions: bool,
}

impl Default for RulesConfig {
    fn default() -> Self {
        Self {
            min_words: 3,
            answer_words: 8,
            join_anaphora: true,
            second_person: true,
            resolve_dates: true,
            captions: false,
        }
    }
}

impl Build<Box<dyn Extractor>> for RulesConfig {
    fn build(&self, _parts: &dyn Parts) -> Result<Box<dyn Extractor>, BuildError> {
        if self.min_words == 0 {
            return Err(BuildError::at("min-words", "must be at least 1, found 0"));
        }
        Ok(Box::new(Rules::new(self.clone())))
    }
}
