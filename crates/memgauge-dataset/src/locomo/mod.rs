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

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use memgauge_core::ConversationId;
use serde::Deserializer as _;
use serde::de::{Error as _, SeqAccess, Visitor};
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
    let json = bytes.strip_prefix(json::BYTE_ORDER_MARK).unwrap_or(bytes);
    let shape = |message: &str| DatasetError::Shape {
        path: path.to_owned(),
        conversation: None,
        at: String::new(),
        message: message.to_owned(),
    };
    if json.trim_ascii_start().first() != Some(&b'[') {
        json::parse(json).map_err(|error| json_error(path, &error))?;
        return Err(shape("expected a list of conversations"));
    }

    let mut list = List {
        path,
        conversations: Vec::new(),
        places: BTreeMap::new(),
        report: LoadReport::default(),
        content: blake3::Hasher::new(),
        fault: None,
    };
    let mut reader = serde_json::Deserializer::from_slice(json);
    let read = reader
        .deserialize_seq(&mut list)
        .and_then(|()| reader.end());
    if let Some(fault) = list.fault {
        return Err(fault);
    }
    read.map_err(|error| json_error(path, &error))?;
    if list.conversations.is_empty() {
        return Err(shape("the list of conversations is empty"));
    }

    let fingerprint = Fingerprint::new(bytes, &list.content);
    let known = Known::with_content(&fingerprint.content);
    let stem = path.file_stem().map(|stem| stem.to_string_lossy());
    let dataset = Dataset {
        name: known.map_or_else(
            || stem.unwrap_or_default().into_owned(),
            |known| known.name.to_owned(),
        ),
        path: path.to_owned(),
        fingerprint,
        conversations: list.conversations,
        report: list.report,
    };
    if let Some(known) = known {
        known.verify(&dataset)?;
    }
    Ok(dataset)
}

/// The list, read one conversation at a time: their JSON would take many times the room of what is
/// made of it.
struct List<'a> {
    path: &'a Path,
    conversations: Vec<Entry>,
    places: BTreeMap<ConversationId, usize>,
    report: LoadReport,
    /// Takes in the canonical form of the whole list.
    content: blake3::Hasher,
    /// Why reading stopped, where it was not the JSON.
    fault: Option<DatasetError>,
}

impl List<'_> {
    fn take(&mut self, sample: &Value) -> Result<(), DatasetError> {
        let index = self.conversations.len();
        self.content.update(if index == 0 { b"[" } else { b"," });
        self.content.update(&json::canonical(sample));
        let entry = convert::sample(self.path, index, sample, &mut self.report)?;
        let id = entry.conversation.head.id.clone();
        if let Some(first) = self.places.get(&id) {
            return Err(DatasetError::Shape {
                path: self.path.to_owned(),
                conversation: Some(format!("[{index}]")),
                at: "sample_id".to_owned(),
                message: format!("duplicate `{id}`, already the id of [{first}]"),
            });
        }
        self.places.insert(id, index);
        self.conversations.push(entry);
        Ok(())
    }
}

impl<'de> Visitor<'de> for &mut List<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of conversations")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(json::Strict(sample)) = list.next_element()? {
            if let Err(fault) = self.take(&sample) {
                self.fault = Some(fault);
                return Err(A::Error::custom("not the format's shape"));
            }
        }
        self.content.update(b"]");
        Ok(())
    }
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
