//! `memgauge cache`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{ArgGroup, Args, Subcommand};
use jiff::{SignedDuration, Timestamp};
use memgauge_model::{Calls, Cassette, Entry, EntryKind, TrafficError};
use memgauge_report::table::{Style, Table};
use serde_json::json;

use super::stores;

use crate::{exit, output, traffic};

#[derive(Debug, Args)]
pub(crate) struct CacheArgs {
    /// The cache, instead of `calls` in the user's cache folder.
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) cache: Option<PathBuf>,
    /// Write results as JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: CacheCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CacheCommand {
    /// Count entries by kind and model.
    #[command(after_help = "Example:\n  memgauge cache stats")]
    Stats,
    /// Remove entries: those that fit all conditions.
    #[command(group = ArgGroup::new("which").required(true).multiple(true))]
    #[command(after_help = "Example:\n  memgauge cache prune --older-than 90")]
    Prune {
        /// Recorded more than so many days ago (entries without a date count as old).
        #[arg(long, value_name = "DAYS", group = "which")]
        older_than: Option<u32>,
        /// Of models whose id holds this text, such as `gpt-4o-mini`.
        #[arg(long, value_name = "TEXT", group = "which")]
        model: Option<String>,
        /// All of them.
        #[arg(long, group = "which", conflicts_with_all = ["older_than", "model"])]
        all: bool,
    },
    /// Write the cache as a cassette; with --stores, copy a run's stores into a folder.
    #[command(after_help = "Example:\n  memgauge cache export calls.jsonl.gz")]
    Export {
        /// The cassette to write, or with --stores the folder to make.
        to: PathBuf,
        /// Copy the complete stores of this run directory instead.
        #[arg(long, value_name = "RUN")]
        stores: Option<PathBuf>,
    },
    /// Put what a cassette holds into the cache; with --stores, put stores back into a run.
    #[command(after_help = "Example:\n  memgauge cache import calls.jsonl.gz")]
    Import {
        /// The cassette, or with --stores the folder that `export --stores` made.
        from: PathBuf,
        /// Put stores back into this run directory instead.
        #[arg(long, value_name = "RUN")]
        stores: Option<PathBuf>,
    },
}

pub(crate) async fn run(args: &CacheArgs) -> anyhow::Result<u8> {
    match &args.command {
        CacheCommand::Stats => stats(args),
        CacheCommand::Prune {
            older_than,
            model,
            all,
        } => {
            let calls = existing(args)?;
            let before = older_than
                .map(|days| {
                    let age = SignedDuration::from_hours(i64::from(days) * 24);
                    Timestamp::now().checked_sub(age)
                })
                .transpose()?;
            let goes = |entry: &Entry| {
                let is_old = before.is_none_or(|before| recorded(entry) < Some(before));
                let is_named = model.as_ref().is_none_or(|name| entry.model.contains(name));
                *all || (is_old && is_named)
            };
            let (entries, bytes) = calls.remove(goes).map_err(users)?;
            if args.json {
                output::json(&json!({ "removed": entries, "bytes": bytes }))?;
            } else {
                output::result(&format!(
                    "{entries} entries removed, {} free for new ones",
                    size(bytes)
                ))?;
            }
            Ok(exit::DONE)
        }
        CacheCommand::Export {
            to,
            stores: Some(run),
        } => stores::export(run, to, args.json),
        CacheCommand::Import {
            from,
            stores: Some(run),
        } => stores::import(from, run, args.json),
        CacheCommand::Export { to, stores: None } => {
            let calls = existing(args)?;
            if to.exists() {
                return Err(exit::user(format!("{} exists already", to.display())));
            }
            let entries = Cassette::write(&calls, to, |_| true).map_err(users)?;
            if args.json {
                output::json(&json!({ "written": to, "entries": entries }))?;
            } else {
                output::result(&format!("{entries} entries written to {}", to.display()))?;
            }
            Ok(exit::DONE)
        }
        CacheCommand::Import { from, stores: None } => import(args, from).await,
    }
}

