//! A run directory: its files, appended while running, read back whole or line by line.

mod appender;
mod rewrite;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use appender::Appender;

use crate::manifest::Manifest;
use crate::record::{CallRow, IngestRow, QuestionRecord, SCHEMA_VERSION, TimingRow};

/// Files of a run directory.
pub mod files {
    /// [`crate::manifest::Manifest`].
    pub const MANIFEST: &str = "manifest.json";
    /// [`crate::record::QuestionRecord`] per line.
    pub const RECORDS: &str = "records.jsonl";
    /// [`crate::record::IngestRow`] per line.
    pub const INGEST: &str = "ingest.jsonl";
    /// [`crate::record::ContextRow`] per line.
    pub const CONTEXTS: &str = "contexts.jsonl";
    /// [`crate::record::TimingRow`] per line.
    pub const TIMINGS: &str = "timings.jsonl";
    /// [`crate::record::CallRow`] per line.
    pub const CALLS: &str = "calls.jsonl";
    /// [`crate::record::PaidRow`] per line.
    pub const PAID: &str = "paid.jsonl";
    /// [`crate::summary::Summary`].
    pub const SUMMARY: &str = "summary.json";
    /// Records as a table.
    pub const PARQUET: &str = "records.parquet";
    /// The summary as Markdown.
    pub const REPORT: &str = "report.md";
    /// [`crate::surrogate::EstimateRow`] per line.
    pub const ESTIMATES: &str = "surrogate.jsonl";
    /// [`crate::surrogate::SurrogateReport`].
    pub const SURROGATE: &str = "surrogate.json";
    /// [`crate::import::ImportRow`] per line.
    pub const IMPORT: &str = "import.jsonl";
    /// Held by the process that writes.
    pub const LOCK: &str = ".lock";
    /// Stores of the memory systems while the run is unfinished.
    pub const STORES: &str = "stores";
    /// What models replied, while the run that records it is unfinished.
    pub const RECORDING: &str = "calls";
    /// What models replied, for replays.
    pub const CASSETTE: &str = "cassette.jsonl.gz";
    /// What was sent to models while the run is unfinished.
    pub const SENT: &str = "sent.jsonl";
}

/// A run directory cannot be made, read or written.
#[derive(Debug, thiserror::Error)]
pub enum RunDirError {
    /// The file system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A line is not what it should be.
    #[error("{}:{line}: {message}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Its line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// Another process writes to it.
    #[error("{}: in use by another run", path.display())]
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// There is something already.
    #[error("{}: exists already", path.display())]
    Exists {
        /// The directory.
        path: PathBuf,
    },
    /// No manifest.
    #[error("{}: not a run directory (no {})", path.display(), files::MANIFEST)]
    NotARun {
        /// The directory.
        path: PathBuf,
    },
    /// Written by a newer memgauge.
    #[error("{}: schema version {found} is newer than {SCHEMA_VERSION}, the newest this memgauge reads; update memgauge", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u64,
    },
}

impl RunDirError {
    fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| Self::Io {
            path: path.to_owned(),
            source,
        }
    }
}

/// A run directory that is being made.
#[derive(Debug)]
pub struct Draft {
    dir: RunDir,
    path: PathBuf,
}

impl Draft {
    /// What is there so far.
    pub fn dir(&self) -> &RunDir {
        &self.dir
    }

    /// Puts it in its place. A lock on it stays.
    ///
    /// # Errors
    /// When there is something by now.
    pub fn place(self) -> Result<RunDir, RunDirError> {
        let path = self.path;
        match fs::rename(self.dir.path(), &path) {
            Ok(()) => Ok(RunDir { path }),
            Err(error) => {
                let _ = fs::remove_dir_all(self.dir.path());
                Err(match path.exists() {
                    true => RunDirError::Exists { path },
                    false => RunDirError::io(&path)(error),
                })
            }
        }
    }

    /// Takes it away.
    pub fn discard(self) {
        // Nobody sees it.
        let _ = fs::remove_dir_all(self.dir.path());
    }
}

