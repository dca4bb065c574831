//! A JSON Lines file put in order, line by line.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};

use serde::de::DeserializeOwned;

use super::{RunDir, RunDirError};

impl RunDir {
    /// Rewrites a JSON Lines file: keeps the lines for which `key` gives a key, in the order of
    /// keys. Lines are moved as they are, byte for byte. Returns whether anything changed.
    ///
    /// # Errors
    /// When a line cannot be read or the file cannot be written.
    pub fn rewrite<T: DeserializeOwned, K: Ord>(
        &self,
        name: &str,
        mut key: impl FnMut(T) -> Option<K>,
    ) -> Result<bool, RunDirError> {
        let path = self.file(name);
        let fail = RunDirError::io(&path);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(fail(error)),
        };
        let mut reader = BufReader::with_capacity(1 << 18, file);
        // Where the lines stand, not what they say: a file may be larger than main memory.
        let mut lines: Vec<(K, u64, usize)> = Vec::new();
        let mut line = Vec::new();
        let mut all = 0_usize;
        let mut at = 0_u64;
        loop {
            line.clear();
            let read = reader
                .read_until(b'\n', &mut line)
                .map_err(RunDirError::io(&path))?;
            if read == 0 {
                break;
            }
            all += 1;
            if line.last() == Some(&b'\n') {
                let row = serde_json::from_slice(&line).map_err(|error| RunDirError::Line {
                    path: path.clone(),
                    line: all,
                    message: error.to_string(),
                })?;
                if let Some(key) = key(row) {
                    lines.push((key, at, read));
                }
            }
            at += read as u64;
        }
        if lines.len() == all && lines.is_sorted_by(|a, b| a.0 <= b.0) {
            return Ok(false);
        }
        lines.sort_by(|a, b| a.0.cmp(&b.0));
        let draft = self.file(&format!("{name}.part"));
        let file = File::create(&draft).map_err(RunDirError::io(&draft))?;
        let mut writer = BufWriter::new(file);
        for (_, start, length) in &lines {
            // A short way is a way inside the buffer.
            reader
                .seek_relative(start.wrapping_sub(at).cast_signed())
                .map_err(RunDirError::io(&path))?;
            line.resize(*length, 0);
            reader
                .read_exact(&mut line)
                .map_err(RunDirError::io(&path))?;
            at = start + *length as u64;
            writer.write_all(&line).map_err(RunDirError::io(&draft))?;
        }
        writer.flush().map_err(RunDirError::io(&draft))?;
        fs::rename(&draft, &path).map_err(RunDirError::io(&path))?;
        Ok(true)
    }
}
