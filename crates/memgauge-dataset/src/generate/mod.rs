//! Datasets of any size in LOCOMO's format, made of the sample's exchanges.
//!
//! They show how cost grows with size. Every question is answered by its evidence: it names a filler
//! that its conversation holds once. But the people say the same things over and over, so scores on
//! generated conversations say nothing about memory systems.

mod conversation;
mod fill;
mod questions;
mod random;
mod templates;
#[cfg(test)]
mod tests;

use std::io::Write;

use conversation::Draft;
use random::Random;
use templates::Templates;

/// How much is generated. The default has LOCOMO's shape: as many conversations, and as many sessions,
/// turns and questions in each as LOCOMO's have on average.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GeneratedShape {
    /// Conversations.
    pub conversations: u32,
    /// Sessions of each conversation.
    pub sessions: u32,
    /// Turns of each conversation, spread evenly over its sessions.
    pub turns: u32,
    /// Questions about each conversation, in LOCOMO's proportions of categories as far as what was
    /// said allows.
    pub questions: u32,
}

impl Default for GeneratedShape {
    fn default() -> Self {
        Self {
            conversations: 10,
            sessions: 27,
            turns: 588,
            questions: 199,
        }
    }
}

/// Nothing can be generated.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// The shape makes no sense.
    #[error("{0}")]
    Shape(String),
    /// What was said does not answer enough questions.
    #[error(
        "{conversation}: {turns} turns answer {possible} questions, not {asked}; ask fewer (--questions) or \
         generate longer conversations (--turns)"
    )]
    Questions {
        /// The conversation.
        conversation: String,
        /// Its turns.
        turns: u32,
        /// Questions asked for.
        asked: u32,
        /// Questions that its turns answer.
        possible: usize,
    },
    /// The templates are wrong.
    #[error("datasets/templates.toml: {0}")]
    Templates(String),
    /// It cannot be written.
    #[error(transparent)]
    Write(#[from] std::io::Error),
}

/// Writes a dataset in LOCOMO's format, one conversation at a time: the same bytes for the same shape
/// and seed. Conversation n depends on the seed, n and the shape of a conversation alone, so a smaller
/// dataset is the beginning of a larger one.
///
/// # Errors
/// When the shape makes no sense, asks for more questions than the turns can answer, or `out` refuses.
pub fn generate(
    shape: GeneratedShape,
    seed: u64,
    out: &mut impl Write,
) -> Result<(), GenerateError> {
    for (name, value) in [
        ("conversations", shape.conversations),
        ("sessions", shape.sessions),
        ("turns", shape.turns),
    ] {
        if value == 0 {
            return Err(GenerateError::Shape(format!(
                "`{name}` must be at least 1, found 0"
            )));
        }
    }
    if shape.turns < shape.sessions {
        return Err(GenerateError::Shape(format!(
            "{} turns are not enough for {} sessions: each has at least one",
            shape.turns, shape.sessions
        )));
    }
    let templates = Templates::embedded()?;
    out.write_all(b"[\n")?;
    for number in 1..=shape.conversations {
        if number > 1 {
            out.write_all(b",\n")?;
        }
        let id = format!("generated-{number:05}");
        let random = Random::new(seed, u64::from(number));
        let sample = Draft::new(&templates, shape, random, id)?.finish()?;
        serde_json::to_writer(&mut *out, &sample).map_err(std::io::Error::from)?;
    }
    out.write_all(b"\n]\n")?;
    Ok(())
}
