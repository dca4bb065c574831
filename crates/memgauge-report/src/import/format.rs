//! The registry of formats, and which of them a file is in.

use std::path::Path;

use serde_json::{Map, Value};

use super::document::{Content, Document, Shape};
use super::error::ImportError;
use super::fields::Fields;
use super::row::Sheet;
use super::{backboard, evermemos, mem0, memu, table, zep};

/// A format of result files: how it is recognised and read.
#[derive(Clone, Copy)]
pub struct Format {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it is, in one line.
    pub about: &'static str,
    /// What its files must hold, in one line.
    pub needs: &'static str,
    /// What its files are.
    pub(super) shape: Shape,
    /// Whether a file is in this format, by its structure.
    pub(super) claims: fn(&Document) -> bool,
    /// All that a file holds.
    pub(super) read: fn(&Document, &Fields) -> Sheet,
}

/// All formats, in the order in which they are tried.
pub const FORMATS: [Format; 7] = [
    memu::FORMAT,
    backboard::FORMAT,
    evermemos::FORMAT,
    mem0::FORMAT,
    zep::FORMAT,
    table::JSONL,
    table::CSV,
];

/// The format with this name.
///
/// # Errors
/// When there is none, with those that there are.
pub fn format(name: &str) -> Result<&'static Format, ImportError> {
    FORMATS
        .iter()
        .find(|format| format.name == name)
        .ok_or_else(|| {
            let known: Vec<&str> = FORMATS.iter().map(|format| format.name).collect();
            ImportError::Options(memgauge_core::config::unknown("format", name, &known))
        })
}

/// Reads a file in the format given, or in the one that it looks like.
pub(super) fn read(
    path: &Path,
    given: Option<&'static Format>,
    fields: &Fields,
) -> Result<(&'static Format, Document, Sheet), ImportError> {
    let shape = given.map_or(Shape::Any, |format| format.shape);
    let document = Document::read(path, shape)?;
    let refused = |message: String| ImportError::File {
        path: path.to_owned(),
        message,
    };
    let recognised = || FORMATS.iter().find(|format| (format.claims)(&document));
    let Some(format) = given.or_else(recognised) else {
        let needs: Vec<String> = FORMATS
            .iter()
            .map(|format| format!("\n  {:<10} {}", format.name, format.needs))
            .collect();
        return Err(refused(format!(
            "no known format: {}. Name one with --from; they need:{}",
            found(&document),
            needs.concat()
        )));
    };
    if let Content::Table { head, .. } = &document.content {
        let missing = fields.missing(|name| head.iter().any(|column| column == name));
        if !missing.is_empty() {
            return Err(refused(format!(
                "no column `{}`; its columns are: {}",
                missing.join("`, `"),
                head.join(", ")
            )));
        }
    }
    let sheet = (format.read)(&document, fields);
    if sheet.rows.is_empty() {
        let first = sheet.unreadable.first();
        let why = first.map_or_else(String::new, |one| format!("; {}: {}", one.at, one.message));
        return Err(refused(format!(
            "no row that can be read as {}: {}{why}. {} needs {}",
            format.name,
            found(&document),
            format.name,
            format.needs
        )));
    }
    Ok((format, document, sheet))
}

/// What a file holds, for messages.
fn found(document: &Document) -> String {
    let keys = |object: &Map<String, Value>| {
        let keys: Vec<&str> = object.keys().take(8).map(String::as_str).collect();
        let more = if object.len() > 8 { ", .." } else { "" };
        format!("`{}`{more}", keys.join("`, `"))
    };
    match &document.content {
        Content::Json(Value::Object(object)) => format!("an object with {}", keys(object)),
        Content::Json(Value::Array(items)) => match items.first() {
            Some(Value::Object(first)) => {
                format!("a list of {}, the first with {}", items.len(), keys(first))
            }
            _ => format!("a list of {} values that are no objects", items.len()),
        },
        Content::Json(other) => format!("the value {}", super::value::shown(other)),
        Content::Lines(rows) => {
            let first = rows
                .iter()
                .find_map(|(_, row)| row.as_ref().ok()?.as_object());
            let first = first.map_or_else(|| "no object".to_owned(), keys);
            format!("{} lines, the first with {first}", rows.len())
        }
        Content::Table { head, rows } => {
            format!("{} rows with the columns {}", rows.len(), head.join(", "))
        }
    }
}

/// The first object in a value for which `is` holds, at any depth.
pub(super) fn any_object(value: &Value, is: &dyn Fn(&Map<String, Value>) -> bool) -> bool {
    match value {
        Value::Array(items) => items.iter().any(|item| any_object(item, is)),
        Value::Object(object) => is(object) || object.values().any(|value| any_object(value, is)),
        _ => false,
    }
}

/// Whether the object has a question and all of these fields.
pub(super) fn is_row_with(object: &Map<String, Value>, names: &[&str]) -> bool {
    object.get("question").is_some_and(Value::is_string)
        && names.iter().all(|name| object.contains_key(*name))
}
