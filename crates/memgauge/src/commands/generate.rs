//! `memgauge dataset generate`

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use memgauge_dataset::generate::{GenerateError, GeneratedShape, generate};

use crate::{exit, output};

const EXAMPLES: &str = "\
Examples:
  memgauge dataset generate --conversations 100 --seed 1 --out generated.json
  memgauge dataset generate --conversations 1000 --questions 10 --seed 1 --out large.json
  memgauge run experiments/scale.toml --dataset large.json";

/// What and how much is generated.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct GenerateArgs {
    /// Conversations.
    #[arg(long, value_name = "N")]
    conversations: u32,
    /// Sessions of each conversation.
    #[arg(long, value_name = "N", default_value_t = GeneratedShape::default().sessions)]
    sessions: u32,
    /// Turns of each conversation.
    #[arg(long, value_name = "N", default_value_t = GeneratedShape::default().turns)]
    turns: u32,
    /// Questions about each conversation.
    #[arg(long, value_name = "N", default_value_t = GeneratedShape::default().questions)]
    questions: u32,
    /// The same seed gives the same bytes.
    #[arg(long, value_name = "S", default_value_t = 42)]
    seed: u64,
    /// The file.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(crate) fn run(args: &GenerateArgs) -> anyhow::Result<u8> {
    let shape = GeneratedShape {
        conversations: args.conversations,
        sessions: args.sessions,
        turns: args.turns,
        questions: args.questions,
    };
    let mut draft = args.out.clone().into_os_string();
    draft.push(".part");
    let draft = PathBuf::from(draft);
    let written = write(&draft, shape, args.seed).and_then(|bytes| {
        std::fs::rename(&draft, &args.out)?;
        Ok(bytes)
    });
    let bytes = match written {
        Ok(bytes) => bytes,
        Err(error) => {
            // Nothing half written stays.
            let _ = std::fs::remove_file(&draft);
            return Err(match error {
                GenerateError::Write(error) => {
                    exit::user(format!("{}: {error}", args.out.display()))
                }
                GenerateError::Templates(_) => anyhow::Error::new(error),
                error => exit::user(error.to_string()),
            });
        }
    };
    let (conversations, all) = (u64::from(args.conversations), |each: u32| {
        u64::from(args.conversations) * u64::from(each)
    });
    output::result(&format!(
        "{}: {conversations} conversations, {} sessions, {} turns, {} questions, {bytes} bytes",
        args.out.display(),
        all(args.sessions),
        all(args.turns),
        all(args.questions),
    ))?;
    Ok(exit::DONE)
}

fn write(path: &Path, shape: GeneratedShape, seed: u64) -> Result<u64, GenerateError> {
    let mut out = BufWriter::new(File::create(path)?);
    generate(shape, seed, &mut out)?;
    out.flush()?;
    Ok(out.get_ref().metadata()?.len())
}