/// A run directory on disk.
#[derive(Debug, Clone)]
pub struct RunDir {
    path: PathBuf,
}

impl RunDir {
    /// The existing run directory at `path`.
    ///
    /// # Errors
    /// When there is no manifest in it.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, RunDirError> {
        let path = path.into();
        if path.join(files::MANIFEST).is_file() {
            Ok(Self { path })
        } else {
            Err(RunDirError::NotARun { path })
        }
    }

    /// A new run directory that is to be at `path`; its parents are made as needed. It is made beside it under
    /// a hidden name: nobody sees a run directory without a manifest, whenever the process ends.
    ///
    /// # Errors
    /// When there is something at `path`, or nothing can be made.
    pub fn draft(path: impl Into<PathBuf>) -> Result<Draft, RunDirError> {
        let path = path.into();
        if path.exists() {
            return Err(RunDirError::Exists { path });
        }
        let parent = path.parent().unwrap_or(Path::new(""));
        fs::create_dir_all(parent).map_err(RunDirError::io(parent))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        // Processes of several machines may share the parent.
        let mark = since.map_or(0, |time| time.as_nanos());
        let hidden = parent.join(format!(".{name}.{}-{mark}.part", std::process::id()));
        fs::create_dir(&hidden).map_err(RunDirError::io(&hidden))?;
        let dir = Self { path: hidden };
        Ok(Draft { dir, path })
    }

    /// A new run directory with nothing in it.
    ///
    /// # Errors
    /// As [`Self::draft`].
    pub fn create(path: impl Into<PathBuf>) -> Result<Self, RunDirError> {
        Self::draft(path)?.place()
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Path of one of its [`files`].
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// What stands between `prefix` and `suffix` in the names of its files, in order.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn named(&self, prefix: &str, suffix: &str) -> Result<Vec<String>, RunDirError> {
        let mut names = Vec::new();
        let entries = fs::read_dir(&self.path).map_err(RunDirError::io(&self.path))?;
        for entry in entries {
            let entry = entry.map_err(RunDirError::io(&self.path))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let inner = name.strip_prefix(prefix);
            if let Some(inner) = inner.and_then(|name| name.strip_suffix(suffix)) {
                names.push(inner.to_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    /// Claims the directory for writing until the guard is dropped (or the process ends).
    ///
    /// # Errors
    /// When another process holds it.
    pub fn lock(&self) -> Result<File, RunDirError> {
        let path = self.file(files::LOCK);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(RunDirError::io(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(RunDirError::InUse {
                path: self.path.clone(),
            }),
            Err(TryLockError::Error(source)) => Err(RunDirError::Io { path, source }),
        }
    }

    /// The manifest.
    ///
    /// # Errors
    /// When it cannot be read or is newer than this memgauge.
    pub fn manifest(&self) -> Result<Manifest, RunDirError> {
        self.read_json(files::MANIFEST)
    }

    /// Writes a value as indented JSON, all or nothing.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_json(&self, name: &str, value: &impl Serialize) -> Result<(), RunDirError> {
        let path = self.file(name);
        let mut text = serde_json::to_vec_pretty(value)
            .map_err(|error| RunDirError::io(&path)(io::Error::other(error)))?;
        text.push(b'\n');
        self.write_whole(name, &text)
    }

    /// Writes a file, all or nothing.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_whole(&self, name: &str, bytes: &[u8]) -> Result<(), RunDirError> {
        let path = self.file(name);
        let draft = self.file(&format!("{name}.part"));
        fs::write(&draft, bytes).map_err(RunDirError::io(&draft))?;
        fs::rename(&draft, &path).map_err(RunDirError::io(&path))
    }

    /// Reads a JSON file with a `schema_version`.
    ///
    /// # Errors
    /// When it cannot be read or is newer than this memgauge.
    pub fn read_json<T: DeserializeOwned>(&self, name: &str) -> Result<T, RunDirError> {
        let path = self.file(name);
        let text = fs::read_to_string(&path).map_err(RunDirError::io(&path))?;
        let wrong = |error: serde_json::Error| RunDirError::Line {
            path: path.clone(),
            line: error.line(),
            message: error.to_string(),
        };
        let value: serde_json::Value = serde_json::from_str(&text).map_err(wrong)?;
        if let Some(found) = value
            .get("schema_version")
            .and_then(serde_json::Value::as_u64)
            && found > u64::from(SCHEMA_VERSION)
        {
            return Err(RunDirError::Newer { path, found });
        }
        serde_json::from_value(value).map_err(wrong)
    }

    /// Every row of `records.jsonl`, handed to `visit` one at a time.
    ///
    /// # Errors
    /// When a line cannot be read; a last line that a kill cut short is left out.
    pub fn records<T: DeserializeOwned>(&self, visit: impl FnMut(T)) -> Result<(), RunDirError> {
        self.rows(files::RECORDS, visit)
    }

    /// All operations on memories.
    ///
    /// # Errors
    /// As [`Self::records`].
    pub fn ingest(&self, visit: impl FnMut(IngestRow)) -> Result<(), RunDirError> {
        self.rows(files::INGEST, visit)
    }

    /// All timings.
    ///
    /// # Errors
    /// As [`Self::records`].
    pub fn timings(&self, visit: impl FnMut(TimingRow)) -> Result<(), RunDirError> {
        self.rows(files::TIMINGS, visit)
    }

    /// All calls of models.
    ///
    /// # Errors
    /// As [`Self::records`].
    pub fn calls(&self, visit: impl FnMut(CallRow)) -> Result<(), RunDirError> {
        self.rows(files::CALLS, visit)
    }

    /// All contexts of systems without memories: [`crate::record::ContextRow`], or fewer fields.
    ///
    /// # Errors
    /// As [`Self::records`].
    pub fn contexts<T: DeserializeOwned>(&self, visit: impl FnMut(T)) -> Result<(), RunDirError> {
        self.rows(files::CONTEXTS, visit)
    }

    /// The records for which `wanted` holds.
    ///
    /// # Errors
    /// As [`Self::records`].
    pub fn find(
        &self,
        mut wanted: impl FnMut(&QuestionRecord) -> bool,
    ) -> Result<Vec<QuestionRecord>, RunDirError> {
        let mut found = Vec::new();
        self.records(|record: QuestionRecord| {
            if wanted(&record) {
                found.push(record);
            }
        })?;
        Ok(found)
    }

    /// Every row of a JSON Lines file; a missing file has none.
    ///
    /// # Errors
    /// As [`Self::records`].
    pub fn rows<T: DeserializeOwned>(
        &self,
        name: &str,
        mut visit: impl FnMut(T),
    ) -> Result<(), RunDirError> {
        let path = self.file(name);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(source) => return Err(RunDirError::Io { path, source }),
        };
        let mut reader = BufReader::with_capacity(1 << 18, file);
        let mut line = Vec::new();
        for number in 1.. {
            line.clear();
            let read = reader
                .read_until(b'\n', &mut line)
                .map_err(RunDirError::io(&path))?;
            if read == 0 || line.last() != Some(&b'\n') {
                break;
            }
            visit(
                serde_json::from_slice(&line)
                    .or_else(|error| of_version_1(&line).ok_or(error))
                    .map_err(|error| RunDirError::Line {
                        path: path.clone(),
                        line: number,
                        message: error.to_string(),
                    })?,
            );
        }
        Ok(())
    }
}

/// A row of a folder of version 1, in which the judge's label was right or wrong and no share; `None` where it is none.
fn of_version_1<T: DeserializeOwned>(line: &[u8]) -> Option<T> {
    let mut row: serde_json::Value = serde_json::from_slice(line).ok()?;
    let judge = row.get_mut("judge")?;
    *judge = f64::from(u8::from(judge.as_bool()?)).into();
    serde_json::from_value(row).ok()
}

#[cfg(test)]
mod tests;
