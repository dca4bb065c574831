//! Which format a file of errata has, and what can be wrong with it.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Errata, audit, overlay};
use crate::{Dataset, json};

/// A file of errata cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ErrataError {
    /// It cannot be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// It is neither JSON nor TOML.
    #[error("{}: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What was met, and where.
        message: String,
    },
    /// It has the shape of no known format.
    #[error("{}: {message}", path.display())]
    Shape {
        /// The file.
        path: PathBuf,
        /// What was met and what was expected.
        message: String,
    },
    /// It is about another dataset.
    #[error(
        "{}: these are errata of the dataset with the content {found}, not of {expected}",
        path.display()
    )]
    OtherDataset {
        /// The file.
        path: PathBuf,
        /// The content fingerprint that it names.
        found: String,
        /// That of the dataset at hand.
        expected: String,
    },
    /// It was changed after its digest was written into it.
    #[error("{}: digest = {written}, but the errata have {found}", path.display())]
    Digest {
        /// The file.
        path: PathBuf,
        /// What the file says.
        written: String,
        /// What its errata come to.
        found: String,
    },
    /// It cannot be written as TOML.
    #[error("errata as TOML: {0}")]
    Unwritable(String),
    /// Not one row fits.
    #[error(
        "{}: not one of its {rows} rows fits {dataset}; the first: {first}",
        path.display()
    )]
    NothingFits {
        /// The file.
        path: PathBuf,
        /// Its rows.
        rows: usize,
        /// Name of the dataset.
        dataset: String,
        /// What is wrong with the first.
        first: String,
    },
}

/// Reads a file of errata: `errors.json` of locomo-audit, or memgauge's own format (docs/FORMAT.md).
/// A name that ends in `.toml` is read as TOML, any other as JSON.
///
/// # Errors
/// When the file cannot be read, has no known format, is about another dataset, contradicts its own
/// digest, or not one row fits. Single rows that do not fit are [`Errata::findings`].
pub fn load(path: impl AsRef<Path>, dataset: &Dataset) -> Result<Errata, ErrataError> {
    let path = path.as_ref();
    let bytes = std::fs::read(path).map_err(|source| ErrataError::Read {
        path: path.to_owned(),
        source,
    })?;
    parse(path, &bytes, dataset)
}

/// Reads the bytes of a file of errata; `path` tells the syntax and is named in errors.
///
/// # Errors
/// As [`load`].
pub fn parse(path: &Path, bytes: &[u8], dataset: &Dataset) -> Result<Errata, ErrataError> {
    let syntax = |message: String| ErrataError::Syntax {
        path: path.to_owned(),
        message,
    };
    let value: Value = if path.extension().is_some_and(|name| name == "toml") {
        let text = std::str::from_utf8(bytes).map_err(|error| syntax(error.to_string()))?;
        toml::from_str(text).map_err(|error| syntax(error.to_string().trim_end().to_owned()))?
    } else {
        json::parse(bytes).map_err(|error| syntax(error.to_string()))?
    };
    let (rows, errata) = match value {
        Value::Array(rows) if !rows.is_empty() => (rows.len(), audit::read(rows, dataset)),
        Value::Object(fields) if fields.contains_key(overlay::MARK) => {
            let rows = fields
                .get("erratum")
                .and_then(Value::as_array)
                .map_or(0, Vec::len);
            (rows, overlay::read(Value::Object(fields), path, dataset)?)
        }
        _ => {
            return Err(ErrataError::Shape {
                path: path.to_owned(),
                message: format!(
                    "expected the list of locomo-audit's errors.json, or `{} = {}` of memgauge's own format",
                    overlay::MARK,
                    overlay::VERSION
                ),
            });
        }
    };
    match errata.findings.first() {
        Some(first) if errata.errata.is_empty() => Err(ErrataError::NothingFits {
            path: path.to_owned(),
            rows,
            dataset: dataset.name.clone(),
            first: first.to_string(),
        }),
        _ => Ok(errata),
    }
}
