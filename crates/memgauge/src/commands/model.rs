//! `memgauge model`

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, IsTerminal};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use memgauge_core::config::unknown;
use memgauge_core::{Meter, Parts as _, Stage};
use memgauge_dataset::{DownloadError, Fetched, Pinned};
use memgauge_experiment::{Assembly, ConfigFile};
use memgauge_model::{MINILM_FILES, MiniLmConfig};

use crate::cli::Global;
use crate::{exit, output, places};

/// Models that need files: name, what it is, licence.
const MODELS: [(&str, &str, &str); 1] = [(
    "minilm",
    "all-MiniLM-L6-v2, sentence embeddings of 384 dimensions",
    "Apache-2.0",
)];

#[derive(Debug, Args)]
pub(crate) struct ModelArgs {
    #[command(subcommand)]
    pub(crate) command: ModelCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ModelCommand {
    /// List the models that need files, and where these are.
    #[command(after_help = "Example:\n  memgauge model list")]
    List,
    /// Download a model's files into `models/` of the current folder, where configs look for them.
    #[command(after_help = "Example:\n  memgauge model fetch minilm")]
    Fetch {
        /// Its name.
        name: String,
        /// Write them into this folder instead.
        #[arg(long, value_name = "DIR")]
        to: Option<PathBuf>,
    },
    /// Embed texts for other programs: a JSON string per line on standard input, its vector as a JSON
    /// list per line on standard output.
    #[command(after_help = "Example:\n  echo '\"tea or coffee\"' | memgauge model embed static")]
    Embed {
        /// Name of the embedder: of its kind, or of a `[models.NAME]` table of the config.
        #[arg(default_value = "static")]
        name: String,
        /// The config that names it.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
}

pub(crate) async fn run(args: &ModelArgs, global: &Global) -> anyhow::Result<u8> {
    match &args.command {
        ModelCommand::List => list(),
        ModelCommand::Fetch { name, to } => fetch(name, to.as_deref(), global).await,
        ModelCommand::Embed { name, config } => embed(name, config.as_deref()).await,
    }
}

fn folder() -> PathBuf {
    MiniLmConfig::default().path
}

fn list() -> anyhow::Result<u8> {
    let mut text = String::from(
        "static   built in\n         table distilled from all-MiniLM-L6-v2 (Apache-2.0)\n",
    );
    for (name, title, licence) in MODELS {
        let folder = folder();
        let here = MINILM_FILES
            .iter()
            .all(|file| folder.join(file.name).is_file());
        if here {
            writeln!(text, "{name:<8} {}", folder.display())?;
        } else {
            writeln!(
                text,
                "{name:<8} not in {}; fetch it with: memgauge model fetch {name}",
                folder.display()
            )?;
        }
        writeln!(text, "         {title} ({licence})")?;
    }
    output::result(&text)?;
    Ok(exit::DONE)
}

async fn fetch(name: &str, to: Option<&Path>, global: &Global) -> anyhow::Result<u8> {
    let Some((_, title, licence)) = MODELS.iter().find(|(known, ..)| *known == name) else {
        let known: Vec<&str> = MODELS.iter().map(|(known, ..)| *known).collect();
        return Err(exit::user(unknown("model", name, &known)));
    };
    output::note(&format!("{name}: {title} ({licence})"));
    let folder = to.map_or_else(folder, Path::to_owned);
    for file in MINILM_FILES {
        let pinned = Pinned {
            url: file.url.to_owned(),
            sha256: file.sha256.to_owned(),
            bytes: file.bytes,
        };
        let bar = Bar::new(global.quiet, file.name);
        let dest = folder.join(file.name);
        let fetched = fetch_file(&pinned, &dest, &bar).await?;
        output::result(&match fetched {
            Fetched::Downloaded => format!("{} (sha256 as pinned)", dest.display()),
            Fetched::Present => {
                format!("{} (was there already, sha256 as pinned)", dest.display())
            }
        })?;
    }
    if to.is_some() {
        output::note(&format!(
            "use it with: [models.minilm] kind = \"minilm\", path = {:?}",
            folder.display().to_string()
        ));
    }
    Ok(exit::DONE)
}

/// Embeds what it is given, line by line; every vector is out before the next line is read.
async fn embed(name: &str, config: Option<&Path>) -> anyhow::Result<u8> {
    let models = match config {
        Some(path) => ConfigFile::load(path, &[])?.config.models,
        None => BTreeMap::new(),
    };
    let assembly = Assembly::new(&models, places::supplies());
    let embedder = assembly
        .parts()
        .embedder(name)
        .map_err(|error| exit::user(error.to_string()))?;
    if let Some(variable) = assembly.missing_secret(name) {
        return Err(exit::user(format!("{variable} is not set")));
    }
    let cx = Meter::new().at(Stage::Index);
    // Nothing else is at work while a line is waited for.
    for (number, line) in (1..).zip(std::io::stdin().lock().lines()) {
        let line = line?;
        let text: String = serde_json::from_str(&line)
            .map_err(|error| exit::user(format!("line {number} is no JSON string: {error}")))?;
        let vectors = embedder.embed(&cx, &[&text]).await?;
        output::result(&serde_json::to_string(&vectors.first())?)?;
    }
    Ok(exit::DONE)
}

/// A bar for a download, on a terminal.
pub(crate) struct Bar(Option<ProgressBar>);

impl Bar {
    pub(crate) fn new(quiet: bool, name: &str) -> Self {
        Self((!quiet && std::io::stderr().is_terminal()).then(|| {
            let bar = ProgressBar::new(0);
            if let Ok(style) =
                ProgressStyle::with_template("{msg} {bar:30} {bytes}/{total_bytes} ({eta} left)")
            {
                bar.set_style(style);
            }
            bar.set_message(name.to_owned());
            bar
        }))
    }
}

/// Fetches a pinned file, with progress.
pub(crate) async fn fetch_file(
    pinned: &Pinned,
    dest: &Path,
    bar: &Bar,
) -> Result<Fetched, DownloadError> {
    let mut progress = |done: u64, length: Option<u64>| {
        if let Some(bar) = &bar.0 {
            bar.set_length(length.unwrap_or(pinned.bytes));
            bar.set_position(done);
        }
    };
    let result = memgauge_dataset::fetch(pinned, dest, &mut progress).await;
    if let Some(bar) = &bar.0 {
        bar.finish_and_clear();
    }
    result
}
