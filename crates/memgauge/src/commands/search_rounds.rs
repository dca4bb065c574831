//! `memgauge search-rounds`: one side of `memgauge gate --remeasure`.

use std::path::PathBuf;

use clap::Args;
use memgauge_experiment::search_rounds::serve;

use crate::{exit, places};

/// Ingest what a file says and measure searches as asked on standard input (docs/FORMAT.md). `gate --remeasure` calls it.
#[derive(Debug, Args)]
#[command(after_help = "Example (gate does this):\n  memgauge search-rounds task.json")]
pub(crate) struct SearchRoundsArgs {
    /// What is to be ingested.
    task: PathBuf,
}

pub(crate) async fn run(args: &SearchRoundsArgs) -> anyhow::Result<u8> {
    let (input, output) = (std::io::stdin().lock(), std::io::stdout().lock());
    serve(&args.task, places::supplies(), input, output).await?;
    Ok(exit::DONE)
}
