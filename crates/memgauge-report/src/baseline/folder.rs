//! A baseline on disk.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::change::{VariantChange, changes};
use super::file::{BaselineHead, LogEntry};
use super::{BASELINE_VERSION, Baseline, BaselineError, questions};

/// The file that makes a folder a baseline.
pub const FILE: &str = "baseline.json";

/// The folder of the baseline called `name`.
///
/// # Errors
/// When the name could lead out of `into`.
pub fn find(into: &Path, name: &str) -> Result<PathBuf, BaselineError> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    match name.is_empty() || name.starts_with('.') || !name.chars().all(is_plain) {
        true => Err(BaselineError::Name(name.to_owned())),
        false => Ok(into.join(name)),
    }
}

/// The baselines in a folder, by name; a folder that is not there has none.
///
/// # Errors
/// When it cannot be read.
pub fn list(into: &Path) -> Result<Vec<PathBuf>, BaselineError> {
    let entries = match std::fs::read_dir(into) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(BaselineError::io(into)(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(BaselineError::io(into))?.path();
        if path.join(FILE).is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Reads a baseline.
///
/// # Errors
/// When there is none, a file cannot be read, or a later memgauge wrote it.
pub fn open(path: &Path) -> Result<Baseline, BaselineError> {
    let file = path.join(FILE);
    let text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(BaselineError::None {
                path: path.to_owned(),
                known: known_beside(path),
            });
        }
        Err(error) => return Err(BaselineError::io(&file)(error)),
    };
    let wrong = |error: serde_json::Error| BaselineError::line(&file, error.line() as u64, error);
    let value: Value = serde_json::from_str(&text).map_err(wrong)?;
    if let Some(found) = value.get("schema_version").and_then(Value::as_u64)
        && found > u64::from(BASELINE_VERSION)
    {
        return Err(BaselineError::Newer { path: file, found });
    }
    let head: BaselineHead = serde_json::from_value(value).map_err(wrong)?;
    let mut variants = Vec::with_capacity(head.variants.len());
    for variant in &head.variants {
        if Path::new(&variant.file).file_name() != Some(variant.file.as_ref()) {
            let message = format!(
                "variant {}: file `{}`: must be a name",
                variant.name, variant.file
            );
            return Err(BaselineError::line(&file, 1, message));
        }
        variants.push(questions::read(&path.join(&variant.file), &head.columns)?);
    }
    Ok(Baseline { head, variants })
}

/// `; there are: a, b` of the baselines in the same folder.
fn known_beside(path: &Path) -> String {
    let beside = path.parent().map(list);
    let names: Vec<String> = beside
        .and_then(Result::ok)
        .unwrap_or_default()
        .iter()
        .filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
        .collect();
    match names.is_empty() {
        true => String::new(),
        false => format!("; there are: {}", names.join(", ")),
    }
}

/// Writes a new baseline.
///
/// # Errors
/// When there is one already, or it cannot be written.
pub fn save(
    path: &Path,
    mut baseline: Baseline,
    when: &str,
    why: &str,
) -> Result<(), BaselineError> {
    if path.join(FILE).exists() {
        return Err(BaselineError::Exists {
            path: path.to_owned(),
        });
    }
    baseline.head.log = vec![entry(&baseline, when, why, &[])];
    write(path, &baseline)
}

/// Writes a baseline in the place of an earlier one, with a reason, and returns what changed.
///
/// # Errors
/// When there is none, there is no reason, or it cannot be written.
pub fn update(
    path: &Path,
    mut baseline: Baseline,
    when: &str,
    why: &str,
) -> Result<Vec<VariantChange>, BaselineError> {
    let old = open(path)?;
    if why.trim().is_empty() {
        return Err(BaselineError::NoReason {
            path: path.to_owned(),
        });
    }
    let found = changes(&old, &baseline);
    let entry = entry(&baseline, when, why, &found);
    baseline.head.log = old.head.log.clone();
    baseline.head.log.push(entry);
    write(path, &baseline)?;
    for gone in &old.head.variants {
        if !baseline
            .head
            .variants
            .iter()
            .any(|one| one.file == gone.file)
        {
            let file = path.join(&gone.file);
            std::fs::remove_file(&file).map_err(BaselineError::io(&file))?;
        }
    }
    Ok(found)
}

fn entry(baseline: &Baseline, when: &str, why: &str, changes: &[VariantChange]) -> LogEntry {
    let run = &baseline.head.run;
    LogEntry {
        when: when.to_owned(),
        why: why.trim().to_owned(),
        tool: run.tool.clone(),
        revision: run.revision.clone(),
        digest: run.digest.clone(),
        changed: changes
            .iter()
            .map(|change| (change.variant.clone(), change.questions.len()))
            .filter(|(_, count)| *count > 0)
            .collect(),
    }
}

fn write(path: &Path, baseline: &Baseline) -> Result<(), BaselineError> {
    std::fs::create_dir_all(path).map_err(BaselineError::io(path))?;
    let whole = |name: &str, bytes: &[u8]| {
        let (file, draft) = (path.join(name), path.join(format!("{name}.part")));
        std::fs::write(&draft, bytes).map_err(BaselineError::io(&draft))?;
        std::fs::rename(&draft, &file).map_err(BaselineError::io(&file))
    };
    for (variant, rows) in baseline.head.variants.iter().zip(&baseline.variants) {
        let bytes = questions::write(rows, &baseline.head.columns)
            .map_err(|error| BaselineError::line(&path.join(&variant.file), 0, error))?;
        whole(&variant.file, &bytes)?;
    }
    let mut text = serde_json::to_vec_pretty(&baseline.head)
        .map_err(|error| BaselineError::line(&path.join(FILE), 0, error))?;
    text.push(b'\n');
    // Last: with it the folder is a baseline.
    whole(FILE, &text)
}
