//! One row of a file, whatever its format.

use std::collections::BTreeMap;

/// A judgement as a file holds it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SourceLabel {
    /// Number of the run as written, where it is: `judgment_2` -> 2.
    pub(super) run: Option<u32>,
    /// The label, or why there is none.
    pub(super) label: Result<bool, String>,
    /// What the judge said.
    pub(super) reply: Option<String>,
}

/// A row that holds a question.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct SourceRow {
    /// Number of the file among those given.
    pub(super) file: usize,
    /// Place in it, such as `detailed_results.locomo_exp_user_0[3]` or `line 7`.
    pub(super) at: String,
    /// Conversation as written; null where the file names none.
    pub(super) conversation: Option<String>,
    /// List that it stands in: rows of one list usually ask about one conversation.
    pub(super) list: usize,
    /// Index in the conversation's questions as written.
    pub(super) index: Option<u64>,
    /// Repeat of the answer as written.
    pub(super) repeat: Option<u64>,
    /// The question's text.
    pub(super) question: String,
    /// The gold answer as the file has it.
    pub(super) gold: Option<String>,
    /// The category as written: a number or a name.
    pub(super) category: Option<String>,
    /// What the system answered; null where the file has no answer.
    pub(super) answer: Option<String>,
    /// What its judge said.
    pub(super) labels: Vec<SourceLabel>,
    /// Text metrics that the tool computed, by memgauge's names.
    pub(super) stored: BTreeMap<String, f64>,
    /// Other numbers that the tool reports; times in milliseconds under `search_ms`, `answer_ms`.
    pub(super) reported: BTreeMap<String, f64>,
    /// Tokens sent to and received from the answering model.
    pub(super) tokens: Option<(Option<u64>, Option<u64>)>,
    /// Memories shown to the answering model.
    pub(super) context: Vec<String>,
}

impl SourceRow {
    /// Whether it says the same as another: place aside, all that matters is equal.
    pub(super) fn says_the_same(&self, other: &Self) -> bool {
        let of = |row: &Self| {
            let labels: Vec<_> = row.labels.iter().map(|one| one.label.clone()).collect();
            (row.question.clone(), row.answer.clone(), labels)
        };
        of(self) == of(other)
    }
}

/// A place of a file that should hold a row and does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unreadable {
    /// Number of the file among those given.
    pub(super) file: usize,
    /// Place in it.
    pub(super) at: String,
    /// What is wrong.
    pub(super) message: String,
}

/// What a file says about itself.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Facts {
    /// Model that answered.
    pub(super) answer_model: Option<String>,
    /// Prompt of the answers.
    pub(super) answer_prompt: Option<String>,
    /// Model that judged.
    pub(super) judge_model: Option<String>,
    /// Prompt of the judge.
    pub(super) judge_prompt: Option<String>,
    /// Accuracy as the file sums it up, from 0 to 1.
    pub(super) accuracy: Option<f64>,
}

/// All that a file holds.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Sheet {
    /// Its rows in order.
    pub(super) rows: Vec<SourceRow>,
    /// What could not be read.
    pub(super) unreadable: Vec<Unreadable>,
    /// Rows that the file gives a second time under another heading: place, and that of the first.
    pub(super) repeated: Vec<(SourceRow, String)>,
    /// What it says about itself.
    pub(super) facts: Facts,
}
