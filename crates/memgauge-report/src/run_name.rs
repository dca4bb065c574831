//! Names of run directories: when a run started, what it is called, and what it is.

use std::path::Path;

use crate::rundir::{RunDir, RunDirError};

/// A new run directory `<utc>-<name>-<digest>` in `out`, with `suffix` behind it; where that is taken, with `-2`, `-3` and
/// so on: two runs of one experiment may start in the same second. `started` is RFC 3339 in UTC.
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
    let mut attempt = 1;
    loop {
        let name = match attempt {
            1 => name.clone(),
            n => format!("{name}-{n}"),
        };
        match RunDir::create(out.join(name)) {
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
