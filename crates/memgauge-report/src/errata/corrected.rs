//! `corrected-NAME.jsonl`: answers to questions whose key is wrong, judged again with the corrected
//! answer.

use std::collections::BTreeMap;

use memgauge_core::QuestionId;
use serde::{Deserialize, Serialize};

use crate::judgements::JudgedRow;
use crate::record::mean_label;
use crate::rundir::{RunDir, RunDirError};

/// What the files of one judge are called.
pub fn corrected_file(name: &str) -> String {
    format!("corrected-{name}.jsonl")
}

/// One judgement with the corrected answer as the right one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CorrectedRow {
    /// Fingerprint of the overlay that the right answer is from.
    pub errata: String,
    /// Whether the judge has the settings, prompt and model of the run's own; only then do its labels
    /// and the stored ones make one J.
    pub as_the_run: bool,
    /// The judgement.
    #[serde(flatten)]
    pub judged: JudgedRow,
}

/// The judge behind corrected labels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorrectedJudge {
    /// NAME of the file.
    pub name: String,
    /// Digest of the judge.
    pub digest: String,
    /// Whether it is the run's own judge.
    pub as_the_run: bool,
    /// Models that replied, as the providers name them.
    pub served_by: Vec<String>,
    /// Judgements that have no label: in no mean.
    pub errors: usize,
}

/// Corrected labels of the answers of a run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CorrectedRows {
    /// Who gave them; `None` = there are none.
    pub judge: Option<CorrectedJudge>,
    /// Variant, question and repeat -> mean label of all runs, from 0 to 1.
    labels: BTreeMap<(String, QuestionId, u32), f64>,
}

impl CorrectedRows {
    /// Reads the corrected labels of a run under the overlay with this fingerprint. Of several files
    /// and judges that of the run's own judge counts, else the first by name and digest; with `name`
    /// only the file of that name is looked at.
    ///
    /// # Errors
    /// When the folder or a file cannot be read.
    pub fn read(dir: &RunDir, errata: &str, name: Option<&str>) -> Result<Self, RunDirError> {
        type Runs = BTreeMap<(String, QuestionId, u32), BTreeMap<u32, Option<bool>>>;
        let mut found: BTreeMap<(bool, String, String), (CorrectedJudge, Runs)> = BTreeMap::new();
        for own in dir.named("corrected-", ".jsonl")? {
            if name.is_some_and(|name| name != own) {
                continue;
            }
            dir.rows(&corrected_file(&own), |row: CorrectedRow| {
                if row.errata != errata {
                    return;
                }
                let judged = row.judged;
                // The run's own judge comes first.
                let key = (!row.as_the_run, own.clone(), judged.judge.clone());
                let (judge, runs) = found.entry(key).or_insert_with(|| {
                    let judge = CorrectedJudge {
                        name: own.clone(),
                        digest: judged.judge.clone(),
                        as_the_run: row.as_the_run,
                        served_by: Vec::new(),
                        errors: 0,
                    };
                    (judge, Runs::new())
                });
                if let Some(model) = &judged.served_by
                    && !judge.served_by.contains(model)
                {
                    judge.served_by.push(model.clone());
                    judge.served_by.sort();
                }
                // Of judgements made anew, the last counts.
                runs.entry((judged.variant, judged.question, judged.repeat))
                    .or_default()
                    .insert(judged.judgement.run, judged.judgement.label);
            })?;
        }
        let Some((_, (mut judge, runs))) = found.pop_first() else {
            return Ok(Self::default());
        };
        let all = runs.values().flat_map(BTreeMap::values);
        judge.errors = all.filter(|label| label.is_none()).count();
        Ok(Self {
            judge: Some(judge),
            labels: runs
                .into_iter()
                .filter_map(|(key, runs)| Some((key, mean_label(runs.into_values())?)))
                .collect(),
        })
    }

    /// Mean label of an answer; `None` where it has none.
    pub fn label(&self, variant: &str, question: &QuestionId, repeat: u32) -> Option<f64> {
        let key = (variant.to_owned(), question.clone(), repeat);
        self.labels.get(&key).copied()
    }
}
