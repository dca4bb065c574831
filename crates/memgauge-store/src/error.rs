//! What can go wrong in a store.

use std::io;
use std::path::{Path, PathBuf};

use memgauge_core::{ComponentError, ErrorKind, MemoryId, NodeId};

/// A store could not do what was asked. A failed call has changed nothing.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Something is there already.
    #[error("`{}` exists already", path.display())]
    Exists {
        /// Folder that was to become the store.
        path: PathBuf,
    },
    /// There is no store.
    #[error("no store at `{}`", path.display())]
    NotFound {
        /// Folder that was to be opened.
        path: PathBuf,
    },
    /// Another process, or another part of this one, has the store open.
    #[error("store `{}` is in use", path.display())]
    InUse {
        /// The store's folder.
        path: PathBuf,
    },
    /// What is there is not a store of this version.
    #[error("`{}` is not a readable store: {message}", path.display())]
    Format {
        /// The store's folder.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// The memory map's fixed size is exhausted.
    #[error("store `{}` is full: its map holds {map_bytes} bytes", path.display())]
    MapFull {
        /// The store's folder.
        path: PathBuf,
        /// Size of the map.
        map_bytes: usize,
    },
    /// No space left, a quota or file size limit, or a write that the system cut short.
    #[error("disk full or failing at `{}`: {source}", path.display())]
    DiskFull {
        /// The store's folder.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The folder or file system may not be written, or the store was opened for reading.
    #[error("`{}` is read-only", path.display())]
    ReadOnly {
        /// The store's folder.
        path: PathBuf,
    },
    /// Any other error of the file system.
    #[error("`{}`: {source}", path.display())]
    Io {
        /// File or folder.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// LMDB, a codec or the vector index reports something that should not happen.
    #[error("store `{}` is damaged: {message}", path.display())]
    Damaged {
        /// The store's folder.
        path: PathBuf,
        /// What was reported.
        message: String,
    },
    /// An operation names a memory that the store does not hold (any more).
    #[error("no memory {0}")]
    UnknownMemory(MemoryId),
    /// A change names a node that the store does not hold.
    #[error("no node {0}")]
    UnknownNode(NodeId),
    /// What was to become an edge is no ADD of a memory of kind `relation`.
    #[error("an edge is a new memory of kind `relation`")]
    NotAnEdge,
    /// An edge was to get another text than its ends and relation give it.
    #[error("{0} is an edge: its text cannot be changed")]
    EdgeText(MemoryId),
    /// Nothing of that number is queued (any more).
    #[error("no queued work {0}")]
    UnknownWork(u64),
    /// All 2^32 - 1 ids are used up.
    #[error("no ids left")]
    NoIdsLeft,
    /// A vector has the wrong length.
    #[error("expected a vector of {expected} numbers, found {found}")]
    Dimensions {
        /// The store's.
        expected: usize,
        /// The vector's.
        found: usize,
    },
    /// A vector holds an infinity or a NaN.
    #[error("a vector holds a number that is not finite")]
    NotFinite,
    /// A vector was given to, or asked of, a store without vectors.
    #[error("this store keeps no vectors")]
    NoVectors,
    /// The config makes no sense.
    #[error("{0}")]
    Config(String),
}

impl StoreError {
    /// Whether the disk, the file system or another process stands in the way: a run stops and
    /// can be resumed.
    pub fn is_storage(&self) -> bool {
        matches!(
            self,
            Self::InUse { .. }
                | Self::MapFull { .. }
                | Self::DiskFull { .. }
                | Self::ReadOnly { .. }
                | Self::Io { .. }
        )
    }

    /// The variant that tells most about `source`.
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => Self::DiskFull { path, source },
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
                Self::ReadOnly { path }
            }
            // LMDB says EIO where a write was cut short, as the last one before ENOSPC is.
            _ if source.raw_os_error() == Some(EIO) => Self::DiskFull { path, source },
            _ => Self::Io { path, source },
        }
    }

    pub(crate) fn damaged(path: &Path, message: impl ToString) -> Self {
        Self::Damaged {
            path: path.to_owned(),
            message: message.to_string(),
        }
    }

    pub(crate) fn heed(path: &Path, map_bytes: usize, error: heed::Error) -> Self {
        match error {
            heed::Error::Io(source) => Self::io(path, source),
            heed::Error::Mdb(heed::MdbError::MapFull) => Self::MapFull {
                path: path.to_owned(),
                map_bytes,
            },
            heed::Error::EnvAlreadyOpened => Self::InUse {
                path: path.to_owned(),
            },
            heed::Error::Mdb(
                error @ (heed::MdbError::Invalid | heed::MdbError::VersionMismatch),
            ) => Self::Format {
                path: path.to_owned(),
                message: error.to_string(),
            },
            other => Self::damaged(path, other),
        }
    }

    pub(crate) fn arroy(path: &Path, map_bytes: usize, error: arroy::Error) -> Self {
        match error {
            arroy::Error::Heed(error) => Self::heed(path, map_bytes, error),
            arroy::Error::Io(source) => Self::io(path, source),
            other => Self::damaged(path, other),
        }
    }
}

const EIO: i32 = 5;

impl From<StoreError> for ComponentError {
    fn from(error: StoreError) -> Self {
        let kind = if error.is_storage() {
            ErrorKind::Storage
        } else {
            ErrorKind::Permanent
        };
        Self::new("store", kind, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_system_are_told_apart() {
        let kind = |code| StoreError::io(Path::new("s"), io::Error::from_raw_os_error(code));
        for code in [28, 27, 122, EIO] {
            let error = kind(code);
            assert!(matches!(error, StoreError::DiskFull { .. }), "{code}");
            assert_eq!(ComponentError::from(error).kind, ErrorKind::Storage);
        }
        for code in [30, 13] {
            assert!(matches!(kind(code), StoreError::ReadOnly { .. }), "{code}");
        }
        assert!(matches!(kind(24), StoreError::Io { .. }));
        let error = ComponentError::from(StoreError::UnknownMemory(MemoryId(7)));
        assert_eq!(error.kind, ErrorKind::Permanent);
        assert_eq!(error.to_string(), "store: no memory m7");
    }
}
