//! Files fetched from a pinned address: what arrives is what was pinned, or nothing arrives.
//!
//! Proxies named in the environment are used as by any other program: the HTTP client reads them.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tokio::io::AsyncWriteExt as _;

use crate::fingerprint::{hex, sha256_file};

/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// Longest silence of the server while a file is read.
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// A file at an address, known by its digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pinned {
    /// Address of the file.
    pub url: String,
    /// SHA-256 of the file in hexadecimal.
    pub sha256: String,
    /// Length of the file in bytes.
    pub bytes: u64,
}

/// What [`fetch`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fetched {
    /// The file was there already, with the right digest; the network was not used.
    Present,
    /// The file was downloaded.
    Downloaded,
}

/// A file cannot be fetched. Nothing is left in its place.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// The server cannot be reached, or the connection broke off.
    #[error(
        "no connection to {url}: {message}; without network, get the file elsewhere and put it at `{}`",
        dest.display()
    )]
    Network {
        /// The address.
        url: String,
        /// What the client says.
        message: String,
        /// Where the file belongs.
        dest: PathBuf,
    },
    /// The server has an answer, but not the file.
    #[error(
        "{url}: the server answers {status}; get the file elsewhere and put it at `{}`",
        dest.display()
    )]
    Status {
        /// The address.
        url: String,
        /// The HTTP status, such as `404 Not Found`.
        status: String,
        /// Where the file belongs.
        dest: PathBuf,
    },
    /// What arrived has another length than what is pinned.
    #[error(
        "{url}: {found} bytes, expected {expected}: the file changed upstream or was cut short"
    )]
    Length {
        /// The address.
        url: String,
        /// Length in bytes, or the least that it must be.
        found: u64,
        /// Pinned length in bytes.
        expected: u64,
    },
    /// What arrived is not what is pinned.
    #[error(
        "{url}: sha256 is {found}, expected {expected}: the file changed upstream or was altered"
    )]
    Digest {
        /// The address.
        url: String,
        /// SHA-256 of what arrived.
        found: String,
        /// Pinned SHA-256.
        expected: String,
    },
    /// Another file is in the place; it is not overwritten.
    #[error(
        "`{}` exists with sha256 {found}, expected {expected}: move it away, then fetch again",
        dest.display()
    )]
    Occupied {
        /// The place.
        dest: PathBuf,
        /// SHA-256 of the file that is there.
        found: String,
        /// Pinned SHA-256.
        expected: String,
    },
    /// The disk refuses.
    #[error("`{}`: {source}", path.display())]
    Disk {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

/// Fetches a pinned file to `dest`, making its folder. The bytes are streamed to a `.part` file
/// beside it, checked, and renamed into place. `progress` is called with the bytes so far and the
/// length if the server names one.
///
/// # Errors
/// When the file cannot be had as pinned, or `dest` holds another file. Nothing is left behind.
pub async fn fetch(
    pinned: &Pinned,
    dest: &Path,
    progress: &mut (dyn FnMut(u64, Option<u64>) + Send),
) -> Result<Fetched, DownloadError> {
    let disk = |path: &Path| {
        let path = path.to_owned();
        move |source| DownloadError::Disk { path, source }
    };
    if dest.exists() {
        let found = sha256_file(dest).map_err(disk(dest))?;
        return if found.eq_ignore_ascii_case(&pinned.sha256) {
            Ok(Fetched::Present)
        } else {
            Err(DownloadError::Occupied {
                dest: dest.to_owned(),
                found,
                expected: pinned.sha256.clone(),
            })
        };
    }
    let response = request(pinned, dest).await?;
    if let Some(folder) = dest.parent() {
        std::fs::create_dir_all(folder).map_err(disk(folder))?;
    }
    let part = Part::beside(dest);
    let found = stream(pinned, dest, &part, response, progress).await?;
    if !found.eq_ignore_ascii_case(&pinned.sha256) {
        return Err(DownloadError::Digest {
            url: pinned.url.clone(),
            found,
            expected: pinned.sha256.clone(),
        });
    }
    std::fs::rename(&part.path, dest).map_err(disk(dest))?;
    Ok(Fetched::Downloaded)
}

async fn request(pinned: &Pinned, dest: &Path) -> Result<reqwest::Response, DownloadError> {
    let network = |error: reqwest::Error| network(pinned, dest, &error);
    let client = reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .user_agent(concat!("memgauge/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(network)?;
    let response = client.get(&pinned.url).send().await.map_err(network)?;
    if !response.status().is_success() {
        return Err(DownloadError::Status {
            url: pinned.url.clone(),
            status: response.status().to_string(),
            dest: dest.to_owned(),
        });
    }
    match response.content_length() {
        Some(found) if found != pinned.bytes => Err(length(pinned, found)),
        _ => Ok(response),
    }
}

/// Writes the body to the part file and returns its SHA-256.
async fn stream(
    pinned: &Pinned,
    dest: &Path,
    part: &Part,
    mut response: reqwest::Response,
    progress: &mut (dyn FnMut(u64, Option<u64>) + Send),
) -> Result<String, DownloadError> {
    let disk = |source| DownloadError::Disk {
        path: part.path.clone(),
        source,
    };
    let total = response.content_length();
    let mut file = tokio::fs::File::create_new(&part.path)
        .await
        .map_err(disk)?;
    let mut digest = Sha256::new();
    let mut read = 0_u64;
    progress(read, total);
    while let Some(piece) = response
        .chunk()
        .await
        .map_err(|error| network(pinned, dest, &error))?
    {
        read += piece.len() as u64;
        if read > pinned.bytes {
            return Err(length(pinned, read));
        }
        digest.update(&piece);
        file.write_all(&piece).await.map_err(disk)?;
        progress(read, total);
    }
    if read != pinned.bytes {
        return Err(length(pinned, read));
    }
    file.sync_all().await.map_err(disk)?;
    Ok(hex(&digest.finalize()))
}

fn length(pinned: &Pinned, found: u64) -> DownloadError {
    DownloadError::Length {
        url: pinned.url.clone(),
        found,
        expected: pinned.bytes,
    }
}

fn network(pinned: &Pinned, dest: &Path, error: &reqwest::Error) -> DownloadError {
    // The client's own text names the address and hides the cause: the causes are the message.
    let mut causes = Vec::new();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        causes.push(error.to_string());
        cause = error.source();
    }
    DownloadError::Network {
        url: pinned.url.clone(),
        message: if causes.is_empty() {
            error.to_string()
        } else {
            causes.join(": ")
        },
        dest: dest.to_owned(),
    }
}

/// A file that is removed again unless it was renamed.
struct Part {
    path: PathBuf,
}

impl Part {
    /// A name of its own for every download, so that two at once cannot mix.
    fn beside(dest: &Path) -> Self {
        static DOWNLOADS: AtomicU64 = AtomicU64::new(0);
        let number = DOWNLOADS.fetch_add(1, Ordering::Relaxed);
        let mut name = dest.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}-{number}.part", std::process::id()));
        Self {
            path: dest.with_file_name(name),
        }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // After a success the file has moved and there is nothing to remove.
        let _ = std::fs::remove_file(&self.path);
    }
}
