//! The command line as a user meets it.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests fail by panicking and say on standard error which real data they used"
)]

mod budget;
mod commands;
mod compare;
mod documents;
mod edges;
mod errata;
mod errors;
mod external;
#[path = "../../../memgauge-model/tests/common/fault.rs"]
mod fault;
mod faults;
mod formats;
mod gate;
mod generate;
mod history;
mod import;
mod isolation;
mod judge_errors;
mod killed;
mod losses;
mod memory;
mod models;
mod names;
mod paid;
mod plan;
mod plot;
mod prompts;
mod protocols;
mod provider;
mod published;
mod quickstart;
mod rank;
mod real_data;
mod repeats;
mod report;
mod resume;
mod retried;
mod shard;
mod sharing;
mod traffic;

use std::path::{Path, PathBuf};
use std::process::Command;

/// Root of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("crates/memgauge lies two folders deep")
        .to_owned()
}

/// `memgauge` in the workspace's root, without the caller's environment.
pub fn memgauge() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_memgauge"));
    command.current_dir(root()).env_clear();
    command
}

/// What a command left behind.
pub struct Ended {
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// Runs it to the end.
pub fn end(command: &mut Command) -> Ended {
    let output = command.output().expect("memgauge starts");
    Ended {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The one run directory in `out`.
pub fn only_run(out: &Path) -> PathBuf {
    let mut runs: Vec<PathBuf> = std::fs::read_dir(out)
        .expect("the folder of runs")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    assert_eq!(runs.len(), 1, "{runs:?}");
    runs.remove(0)
}

/// Bytes of a file of a run.
pub fn bytes(run: &Path, file: &str) -> Vec<u8> {
    std::fs::read(run.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The folder of real data, unless it is not set: then the test says so.
pub fn real_data(test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("MEMGAUGE_DATA").map(PathBuf::from);
    match folder {
        Some(folder) => {
            eprintln!("real-data test ran: {test}");
            Some(folder)
        }
        None => {
            eprintln!("real-data test skipped: {test}");
            None
        }
    }
}
