//! Names of run directories: when a run started, what it is called, and what it is.

use std::path::{Path, PathBuf};

use crate::rundir::{RunDir, RunDirError};

/// A new run directory `<utc>-<name>-<digest>` in `out`, with `suffix` behind it, and what [`new_run`] adds.
/// `started` is RFC 3339 in UTC.
///
/// # Errors
/// When it cannot be made.
pub fn create_run(
    out: &Path,
    started: &str,
    name: &str,
    digest: &str,
    suffix: &str,
) -> Result<RunDir, RunDirError> {
    let name = run_name(started, name, digest) + suffix;
    new_run(out, &name, RunDir::create)
}

/// What `make` makes of the path `name` in `out`; where that is taken, with `-2`, `-3` and so on behind it: two runs of
/// one experiment may start in the same second.
///
/// # Errors
/// When it cannot be made.
pub fn new_run<T>(
    out: &Path,
    name: &str,
    make: impl Fn(PathBuf) -> Result<T, RunDirError>,
) -> Result<T, RunDirError> {
    let mut attempt = 1;
    loop {
        let path = match attempt {
            1 => out.join(name),
            n => out.join(format!("{name}-{n}")),
        };
        match make(path) {
            Err(RunDirError::Exists { .. }) if attempt < 100 => attempt += 1,
            end => return end,
        }
    }
}

/// `<utc>-<name>-<digest>`: the start to the second, and the first 8 digits of the digest.
pub fn run_name(started: &str, name: &str, digest: &str) -> String {
    let stamp: String = started
        .chars()
        .take(19)
        .filter(|c| *c != '-' && *c != ':')
        .collect();
    let short = digest.get(..8).unwrap_or(digest);
    format!("{stamp}-{name}-{short}")
}
