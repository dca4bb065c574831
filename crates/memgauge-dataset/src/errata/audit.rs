//! `errors.json` of the audit `dial481/locomo-audit`, as it is published.

use memgauge_core::QuestionId;
use serde::Deserialize;
use serde_json::Value;

use super::bind::{Row, bind};
use super::{Errata, ErratumKind};
use crate::Dataset;

/// Where the file comes from; it does not say so itself.
const SOURCE: &str = "dial481/locomo-audit";
/// Its terms.
const LICENCE: &str = "CC BY-NC 4.0";

/// Kinds as the audit writes them.
const KINDS: [(&str, ErratumKind); 6] = [
    ("HALLUCINATION", ErratumKind::Hallucination),
    ("TEMPORAL_ERROR", ErratumKind::Temporal),
    ("ATTRIBUTION_ERROR", ErratumKind::Attribution),
    ("AMBIGUOUS", ErratumKind::Ambiguous),
    ("INCOMPLETE", ErratumKind::Incomplete),
    ("WRONG_CITATION", ErratumKind::WrongCitation),
];

/// A row of the file; its reasoning is not read.
#[derive(Deserialize)]
struct Wire {
    question_id: String,
    question: String,
    golden_answer: Value,
    category: u64,
    error_type: String,
    cited_evidence: Vec<String>,
    correct_evidence: Vec<String>,
    correct_answer: Option<Value>,
}

/// Reads the rows of the file.
pub(super) fn read(rows: Vec<Value>, dataset: &Dataset) -> Errata {
    let rows = rows
        .into_iter()
        .map(|row| {
            let id = row.get("question_id").and_then(Value::as_str);
            let id = id.unwrap_or_default().to_owned();
            match serde_json::from_value::<Wire>(row) {
                Ok(wire) => Ok(row_of(wire, dataset)),
                Err(error) => Err((id, error.to_string())),
            }
        })
        .collect();
    bind(rows, dataset, &KINDS.map(|(name, _)| name))
}

fn row_of(wire: Wire, dataset: &Dataset) -> Row {
    let kind = KINDS.iter().find(|(name, _)| *name == wire.error_type);
    let answer = wire.correct_answer.as_ref().and_then(text);
    Row {
        question: question(&wire.question_id, dataset),
        id: wire.question_id,
        kind: kind.map(|(_, kind)| *kind).ok_or(wire.error_type),
        text: Some(wire.question),
        // What is no text corrects no answer of the dataset.
        gold: Some(text(&wire.golden_answer).unwrap_or_default()),
        category: Some(wire.category),
        cited: Some(wire.cited_evidence),
        answer: answer.filter(|answer| !answer.trim().is_empty()),
        evidence: Some(wire.correct_evidence),
        source: SOURCE.to_owned(),
        licence: Some(LICENCE.to_owned()),
    }
}

/// Text, or a number as text: as in the dataset.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// `locomo_3_qa17`: index of the conversation in the file, index of the question in its list.
fn question(id: &str, dataset: &Dataset) -> Result<QuestionId, String> {
    let (conversation, index) = id
        .strip_prefix("locomo_")
        .and_then(|rest| rest.split_once("_qa"))
        .and_then(|(conversation, index)| {
            Some((conversation.parse::<usize>().ok()?, index.parse().ok()?))
        })
        .ok_or_else(|| format!("`{id}` is not an id such as `locomo_3_qa17`"))?;
    let entry = dataset.conversations.get(conversation).ok_or_else(|| {
        format!(
            "{} has no conversation {conversation} (it has {})",
            dataset.name,
            dataset.conversations.len()
        )
    })?;
    Ok(QuestionId {
        conversation: entry.conversation.head.id.clone(),
        index,
    })
}
