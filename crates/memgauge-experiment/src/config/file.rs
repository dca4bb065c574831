//! A config file: TOML with the place of every key, `--set` overrides, and one check that reports
//! every mistake at once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use memgauge_core::BuildError;
use memgauge_core::config::{check, suggestion, unknown};
use memgauge_pipeline::answerer::AnswererConfig;
use memgauge_pipeline::judge::JudgeConfig;
use memgauge_pipeline::system::{SystemConfig, filled};
use serde_json::Value;
use toml::de::DeTable;

use super::only::{Only, fits};
use super::places::{Places, convert_table, line_of};
use super::profile::Profiles;
use super::set::set;
use super::sweep::expand;
use super::{DatasetConfig, ExperimentConfig};
use crate::config::types::DatasetKind;
use crate::error::{ConfigProblem, ExperimentError};

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
    places: Places,
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
        let text = std::fs::read_to_string(path).map_err(|source| ExperimentError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(path, &text, choices)
    }

    /// As [`Self::load_with`], from text.
    ///
    /// # Errors
    /// With every mistake in it.
    pub fn parse(path: &Path, text: &str, choices: &Choices) -> Result<Self, ExperimentError> {
        let mut places = Places::new(path);
        let table = DeTable::parse(text).map_err(|error| {
            let line = error.span().map_or(1, |span| line_of(text, span.start));
            ExperimentError::config(
                format!("{}:{line}", places.file),
                "",
                error.message().to_owned(),
            )
        })?;
        let mut written = Value::Object(convert_table(table.get_ref(), text, "", &mut places));
        let profiles = Profiles::take(&mut written, &places).map_err(ExperimentError::Config)?;
        let mut problems = Vec::new();
        // A profile that nobody has chosen today is somebody's nightly run.
        for name in profiles.names() {
            let mut places = places.clone();
            match profiles.lay(name, &written, &mut places) {
                Err(found) => problems.push(found),
                Ok(whole) if choices.profile.as_deref() != Some(name) => {
                    if let Err(ExperimentError::Config(found)) = Self::checked(path, whole, places)
                    {
                        problems.extend(found);
                    }
                }
                Ok(_) => {}
            }
        }
        let chosen = match &choices.profile {
            None => Ok(written),
            Some(name) => {
                let known: Vec<&str> = profiles.names().collect();
                if !known.contains(&name.as_str()) {
                    return Err(ExperimentError::config(
                        "--profile",
                        "",
                        unknown("profile", name, &known),
                    ));
                }
                profiles.lay(name, &written, &mut places)
            }
        };
        let loaded = match chosen {
            Err(_) => Err(ExperimentError::Config(Vec::new())),
            Ok(mut written) => {
                for each in &choices.overrides {
                    set(&mut written, each, &mut places)?;
                }
                Self::checked(path, written, places)
            }
        };
        match loaded {
            Ok(mut file) if problems.is_empty() => {
                file.narrow(&choices.only)?;
                Ok(file)
            }
            Ok(_) => Err(ExperimentError::Config(problems)),
            Err(ExperimentError::Config(mut found)) => {
                found.extend(problems);
                let mut seen = BTreeSet::new();
                found.retain(|problem| seen.insert(problem.to_string()));
                Err(ExperimentError::Config(found))
            }
            Err(other) => Err(other),
        }
    }

    /// Keeps a part of the experiment.
    fn narrow(&mut self, only: &Only) -> Result<(), ExperimentError> {
        let nothing = |key: &str, given: String, known: Vec<&str>| {
            Err(ExperimentError::config(
                "--only",
                "",
                format!(
                    "{key}={given} keeps nothing (there is: {})",
                    known.join(", ")
                ),
            ))
        };
        let config = &mut self.config;
        if !only.variants.is_empty() {
            let is_kept = |name: &str| only.variants.iter().any(|pattern| fits(pattern, name));
            let all = std::mem::take(&mut config.variant);
            let mut origins = std::mem::take(&mut self.places.origins).into_iter();
            let known: Vec<String> = all.iter().map(|variant| variant.name.clone()).collect();
            for (index, variant) in all.into_iter().enumerate() {
                let origin = origins
                    .next()
                    .unwrap_or_else(|| format!("variant[{index}]"));
                if is_kept(&variant.name) {
                    config.variant.push(variant);
                    self.places.origins.push(origin);
                }
            }
            if config.variant.is_empty() {
                let known = known.iter().map(String::as_str).collect();
                return nothing("variant", only.variants.join(" variant="), known);
            }
            if let Some(swapped) = &mut config.controls.swapped {
                swapped.retain(|name| is_kept(name));
            }
        }
        let dataset = &mut config.dataset;
        if !only.categories.is_empty() {
            let asked = std::mem::take(&mut dataset.categories);
            let all = asked.is_empty();
            let is_kept = |category: &&u8| all || asked.contains(category);
            dataset.categories = only.categories.iter().filter(is_kept).copied().collect();
            if dataset.categories.is_empty() {
                let given: Vec<String> = only.categories.iter().map(u8::to_string).collect();
                let known: Vec<String> = asked.iter().map(u8::to_string).collect();
                let known = known.iter().map(String::as_str).collect();
                return nothing("category", given.join(" category="), known);
            }
        }
        if !only.conversations.is_empty() {
            let asked = std::mem::take(&mut dataset.conversations);
            let all = asked.is_empty();
            let is_kept = |id: &&String| all || asked.contains(id);
            let kept = only.conversations.iter().filter(is_kept).cloned();
            dataset.conversations = kept.collect();
            if dataset.conversations.is_empty() {
                let known = asked.iter().map(String::as_str).collect();
                let given = only.conversations.join(" conversation=");
                return nothing("conversation", given, known);
            }
        }
        Ok(())
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
        for each in overrides {
            set(&mut written, each, &mut places)?;
        }
        Self::checked(path, written, places)
    }

    fn checked(path: &Path, written: Value, mut places: Places) -> Result<Self, ExperimentError> {
        let schema = schemars::schema_for!(ExperimentConfig).to_value();
        let mut problems: Vec<ConfigProblem> = check(&schema, &with_protocols(&written))
            .into_iter()
            .map(|found| problem(&places, &found.path, found.message))
            .collect();
        let mut whole = written.clone();
        if problems.is_empty() {
            match expand(&mut whole, &schema, &places) {
                Ok(origins) => places.origins = origins,
                Err(found) => problems = found,
            }
        }
        let of = |config| Self {
            path: path.to_owned(),
            written: written.clone(),
            config,
            base: None,
            places: places.clone(),
        };
        if !problems.is_empty() {
            // What else is wrong is told too, as far as it can be seen without the keys at fault.
            let mut sound = whole;
            for each in &problems {
                cut(&mut sound, &each.path);
            }
            if let Some(table) = sound.as_object_mut() {
                table.remove("sweep");
            }
            if let Ok(config) = serde_json::from_value(sound) {
                problems.extend(of(config).combinations());
            }
            return Err(ExperimentError::Config(problems));
        }
        let config: ExperimentConfig = serde_json::from_value(whole)
            .map_err(|error| ExperimentError::config(places.file.clone(), "", error))?;
        let mut file = of(config);
        let problems = file.combinations();
        if let (Some(runs), JudgeConfig::Llm(judge)) =
            (file.config.repeats.judge, &mut file.config.judge)
        {
            judge.runs = runs;
        }
        if problems.is_empty() {
            Ok(file)
        } else {
            Err(ExperimentError::Config(problems))
        }
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

    /// What the types alone cannot tell: names, references, combinations.
    fn combinations(&self) -> Vec<ConfigProblem> {
        let mut problems = Vec::new();
        let config = &self.config;
        if !is_name(&config.name) {
            problems.push(self.problem("name", name_rule(&config.name)));
        }
        self.check_dataset(&config.dataset, &mut problems);
        if config.variant.is_empty() {
            problems.push(self.problem("variant", "needs at least one [[variant]]"));
        }
        if let (Some(runs), JudgeConfig::Llm(judge)) = (config.repeats.judge, &config.judge)
            && self.written.pointer("/judge/runs").is_some()
            && runs != judge.runs
        {
            let message = format!("judge.runs says {}: leave one of them out", judge.runs);
            problems.push(self.problem("repeats.judge", message));
        }
        let mut names: BTreeMap<&str, usize> = BTreeMap::new();
        for (index, variant) in config.variant.iter().enumerate() {
            let path = format!("variant[{index}].name");
            if !is_name(&variant.name) {
                problems.push(self.problem(&path, name_rule(&variant.name)));
            }
            if let Some(first) = names.insert(&variant.name, index) {
                problems.push(self.problem(
                    &path,
                    format!("`{}` is the name of variant[{first}] already", variant.name),
                ));
            }
            if matches!(variant.answerer, Some(AnswererConfig::System(_)))
                && !matches!(variant.system, SystemConfig::External(_))
            {
                problems.push(self.problem(
                    &format!("variant[{index}].answerer"),
                    format!(
                        "`system` needs a system that answers: `external`, not `{}`",
                        variant.system.kind()
                    ),
                ));
            }
        }
        if let AnswererConfig::System(_) = config.answerer {
            problems.push(self.problem(
                "answerer",
                "`system` is the answerer of single variants whose system is `external`: write it there",
            ));
        }
        if config.controls.oracle == Some(true) && names.contains_key("oracle") {
            problems.push(self.problem(
                "variant",
                "`oracle` is the name of a control; rename the variant or set controls.oracle = false",
            ));
        }
        let swapped = config.controls.swapped.as_deref().unwrap_or_default();
        for (index, name) in swapped.iter().enumerate() {
            let path = format!("controls.swapped[{index}]");
            if !names.contains_key(name.as_str()) {
                let hint = suggestion(name, names.keys().copied())
                    .map_or_else(String::new, |meant| format!(", did you mean `{meant}`?"));
                let known: Vec<&str> = names.keys().copied().collect();
                problems.push(self.problem(
                    &path,
                    format!(
                        "no variant is named `{name}`{hint} (known: {})",
                        known.join(", ")
                    ),
                ));
            } else if names.contains_key(swapped_name(name).as_str()) {
                problems.push(self.problem(
                    &path,
                    format!("a variant is named `{}` already", swapped_name(name)),
                ));
            } else if swapped[..index].contains(name) {
                problems.push(self.problem(&path, format!("`{name}` is named twice")));
            }
        }
        problems
    }

    fn check_dataset(&self, dataset: &DatasetConfig, problems: &mut Vec<ConfigProblem>) {
        match (dataset.kind, &dataset.path) {
            (DatasetKind::File, None) => {
                problems.push(self.problem("dataset", "kind `file` needs a `path`"));
            }
            (DatasetKind::Locomo | DatasetKind::Sample, Some(_)) => {
                problems.push(self.problem(
                    "dataset.path",
                    format!(
                        "only kind `file` takes a path; kind is `{}`",
                        dataset.kind.name()
                    ),
                ));
            }
            _ => {}
        }
        for (index, category) in dataset.categories.iter().enumerate() {
            if !(1..=5).contains(category) {
                problems.push(self.problem(
                    &format!("dataset.categories[{index}]"),
                    format!("categories are 1 to 5, found {category}"),
                ));
            }
        }
    }
}

