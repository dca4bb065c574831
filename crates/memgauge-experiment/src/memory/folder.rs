//! The folder of a memory: its store, and a note of how it was made.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::MemoryError;
use crate::config::MemoryConfig;

/// Folder of the store inside the memory's.
const STORE: &str = "store";
/// LMDB's file, by which a store is known.
const DATA: &str = "data.mdb";
/// The note.
const NOTES: &str = "memory.json";
/// Version of the note.
const VERSION: u32 = 1;

/// How a memory was made, so that it can be opened again without its config file. Names of secrets,
/// never secrets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Notes {
    schema_version: u32,
    pub(super) config: MemoryConfig,
    /// What shapes the vectors; `None` where nothing is embedded.
    pub(super) embedder: Option<String>,
}

impl Notes {
    pub(super) fn new(config: &MemoryConfig, embedder: Option<&str>) -> Self {
        Self {
            schema_version: VERSION,
            config: config.clone(),
            embedder: embedder.map(str::to_owned),
        }
    }
}

/// A memory that exists.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) store: PathBuf,
    /// `None` for a store that something else made, such as a run.
    pub(super) notes: Option<Notes>,
}

impl Folder {
    /// The memory in `dir`, or the store that `dir` itself is; `None` where there is nothing yet.
    pub(super) fn find(dir: &Path) -> Result<Option<Self>, MemoryError> {
        if dir.join(DATA).is_file() {
            let store = dir.to_owned();
            return Ok(Some(Self { store, notes: None }));
        }
        let store = dir.join(STORE);
        if store.join(DATA).is_file() {
            let notes = read(&dir.join(NOTES))?;
            return Ok(Some(Self { store, notes }));
        }
        let entries = match std::fs::read_dir(dir) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(_) => return Err(MemoryError::NotAMemory(dir.to_owned())),
            Ok(entries) => entries,
        };
        // What a process that was killed while it made a memory may have left.
        let ours = |name: &str| name.starts_with(STORE) || name.starts_with(NOTES);
        for entry in entries {
            if !entry.is_ok_and(|entry| entry.file_name().to_str().is_some_and(ours)) {
                return Err(MemoryError::NotAMemory(dir.to_owned()));
            }
        }
        Ok(None)
    }
}

fn read(path: &Path) -> Result<Option<Notes>, MemoryError> {
    let wrong = |message: String| MemoryError::Notes {
        path: path.to_owned(),
        message,
    };
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(wrong(error.to_string())),
    };
    let notes: Notes = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    if notes.schema_version != VERSION {
        return Err(wrong(format!(
            "its schema_version is {}, this build reads {VERSION}",
            notes.schema_version
        )));
    }
    Ok(Some(notes))
}

/// Writes the note of a memory that was just made, at once or not at all.
pub(super) fn write(dir: &Path, notes: &Notes) -> Result<(), MemoryError> {
    let path = dir.join(NOTES);
    let write = || -> std::io::Result<()> {
        let text = serde_json::to_string_pretty(notes)?;
        let fresh = dir.join(format!("{NOTES}.tmp"));
        std::fs::write(&fresh, text + "\n")?;
        std::fs::rename(&fresh, &path)
    };
    write().map_err(|error| MemoryError::Notes {
        path: path.clone(),
        message: error.to_string(),
    })
}
