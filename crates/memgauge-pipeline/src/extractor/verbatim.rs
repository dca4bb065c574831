//! Turns as they were said.

use async_trait::async_trait;
use memgauge_core::{
    Build, BuildError, ComponentError, Cx, Extractor, Fact, MemoryKind, Parts, Source, Turn, Window,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::session_metadata;

/// Keeps turns as they were said, one memory per turn or per window of turns. Each turn is a line
/// `speaker: text`. Nothing is left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct VerbatimConfig {
    /// How many turns of a session one memory holds. The last window of a session may hold fewer.
    #[schemars(range(min = 1))]
    pub turns: usize,
    /// How many turns one window starts after the one before it; less than `turns` makes windows
    /// overlap. As large as `turns` where it is not given; never larger, as turns would be lost.
    #[schemars(range(min = 1))]
    pub stride: Option<usize>,
    /// Whether the caption of a shared picture is part of the text. Mem0's protocol ignores it.
    pub captions: bool,
}

impl Default for VerbatimConfig {
    fn default() -> Self {
        Self {
            turns: 1,
            stride: None,
            captions: false,
        }
    }
}

impl Build<Box<dyn Extractor>> for VerbatimConfig {
    fn build(&self, _parts: &dyn Parts) -> Result<Box<dyn Extractor>, BuildError> {
        Ok(Box::new(Verbatim::new(self)?))
    }
}

/// See [`VerbatimConfig`].
#[derive(Debug, Clone)]
pub struct Verbatim {
    turns: usize,
    stride: usize,
    captions: bool,
}

impl Verbatim {
    /// The extractor as configured.
    ///
    /// # Errors
    /// When a window holds no turn, or windows would leave turns out.
    pub fn new(config: &VerbatimConfig) -> Result<Self, BuildError> {
        let stride = config.stride.unwrap_or(config.turns);
        if config.turns == 0 {
            return Err(BuildError::at("turns", "must be at least 1, found 0"));
        }
        if stride == 0 {
            return Err(BuildError::at("stride", "must be at least 1, found 0"));
        }
        if stride > config.turns {
            return Err(BuildError::at(
                "stride",
                format!(
                    "must be at most `turns` ({}), or turns between windows are lost; found {stride}",
                    config.turns
                ),
            ));
        }
        Ok(Self {
            turns: config.turns,
            stride,
            captions: config.captions,
        })
    }

    fn line(&self, turn: &Turn) -> String {
        let mut line = format!("{}: {}", turn.speaker, turn.text.trim());
        if let Some(caption) = shown_caption(turn).filter(|_| self.captions) {
            line.push_str(" [shared an image: ");
            line.push_str(caption);
            line.push(']');
        }
        line
    }
}

/// The caption of the picture that was shared with `turn`, if it has one.
pub(super) fn shown_caption(turn: &Turn) -> Option<&str> {
    let caption = turn.image.as_ref()?.caption.as_deref()?.trim();
    (!caption.is_empty()).then_some(caption)
}

#[async_trait]
impl Extractor for Verbatim {
    fn kind(&self) -> &'static str {
        "verbatim"
    }

    async fn extract(&self, cx: &Cx, window: &Window<'_>) -> Result<Vec<Fact>, ComponentError> {
        cx.count("extractor:verbatim", 1);
        let mut facts = Vec::new();
        for start in (0..window.turns.len()).step_by(self.stride) {
            let rest = window.turns.get(start..).unwrap_or_default();
            let turns = rest.get(..self.turns).unwrap_or(rest);
            let lines: Vec<String> = turns.iter().map(|turn| self.line(turn)).collect();
            let speaker = turns
                .first()
                .map(|turn| &turn.speaker)
                .filter(|first| turns.iter().all(|turn| turn.speaker == **first));
            facts.push(Fact {
                kind: MemoryKind::Verbatim,
                text: lines.join("\n"),
                speaker: speaker.cloned(),
                sources: turns.iter().map(|turn| Source::cited(turn.id)).collect(),
                held_at: window.session.held_at,
                metadata: session_metadata(window.session.index),
            });
            // A window that reaches the end is the last: another would only repeat its tail.
            if rest.len() <= self.turns {
                break;
            }
        }
        Ok(facts)
    }
}

#[cfg(test)]
mod tests {
    use memgauge_core::TurnId;

    use super::super::fixture::{captioned, extract, session};
    use super::*;

    const TALK: [(&str, &str); 5] = [
        ("Mira", "I bought a kayak."),
        ("Tom", " Which one? "),
        ("Mira", "A red one."),
        ("Mira", "It is small."),
        ("Tom", "Nice!"),
    ];

    fn verbatim(turns: usize, stride: Option<usize>, captions: bool) -> Verbatim {
        Verbatim::new(&VerbatimConfig {
            turns,
            stride,
            captions,
        })
        .unwrap()
    }

    fn numbers(fact: &Fact) -> Vec<u32> {
        fact.sources.iter().map(|source| source.turn.turn).collect()
    }

    #[test]
    fn one_memory_per_turn_by_default() {
        let facts = extract(&verbatim(1, None, false), &session(&TALK));
        assert_eq!(facts.len(), 5);
        assert_eq!(facts[1].text, "Tom: Which one?");
        assert_eq!(facts[1].speaker.as_deref(), Some("Tom"));
        assert_eq!(facts[1].sources, [Source::cited(TurnId::new(3, 2))]);
        assert_eq!(facts[1].metadata["session"], "3");
        assert_eq!(facts[1].kind, MemoryKind::Verbatim);
    }

    #[test]
    fn windows_join_lines_and_name_a_speaker_only_where_there_is_one() {
        let facts = extract(&verbatim(2, None, false), &session(&TALK));
        assert_eq!(facts.len(), 3);
        assert_eq!(facts[0].text, "Mira: I bought a kayak.\nTom: Which one?");
        assert_eq!(facts[0].speaker, None);
        assert_eq!(facts[1].speaker.as_deref(), Some("Mira"));
        assert_eq!(numbers(&facts[2]), [5]);
    }

    #[test]
    fn overlapping_windows_end_with_the_first_that_reaches_the_end() {
        let facts = extract(&verbatim(3, Some(1), false), &session(&TALK));
        let turns: Vec<Vec<u32>> = facts.iter().map(numbers).collect();
        assert_eq!(turns, [vec![1, 2, 3], vec![2, 3, 4], vec![3, 4, 5]]);
        let whole = extract(&verbatim(20, None, false), &session(&TALK));
        assert_eq!(whole.len(), 1);
        assert_eq!(numbers(&whole[0]), [1, 2, 3, 4, 5]);
        assert!(extract(&verbatim(20, None, false), &session(&[])).is_empty());
    }

    #[test]
    fn captions_are_an_option() {
        let session = captioned(session(&TALK), 3, "a red boat");
        let without = extract(&verbatim(1, None, false), &session);
        let with = extract(&verbatim(1, None, true), &session);
        assert_eq!(without[2].text, "Mira: A red one.");
        assert_eq!(
            with[2].text,
            "Mira: A red one. [shared an image: a red boat]"
        );
        assert_eq!(with[3].text, without[3].text);
    }

    #[test]
    fn windows_that_lose_turns_are_refused() {
        let error = Verbatim::new(&VerbatimConfig {
            turns: 2,
            stride: Some(3),
            captions: false,
        })
        .unwrap_err();
        assert_eq!(error.key.as_deref(), Some("stride"));
        let error = Verbatim::new(&VerbatimConfig {
            turns: 0,
            ..VerbatimConfig::default()
        })
        .unwrap_err();
        assert_eq!(error.key.as_deref(), Some("turns"));
    }
}
