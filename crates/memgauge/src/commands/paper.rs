//! `memgauge paper`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use memgauge_core::{Category, CategoryNames};
use memgauge_dataset::KNOWN;
use memgauge_report::paper::{CITATION, check, table_1, table_2};
use memgauge_report::table::{self, Style};
use memgauge_report::{RunDir, Summary, files};
use serde_json::json;

use crate::cli::Format;
use crate::view::NamesOption;
use crate::{exit, output};

/// The tables of Mem0's paper.
#[derive(Debug, Args)]
pub(crate) struct PaperArgs {
    #[command(subcommand)]
    command: PaperCommand,
}

#[derive(Debug, Subcommand)]
enum PaperCommand {
    /// Print Tables 1 and 2, with the mapping of category names applied, and a run beside them.
    #[command(after_help = "\
Examples:
  memgauge paper show
  memgauge paper show reports/runs/RUN --names mem0-paper")]
    Show {
        /// A finished run directory.
        dir: Option<PathBuf>,
        #[command(flatten)]
        naming: NamesOption,
        /// How the tables are written.
        #[arg(long, value_enum, default_value_t = Format::Human)]
        format: Format,
    },
    /// Derive the overall J of Table 2 from Table 1 under both namings, and say which one fits.
    #[command(after_help = "\
Example:
  memgauge paper check")]
    Check {
        /// How the check is written.
        #[arg(long, value_enum, default_value_t = Format::Human)]
        format: Format,
    },
}

pub(crate) fn run(args: &PaperArgs) -> anyhow::Result<u8> {
    match &args.command {
        PaperCommand::Show {
            dir,
            naming,
            format,
        } => show(dir.as_ref(), naming.names, *format),
        PaperCommand::Check { format } => compare(*format),
    }
}

fn show(dir: Option<&PathBuf>, names: CategoryNames, format: Format) -> anyhow::Result<u8> {
    let run: Option<Summary> = match dir {
        Some(path) => {
            let dir = RunDir::open(path)?;
            if !dir.file(files::SUMMARY).is_file() {
                return Err(exit::user(format!(
                    "{}: not finished; go on with: memgauge run --resume {}",
                    path.display(),
                    output::word(path)
                )));
            }
            Some(dir.read_json(files::SUMMARY)?)
        }
        None => None,
    };
    let (scores, overall) = (table_1()?, table_2()?);
    let other = run.as_ref().and_then(other_questions);
    let text = |style: Style| {
        let note = format!(
            "{CITATION}; category names: {}. F1 is f1.set, B1 bleu1; answers and judge by gpt-4o-mini, J over ten runs \
             of the judge. (run): this run. J of another judge or prompt, and latencies of other machines and hosted stores, \
             do not compare.{}",
            names.label(),
            other.as_deref().unwrap_or_default(),
        );
        format!(
            "{}\n{}{}",
            table::paper_scores(&scores, run.as_ref(), names).render(style),
            table::paper_overall(&overall, run.as_ref()).render(style),
            style.note(&note),
        )
    };
    match format.style() {
        Some(style) => output::result(&text(style))?,
        None => {
            let by_name = |row: &memgauge_report::paper::PaperScores| {
                let cells = row.scores.iter();
                let cells = cells.map(|(category, cell)| (names.of(*category), cell));
                json!({
                    "method": row.method,
                    "scores": cells.collect::<std::collections::BTreeMap<_, _>>(),
                })
            };
            output::json(&json!({
                "source": CITATION,
                "names": names,
                "table_1": scores.iter().map(by_name).collect::<Vec<_>>(),
                "table_2": overall,
                "run": run.map(|run| run.renamed(names)),
            }))?;
        }
    }
    Ok(exit::DONE)
}

/// What is said where a run was not asked LOCOMO's questions.
fn other_questions(run: &Summary) -> Option<String> {
    let locomo = KNOWN.iter().find(|known| known.name == "locomo")?;
    let scored = Category::ALL.iter().filter(|category| category.is_scored());
    let counts = scored.map(|category| {
        let count = run.questions.get(category.name());
        count.copied().unwrap_or(0)
    });
    let is_locomo = counts.eq(locomo.questions.into_iter().take(4));
    (!is_locomo).then(|| {
        format!(
            " THE RUN WAS ASKED OTHER QUESTIONS: {} is not the whole of LOCOMO, so none of its numbers compares with the paper's.",
            run.dataset
        )
    })
}

fn compare(format: Format) -> anyhow::Result<u8> {
    let locomo = KNOWN.iter().find(|known| known.name == "locomo");
    let [one, two, three, four, _] = locomo.map_or([0; 5], |known| known.questions);
    let counts = [one, two, three, four];
    let checks = check(counts)?;
    let text = |style: Style| {
        let weights: Vec<String> = Category::ALL
            .iter()
            .zip(counts)
            .map(|(category, count)| format!("{count} {category}"))
            .collect();
        let note = format!(
            "{CITATION}: the J of Table 1, weighted by LOCOMO's numbers of questions ({}; official names), is that of Table \
             2 within 0.01 only under the names of the column \"fits\".",
            weights.join(", ")
        );
        table::paper_check(&checks).render(style) + &style.note(&note)
    };
    output::formatted(format, &checks, text)?;
    Ok(exit::DONE)
}
