//! Which version of a dataset this is.

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Digests of a dataset file, in lower-case hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// SHA-256 of the file's bytes.
    pub sha256: String,
    /// BLAKE3 of the JSON written without spaces and with sorted keys. Equal for copies that
    /// differ only in indentation, escapes, key order or a byte order mark.
    pub content: String,
    /// Length of the file in bytes.
    pub bytes: u64,
}

impl Fingerprint {
    /// Of the file's bytes, and of its canonical JSON, which `content` has taken in.
    pub(crate) fn new(bytes: &[u8], content: &blake3::Hasher) -> Self {
        Self {
            sha256: hex(&Sha256::digest(bytes)),
            content: content.finalize().to_hex().to_string(),
            bytes: bytes.len() as u64,
        }
    }
}

/// SHA-256 of a file in lower-case hexadecimal, read in pieces.
///
/// # Errors
/// When the file cannot be opened or read.
pub fn sha256_file(path: &Path) -> std::io::Result<String> {
    let mut file = std::fs::File::open(path)?;
    let mut digest = Sha256::new();
    let mut piece = vec![0_u8; 1 << 16];
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            return Ok(hex(&digest.finalize()));
        }
        digest.update(piece.get(..read).unwrap_or_default());
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
