//! One record under the corrected key.

use std::collections::BTreeSet;

use memgauge_core::ConversationId;
use memgauge_dataset::Errata;

use super::corrected::{CorrectedJudge, CorrectedRows};
use crate::manifest::Manifest;
use crate::metrics::PreparedGold;
use crate::record::{QuestionRecord, TextMetrics};
use crate::replay::Replay;
use crate::retrieval::RetrievalScores;
use crate::rundir::{RunDir, RunDirError};
use crate::summary::Measured;

/// The corrected key, and what the files of a run say about its answers under it.
pub(crate) struct CorrectedKey<'a> {
    errata: &'a Errata,
    relabelled: CorrectedRows,
    replay: Replay,
}

/// What was measured of an answer under the corrected key.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rekeyed {
    /// Mean label; `None` until the corrupt questions of the run are judged again.
    pub(crate) judge: Option<f64>,
    /// Text metrics; `None` without an answer, and where nobody has corrected a wrong key.
    pub(crate) scores: Option<TextMetrics>,
    /// Evidence metrics; `None` where they cannot be told.
    pub(crate) retrieval: Option<RetrievalScores>,
    /// Whether its evidence metrics cannot be told from the files though it has some.
    pub(crate) is_untold: bool,
}

impl Rekeyed {
    pub(crate) fn measured(&self) -> Measured<'_> {
        Measured {
            judge: self.judge,
            scores: self.scores.as_ref(),
            retrieval: self.retrieval.as_ref(),
        }
    }
}

impl<'a> CorrectedKey<'a> {
    /// Reads what a run's files say. `judge` names the file of corrected labels; without it the run's own judge is
    /// preferred.
    ///
    /// # Errors
    /// When the files cannot be read.
    pub(crate) fn load(
        dir: &RunDir,
        manifest: &Manifest,
        errata: &'a Errata,
        judge: Option<&str>,
    ) -> Result<Self, RunDirError> {
        let moved: BTreeSet<ConversationId> = errata
            .errata
            .values()
            .filter(|erratum| erratum.evidence.is_some())
            .map(|erratum| erratum.id.conversation.clone())
            .collect();
        Ok(Self {
            errata,
            relabelled: CorrectedRows::read(dir, &errata.digest, judge)?,
            replay: Replay::load(dir, manifest, &moved)?,
        })
    }

    /// Who labelled the corrupt questions again; `None` = nobody.
    pub(crate) fn judge(&self) -> Option<&CorrectedJudge> {
        self.relabelled.judge.as_ref()
    }

    /// A record under the corrected key. `label` and `scores` are those under the published one: they stand where
    /// that is right.
    pub(crate) fn of(
        &self,
        record: &QuestionRecord,
        label: Option<f64>,
        scores: Option<TextMetrics>,
    ) -> Rekeyed {
        let id = &record.question;
        let corrupt = self.errata.corrupts(id);
        let replayed = self
            .errata
            .evidence(id)
            .map(|evidence| self.replay.under(record, evidence));
        let is_untold = matches!(replayed, Some(None)) && record.retrieval.is_some();
        let relabelled = &self.relabelled;
        Rekeyed {
            judge: match corrupt {
                true => relabelled.label(&record.variant, id, record.repeat),
                // Without labels of the corrupt ones a mean of the rest is no J of the whole.
                false => label.filter(|_| relabelled.judge.is_some()),
            },
            scores: match corrupt {
                true => corrected_scores(record, self.errata),
                false => scores,
            },
            retrieval: match replayed {
                Some(replayed) => replayed.and_then(|replayed| replayed.retrieval),
                None => record.retrieval.clone(),
            },
            is_untold,
        }
    }
}

/// Text metrics of an answer against the corrected answer; `None` where there is either none.
pub(crate) fn corrected_scores(record: &QuestionRecord, errata: &Errata) -> Option<TextMetrics> {
    let gold = errata.get(&record.question)?.answer.as_ref()?;
    let scores = PreparedGold::new(record.category, gold).score(record.answer.as_ref()?);
    Some(TextMetrics::of(record.category, scores))
}
