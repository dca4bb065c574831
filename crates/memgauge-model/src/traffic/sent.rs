//! What is under way: a process that is killed leaves a trace of it, so that the next one can tell what it sends
//! again.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::error::TrafficError;

/// A line of the file.
#[derive(Serialize, Deserialize)]
struct Line {
    /// Content addresses of what a request asks for: of a chat one, of an embedding one per text.
    keys: Vec<String>,
    /// What happens to it.
    step: Step,
}

/// What happens to a request.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Step {
    /// It is about to be sent.
    Sent,
    /// It is about to be sent, and was under way when an earlier process ended.
    SentAgain,
    /// Its reply is kept, or it failed.
    Ended,
}

/// The file of a run, while there is one.
#[derive(Default)]
pub(super) struct Sent(Mutex<Option<Open>>);

struct Open {
    path: PathBuf,
    /// Made when something is sent: an offline run leaves none.
    file: Option<File>,
    /// What was under way when an earlier process ended.
    lost: BTreeSet<String>,
    /// Requests that were sent again.
    resent: u64,
}

impl Sent {
    /// Goes on with the file at `path`, or begins it.
    pub(super) fn open(&self, path: &Path) -> Result<(), TrafficError> {
        let mut open = Open {
            path: path.to_owned(),
            file: None,
            lost: BTreeSet::new(),
            resent: 0,
        };
        if path.exists() {
            open.read().map_err(TrafficError::io(path))?;
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
        let mut step = Step::Sent;
        for key in &keys {
            if open.lost.remove(key) {
                step = Step::SentAgain;
            }
        }
        open.resent += u64::from(step == Step::SentAgain);
        open.write(&Line { keys, step })
    }

    /// Notes that a request has ended: its reply is kept, or there is none.
    pub(super) fn ended<'a>(
        &self,
        keys: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), TrafficError> {
        let mut state = self.state();
        let Some(open) = state.as_mut() else {
            return Ok(());
        };
        open.write(&Line {
            keys: keys.into_iter().map(str::to_owned).collect(),
            step: Step::Ended,
        })
    }

    /// Requests that were sent again so far.
    pub(super) fn resent(&self) -> u64 {
        self.state().as_ref().map_or(0, |open| open.resent)
    }

    /// Ends the file: nothing is under way.
    pub(super) fn close(&self) -> Result<(), TrafficError> {
        match self.state().take() {
            Some(open) if open.file.is_some() => {
                std::fs::remove_file(&open.path).map_err(TrafficError::io(&open.path))
            }
            _ => Ok(()),
        }
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
                let file = options.create(true).append(true).open(&self.path)?;
                Ok(none.insert(file))
            }
        }
    }

    /// Reads what earlier processes left. A line that a kill cut short is the last one, and is cut off.
    fn read(&mut self) -> std::io::Result<()> {
        let file = OpenOptions::new().read(true).write(true).open(&self.path)?;
        let mut whole = 0;
        let mut reader = BufReader::new(&file);
        let mut text = Vec::new();
        while reader.read_until(b'\n', &mut text)? > 0 && text.last() == Some(&b'\n') {
            let line: Line = serde_json::from_slice(&text)?;
            self.resent += u64::from(line.step == Step::SentAgain);
            for key in line.keys {
                match line.step {
                    Step::Ended => self.lost.remove(&key),
                    Step::Sent | Step::SentAgain => self.lost.insert(key),
                };
            }
            whole += text.len() as u64;
            text.clear();
        }
        file.set_len(whole)?;
        self.file().map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_under_way_is_known_to_the_next_process() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sent.jsonl");
        let first = Sent::default();
        first.open(&path).unwrap();
        for key in ["a", "b", "c"] {
            first.sends([key]).unwrap();
        }
        first.ended(["a"]).unwrap();
        // Killed in the middle of a line.
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.extend(b"{\"ke");
        std::fs::write(&path, bytes).unwrap();

        let second = Sent::default();
        second.open(&path).unwrap();
        for key in ["a", "c", "d"] {
            second.sends([key]).unwrap();
        }
        assert_eq!(second.resent(), 1);
        second.ended(["c"]).unwrap();

        let third = Sent::default();
        third.open(&path).unwrap();
        assert_eq!(third.resent(), 1);
        third.sends(["c"]).unwrap();
        third.sends(["b", "d", "e"]).unwrap();
        assert_eq!(third.resent(), 2);
        third.close().unwrap();
        assert!(!path.exists());
        assert_eq!(third.resent(), 0);
    }

    #[test]
    fn where_nothing_is_sent_nothing_is_written() {
        let sent = Sent::default();
        sent.sends(["a"]).unwrap();
        sent.ended(["a"]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sent.jsonl");
        sent.open(&path).unwrap();
        sent.close().unwrap();
        assert!(!path.exists());
    }
}
