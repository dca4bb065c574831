//! What was said: turns, sessions and conversations, as every system under test may see them.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use jiff::civil::DateTime;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Name of one conversation inside a dataset, such as `conv-26`. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConversationId(Arc<str>);

impl ConversationId {
    /// The id with this text.
    pub fn new(id: impl Into<Arc<str>>) -> Self {
        Self(id.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ConversationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Place of a turn inside its conversation: LOCOMO's `dia_id`, written `D{session}:{turn}`, both
/// counted from 1. Ordered as the conversation was held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TurnId {
    /// Number of the session, from 1.
    pub session: u32,
    /// Number of the turn inside the session, from 1.
    pub turn: u32,
}

impl TurnId {
    /// The turn `turn` of session `session`.
    pub const fn new(session: u32, turn: u32) -> Self {
        Self { session, turn }
    }
}

impl fmt::Display for TurnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "D{}:{}", self.session, self.turn)
    }
}

/// A text that is not `D{session}:{turn}`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a turn id such as `D3:11`")]
pub struct TurnIdError(pub String);

impl FromStr for TurnId {
    type Err = TurnIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || TurnIdError(text.to_owned());
        let digits = |part: &str| -> Result<u32, TurnIdError> {
            if part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(wrong());
            }
            part.parse().map_err(|_| wrong())
        };
        let (session, turn) = text
            .strip_prefix('D')
            .and_then(|rest| rest.split_once(':'))
            .ok_or_else(wrong)?;
        Ok(Self::new(digits(session)?, digits(turn)?))
    }
}

impl Serialize for TurnId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TurnId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A picture that came with a turn. Only its words are kept, never its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Image {
    /// Caption written by a captioning model (LOCOMO: `blip_caption`).
    pub caption: Option<String>,
    /// Words with which the picture was searched for (LOCOMO: `query`).
    pub query: Option<String>,
    /// Addresses of the picture (LOCOMO: `img_url`).
    pub urls: Vec<String>,
}

/// One message of one speaker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// Place in the conversation.
    pub id: TurnId,
    /// Name of the speaker.
    pub speaker: String,
    /// What was said.
    pub text: String,
    /// The picture that was shared with it.
    pub image: Option<Image>,
}

/// One sitting of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Number of the session, from 1; sessions are replayed in this order.
    pub index: u32,
    /// Local time at which the session was held, without a zone.
    pub held_at: DateTime,
    /// The time as the dataset writes it, for formats that quote it.
    pub held_at_text: String,
    /// The messages in the order in which they were said.
    pub turns: Vec<Turn>,
    /// What the dataset's authors had an LLM note down about the session.
    pub notes: SessionNotes,
}

/// Notes that came with the dataset, written by an LLM that read the session: input for the
/// `observations` and `summaries` extractors and for nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SessionNotes {
    /// Single facts with the turns that they cite.
    pub observations: Vec<Observation>,
    /// A summary of the whole session.
    pub summary: Option<String>,
}

/// One fact of the dataset's notes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// Whom the fact is about.
    pub speaker: String,
    /// The fact.
    pub text: String,
    /// The turns that it cites.
    pub turns: Vec<TurnId>,
}

/// Who talks in a conversation: what is known before the first session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConversationHead {
    /// Name of the conversation.
    pub id: ConversationId,
    /// The two speakers, `speaker_a` first.
    pub speakers: [String; 2],
}

/// A whole conversation, without the questions asked about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    /// Name and speakers.
    pub head: ConversationHead,
    /// The sessions in the order in which they were held.
    pub sessions: Vec<Session>,
}

impl Conversation {
    /// All turns, in order, each with its session.
    pub fn turns(&self) -> impl Iterator<Item = (&Session, &Turn)> {
        self.sessions
            .iter()
            .flat_map(|session| session.turns.iter().map(move |turn| (session, turn)))
    }

    /// The turn with this id.
    pub fn turn(&self, id: TurnId) -> Option<&Turn> {
        self.sessions
            .iter()
            .find(|session| session.index == id.session)?
            .turns
            .iter()
            .find(|turn| turn.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turn_id_round_trips_and_refuses_what_it_is_not() {
        let id: TurnId = "D30:5".parse().unwrap();
        assert_eq!(id, TurnId::new(30, 5));
        assert_eq!(id.to_string(), "D30:5");
        for wrong in ["D", "D1", "D:1:2", "D1:+2", "1:2", "D1:2 D3:4", ""] {
            assert!(wrong.parse::<TurnId>().is_err(), "{wrong}");
        }
        assert!(TurnId::new(2, 1) > TurnId::new(1, 99));
    }
}
