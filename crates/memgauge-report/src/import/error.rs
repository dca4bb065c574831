//! Why a file cannot be imported.

use std::path::PathBuf;

use crate::rundir::RunDirError;
use crate::summary::SummaryError;

/// A file cannot be imported. Nothing stays behind then.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// It cannot be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// What is in it cannot be understood.
    #[error("{}: {message}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What was found, and what is needed.
        message: String,
    },
    /// What was asked for makes no sense.
    #[error("{0}")]
    Options(String),
    /// The run directory cannot be written.
    #[error(transparent)]
    RunDir(#[from] RunDirError),
    /// The run cannot be summarised.
    #[error(transparent)]
    Summary(#[from] SummaryError),
}
