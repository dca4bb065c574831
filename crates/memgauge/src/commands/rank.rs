//! `memgauge rank`

use clap::Args;
use memgauge_report::compare::CompareError;
use memgauge_report::rank::{RankOptions, rank, rank_by_key};
use memgauge_report::table;

use super::compare::{ErrataOption, Read, bootstrap, categories, read};
use crate::cli::Format;
use crate::view::NamesOption;
use crate::{exit, output};

const EXAMPLES: &str = "\
Examples:
  memgauge rank reports/runs/*
  memgauge rank reports/runs/* --errata errors.json --key published
  memgauge rank RUN IMPORTED RUN:turns-hybrid-swapped --metric f1.locomo --format markdown";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct RankArgs {
    /// Run directories, own or imported, or one variant of them; a directory stands for all its variants but the
    /// controls.
    #[arg(required = true, value_name = "DIR[:VARIANT]")]
    arms: Vec<String>,
    /// The metric to sort by [default: j where every arm has labels, otherwise f1.locomo].
    #[arg(long, value_name = "NAME")]
    metric: Option<String>,
    /// Only these categories, by name or number [default: 1 to 4 together, and each alone].
    #[arg(long, value_name = "NAME|N,..", value_delimiter = ',')]
    category: Vec<String>,
    /// Labels of `memgauge judge --name NAME` instead of the runs' own.
    #[arg(long, value_name = "NAME")]
    judge: Option<String>,
    #[command(flatten)]
    naming: NamesOption,
    #[command(flatten)]
    errata: ErrataOption,
    /// Seed of the resampling [default: that of the first run].
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// How the leaderboard is written.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

pub(crate) fn run(args: &RankArgs) -> anyhow::Result<u8> {
    let names = args.naming.names;
    let arms = read(&args.arms, args.judge.as_deref(), &args.errata)?;
    let options = RankOptions {
        metric: args.metric.clone(),
        categories: categories(&args.category, names)?,
        names,
        bootstrap: bootstrap(arms.decisive(), args.seed),
    };
    let found = match &arms {
        Read::Plain(arms) => rank(arms, &options),
        Read::Keyed(arms, key) => rank_by_key(arms, *key, &options),
    };
    let ranking = match found {
        Ok(ranking) => ranking,
        Err(error @ CompareError::Statistics(_)) => return Err(error.into()),
        Err(error) => return Err(exit::user(error.to_string())),
    };
    output::formatted(args.format, &ranking, |style| {
        table::ranking(&ranking, style)
    })?;
    Ok(exit::DONE)
}
