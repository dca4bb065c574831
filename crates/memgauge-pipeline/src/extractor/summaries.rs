//! The dataset's own summary of each session.

use async_trait::async_trait;
use memgauge_core::{
    Build, BuildError, ComponentError, Cx, Extractor, Fact, MemoryKind, Parts, Source, Window,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::session_metadata;

/// Keeps the summary that came with the dataset, one memory per session. It rests on all turns of
/// the session, on none in particular. A session without a summary gives no memory.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct SummariesConfig {}

impl Build<Box<dyn Extractor>> for SummariesConfig {
    fn build(&self, _parts: &dyn Parts) -> Result<Box<dyn Extractor>, BuildError> {
        Ok(Box::new(Summaries))
    }
}

/// See [`SummariesConfig`].
#[derive(Debug, Clone, Copy)]
pub struct Summaries;

#[async_trait]
impl Extractor for Summaries {
    fn kind(&self) -> &'static str {
        "summaries"
    }

    async fn extract(&self, cx: &Cx, window: &Window<'_>) -> Result<Vec<Fact>, ComponentError> {
        cx.count("extractor:summaries", 1);
        let session = window.session;
        let summary = session.notes.summary.as_deref().map(str::trim);
        let fact = summary.filter(|text| !text.is_empty()).map(|text| Fact {
            kind: MemoryKind::Summary,
            text: text.to_owned(),
            speaker: None,
            sources: session
                .turns
                .iter()
                .map(|turn| Source::window(turn.id))
                .collect(),
            held_at: session.held_at,
            metadata: session_metadata(session.index),
        });
        Ok(fact.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use memgauge_core::{How, TurnId};

    use super::super::fixture::{extract, session};
    use super::*;

    #[test]
    fn one_memory_that_rests_on_the_whole_session() {
        let mut session = session(&[("Mira", "I row."), ("Tom", "I cook.")]);
        assert!(extract(&Summaries, &session).is_empty());
        session.notes.summary = Some("  ".to_owned());
        assert!(extract(&Summaries, &session).is_empty());
        session.notes.summary = Some("Mira rows and Tom cooks.\n".to_owned());
        let facts = extract(&Summaries, &session);
        assert_eq!(facts.len(), 1);
        assert_eq!(facts[0].text, "Mira rows and Tom cooks.");
        assert_eq!(facts[0].speaker, None);
        assert_eq!(facts[0].kind, MemoryKind::Summary);
        assert_eq!(facts[0].sources.len(), 2);
        assert!(
            facts[0]
                .sources
                .iter()
                .all(|source| source.how == How::Window)
        );
        assert_eq!(facts[0].sources[1].turn, TurnId::new(3, 2));
    }
}
