//! All rows of one run, and what was made of them.

use memgauge_core::ErrorKind;
use memgauge_dataset::{Dataset, Item};

use super::conversation::{Placed, Questions, place};
use super::matching::{Match, find};
use super::row::SourceRow;
use super::source::Source;
use super::twins::{Becomes, sort_out};
use crate::record::{JudgeError, JudgementRow};

/// All rows of one run and what was made of them.
pub(super) struct Work<'a> {
    pub(super) sources: &'a [Source],
    pub(super) questions: Questions<'a>,
    pub(super) rows: Vec<SourceRow>,
    pub(super) placed: Vec<Option<Placed>>,
    pub(super) matches: Vec<Option<Match>>,
    pub(super) becomes: Vec<Option<Becomes>>,
    /// Lowest number of a judge's run as written.
    first_run: u32,
    /// Runs of the judge.
    pub(super) runs: u32,
}

impl<'a> Work<'a> {
    pub(super) fn new(sources: &'a [Source], dataset: &'a Dataset) -> Self {
        let questions = Questions::new(dataset);
        let mut rows: Vec<SourceRow> = Vec::new();
        for (file, source) in sources.iter().enumerate() {
            let own = source.sheet.rows.iter().cloned();
            rows.extend(own.map(|row| SourceRow { file, ..row }));
        }
        let placed = place(&questions, &rows);
        let matches = find(&questions, &rows, &placed);
        let becomes = sort_out(&rows, &matches);
        let written = || {
            let labels = rows.iter().flat_map(|row| &row.labels);
            labels.filter_map(|label| label.run)
        };
        let first_run = written().min().unwrap_or(0);
        let highest = written().max().map(|last| last - first_run + 1);
        let most = rows.iter().map(|row| row.labels.len()).max().unwrap_or(0);
        let most = u32::try_from(most).unwrap_or(u32::MAX);
        // Numbers that are far from a count of runs are no numbers of runs.
        let runs = highest
            .filter(|runs| *runs <= most.saturating_mul(4))
            .unwrap_or(most)
            .max(most);
        Self {
            sources,
            questions,
            rows,
            placed,
            matches,
            becomes,
            first_run,
            runs,
        }
    }

    pub(super) fn item(&self, number: usize) -> Option<&Item> {
        let (place, index) = self.matches.get(number)?.as_ref()?.question;
        let entry = self.questions.dataset.conversations.get(place)?;
        entry.items.get(index)
    }

    /// The judgements of a row, run by run; none where the files have no labels at all.
    pub(super) fn judgements(&self, row: &SourceRow) -> Vec<JudgementRow> {
        let mut judgements: Vec<JudgementRow> = (0..self.runs)
            .map(|run| judgement(run, Err("no label in the file".to_owned()), None))
            .collect();
        for (label, turn) in row.labels.iter().zip(0_u32..) {
            let run = label.run.map_or(turn, |run| run - self.first_run);
            let at = usize::try_from(run).unwrap_or(usize::MAX);
            if let Some(cell) = judgements.get_mut(at) {
                *cell = judgement(run, label.label.clone(), label.reply.clone());
            }
        }
        judgements
    }
}

fn judgement(run: u32, label: Result<bool, String>, reply: Option<String>) -> JudgementRow {
    let (label, error) = match label {
        Ok(label) => (Some(label), None),
        Err(message) => (
            None,
            Some(JudgeError {
                kind: ErrorKind::Malformed,
                message,
            }),
        ),
    };
    JudgementRow {
        run,
        label,
        score: None,
        reply,
        request: None,
        error,
    }
}
