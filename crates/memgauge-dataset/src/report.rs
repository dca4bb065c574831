//! What was odd in a dataset and what was made of it: nothing is mended or dropped silently.

use std::collections::BTreeMap;
use std::fmt;

use memgauge_core::{Category, ConversationId, QuestionId, TurnId};
use serde::Serialize;

/// Everything odd that was met while a dataset was read, in the file's order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct LoadReport {
    /// The oddities.
    pub findings: Vec<Finding>,
}

/// One oddity and its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The conversation.
    pub conversation: ConversationId,
    /// JSON path inside the conversation, such as `qa[37].evidence[0]`.
    pub at: String,
    /// What is odd there.
    #[serde(flatten)]
    pub oddity: Oddity,
}

/// What can be odd without being an error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Oddity {
    /// The answer is a number: read as text.
    AnswerFromNumber {
        /// The question.
        question: QuestionId,
        /// Its category.
        category: Category,
        /// The number as text.
        answer: String,
    },
    /// A question of category 5 has an `answer` beside its `adversarial_answer`: not used.
    AnswerBesideTrap {
        /// The question.
        question: QuestionId,
        /// The answer that is not used.
        answer: String,
    },
    /// A question of category 5 has only an `answer`: read as the trap.
    AnswerAsTrap {
        /// The question.
        question: QuestionId,
        /// The answer.
        answer: String,
    },
    /// A question of categories 1 to 4 has an `adversarial_answer`: not used.
    TrapBesideAnswer {
        /// The question.
        question: QuestionId,
        /// The trap that is not used.
        trap: String,
    },
    /// An evidence string is no turn id as the format writes them: read as far as possible.
    EvidenceRepaired {
        /// The question.
        question: QuestionId,
        /// Its category.
        category: Category,
        /// The string.
        written: String,
        /// The ids read from it, before those that name no turn are dropped.
        read: Vec<TurnId>,
        /// Its parts that could not be read: dropped.
        unread: Vec<String>,
    },
    /// An evidence id names no turn of the conversation: dropped.
    EvidenceMissingTurn {
        /// The question.
        question: QuestionId,
        /// Its category.
        category: Category,
        /// The string that holds the id.
        written: String,
        /// The id.
        turn: TurnId,
    },
    /// A question cites a turn more than once: kept once.
    EvidenceRepeated {
        /// The question.
        question: QuestionId,
        /// The turn.
        turn: TurnId,
    },
    /// A question cites nothing: its evidence is unknown.
    EvidenceEmpty {
        /// The question.
        question: QuestionId,
        /// Its category.
        category: Category,
    },
    /// A question has the text of an earlier one of its conversation: both are kept.
    QuestionRepeated {
        /// The question.
        question: QuestionId,
        /// The first with that text.
        first: QuestionId,
    },
    /// A session has a time but no turns are given for it: dropped.
    TimeWithoutSession {
        /// Number of the session.
        session: u32,
    },
    /// A session is there and has no turn: kept.
    SessionEmpty {
        /// Number of the session.
        session: u32,
    },
    /// A session was held before the one with the number before: the numbers decide.
    SessionEarlier {
        /// Number of the session.
        session: u32,
    },
    /// A turn is said by neither `speaker_a` nor `speaker_b`: kept.
    SpeakerUnknown {
        /// The turn.
        turn: TurnId,
        /// Who says it.
        speaker: String,
    },
    /// An observation cites its turns as a list.
    ObservationList {
        /// Number of the session.
        session: u32,
        /// The turns.
        read: Vec<TurnId>,
    },
    /// An observation cites its turns with a string that is no single turn id: read as far as
    /// possible.
    ObservationRepaired {
        /// Number of the session.
        session: u32,
        /// The string.
        written: String,
        /// The ids read from it.
        read: Vec<TurnId>,
        /// Its parts that could not be read: dropped.
        unread: Vec<String>,
    },
    /// An observation cites an id that names no turn: dropped.
    ObservationMissingTurn {
        /// Number of the session.
        session: u32,
        /// The id.
        turn: TurnId,
    },
    /// Observations or a summary of a session that is not there, or that has them already under
    /// another spelling of its number: dropped.
    NotesWithoutSession {
        /// The key that names it.
        key: String,
    },
    /// A field that the format does not have: not read. Reported once per field and conversation.
    UnknownField {
        /// How often it stands in the conversation.
        times: usize,
    },
}

