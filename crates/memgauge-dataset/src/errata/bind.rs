//! From the rows of a file to errata of a dataset.

use std::collections::{BTreeMap, BTreeSet};

use memgauge_core::{Category, QuestionId, TurnId};

use super::{Errata, ErrataFinding, Erratum, ErratumKind, Misfit};
use crate::locomo::evidence;
use crate::{Dataset, Item};

/// A row as either format gives it. What a format does not say is `None`.
#[derive(Debug)]
pub(super) struct Row {
    /// The id as written.
    pub(super) id: String,
    pub(super) question: Result<QuestionId, String>,
    pub(super) kind: Result<ErratumKind, String>,
    /// What the row says about the published question.
    pub(super) text: Option<String>,
    pub(super) gold: Option<String>,
    pub(super) category: Option<u64>,
    pub(super) cited: Option<Vec<String>>,
    /// The corrections.
    pub(super) answer: Option<String>,
    pub(super) evidence: Option<Vec<String>>,
    pub(super) source: String,
    pub(super) licence: Option<String>,
}

/// Holds every row against the dataset. `known` are the kinds as the format writes them.
pub(super) fn bind(
    rows: Vec<Result<Row, (String, String)>>,
    dataset: &Dataset,
    known: &[&'static str],
) -> Errata {
    let mut binder = Binder {
        dataset,
        known,
        items: dataset
            .items()
            .map(|item| (&item.question.id, item))
            .collect(),
        first: BTreeMap::new(),
        findings: Vec::new(),
    };
    let mut errata = BTreeMap::new();
    for (number, row) in rows.into_iter().enumerate() {
        let bound = match row {
            Ok(row) => {
                let id = row.id.clone();
                binder.row(number, row).map_err(|misfit| (id, misfit))
            }
            Err((id, message)) => Err((id, Misfit::Unreadable { message })),
        };
        match bound {
            Ok(erratum) => {
                errata.insert(erratum.id.clone(), erratum);
            }
            Err((id, misfit)) => binder.findings.push(ErrataFinding {
                row: number,
                id,
                misfit,
            }),
        }
    }
    Errata::new(&dataset.fingerprint.content, errata, binder.findings)
}

struct Binder<'a> {
    dataset: &'a Dataset,
    known: &'a [&'static str],
    items: BTreeMap<&'a QuestionId, &'a Item>,
    /// Question -> the row that was applied.
    first: BTreeMap<QuestionId, usize>,
    findings: Vec<ErrataFinding>,
}

impl Binder<'_> {
    /// The erratum of a row, or why it is not applied.
    fn row(&mut self, number: usize, row: Row) -> Result<Erratum, Misfit> {
        let id = row
            .question
            .map_err(|message| Misfit::NoSuchQuestion { message })?;
        let Some(item) = self.items.get(&id).copied() else {
            let message = format!("{} has no question {id}", self.dataset.name);
            return Err(Misfit::NoSuchQuestion { message });
        };
        let kind = row.kind.map_err(|kind| Misfit::UnknownKind {
            kind,
            known: self.known.to_vec(),
        })?;
        if let Some(first) = self.first.get(&id) {
            return Err(Misfit::Repeated {
                question: id,
                first: *first,
            });
        }
        if let Some(text) = row.text.filter(|text| !same(text, &item.question.text)) {
            let published = item.question.text.clone();
            return Err(Misfit::TextDiffers { text, published });
        }
        let published = item.key.gold.text();
        if let Some(gold) = row.gold.filter(|gold| !same(gold, published)) {
            let published = published.to_owned();
            return Err(Misfit::GoldDiffers { gold, published });
        }
        if item.key.category == Category::Adversarial && kind.corrupts_score() {
            return Err(Misfit::NothingToAnswer);
        }
        let mut odd = |misfit| {
            self.findings.push(ErrataFinding {
                row: number,
                id: row.id.clone(),
                misfit,
            });
        };
        let category = item.key.category.number();
        if let Some(found) = row.category.filter(|found| *found != u64::from(category)) {
            odd(Misfit::CategoryDiffers {
                category: found,
                published: category,
            });
        }
        if let Some(cited) = row.cited.filter(|cited| *cited != item.evidence_as_written) {
            odd(Misfit::CitationDiffers {
                cited,
                published: item.evidence_as_written.clone(),
            });
        }
        let answer = match (row.answer, kind.corrupts_score()) {
            (Some(answer), true) => Some(answer),
            (None, true) => {
                odd(Misfit::AnswerMissing);
                None
            }
            (Some(answer), false) if !same(&answer, published) => {
                odd(Misfit::AnswerNotUsed { answer });
                None
            }
            (_, false) => None,
        };
        let evidence = row
            .evidence
            .map(|written| turns(&written, &id, self.dataset, &mut odd))
            .filter(|evidence| !same_turns(evidence, &item.key.evidence));
        if evidence.as_ref().is_some_and(Vec::is_empty) {
            odd(Misfit::EvidenceEmpty);
        }
        self.first.insert(id.clone(), number);
        Ok(Erratum {
            id,
            kind,
            answer,
            evidence,
            source: row.source,
            licence: row.licence,
        })
    }
}

/// The turns of corrected evidence, read as leniently as the dataset's own.
fn turns(
    written: &[String],
    id: &QuestionId,
    dataset: &Dataset,
    odd: &mut impl FnMut(Misfit),
) -> Vec<TurnId> {
    let conversation = dataset
        .entry(&id.conversation)
        .map(|entry| &entry.conversation);
    let mut turns = Vec::with_capacity(written.len());
    for written in written {
        let reading = evidence::read(written);
        for written in reading.unread {
            odd(Misfit::EvidenceUnread { written });
        }
        for turn in reading.read {
            if conversation.is_none_or(|conversation| conversation.turn(turn).is_none()) {
                odd(Misfit::EvidenceMissingTurn { turn });
            } else if !turns.contains(&turn) {
                turns.push(turn);
            }
        }
    }
    turns
}

/// Equal but for white space: files are re-wrapped on their way.
fn same(a: &str, b: &str) -> bool {
    a.split_whitespace().eq(b.split_whitespace())
}

fn same_turns(a: &[TurnId], b: &[TurnId]) -> bool {
    let set = |turns: &[TurnId]| turns.iter().copied().collect::<BTreeSet<_>>();
    set(a) == set(b)
}
