//! What can go wrong with a memory that is used as a library.

use std::path::PathBuf;

use memgauge_core::{BuildError, ComponentError, MemoryId};
use memgauge_store::StoreError;

use crate::ExperimentError;

/// A memory could not do what was asked. Unless it says otherwise, nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum MemoryError {
    /// The config file cannot be read, or has mistakes.
    #[error(transparent)]
    Config(#[from] ExperimentError),
    /// A part of the system cannot be made as configured.
    #[error("`system{}`: {}", key(.0), .0.message)]
    Build(BuildError),
    /// The system is a baseline that keeps no memories of its own.
    #[error("`system.kind`: `{0}` is no pipeline: it cannot be added to and searched as a library")]
    NotAPipeline(&'static str),
    /// There is no memory.
    #[error("no memory at `{}`", .0.display())]
    NotFound(PathBuf),
    /// Something else is there.
    #[error("`{}` is no memory: the folder holds other things", .0.display())]
    NotAMemory(PathBuf),
    /// The file that says how the memory was made cannot be read or written.
    #[error("`{}`: {message}", path.display())]
    Notes {
        /// The file.
        path: PathBuf,
        /// Why.
        message: String,
    },
    /// The vectors of the memory were made by another embedder than the one that the config names.
    #[error(
        "the memory at `{}` was made with embedder `{made_with}`, the config gives `{given}`: \
         their vectors cannot be compared", path.display()
    )]
    Embedder {
        /// The memory's folder.
        path: PathBuf,
        /// What made its vectors.
        made_with: String,
        /// What would make new ones.
        given: String,
    },
    /// Another process, or another part of this one, has it open.
    #[error(
        "the memory at `{}` is in use: another process has it open. Try again when that has ended",
        .0.display()
    )]
    InUse(PathBuf),
    /// There never was such a memory, or it was deleted.
    #[error("{}", unknown(*.id, *.deleted))]
    Unknown {
        /// The id asked for.
        id: MemoryId,
        /// Whether there was one: its history tells.
        deleted: bool,
    },
    /// A memory without an owner would be seen by everyone who names no owner.
    #[error("name to whom it belongs: at least one of user, agent and run")]
    NoScope,
    /// Nothing says which memories are meant.
    #[error(
        "name whose memories to delete (user, agent, run) or their metadata; `reset` deletes everything"
    )]
    NoFilter,
    /// A process ended before all that was added became memories.
    #[error("{0} part(s) of messages wait to become memories: add something, or flush, first")]
    Waiting(u64),
    /// There is nothing to remember, to look for or to write.
    #[error("{0} is empty")]
    Empty(String),
    /// A model or another part failed. What was done up to then stays done.
    #[error(transparent)]
    Part(#[from] ComponentError),
    /// The store refused.
    #[error(transparent)]
    Store(StoreError),
}

impl MemoryError {
    /// Whether the fault lies in what the caller gave.
    pub fn is_users(&self) -> bool {
        match self {
            Self::Config(error) => error.is_users(),
            Self::Part(_) => false,
            Self::Store(error) => matches!(error, StoreError::Format { .. }),
            _ => true,
        }
    }

    /// Whether the disk, the network or a provider stands in the way.
    pub fn is_outside(&self) -> bool {
        match self {
            Self::Store(error) => error.is_storage(),
            Self::Part(_) => true,
            _ => false,
        }
    }
}

impl From<StoreError> for MemoryError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::InUse { path } => Self::InUse(path),
            StoreError::NotFound { path } => Self::NotFound(path),
            StoreError::UnknownMemory(id) => Self::Unknown { id, deleted: false },
            other => Self::Store(other),
        }
    }
}

impl From<BuildError> for MemoryError {
    fn from(error: BuildError) -> Self {
        Self::Build(error)
    }
}

fn key(error: &BuildError) -> String {
    match &error.key {
        Some(key) => format!(".{key}"),
        None => String::new(),
    }
}

fn unknown(id: MemoryId, deleted: bool) -> String {
    if deleted {
        format!("{id} was deleted")
    } else {
        format!("no memory {id}")
    }
}