/// What a command line chooses of a file.
#[derive(Debug, Clone, Default)]
pub struct Choices {
    /// `dotted.path=value`, carried out last.
    pub overrides: Vec<String>,
    /// Name of a profile.
    pub profile: Option<String>,
    /// The part to keep.
    pub only: Only,
}

/// A problem at a dotted path.
pub(super) fn problem(places: &Places, path: &str, message: impl ToString) -> ConfigProblem {
    ConfigProblem {
        place: places.of(path),
        path: path.to_owned(),
        message: message.to_string(),
    }
}

/// Takes the key at a dotted path away, where there is one.
fn cut(root: &mut Value, path: &str) {
    let pointer: String = path
        .split(['.', '[', ']'])
        .filter(|step| !step.is_empty())
        .map(|step| format!("/{step}"))
        .collect();
    if let Some((parent, key)) = pointer.rsplit_once('/')
        && let Some(table) = root.pointer_mut(parent).and_then(Value::as_object_mut)
    {
        table.remove(key);
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

/// Name of the control that asks `variant` from another conversation's memory.
pub(crate) fn swapped_name(variant: &str) -> String {
    format!("{variant}-swapped")
}

pub(crate) fn is_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ',' | '=');
    !name.is_empty() && name.len() <= 200 && !name.starts_with('.') && name.chars().all(allowed)
}

fn name_rule(name: &str) -> String {
    format!("`{name}` is not a name: use letters, digits, `-`, `_`, `.`, `,` and `=`, at most 200")
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
