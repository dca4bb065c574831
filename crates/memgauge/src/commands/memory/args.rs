//! Arguments of `memgauge memory`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::DateTime;
use memgauge_core::{Filter, MemoryId, Scope};

#[derive(Debug, Args)]
pub(crate) struct MemoryArgs {
    #[command(subcommand)]
    pub(crate) command: MemoryCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum MemoryCommand {
    /// Remember messages; the memory is made where there is none.
    #[command(
        after_help = "Example:\n  memgauge memory add \"I live in Porto.\" --store notes --user ann"
    )]
    Add {
        /// Messages of the user.
        #[arg(required_unless_present = "messages", conflicts_with = "messages")]
        text: Vec<String>,
        /// JSON file with a list of messages, `{"role": "user" | "assistant", "content": ..}`, each
        /// perhaps with a `name`; `-` = standard input.
        #[arg(long, value_name = "FILE")]
        messages: Option<PathBuf>,
        /// Keep every message as it was said; nothing is extracted, updated or deleted.
        #[arg(long)]
        verbatim: bool,
        /// When it was said, such as `2024-03-01T09:30`; now (UTC) without it.
        #[arg(long, value_name = "TIME")]
        at: Option<DateTime>,
        #[command(flatten)]
        with: Models,
        #[command(flatten)]
        about: About,
        #[command(flatten)]
        place: Place,
    },
    /// Find the memories that say most about a question.
    #[command(
        after_help = "Example:\n  memgauge memory search \"Where does she live?\" --store notes --user ann"
    )]
    Search {
        /// The question.
        query: String,
        /// At most this many.
        #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
        limit: usize,
        #[command(flatten)]
        with: Models,
        #[command(flatten)]
        about: About,
        #[command(flatten)]
        place: Place,
    },
    /// List memories, oldest first.
    #[command(after_help = "Example:\n  memgauge memory list --store notes --user ann")]
    List {
        /// At most this many.
        #[arg(short = 'n', long, value_name = "N")]
        limit: Option<usize>,
        #[command(flatten)]
        about: About,
        #[command(flatten)]
        place: Place,
    },
    /// Show one memory with all that is known about it.
    #[command(after_help = "Example:\n  memgauge memory get m0 --store notes")]
    Get {
        #[command(flatten)]
        one: One,
        #[command(flatten)]
        place: Place,
    },
    /// Tell what happened to a memory, also after it was deleted.
    #[command(after_help = "Example:\n  memgauge memory history m0 --store notes")]
    History {
        #[command(flatten)]
        one: One,
        #[command(flatten)]
        place: Place,
    },
    /// Print the latest messages of one scope as they were said.
    #[command(after_help = "Example:\n  memgauge memory recent --store notes --user ann")]
    Recent {
        /// At most this many.
        #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
        limit: usize,
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        place: Place,
    },
    /// Give a memory a new text.
    #[command(
        after_help = "Example:\n  memgauge memory update m0 \"I live in Lisbon.\" --store notes"
    )]
    Update {
        #[command(flatten)]
        one: One,
        /// The new text.
        text: String,
        #[command(flatten)]
        with: Models,
        #[command(flatten)]
        place: Place,
    },
    /// Delete a memory, or all of a scope or with some metadata.
    #[command(after_help = "Example:\n  memgauge memory delete --all --store notes --user ann")]
    Delete {
        /// Id of a memory, such as `m3`.
        #[arg(value_parser = id, required_unless_present = "all", conflicts_with = "all")]
        id: Option<MemoryId>,
        /// Everything that belongs to the users, agents, runs and metadata named.
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        about: About,
        #[command(flatten)]
        place: Place,
    },
    /// Take out everything, history included.
    #[command(after_help = "Example:\n  memgauge memory reset --store notes --yes")]
    Reset {
        /// Yes, everything.
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        place: Place,
    },
}

/// Where the memory is, and how results are written.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// The memory's folder (or that of a store that a run kept).
    #[arg(long = "store", value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// How results are written.
    #[arg(long, value_enum, default_value_t = Written::Human)]
    pub(crate) format: Written,
}

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Written {
    /// Text.
    Human,
    /// JSON.
    Json,
}

/// What the parts that add and search are made of.
#[derive(Debug, Args)]
pub(crate) struct Models {
    /// TOML or JSON file with `system` and `models`; without it those that the memory was made with
    /// or, for a new one, rules and a table of vectors that need no key.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// Whose memories.
#[derive(Debug, Args)]
pub(crate) struct Who {
    /// Whose: the user.
    #[arg(long, value_name = "ID")]
    pub(crate) user: Option<String>,
    /// Whose: the agent.
    #[arg(long, value_name = "ID")]
    pub(crate) agent: Option<String>,
    /// Whose: the run, or session, of the agent.
    #[arg(long, value_name = "ID")]
    pub(crate) run: Option<String>,
}

impl Who {
    pub(crate) fn scope(&self) -> Scope {
        Scope {
            user: self.user.clone(),
            agent: self.agent.clone(),
            run: self.run.clone(),
        }
    }
}

/// Whose memories, and with what noted beside them.
#[derive(Debug, Args)]
pub(crate) struct About {
    #[command(flatten)]
    pub(crate) who: Who,
    /// Noted beside the memory; several are all meant.
    #[arg(long = "meta", value_name = "KEY=VALUE", value_parser = pair)]
    pub(crate) metadata: Vec<(String, String)>,
}

impl About {
    pub(crate) fn metadata(&self) -> BTreeMap<String, String> {
        self.metadata.iter().cloned().collect()
    }

    pub(crate) fn filter(&self) -> Filter {
        Filter {
            scope: self.who.scope(),
            metadata: self.metadata(),
            ..Filter::default()
        }
    }
}

/// One memory.
#[derive(Debug, Args)]
pub(crate) struct One {
    /// Its id, such as `m3`.
    #[arg(value_parser = id)]
    pub(crate) id: MemoryId,
}

fn id(text: &str) -> Result<MemoryId, String> {
    let digits = text.strip_prefix('m').unwrap_or(text);
    digits
        .parse()
        .map(MemoryId)
        .map_err(|_| "an id is `m` and a number, such as `m3`".to_owned())
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => {
            Ok((key.trim().to_owned(), value.to_owned()))
        }
        _ => Err("expected KEY=VALUE".to_owned()),
    }
}
