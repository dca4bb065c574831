//! What became of the rows, counted and one by one.

use std::collections::{BTreeMap, BTreeSet};

use super::account::{
    ImportRow, Imported, ImportedFile, Renamed, RowFinding, RowStatus, WrittenRow,
};
use super::row::{Facts, SourceRow};
use super::twins::Becomes;
use super::work::Work;
use super::write::ImportOptions;

impl Work<'_> {
    /// What became of every row, in the order of files and rows.
    pub(super) fn account(&self) -> Vec<ImportRow> {
        let mut account: Vec<ImportRow> = Vec::new();
        let mut rows = self.rows.iter().enumerate().peekable();
        for (file, source) in self.sources.iter().enumerate() {
            let name = source.name();
            while let Some((number, row)) = rows.next_if(|(_, row)| row.file == file) {
                account.push(self.account_of(&name, number, row));
            }
            for (row, first) in &source.sheet.repeated {
                account.push(ImportRow {
                    file: name.clone(),
                    at: row.at.clone(),
                    status: RowStatus::Folded,
                    question: None,
                    repeat: 0,
                    matched_by: None,
                    findings: Vec::new(),
                    stored: BTreeMap::new(),
                    reported: BTreeMap::new(),
                    written: None,
                    message: Some(format!("the row at {first} once more")),
                });
            }
            for place in &source.sheet.unreadable {
                account.push(ImportRow {
                    file: name.clone(),
                    at: place.at.clone(),
                    status: RowStatus::Unreadable,
                    question: None,
                    repeat: 0,
                    matched_by: None,
                    findings: Vec::new(),
                    stored: BTreeMap::new(),
                    reported: BTreeMap::new(),
                    written: None,
                    message: Some(place.message.clone()),
                });
            }
        }
        account
    }

    pub(super) fn account_of(&self, file: &str, number: usize, row: &SourceRow) -> ImportRow {
        let one = self.matches.get(number).and_then(Option::as_ref);
        let becomes = self.becomes.get(number).copied().flatten();
        let at_of = |number: usize| self.rows.get(number).map_or("", |row| row.at.as_str());
        let (status, repeat, message) = match becomes {
            Some(Becomes::Record { repeat }) => (RowStatus::Matched, repeat, None),
            Some(Becomes::Folded { into, repeat }) => {
                let message = format!("the row at {} says the same", at_of(into));
                (RowStatus::Folded, repeat, Some(message))
            }
            Some(Becomes::Conflicting { with, repeat }) => {
                let message = format!("the row at {} came first and says otherwise", at_of(with));
                (RowStatus::Conflicting, repeat, Some(message))
            }
            None => (
                RowStatus::Unmatched,
                0,
                Some("no question of the dataset".to_owned()),
            ),
        };
        let mut findings = one.map_or_else(Vec::new, |one| one.findings.clone());
        if status == RowStatus::Matched {
            match &row.answer {
                None => findings.push(RowFinding::NoAnswer),
                Some(answer) if is_error(answer) => findings.push(RowFinding::ErrorAsAnswer),
                Some(_) => {}
            }
            let judgements = if row.answer.is_some() {
                self.judgements(row)
            } else {
                Vec::new()
            };
            findings.extend(judgements.into_iter().filter_map(|judgement| {
                Some(RowFinding::NoLabel {
                    run: judgement.run,
                    message: judgement.error?.message,
                })
            }));
        }
        let is_left_out = matches!(status, RowStatus::Unmatched | RowStatus::Conflicting);
        ImportRow {
            file: file.to_owned(),
            at: row.at.clone(),
            status,
            question: self.item(number).map(|item| item.question.id.clone()),
            repeat,
            matched_by: one.map(|one| one.by),
            findings,
            stored: row.stored.clone(),
            reported: row.reported.clone(),
            written: is_left_out.then(|| WrittenRow {
                conversation: row.conversation.clone(),
                index: row.index,
                category: row.category.clone(),
                question: row.question.clone(),
                gold: row.gold.clone(),
                answer: row.answer.clone(),
                labels: row
                    .labels
                    .iter()
                    .map(|one| one.label.clone().ok())
                    .collect(),
            }),
            message,
        }
    }

    pub(super) fn imported(&self, options: &ImportOptions<'_>, rows: &[ImportRow]) -> Imported {
        let count = |status: RowStatus| rows.iter().filter(|row| row.status == status).count();
        let mut findings: BTreeMap<String, usize> = BTreeMap::new();
        for row in rows {
            let kinds: BTreeSet<&str> = row.findings.iter().map(RowFinding::kind).collect();
            for kind in kinds {
                *findings.entry(kind.to_owned()).or_default() += 1;
            }
        }
        let asked: BTreeSet<_> = rows
            .iter()
            .filter(|row| row.status == RowStatus::Matched)
            .filter_map(|row| row.question.as_ref())
            .collect();
        let mut missing: BTreeMap<String, usize> = BTreeMap::new();
        for item in self.questions.dataset.items() {
            let count = missing
                .entry(item.key.category.name().to_owned())
                .or_default();
            *count += usize::from(!asked.contains(&item.question.id));
        }
        let facts = |of: fn(&Facts) -> Option<String>| {
            let told: BTreeSet<String> = self
                .sources
                .iter()
                .filter_map(|s| of(&s.sheet.facts))
                .collect();
            (!told.is_empty()).then(|| told.into_iter().collect::<Vec<_>>().join(", "))
        };
        let only = match self.sources {
            [only] => Some(&only.sheet.facts),
            _ => None,
        };
        Imported {
            format: self
                .sources
                .first()
                .map_or("", |source| source.format.name)
                .to_owned(),
            files: self
                .sources
                .iter()
                .map(|source| ImportedFile {
                    name: source.name(),
                    sha256: source.sha256.clone(),
                    rows: source.sheet.rows.len()
                        + source.sheet.repeated.len()
                        + source.sheet.unreadable.len(),
                })
                .collect(),
            answer_model: options
                .answer_model
                .clone()
                .or_else(|| facts(|facts| facts.answer_model.clone())),
            answer_prompt: facts(|facts| facts.answer_prompt.clone()),
            judge_model: options
                .judge_model
                .clone()
                .or_else(|| facts(|facts| facts.judge_model.clone())),
            judge_prompt: options
                .judge_prompt
                .clone()
                .or_else(|| facts(|facts| facts.judge_prompt.clone())),
            accuracy: only.and_then(|facts| facts.accuracy),
            rows: rows.len(),
            matched: count(RowStatus::Matched),
            folded: count(RowStatus::Folded),
            conflicting: count(RowStatus::Conflicting),
            unmatched: count(RowStatus::Unmatched),
            unreadable: count(RowStatus::Unreadable),
            findings,
            renamed: self.renamed(),
            missing,
            judge_runs: usize::try_from(self.runs).unwrap_or(usize::MAX),
        }
    }

    /// Lists whose name stands for another conversation.
    pub(super) fn renamed(&self) -> Vec<Renamed> {
        let mut found: BTreeMap<(usize, String, usize), usize> = BTreeMap::new();
        for (row, placed) in self.rows.iter().zip(&self.placed) {
            if let (Some(name), Some(placed)) = (&row.conversation, placed)
                && placed.named.is_some()
            {
                *found
                    .entry((row.file, name.clone(), placed.place))
                    .or_default() += 1;
            }
        }
        let of = |((file, written, place), rows): ((usize, String, usize), usize)| {
            let entry = self.questions.dataset.conversations.get(place)?;
            Some(Renamed {
                file: self.sources.get(file)?.name(),
                written,
                conversation: entry.conversation.head.id.to_string(),
                rows,
            })
        };
        found.into_iter().filter_map(of).collect()
    }
}

/// Whether a tool wrote a message in the place of an answer.
fn is_error(answer: &str) -> bool {
    let answer = answer.trim_start();
    ["Error:", "ERROR:", "[ERROR", "Error code:"]
        .iter()
        .any(|mark| answer.starts_with(mark))
}
