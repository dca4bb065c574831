//! `memgauge completions` and `memgauge man`: made from the grammar of the command line.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::cli::Cli;
use crate::{exit, output};

const NAME: &str = "memgauge";

#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// Write the pages of all commands into this folder, instead of the main one to standard output.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(crate) fn completions(args: &CompletionsArgs) -> anyhow::Result<u8> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), NAME, &mut script);
    output::result(&String::from_utf8_lossy(&script))?;
    Ok(exit::DONE)
}

pub(crate) fn man(args: &ManArgs) -> anyhow::Result<u8> {
    match &args.out {
        Some(folder) => {
            let refused = || folder.display().to_string();
            std::fs::create_dir_all(folder).with_context(refused)?;
            clap_mangen::generate_to(Cli::command(), folder).with_context(refused)?;
            output::note(&format!(
                "written to {}; read one with: man -l {}",
                folder.display(),
                folder.join(format!("{NAME}-run.1")).display()
            ));
        }
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command()).render(&mut page)?;
            output::result(&String::from_utf8_lossy(&page))?;
        }
    }
    Ok(exit::DONE)
}
