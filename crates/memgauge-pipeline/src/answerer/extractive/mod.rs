//! An answerer without a model: it looks for the turn that shares most with the question and
//! cuts the answer out of it, or resolves the date that the turn names.
//!
//! It sees what every answerer sees, the question's words and the context. What it knows of
//! English are closed word classes (pronouns, prepositions, auxiliaries), date expressions and a
//! table of weights for spans; it has no list of answers or topics.

mod analysis;
mod cache;
mod dates;
mod quantity;
mod question_type;
mod rank;
mod score;
mod spans;
#[cfg(test)]
mod tests;
mod weights;
mod word_class;
mod yes_no;

use async_trait::async_trait;
use memgauge_core::{
    Answer, Answerer, Build, BuildError, ComponentError, Context, Cx, Parts, Question,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use cache::Cache;
use question_type::{Asked, Kind};
use rank::Ranked;

/// The answer when nothing supports one. LOCOMO's evaluation looks for these words.
pub const NO_INFORMATION: &str = "No information available";

/// Reads the shortest supported span, or a resolved date, from the context; no model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct ExtractiveConfig {
    /// Share of the question's words, weighted by how rare they are in the context, that the best
    /// entry has to hold; below it the answer is "No information available". 0 = any word will do.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub min_support: f64,
    /// A question about one person is left unanswered when the entry of that person that holds most
    /// of the question's words holds less than this share of what somebody else's entry holds.
    /// 0 = whoever spoke is believed. Contexts of at most six entries are always believed.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub speaker_margin: f64,
    /// How many entries a list ("which cities", "what are the names") may be joined from.
    #[schemars(range(min = 1))]
    pub list_limit: usize,
}

impl Default for ExtractiveConfig {
    fn default() -> Self {
        Self {
            min_support: 0.1,
            speaker_margin: 0.4,
            list_limit: 5,
        }
    }
}

impl Build<Box<dyn Answerer>> for ExtractiveConfig {
    fn build(&self, _parts: &dyn Parts) -> Result<Box<dyn Answerer>, BuildError> {
        for (key, value) in [
            ("min-support", self.min_support),
            ("speaker-margin", self.speaker_margin),
        ] {
            if !(0.0..=1.0).contains(&value) {
                return Err(BuildError::at(key, "must lie between 0 and 1"));
            }
        }
        if self.list_limit == 0 {
            return Err(BuildError::at("list-limit", "must be at least 1"));
        }
        Ok(Box::new(Extractive::new(self.clone())))
    }
}

/// The extractive answerer. Remembers its analysis of texts from call to call.
#[derive(Debug)]
pub struct Extractive {
    config: ExtractiveConfig,
    cache: Cache,
}

impl Extractive {
    /// An answerer with an empty memory of texts.
    pub fn new(config: ExtractiveConfig) -> Self {
        Self {
            config,
            cache: Cache::default(),
        }
    }

    /// The answer to the question `text` from `context`.
    pub fn read(&self, text: &str, context: &Context) -> Answer {
        let abstain = Answer {
            text: NO_INFORMATION.to_owned(),
            entry: None,
        };
        let asked = Asked::new(text);
        let ranked = Ranked::new(&asked, context, &self.cache);
        let Some(best) = ranked.units.first() else {
            return abstain;
        };
        if best.support < self.config.min_support || best.score <= 0.0 {
            return abstain;
        }
        let is_of_other = ranked
            .named_and_others
            .is_some_and(|(named, others)| named < self.config.speaker_margin * others);
        if is_of_other && !ranked.is_small {
            return abstain;
        }
        let found = match asked.kind {
            Kind::When(grain) => dates::when(&asked, grain, &ranked),
            Kind::HowLong { is_ago } => {
                quantity::how_long(&ranked, is_ago).or_else(|| spans::best(&asked, &ranked))
            }
            Kind::HowMany => {
                quantity::how_many(&asked, &ranked).or_else(|| spans::best(&asked, &ranked))
            }
            Kind::YesNo { is_guess } => yes_no::decide(&asked, &ranked, is_guess),
            _ if asked.is_list => spans::list(&asked, &ranked, self.config.list_limit),
            _ => spans::best(&asked, &ranked),
        };
        match found {
            Some((text, entry)) if !text.is_empty() => Answer {
                text,
                entry: Some(entry),
            },
            _ => abstain,
        }
    }
}

#[async_trait]
impl Answerer for Extractive {
    fn kind(&self) -> &'static str {
        "extractive"
    }

    async fn answer(
        &self,
        cx: &Cx,
        question: &Question,
        context: &Context,
    ) -> Result<Answer, ComponentError> {
        cx.count("answerer:extractive", 1);
        Ok(self.read(&question.text, context))
    }
}
