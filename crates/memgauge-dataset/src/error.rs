//! What can be wrong with a dataset.

use std::path::PathBuf;

/// A dataset cannot be found or read. One message says where the fault is and what was expected.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// The file cannot be read at all.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file holds nothing.
    #[error("{}: the file is empty, expected a JSON list of conversations", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The file is no JSON, or is cut short.
    #[error("{}: line {line}, column {column}: {message}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What was met and what was expected.
        message: String,
    },
    /// The JSON does not have the format's shape.
    #[error("{}: {}{message}", path.display(), prefix(conversation, at))]
    Shape {
        /// The file.
        path: PathBuf,
        /// `sample_id` of the conversation, or its index in the list written `[3]`.
        conversation: Option<String>,
        /// JSON path inside the conversation, such as `conversation.session_3[4].dia_id`.
        at: String,
        /// What was met and what was expected.
        message: String,
    },
    /// The known file was read into something else than what it is known to hold.
    #[error("{}: this is {name}, but {message}", path.display())]
    Counts {
        /// The file.
        path: PathBuf,
        /// Name of the known dataset.
        name: &'static str,
        /// The count that differs.
        message: String,
    },
    /// No dataset has this name.
    #[error(
        "unknown dataset `{name}`, expected one of {}, or the path of a file",
        known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    )]
    UnknownName {
        /// What was asked for.
        name: String,
        /// The names that exist.
        known: Vec<&'static str>,
    },
    /// The dataset is in none of the places.
    #[error("dataset `{name}` was not found; looked for {}; {hint}", list(places))]
    NotFound {
        /// Name of the dataset.
        name: String,
        /// The files looked for, in order.
        places: Vec<PathBuf>,
        /// What to do.
        hint: String,
    },
    /// The embedded list of sources does not parse.
    #[error("datasets/sources.toml: {0}")]
    Sources(String),
}

fn prefix(conversation: &Option<String>, at: &str) -> String {
    let mut prefix = String::new();
    if let Some(conversation) = conversation {
        prefix.push_str(conversation);
        prefix.push_str(": ");
    }
    if !at.is_empty() {
        prefix.push_str(at);
        prefix.push_str(": ");
    }
    prefix
}

fn list(places: &[PathBuf]) -> String {
    let places: Vec<String> = places
        .iter()
        .map(|place| format!("`{}`", place.display()))
        .collect();
    places.join(", ")
}
