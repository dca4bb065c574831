//! `memgauge dataset`

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use memgauge_core::{Category, CategoryNames, ConversationId};
use memgauge_dataset::{DATASETS, Dataset, Entry, Fetched, locomo, resolve, source, sources};
use memgauge_report::table::Table;

use crate::cli::{Format, Global};
use crate::commands::generate::{self, GenerateArgs};
use crate::commands::model::{Bar, fetch_file};
use crate::view::NamesOption;
use crate::{exit, output, places};

#[derive(Debug, Args)]
pub(crate) struct DatasetArgs {
    #[command(subcommand)]
    pub(crate) command: DatasetCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DatasetCommand {
    /// List the known datasets and where they are.
    #[command(after_help = "Example:\n  memgauge dataset list")]
    List,
    /// Download a dataset into the user's cache (the sample, which memgauge carries, is written).
    #[command(after_help = "Example:\n  memgauge dataset fetch locomo")]
    Fetch {
        /// Its name.
        #[arg(default_value = "locomo")]
        name: String,
        /// Write it here instead.
        #[arg(long, value_name = "PATH")]
        to: Option<PathBuf>,
    },
    /// Read a dataset, report everything odd in it, and compare it with its known fingerprint.
    #[command(after_help = "Example:\n  memgauge dataset verify locomo")]
    Verify(DatasetChoice),
    /// Count conversations, sessions, turns and questions.
    #[command(
        after_help = "Examples:\n  memgauge dataset stats sample\n  memgauge dataset stats locomo --names mem0-paper"
    )]
    Stats {
        #[command(flatten)]
        choice: DatasetChoice,
        #[command(flatten)]
        naming: NamesOption,
        /// How the counts are written.
        #[arg(long, value_enum, default_value_t = Format::Human)]
        format: Format,
    },
    /// Write a dataset of any size in LOCOMO's format, made of the sample's exchanges.
    Generate(GenerateArgs),
    /// Print a conversation.
    #[command(after_help = "Example:\n  memgauge dataset show sample-1 --session 2 --questions")]
    Show {
        /// Its id, such as `conv-26`.
        conversation: String,
        /// One session.
        #[arg(long, value_name = "N")]
        session: Option<u32>,
        /// The questions about it too.
        #[arg(long)]
        questions: bool,
        #[command(flatten)]
        choice: DatasetOptions,
    },
}

#[derive(Debug, Args)]
pub(crate) struct DatasetChoice {
    /// Its name, or a file.
    #[arg(default_value = "locomo")]
    pub(crate) name: String,
}

#[derive(Debug, Args)]
pub(crate) struct DatasetOptions {
    /// Name of the dataset, or a file; without it every known dataset is looked through.
    #[arg(long, value_name = "NAME|PATH")]
    pub(crate) dataset: Option<String>,
}

pub(crate) async fn run(args: &DatasetArgs, global: &Global) -> anyhow::Result<u8> {
    match &args.command {
        DatasetCommand::List => list(),
        DatasetCommand::Fetch { name, to } => fetch(name, to.as_deref(), global).await,
        DatasetCommand::Verify(choice) => verify(&choice.name),
        DatasetCommand::Stats {
            choice,
            naming,
            format,
        } => stats(&choice.name, naming.names, *format),
        DatasetCommand::Generate(args) => generate::run(args),
        DatasetCommand::Show {
            conversation,
            session,
            questions,
            choice,
        } => show(
            conversation,
            *session,
            *questions,
            choice.dataset.as_deref(),
        ),
    }
}

