//! A config file: TOML with the place of every key, `--set` overrides, and one check that reports
//! every mistake at once.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use memgauge_core::BuildError;
use memgauge_core::config::{check, unknown};
use memgauge_pipeline::judge::JudgeConfig;
use memgauge_pipeline::system::filled;
use serde_json::Value;
use toml::de::DeTable;

use super::places::{Places, convert_table, line_of};
use super::profile::Profiles;
use super::remedy::Remedy;
use super::set::set;
use super::sweep::expand;
use super::{ExperimentConfig, Only};
use crate::error::{ConfigProblem, ExperimentError};

/// So many mistakes of syntax are told: a file of another kind is full of them.
const MOST_SYNTAX: usize = 5;

/// A config file that was read and checked.
#[derive(Debug, Clone)]
pub struct ConfigFile {
    /// Where it was read from.
    pub path: PathBuf,
    /// What the file says, overrides included, without defaults.
    pub written: Value,
    /// The config with every default filled in.
    pub config: ExperimentConfig,
    /// Folder from which its relative paths start, where it is not the file's own: the config of a run
    /// that was begun elsewhere.
    pub base: Option<PathBuf>,
    pub(super) places: Places,
}

impl ConfigFile {
    /// Reads `path`, carries out `overrides` (`dotted.path=value`, the value in TOML or a plain
    /// string), and checks everything.
    ///
    /// # Errors
    /// When the file cannot be read, or with every mistake in it.
    pub fn load(path: &Path, overrides: &[String]) -> Result<Self, ExperimentError> {
        let choices = Choices {
            overrides: overrides.to_vec(),
            ..Choices::default()
        };
        Self::load_with(path, &choices)
    }

    /// As [`Self::load`], with a profile and a part of the experiment.
    ///
    /// # Errors
    /// When the file cannot be read, or with every mistake in it.
    pub fn load_with(path: &Path, choices: &Choices) -> Result<Self, ExperimentError> {
        Self::parse(path, &Self::read(path)?, choices)
    }

    pub(crate) fn read(path: &Path) -> Result<String, ExperimentError> {
        std::fs::read_to_string(path).map_err(|source| ExperimentError::Read {
            path: path.to_owned(),
            source,
        })
    }

    /// As [`Self::load_with`], from text.
    ///
    /// # Errors
    /// With every mistake in it.
    pub fn parse(path: &Path, text: &str, choices: &Choices) -> Result<Self, ExperimentError> {
        match Self::examine(path, text, choices)? {
            (Some(file), problems) if problems.is_empty() => Ok(file),
            (_, problems) => Err(ExperimentError::Config(problems)),
        }
    }

    /// Every mistake in a text, and the config as far as it can be told without the keys at fault.
    ///
    /// # Errors
    /// When it is no TOML.
    pub(crate) fn examine(
        path: &Path,
        text: &str,
        choices: &Choices,
    ) -> Result<(Option<Self>, Vec<ConfigProblem>), ExperimentError> {
        let mut places = Places::new(path);
        let (table, errors) = DeTable::parse_recoverable(text);
        if !errors.is_empty() {
            let told = errors.iter().take(MOST_SYNTAX).map(|error| {
                let line = error.span().map_or(1, |span| line_of(text, span.start));
                ConfigProblem {
                    place: format!("{}:{line}", places.file),
                    path: String::new(),
                    message: error.message().to_owned(),
                }
            });
            let mut told: Vec<ConfigProblem> = told.collect();
            if let Some(more) = errors
                .len()
                .checked_sub(MOST_SYNTAX)
                .filter(|more| *more > 0)
            {
                told.push(ConfigProblem {
                    place: places.file.clone(),
                    path: String::new(),
                    message: format!("and {more} more mistakes; is it a TOML file?"),
                });
            }
            return Err(ExperimentError::Config(told));
        }
        let mut written = Value::Object(convert_table(table.get_ref(), text, "", &mut places));
        let mut problems = Vec::new();
        let profiles = Profiles::take(&mut written, &places, &mut problems);
        let mut others = Vec::new();
        // A profile that nobody has chosen today is somebody's nightly run.
        for name in profiles.names() {
            let mut places = places.clone();
            match profiles.lay(name, &written, &mut places) {
                Err(found) => others.push(found),
                Ok(whole) if choices.profile.as_deref() != Some(name) => {
                    others.extend(Self::checked(path, whole, places).1);
                }
                Ok(_) => {}
            }
        }
        if let Some(name) = &choices.profile {
            let known: Vec<&str> = profiles.names().collect();
            if known.contains(&name.as_str()) {
                // What is wrong with it was told above.
                if let Ok(whole) = profiles.lay(name, &written, &mut places) {
                    written = whole;
                }
            } else {
                problems.push(ConfigProblem {
                    place: "--profile".to_owned(),
                    path: String::new(),
                    message: unknown("profile", name, &known),
                });
            }
        }
        for each in &choices.overrides {
            problems.extend(set(&mut written, each, &mut places).err());
        }
        let (mut file, found) = Self::checked(path, written, places);
        problems.extend(found);
        problems.extend(others);
        if let Some(only) = &choices.only {
            let told = |message| ConfigProblem {
                place: "--only".to_owned(),
                path: String::new(),
                message,
            };
            match Only::parse(only) {
                Err(messages) => problems.extend(messages.into_iter().map(told)),
                Ok(only) if problems.is_empty() => {
                    if let Some(file) = &mut file {
                        problems.extend(file.narrow(&only, true).into_iter().map(told));
                    }
                }
                Ok(only) => {
                    if let Some(mut file) = file.clone() {
                        let is_swept = file.written.get("sweep").is_some();
                        problems.extend(file.narrow(&only, !is_swept).into_iter().map(told));
                    }
                }
            }
        }
        let mut seen = BTreeSet::new();
        problems.retain(|problem| seen.insert(problem.to_string()));
        Ok((file, problems))
    }

