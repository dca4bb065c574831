//! Errata: known mistakes of a dataset's answer key, as an overlay that changes no file.
//!
//! An overlay belongs to one dataset, by its content fingerprint. It is read from memgauge's own
//! format (TOML or JSON, docs/FORMAT.md) or from the `errors.json` of the audit
//! `dial481/locomo-audit` as it is. Rows that do not fit the dataset are reported one by one.

mod audit;
mod bind;
mod finding;
mod overlay;
mod read;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use memgauge_core::{QuestionId, TurnId};
use serde::Serialize;
use serde_json::json;

use crate::json;

pub use finding::{ErrataFinding, Misfit};
pub use read::{ErrataError, load, parse};

/// What is wrong with a question's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErratumKind {
    /// The answer says what the conversation does not.
    Hallucination,
    /// The answer names a wrong time.
    Temporal,
    /// The answer, or the question, takes one speaker for the other.
    Attribution,
    /// More than one answer is right, or none can be told.
    Ambiguous,
    /// The answer leaves out a part.
    Incomplete,
    /// The answer is right; the evidence does not hold it.
    WrongCitation,
}

impl ErratumKind {
    /// All kinds.
    pub const ALL: [Self; 6] = [
        Self::Hallucination,
        Self::Temporal,
        Self::Attribution,
        Self::Ambiguous,
        Self::Incomplete,
        Self::WrongCitation,
    ];

    /// Its name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hallucination => "hallucination",
            Self::Temporal => "temporal",
            Self::Attribution => "attribution",
            Self::Ambiguous => "ambiguous",
            Self::Incomplete => "incomplete",
            Self::WrongCitation => "wrong-citation",
        }
    }

    /// Whether an answer that is right by the conversation may be scored as wrong: every kind but
    /// [`Self::WrongCitation`].
    pub const fn corrupts_score(self) -> bool {
        !matches!(self, Self::WrongCitation)
    }
}

impl fmt::Display for ErratumKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A known mistake in the key of one question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Erratum {
    /// The question.
    pub id: QuestionId,
    /// What is wrong.
    pub kind: ErratumKind,
    /// The corrected answer; `None` = the published one stands, or nobody has corrected it
    /// ([`ErratumKind::corrupts_score`] tells which).
    pub answer: Option<String>,
    /// The corrected evidence, ids that name no turn left out; `None` = the published evidence
    /// stands; empty = no turn holds the answer.
    pub evidence: Option<Vec<TurnId>>,
    /// Who found it.
    pub source: String,
    /// Under which terms it was published; `None` = not told.
    pub licence: Option<String>,
}

/// An overlay that fits a dataset.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Errata {
    /// Who found the mistakes; several are joined by commas.
    pub source: String,
    /// Under which terms they were published; `None` = not told.
    pub licence: Option<String>,
    /// Content fingerprint of the dataset that they belong to.
    pub dataset: String,
    /// BLAKE3 of the dataset's fingerprint and every erratum's id, kind, answer and evidence: equal
    /// for the same corrections in another format.
    pub digest: String,
    /// By question.
    #[serde(serialize_with = "rows")]
    pub errata: BTreeMap<QuestionId, Erratum>,
    /// What did not fit, in the order of the file.
    pub findings: Vec<ErrataFinding>,
}

fn rows<S: serde::Serializer>(
    errata: &BTreeMap<QuestionId, Erratum>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(errata.values())
}

impl Errata {
    fn new(
        dataset: &str,
        errata: BTreeMap<QuestionId, Erratum>,
        findings: Vec<ErrataFinding>,
    ) -> Self {
        let rows: Vec<_> = errata
            .values()
            .map(|erratum| {
                json!({
                    "id": erratum.id,
                    "kind": erratum.kind,
                    "answer": erratum.answer,
                    "evidence": erratum.evidence,
                })
            })
            .collect();
        let content = json!({ "dataset": dataset, "errata": rows });
        let mut sources: Vec<&str> = Vec::new();
        for erratum in errata.values() {
            if !sources.contains(&erratum.source.as_str()) {
                sources.push(&erratum.source);
            }
        }
        let mut licences: Vec<Option<&str>> = Vec::new();
        for erratum in errata.values() {
            if !licences.contains(&erratum.licence.as_deref()) {
                licences.push(erratum.licence.as_deref());
            }
        }
        let licence: Option<Vec<&str>> = licences.into_iter().collect();
        Self {
            source: sources.join(", "),
            licence: licence.map(|all| all.join(", ")),
            dataset: dataset.to_owned(),
            digest: blake3::hash(&json::canonical(&content))
                .to_hex()
                .to_string(),
            errata,
            findings,
        }
    }

    /// What is known about a question.
    pub fn get(&self, id: &QuestionId) -> Option<&Erratum> {
        self.errata.get(id)
    }

    /// Whether scores of this question are not to be trusted.
    pub fn corrupts(&self, id: &QuestionId) -> bool {
        self.get(id)
            .is_some_and(|erratum| erratum.kind.corrupts_score())
    }

    /// The evidence of a question under the errata, where it is another than the published one.
    pub fn evidence(&self, id: &QuestionId) -> Option<&[TurnId]> {
        self.get(id)?.evidence.as_deref()
    }

    /// How many errata there are of each kind that occurs.
    pub fn counts(&self) -> BTreeMap<ErratumKind, usize> {
        let mut counts = BTreeMap::new();
        for erratum in self.errata.values() {
            *counts.entry(erratum.kind).or_default() += 1;
        }
        counts
    }

    /// Rows of the file that are not applied.
    pub fn unfit(&self) -> usize {
        self.findings
            .iter()
            .filter(|finding| !finding.misfit.is_applied())
            .count()
    }

    /// The overlay in memgauge's own format, as TOML; reading it gives the same digest.
    ///
    /// # Errors
    /// When TOML cannot say it.
    pub fn to_toml(&self) -> Result<String, ErrataError> {
        overlay::write(self)
    }
}
