//! What a finished run shows: everything here can be made again from its files at any time.

use crate::manifest::Manifest;
use crate::parquet::write_parquet;
use crate::rundir::{RunDir, files};
use crate::statistics::Bootstrap;
use crate::summary::{Summary, SummaryError, summarise};
use crate::table;

/// Writes the summary, the report and the table of records of a finished run.
///
/// # Errors
/// When its files cannot be read or these cannot be written.
pub fn publish(
    dir: &RunDir,
    manifest: &Manifest,
    bootstrap: Bootstrap,
) -> Result<Summary, SummaryError> {
    // Both read all records; neither waits for the other.
    let (table, summary) = rayon::join(
        || write_parquet(dir),
        || summarise(dir, manifest, bootstrap),
    );
    table?;
    let summary = summary?;
    let text = table::report(&summary, table::Style::Markdown);
    dir.write_whole(files::REPORT, text.as_bytes())?;
    // Last: with it a run counts as finished.
    dir.write_json(files::SUMMARY, &summary)?;
    Ok(summary)
}
