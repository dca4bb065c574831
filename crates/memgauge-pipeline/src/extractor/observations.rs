//! The dataset's own notes about a session, fact by fact.

use async_trait::async_trait;
use memgauge_core::{
    Build, BuildError, ComponentError, Cx, Extractor, Fact, MemoryKind, Parts, Source, Window,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::session_metadata;

/// Keeps the observations that came with the dataset: facts that an LLM noted down about a
/// session, with the turns they cite. A dataset without such notes gives no memories.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct ObservationsConfig {}

impl Build<Box<dyn Extractor>> for ObservationsConfig {
    fn build(&self, _parts: &dyn Parts) -> Result<Box<dyn Extractor>, BuildError> {
        Ok(Box::new(Observations))
    }
}

/// See [`ObservationsConfig`].
#[derive(Debug, Clone, Copy)]
pub struct Observations;

#[async_trait]
impl Extractor for Observations {
    fn kind(&self) -> &'static str {
        "observations"
    }

    async fn extract(&self, cx: &Cx, window: &Window<'_>) -> Result<Vec<Fact>, ComponentError> {
        cx.count("extractor:observations", 1);
        let session = window.session;
        let facts = session.notes.observations.iter().map(|observation| {
            let sources = if observation.turns.is_empty() {
                // It rests on something that this speaker said in the session.
                session
                    .turns
                    .iter()
                    .filter(|turn| turn.speaker == observation.speaker)
                    .map(|turn| Source::window(turn.id))
                    .collect()
            } else {
                observation
                    .turns
                    .iter()
                    .copied()
                    .map(Source::cited)
                    .collect()
            };
            Fact {
                kind: MemoryKind::Fact,
                text: observation.text.trim().to_owned(),
                speaker: Some(observation.speaker.clone()),
                sources,
                held_at: session.held_at,
                metadata: session_metadata(session.index),
            }
        });
        Ok(facts.collect())
    }
}

#[cfg(test)]
mod tests {
    use memgauge_core::{Observation, TurnId};

    use super::super::fixture::{extract, session};
    use super::*;

    #[test]
    fn cites_the_turns_of_the_note_or_the_speakers_window() {
        let mut session = session(&[("Mira", "I row."), ("Tom", "I cook."), ("Mira", "A lot.")]);
        assert!(extract(&Observations, &session).is_empty());
        let note = |speaker: &str, text: &str, turns: &[u32]| Observation {
            speaker: speaker.to_owned(),
            text: text.to_owned(),
            turns: turns.iter().map(|turn| TurnId::new(3, *turn)).collect(),
        };
        session.notes.observations = vec![
            note("Mira", "Mira rows a lot.", &[1, 3]),
            note("Mira", "Mira is sporty.", &[]),
            note("Tom", "Tom cooks.", &[2]),
        ];
        let facts = extract(&Observations, &session);
        let texts: Vec<&str> = facts.iter().map(|fact| fact.text.as_str()).collect();
        assert_eq!(texts, ["Mira rows a lot.", "Mira is sporty.", "Tom cooks."]);
        let turn = |turn| TurnId::new(3, turn);
        assert_eq!(
            facts[0].sources,
            [Source::cited(turn(1)), Source::cited(turn(3))]
        );
        assert_eq!(
            facts[1].sources,
            [Source::window(turn(1)), Source::window(turn(3))]
        );
        assert_eq!(facts[2].speaker.as_deref(), Some("Tom"));
        assert_eq!(facts[2].kind, MemoryKind::Fact);
        assert_eq!(facts[2].metadata["session"], "3");
    }
}