async fn import(args: &CacheArgs, from: &Path) -> anyhow::Result<u8> {
    let cassette = Cassette::read(from).map_err(users)?;
    let folder = traffic::cache_folder(args.cache.as_deref())?;
    let calls = Calls::open(&folder).map_err(users)?;
    let now = Timestamp::now().to_string();
    let (mut present, mut left_out) = (0_u64, 0_u64);
    let mut new = Vec::new();
    for entry in cassette.entries() {
        if !entry.is_whole() {
            left_out += 1;
        } else if calls.get(entry.kind, &entry.key).map_err(users)?.is_some() {
            present += 1;
        } else {
            let recorded = Some(now.clone());
            new.push(Entry {
                recorded,
                ..entry.clone()
            });
        }
    }
    calls.put(&new).await.map_err(users)?;
    if args.json {
        output::json(&json!({
            "imported": new.len(), "present": present, "left_out": left_out,
        }))?;
    } else {
        output::result(&format!(
            "{} entries imported, {present} were there already, {left_out} left out (cut short, empty or refused: a cache serves none of these)",
            new.len()
        ))?;
    }
    Ok(exit::DONE)
}

/// Entries of one kind and model.
#[derive(Default)]
struct Group {
    entries: u64,
    bytes: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
}

fn stats(args: &CacheArgs) -> anyhow::Result<u8> {
    let folder = traffic::cache_folder(args.cache.as_deref())?;
    let mut groups: BTreeMap<(EntryKind, String), Group> = BTreeMap::new();
    let mut file_bytes = 0;
    if is_there(&folder) {
        let calls = Calls::open(&folder).map_err(users)?;
        file_bytes = calls.file_bytes().map_err(users)?;
        calls
            .for_each(|entry, bytes| {
                let time = recorded(&entry);
                let group = groups.entry((entry.kind, entry.model)).or_default();
                group.entries += 1;
                group.bytes += bytes;
                group.last = group.last.max(time);
                group.first = match (group.first, time) {
                    (Some(first), Some(time)) => Some(first.min(time)),
                    (first, time) => first.or(time),
                };
                Ok(())
            })
            .map_err(users)?;
    }
    let entries: u64 = groups.values().map(|group| group.entries).sum();
    if args.json {
        let groups: Vec<_> = groups
            .iter()
            .map(|((kind, model), group)| {
                json!({
                    "kind": kind, "model": model, "entries": group.entries, "bytes": group.bytes,
                    "first": group.first, "last": group.last,
                })
            })
            .collect();
        output::json(&json!({
            "path": folder, "file_bytes": file_bytes, "entries": entries, "groups": groups,
        }))?;
        return Ok(exit::DONE);
    }
    if groups.is_empty() {
        output::result(&format!("{}: empty", folder.display()))?;
        return Ok(exit::DONE);
    }
    let mut table = Table::new(&["kind", "model", "entries", "size", "first", "last"]);
    for ((kind, model), group) in &groups {
        let day = |time: Option<Timestamp>| {
            time.map_or_else(|| "–".to_owned(), |time| time.strftime("%F").to_string())
        };
        let kind = match kind {
            EntryKind::Chat => "chat",
            EntryKind::Embedding => "embedding",
        };
        table.rows.push(vec![
            kind.to_owned(),
            model.clone(),
            group.entries.to_string(),
            size(group.bytes),
            day(group.first),
            day(group.last),
        ]);
    }
    output::result(&format!(
        "{}\n{entries} entries in {}, {} on disk",
        table.render(Style::Text),
        folder.display(),
        size(file_bytes)
    ))?;
    Ok(exit::DONE)
}

/// The cache, which must be there.
fn existing(args: &CacheArgs) -> anyhow::Result<Arc<Calls>> {
    let folder = traffic::cache_folder(args.cache.as_deref())?;
    if !is_there(&folder) {
        return Err(exit::user(format!("no cache at {}", folder.display())));
    }
    Calls::open(&folder).map_err(users)
}

fn is_there(folder: &Path) -> bool {
    folder.join("data.mdb").is_file()
}

fn recorded(entry: &Entry) -> Option<Timestamp> {
    entry.recorded.as_ref()?.parse().ok()
}

fn users(error: TrafficError) -> anyhow::Error {
    exit::user(error.to_string())
}

/// Bytes for people.
pub(crate) fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}
