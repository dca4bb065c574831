//! Generic files: a table (comma, tab or semicolon), and JSON Lines. A column map says which column is what; columns that
//! have one of the names that tools use need none.

use serde_json::Value;

use super::document::{Content, Document, Shape};
use super::fields::Fields;
use super::format::Format;
use super::row::{Sheet, SourceRow, Unreadable};
use super::value;

/// A table.
pub(super) const CSV: Format = Format {
    name: "csv",
    about: "a table with a head: one row per answer",
    needs: "a head with a question and an answer, under a known name or mapped with --columns",
    shape: Shape::Table,
    claims: |document| matches!(document.content, Content::Table { .. }),
    read: table,
};

/// JSON Lines.
pub(super) const JSONL: Format = Format {
    name: "jsonl",
    about: "a JSON object per line, or a JSON list of them: one per answer",
    needs: "a JSON object per line with a question and an answer, under a known name or mapped with --columns",
    shape: Shape::Any,
    claims: |document| match &document.content {
        Content::Lines(_) | Content::Json(Value::Array(_)) => true,
        Content::Json(_) | Content::Table { .. } => false,
    },
    read: lines,
};

fn table(document: &Document, fields: &Fields) -> Sheet {
    let mut sheet = Sheet::default();
    if let Content::Table { rows, .. } = &document.content {
        for (line, row) in rows {
            let row = row.as_ref().map_err(Clone::clone);
            let row = row.and_then(|row| fields.row(&format!("line {line}"), row));
            take(&mut sheet, format!("line {line}"), row);
        }
    }
    sheet
}

fn lines(document: &Document, fields: &Fields) -> Sheet {
    let mut sheet = Sheet::default();
    let read = |at: &str, value: &Value| {
        let object = value.as_object();
        let object = object.ok_or_else(|| format!("{}, not an object", value::shown(value)))?;
        fields.row(at, object)
    };
    match &document.content {
        Content::Lines(rows) => {
            for (line, row) in rows {
                let at = format!("line {line}");
                let row = row.as_ref().map_err(Clone::clone);
                let row = row.and_then(|row| read(&at, row));
                take(&mut sheet, at, row);
            }
        }
        Content::Json(Value::Array(items)) => {
            for (index, item) in items.iter().enumerate() {
                let at = format!("[{index}]");
                let row = read(&at, item);
                take(&mut sheet, at, row);
            }
        }
        Content::Json(one) => {
            let row = read("line 1", one);
            take(&mut sheet, "line 1".to_owned(), row);
        }
        Content::Table { .. } => {
            let message = "a table, not JSON".to_owned();
            take(&mut sheet, "line 1".to_owned(), Err(message));
        }
    }
    sheet
}

fn take(sheet: &mut Sheet, at: String, row: Result<SourceRow, String>) {
    match row {
        Ok(row) => sheet.rows.push(row),
        Err(message) => sheet.unreadable.push(Unreadable {
            file: 0,
            at,
            message,
        }),
    }
}