fn list() -> anyhow::Result<u8> {
    let mut text = String::new();
    let sources = sources()?;
    for name in DATASETS {
        match resolve(name, &places::search(None, None)) {
            Ok(path) => writeln!(text, "{name:<8} {}", path.display())?,
            Err(_) if sources.contains_key(*name) => {
                writeln!(
                    text,
                    "{name:<8} not here; fetch it with: memgauge dataset fetch {name}"
                )?;
            }
            Err(_) => writeln!(
                text,
                "{name:<8} carried by memgauge; put into the cache when it is needed"
            )?,
        }
        if let Some(source) = sources.get(*name) {
            writeln!(text, "         {} ({})", source.title, source.licence)?;
        }
    }
    output::result(&text)?;
    Ok(exit::DONE)
}

async fn fetch(name: &str, to: Option<&Path>, global: &Global) -> anyhow::Result<u8> {
    if name == "sample" {
        let dest = match to {
            Some(path) => path.to_owned(),
            None => cache_folder()?.join("datasets/sample/sample.json"),
        };
        places::put_sample(&dest)?;
        output::result(&format!("{} (carried by memgauge)", dest.display()))?;
        return Ok(exit::DONE);
    }
    let source = source(name)?;
    let dest = match to {
        Some(path) => path.to_owned(),
        None => cache_folder()?.join("datasets").join(&source.file),
    };
    output::note(&format!(
        "{}: {} ({}); cite {}",
        name, source.title, source.licence, source.citation
    ));
    let bar = Bar::new(global.quiet, &source.file);
    let fetched = fetch_file(&source.pinned(), &dest, &bar).await?;
    output::result(&match fetched {
        Fetched::Downloaded => format!("{} (sha256 as pinned)", dest.display()),
        Fetched::Present => format!("{} (was there already, sha256 as pinned)", dest.display()),
    })?;
    Ok(exit::DONE)
}

/// The user's cache folder.
pub(crate) fn cache_folder() -> anyhow::Result<PathBuf> {
    places::cache().ok_or_else(|| {
        exit::user("there is no home folder, so no cache; say where to write with --to PATH")
    })
}

fn verify(name: &str) -> anyhow::Result<u8> {
    let dataset = places::dataset(name)?;
    let mut text = String::new();
    writeln!(text, "{}", dataset.path.display())?;
    writeln!(text, "  sha256   {}", dataset.fingerprint.sha256)?;
    writeln!(text, "  content  {}", dataset.fingerprint.content)?;
    match dataset.known() {
        Some(known) if known.sha256 == dataset.fingerprint.sha256 => {
            writeln!(
                text,
                "  this is {} byte for byte; its counts agree",
                known.name
            )?;
        }
        Some(known) => writeln!(
            text,
            "  this is {} re-encoded: other bytes, the same content; its counts agree",
            known.name
        )?,
        None if memgauge_dataset::KNOWN
            .iter()
            .any(|known| known.name == name) =>
        {
            return Err(exit::user(format!(
                "{}: this is not the published {name}: its content is {}, expected {}",
                dataset.path.display(),
                dataset.fingerprint.content,
                memgauge_dataset::KNOWN
                    .iter()
                    .find(|known| known.name == name)
                    .map_or("another", |known| known.content)
            )));
        }
        None => writeln!(
            text,
            "  not a published dataset: nothing to compare it with"
        )?,
    }
    writeln!(
        text,
        "\n{} thing(s) were odd:",
        dataset.report.findings.len()
    )?;
    for finding in &dataset.report.findings {
        writeln!(text, "  {finding}")?;
    }
    output::result(&text)?;
    Ok(exit::DONE)
}

