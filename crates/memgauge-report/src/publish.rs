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
    let summary = summarise(dir, manifest, bootstrap)?;
    dir.write_json(files::SUMMARY, &summary)?;
    let text = table::report(&summary, table::Style::Markdown);
    dir.write_whole(files::REPORT, text.as_bytes())?;
    write_parquet(dir)?;
    Ok(summary)
}
