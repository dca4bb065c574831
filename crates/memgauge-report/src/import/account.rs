//! What became of every row of an imported file: wire types, documented field by field in docs/FORMAT.md.

use std::collections::BTreeMap;

use memgauge_core::{Category, QuestionId};
use serde::{Deserialize, Serialize};

/// Where an imported run comes from: `imported` of its manifest.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Imported {
    /// Format of the files.
    pub format: String,
    /// The files.
    pub files: Vec<ImportedFile>,
    /// Model that answered; null = unknown.
    pub answer_model: Option<String>,
    /// Prompt of the answers; null = unknown.
    pub answer_prompt: Option<String>,
    /// Model that judged; null = unknown.
    pub judge_model: Option<String>,
    /// Prompt of the judge; null = unknown.
    pub judge_prompt: Option<String>,
    /// Accuracy as the file sums it up, from 0 to 1; null where it does not. With several files that of none.
    pub accuracy: Option<f64>,
    /// Rows of the files.
    pub rows: usize,
    /// Rows that became records.
    pub matched: usize,
    /// Rows that say what another row says: kept once.
    pub folded: usize,
    /// Rows about a question and repeat that another row answers otherwise: the first counts.
    pub conflicting: usize,
    /// Rows that match no question of the dataset.
    pub unmatched: usize,
    /// Places that should hold a row and do not.
    pub unreadable: usize,
    /// Kind of finding -> rows that have it.
    pub findings: BTreeMap<String, usize>,
    /// Lists of the file whose name stands for another conversation than their questions are about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub renamed: Vec<Renamed>,
    /// Questions of the dataset without a row, by category name; none = 0.
    pub missing: BTreeMap<String, usize>,
    /// Runs of the judge that the files hold; 0 without labels.
    pub judge_runs: usize,
}

/// One imported file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportedFile {
    /// Its name, without the folder.
    pub name: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// Rows in it.
    pub rows: usize,
}

/// A conversation that a file calls by the name of another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renamed {
    /// Name of the file.
    pub file: String,
    /// As it is written.
    pub written: String,
    /// The conversation that the questions are about.
    pub conversation: String,
    /// Rows concerned.
    pub rows: usize,
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RowStatus {
    /// It is a record.
    Matched,
    /// Another row says the same and is the record.
    Folded,
    /// Another row answers the same question otherwise, came first and is the record.
    Conflicting,
    /// No question of the dataset is meant.
    Unmatched,
    /// There is no row to read.
    Unreadable,
}

/// How a row found its question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MatchedBy {
    /// Index and text.
    Index,
    /// The text, which one question of the conversation has.
    Text,
    /// The text, which several have; category or gold answer told them apart.
    Key,
    /// The text, which several have; the order of the rows told them apart.
    Order,
    /// A text that is nearly the same, and the gold answer.
    Near,
}

/// Something about a row that is not as it should be, or could be read in more than one way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum RowFinding {
    /// The question differs from the dataset's in quotes, marks, white space, case or accents.
    QuestionSpelling,
    /// The question is nearly the dataset's.
    QuestionDiffers {
        /// The dataset's.
        dataset: String,
        /// How alike they are, from 0 to 1.
        likeness: f64,
    },
    /// The gold answer is not the dataset's. Metrics are against the dataset's.
    GoldDiffers {
        /// As the file has it.
        written: String,
        /// The dataset's.
        dataset: String,
    },
    /// The category is not the dataset's, whose counts.
    CategoryDiffers {
        /// As the file has it.
        written: String,
        /// The dataset's.
        dataset: Category,
    },
    /// The index written belongs to another question; the text decided.
    IndexDiffers {
        /// As the file has it.
        written: u64,
    },
    /// The row stands among those of another conversation.
    ConversationDiffers {
        /// The conversation that the rows around it are about.
        around: String,
    },
    /// Several questions have this text, and nothing tells which is meant.
    Ambiguous {
        /// All of them.
        questions: Vec<QuestionId>,
    },
    /// The file has no answer: the question failed.
    NoAnswer,
    /// In place of an answer stands a message of the tool. It is kept and labelled as the file has it.
    ErrorAsAnswer,
    /// A label that is none: an error of the judge, not a wrong answer.
    NoLabel {
        /// Run of the judge, from 0.
        run: u32,
        /// What stands there.
        message: String,
    },
}

impl RowFinding {
    /// Name of the kind, as in the files.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::QuestionSpelling => "question-spelling",
            Self::QuestionDiffers { .. } => "question-differs",
            Self::GoldDiffers { .. } => "gold-differs",
            Self::CategoryDiffers { .. } => "category-differs",
            Self::IndexDiffers { .. } => "index-differs",
            Self::ConversationDiffers { .. } => "conversation-differs",
            Self::Ambiguous { .. } => "ambiguous",
            Self::NoAnswer => "no-answer",
            Self::ErrorAsAnswer => "error-as-answer",
            Self::NoLabel { .. } => "no-label",
        }
    }
}

/// One row of an imported file: a line of `import.jsonl`, in the order of files and rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImportRow {
    /// Name of the file.
    pub file: String,
    /// Place in it.
    pub at: String,
    /// What became of it.
    pub status: RowStatus,
    /// The question that it is about; null where none was found.
    pub question: Option<QuestionId>,
    /// Repeat of the answer.
    pub repeat: u32,
    /// How the question was found.
    pub matched_by: Option<MatchedBy>,
    /// What is odd about it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<RowFinding>,
    /// Text metrics that the tool stored, by memgauge's names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub stored: BTreeMap<String, f64>,
    /// Other numbers that the tool reports, by its own names, and its times as `search_ms` and `answer_ms`: by another
    /// clock than memgauge's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reported: BTreeMap<String, f64>,
    /// The row itself, where it is no record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written: Option<WrittenRow>,
    /// Why it is no record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// A row as the file has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WrittenRow {
    /// Name of the conversation.
    pub conversation: Option<String>,
    /// Index in the conversation.
    pub index: Option<u64>,
    /// Category.
    pub category: Option<String>,
    /// The question.
    pub question: String,
    /// The gold answer.
    pub gold: Option<String>,
    /// The system's answer.
    pub answer: Option<String>,
    /// Labels by run; null = none.
    pub labels: Vec<Option<bool>>,
}
