//! The questions of one variant as a CSV file: a line per question, sorted.

use std::collections::BTreeMap;
use std::path::Path;

use memgauge_core::{Category, QuestionId};

use super::column::written;
use super::{BaselineError, Row};

/// The columns around those of values.
const FIRST: [&str; 2] = ["question", "category"];
const LAST: &str = "digest";

/// The file's text.
pub(super) fn write(
    rows: &BTreeMap<QuestionId, Row>,
    columns: &[String],
) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let head = FIRST.into_iter().chain(columns.iter().map(String::as_str));
    writer.write_record(head.chain([LAST]))?;
    for (question, row) in rows {
        let mut cells = vec![question.to_string(), row.category.number().to_string()];
        cells.extend(
            row.values.iter().zip(columns).map(|(value, column)| {
                value.map_or_else(String::new, |value| written(column, value))
            }),
        );
        cells.push(row.digest.clone());
        writer.write_record(&cells)?;
    }
    writer
        .into_inner()
        .map_err(|error| error.into_error().into())
}

/// Reads a file that has these columns.
pub(super) fn read(
    path: &Path,
    columns: &[String],
) -> Result<BTreeMap<QuestionId, Row>, BaselineError> {
    let wrong = |line: u64, message: String| BaselineError::line(path, line, message);
    let unreadable = |error: csv::Error| {
        let line = error.position().map_or(1, csv::Position::line);
        wrong(line, error.to_string())
    };
    let file = std::fs::File::open(path).map_err(BaselineError::io(path))?;
    let mut reader = csv::Reader::from_reader(std::io::BufReader::new(file));
    let expected: Vec<&str> = FIRST
        .into_iter()
        .chain(columns.iter().map(String::as_str))
        .chain([LAST])
        .collect();
    let head: Vec<String> = reader
        .headers()
        .map_err(unreadable)?
        .iter()
        .map(str::to_owned)
        .collect();
    if head != expected {
        let message = format!(
            "columns are {}, and baseline.json says {}",
            head.join(","),
            expected.join(",")
        );
        return Err(wrong(1, message));
    }
    let mut rows = BTreeMap::new();
    for record in reader.records() {
        let record = record.map_err(unreadable)?;
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |at: usize| record.get(at).unwrap_or_default();
        let question: QuestionId = cell(0).parse().map_err(|error| wrong(line, error))?;
        let category = cell(1).parse().ok().and_then(Category::from_number);
        let category = category.ok_or_else(|| {
            let message = format!("category `{}`: must be 1 to 5", cell(1));
            wrong(line, message)
        })?;
        let mut values = Vec::with_capacity(columns.len());
        for (at, column) in columns.iter().enumerate() {
            let text = cell(at + FIRST.len());
            values.push(match text.parse::<f64>() {
                Ok(value) if value.is_finite() => Some(value),
                _ if text.is_empty() => None,
                _ => return Err(wrong(line, format!("{column} `{text}`: must be a number"))),
            });
        }
        let row = Row {
            category,
            values,
            digest: cell(expected.len() - 1).to_owned(),
        };
        if rows.insert(question.clone(), row).is_some() {
            return Err(wrong(line, format!("{question} stands here twice")));
        }
    }
    Ok(rows)
}
