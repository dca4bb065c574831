//! The LOCOMO format: one JSON file, a list of conversations with their questions.
//!
//! The file is parsed in three steps: JSON without repeated keys, the format's own shape (`wire`),
//! memgauge's types (`convert`, `questions`). What the format allows but nobody would expect is
//! written to the [`LoadReport`]; what cannot be right is an error.

mod convert;
pub(crate) mod evidence;
mod questions;
#[cfg(test)]
mod tests;
mod unknown;
mod wire;

use std::path::Path;

use serde_json::Value;

use crate::{Dataset, DatasetError, Entry, Fingerprint, Known, LoadReport, json};

/// Reads a file in LOCOMO's format. If its content is that of a known file, the known counts are
/// held against what was read.
///
/// # Errors
/// When the file cannot be read, is no JSON, or does not have the format's shape: with file,
/// conversation, JSON path and what was expected.
pub fn load(path: impl AsRef<Path>) -> Result<Dataset, DatasetError> {
    let path = path.as_ref();
    let bytes = std::fs::read(path).map_err(|source| DatasetError::Read {
        path: path.to_owned(),
        source,
    })?;
    parse(path, &bytes)
}

/// Reads the bytes of a file in LOCOMO's format; `path` is only named in errors.
///
/// # Errors
/// As [`load`].
pub fn parse(path: &Path, bytes: &[u8]) -> Result<Dataset, DatasetError> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(DatasetError::Empty {
            path: path.to_owned(),
        });
    }
    let value = json::parse(bytes).map_err(|error| json_error(path, &error))?;
    let shape = |message: &str| DatasetError::Shape {
        path: path.to_owned(),
        conversation: None,
        at: String::new(),
        message: message.to_owned(),
    };
    let Value::Array(samples) = &value else {
        return Err(shape("expected a list of conversations"));
    };
    if samples.is_empty() {
        return Err(shape("the list of conversations is empty"));
    }

    let mut report = LoadReport::default();
    let mut conversations: Vec<Entry> = Vec::with_capacity(samples.len());
    for (index, sample) in samples.iter().enumerate() {
        let entry = convert::sample(path, index, sample, &mut report)?;
        let id = entry.conversation.head.id.clone();
        if let Some(first) = conversations
            .iter()
            .position(|earlier| earlier.conversation.head.id == id)
        {
            return Err(DatasetError::Shape {
                path: path.to_owned(),
                conversation: Some(format!("[{index}]")),
                at: "sample_id".to_owned(),
                message: format!("duplicate `{id}`, already the id of [{first}]"),
            });
        }
        conversations.push(entry);
    }

    let fingerprint = Fingerprint::of(bytes, &value);
    let known = Known::with_content(&fingerprint.content);
    let stem = path.file_stem().map(|stem| stem.to_string_lossy());
    let dataset = Dataset {
        name: known.map_or_else(
            || stem.unwrap_or_default().into_owned(),
            |known| known.name.to_owned(),
        ),
        path: path.to_owned(),
        fingerprint,
        conversations,
        report,
    };
    if let Some(known) = known {
        known.verify(&dataset)?;
    }
    Ok(dataset)
}

fn json_error(path: &Path, error: &serde_json::Error) -> DatasetError {
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    let message = text
        .strip_suffix(&format!(" at line {line} column {column}"))
        .unwrap_or(&text);
    DatasetError::Json {
        path: path.to_owned(),
        line,
        column,
        message: if error.is_eof() {
            format!("the file is cut short: {message}")
        } else {
            message.to_owned()
        },
    }
}
