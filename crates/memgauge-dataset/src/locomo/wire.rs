//! The shape of the file, as it is written there.
//!
//! `event_summary` and a turn's `re-download` are known and not read: the first is the script from
//! which the conversations were generated (not something that was said), the second belongs to
//! the picture files, which memgauge does not use.

use std::collections::BTreeMap;
use std::fmt;

use memgauge_core::{Category, TurnId};
use serde::de::{Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Fields of one element of the list.
pub(super) const SAMPLE_FIELDS: &[&str] = &[
    "sample_id",
    "conversation",
    "qa",
    "observation",
    "session_summary",
    "event_summary",
];

/// One element of the list.
#[derive(Debug, Deserialize)]
#[serde(expecting = "an object with `sample_id`, `conversation` and `qa`")]
pub(super) struct Sample {
    pub sample_id: String,
    pub conversation: Conversation,
    pub qa: Vec<Question>,
    /// `session_{n}_observation` -> speaker -> facts.
    #[serde(default)]
    pub observation: BTreeMap<String, BTreeMap<String, Vec<Fact>>>,
    /// `session_{n}_summary` -> text.
    #[serde(default)]
    pub session_summary: BTreeMap<String, String>,
}

/// `speaker_a`, `speaker_b`, and `session_{n}` with `session_{n}_date_time` side by side.
#[derive(Debug)]
pub(super) struct Conversation {
    pub speaker_a: String,
    pub speaker_b: String,
    pub sessions: BTreeMap<u32, Vec<Turn>>,
    pub times: BTreeMap<u32, String>,
    /// Keys that are none of these.
    pub unknown: Vec<String>,
}

/// Fields of a turn.
pub(super) const TURN_FIELDS: &[&str] = &[
    "dia_id",
    "speaker",
    "text",
    "blip_caption",
    "query",
    "img_url",
    "re-download",
];

/// One turn.
#[derive(Debug, Deserialize)]
#[serde(expecting = "a turn: an object with `speaker`, `dia_id` and `text`")]
pub(super) struct Turn {
    pub dia_id: TurnId,
    pub speaker: String,
    pub text: String,
    #[serde(default)]
    pub blip_caption: Option<String>,
    #[serde(default)]
    pub query: Option<String>,
    #[serde(default)]
    pub img_url: Option<Texts>,
}

/// Fields of a question.
pub(super) const QUESTION_FIELDS: &[&str] = &[
    "question",
    "answer",
    "adversarial_answer",
    "category",
    "evidence",
];

/// One question with its key.
#[derive(Debug, Deserialize)]
#[serde(expecting = "an object with `question`, `category`, `evidence` and an answer")]
pub(super) struct Question {
    pub question: String,
    #[serde(default)]
    pub answer: Option<Answer>,
    #[serde(default)]
    pub adversarial_answer: Option<Answer>,
    pub category: Category,
    pub evidence: Vec<String>,
}

/// `["text", "D1:3"]` or `["text", ["D1:3", "D1:5"]]`.
#[derive(Debug, Deserialize)]
#[serde(expecting = "a list of two: a fact and the ids that it cites")]
pub(super) struct Fact(pub String, pub Texts);

/// An answer: a text, or a number, which is kept as it is written.
#[derive(Debug)]
pub(super) struct Answer {
    pub text: String,
    pub from_number: bool,
}

/// One text or a list of them.
#[derive(Debug)]
pub(super) enum Texts {
    One(String),
    Many(Vec<String>),
}

/// What a key of `conversation` names.
enum Key {
    SpeakerA,
    SpeakerB,
    Session(u32),
    Time(u32),
    Other,
}

/// The number in `session_{n}` followed by `ending`, from 1.
pub(super) fn session_number(key: &str, ending: &str) -> Option<u32> {
    let digits = key.strip_prefix("session_")?.strip_suffix(ending)?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok().filter(|number| *number > 0)
}

impl Key {
    fn of(key: &str) -> Self {
        match key {
            "speaker_a" => Self::SpeakerA,
            "speaker_b" => Self::SpeakerB,
            _ => session_number(key, "")
                .map(Self::Session)
                .or_else(|| session_number(key, "_date_time").map(Self::Time))
                .unwrap_or(Self::Other),
        }
    }
}

impl<'de> Deserialize<'de> for Conversation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ConversationVisitor)
    }
}

struct ConversationVisitor;

impl<'de> Visitor<'de> for ConversationVisitor {
    type Value = Conversation;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with `speaker_a`, `speaker_b`, `session_1`, `session_1_date_time` …")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Conversation, A::Error> {
        let (mut speaker_a, mut speaker_b) = (None, None);
        let mut sessions = BTreeMap::new();
        let mut times = BTreeMap::new();
        let mut unknown = Vec::new();
        // `session_1` and `session_01` are two keys for one session.
        let twice = |key: &str| A::Error::custom(format!("duplicate session number in `{key}`"));
        while let Some(key) = access.next_key::<String>()? {
            match Key::of(&key) {
                Key::SpeakerA => speaker_a = Some(access.next_value()?),
                Key::SpeakerB => speaker_b = Some(access.next_value()?),
                Key::Session(number) => {
                    if sessions.insert(number, access.next_value()?).is_some() {
                        return Err(twice(&key));
                    }
                }
                Key::Time(number) => {
                    if times.insert(number, access.next_value()?).is_some() {
                        return Err(twice(&key));
                    }
                }
                Key::Other => {
                    access.next_value::<IgnoredAny>()?;
                    unknown.push(key);
                }
            }
        }
        Ok(Conversation {
            speaker_a: speaker_a.ok_or_else(|| A::Error::missing_field("speaker_a"))?,
            speaker_b: speaker_b.ok_or_else(|| A::Error::missing_field("speaker_b"))?,
            sessions,
            times,
            unknown,
        })
    }
}

impl<'de> Deserialize<'de> for Answer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnswerVisitor)
    }
}

struct AnswerVisitor;

impl AnswerVisitor {
    fn number(number: impl ToString) -> Answer {
        Answer {
            text: number.to_string(),
            from_number: true,
        }
    }
}

impl Visitor<'_> for AnswerVisitor {
    type Value = Answer;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a number")
    }

    fn visit_str<E>(self, text: &str) -> Result<Answer, E> {
        Ok(Answer {
            text: text.to_owned(),
            from_number: false,
        })
    }

    fn visit_i64<E>(self, number: i64) -> Result<Answer, E> {
        Ok(Self::number(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Answer, E> {
        Ok(Self::number(number))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Answer, E> {
        Ok(Self::number(number))
    }
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextsVisitor)
    }
}

struct TextsVisitor;

impl<'de> Visitor<'de> for TextsVisitor {
    type Value = Texts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a list of texts")
    }

    fn visit_str<E>(self, text: &str) -> Result<Texts, E> {
        Ok(Texts::One(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Texts, A::Error> {
        let mut texts = Vec::new();
        while let Some(text) = seq.next_element()? {
            texts.push(text);
        }
        Ok(Texts::Many(texts))
    }
}
