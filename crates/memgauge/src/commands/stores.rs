//! `memgauge cache export|import --stores`: the memories of a run, moved out of its folder and back.
//!
//! Stores belong to the run that made them; nothing shares them yet. Put aside, they need not be
//! ingested again when that run (kept, or copied) goes on.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use anyhow::Context as _;
use memgauge_report::{RunDir, files};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::cache::size;
use crate::{exit, output};

/// What an export holds; `stores.json` in its folder.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Index {
    /// Version of this file.
    version: u32,
    /// Digest of the experiment: stores fit no other.
    digest: String,
    /// Files below `stores/`, sorted.
    files: Vec<Listed>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    path: PathBuf,
    bytes: u64,
    blake3: String,
}

const INDEX: &str = "stores.json";
const VERSION: u32 = 1;

pub(crate) fn export(run: &Path, to: &Path, as_json: bool) -> anyhow::Result<u8> {
    let dir = RunDir::open(run)?;
    let _lock = dir.lock()?;
    let stores = dir.file(files::STORES);
    let mut found = Vec::new();
    if stores.is_dir() {
        list(&stores, Path::new(""), &mut found).with_context(|| stores.display().to_string())?;
    }
    if found.is_empty() {
        return Err(exit::user(format!(
            "{}: no stores; a finished run keeps them with record.stores = true",
            run.display()
        )));
    }
    if to.exists() {
        return Err(exit::user(format!("{} exists already", to.display())));
    }
    found.sort();
    let mut listed = Vec::new();
    for path in found {
        let blake3 = copy(&stores.join(&path), &to.join(files::STORES).join(&path))?;
        let bytes = fs::metadata(stores.join(&path))?.len();
        listed.push(Listed {
            path,
            bytes,
            blake3,
        });
    }
    let index = Index {
        version: VERSION,
        digest: dir.manifest()?.digest,
        files: listed,
    };
    // Last: a folder without it is no export.
    fs::write(to.join(INDEX), serde_json::to_vec_pretty(&index)?)?;
    tell("copied to", &index, to, as_json)
}

pub(crate) fn import(from: &Path, run: &Path, as_json: bool) -> anyhow::Result<u8> {
    let path = from.join(INDEX);
    let text = fs::read(&path)
        .map_err(|error| exit::user(format!("{}: no export of stores: {error}", path.display())))?;
    let wrong = |message: String| exit::user(format!("{}: {message}", path.display()));
    let index: Index = serde_json::from_slice(&text).map_err(|error| wrong(error.to_string()))?;
    if index.version != VERSION {
        return Err(wrong(format!("version {}, not {VERSION}", index.version)));
    }
    let dir = RunDir::open(run)?;
    let _lock = dir.lock()?;
    if dir.manifest()?.digest != index.digest {
        return Err(wrong(format!(
            "its stores belong to another experiment than {}",
            run.display()
        )));
    }
    let stores = dir.file(files::STORES);
    // All is looked at before anything is written.
    for file in &index.files {
        let is_inside = file
            .path
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        if !is_inside {
            return Err(wrong(format!("{} leads elsewhere", file.path.display())));
        }
        if stores.join(&file.path).exists() {
            return Err(exit::user(format!(
                "{} exists already",
                stores.join(&file.path).display()
            )));
        }
        let source = from.join(files::STORES).join(&file.path);
        let found =
            digest(&source).map_err(|error| wrong(format!("{}: {error}", source.display())))?;
        if found != file.blake3 {
            return Err(wrong(format!("{} is damaged", source.display())));
        }
    }
    for file in &index.files {
        copy(
            &from.join(files::STORES).join(&file.path),
            &stores.join(&file.path),
        )?;
    }
    tell("put back into", &index, run, as_json)
}

fn tell(done: &str, index: &Index, place: &Path, as_json: bool) -> anyhow::Result<u8> {
    let bytes: u64 = index.files.iter().map(|file| file.bytes).sum();
    if as_json {
        output::json(&json!({ "files": index.files.len(), "bytes": bytes, "place": place }))?;
    } else {
        output::result(&format!(
            "{} files, {}, {done} {}",
            index.files.len(),
            size(bytes),
            place.display()
        ))?;
    }
    Ok(exit::DONE)
}

/// Files below `root`, those of unfinished stores left out.
fn list(root: &Path, below: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(root.join(below))? {
        let entry = entry?;
        let name = entry.file_name();
        let path = below.join(&name);
        let name = name.to_string_lossy();
        if entry.file_type()?.is_dir() {
            if !name.ends_with(".building") {
                list(root, &path, found)?;
            }
        } else {
            found.push(path);
        }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<String> {
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent).with_context(|| parent.display().to_string())?;
    }
    fs::copy(from, to).with_context(|| to.display().to_string())?;
    digest(to).with_context(|| to.display().to_string())
}

fn digest(path: &Path) -> io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    io::copy(&mut fs::File::open(path)?, &mut hasher)?;
    Ok(hasher.finalize().to_hex().to_string())
}
