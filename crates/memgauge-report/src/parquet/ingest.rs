//! `ingest.parquet`: one line per operation on a memory, and per end of an ingestion.

use memgauge_core::How;
use polars::prelude::DataFrame;

use super::{ParquetError, column, name_of};
use crate::record::IngestRow;
use crate::rundir::RunDir;

pub(super) fn frame(dir: &RunDir) -> Result<DataFrame, ParquetError> {
    let mut rows: Vec<IngestRow> = Vec::new();
    dir.ingest(|row| rows.push(row))?;
    let rows = rows.as_slice();
    // A list in one cell, as ids are written: `D1:3 D1:4`.
    let turns = |row: &IngestRow, wanted: fn(&memgauge_core::Source) -> bool| {
        let sources = row.event.as_ref()?.sources.iter();
        let named: Vec<String> = sources
            .filter(|source| wanted(source))
            .map(|source| source.turn.to_string())
            .collect();
        Some(named.join(" "))
    };
    let columns = vec![
        column(rows, "variant", |row| row.variant.clone()),
        column(rows, "conversation", |row| {
            row.conversation.as_str().to_owned()
        }),
        column(rows, "repeat", |row| row.repeat),
        column(rows, "session", |row| row.session),
        column(rows, "seq", |row| row.seq),
        column(rows, "op", |row| name_of(&row.event.as_ref()?.op)),
        column(rows, "memory", |row| Some(row.event.as_ref()?.id?.0)),
        column(rows, "before", |row| row.event.as_ref()?.before.clone()),
        column(rows, "after", |row| row.event.as_ref()?.after.clone()),
        column(rows, "replaces", |row| Some(row.event.as_ref()?.replaces)),
        column(rows, "cited", |row| {
            turns(row, |source| source.how == How::Cited)
        }),
        column(rows, "window", |row| {
            turns(row, |source| source.how == How::Window)
        }),
        column(rows, "at", |row| Some(row.event.as_ref()?.at.to_string())),
        column(rows, "memories", |row| row.memories),
    ];
    Ok(DataFrame::new(rows.len(), columns)?)
}
