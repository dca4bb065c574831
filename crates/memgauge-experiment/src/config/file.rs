//! A config file: TOML with the place of every key, `--set` overrides, and one check that reports
//! every mistake at once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use memgauge_core::BuildError;
use memgauge_core::config::{check, suggestion};
use memgauge_pipeline::answerer::AnswererConfig;
use memgauge_pipeline::system::{SystemConfig, filled};
use serde_json::{Map, Number, Value};
use toml::de::{DeTable, DeValue};

use super::set::set;
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

/// Where every key stands.
#[derive(Debug, Clone, Default)]
pub(super) struct Places {
    pub(super) file: String,
    lines: BTreeMap<String, usize>,
    pub(super) set: BTreeSet<String>,
}

impl Places {
    /// No places yet, in the file at `path`.
    pub(super) fn new(path: &Path) -> Self {
        Self {
            file: path.display().to_string(),
            ..Self::default()
        }
    }

    /// File and line of `path`, or of the nearest table around it.
    pub(super) fn of(&self, path: &str) -> String {
        let mut path = path;
        loop {
            if self.set.contains(path) {
                return format!("--set {path}");
            }
            if let Some(line) = self.lines.get(path) {
                return format!("{}:{line}", self.file);
            }
            match path.rfind(['.', '[']) {
                Some(end) => path = path.get(..end).unwrap_or(""),
                None if path.is_empty() => return self.file.clone(),
                None => path = "",
            }
        }
    }
}

impl ConfigFile {
    /// Reads `path`, carries out `overrides` (`dotted.path=value`, the value in TOML or a plain
    /// string), and checks everything.
    ///
    /// # Errors
    /// When the file cannot be read, or with every mistake in it.
    pub fn load(path: &Path, overrides: &[String]) -> Result<Self, ExperimentError> {
        let text = std::fs::read_to_string(path).map_err(|source| ExperimentError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(path, &text, overrides)
    }

    /// As [`Self::load`], from text.
    ///
    /// # Errors
    /// With every mistake in it.
    pub fn parse(path: &Path, text: &str, overrides: &[String]) -> Result<Self, ExperimentError> {
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
        for each in overrides {
            set(&mut written, each, &mut places)?;
        }
        Self::checked(path, written, places)
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

    fn checked(path: &Path, written: Value, places: Places) -> Result<Self, ExperimentError> {
        let schema = schemars::schema_for!(ExperimentConfig).to_value();
        let problems: Vec<ConfigProblem> = check(&schema, &with_protocols(&written))
            .into_iter()
            .map(|problem| ConfigProblem {
                place: places.of(&problem.path),
                path: problem.path,
                message: problem.message,
            })
            .collect();
        if !problems.is_empty() {
            return Err(ExperimentError::Config(problems));
        }
        let config: ExperimentConfig = serde_json::from_value(written.clone())
            .map_err(|error| ExperimentError::config(places.file.clone(), "", error))?;
        let file = Self {
            path: path.to_owned(),
            written,
            config,
            base: None,
            places,
        };
        let problems = file.combinations();
        if problems.is_empty() {
            Ok(file)
        } else {
            Err(ExperimentError::Config(problems))
        }
    }

    /// A problem at a dotted path of this file.
    pub(crate) fn problem(&self, path: &str, message: impl ToString) -> ConfigProblem {
        ConfigProblem {
            place: self.places.of(path),
            path: path.to_owned(),
            message: message.to_string(),
        }
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

/// What is written, with what protocols say of the systems that follow one.
fn with_protocols(written: &Value) -> Value {
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
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !name.is_empty() && name.len() <= 100 && !name.starts_with('.') && name.chars().all(allowed)
}

fn name_rule(name: &str) -> String {
    format!("`{name}` is not a name: use letters, digits, `-`, `_` and `.`, at most 100")
}

pub(super) fn line_of(text: &str, offset: usize) -> usize {
    let before = text.get(..offset).unwrap_or(text);
    before.bytes().filter(|byte| *byte == b'\n').count() + 1
}

pub(super) fn convert_table(
    table: &DeTable<'_>,
    text: &str,
    path: &str,
    places: &mut Places,
) -> Map<String, Value> {
    let mut object = Map::new();
    for (key, value) in table {
        let name = key.get_ref().to_string();
        let at = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        places
            .lines
            .insert(at.clone(), line_of(text, key.span().start));
        let value = convert(value.get_ref(), value.span().start, text, &at, places);
        object.insert(name, value);
    }
    object
}

fn convert(
    value: &DeValue<'_>,
    start: usize,
    text: &str,
    path: &str,
    places: &mut Places,
) -> Value {
    match value {
        DeValue::String(string) => Value::String(string.to_string()),
        DeValue::Integer(integer) => {
            let digits = integer.as_str().replace('_', "");
            i64::from_str_radix(&digits, integer.radix()).map_or_else(
                |_| {
                    u64::from_str_radix(&digits, integer.radix())
                        .map_or(Value::String(digits.clone()), Value::from)
                },
                Value::from,
            )
        }
        DeValue::Float(float) => float
            .as_str()
            .replace('_', "")
            .parse::<f64>()
            .ok()
            .and_then(Number::from_f64)
            .map_or_else(|| Value::String(float.as_str().to_owned()), Value::Number),
        DeValue::Boolean(boolean) => Value::Bool(*boolean),
        DeValue::Datetime(time) => Value::String(time.to_string()),
        DeValue::Array(items) => Value::Array(
            items
                .iter()
                .enumerate()
                .map(|(index, item)| {
                    let at = format!("{path}[{index}]");
                    places
                        .lines
                        .insert(at.clone(), line_of(text, item.span().start));
                    convert(item.get_ref(), item.span().start, text, &at, places)
                })
                .collect(),
        ),
        DeValue::Table(table) => {
            places
                .lines
                .entry(path.to_owned())
                .or_insert_with(|| line_of(text, start));
            Value::Object(convert_table(table, text, path, places))
        }
    }
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
