//! `[[sweep]]`: from a base and values for its keys to variants.

use std::collections::{BTreeMap, BTreeSet};

use memgauge_core::config::{check, unknown};
use serde_json::{Map, Value, json};

use super::file::{problem, with_protocols};
use super::places::Places;
use super::{Isolation, SweepConfig, SweepMode, VariantConfig};
use crate::error::ConfigProblem;

/// Longest part of a name that stands for one value.
const LABEL: usize = 40;

/// Replaces the sweeps of `written` by their cells; the order of variants is that of the file, cells in the
/// place of their base. Returns for each variant where it stands in the file. Every value that does not fit is
/// told at its place.
pub(super) fn expand(
    written: &mut Value,
    schema: &Value,
    places: &Places,
) -> Result<Vec<String>, Vec<ConfigProblem>> {
    let sweeps = written
        .as_object_mut()
        .and_then(|table| table.remove("sweep"))
        .unwrap_or(Value::Null);
    let Value::Array(sweeps) = sweeps else {
        return Ok(Vec::new());
    };
    let models = written.get("models").cloned().unwrap_or(json!({}));
    let isolation = written.get("isolation").cloned();
    let isolation = isolation.unwrap_or_else(|| json!(Isolation::default()));
    let substance = |variant: &Value| substance(variant, &isolation);
    let Some(variants) = written.get_mut("variant").and_then(Value::as_array_mut) else {
        return Ok(Vec::new());
    };
    let mut problems = Vec::new();
    let mut known: Vec<Value> = variants.iter().filter_map(&substance).collect();
    let originals = variants.clone();
    let mut replaced: BTreeSet<String> = BTreeSet::new();
    let mut cells: BTreeMap<String, Vec<(String, Value)>> = BTreeMap::new();
    for (index, sweep) in sweeps.into_iter().enumerate() {
        let path = format!("sweep[{index}]");
        // It was held against the schema before.
        let Ok(sweep) = serde_json::from_value::<SweepConfig>(sweep) else {
            continue;
        };
        let names: Vec<&str> = originals.iter().filter_map(name).collect();
        let Some(base) = originals
            .iter()
            .find(|variant| name(variant) == Some(&sweep.variant))
        else {
            let message = unknown("variant", &sweep.variant, &names);
            problems.push(problem(places, &format!("{path}.variant"), message));
            continue;
        };
        let maker = Maker {
            base,
            base_name: &sweep.variant,
            models: &models,
            schema,
            places,
            path: &path,
        };
        let wanted = match maker.combinations(&sweep) {
            Ok(wanted) => wanted,
            Err(found) => {
                problems.extend(found);
                continue;
            }
        };
        let keeps = sweep
            .keep_base
            .unwrap_or(sweep.mode == SweepMode::OneAtATime);
        if !keeps {
            replaced.insert(sweep.variant.clone());
        }
        let labels = tails(wanted.iter().flatten().map(|setting| setting.path.as_str()));
        let base_substance = substance(base);
        for settings in wanted {
            match maker.cell(&settings, &labels) {
                Ok(cell) => {
                    let Some(substance) = substance(&cell) else {
                        continue;
                    };
                    // The base itself comes back as a cell where it is replaced.
                    let is_base = !keeps && base_substance.as_ref() == Some(&substance);
                    if !known.contains(&substance) || is_base {
                        known.push(substance);
                        let mine = cells.entry(sweep.variant.clone()).or_default();
                        mine.push((path.clone(), cell));
                    }
                }
                Err(found) => {
                    // A path that is wrong is wrong for each of its values.
                    for each in found {
                        let is_same = |other: &ConfigProblem| {
                            other.place == each.place && other.message == each.message
                        };
                        if !problems.iter().any(is_same) {
                            problems.push(each);
                        }
                    }
                }
            }
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut expanded = Vec::new();
    for (index, variant) in originals.into_iter().enumerate() {
        let base = name(&variant).unwrap_or_default().to_owned();
        if !replaced.contains(&base) {
            expanded.push((format!("variant[{index}]"), variant));
        }
        expanded.extend(cells.remove(&base).unwrap_or_default());
    }
    let (origins, expanded) = expanded.into_iter().unzip();
    *variants = expanded;
    Ok(origins)
}

fn name(variant: &Value) -> Option<&str> {
    variant.get("name")?.as_str()
}

/// Everything about a variant but its name and where it comes from, defaults filled in, those of the
/// experiment too.
fn substance(variant: &Value, isolation: &Value) -> Option<Value> {
    let mut resolved = resolved(variant)?;
    let table = resolved.as_object_mut()?;
    table.remove("name");
    table.remove("cell");
    table
        .entry("isolation")
        .or_insert_with(|| isolation.clone());
    Some(resolved)
}

fn resolved(variant: &Value) -> Option<Value> {
    let config: VariantConfig = serde_json::from_value(variant.clone()).ok()?;
    let mut value = serde_json::to_value(config).ok()?;
    super::drop_nulls(&mut value);
    Some(value)
}

/// One value for one path.
#[derive(Debug, Clone)]
struct Setting {
    path: String,
    value: Value,
    label: String,
    /// Where it stands in the file.
    at: String,
}

struct Maker<'a> {
    base: &'a Value,
    base_name: &'a str,
    models: &'a Value,
    schema: &'a Value,
    places: &'a Places,
    path: &'a str,
}

impl Maker<'_> {
    /// The settings of every cell, in order.
    fn combinations(&self, sweep: &SweepConfig) -> Result<Vec<Vec<Setting>>, Vec<ConfigProblem>> {
        let wrong = |at: String, message: &str| Err(vec![problem(self.places, &at, message)]);
        let at = |key: &str| format!("{}.{key}", self.path);
        if sweep.mode == SweepMode::List {
            if !sweep.axes.is_empty() || sweep.cells.is_empty() {
                return wrong(
                    at("mode"),
                    "`list` takes `cells = [{ \"dotted.path\" = value, .. }, ..]` and no axes",
                );
            }
            let cells = sweep.cells.iter().enumerate().map(|(index, cell)| {
                let settings = cell.iter().map(|(path, value)| {
                    let at = format!("{}.cells[{index}].{path}", self.path);
                    setting(path, value, at)
                });
                settings.collect()
            });
            return Ok(cells.collect());
        }
        if !sweep.cells.is_empty() || sweep.axes.is_empty() {
            return wrong(
                at("axes"),
                "give at least one axis, `\"dotted.path\" = [values]`; `cells` go with mode `list`",
            );
        }
        let mut axes: Vec<Vec<Setting>> = Vec::new();
        let mut problems = Vec::new();
        for (path, values) in &sweep.axes {
            let place = format!("{}.axes.{path}", self.path);
            let axis: Vec<Setting> = values
                .iter()
                .enumerate()
                .map(|(index, value)| setting(path, value, format!("{place}[{index}]")))
                .collect();
            let labels: BTreeSet<&str> = axis.iter().map(|each| each.label.as_str()).collect();
            if axis.is_empty() {
                problems.push(problem(self.places, &place, "needs at least one value"));
            } else if labels.len() < axis.len() {
                problems.push(problem(
                    self.places,
                    &place,
                    "two of its values have the same short name: write them as { label = \"..\", value = .. }",
                ));
            }
            axes.push(axis);
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(match sweep.mode {
            SweepMode::OneAtATime => axes.into_iter().flatten().map(|one| vec![one]).collect(),
            _ => axes.into_iter().fold(vec![Vec::new()], |cells, axis| {
                let with = |cell: &Vec<Setting>, one: &Setting| {
                    cell.iter().cloned().chain([one.clone()]).collect()
                };
                cells
                    .iter()
                    .flat_map(|cell| axis.iter().map(move |one| with(cell, one)))
                    .collect()
            }),
        })
    }

    /// The variant that `settings` make of the base.
    fn cell(
        &self,
        settings: &[Setting],
        labels: &BTreeMap<String, String>,
    ) -> Result<Value, Vec<ConfigProblem>> {
        let mut cell = self.base.clone();
        let mut problems = Vec::new();
        // What decides about the defaults of the rest comes first.
        let mut ordered: Vec<&Setting> = settings.iter().collect();
        ordered.sort_by_key(|setting| {
            let steps = setting.path.split('.').count();
            (steps, !setting.path.ends_with(".kind"))
        });
        for setting in ordered {
            if let Err(message) = self.apply(&mut cell, setting) {
                problems.push(problem(self.places, &setting.at, message));
            }
        }
        if let Some(table) = cell.as_object_mut() {
            let parts: Vec<String> = settings
                .iter()
                .map(|setting| {
                    let key = labels.get(&setting.path).unwrap_or(&setting.path);
                    format!("{key}={}", setting.label)
                })
                .collect();
            let name = format!("{},{}", self.base_name, parts.join(","));
            let told: BTreeMap<&str, &str> = settings
                .iter()
                .map(|setting| (setting.path.as_str(), setting.label.as_str()))
                .collect();
            table.insert("name".to_owned(), json!(name));
            table.insert(
                "cell".to_owned(),
                json!({ "base": self.base_name, "settings": told }),
            );
        }
        if problems.is_empty() {
            for found in self.check(&cell) {
                // The value at fault, where it is one of the sweep's.
                let setting = settings
                    .iter()
                    .filter(|setting| found.path.starts_with(setting.path.as_str()))
                    .max_by_key(|setting| setting.path.len())
                    .or(settings.last());
                let at = setting.map_or(self.path, |setting| setting.at.as_str());
                let message = format!("`{}`: {}", found.path, found.message);
                problems.push(problem(self.places, at, message));
            }
        }
        if problems.is_empty() {
            Ok(cell)
        } else {
            Err(problems)
        }
    }

    /// Sets one value; tables that are not written are those of the defaults.
    fn apply(&self, cell: &mut Value, setting: &Setting) -> Result<(), String> {
        let steps: Vec<&str> = setting.path.split('.').collect();
        let Some((last, parents)) = steps.split_last() else {
            return Err("the path is empty".to_owned());
        };
        match steps.first() {
            Some(&("system" | "answerer" | "isolation" | "models")) => {}
            _ => {
                return Err(format!(
                    "`{}` is no path of a variant: it begins with system, answerer, isolation or models",
                    setting.path
                ));
            }
        }
        if let (Some(&"models"), Some(model)) = (steps.first(), steps.get(1)) {
            let is_there = cell
                .get("models")
                .is_some_and(|own| own.get(model).is_some());
            let known: Vec<&str> = match self.models {
                Value::Object(models) => models.keys().map(String::as_str).collect(),
                _ => Vec::new(),
            };
            let Some(original) = self.models.get(model) else {
                return Err(unknown("model", model, &known));
            };
            if !is_there && let Some(table) = cell.as_object_mut() {
                let own = table.entry("models").or_insert_with(|| json!({}));
                if let Some(own) = own.as_object_mut() {
                    own.insert((*model).to_owned(), original.clone());
                }
            }
        }
        let mut walked: Vec<&str> = Vec::new();
        for step in parents {
            walked.push(step);
            let pointer = format!("/{}", walked.join("/"));
            if cell.pointer(&pointer).is_none_or(Value::is_null) {
                // Another setting of the cell may be wrong: then the base's defaults tell.
                let whole = resolved(cell).or_else(|| resolved(self.base));
                let default = whole.and_then(|cell| cell.pointer(&pointer).cloned());
                let parent = pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
                if let Some(table) = cell.pointer_mut(parent).and_then(Value::as_object_mut) {
                    let default = default.unwrap_or_else(|| Value::Object(Map::new()));
                    table.insert((*step).to_owned(), default);
                }
            }
        }
        let pointer = match parents {
            [] => String::new(),
            parents => format!("/{}", parents.join("/")),
        };
        let Some(table) = cell.pointer_mut(&pointer).and_then(Value::as_object_mut) else {
            return Err(format!("`{}` is not a table", parents.join(".")));
        };
        let before = table.insert((*last).to_owned(), setting.value.clone());
        if *last == "kind" && before.as_ref() != Some(&setting.value) {
            self.drop_foreign(cell, &parents.join("."), &pointer);
        }
        Ok(())
    }

    /// Leaves out the keys that the new kind of a table does not know.
    fn drop_foreign(&self, cell: &mut Value, path: &str, pointer: &str) {
        // A key that goes may uncover another one.
        for _ in 0..100 {
            let foreign = self.check(cell).into_iter().find_map(|found| {
                let key = found.path.strip_prefix(path)?.strip_prefix('.')?;
                let is_foreign =
                    found.message.starts_with("unknown key") && !key.contains(['.', '[']);
                is_foreign.then(|| key.to_owned())
            });
            let table = cell.pointer_mut(pointer).and_then(Value::as_object_mut);
            let (Some(key), Some(table)) = (foreign, table) else {
                return;
            };
            table.remove(&key);
        }
    }

    /// Mistakes of a cell, held against the schema of variants.
    fn check(&self, cell: &Value) -> Vec<memgauge_core::config::Problem> {
        let mut whole = self.schema.clone();
        if let Some(root) = whole.as_object_mut() {
            root.remove("required");
        }
        let only = with_protocols(&json!({ "variant": [cell] }));
        check(&whole, &only)
            .into_iter()
            .map(|mut found| {
                if let Some(path) = found.path.strip_prefix("variant[0].") {
                    found.path = path.to_owned();
                }
                found
            })
            .collect()
    }
}

fn setting(path: &str, value: &Value, at: String) -> Setting {
    let labelled = value.as_object().filter(|table| {
        table.len() == 2 && table.contains_key("label") && table.contains_key("value")
    });
    let (label, value) = match labelled {
        Some(table) => (
            table
                .get("label")
                .and_then(Value::as_str)
                .map(str::to_owned),
            table.get("value").unwrap_or(value),
        ),
        None => (None, value),
    };
    Setting {
        path: path.to_owned(),
        label: clean(&label.unwrap_or_else(|| short(value))),
        value: value.clone(),
        at,
    }
}

/// A value in few letters.
fn short(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(table) => {
            let kind = table.get("kind").and_then(Value::as_str).map(str::to_owned);
            let others = table.iter().filter(|(key, _)| *key != "kind");
            let others = others.map(|(key, value)| format!("{key}-{}", short(value)));
            kind.into_iter().chain(others).collect::<Vec<_>>().join("-")
        }
        Value::Array(items) => items.iter().map(short).collect::<Vec<_>>().join("-"),
        plain => plain.to_string(),
    }
}

