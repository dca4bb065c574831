//! What can go wrong between a config file and a finished run.

use std::path::PathBuf;

use memgauge_core::{ComponentError, ErrorKind};
use memgauge_dataset::DatasetError;
use memgauge_report::{RunDirError, SummaryError};

/// One mistake in a config file, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigProblem {
    /// File and line, or `--set`.
    pub place: String,
    /// Dotted path of the key; empty for the file as a whole.
    pub path: String,
    /// What is wrong, with the alternatives.
    pub message: String,
}

impl std::fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.path.is_empty() {
            write!(f, "{}: {}", self.place, self.message)
        } else {
            write!(f, "{}: `{}`: {}", self.place, self.path, self.message)
        }
    }
}

/// Why an experiment cannot be loaded, planned or run.
#[derive(Debug, thiserror::Error)]
pub enum ExperimentError {
    /// The config file cannot be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Mistakes in the config, all at once.
    #[error("{}", list(.0))]
    Config(Vec<ConfigProblem>),
    /// The dataset cannot be found or read.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// The run directory cannot be made or claimed.
    #[error(transparent)]
    RunDir(RunDirError),
    /// A run that cannot be resumed with this config, dataset or version.
    #[error("{0}")]
    Resume(String),
    /// The disk or a store refused in mid-run; what was written stays, and the run can be resumed.
    #[error("{0}")]
    Stopped(String),
    /// An account or a budget is exhausted; what was paid for stays, and the run can be resumed.
    #[error("{0}")]
    Quota(String),
    /// A model's key, address or name is wrong; what was done stays, and the run can be resumed.
    #[error("{0}")]
    SetUp(String),
    /// A replay holds no reply to a request; the run can be resumed with one that does.
    #[error("{0}")]
    NotRecorded(String),
    /// Files of a finished run cannot be summarised.
    #[error(transparent)]
    Summary(#[from] SummaryError),
    /// A task panicked: a fault of memgauge.
    #[error("internal: {0}")]
    Internal(String),
}

fn list(problems: &[ConfigProblem]) -> String {
    let lines: Vec<String> = problems.iter().map(ConfigProblem::to_string).collect();
    lines.join("\n")
}

impl ExperimentError {
    /// What stops the run after `error`, where that kind of error does
    /// ([`memgauge_core::ErrorKind::stops_the_run`]).
    pub(crate) fn stop(error: &ComponentError) -> Option<Self> {
        match error.kind {
            ErrorKind::Storage => Some(Self::Stopped(error.to_string())),
            ErrorKind::Quota => Some(Self::Quota(error.to_string())),
            ErrorKind::SetUp => Some(Self::SetUp(error.to_string())),
            ErrorKind::NotRecorded => Some(Self::NotRecorded(error.to_string())),
            _ => None,
        }
    }

    /// One problem of a config.
    pub(crate) fn config(place: impl Into<String>, path: &str, message: impl ToString) -> Self {
        Self::Config(vec![ConfigProblem {
            place: place.into(),
            path: path.to_owned(),
            message: message.to_string(),
        }])
    }

    /// Whether the fault lies in what the user gave (usage, config, input): nothing was run.
    pub fn is_users(&self) -> bool {
        matches!(
            self,
            Self::Read { .. }
                | Self::Config(_)
                | Self::Dataset(_)
                | Self::RunDir(_)
                | Self::Resume(_)
        )
    }
}
