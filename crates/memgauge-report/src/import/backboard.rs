//! Backboard's files, one per conversation: `responses` with `question`, `expected_answer`, `ai_response` and
//! `evaluation.is_correct`. Every row stands a second time under `by_type`.

use serde_json::Value;

use super::document::{Document, Shape};
use super::fields::Fields;
use super::format::{Format, any_object, is_row_with};
use super::nesting;
use super::row::{Facts, Sheet, SourceRow};
use super::value;

pub(super) const FORMAT: Format = Format {
    name: "backboard",
    about: "Backboard's graded answers, one file per conversation",
    needs: "JSON with `responses` (or `by_type`): rows with `question`, `expected_answer` and `ai_response`",
    shape: Shape::Json,
    claims,
    read,
};

fn claims(document: &Document) -> bool {
    document
        .json()
        .is_some_and(|json| any_object(json, &|object| is_row_with(object, &["ai_response"])))
}

fn read(document: &Document, fields: &Fields) -> Sheet {
    let Some(json) = document.json() else {
        return Sheet::default();
    };
    let mut sheet = nesting::rows(json, fields, &["by_type"]);
    let mut grouped = nesting::rows(&only_by_type(json), fields, &[]);
    // What stands under `by_type` alone counts; what stands in both is one row.
    let mut first: Vec<Option<&SourceRow>> = sheet.rows.iter().map(Some).collect();
    let mut alone = Vec::new();
    for row in grouped.rows {
        let same = first
            .iter_mut()
            .find(|other| other.is_some_and(|other| other.says_the_same(&row)));
        match same.and_then(Option::take) {
            Some(same) => sheet.repeated.push((row, same.at.clone())),
            None => alone.push(row),
        }
    }
    let lists = sheet.rows.iter().map(|row| row.list).max().unwrap_or(0);
    sheet.rows.extend(alone.into_iter().map(|row| SourceRow {
        list: row.list + lists,
        ..row
    }));
    sheet.unreadable.append(&mut grouped.unreadable);
    let percentage = json.get("accuracy_percentage").and_then(value::number);
    sheet.facts = Facts {
        accuracy: percentage.map(|share| share / 100.0),
        ..Facts::default()
    };
    sheet
}

/// The value with nothing left but what stands under a key `by_type`.
fn only_by_type(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(only_by_type).collect(),
        Value::Object(object) => {
            let kept = object.iter().filter_map(|(key, value)| match value {
                Value::Array(_) | Value::Object(_) if key == "by_type" => {
                    Some((key.clone(), value.clone()))
                }
                Value::Array(_) | Value::Object(_) => Some((key.clone(), only_by_type(value))),
                Value::String(_) => Some((key.clone(), value.clone())),
                _ => None,
            });
            kept.filter(|(key, _)| key != "question").collect()
        }
        _ => Value::Null,
    }
}
