//! What in a file of errata did not fit the dataset, and what was made of it.

use std::fmt;

use memgauge_core::{QuestionId, TurnId};
use serde::Serialize;

/// Something that did not fit, and its row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ErrataFinding {
    /// Row of the file, from 0.
    pub row: usize,
    /// The id as the file writes it; empty where it has none.
    pub id: String,
    /// What does not fit.
    #[serde(flatten)]
    pub misfit: Misfit,
}

/// What can be odd about a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "misfit", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Misfit {
    /// The row does not have the format's shape: not applied.
    Unreadable {
        /// What is wrong.
        message: String,
    },
    /// The id names no question of the dataset: not applied.
    NoSuchQuestion {
        /// Why.
        message: String,
    },
    /// Nobody knows this kind of mistake: not applied.
    UnknownKind {
        /// The kind.
        kind: String,
        /// Those that are known.
        known: Vec<&'static str>,
    },
    /// An earlier row is about the same question: not applied.
    Repeated {
        /// The question.
        question: QuestionId,
        /// That row.
        first: usize,
    },
    /// The question has another text in the dataset: not applied.
    TextDiffers {
        /// The question's text in the file.
        text: String,
        /// In the dataset.
        published: String,
    },
    /// The key has another answer than the one that the row corrects: not applied.
    GoldDiffers {
        /// The answer that is corrected.
        gold: String,
        /// The one in the dataset.
        published: String,
    },
    /// The question has another category in the dataset: applied, the dataset's counts.
    CategoryDiffers {
        /// In the file.
        category: u64,
        /// In the dataset.
        published: u8,
    },
    /// The dataset cites other evidence than the row says: applied.
    CitationDiffers {
        /// In the file.
        cited: Vec<String>,
        /// In the dataset, as written.
        published: Vec<String>,
    },
    /// A part of the corrected evidence is no id: left out.
    EvidenceUnread {
        /// The part.
        written: String,
    },
    /// An id of the corrected evidence names no turn: left out.
    EvidenceMissingTurn {
        /// The id.
        turn: TurnId,
    },
    /// The corrected evidence names no turn at all: evidence metrics are then unknown.
    EvidenceEmpty,
    /// A mistake that leaves the answer right comes with another answer: not used.
    AnswerNotUsed {
        /// The answer.
        answer: String,
    },
    /// A mistake that corrupts the score comes without another answer: the question is in no score
    /// under the corrected key.
    AnswerMissing,
    /// Category 5 has no answer to correct: its score is that of a refusal. Not applied.
    NothingToAnswer,
}

impl Misfit {
    /// Whether the rest of the row counts.
    pub const fn is_applied(&self) -> bool {
        !matches!(
            self,
            Self::Unreadable { .. }
                | Self::NoSuchQuestion { .. }
                | Self::UnknownKind { .. }
                | Self::Repeated { .. }
                | Self::TextDiffers { .. }
                | Self::GoldDiffers { .. }
                | Self::NothingToAnswer
        )
    }
}

impl fmt::Display for ErrataFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "row {}", self.row)?;
        if !self.id.is_empty() {
            write!(f, " ({})", self.id)?;
        }
        write!(f, ": {}", self.misfit)
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { message } | Self::NoSuchQuestion { message } => {
                f.write_str(message)?
            }
            Self::UnknownKind { kind, known } => {
                f.write_str(&memgauge_core::config::unknown("kind", kind, known))?;
            }
            Self::Repeated { question, first } => {
                write!(f, "row {first} is about {question} already")?;
            }
            Self::TextDiffers { text, published } => {
                write!(
                    f,
                    "the question is `{published}` in the dataset, not `{text}`"
                )?;
            }
            Self::GoldDiffers { gold, published } => {
                write!(
                    f,
                    "the answer is `{published}` in the dataset, not `{gold}`"
                )?;
            }
            Self::CategoryDiffers {
                category,
                published,
            } => {
                write!(f, "category {published} in the dataset, {category} here")?;
            }
            Self::CitationDiffers { cited, published } => write!(
                f,
                "the dataset cites [{}], not [{}]",
                published.join(", "),
                cited.join(", ")
            )?,
            Self::EvidenceUnread { written } => {
                write!(f, "no turn id in `{written}`: left out")?;
            }
            Self::EvidenceMissingTurn { turn } => write!(f, "{turn} names no turn: left out")?,
            Self::EvidenceEmpty => f.write_str("no turn holds the answer: evidence unknown")?,
            Self::AnswerNotUsed { answer } => {
                write!(f, "the published answer stands; `{answer}` is not used")?;
            }
            Self::AnswerMissing => f.write_str("no corrected answer")?,
            Self::NothingToAnswer => f.write_str("category 5 has no answer to correct")?,
        }
        if !self.is_applied() {
            f.write_str(": not applied")?;
        }
        Ok(())
    }
}
