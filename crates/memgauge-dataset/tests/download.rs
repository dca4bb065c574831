//! Downloads from a local server: what is pinned arrives whole, anything else leaves nothing.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use memgauge_dataset::{DownloadError, Fetched, Pinned, fetch, sha256_file};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

fn body() -> Vec<u8> {
    (0..300_000_u32).map(|n| (n % 251) as u8).collect()
}

fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A server that gives every caller the same answer and counts them.
struct Server {
    url: String,
    asked: Arc<AtomicUsize>,
}

impl Server {
    fn new(status: &str, body: Vec<u8>) -> Self {
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        Self::raw(head, body)
    }

    /// Sends `head` and `body` as they are and hangs up.
    fn raw(head: String, body: Vec<u8>) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/file.bin", listener.local_addr().unwrap());
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                counter.fetch_add(1, Ordering::SeqCst);
                let mut request = [0_u8; 4_096];
                let _ = stream.read(&mut request).unwrap();
                stream.write_all(head.as_bytes()).unwrap();
                // The client may hang up first.
                let _ = stream.write_all(&body);
            }
        });
        Self { url, asked }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn pinned(&self) -> Pinned {
        Pinned {
            url: self.url.clone(),
            sha256: sha256(&body()),
            bytes: body().len() as u64,
        }
    }
}

fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let dest = folder.path().join("new/folder/file.bin");
    (folder, dest)
}

fn files_beside(dest: &Path) -> usize {
    let folder = dest.parent().unwrap();
    if folder.exists() {
        std::fs::read_dir(folder).unwrap().count()
    } else {
        0
    }
}

#[tokio::test]
async fn the_pinned_file_arrives_once() {
    let server = Server::new("200 OK", body());
    let (_folder, dest) = place();
    let mut seen = Vec::new();
    let mut progress = |read: u64, total: Option<u64>| seen.push((read, total));
    let pinned = server.pinned();
    let fetched = fetch(&pinned, &dest, &mut progress).await.unwrap();
    assert_eq!(fetched, Fetched::Downloaded);
    assert_eq!(std::fs::read(&dest).unwrap(), body());
    assert_eq!(sha256_file(&dest).unwrap(), pinned.sha256);
    assert_eq!(files_beside(&dest), 1);
    assert_eq!(seen[0], (0, Some(300_000)));
    assert_eq!(seen.last(), Some(&(300_000, Some(300_000))));
    assert!(seen.windows(2).all(|pair| pair[0].0 <= pair[1].0));

    let again = fetch(&pinned, &dest, &mut |_, _| {}).await.unwrap();
    assert_eq!(again, Fetched::Present);
    assert_eq!(server.asked(), 1);
}

#[tokio::test]
async fn another_content_leaves_nothing() {
    let mut other = body();
    other[77] ^= 1;
    let server = Server::new("200 OK", other);
    let (_folder, dest) = place();
    let error = fetch(&server.pinned(), &dest, &mut |_, _| {})
        .await
        .unwrap_err();
    assert!(matches!(error, DownloadError::Digest { .. }), "{error}");
    assert_eq!(files_beside(&dest), 0);
}

#[tokio::test]
async fn another_length_leaves_nothing() {
    let short = body()[..1_000].to_vec();
    let server = Server::new("200 OK", short);
    let (_folder, dest) = place();
    let error = fetch(&server.pinned(), &dest, &mut |_, _| {})
        .await
        .unwrap_err();
    assert!(
        matches!(error, DownloadError::Length { found: 1_000, .. }),
        "{error}"
    );
    assert_eq!(files_beside(&dest), 0);
}

#[tokio::test]
async fn not_found_says_so_and_where_the_file_belongs() {
    let server = Server::new("404 Not Found", Vec::new());
    let (_folder, dest) = place();
    let error = fetch(&server.pinned(), &dest, &mut |_, _| {})
        .await
        .unwrap_err();
    let message = error.to_string();
    assert!(message.contains("404 Not Found"), "{message}");
    assert!(message.contains(&dest.display().to_string()), "{message}");
    assert_eq!(files_beside(&dest), 0);
}

#[tokio::test]
async fn without_a_server_the_error_says_where_the_file_belongs() {
    // A port that was free a moment ago: nobody listens there.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let pinned = Pinned {
        url: format!("http://127.0.0.1:{port}/file.bin"),
        sha256: sha256(&body()),
        bytes: 300_000,
    };
    let (_folder, dest) = place();
    let error = fetch(&pinned, &dest, &mut |_, _| {}).await.unwrap_err();
    assert!(matches!(error, DownloadError::Network { .. }), "{error}");
    let message = error.to_string();
    assert!(message.contains("without network"), "{message}");
    assert!(message.contains("refused"), "{message}");
    assert!(message.contains(&dest.display().to_string()), "{message}");
    assert_eq!(files_beside(&dest), 0);
}

#[tokio::test]
async fn another_file_in_the_place_is_not_overwritten() {
    let server = Server::new("200 OK", body());
    let folder = tempfile::tempdir().unwrap();
    let dest = folder.path().join("file.bin");
    std::fs::write(&dest, "mine").unwrap();
    let error = fetch(&server.pinned(), &dest, &mut |_, _| {})
        .await
        .unwrap_err();
    assert!(matches!(error, DownloadError::Occupied { .. }), "{error}");
    assert_eq!(std::fs::read_to_string(&dest).unwrap(), "mine");
    assert_eq!(server.asked(), 0);
}

#[tokio::test]
async fn a_connection_that_breaks_off_leaves_nothing() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n".to_owned();
    let pinned = Server::raw(head, body()[..100_000].to_vec()).pinned();
    let (_folder, dest) = place();
    let error = fetch(&pinned, &dest, &mut |_, _| {}).await.unwrap_err();
    assert!(matches!(error, DownloadError::Network { .. }), "{error}");
    assert_eq!(files_beside(&dest), 0);
}

#[tokio::test]
async fn a_body_without_a_length_is_stopped_when_it_is_too_long() {
    let head = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".to_owned();
    let mut long = body();
    long.extend_from_slice(&[0; 500_000]);
    let pinned = Server::raw(head, long).pinned();
    let (_folder, dest) = place();
    let mut most = 0;
    let error = fetch(&pinned, &dest, &mut |read, total| {
        assert_eq!(total, None);
        most = read;
    })
    .await
    .unwrap_err();
    assert!(matches!(error, DownloadError::Length { .. }), "{error}");
    assert!(most <= 300_000, "{most}");
    assert_eq!(files_beside(&dest), 0);
}
