//! Turns to facts.

pub mod llm;
pub mod observations;
pub mod rules;
pub mod summaries;
pub mod verbatim;

#[cfg(test)]
mod fixture;

use memgauge_core::{Extractor, registry};

registry! {
    /// Turns to facts.
    pub enum ExtractorConfig: "extractor" => Box<dyn Extractor> {
        "verbatim" => Verbatim(verbatim::VerbatimConfig),
        "observations" => Observations(observations::ObservationsConfig),
        "summaries" => Summaries(summaries::SummariesConfig),
        "rules" => Rules(rules::RulesConfig),
        "llm" => Llm(llm::LlmExtractorConfig),
    }
}

/// Metadata of every fact of a session: its number, open to filters.
pub(crate) fn session_metadata(session: u32) -> std::collections::BTreeMap<String, String> {
    std::collections::BTreeMap::from([("session".to_owned(), session.to_string())])
}
