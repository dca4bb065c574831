//! Errors that cross the seam between components and whoever runs them.

/// What a caller can do about an error.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorKind {
    /// Trying again may help.
    Transient,
    /// Trying again will not help.
    Permanent,
    /// The prompt is longer than the model's window.
    ContextTooLong,
    /// The account or budget is exhausted.
    Quota,
    /// The key, the address or the model's name is wrong: the run stops and can be resumed once it is not.
    SetUp,
    /// The model replied, but not in the form that it was asked for, twice.
    Malformed,
    /// A replay holds no reply to the request: the run stops.
    NotRecorded,
    /// The disk, the store or the file system refused: the run stops and can be resumed.
    Storage,
}

impl ErrorKind {
    /// The name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::Permanent => "permanent",
            Self::ContextTooLong => "context-too-long",
            Self::Quota => "quota",
            Self::SetUp => "set-up",
            Self::Malformed => "malformed",
            Self::NotRecorded => "not-recorded",
            Self::Storage => "storage",
        }
    }

    /// Whether a run cannot go on after it: every other request would meet the same. What is
    /// written stays, and the run can be resumed.
    pub fn stops_the_run(self) -> bool {
        matches!(
            self,
            Self::Quota | Self::SetUp | Self::NotRecorded | Self::Storage
        )
    }
}

/// A component could not do its work. Recorded as the question's outcome, never scored as a wrong
/// answer.
#[derive(Debug, thiserror::Error)]
#[error("{component}: {message}")]
pub struct ComponentError {
    /// Kind of the component, such as `dense`.
    pub component: String,
    /// What can be done about it.
    pub kind: ErrorKind,
    /// What happened.
    pub message: String,
}

impl ComponentError {
    /// An error of `component`.
    pub fn new(component: impl Into<String>, kind: ErrorKind, message: impl ToString) -> Self {
        Self {
            component: component.into(),
            kind,
            message: message.to_string(),
        }
    }
}

/// A configured part cannot be built: a user's mistake, reported with its place in the file.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct BuildError {
    /// Key of the part's own table that is at fault, if one is, such as `embedder`.
    pub key: Option<String>,
    /// What is wrong, with the alternatives.
    pub message: String,
}

impl BuildError {
    /// An error about one key.
    pub fn at(key: impl Into<String>, message: impl ToString) -> Self {
        Self {
            key: Some(key.into()),
            message: message.to_string(),
        }
    }

    /// An error about the part as a whole.
    pub fn new(message: impl ToString) -> Self {
        Self {
            key: None,
            message: message.to_string(),
        }
    }
}
