//! Arms under the keys of an overlay of errata.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use memgauge_core::{Gold, QuestionId};
use memgauge_dataset::{Dataset, Errata};
use serde::{Deserialize, Serialize};

use super::read::Arm;
use super::selection::SelectionError;
use crate::errata::{CorrectedJudge, CorrectedKey};
use crate::record::QuestionRecord;
use crate::rundir::RunDir;

/// Which answer key scores are made with, and on which questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Key {
    /// All questions under the published key.
    Published,
    /// All questions under the corrected key.
    Corrected,
    /// The questions whose published answer nobody disputes.
    #[default]
    Clean,
}

impl Key {
    /// All, in the order of tables.
    pub const ALL: [Self; 3] = [Self::Published, Self::Corrected, Self::Clean];

    /// Name in tables and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Corrected => "corrected",
            Self::Clean => "clean",
        }
    }

    /// What [`ArmFacts::key`](super::ArmFacts::key) says.
    fn told(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Corrected => "corrected",
            Self::Clean => "published, clean subset",
        }
    }
}

/// The same arms under every key of an overlay. Arms of other datasets are the same under all.
#[derive(Debug, Clone)]
pub struct KeyedArms {
    /// Arms by key, in the order of [`Key::ALL`].
    by_key: [Vec<Arm>; 3],
    /// The judge behind the corrected labels of each arm; `None` = nobody judged its corrupt answers again.
    pub(crate) judged_by: Vec<Option<CorrectedJudge>>,
    /// The overlay.
    pub(crate) errata: Errata,
    /// Published answers of the dataset.
    pub(crate) golds: BTreeMap<QuestionId, Gold>,
}

impl KeyedArms {
    /// Lays errata over arms. `judge` names the files of corrected labels; without it each run's own judge is
    /// preferred.
    ///
    /// # Errors
    /// When the files of a run cannot be read.
    pub fn new(
        arms: Vec<Arm>,
        errata: Errata,
        dataset: &Dataset,
        judge: Option<&str>,
    ) -> Result<Self, SelectionError> {
        let is_bound = |arm: &Arm| arm.facts.dataset.content == errata.dataset;
        let mut corrected = arms.clone();
        let mut judged_by: Vec<Option<CorrectedJudge>> = vec![None; arms.len()];
        let dirs: BTreeSet<PathBuf> = arms
            .iter()
            .filter(|arm| is_bound(arm))
            .map(|arm| arm.dir.clone())
            .collect();
        for path in dirs {
            let dir = RunDir::open(&path)?;
            let key = CorrectedKey::load(&dir, &dir.manifest()?, &errata, judge)?;
            let mut mine: Vec<(&mut Arm, &mut Option<CorrectedJudge>)> = corrected
                .iter_mut()
                .zip(&mut judged_by)
                .filter(|(arm, _)| arm.dir == path)
                .collect();
            for (_, judge) in &mut mine {
                **judge = key.judge().cloned();
            }
            dir.records(|record: QuestionRecord| {
                for (arm, _) in &mut mine {
                    if arm.variant != record.variant {
                        continue;
                    }
                    let answer = (record.question.clone(), record.repeat);
                    if let Some(answer) = arm.answers.get_mut(&answer) {
                        let rekeyed = key.of(&record, answer.judge, answer.scores);
                        answer.judge = rekeyed.judge;
                        answer.scores = rekeyed.scores;
                        answer.retrieval = rekeyed.retrieval;
                        // Single runs of two judges have nothing to do with each other.
                        answer.labels.clear();
                    }
                }
            })?;
        }
        let mut clean = arms.clone();
        for arm in clean.iter_mut().filter(|arm| is_bound(arm)) {
            arm.answers
                .retain(|(question, _), _| !errata.corrupts(question));
        }
        let mut by_key = [arms, corrected, clean];
        for (key, arms) in Key::ALL.iter().zip(&mut by_key) {
            for arm in arms.iter_mut().filter(|arm| is_bound(arm)) {
                key.told().clone_into(&mut arm.facts.key);
            }
        }
        let items = dataset.items();
        Ok(Self {
            golds: items
                .map(|item| (item.question.id.clone(), item.key.gold.clone()))
                .collect(),
            by_key,
            judged_by,
            errata,
        })
    }

    /// The arms under a key.
    #[must_use]
    pub fn under(&self, key: Key) -> &[Arm] {
        let [published, corrected, clean] = &self.by_key;
        match key {
            Key::Published => published,
            Key::Corrected => corrected,
            Key::Clean => clean,
        }
    }

    /// Whether the overlay belongs to the dataset of an arm.
    pub(crate) fn binds(&self, arm: &Arm) -> bool {
        arm.facts.dataset.content == self.errata.dataset
    }
}
