//! `calls.parquet`: one line per call of a model behind an API.

use memgauge_core::meter::CallOutcome;
use polars::prelude::DataFrame;

use super::{ParquetError, column, name_of};
use crate::call::CallRow;
use crate::rundir::RunDir;

pub(super) fn frame(dir: &RunDir) -> Result<DataFrame, ParquetError> {
    let mut rows: Vec<CallRow> = Vec::new();
    dir.calls(|row| rows.push(row))?;
    let rows = rows.as_slice();
    let columns = vec![
        column(rows, "variant", |row| row.variant.clone()),
        column(rows, "phase", |row| name_of(&row.phase)),
        column(rows, "conversation", |row| {
            row.conversation.as_str().to_owned()
        }),
        column(rows, "session", |row| row.session),
        column(rows, "question", |row| Some(row.question.as_ref()?.index)),
        column(rows, "repeat", |row| row.repeat),
        column(rows, "run", |row| row.run),
        column(rows, "seq", |row| row.seq),
        column(rows, "stage", |row| name_of(&row.stage)),
        column(rows, "kind", |row| name_of(&row.kind)),
        column(rows, "model", |row| row.model.clone()),
        column(rows, "served_by", |row| row.served_by.clone()),
        column(rows, "request", |row| row.request.clone()),
        column(rows, "traffic", |row| name_of(&row.traffic)),
        column(rows, "inputs", |row| row.inputs),
        column(rows, "input_tokens", |row| row.input_tokens),
        column(rows, "output_tokens", |row| row.output_tokens),
        column(rows, "cached_tokens", |row| row.cached_tokens),
        column(rows, "reasoning_tokens", |row| row.reasoning_tokens),
        column(rows, "counted", |row| row.counted),
        column(rows, "dollars", |row| row.dollars),
        column(rows, "attempts", |row| row.attempts),
        column(rows, "own_ms", |row| row.own_ms),
        column(rows, "provider_ms", |row| row.provider_ms),
        column(rows, "backoff_ms", |row| row.backoff_ms),
        column(rows, "paused_ms", |row| row.paused_ms),
        column(rows, "replayed_ms", |row| row.replayed_ms),
        column(rows, "outcome", |row| match row.outcome {
            CallOutcome::Usable => "usable",
            CallOutcome::Truncated => "truncated",
            CallOutcome::Malformed => "malformed",
            CallOutcome::Failed(_) => "failed",
        }),
        column(rows, "error", |row| match row.outcome {
            CallOutcome::Failed(kind) => Some(kind.name()),
            _ => None,
        }),
        column(rows, "background", |row| row.background),
    ];
    Ok(DataFrame::new(rows.len(), columns)?)
}