fn stats(name: &str, names: CategoryNames, format: Format) -> anyhow::Result<u8> {
    let dataset = places::dataset(name)?;
    let stats = dataset.stats();
    let mut head = vec!["conversation", "sessions", "turns", "images", "questions"];
    head.extend(Category::ALL.map(|category| names.of(category)));
    head.extend(["with evidence", "observations"]);
    let mut table = Table::new(&head);
    for row in &stats.per_conversation {
        let mut cells = vec![
            row.id.to_string(),
            row.sessions.to_string(),
            row.turns.to_string(),
            row.images.to_string(),
            row.questions.to_string(),
        ];
        cells.extend(Category::ALL.iter().map(|category| {
            row.questions_by_category
                .get(category)
                .copied()
                .unwrap_or(0)
                .to_string()
        }));
        cells.push(row.questions_with_evidence.to_string());
        cells.push(row.observations.to_string());
        table.rows.push(cells);
    }
    let mut total = vec![
        "all".to_owned(),
        stats.sessions.to_string(),
        stats.turns.to_string(),
        stats.images.to_string(),
        stats.questions.to_string(),
    ];
    total.extend(Category::ALL.iter().map(|category| {
        stats
            .questions_by_category
            .get(category)
            .copied()
            .unwrap_or(0)
            .to_string()
    }));
    total.push(stats.questions_with_evidence.to_string());
    total.push(stats.observations.to_string());
    table.rows.push(total);
    let note = format!(
        "{} evidence references, {} gold turns after repair; {} questions in categories 1-4 have evidence; categories \
         under their {}",
        stats.evidence_references,
        stats.gold_turns,
        stats.scored_questions_with_evidence,
        names.label()
    );
    output::formatted(format, &stats, |style| {
        table.render(style) + &style.note(&note)
    })?;
    Ok(exit::DONE)
}

fn show(
    conversation: &str,
    session: Option<u32>,
    questions: bool,
    dataset: Option<&str>,
) -> anyhow::Result<u8> {
    let id = ConversationId::new(conversation);
    let loaded: Vec<Dataset> = match dataset {
        Some(name) => vec![places::dataset(name)?],
        None => DATASETS
            .iter()
            .filter_map(|name| resolve(name, &places::search(None, None)).ok())
            .map(|path| locomo::load(&path))
            .collect::<Result<_, _>>()?,
    };
    let Some(entry) = loaded.iter().find_map(|dataset| dataset.entry(&id)) else {
        let known: Vec<&str> = loaded
            .iter()
            .flat_map(|dataset| &dataset.conversations)
            .map(|entry| entry.conversation.head.id.as_str())
            .collect();
        return Err(exit::user(memgauge_core::config::unknown(
            "conversation",
            conversation,
            &known,
        )));
    };
    output::result(&words(entry, session, questions)?)?;
    Ok(exit::DONE)
}

fn words(entry: &Entry, session: Option<u32>, questions: bool) -> anyhow::Result<String> {
    let mut text = String::new();
    let head = &entry.conversation.head;
    writeln!(text, "{}: {}", head.id, head.speakers.join(" and "))?;
    let sessions = &entry.conversation.sessions;
    if let Some(wanted) = session
        && !sessions.iter().any(|session| session.index == wanted)
    {
        return Err(exit::user(format!(
            "{} has no session {wanted} (it has {})",
            head.id,
            sessions.len()
        )));
    }
    for held in sessions {
        if session.is_some_and(|wanted| wanted != held.index) {
            continue;
        }
        writeln!(text, "\nsession {} · {}", held.index, held.held_at_text)?;
        for turn in &held.turns {
            writeln!(
                text,
                "  {:<7} {}: {}",
                turn.id.to_string(),
                turn.speaker,
                turn.text
            )?;
            let caption = turn.image.as_ref().and_then(|image| image.caption.as_ref());
            if let Some(caption) = caption {
                writeln!(text, "          [image: {caption}]")?;
            }
        }
    }
    if questions {
        let whose = CategoryNames::Official.label();
        writeln!(text, "\nquestions, categories under their {whose}")?;
        for item in &entry.items {
            let evidence: Vec<String> = item.key.evidence.iter().map(ToString::to_string).collect();
            writeln!(
                text,
                "{}  ({})\n    {}\n    {}  [{}]",
                item.question.id,
                item.key.category,
                item.question.text,
                item.key.gold.text(),
                evidence.join(" ")
            )?;
        }
    }
    Ok(text)
}
