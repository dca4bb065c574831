//! What can go wrong between a run and its models' replies.

use std::io;
use std::path::{Path, PathBuf};

use memgauge_core::{ComponentError, ErrorKind, ModelError};

/// A cache, recording or cassette cannot be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrafficError {
    /// The file system refused.
    #[error("{}: {message}", path.display())]
    Io {
        /// File or folder.
        path: PathBuf,
        /// Why.
        message: String,
    },
    /// The memory map's fixed size is exhausted.
    #[error(
        "{}: full: its map holds {map_bytes} bytes; `memgauge cache prune` makes room",
        path.display()
    )]
    Full {
        /// Folder of the database.
        path: PathBuf,
        /// Size of the map.
        map_bytes: usize,
    },
    /// What is there was not written by this version.
    #[error(
        "{}: cannot be read: {message}; delete the folder, or give another one",
        path.display()
    )]
    Format {
        /// Folder of the database.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// An entry is not what it should be.
    #[error(
        "{}: entry {key} is damaged: {message}; delete the folder, or give another one",
        path.display()
    )]
    Damaged {
        /// Folder of the database.
        path: PathBuf,
        /// The entry.
        key: String,
        /// What is wrong.
        message: String,
    },
    /// A line of a cassette is not what it should be.
    #[error("{}:{line}: {message}", path.display())]
    Line {
        /// The cassette.
        path: PathBuf,
        /// Its line after decompression, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// The recording is not open: no run has begun, or it has ended.
    #[error("nothing is being recorded: a model was called before the run began or after its end")]
    Closed,
}

impl TrafficError {
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |error| Self::Io {
            path: path.to_owned(),
            message: error.to_string(),
        }
    }

    pub(super) fn heed(path: &Path, map_bytes: usize, error: heed::Error) -> Self {
        let path = path.to_owned();
        match error {
            heed::Error::Io(error) => Self::io(&path)(error),
            heed::Error::Mdb(heed::MdbError::MapFull) => Self::Full { path, map_bytes },
            other => Self::Format {
                path,
                message: other.to_string(),
            },
        }
    }
}

impl From<TrafficError> for ModelError {
    fn from(error: TrafficError) -> Self {
        Self::new(ErrorKind::Storage, error)
    }
}

impl From<TrafficError> for ComponentError {
    fn from(error: TrafficError) -> Self {
        Self::new("calls", ErrorKind::Storage, error)
    }
}
