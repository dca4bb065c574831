//! What a run took from its models, across interruptions.

use std::sync::{Mutex, PoisonError};

use memgauge_core::Usage;
use memgauge_model::{Book, Taken};
use memgauge_report::record::PaidRow;
use memgauge_report::{Appender, RunDir, files};

use super::stopped;
use crate::error::ExperimentError;

/// What earlier processes took for this run.
pub(super) fn before(dir: &RunDir) -> Result<Taken, ExperimentError> {
    let mut taken = Taken::default();
    dir.rows(files::PAID, |row: PaidRow| {
        taken.add(&Usage {
            input: row.input_tokens,
            output: row.output_tokens,
            dollars: row.dollars,
            ..Usage::default()
        });
    })
    .map_err(stopped)?;
    Ok(taken)
}

/// Writes every reply that is paid down in the run directory. A run that pays for nothing has no such file.
pub(super) fn book(dir: &RunDir) -> Book {
    let dir = dir.clone();
    let file: Mutex<Option<Appender>> = Mutex::new(None);
    Box::new(move |paid| {
        let row = PaidRow {
            model: paid.model.to_owned(),
            kind: paid.kind,
            request: paid.request.to_owned(),
            inputs: paid.inputs,
            input_tokens: paid.usage.input,
            output_tokens: paid.usage.output,
            dollars: paid.usage.dollars,
        };
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        let appender = match &mut *file {
            Some(appender) => appender,
            None => file.insert(dir.appender(files::PAID).map_err(|e| e.to_string())?),
        };
        appender.append([&row]).map_err(|error| error.to_string())
    })
}