    /// The config that a run was begun with, as its manifest keeps it, and what is changed about it;
    /// `path` is the manifest's.
    ///
    /// # Errors
    /// With every mistake in it.
    pub fn from_manifest(
        path: &Path,
        config: &Value,
        overrides: &[String],
    ) -> Result<Self, ExperimentError> {
        let mut places = Places::new(path);
        let mut written = config.clone();
        drop_nulls(&mut written);
        let mut problems = Vec::new();
        for each in overrides {
            problems.extend(set(&mut written, each, &mut places).err());
        }
        let (file, found) = Self::checked(path, written, places);
        problems.extend(found);
        match file {
            Some(file) if problems.is_empty() => Ok(file),
            _ => Err(ExperimentError::Config(problems)),
        }
    }

    fn checked(
        path: &Path,
        written: Value,
        mut places: Places,
    ) -> (Option<Self>, Vec<ConfigProblem>) {
        let schema = schemars::schema_for!(ExperimentConfig).to_value();
        let mut problems: Vec<ConfigProblem> = check(&schema, &with_protocols(&written))
            .into_iter()
            .map(|found| problem(&places, &found.path, found.message))
            .collect();
        let mut whole = written.clone();
        let remedy = Remedy::new(&mut whole, &problems);
        let mut cells_are_known = true;
        match expand(&mut whole, &schema, &places) {
            Ok(origins) => places.origins = origins,
            Err(found) => {
                cells_are_known = false;
                problems.extend(found.into_iter().filter(|each| remedy.spares(each)));
            }
        }
        let config: ExperimentConfig = match serde_json::from_value(whole) {
            Ok(config) => config,
            Err(error) => {
                if problems.is_empty() {
                    problems.push(problem(&places, "", error));
                }
                return (None, problems);
            }
        };
        let mut file = Self {
            path: path.to_owned(),
            written,
            config,
            base: None,
            places,
        };
        if !cells_are_known && let Some(swapped) = &mut file.config.controls.swapped {
            // Nobody knows whether there are such cells.
            swapped.retain(|name| !name.contains(','));
        }
        let found = file.combinations();
        problems.extend(found.into_iter().filter(|each| remedy.keeps(each)));
        if let (Some(runs), JudgeConfig::Llm(judge)) =
            (file.config.repeats.judge, &mut file.config.judge)
        {
            judge.runs = runs;
        }
        (Some(file), problems)
    }

    /// A problem at a dotted path of this file.
    pub(crate) fn problem(&self, path: &str, message: impl ToString) -> ConfigProblem {
        problem(&self.places, path, message)
    }

    /// A part that cannot be built, whose table stands at `path`.
    pub(crate) fn part_problem(&self, path: &str, error: &BuildError) -> ConfigProblem {
        match &error.key {
            Some(key) => self.problem(&format!("{path}.{key}"), error),
            None => self.problem(path, error),
        }
    }

    /// The folder from which relative paths of the config start.
    pub fn base(&self) -> PathBuf {
        let own = || self.path.parent().unwrap_or(Path::new("")).to_owned();
        self.base.clone().unwrap_or_else(own)
    }

    /// The folder of the user's own prompts, relative to the config file.
    pub fn prompts_path(&self) -> Option<PathBuf> {
        let folder = self.config.prompts.as_ref()?;
        Some(self.base().join(folder))
    }

    /// Path of the dataset's file, where the config gives one, relative to the config file.
    pub fn dataset_path(&self) -> Option<PathBuf> {
        let given = self.config.dataset.path.as_ref()?;
        Some(self.base().join(given))
    }
}

/// What a command line chooses of a file.
#[derive(Debug, Clone, Default)]
pub struct Choices {
    /// `dotted.path=value`, carried out last.
    pub overrides: Vec<String>,
    /// Name of a profile.
    pub profile: Option<String>,
    /// The part to keep: see [`Only`].
    pub only: Option<String>,
}

/// A problem at a dotted path.
pub(super) fn problem(places: &Places, path: &str, message: impl ToString) -> ConfigProblem {
    ConfigProblem {
        place: places.of(path),
        path: places.original(path),
        message: message.to_string(),
    }
}

/// What is written, with what protocols say of the systems that follow one.
pub(super) fn with_protocols(written: &Value) -> Value {
    let mut whole = written.clone();
    let variants = whole.get_mut("variant").and_then(Value::as_array_mut);
    for variant in variants.into_iter().flatten() {
        if let Some(system) = variant.get_mut("system") {
            *system = filled(system);
        }
    }
    whole
}

/// TOML has no null: a key that is null was left out.
pub fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.retain(|_, value| !value.is_null());
            object.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
