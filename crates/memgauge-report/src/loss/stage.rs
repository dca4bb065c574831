//! The stages, and the one that a question belongs to.

use std::fmt;
use std::str::FromStr;

use memgauge_core::{Category, TurnId};
use serde::{Deserialize, Serialize};

use crate::fate::Fate;

/// Where a question ended. Every question of a run has exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LossStage {
    /// No memory ever carried the gold turn.
    NeverExtracted,
    /// A memory carried it, and does no longer: a fact that was not kept because of another memory, a
    /// memory that was overwritten or deleted.
    MergedOrDeleted,
    /// A memory carries it, and was not among the candidates.
    NotACandidate,
    /// It was a candidate, and ranked below k.
    RankedBelowK,
    /// It was meant for the context, and the budget left it out.
    CutByBudget,
    /// Everything that is needed stood in the context, and the answer is wrong. Category 5: something
    /// was answered that the conversation does not hold.
    InContextAnsweredWrong,
    /// Wrong by the run's own measure; a second judge, or the corrected key, says right.
    RightButJudgedWrong,
    /// The answer or the evidence in the key is faulty, so that nobody can tell.
    GoldOrEvidenceFaulty,
    /// A failure of infrastructure left it without an answer.
    Failed,
    /// The system does not tell its sources, or the answer has no label.
    Unknown,
    /// Not lost: answered right.
    Right,
}

impl LossStage {
    /// All stages: those of the way in its order, then what is not about the way, then what was not
    /// lost. The order of tables.
    pub const ALL: [Self; 11] = [
        Self::NeverExtracted,
        Self::MergedOrDeleted,
        Self::NotACandidate,
        Self::RankedBelowK,
        Self::CutByBudget,
        Self::InContextAnsweredWrong,
        Self::RightButJudgedWrong,
        Self::GoldOrEvidenceFaulty,
        Self::Failed,
        Self::Unknown,
        Self::Right,
    ];

    /// Its name in files and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NeverExtracted => "never-extracted",
            Self::MergedOrDeleted => "merged-or-deleted",
            Self::NotACandidate => "not-a-candidate",
            Self::RankedBelowK => "ranked-below-k",
            Self::CutByBudget => "cut-by-budget",
            Self::InContextAnsweredWrong => "in-context-answered-wrong",
            Self::RightButJudgedWrong => "right-but-judged-wrong",
            Self::GoldOrEvidenceFaulty => "gold-or-evidence-faulty",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Right => "right",
        }
    }

    /// The stage that lost a gold turn.
    pub const fn of(fate: Fate) -> Self {
        match fate {
            Fate::NoFact => Self::NeverExtracted,
            Fate::NotKept | Fate::Deleted | Fate::Replaced => Self::MergedOrDeleted,
            Fate::NotCandidate => Self::NotACandidate,
            Fate::Below(_) => Self::RankedBelowK,
            Fate::Dropped => Self::CutByBudget,
            Fate::InContext => Self::InContextAnsweredWrong,
        }
    }
}

impl fmt::Display for LossStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for LossStage {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.map(Self::name);
        Self::ALL
            .into_iter()
            .find(|stage| stage.name() == text)
            .ok_or_else(|| memgauge_core::config::unknown("stage", text, &known))
    }
}

/// Which gold turn decides where a question has several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Needs {
    /// An answer needs every gold turn: the one that was lost first decides.
    #[default]
    Every,
    /// Any gold turn is enough: the one that got furthest decides.
    Any,
}

impl Needs {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Every, Self::Any];

    /// Its name in files and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Every => "every",
            Self::Any => "any",
        }
    }
}

impl FromStr for Needs {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.map(Self::name);
        Self::ALL
            .into_iter()
            .find(|needs| needs.name() == text)
            .ok_or_else(|| memgauge_core::config::unknown("rule", text, &known))
    }
}

/// What is known about whether an answer is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Verdict {
    /// By the run's own measure, under the published key; `None` = there is no label.
    pub own: Option<bool>,
    /// A second judge says right.
    pub second: bool,
    /// The published answer is known to be wrong.
    pub faulty_key: bool,
    /// Under the corrected key; `None` = nobody knows.
    pub corrected: Option<bool>,
}

/// All that decides about a question's stage.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts<'a> {
    pub(crate) category: Category,
    pub(crate) failed: bool,
    pub(crate) verdict: Verdict,
    /// Whether any gold turn is known.
    pub(crate) has_evidence: bool,
    /// What became of every gold turn; empty where the sources are not told.
    pub(crate) fates: &'a [(TurnId, Fate)],
    /// Another conversation's memory was asked: none of its memories carries a gold turn.
    pub(crate) is_swapped: bool,
    /// The system keeps nothing of what was said: it never shows anything either.
    pub(crate) keeps_nothing: bool,
}

/// The stage of a question, and the gold turn that decided where one did.
pub(crate) fn place(facts: &Facts<'_>, needs: Needs) -> (LossStage, Option<(TurnId, Fate)>) {
    let verdict = facts.verdict;
    if facts.failed {
        return (LossStage::Failed, None);
    }
    match verdict.own {
        Some(true) => return (LossStage::Right, None),
        Some(false) => {}
        None => return (LossStage::Unknown, None),
    }
    if verdict.second && !verdict.faulty_key || verdict.corrected == Some(true) {
        return (LossStage::RightButJudgedWrong, None);
    }
    if verdict.faulty_key && verdict.corrected.is_none() {
        return (LossStage::GoldOrEvidenceFaulty, None);
    }
    if facts.category == Category::Adversarial {
        return (LossStage::InContextAnsweredWrong, None);
    }
    if !facts.has_evidence {
        return (LossStage::GoldOrEvidenceFaulty, None);
    }
    if facts.is_swapped || facts.keeps_nothing {
        return (LossStage::NeverExtracted, None);
    }
    let turns = facts.fates.iter().copied();
    let stage = |(_, fate): &(TurnId, Fate)| LossStage::of(*fate);
    // Of several at the same stage the first in the dataset's order.
    let decides = match needs {
        Needs::Every => turns.min_by_key(stage),
        Needs::Any => turns.rev().max_by_key(stage),
    };
    match decides {
        Some(turn) => (stage(&turn), Some(turn)),
        None => (LossStage::Unknown, None),
    }
}
