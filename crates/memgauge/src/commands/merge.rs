//! `memgauge merge`

use std::path::PathBuf;

use clap::Args;
use memgauge_experiment::merge::merge;
use memgauge_report::loss::LossRules;

use crate::cli::{Format, Global};
use crate::view::ViewOptions;
use crate::{exit, output};

#[derive(Debug, Args)]
pub(crate) struct MergeArgs {
    /// Run directories of all parts.
    #[arg(value_name = "DIR", required = true)]
    pub(crate) parts: Vec<PathBuf>,
    /// Folder in which the run directory of the whole is made.
    #[arg(long, value_name = "DIR", default_value = "reports/runs")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) view: ViewOptions,
    /// How the results are printed.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

pub(crate) fn run(args: &MergeArgs, global: &Global) -> anyhow::Result<u8> {
    let (dir, summary) = merge(&args.parts, &args.out)?;
    let failed: usize = summary.variants.iter().map(|variant| variant.failed).sum();
    args.view
        .print(&dir, summary, &LossRules::default(), args.format)?;
    if !global.quiet {
        let (path, word) = (dir.path().display(), output::word(dir.path()));
        output::note(&format!("written to {path}\nnext: memgauge show {word}"));
    }
    Ok(if failed > 0 {
        exit::FAILURES
    } else {
        exit::DONE
    })
}
