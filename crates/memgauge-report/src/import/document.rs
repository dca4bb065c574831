//! The bytes of a file as JSON, JSON Lines or a table.

use std::path::{Path, PathBuf};

use memgauge_dataset::parse_json;
use serde_json::{Map, Value};

use super::error::ImportError;

/// A file and what is in it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Document {
    /// Where it is.
    pub(super) path: PathBuf,
    /// SHA-256 of its bytes.
    pub(super) sha256: String,
    /// Its content.
    pub(super) content: Content,
}

/// The line that something begins in, and the thing, or why it cannot be read.
pub(super) type Numbered<T> = (usize, Result<T, String>);

/// The kinds of files.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Content {
    /// One JSON value.
    Json(Value),
    /// A JSON value per line.
    Lines(Vec<Numbered<Value>>),
    /// A table.
    Table {
        /// Names of the columns.
        head: Vec<String>,
        /// The rows as objects of strings.
        rows: Vec<Numbered<Map<String, Value>>>,
    },
}

/// What a file is to be read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// By its content.
    Any,
    /// One JSON value.
    Json,
    /// A table.
    Table,
}

impl Document {
    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, is empty, is no UTF-8, or is neither JSON, nor JSON Lines, nor a table.
    pub(super) fn read(path: &Path, shape: Shape) -> Result<Self, ImportError> {
        let io = |source| ImportError::Read {
            path: path.to_owned(),
            source,
        };
        let bytes = std::fs::read(path).map_err(io)?;
        let sha256 = memgauge_dataset::sha256_file(path).map_err(io)?;
        let file = |message: String| ImportError::File {
            path: path.to_owned(),
            message,
        };
        let text = std::str::from_utf8(&bytes)
            .map_err(|error| file(format!("not UTF-8 text: {error}")))?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.trim().is_empty() {
            return Err(file("the file is empty".to_owned()));
        }
        let looks_like_json = text.trim_start().starts_with(['{', '[']);
        let content = match shape {
            Shape::Any if looks_like_json => json_or_lines(text).map_err(file)?,
            Shape::Json => Content::Json(json(text).map_err(file)?),
            Shape::Table | Shape::Any => table(text).map_err(file)?,
        };
        Ok(Self {
            path: path.to_owned(),
            sha256,
            content,
        })
    }

    /// The JSON, where it is one value.
    pub(super) fn json(&self) -> Option<&Value> {
        match &self.content {
            Content::Json(value) => Some(value),
            Content::Lines(_) | Content::Table { .. } => None,
        }
    }
}

fn json(text: &str) -> Result<Value, String> {
    parse_json(text.as_bytes()).or_else(|error| {
        // Python writes NaN and Infinity, which JSON does not have: they are unknown values.
        let repaired = without_nan(text).ok_or_else(|| said(&error))?;
        parse_json(repaired.as_bytes()).map_err(|error| said(&error))
    })
}

fn said(error: &serde_json::Error) -> String {
    let cut_short = if error.is_eof() {
        " (is the file cut short?)"
    } else {
        ""
    };
    format!("not JSON: {error}{cut_short}")
}

fn json_or_lines(text: &str) -> Result<Content, String> {
    json(text).map(Content::Json).or_else(|message| {
        let mut filled = text.lines().filter(|line| !line.trim().is_empty());
        let first = filled.next().is_some_and(|line| json(line).is_ok());
        if first && filled.next().is_some() {
            lines(text)
        } else {
            Err(message)
        }
    })
}

fn lines(text: &str) -> Result<Content, String> {
    let rows: Vec<_> = text
        .lines()
        .zip(1..)
        .filter(|(line, _)| !line.trim().is_empty())
        .map(|(line, number)| (number, json(line)))
        .collect();
    match rows.first() {
        Some((number, Err(message))) if rows.iter().all(|(_, row)| row.is_err()) => {
            Err(format!("no line is JSON; line {number}: {message}"))
        }
        _ => Ok(Content::Lines(rows)),
    }
}