impl Oddity {
    /// Name of the kind, as in the serialized form.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::AnswerFromNumber { .. } => "answer-from-number",
            Self::AnswerBesideTrap { .. } => "answer-beside-trap",
            Self::AnswerAsTrap { .. } => "answer-as-trap",
            Self::TrapBesideAnswer { .. } => "trap-beside-answer",
            Self::EvidenceRepaired { .. } => "evidence-repaired",
            Self::EvidenceMissingTurn { .. } => "evidence-missing-turn",
            Self::EvidenceRepeated { .. } => "evidence-repeated",
            Self::EvidenceEmpty { .. } => "evidence-empty",
            Self::QuestionRepeated { .. } => "question-repeated",
            Self::TimeWithoutSession { .. } => "time-without-session",
            Self::SessionEmpty { .. } => "session-empty",
            Self::SessionEarlier { .. } => "session-earlier",
            Self::SpeakerUnknown { .. } => "speaker-unknown",
            Self::ObservationList { .. } => "observation-list",
            Self::ObservationRepaired { .. } => "observation-repaired",
            Self::ObservationMissingTurn { .. } => "observation-missing-turn",
            Self::NotesWithoutSession { .. } => "notes-without-session",
            Self::UnknownField { .. } => "unknown-field",
        }
    }
}

impl LoadReport {
    /// How many findings there are of each kind that occurs.
    pub fn counts(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for finding in &self.findings {
            *counts.entry(finding.oddity.kind()).or_default() += 1;
        }
        counts
    }

    /// The findings of one kind, such as `evidence-repaired`.
    pub fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Finding> {
        self.findings
            .iter()
            .filter(move |finding| finding.oddity.kind() == kind)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.conversation, self.at, self.oddity)
    }
}

impl fmt::Display for Oddity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AnswerFromNumber { answer, .. } => {
                write!(f, "the answer is the number {answer}: read as text")
            }
            Self::AnswerBesideTrap { answer, .. } => write!(
                f,
                "category 5 with an answer (`{answer}`) beside its adversarial answer: not used"
            ),
            Self::AnswerAsTrap { answer, .. } => write!(
                f,
                "category 5 without an adversarial answer: its answer `{answer}` is the trap"
            ),
            Self::TrapBesideAnswer { trap, .. } => {
                write!(
                    f,
                    "the adversarial answer `{trap}` outside category 5: not used"
                )
            }
            Self::EvidenceRepaired {
                written,
                read,
                unread,
                ..
            }
            | Self::ObservationRepaired {
                written,
                read,
                unread,
                ..
            } => {
                write!(f, "`{written}` read as {}", ids(read))?;
                if !unread.is_empty() {
                    write!(f, ", no turn id in `{}`", unread.join("`, `"))?;
                }
                Ok(())
            }
            Self::EvidenceMissingTurn { turn, .. } | Self::ObservationMissingTurn { turn, .. } => {
                write!(f, "{turn} names no turn: dropped")
            }
            Self::EvidenceRepeated { turn, .. } => write!(f, "{turn} stands twice: kept once"),
            Self::EvidenceEmpty { .. } => f.write_str("no evidence: unknown"),
            Self::QuestionRepeated { first, .. } => {
                write!(f, "same question text as {first}: both kept")
            }
            Self::TimeWithoutSession { session } => {
                write!(f, "a time without session_{session}: dropped")
            }
            Self::SessionEmpty { session } => write!(f, "session {session} has no turn: kept"),
            Self::SessionEarlier { session } => write!(
                f,
                "session {session} was held before the one before it: kept in numeric order"
            ),
            Self::SpeakerUnknown { turn, speaker } => write!(
                f,
                "{turn} is said by `{speaker}`, neither speaker_a nor speaker_b: kept"
            ),
            Self::ObservationList { read, .. } => write!(f, "a list of ids, {}", ids(read)),
            Self::NotesWithoutSession { key } => {
                write!(
                    f,
                    "`{key}` belongs to no session or stands for it twice: dropped"
                )
            }
            Self::UnknownField { times } => {
                write!(
                    f,
                    "a field that the format does not have, {times} times: not read"
                )
            }
        }
    }
}

fn ids(turns: &[TurnId]) -> String {
    if turns.is_empty() {
        return "nothing".to_owned();
    }
    let turns: Vec<String> = turns.iter().map(ToString::to_string).collect();
    turns.join(", ")
}
