//! A cassette: kept replies in one compressed, sorted file.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use flate2::{Compression, GzBuilder};
use serde::{Deserialize, Serialize};

use super::calls::Calls;
use super::entry::{Entry, EntryKind};
use super::error::TrafficError;

/// Version of the lines.
const VERSION: u32 = 1;
/// Fixed, so that equal entries give equal bytes.
const LEVEL: u32 = 9;

/// First line of a cassette.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Header {
    memgauge_cassette: u32,
    tool: String,
}

/// A cassette in memory.
#[derive(Debug)]
pub struct Cassette {
    path: PathBuf,
    digest: String,
    entries: BTreeMap<(EntryKind, String), Entry>,
}

impl Cassette {
    /// Reads a cassette whole.
    ///
    /// # Errors
    /// When there is none, it is cut short, or a line is not what it should be.
    pub fn read(path: &Path) -> Result<Self, TrafficError> {
        let mut bytes = Vec::new();
        File::open(path)
            .and_then(|mut file| file.read_to_end(&mut bytes))
            .map_err(TrafficError::io(path))?;
        let digest = blake3::hash(&bytes).to_hex().to_string();
        let wrong = |line, message: String| TrafficError::Line {
            path: path.to_owned(),
            line,
            message,
        };
        let mut entries: BTreeMap<(EntryKind, String), Entry> = BTreeMap::new();
        let reader = BufReader::new(MultiGzDecoder::new(bytes.as_slice()));
        let mut lines = 0;
        for (line, text) in (1..).zip(reader.lines()) {
            lines = line;
            let text =
                text.map_err(|error| wrong(line, format!("it cannot be decompressed: {error}")))?;
            if line == 1 {
                let header: Header = serde_json::from_str(&text)
                    .map_err(|error| wrong(line, format!("not a cassette: {error}")))?;
                if header.memgauge_cassette != VERSION {
                    return Err(wrong(
                        line,
                        format!(
                            "its version is {}, this build reads {VERSION}",
                            header.memgauge_cassette
                        ),
                    ));
                }
                continue;
            }
            let entry = Entry::from_line(&text).map_err(|message| wrong(line, message))?;
            let key = (entry.kind, entry.key.clone());
            if let Some((last, _)) = entries.last_key_value()
                && *last >= key
            {
                return Err(wrong(
                    line,
                    format!("`{}` is out of order or there twice", entry.key),
                ));
            }
            entries.insert(key, entry);
        }
        if lines == 0 {
            return Err(wrong(1, "the file is empty".to_owned()));
        }
        Ok(Self {
            path: path.to_owned(),
            digest,
            entries,
        })
    }

    /// Where it was read from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// BLAKE3 of the file.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The entry of a request.
    pub fn get(&self, kind: EntryKind, key: &str) -> Option<&Entry> {
        self.entries.get(&(kind, key.to_owned()))
    }

    /// Every entry: chats before embeddings, by key.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// How many entries it has.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Writes the entries of `calls` that `wanted` names as a cassette, whole or not at all: how many.
    /// The same entries give the same bytes.
    ///
    /// # Errors
    /// When the database cannot be read or the file cannot be written.
    pub fn write(
        calls: &Calls,
        path: &Path,
        wanted: impl Fn(&Entry) -> bool,
    ) -> Result<u64, TrafficError> {
        let fail = TrafficError::io;
        if let Some(parent) = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
        {
            std::fs::create_dir_all(parent).map_err(fail(parent))?;
        }
        let part = {
            let mut name = path.file_name().unwrap_or_default().to_owned();
            name.push(".part");
            path.with_file_name(name)
        };
        let file = File::create(&part).map_err(fail(&part))?;
        // No date and no name in the header of the compressed file.
        let mut out = GzBuilder::new()
            .mtime(0)
            .write(BufWriter::new(file), Compression::new(LEVEL));
        let header = Header {
            memgauge_cassette: VERSION,
            tool: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let header = serde_json::to_string(&header).map_err(|error| TrafficError::Io {
            path: part.clone(),
            message: error.to_string(),
        })?;
        writeln!(out, "{header}").map_err(fail(&part))?;
        let mut count = 0;
        calls.for_each(|entry, _| {
            if wanted(&entry) {
                let line = entry.to_line().map_err(|message| TrafficError::Damaged {
                    path: calls.path().to_owned(),
                    key: entry.key.clone(),
                    message,
                })?;
                writeln!(out, "{line}").map_err(fail(&part))?;
                count += 1;
            }
            Ok(())
        })?;
        let file = out
            .finish()
            .map_err(fail(&part))?
            .into_inner()
            .map_err(|error| fail(&part)(error.into_error()))?;
        file.sync_all().map_err(fail(&part))?;
        drop(file);
        std::fs::rename(&part, path).map_err(fail(path))?;
        Ok(count)
    }
}
