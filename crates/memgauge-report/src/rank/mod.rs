//! A leaderboard over arms of own and imported runs.

mod build;

use memgauge_core::CategoryNames;
use serde::Serialize;

use crate::arm::JudgeFacts;
use crate::compare::ArmsByKey;
use crate::statistics::{Bootstrap, PairedDifference};
use crate::summary::Mean;

pub use build::{RankOptions, rank, rank_by_key};

/// Arms in the order of a metric, those that may be compared in a table of their own.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ranking {
    /// Version of the files that it was made from.
    pub schema_version: u32,
    /// The metric.
    pub metric: String,
    /// Whose category names the slices go by.
    pub names: CategoryNames,
    /// How the intervals were made.
    pub bootstrap: Bootstrap,
    /// The questions of every column: categories together (the first, by which the arms are sorted), and each alone.
    pub slices: Vec<String>,
    /// Tables of arms that may be compared, in the order of their first arms.
    pub groups: Vec<RankGroup>,
}

/// Arms of the same dataset and, by J, of the same judge.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RankGroup {
    /// Name of the dataset.
    pub dataset: String,
    /// Fingerprint of its content.
    pub dataset_content: String,
    /// What labelled the answers; null where the metric needs no judge.
    pub judge: Option<JudgeFacts>,
    /// Whether it is known that all labels come from the same judge (always, where the metric needs none). If not,
    /// the arms only stand in the order of their numbers, and none is decided.
    pub is_comparable: bool,
    /// The arms, the best first.
    pub rows: Vec<RankRow>,
    /// The arms under every key of an overlay of errata; null where none belongs to the dataset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errata: Option<ArmsByKey>,
}

/// One arm of a leaderboard.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RankRow {
    /// Its place, from 1: that of the arm above where the two are tied. Null without a value, and where
    /// the arms of the table may not be compared.
    pub rank: Option<usize>,
    /// Its name here.
    pub label: String,
    /// The run directory.
    pub dir: String,
    /// Whether it is a control.
    pub control: bool,
    /// The metric over its own questions, slice by slice; null where a slice has no value.
    pub means: Vec<Option<Mean>>,
    /// The arm above minus this one, on the questions that both answered; null for the first, and where nothing can
    /// be compared.
    pub behind: Option<PairedDifference>,
    /// Whether the interval of that difference holds 0, or there is none: not decided from the arm above.
    pub is_tied: bool,
    /// Questions of the first slice that it was asked, and answers of them that failed.
    pub asked: usize,
    /// Answers that failed.
    pub failed: usize,
    /// What wrote the answers; null where nobody told.
    pub answer_model: Option<String>,
    /// What labelled them; null without labels.
    pub judge: Option<JudgeFacts>,
    /// Numbers of the categories that it was asked.
    pub categories: Vec<u8>,
    /// Answer key that the scores were made with.
    pub key: String,
    /// Whether another tool made the answers.
    pub imported: bool,
    /// Whether the run is finished.
    pub finished: bool,
}
