//! `memgauge merge`

use memgauge_experiment::merge::merge;
use memgauge_report::loss::LossRules;

use crate::cli::{Global, MergeArgs};
use crate::{exit, output};

pub(crate) fn run(args: &MergeArgs, global: &Global) -> anyhow::Result<u8> {
    let (dir, summary) = merge(&args.parts, &args.out)?;
    let failed: usize = summary.variants.iter().map(|variant| variant.failed).sum();
    args.view
        .print(&dir, summary, &LossRules::default(), args.format)?;
    if !global.quiet {
        let dir = dir.path().display();
        output::note(&format!("written to {dir}\nnext: memgauge show {dir}"));
    }
    Ok(if failed > 0 {
        exit::FAILURES
    } else {
        exit::DONE
    })
}
