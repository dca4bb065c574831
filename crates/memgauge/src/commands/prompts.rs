//! `memgauge prompts`

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use memgauge_core::config::unknown;
use memgauge_experiment::prompt::import::{self, Outcome};
use memgauge_experiment::prompt::{PROMPTS, Prompt, PromptDoc, digest, find};
use similar::TextDiff;

use crate::{exit, output};

#[derive(Debug, Args)]
pub(crate) struct PromptsArgs {
    #[command(subcommand)]
    pub(crate) command: PromptsCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PromptsCommand {
    /// List the prompts with the beginning of their digests.
    #[command(after_help = "Example:\n  memgauge prompts list")]
    List,
    /// Show a prompt with its digest and variables.
    #[command(after_help = "Example:\n  memgauge prompts show judge/lenient --rendered")]
    Show {
        /// Its name, such as `extract/mem0-2504`.
        name: String,
        /// The file alone: what to begin a prompt of your own with.
        #[arg(long, conflicts_with = "rendered")]
        raw: bool,
        /// As it is sent, with the variables' examples.
        #[arg(long)]
        rendered: bool,
    },
    /// Compare a prompt with your own, and check that yours can be used.
    #[command(after_help = "Example:\n  memgauge prompts diff judge/lenient my-prompts")]
    Diff {
        /// Its name.
        name: String,
        /// Your folder of prompts, or a file.
        path: PathBuf,
    },
    /// Make prompt files of the triple-quoted constants in a local checkout of mem0's evaluation.
    #[command(after_help = "Example:\n  memgauge prompts import mem0/evaluation --out my-prompts")]
    Import {
        /// Folder of the checkout.
        checkout: PathBuf,
        /// Folder for the prompt files: what `prompts` in a config then names.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
}

pub(crate) fn run(args: &PromptsArgs) -> anyhow::Result<u8> {
    match &args.command {
        PromptsCommand::List => list(),
        PromptsCommand::Show {
            name,
            raw,
            rendered,
        } => show(name, *raw, *rendered),
        PromptsCommand::Diff { name, path } => diff(name, path),
        PromptsCommand::Import { checkout, out } => import(checkout, out),
    }
}

fn known(name: &str) -> anyhow::Result<&'static PromptDoc> {
    let names: Vec<&str> = PROMPTS.iter().map(|doc| doc.name).collect();
    find(name).ok_or_else(|| exit::user(unknown("prompt", name, &names)))
}

fn list() -> anyhow::Result<u8> {
    let mut text = String::new();
    for doc in PROMPTS {
        let digest = digest(doc.text);
        let short = digest.get(..12).unwrap_or(&digest);
        writeln!(text, "{:<24} {short}  {}", doc.name, doc.description)?;
    }
    output::result(&text)?;
    Ok(exit::DONE)
}

fn show(name: &str, raw: bool, rendered: bool) -> anyhow::Result<u8> {
    let doc = known(name)?;
    if raw {
        output::result(doc.text)?;
        return Ok(exit::DONE);
    }
    let mut text = format!(
        "{}\n{}\ndigest {}\n\n",
        doc.name,
        doc.description,
        digest(doc.text)
    );
    for variable in doc.variables {
        writeln!(text, "  {:<12} {}", variable.name, variable.meaning)?;
    }
    text.push('\n');
    if rendered {
        text.push_str(&sent(&Prompt::compile(doc.name, doc.text, doc)?, doc)?);
    } else {
        text.push_str(doc.text);
    }
    output::result(&text)?;
    Ok(exit::DONE)
}

/// The messages with the variables' examples.
fn sent(prompt: &Prompt, doc: &PromptDoc) -> anyhow::Result<String> {
    let mut text = String::new();
    for message in prompt.render(&doc.examples()?)? {
        let role = serde_json::to_value(message.role)?;
        let role = role.as_str().unwrap_or_default();
        writeln!(text, "--- {role} ---\n{}", message.content)?;
    }
    Ok(text)
}

fn diff(name: &str, path: &Path) -> anyhow::Result<u8> {
    let doc = known(name)?;
    let path = if path.is_dir() {
        path.join(format!("{name}.txt"))
    } else {
        path.to_owned()
    };
    let own = std::fs::read_to_string(&path)
        .map_err(|error| exit::user(format!("{}: {error}", path.display())))?;
    if own == doc.text {
        output::note(&format!("{name}: no difference"));
        return Ok(exit::DONE);
    }
    let diff = TextDiff::from_lines(doc.text, &own);
    let mut unified = diff.unified_diff();
    let shown = unified
        .context_radius(3)
        .header(&format!("{name} (memgauge)"), &path.display().to_string())
        .to_string();
    output::result(&shown)?;
    // A prompt that differs is meant to be used: say now if it cannot be.
    Prompt::compile(name, &own, doc)
        .map_err(|error| exit::user(format!("{}: {}", path.display(), error.message)))?;
    Ok(exit::DONE)
}

/// Largest Python file that is looked at.
const MAX_BYTES: u64 = 4 << 20;

fn import(checkout: &Path, out: &Path) -> anyhow::Result<u8> {
    if !checkout.is_dir() {
        let message = format!("{}: no such folder", checkout.display());
        return Err(exit::user(message));
    }
    let mut text = String::new();
    let mut files: BTreeMap<&'static str, (String, String)> = BTreeMap::new();
    let mut found = 0_usize;
    for path in python_files(checkout)? {
        let source = match read(&path) {
            Ok(source) => source,
            Err(reason) => {
                writeln!(text, "{}: not read: {reason}", path.display())?;
                continue;
            }
        };
        let inside = path.strip_prefix(checkout).unwrap_or(&path);
        let inside = inside.to_string_lossy().replace('\\', "/");
        for constant in import::constants(&source) {
            found += 1;
            let place = format!("{inside}:{}", constant.line);
            write!(text, "{place}: {} ", constant.name)?;
            match import::import(&inside, &constant) {
                Outcome::NotMapped { reason } => writeln!(text, "not mapped: {reason}")?,
                Outcome::Mapped {
                    prompt,
                    text: file,
                    remarks,
                } => match files.get(prompt) {
                    Some((other, _)) => {
                        writeln!(text, "not mapped: {prompt} comes from {other} already")?;
                    }
                    None => {
                        writeln!(text, "-> {prompt}.txt")?;
                        for remark in remarks {
                            writeln!(text, "    {remark}")?;
                        }
                        files.insert(prompt, (place, file));
                    }
                },
            }
        }
    }
    if files.is_empty() {
        output::note(&text);
        return Err(exit::user(format!(
            "{}: {found} triple-quoted constants, none of which is a prompt that memgauge has a place for",
            checkout.display()
        )));
    }
    write_all(out, &files)?;
    writeln!(
        text,
        "{} of {found} constants written; use them with: prompts = {:?}",
        files.len(),
        out.display().to_string()
    )?;
    output::result(&text)?;
    Ok(exit::DONE)
}

/// Writes the prompt files; what is there is never overwritten.
fn write_all(out: &Path, files: &BTreeMap<&'static str, (String, String)>) -> anyhow::Result<()> {
    let target = |prompt: &str| out.join(format!("{prompt}.txt"));
    if let Some(there) = files
        .keys()
        .map(|prompt| target(prompt))
        .find(|path| path.exists())
    {
        return Err(exit::user(format!(
            "{} is there already: remove it, or choose another --out",
            there.display()
        )));
    }
    for (prompt, (_, text)) in files {
        let path = target(prompt);
        let wrong = |error: std::io::Error| exit::user(format!("{}: {error}", path.display()));
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(wrong)?;
        }
        std::fs::write(&path, text).map_err(wrong)?;
    }
    Ok(())
}

/// Every Python file below `folder`, in order. Hidden folders and links are left out.
fn python_files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let wrong = |error: std::io::Error| exit::user(format!("{}: {error}", folder.display()));
        for entry in std::fs::read_dir(&folder).map_err(wrong)? {
            let entry = entry.map_err(wrong)?;
            let kind = entry.file_type().map_err(wrong)?;
            let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
            let path = entry.path();
            if kind.is_dir() && !is_hidden {
                folders.push(path);
            } else if kind.is_file() && path.extension().is_some_and(|extension| extension == "py")
            {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<String, String> {
    let size = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if size.len() > MAX_BYTES {
        return Err(format!("{} bytes", size.len()));
    }
    std::fs::read_to_string(path).map_err(|error| error.to_string())
}
