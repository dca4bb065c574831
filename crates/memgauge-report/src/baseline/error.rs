//! Why a baseline cannot be made, read or written.

use std::io;
use std::path::{Path, PathBuf};

use crate::rundir::RunDirError;

/// Why a baseline cannot be made, read or written. All of these are about what the caller named.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// The run cannot be read.
    #[error(transparent)]
    Run(#[from] RunDirError),
    /// The file system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is not what it should be.
    #[error("{}:{line}: {message}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Its line, from 1.
        line: u64,
        /// What is wrong.
        message: String,
    },
    /// A later memgauge wrote it.
    #[error("{}: baseline of version {found}; this memgauge reads up to {}: use a newer one", path.display(), super::BASELINE_VERSION)]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u64,
    },
    /// There is no baseline.
    #[error("{}: no baseline here (no {}); memgauge baseline save DIR --name NAME makes one{known}", path.display(), super::FILE)]
    None {
        /// The folder.
        path: PathBuf,
        /// Which there are beside it.
        known: String,
    },
    /// There is one already.
    #[error("{}: exists; memgauge baseline update changes it, with a reason", path.display())]
    Exists {
        /// The folder.
        path: PathBuf,
    },
    /// A name that could leave the folder of baselines.
    #[error("baseline name `{0}`: use letters, digits, `-`, `_` and `.`, not beginning with `.`")]
    Name(String),
    /// A change without a reason.
    #[error("{}: a baseline is changed for a reason: --why TEXT", path.display())]
    NoReason {
        /// The folder.
        path: PathBuf,
    },
    /// The run does not have what the baseline is to hold.
    #[error("{}: {message}", dir.display())]
    Content {
        /// The run directory.
        dir: PathBuf,
        /// What is missing.
        message: String,
    },
}

impl BaselineError {
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        |source| Self::Io {
            path: path.to_owned(),
            source,
        }
    }

    pub(super) fn line(path: &Path, line: u64, message: impl ToString) -> Self {
        Self::Line {
            path: path.to_owned(),
            line,
            message: message.to_string(),
        }
    }
}
