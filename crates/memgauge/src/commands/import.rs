//! `memgauge import`

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use memgauge_experiment::run::describe_machine;
use memgauge_model::tokenizer;
use memgauge_report::import::{
    ImportOptions, ImportRow, ImportedRun, Join, RowFinding, RowStatus, Source, arrange, format,
    import, name,
};
use memgauge_report::table::{Table, with_interval};
use memgauge_report::{RunDir, files};
use serde::Serialize;

use super::run::argv;
use crate::cli::{Format, Global};
use crate::{exit, output, places};

/// Rows of one kind that are told on standard error.
const TOLD: usize = 5;

const AFTER: &str = "\
Formats (--from): mem0, evermemos, zep, backboard, memu, jsonl, csv; by default the one that a file looks like.
docs/IMPORT.md says what each needs, and what is checked.

Examples:
  memgauge import memobase_eval_0503_3000.json --answer-model gpt-4o-mini --judge-model gpt-4o-mini
  memgauge import results/*.json --dataset locomo --format markdown
  memgauge import answers.csv --columns question=Q,answer=Prediction,gold=Reference,label=Judge1,label=Judge2";

/// What `memgauge import` is asked for.
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub(crate) struct ImportArgs {
    /// Result files: one run each, or one run of all (see --join).
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Format of the files.
    #[arg(long, value_name = "FORMAT", default_value = "auto")]
    pub(crate) from: String,
    /// Folder in which run directories are made.
    #[arg(long, value_name = "DIR", default_value = "reports/runs")]
    pub(crate) out: PathBuf,
    /// Name of the run and of its one variant (default: that of the file).
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// What columns or fields are: question, gold, answer, category, conversation, index, label, .. (docs/IMPORT.md).
    #[arg(long, value_name = "ROLE=COLUMN,..", value_delimiter = ',')]
    pub(crate) columns: Vec<String>,
    /// Dataset that the questions are of: its name, or a file.
    #[arg(long, value_name = "NAME|PATH", default_value = "locomo")]
    pub(crate) dataset: String,
    /// Whether several files make one run.
    #[arg(long, value_enum, default_value_t = Joined::Auto)]
    pub(crate) join: Joined,
    /// Model that answered, where the file does not tell.
    #[arg(long, value_name = "MODEL")]
    pub(crate) answer_model: Option<String>,
    /// Model that judged, where the file does not tell.
    #[arg(long, value_name = "MODEL")]
    pub(crate) judge_model: Option<String>,
    /// Prompt of the judge, where the file does not tell: a name, or a digest.
    #[arg(long, value_name = "NAME")]
    pub(crate) judge_prompt: Option<String>,
    /// How the account is written to standard output.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

/// Whether several files make one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Joined {
    /// If they are of one format and each is about a conversation of its own.
    Auto,
    /// All of them: parts of a run, or repeats of it.
    Yes,
    /// A run per file.
    No,
}

/// One imported run, as `--format json` writes it.
#[derive(Serialize)]
struct Account<'a> {
    directory: String,
    imported: &'a memgauge_report::import::Imported,
    variants: &'a [memgauge_report::summary::VariantSummary],
}

pub(crate) fn run(args: &ImportArgs, global: &Global) -> anyhow::Result<u8> {
    let given = match args.from.as_str() {
        "auto" => None,
        name => Some(format(name)?),
    };
    let columns = columns(&args.columns)?;
    let sources: Vec<Source> = args
        .files
        .iter()
        .map(|path| Source::read(path, given, &columns))
        .collect::<Result<_, _>>()?;
    let dataset = places::dataset(&args.dataset)?;
    let join = match args.join {
        Joined::Auto => Join::Auto,
        Joined::Yes => Join::Always,
        Joined::No => Join::Never,
    };
    let groups = arrange(sources, join, &dataset)?;
    if let (Some(name), true) = (&args.name, groups.len() > 1) {
        return Err(exit::user(format!(
            "--name {name} is one name for {} runs: import the files one by one, or with --join yes",
            groups.len()
        )));
    }
    let contexts = groups.iter().flatten().any(Source::has_contexts);
    let tokenizers = contexts
        .then(|| Some((tokenizer("cl100k_base")?, tokenizer("o200k_base")?)))
        .flatten();
    let started = jiff::Timestamp::now().to_string();
    let mut runs = Vec::new();
    for group in &groups {
        let options = ImportOptions {
            name: args.name.clone().unwrap_or_else(|| name(group)),
            answer_model: args.answer_model.clone(),
            judge_model: args.judge_model.clone(),
            judge_prompt: args.judge_prompt.clone(),
            tokenizers: tokenizers
                .as_ref()
                .map(|(cl100k, o200k)| (cl100k.as_ref(), o200k.as_ref())),
            argv: argv(),
            started: started.clone(),
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            revision: option_env!("MEMGAUGE_REVISION").map(str::to_owned),
            machine: describe_machine(),
        };
        let run = import(group, &dataset, &args.out, &options)?;
        if !global.quiet {
            tell(&run);
        }
        runs.push(run);
    }
    match args.format.style() {
        Some(style) => output::result(&table(&runs).render(style))?,
        None => output::json(&runs.iter().map(account).collect::<Vec<_>>())?,
    }
    if !global.quiet {
        for run in &runs {
            output::note(&format!("written to {}", run.dir.path().display()));
        }
        if let Some(run) = runs.first() {
            let dir = output::word(run.dir.path());
            output::note(&format!(
                "next: memgauge show {dir}, memgauge rescore {dir}"
            ));
        }
    }
    let whole = runs.iter().all(|run| {
        let imported = &run.imported;
        let left_out = imported.unmatched + imported.conflicting + imported.unreadable;
        left_out == 0
            && run
                .summary
                .variants
                .iter()
                .all(|variant| variant.failed == 0)
    });
    Ok(if whole { exit::DONE } else { exit::FAILURES })
}

/// Pairs of a role and the name of a column.
fn columns(given: &[String]) -> anyhow::Result<Vec<(String, String)>> {
    given
        .iter()
        .map(|pair| {
            let (role, column) = pair.split_once('=').ok_or_else(|| {
                exit::user(format!(
                    "--columns: `{pair}` is not ROLE=COLUMN, such as question=Q"
                ))
            })?;
            Ok((role.trim().to_owned(), column.trim().to_owned()))
        })
        .collect()
}

fn account(run: &ImportedRun) -> Account<'_> {
    Account {
        directory: run.dir.path().display().to_string(),
        imported: &run.imported,
        variants: &run.summary.variants,
    }
}

fn table(runs: &[ImportedRun]) -> Table {
    let mut table = Table::new(&[
        "run",
        "format",
        "rows",
        "matched",
        "folded",
        "conflicting",
        "unmatched",
        "unreadable",
        "not in file (1-4)",
        "labels",
        "J [95 %]",
        "f1.locomo [95 %]",
        "f1.set [95 %]",
        "bleu1 [95 %]",
    ]);
    for run in runs {
        let imported = &run.imported;
        let missing: usize = imported
            .missing
            .iter()
            .filter(|(category, _)| category.as_str() != "adversarial")
            .map(|(_, count)| count)
            .sum();
        for variant in &run.summary.variants {
            let mut row = vec![variant.name.clone(), imported.format.clone()];
            row.extend(
                [
                    imported.rows,
                    imported.matched,
                    imported.folded,
                    imported.conflicting,
                    imported.unmatched,
                    imported.unreadable,
                    missing,
                    imported.judge_runs,
                ]
                .map(|count| count.to_string()),
            );
            row.extend(
                ["j", "f1.locomo", "f1.set", "bleu1"].map(|metric| with_interval(variant, metric)),
            );
            table.rows.push(row);
        }
    }
    table
}

/// Says on standard error what is odd about an import, a few rows of each kind.
fn tell(run: &ImportedRun) {
    let imported = &run.imported;
    let name = &run.summary.name;
    let pointer = RunDir::file(&run.dir, files::IMPORT);
    let few = |what: &str, rows: Vec<String>| {
        if rows.is_empty() {
            return;
        }
        output::note(&format!("{name}: {} {what}:", rows.len()));
        for row in rows.iter().take(TOLD) {
            output::note(&format!("  {row}"));
        }
        if rows.len() > TOLD {
            let more = rows.len() - TOLD;
            output::note(&format!(
                "  .. and {more} more, all in {}",
                pointer.display()
            ));
        }
    };
    let with = |status: RowStatus| {
        let rows = run.rows.iter().filter(move |row| row.status == status);
        rows.map(left_out).collect::<Vec<_>>()
    };
    few(
        "row(s) match no question of the dataset and are left out",
        with(RowStatus::Unmatched),
    );
    few("place(s) could not be read", with(RowStatus::Unreadable));
    few(
        "row(s) contradict an earlier one about the same question and are left out",
        with(RowStatus::Conflicting),
    );
    let odd = |wanted: &dyn Fn(&RowFinding) -> Option<String>| {
        let rows = run.rows.iter();
        rows.filter_map(|row| Some((row, row.findings.iter().find_map(wanted)?)))
            .map(|(row, said)| format!("{} {}: {said}", place(row), id(row)))
            .collect::<Vec<_>>()
    };
    few(
        "gold answer(s) are not the dataset's (metrics are against the dataset's)",
        odd(&|finding| match finding {
            RowFinding::GoldDiffers { written, dataset } => Some(format!(
                "`{written}` in the file, `{dataset}` in the dataset"
            )),
            _ => None,
        }),
    );
    few(
        "question(s) are only nearly the dataset's",
        odd(&|finding| match finding {
            RowFinding::QuestionDiffers { dataset, .. } => Some(format!("taken for `{dataset}`")),
            _ => None,
        }),
    );
    few(
        "row(s) could be about several questions",
        odd(&|finding| match finding {
            RowFinding::Ambiguous { questions } => {
                let ids: Vec<String> = questions.iter().map(ToString::to_string).collect();
                Some(format!("one of {}", ids.join(", ")))
            }
            _ => None,
        }),
    );
    for (kind, what) in [
        (
            "category-differs",
            "categories are not the dataset's (the dataset's count)",
        ),
        (
            "index-differs",
            "indices belong to other questions (the texts decided)",
        ),
        (
            "conversation-differs",
            "rows stand among those of another conversation",
        ),
        ("no-answer", "rows have no answer: those questions failed"),
        (
            "error-as-answer",
            "answers are error messages of the tool (kept as the file has them)",
        ),
        (
            "no-label",
            "answers lack a label: errors of the judge, not wrong answers",
        ),
    ] {
        if let Some(count) = imported.findings.get(kind) {
            output::note(&format!("{name}: {count} {what}"));
        }
    }
    for renamed in &imported.renamed {
        output::note(&format!(
            "{name}: {}: the {} rows of `{}` are about {}",
            renamed.file, renamed.rows, renamed.written, renamed.conversation
        ));
    }
    let missing: Vec<String> = imported
        .missing
        .iter()
        .filter(|(_, count)| **count > 0)
        .map(|(category, count)| format!("{count} {category}"))
        .collect();
    if !missing.is_empty() {
        output::note(&format!(
            "{name}: questions of the dataset without a row: {}",
            missing.join(", ")
        ));
    }
    let own = run.summary.variants.first().and_then(|variant| variant.j);
    if let (Some(stated), Some(own)) = (imported.accuracy, own)
        && (stated - own.mean).abs() > 5e-5
    {
        output::note(&format!(
            "{name}: the file sums up {:.2}, its labels of categories 1-4 come to {:.2}",
            100.0 * stated,
            100.0 * own.mean
        ));
    }
}

fn place(row: &ImportRow) -> String {
    format!("{}: {}", row.file, row.at)
}

fn id(row: &ImportRow) -> String {
    row.question
        .as_ref()
        .map_or_else(String::new, ToString::to_string)
}

fn left_out(row: &ImportRow) -> String {
    let question = row
        .written
        .as_ref()
        .map_or("", |written| written.question.as_str());
    let message = row.message.as_deref().unwrap_or_default();
    if question.is_empty() {
        format!("{}: {message}", place(row))
    } else {
        format!("{}: {message}: {question}", place(row))
    }
}

#[cfg(test)]
mod tests {
    use memgauge_report::import::FORMATS;

    use super::*;

    #[test]
    fn the_help_names_every_format() {
        for format in FORMATS {
            assert!(AFTER.contains(format.name), "{}", format.name);
        }
    }
}