fn table(text: &str) -> Result<Content, String> {
    let first = text.lines().next().unwrap_or_default();
    let delimiter = [b',', b'\t', b';']
        .into_iter()
        .max_by_key(|mark| first.bytes().filter(|byte| byte == mark).count())
        .unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .from_reader(text.as_bytes());
    let head: Vec<String> = reader
        .headers()
        .map_err(|error| format!("not a table: {error}"))?
        .iter()
        .map(|name| name.trim().to_owned())
        .collect();
    if head.len() < 2 {
        return Err(
            "neither JSON nor a table: the first line names fewer than two columns".to_owned(),
        );
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        match record {
            Ok(record) => {
                let line = record.position().map_or(0, |at| at.line());
                let line = usize::try_from(line).unwrap_or(usize::MAX);
                let row = if record.len() == head.len() {
                    // A table cannot tell an empty text from none.
                    let cells = record.iter().map(|cell| match cell.trim() {
                        "" => Value::Null,
                        _ => Value::from(cell),
                    });
                    Ok(head.iter().cloned().zip(cells).collect())
                } else {
                    let (found, named) = (record.len(), head.len());
                    Err(format!("{found} cells under {named} columns"))
                };
                rows.push((line, row));
            }
            Err(error) => {
                let line = error.position().map_or(0, |at| at.line());
                let line = usize::try_from(line).unwrap_or(usize::MAX);
                rows.push((line, Err(error.to_string())));
            }
        }
    }
    Ok(Content::Table { head, rows })
}

/// The text with `NaN`, `Infinity` and `-Infinity` outside of strings replaced by `null`; `None` if there is none.
fn without_nan(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut found = false;
    let mut in_string = false;
    while let Some(c) = rest.chars().next() {
        let word = if in_string {
            None
        } else {
            ["NaN", "-Infinity", "Infinity"]
                .into_iter()
                .find(|word| rest.starts_with(word))
        };
        let taken = match (c, word) {
            (_, Some(word)) => {
                found = true;
                out.push_str("null");
                word.len()
            }
            ('\\', None) if in_string => {
                // The escaped character, whatever it is, does not end the string.
                let escaped = rest.chars().nth(1).map_or(0, char::len_utf8);
                let taken = 1 + escaped;
                out.push_str(rest.get(..taken).unwrap_or_default());
                taken
            }
            (c, None) => {
                in_string ^= c == '"';
                out.push(c);
                c.len_utf8()
            }
        };
        rest = rest.get(taken..).unwrap_or_default();
    }
    found.then_some(out)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pythons_numbers_are_unknown_and_strings_are_left_alone() {
        let text = r#"{"a": NaN, "b": [-Infinity, Infinity], "c": "NaN \" NaN"}"#;
        assert_eq!(
            json(text).unwrap(),
            json!({"a": null, "b": [null, null], "c": "NaN \" NaN"})
        );
        assert!(without_nan(r#"{"a": "NaN"}"#).is_none());
    }

    #[test]
    fn the_content_says_what_a_file_is() {
        let read = |text: &str| {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("file");
            std::fs::write(&path, text).unwrap();
            Document::read(&path, Shape::Any).map(|document| document.content)
        };
        assert!(matches!(
            read("\u{feff}{\"a\": 1}"),
            Ok(Content::Json(Value::Object(_)))
        ));
        let Ok(Content::Lines(rows)) = read("{\"a\":1}\n\n{\"a\":2}\n{\"a\":") else {
            panic!()
        };
        assert_eq!(rows.len(), 3);
        assert!(rows[2].1.is_err() && rows[2].0 == 4);
        let Ok(Content::Table { head, rows }) = read("a,b\n1,\"x\ny\"\n2\n") else {
            panic!()
        };
        assert_eq!(head, ["a", "b"]);
        assert_eq!(rows[0].1.as_ref().unwrap()["b"], "x\ny");
        assert_eq!(rows[1].1, Err("1 cells under 2 columns".to_owned()));
        assert_eq!(rows[1].0, 4);
    }

    #[test]
    fn what_cannot_be_read_is_refused_with_its_place() {
        let read = |bytes: &[u8]| {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("file.json");
            std::fs::write(&path, bytes).unwrap();
            Document::read(&path, Shape::Any).unwrap_err().to_string()
        };
        assert!(read(b" \n").contains("file.json: the file is empty"));
        assert!(read(b"\xff\xfe{").contains("not UTF-8"));
        let cut = read(b"{\"0\": [{\"question\": \"a\", ");
        assert!(cut.contains("cut short") && cut.contains("line 1"), "{cut}");
        assert!(read(b"{\"0\": 1, \"0\": 2}").contains("duplicate key `0`"));
        assert!(read(b"{\"0\": 1e999}").contains("number out of range"));
        let deep = "[".repeat(5_000);
        assert!(read(deep.as_bytes()).contains("recursion limit"), "{deep}");
        assert!(read(b"hello").contains("neither JSON nor a table"));
    }
}
