//! `memgauge errata`

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use memgauge_core::Category;
use memgauge_dataset::{Dataset, Errata, ErratumKind};
use memgauge_report::errata::{ANSWER_METRICS, ceiling};
use memgauge_report::table::{Style, Table, UNKNOWN};
use serde_json::json;

use crate::cli::Format;
use crate::view::{self, NamesOption};
use crate::{exit, output, places};

/// Read errata of a dataset's answer key.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  memgauge errata errors.json
  memgauge errata errors.json --to errata.toml      # in memgauge's own format")]
pub(crate) struct ErrataArgs {
    /// The overlay: locomo-audit's errors.json, or memgauge's own format (docs/FORMAT.md).
    path: PathBuf,
    /// The dataset that it is about: a name, or a file.
    #[arg(long, value_name = "NAME|PATH", default_value = "locomo")]
    dataset: String,
    /// Write what fits in memgauge's own format into this file.
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    #[command(flatten)]
    naming: NamesOption,
    /// How the findings are written.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

pub(crate) fn run(args: &ErrataArgs) -> anyhow::Result<u8> {
    let dataset = places::dataset(&args.dataset)?;
    let errata = view::load(&args.path, &dataset)?;
    if let Some(to) = &args.to {
        let text = errata.to_toml()?;
        std::fs::write(to, text).with_context(|| to.display().to_string())?;
        output::note(&format!("written to {}", to.display()));
    }
    match args.format.style() {
        Some(style) => output::result(&text(&errata, &dataset, args, style)?)?,
        None => output::json(&json!({
            "errata": errata,
            "unfit": errata.unfit(),
            "ceiling": ceiling(&errata, golds(&dataset)),
        }))?,
    }
    Ok(exit::DONE)
}

fn golds(
    dataset: &Dataset,
) -> impl Iterator<Item = (&memgauge_core::QuestionId, Category, &memgauge_core::Gold)> {
    dataset
        .items()
        .map(|item| (&item.question.id, item.key.category, &item.key.gold))
}

fn text(
    errata: &Errata,
    dataset: &Dataset,
    args: &ErrataArgs,
    style: Style,
) -> anyhow::Result<String> {
    let mut counts: BTreeMap<(ErratumKind, Category), usize> = BTreeMap::new();
    let mut questions: BTreeMap<Category, usize> = BTreeMap::new();
    for item in dataset.items() {
        let category = item.key.category;
        *questions.entry(category).or_default() += 1;
        if let Some(erratum) = errata.get(&item.question.id) {
            *counts.entry((erratum.kind, category)).or_default() += 1;
        }
    }
    let scored = || {
        Category::ALL
            .into_iter()
            .filter(|category| category.is_scored())
    };
    let names = args.naming.names;
    let mut table = Table::new(&[&format!("errata ({})", names.label()), "1-4"]);
    table.head.extend(scored().map(|category| {
        let count = questions.get(&category).copied().unwrap_or(0);
        format!("{} (n={count})", names.of(category))
    }));
    for kind in ErratumKind::ALL {
        let of = |category| counts.get(&(kind, category)).copied().unwrap_or(0);
        let mut row = vec![
            kind.name().to_owned(),
            scored().map(of).sum::<usize>().to_string(),
        ];
        row.extend(scored().map(|category| of(category).to_string()));
        table.rows.push(row);
    }
    let best = ceiling(errata, golds(dataset));
    for metric in ANSWER_METRICS {
        let slices = std::iter::once("1-4").chain(scored().map(Category::name));
        let mut row = vec![format!("ceiling of {metric}, %")];
        row.extend(slices.map(|slice| {
            best.get(metric, slice)
                .map_or_else(|| UNKNOWN.to_owned(), |best| format!("{:.2}", 100.0 * best))
        }));
        table.rows.push(row);
    }
    let mut text = String::new();
    let corrupt = errata
        .errata
        .values()
        .filter(|erratum| erratum.kind.corrupts_score());
    writeln!(
        text,
        "\n{}: {} errata, {} of which corrupt scores, by {} ({})\nfingerprint {}, of the dataset {} ({})",
        args.path.display(),
        errata.errata.len(),
        corrupt.count(),
        errata.source,
        errata.licence.as_deref().unwrap_or("terms not told"),
        errata.digest,
        dataset.name,
        errata.dataset
    )?;
    writeln!(
        text,
        "\n{} thing(s) were odd, {} row(s) are not applied:",
        errata.findings.len(),
        errata.unfit()
    )?;
    for finding in &errata.findings {
        writeln!(text, "  {finding}")?;
    }
    Ok(table.render(style) + &style.prose(&text))
}
