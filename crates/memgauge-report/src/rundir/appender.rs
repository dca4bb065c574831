//! Rows appended to a JSON Lines file.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{RunDir, RunDirError};

impl RunDir {
    /// Opens a JSON Lines file for appending. What a kill left of a last line is cut off first.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn appender(&self, name: &str) -> Result<Appender, RunDirError> {
        let path = self.file(name);
        trim_last_line(&path).map_err(RunDirError::io(&path))?;
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(RunDirError::io(&path))?;
        let length = file.metadata().map_err(RunDirError::io(&path))?.len();
        Ok(Appender {
            path,
            file,
            length,
            line: Vec::new(),
        })
    }
}

fn trim_last_line(path: &Path) -> io::Result<()> {
    use std::io::{Seek, SeekFrom};
    let mut file = match OpenOptions::new().read(true).write(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let mut end = file.metadata()?.len();
    let mut block = vec![0_u8; 1 << 16];
    while end > 0 {
        let start = end.saturating_sub(block.len() as u64);
        let length = usize::try_from(end - start).unwrap_or(block.len());
        let Some(part) = block.get_mut(..length) else {
            break;
        };
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(part)?;
        if let Some(at) = part.iter().rposition(|byte| *byte == b'\n') {
            end = start + at as u64 + 1;
            break;
        }
        end = start;
    }
    if end < file.metadata()?.len() {
        file.set_len(end)?;
    }
    Ok(())
}

/// Appends rows to a JSON Lines file; every row reaches the system before the call returns, so
/// that a killed process loses at most the line that it was writing.
#[derive(Debug)]
pub struct Appender {
    path: PathBuf,
    file: File,
    /// Length of the file up to the last whole row.
    length: u64,
    line: Vec<u8>,
}

impl Appender {
    /// Appends rows in one write.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn append<'a, T: Serialize + 'a>(
        &mut self,
        rows: impl IntoIterator<Item = &'a T>,
    ) -> Result<(), RunDirError> {
        self.line.clear();
        for row in rows {
            serde_json::to_writer(&mut self.line, row)
                .map_err(|error| RunDirError::io(&self.path)(io::Error::other(error)))?;
            self.line.push(b'\n');
        }
        if let Err(error) = self.file.write_all(&self.line) {
            // Whatever part of the rows is there would spoil the line that comes next.
            let _ = self.file.set_len(self.length);
            return Err(RunDirError::io(&self.path)(error));
        }
        self.length += self.line.len() as u64;
        Ok(())
    }
}
