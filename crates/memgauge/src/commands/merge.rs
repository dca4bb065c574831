//! `memgauge merge`

use memgauge_experiment::merge::merge;
use memgauge_report::table;

use crate::cli::{Format, Global, MergeArgs};
use crate::{exit, output};

pub(crate) fn run(args: &MergeArgs, global: &Global) -> anyhow::Result<u8> {
    let (dir, summary) = merge(&args.parts, &args.out)?;
    match args.format {
        Format::Human => output::result(&table::report(&summary, table::Style::Text))?,
        Format::Markdown => output::result(&table::report(&summary, table::Style::Markdown))?,
        Format::Json => output::json(&summary)?,
    }
    if !global.quiet {
        let dir = dir.path().display();
        output::note(&format!("written to {dir}\nnext: memgauge show {dir}"));
    }
    let failed: usize = summary.variants.iter().map(|variant| variant.failed).sum();
    Ok(if failed > 0 {
        exit::FAILURES
    } else {
        exit::DONE
    })
}
