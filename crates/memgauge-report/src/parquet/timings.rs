//! `timings.parquet`: one line per thing that was measured, the charges of all its stages together.

use polars::prelude::DataFrame;

use super::{ParquetError, column, name_of};
use crate::record::{ChargeRow, TimingRow};
use crate::rundir::RunDir;

pub(super) fn frame(dir: &RunDir) -> Result<DataFrame, ParquetError> {
    let mut rows: Vec<TimingRow> = Vec::new();
    dir.timings(|row| rows.push(row))?;
    let rows = rows.as_slice();
    let sum =
        |row: &TimingRow, of: fn(&ChargeRow) -> f64| row.charges.values().map(of).sum::<f64>();
    // A sum is unknown as soon as one of its parts is.
    let all = |row: &TimingRow, of: fn(&ChargeRow) -> Option<u64>| {
        row.charges.values().map(of).sum::<Option<u64>>()
    };
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
        column(rows, "ms", |row| row.ms),
        column(rows, "replayed_ms", |row| row.replayed_ms),
        column(rows, "traffic", |row| {
            let named: Vec<String> = row.traffic.iter().filter_map(name_of).collect();
            named.join(" ")
        }),
        column(rows, "warm_up", |row| row.warm_up),
        column(rows, "in_flight", |row| row.in_flight),
        column(rows, "load", |row| row.load),
        column(rows, "calls", |row| {
            row.charges.values().map(|charge| charge.calls).sum::<u64>()
        }),
        column(rows, "input_tokens", |row| {
            all(row, |charge| charge.input_tokens)
        }),
        column(rows, "output_tokens", |row| {
            all(row, |charge| charge.output_tokens)
        }),
        column(rows, "own_ms", |row| sum(row, |charge| charge.own_ms)),
        column(rows, "provider_ms", |row| {
            sum(row, |charge| charge.provider_ms)
        }),
        column(rows, "backoff_ms", |row| {
            sum(row, |charge| charge.backoff_ms)
        }),
        column(rows, "paused_ms", |row| sum(row, |charge| charge.paused_ms)),
    ];
    Ok(DataFrame::new(rows.len(), columns)?)
}
