//! The file: JSON lines, appended under a lock, never rewritten.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{HISTORY_VERSION, HistoryEntry};
use crate::rundir::RunDirError;

/// A history cannot be read or added to.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
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
    /// Written by a newer memgauge.
    #[error("{}:{line}: schema version {found} is newer than {HISTORY_VERSION}, the newest this memgauge reads; update memgauge", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its line, from 1.
        line: usize,
        /// Its version.
        found: u64,
    },
    /// The run is not finished.
    #[error("{}: not finished; go on with: memgauge run --resume {}", run.display(), run.display())]
    Unfinished {
        /// The run directory.
        run: PathBuf,
    },
    /// A run directory cannot be read.
    #[error(transparent)]
    Run(#[from] RunDirError),
}

/// All lines of a file, in its order: that in which runs were added.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    /// The lines.
    pub entries: Vec<HistoryEntry>,
}

/// What became of the lines that were to be added.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Added {
    /// Lines appended.
    pub added: usize,
    /// Lines of runs and variants that were there already.
    pub known: usize,
}

impl History {
    /// Reads a file; one that does not exist is empty.
    ///
    /// # Errors
    /// When it cannot be read, or a line is no line of a history or of a newer version.
    pub fn read(path: &Path) -> Result<Self, HistoryError> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(source) => return Err(io_error(path)(source)),
        };
        let mut entries = Vec::new();
        for (index, line) in text.lines().enumerate() {
            if !line.trim().is_empty() {
                entries.push(parse(path, index + 1, line)?);
            }
        }
        Ok(Self { entries })
    }

    /// Appends the lines whose run and variant the file does not have, in one write, while no other process appends.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn append(path: &Path, entries: &[HistoryEntry]) -> Result<Added, HistoryError> {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(io_error(parent))?;
        }
        let mut options = OpenOptions::new();
        let mut file = (options.create(true).append(true).open(path)).map_err(io_error(path))?;
        file.lock().map_err(io_error(path))?;
        let there = Self::read(path)?;
        let mut known: BTreeSet<Key<'_>> = there.entries.iter().map(key).collect();
        let mut text = String::new();
        // An editor may have left the last line without its end.
        if fs::read(path).is_ok_and(|bytes| bytes.last().is_some_and(|last| *last != b'\n')) {
            text.push('\n');
        }
        let mut added = Added::default();
        for entry in entries {
            if !known.insert(key(entry)) {
                added.known += 1;
                continue;
            }
            added.added += 1;
            let line = serde_json::to_string(entry).map_err(io::Error::from);
            text.push_str(&line.map_err(io_error(path))?);
            text.push('\n');
        }
        if added.added > 0 {
            file.write_all(text.as_bytes()).map_err(io_error(path))?;
            file.sync_all().map_err(io_error(path))?;
        }
        Ok(added)
    }
}

/// What a line is about: directories in different folders may have one name, but no two runs start at the same time.
type Key<'a> = (&'a str, &'a str, &'a str);

fn key(entry: &HistoryEntry) -> Key<'_> {
    (&entry.run, &entry.started, &entry.variant)
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> HistoryError + '_ {
    move |source| HistoryError::Io {
        path: path.to_owned(),
        source,
    }
}

fn parse(path: &Path, line: usize, text: &str) -> Result<HistoryEntry, HistoryError> {
    let wrong = |message: String| HistoryError::Line {
        path: path.to_owned(),
        line,
        message,
    };
    let value: Value = serde_json::from_str(text).map_err(|error| {
        wrong(format!(
            "no JSON: {error}; delete the line, and add its run again"
        ))
    })?;
    let found = value.get("schema_version").and_then(Value::as_u64);
    let found = found.ok_or_else(|| wrong("no schema_version: no line of a history".to_owned()))?;
    if found > u64::from(HISTORY_VERSION) {
        return Err(HistoryError::Newer {
            path: path.to_owned(),
            line,
            found,
        });
    }
    serde_json::from_value(value).map_err(|error| wrong(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::super::series::tests::entry;
    use super::*;

    #[test]
    fn lines_are_appended_once_and_never_rewritten() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("deep/history.jsonl");
        assert_eq!(History::read(&path).expect("none"), History::default());
        let (one, two) = (entry("a", "x", 0.5), entry("b", "x", 0.6));
        let first = History::append(&path, std::slice::from_ref(&one)).expect("written");
        assert_eq!(first, Added { added: 1, known: 0 });
        let before = fs::read(&path).expect("a file");
        let mut later = one.clone();
        later.started = "2026-01-02T03:04:05.5Z".to_owned();
        let second = History::append(
            &path,
            &[one.clone(), two.clone(), later.clone(), later.clone()],
        )
        .expect("written");
        assert_eq!(second, Added { added: 2, known: 2 });
        assert!(fs::read(&path).expect("a file").starts_with(&before));
        let read = History::read(&path).expect("read");
        assert_eq!(read.entries, [one, two, later]);
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("history.jsonl");
        let told = |text: &str| {
            fs::write(&path, text).expect("written");
            History::read(&path).expect_err("refused").to_string()
        };
        let line = serde_json::to_string(&entry("a", "x", 0.5)).expect("a line");
        assert!(told(&format!("{line}\n{{\n")).contains("history.jsonl:2: no JSON"));
        assert!(told("{\"schema_version\": 99}\n").contains(":1: schema version 99 is newer"));
        assert!(told("{}\n").contains("no line of a history"));
        // A line that was cut off does not swallow the next one.
        fs::write(&path, "{\"schema").expect("written");
        let refused = History::append(&path, &[entry("a", "x", 0.5)]).expect_err("refused");
        assert!(refused.to_string().contains(":1: no JSON"), "{refused}");
    }
}
