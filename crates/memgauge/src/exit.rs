//! Exit codes, and the errors that lead to them.

use memgauge_dataset::{DatasetError, DownloadError};
use memgauge_experiment::ExperimentError;
use memgauge_experiment::memory::MemoryError;
use memgauge_report::RunDirError;
use memgauge_report::arm::SelectionError;
use memgauge_report::baseline::BaselineError;
use memgauge_report::history::HistoryError;
use memgauge_report::import::ImportError;

/// Done.
pub(crate) const DONE: u8 = 0;
/// A fault of memgauge.
pub(crate) const INTERNAL: u8 = 1;
/// Usage, config or input; nothing was created.
pub(crate) const USAGE: u8 = 2;
/// Finished, with questions that have no answer, or rows of a file that are no records.
pub(crate) const FAILURES: u8 = 3;
/// Stopped by disk or network, by a model's key, address or name, or by a replay that lacks a reply; can be
/// resumed.
pub(crate) const STOPPED: u8 = 4;
/// Quota or budget reached; can be resumed.
pub(crate) const BUDGET: u8 = 5;
/// A gate found that something got worse.
pub(crate) const REGRESSED: u8 = 10;
/// A gate could not decide, and its policy wants it to.
pub(crate) const UNDERPOWERED: u8 = 11;
/// Runs cannot be compared: their conditions differ.
pub(crate) const INCOMPARABLE: u8 = 12;
/// Interrupted; can be resumed.
pub(crate) const INTERRUPTED: u8 = 130;

/// Shown under `--help`.
pub(crate) const HELP: &str = "\
Exit codes:
    0  done
    1  internal error
    2  usage, config or input is wrong; nothing was created
    3  finished, with questions that have no answer (a component or model failed), or rows of an imported file
       that became no records
    4  stopped by disk or network, a wrong key, address or model, or a replay that lacks a reply; can be resumed
    5  quota or budget reached; can be resumed
   10  gate: something got worse
   11  gate: these questions cannot tell, and the policy wants to know
   12  incomparable: datasets, questions, judges, prompts or names differ
  130  interrupted; can be resumed

Environment:
  MEMGAUGE_DATA   folder with datasets/locomo10.json (or locomo10.json)
  NO_COLOR        no colours";

/// A mistake in what the user gave.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UserError(pub(crate) String);

/// A user's mistake as an error of the command.
pub(crate) fn user(message: impl Into<String>) -> anyhow::Error {
    anyhow::Error::new(UserError(message.into()))
}

/// The code for an error that ends the program.
pub(crate) fn code(error: &anyhow::Error) -> u8 {
    for cause in error.chain() {
        if let Some(error) = cause.downcast_ref::<ExperimentError>() {
            return match error {
                error if error.is_users() => USAGE,
                ExperimentError::Stopped(_)
                | ExperimentError::NotRecorded(_)
                | ExperimentError::SetUp(_)
                | ExperimentError::Summary(_) => STOPPED,
                ExperimentError::Quota(_) => BUDGET,
                _ => INTERNAL,
            };
        }
        if let Some(error) = cause.downcast_ref::<MemoryError>() {
            return match error {
                error if error.is_users() => USAGE,
                error if error.is_outside() => STOPPED,
                _ => INTERNAL,
            };
        }
        if let Some(error) = cause.downcast_ref::<DownloadError>() {
            return match error {
                DownloadError::Network { .. }
                | DownloadError::Status { .. }
                | DownloadError::Disk { .. } => STOPPED,
                _ => USAGE,
            };
        }
        if let Some(error) = cause.downcast_ref::<ImportError>() {
            return match error {
                ImportError::Summary(_) => STOPPED,
                _ => USAGE,
            };
        }
        if cause.is::<UserError>()
            || cause.is::<DatasetError>()
            || cause.is::<RunDirError>()
            || cause.is::<SelectionError>()
            || cause.is::<BaselineError>()
            || cause.is::<HistoryError>()
        {
            return USAGE;
        }
    }
    INTERNAL
}

/// The error with its causes, each told once.
pub(crate) fn message(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if text.contains(&cause) {
            continue;
        }
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&cause);
    }
    text
}

/// Whether nobody reads our output any more (`memgauge show DIR | head`).
pub(crate) fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
    })
}
