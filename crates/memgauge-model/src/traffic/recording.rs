//! The recording of a run: a database in the run directory that becomes a cassette.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::calls::Calls;
use super::cassette::Cassette;
use super::error::TrafficError;

/// A cassette that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// Where.
    pub path: PathBuf,
    /// How many requests it answers.
    pub entries: u64,
}

/// A run's recording, from its beginning to its cassette.
pub(super) struct Recording {
    cassette: Option<PathBuf>,
    calls: Mutex<Option<Arc<Calls>>>,
    /// Requests that were refused since this process began.
    refused: Mutex<BTreeSet<String>>,
}

impl Recording {
    pub(super) fn new(cassette: Option<PathBuf>) -> Self {
        Self {
            cassette,
            calls: Mutex::default(),
            refused: Mutex::default(),
        }
    }

    pub(super) fn cassette(&self) -> Option<&Path> {
        self.cassette.as_deref()
    }

    pub(super) fn calls(&self) -> Result<Arc<Calls>, TrafficError> {
        self.open().clone().ok_or(TrafficError::Closed)
    }

    pub(super) fn was_refused_here(&self, key: &str) -> bool {
        self.refused().contains(key)
    }

    pub(super) fn refused_here(&self, key: &str) {
        self.refused().insert(key.to_owned());
    }

    pub(super) async fn begin(&self, folder: &Path, cassette: &Path) -> Result<(), TrafficError> {
        // A folder that was being removed when the process ended.
        let leaving = leaving(folder);
        if leaving.exists() {
            std::fs::remove_dir_all(&leaving).map_err(TrafficError::io(&leaving))?;
        }
        let calls = Calls::open(folder)?;
        let cassette = self.cassette.as_deref().unwrap_or(cassette);
        // What the run had recorded before, if it had finished, is in its cassette: it is never written over by less.
        if calls.is_empty()? && cassette.exists() {
            let entries: Vec<_> = Cassette::read(cassette)?.entries().cloned().collect();
            calls.put(&entries).await?;
        }
        *self.open() = Some(calls);
        Ok(())
    }

    pub(super) fn end(&self, cassette: &Path) -> Result<Exported, TrafficError> {
        let calls = self.calls()?;
        let path = self.cassette.as_deref().unwrap_or(cassette);
        let entries = Cassette::write(&calls, path, |_| true)?;
        // Nothing may be asked any more: the cassette is written.
        self.open().take();
        let folder = calls.path().to_owned();
        drop(calls);
        // Renamed first, so that half a folder is never taken for a recording.
        let leaving = leaving(&folder);
        std::fs::rename(&folder, &leaving).map_err(TrafficError::io(&folder))?;
        std::fs::remove_dir_all(&leaving).map_err(TrafficError::io(&leaving))?;
        Ok(Exported {
            path: path.to_owned(),
            entries,
        })
    }

    fn open(&self) -> MutexGuard<'_, Option<Arc<Calls>>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn refused(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a folder is called while it is being removed.
fn leaving(folder: &Path) -> PathBuf {
    let mut name = folder.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    folder.with_file_name(name)
}