/// Only what may stand in a name.
fn clean(label: &str) -> String {
    let allowed = |c: char| match c {
        c if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') => c,
        _ => '-',
    };
    label.chars().map(allowed).take(LABEL).collect()
}

/// The shortest tails that tell paths apart; `kind` says nothing without what it is the kind of.
fn tails<'a>(paths: impl Iterator<Item = &'a str>) -> BTreeMap<String, String> {
    let paths: BTreeSet<&str> = paths.collect();
    let tail = |path: &str, steps: usize| {
        let path = path.strip_suffix(".kind").unwrap_or(path);
        let all: Vec<&str> = path.split('.').collect();
        let from = all.len().saturating_sub(steps);
        all.get(from..).unwrap_or_default().join(".")
    };
    paths
        .iter()
        .map(|path| {
            let steps = (1..).find(|steps| {
                let mine = tail(path, *steps);
                let others = paths.iter().filter(|other| *other != path);
                let is_whole = *steps > path.split('.').count();
                is_whole
                    || others
                        .map(|other| tail(other, *steps))
                        .all(|other| other != mine)
            });
            ((*path).to_owned(), tail(path, steps.unwrap_or(1)))
        })
        .collect()
}

#[cfg(test)]
#[path = "sweep_tests.rs"]
mod tests;
