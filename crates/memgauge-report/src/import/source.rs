//! Files read, and which of them make one run.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use memgauge_dataset::Dataset;

use super::conversation::{Questions, place};
use super::error::ImportError;
use super::fields::Fields;
use super::format::{Format, read};
use super::row::Sheet;

/// A file that was read.
pub struct Source {
    /// Where it is.
    pub(super) path: PathBuf,
    /// SHA-256 of its bytes.
    pub(super) sha256: String,
    /// The format that it is in.
    pub(super) format: &'static Format,
    /// What it holds.
    pub(super) sheet: Sheet,
}

/// Whether several files make one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Join {
    /// If they are of one format and each is about a conversation of its own.
    #[default]
    Auto,
    /// Always: parts of a run, or repeats of it.
    Always,
    /// Never: a run per file.
    Never,
}

impl Source {
    /// Reads a file in the format given, or in the one that it looks like. `columns` are pairs of a role and the name of
    /// a column.
    ///
    /// # Errors
    /// When it cannot be read or understood, with what was found and what the formats need.
    pub fn read(
        path: &Path,
        given: Option<&'static Format>,
        columns: &[(String, String)],
    ) -> Result<Self, ImportError> {
        let fields = Fields::with_columns(columns)
            .map_err(|message| ImportError::Options(format!("--columns: {message}")))?;
        let (format, document, sheet) = read(path, given, &fields)?;
        Ok(Self {
            path: document.path,
            sha256: document.sha256,
            format,
            sheet,
        })
    }

    /// Name of the file, without its folder.
    pub(super) fn name(&self) -> String {
        let name = self.path.file_name();
        name.map_or_else(String::new, |name| name.to_string_lossy().into_owned())
    }

    /// Whether it tells what was shown to the answering model.
    pub fn has_contexts(&self) -> bool {
        self.sheet.rows.iter().any(|row| !row.context.is_empty())
    }

    /// Its format.
    pub fn format(&self) -> &'static str {
        self.format.name
    }
}

/// The files by run, in the order given.
///
/// # Errors
/// When files of different formats are to make one run.
pub fn arrange(
    sources: Vec<Source>,
    join: Join,
    dataset: &Dataset,
) -> Result<Vec<Vec<Source>>, ImportError> {
    let formats: BTreeSet<&str> = sources.iter().map(Source::format).collect();
    let together = match join {
        Join::Always if formats.len() > 1 => {
            let formats: Vec<&str> = formats.into_iter().collect();
            return Err(ImportError::Options(format!(
                "files of different formats ({}) cannot make one run",
                formats.join(", ")
            )));
        }
        Join::Always => true,
        Join::Never => false,
        Join::Auto => formats.len() == 1 && are_parts(&sources, dataset),
    };
    Ok(if together {
        vec![sources]
    } else {
        sources.into_iter().map(|source| vec![source]).collect()
    })
}

/// Whether each file is about one conversation, and no other file about the same.
fn are_parts(sources: &[Source], dataset: &Dataset) -> bool {
    let questions = Questions::new(dataset);
    let mut seen = BTreeSet::new();
    sources.len() > 1
        && sources.iter().all(|source| {
            let places: BTreeSet<_> = place(&questions, &source.sheet.rows)
                .into_iter()
                .map(|placed| placed.map(|placed| placed.place))
                .collect();
            let only = (places.len() == 1).then(|| places.first().copied().flatten());
            only.flatten().is_some_and(|place| seen.insert(place))
        })
}

/// A name for a run of these files: that of the file, or what the names of several begin with.
pub fn name(sources: &[Source]) -> String {
    let stems: Vec<String> = sources
        .iter()
        .map(|source| {
            let stem = source.path.file_stem();
            let stem = stem.map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
            let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            stem.chars()
                .map(|c| if allowed(c) { c } else { '-' })
                .collect()
        })
        .collect();
    let mut common = stems.first().map_or("", String::as_str);
    for stem in &stems {
        let shared = common
            .bytes()
            .zip(stem.bytes())
            .take_while(|(a, b)| a == b)
            .count();
        common = common.get(..shared).unwrap_or_default();
    }
    if stems.len() > 1 {
        common = common.trim_end_matches(|c: char| c.is_ascii_digit());
    }
    let common: String = common
        .trim_matches(['-', '_', '.'])
        .chars()
        .take(80)
        .collect();
    match sources.first() {
        Some(first) if common.is_empty() => first.format.name.to_owned(),
        _ => common,
    }
}
