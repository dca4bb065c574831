//! What was sent in a run: a process that is killed leaves a trace of what was under way, so that the next one
//! can tell what is sent again, and what was paid for without being written down.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::error::TrafficError;

/// A line: a request that is about to be sent, or, with `rows`, one that has ended.
#[derive(Serialize, Deserialize)]
struct Line {
    /// Content addresses of what it asks for: of a chat one, of an embedding one per text.
    keys: Vec<String>,
    /// The `request`s of the rows that tell of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rows: Option<Vec<String>>,
    /// Whether it was under way, or unwritten, when an earlier process ended.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    again: bool,
}

/// The file of a run, while there is one.
#[derive(Default)]
pub(super) struct Sent(Mutex<Option<Open>>);

struct Open {
    path: PathBuf,
    /// Made when something is sent: an offline run leaves none.
    file: Option<File>,
    /// What an earlier process sent, and no row tells of.
    untold: BTreeSet<String>,
    /// Requests that were sent again.
    resent: u64,
}

impl Sent {
    /// Goes on with the file at `path`, or begins it. `told` are the `request`s of the rows that were written.
    pub(super) fn open(&self, path: &Path, told: &BTreeSet<String>) -> Result<(), TrafficError> {
        let (untold, resent) = read(path, told).map_err(TrafficError::io(path))?;
        let mut open = Open {
            path: path.to_owned(),
            file: None,
            untold,
            resent,
        };
        if path.exists() {
            open.file().map_err(TrafficError::io(path))?;
        }
        *self.state() = Some(open);
        Ok(())
    }

    /// Notes that a request is about to be sent.
    pub(super) fn sends<'a>(
        &self,
        keys: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), TrafficError> {
        let mut state = self.state();
        let Some(open) = state.as_mut() else {
            return Ok(());
        };
        let keys: Vec<String> = keys.into_iter().map(str::to_owned).collect();
        let mut again = false;
        for key in &keys {
            again |= open.untold.remove(key);
        }
        open.resent += u64::from(again);
        let rows = None;
        open.write(&Line { keys, rows, again })
    }

    /// Notes that a request has ended, whatever it came to; `rows` will tell of it.
    pub(super) fn ended<'a>(
        &self,
        keys: impl IntoIterator<Item = &'a str>,
        rows: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), TrafficError> {
        let mut state = self.state();
        let Some(open) = state.as_mut() else {
            return Ok(());
        };
        open.write(&Line {
            keys: keys.into_iter().map(str::to_owned).collect(),
            rows: Some(rows.into_iter().map(str::to_owned).collect()),
            again: false,
        })
    }

    /// Whether an earlier process sent `key` and no row tells of it; said once.
    pub(super) fn is_untold(&self, key: &str) -> bool {
        let mut state = self.state();
        state.as_mut().is_some_and(|open| open.untold.remove(key))
    }

    /// Ends the file: what was sent is told.
    pub(super) fn close(&self) -> Result<(), TrafficError> {
        match self.state().take() {
            Some(open) if open.file.is_some() => {
                std::fs::remove_file(&open.path).map_err(TrafficError::io(&open.path))
            }
            _ => Ok(()),
        }
    }

    /// Requests that were sent again so far.
    pub(super) fn resent(&self) -> u64 {
        self.state().as_ref().map_or(0, |open| open.resent)
    }

    fn state(&self) -> MutexGuard<'_, Option<Open>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn write(&mut self, line: &Line) -> Result<(), TrafficError> {
        let text = serde_json::to_string(line).map_err(std::io::Error::from);
        // In one piece, so that a kill leaves whole lines but for the last.
        text.and_then(|text| self.file()?.write_all(format!("{text}\n").as_bytes()))
            .map_err(TrafficError::io(&self.path))
    }

    fn file(&mut self) -> std::io::Result<&mut File> {
        match &mut self.file {
            Some(file) => Ok(file),
            none => {
                let mut options = OpenOptions::new();
                Ok(none.insert(options.create(true).append(true).open(&self.path)?))
            }
        }
    }
}

/// What an earlier process sent and no row of `told` tells of, and how much was sent again by then.
fn read(path: &Path, told: &BTreeSet<String>) -> std::io::Result<(BTreeSet<String>, u64)> {
    let file = match OpenOptions::new().read(true).write(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Default::default()),
        Err(error) => return Err(error),
    };
    let mut last: BTreeMap<String, bool> = BTreeMap::new();
    let mut resent = 0;
    let mut whole = 0;
    let mut reader = BufReader::new(&file);
    let mut text = Vec::new();
    while reader.read_until(b'\n', &mut text)? > 0 && text.last() == Some(&b'\n') {
        // A line that a kill cut short is the last one, and is cut off below.
        let line: Line = serde_json::from_slice(&text)?;
        resent += u64::from(line.again);
        let is_told = line
            .rows
            .is_some_and(|rows| rows.iter().all(|row| told.contains(row)));
        last.extend(line.keys.into_iter().map(|key| (key, is_told)));
        whole += text.len() as u64;
        text.clear();
    }
    file.set_len(whole)?;
    let untold = last.into_iter().filter(|(_, is_told)| !is_told);
    Ok((untold.map(|(key, _)| key).collect(), resent))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(rows: &[&str]) -> BTreeSet<String> {
        rows.iter().map(|row| (*row).to_owned()).collect()
    }

    #[test]
    fn what_no_row_tells_of_is_known_to_the_next_process() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sent.jsonl");
        let first = Sent::default();
        first.open(&path, &told(&[])).unwrap();
        for key in ["a", "b", "c"] {
            first.sends([key]).unwrap();
        }
        first.ended(["a"], ["a"]).unwrap();
        first.ended(["b"], ["b"]).unwrap();
        // Killed in the middle of a line.
        std::fs::write(
            &path,
            [std::fs::read(&path).unwrap(), b"{\"ke".to_vec()].concat(),
        )
        .unwrap();

        let second = Sent::default();
        second.open(&path, &told(&["a"])).unwrap();
        assert!(!second.is_untold("a"));
        // Kept and not told: said once.
        assert!(second.is_untold("b"));
        assert!(!second.is_untold("b"));
        second.sends(["c"]).unwrap();
        second.sends(["d"]).unwrap();
        assert_eq!(second.resent(), 1);
        second.ended(["c"], ["c"]).unwrap();

        let third = Sent::default();
        third.open(&path, &told(&["a", "b", "c"])).unwrap();
        third.sends(["d", "e"]).unwrap();
        assert_eq!(third.resent(), 2);
        third.close().unwrap();
        assert!(!path.exists());
        assert_eq!(third.resent(), 0);
    }

    #[test]
    fn without_a_run_nothing_is_written() {
        let sent = Sent::default();
        sent.sends(["a"]).unwrap();
        sent.ended(["a"], ["a"]).unwrap();
        assert!(!sent.is_untold("a"));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sent.jsonl");
        sent.open(&path, &told(&[])).unwrap();
        sent.close().unwrap();
        assert!(!path.exists());
    }
}
