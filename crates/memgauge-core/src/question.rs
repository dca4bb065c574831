//! What is asked, and the key to it. [`Question`] is all that a system under test may see;
//! [`AnswerKey`] is for judges, metrics and reports.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{ConversationId, TurnId};

/// Conversation and index in that conversation's list of questions (from 0): texts repeat, so
/// they are no key. Written `conv-26/q0`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QuestionId {
    /// The conversation asked about.
    pub conversation: ConversationId,
    /// Index in the dataset's list, from 0.
    pub index: u32,
}

impl fmt::Display for QuestionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/q{}", self.conversation, self.index)
    }
}

impl std::str::FromStr for QuestionId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.rsplit_once("/q")
            .and_then(|(conversation, index)| {
                Some(Self {
                    conversation: ConversationId::new(conversation),
                    index: index.parse().ok()?,
                })
            })
            .ok_or_else(|| format!("`{text}` is not a question id such as `conv-26/q0`"))
    }
}

impl Serialize for QuestionId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for QuestionId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A question as a system under test sees it: not even the category is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Which one it is.
    pub id: QuestionId,
    /// What is asked.
    pub text: String,
}

/// LOCOMO's five kinds of question under the official names (upstream
/// `task_eval/evaluation.py`). Mem0's paper permutes the names of 1, 3 and 4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// 1: the answer combines several turns.
    MultiHop,
    /// 2: the answer is a time.
    Temporal,
    /// 3: the answer needs knowledge of the world.
    OpenDomain,
    /// 4: one turn holds the answer.
    SingleHop,
    /// 5: the conversation does not hold the answer.
    Adversarial,
}

impl Category {
    /// All five in the order of their numbers.
    pub const ALL: [Self; 5] = [
        Self::MultiHop,
        Self::Temporal,
        Self::OpenDomain,
        Self::SingleHop,
        Self::Adversarial,
    ];

    /// The number in the dataset, 1 to 5.
    pub const fn number(self) -> u8 {
        match self {
            Self::MultiHop => 1,
            Self::Temporal => 2,
            Self::OpenDomain => 3,
            Self::SingleHop => 4,
            Self::Adversarial => 5,
        }
    }

    /// The category with this number.
    pub fn from_number(number: u64) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|category| u64::from(category.number()) == number)
    }

    /// The official name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MultiHop => "multi-hop",
            Self::Temporal => "temporal",
            Self::OpenDomain => "open-domain",
            Self::SingleHop => "single-hop",
            Self::Adversarial => "adversarial",
        }
    }

    /// Whether papers score it: 1 to 4. Category 5 is always reported apart.
    pub const fn is_scored(self) -> bool {
        !matches!(self, Self::Adversarial)
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Category {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.number())
    }
}

impl<'de> Deserialize<'de> for Category {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u64::deserialize(deserializer)?;
        Self::from_number(number)
            .ok_or_else(|| serde::de::Error::custom(format!("{number} is not a category (1 to 5)")))
    }
}

/// The right answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Gold {
    /// Categories 1 to 4: the published answer. Integers of the dataset are written as text.
    Answer(String),
    /// Category 5: there is none in the conversation; the field holds the trap, the answer that
    /// a careless reader would give.
    Unanswerable {
        /// The tempting wrong answer (LOCOMO: `adversarial_answer`).
        trap: String,
    },
}

impl Gold {
    /// The text that metrics compare with: the answer, or the trap in category 5.
    pub fn text(&self) -> &str {
        match self {
            Self::Answer(answer) => answer,
            Self::Unanswerable { trap } => trap,
        }
    }
}

/// What only judges, metrics, controls and reports may read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerKey {
    /// Kind of question.
    pub category: Category,
    /// The right answer.
    pub gold: Gold,
    /// Turns that hold the answer: repaired, without repeats, without ids that name no turn, in
    /// the dataset's order. Empty = unknown: retrieval metrics are then null.
    pub evidence: Vec<TurnId>,
}
