//! The files of a run as flat tables, through polars. Columns are listed in docs/FORMAT.md.

mod calls;
mod ingest;
mod records;
mod timings;

use std::fs::File;
use std::path::{Path, PathBuf};

use polars::prelude::{Column, DataFrame, NamedFrom, PolarsError, Series};
use polars_io::prelude::ParquetWriter;
use serde::Serialize;

use crate::rundir::{RunDir, RunDirError, files};

/// A file of a run that can be written as a flat table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FlatTable {
    /// `records.jsonl`: one line per variant, question and repeat.
    Records,
    /// `ingest.jsonl`: one line per operation on a memory.
    Ingest,
    /// `timings.jsonl`: one line per thing that was measured.
    Timings,
    /// `calls.jsonl`: one line per call of a model behind an API.
    Calls,
}

impl FlatTable {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Records, Self::Ingest, Self::Timings, Self::Calls];

    /// Name of the file that it is written to.
    pub fn file(self) -> &'static str {
        match self {
            Self::Records => files::PARQUET,
            Self::Ingest => "ingest.parquet",
            Self::Timings => "timings.parquet",
            Self::Calls => "calls.parquet",
        }
    }

    fn frame(self, dir: &RunDir) -> Result<DataFrame, ParquetError> {
        match self {
            Self::Records => records::frame(dir),
            Self::Ingest => ingest::frame(dir),
            Self::Timings => timings::frame(dir),
            Self::Calls => calls::frame(dir),
        }
    }
}

/// The table cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum ParquetError {
    /// The files of the run cannot be read.
    #[error(transparent)]
    Run(#[from] RunDirError),
    /// The table cannot be made.
    #[error("the table cannot be made: {0}")]
    Table(#[from] PolarsError),
    /// The table cannot be written.
    #[error("{}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: PolarsError,
    },
}

/// Writes `records.parquet` beside `records.jsonl`.
///
/// # Errors
/// When the records cannot be read or the file cannot be written.
pub fn write_parquet(dir: &RunDir) -> Result<(), ParquetError> {
    write_flat_table(dir, FlatTable::Records, dir.path()).map(|_| ())
}

/// Writes `table` of a run into `folder`; returns the file and its number of rows. An existing file is replaced when
/// the new one is whole.
///
/// # Errors
/// When the files of the run cannot be read or the table cannot be written.
pub fn write_flat_table(
    dir: &RunDir,
    table: FlatTable,
    folder: &Path,
) -> Result<(PathBuf, usize), ParquetError> {
    let mut frame = table.frame(dir)?;
    let path = folder.join(table.file());
    let draft = folder.join(format!("{}.part", table.file()));
    let refused = |source: PolarsError| ParquetError::Write {
        path: path.clone(),
        source,
    };
    let file = File::create(&draft).map_err(|error| refused(error.into()))?;
    ParquetWriter::new(file)
        .finish(&mut frame)
        .map_err(refused)?;
    std::fs::rename(&draft, &path).map_err(|error| refused(error.into()))?;
    Ok((path, frame.height()))
}

fn column<R, T, A: ?Sized>(rows: &[R], name: &str, value: impl Fn(&R) -> T) -> Column
where
    Series: NamedFrom<Vec<T>, A>,
{
    Series::new(name.into(), rows.iter().map(value).collect::<Vec<T>>()).into()
}

/// The name of a unit variant, as the `.jsonl` files have it.
fn name_of(value: &impl Serialize) -> Option<String> {
    let value = serde_json::to_value(value).ok()?;
    value.as_str().map(str::to_owned)
}
