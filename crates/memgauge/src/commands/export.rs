//! `memgauge export`

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, ValueEnum};
use memgauge_report::{FlatTable, RunDir, write_flat_table};

use crate::{exit, output};

/// A file of a run as a flat table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Which {
    /// One line per variant, question and repeat.
    Records,
    /// One line per operation on a memory.
    Ingest,
    /// One line per thing that was measured.
    Timings,
    /// One line per call of a model behind an API.
    Calls,
}

impl From<Which> for FlatTable {
    fn from(which: Which) -> Self {
        match which {
            Which::Records => Self::Records,
            Which::Ingest => Self::Ingest,
            Which::Timings => Self::Timings,
            Which::Calls => Self::Calls,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// A run directory.
    dir: PathBuf,
    /// Which tables (default: all).
    #[arg(value_enum)]
    tables: Vec<Which>,
    /// Folder to write them into, instead of the run directory.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(crate) fn run(args: &ExportArgs) -> anyhow::Result<u8> {
    let dir = RunDir::open(&args.dir)?;
    // Says which version wrote it, if this one cannot read it.
    dir.manifest()?;
    let folder = args.out.as_deref().unwrap_or(dir.path());
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let tables: Vec<FlatTable> = match args.tables.as_slice() {
        [] => FlatTable::ALL.to_vec(),
        some => some.iter().copied().map(FlatTable::from).collect(),
    };
    for table in tables {
        let (path, rows) = write_flat_table(&dir, table, folder)?;
        output::result(&format!("{} ({rows} rows)", path.display()))?;
    }
    Ok(exit::DONE)
}
