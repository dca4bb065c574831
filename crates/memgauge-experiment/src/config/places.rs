//! TOML with the place of every key.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Map, Number, Value};
use toml::de::{DeTable, DeValue};

/// Where every key stands.
#[derive(Debug, Clone, Default)]
pub(super) struct Places {
    pub(super) file: String,
    pub(super) lines: BTreeMap<String, usize>,
    pub(super) set: BTreeSet<String>,
    /// For each variant, sweeps expanded, where it stands in the file: `variant[1]`, `sweep[0]`.
    pub(super) origins: Vec<String>,
}

impl Places {
    /// No places yet, in the file at `path`.
    pub(super) fn new(path: &Path) -> Self {
        Self {
            file: path.display().to_string(),
            ..Self::default()
        }
    }

    /// Everything at and below `to` now comes from `from`.
    pub(super) fn moved(&mut self, from: &str, to: &str) {
        let inside = |path: &str| path.strip_prefix(from).map(str::to_owned);
        let lines: Vec<(String, usize)> = self
            .lines
            .iter()
            .filter_map(|(path, line)| {
                let rest = inside(path)?;
                let is_inside = rest.is_empty() || rest.starts_with(['.', '[']);
                is_inside.then(|| (format!("{to}{rest}"), *line))
            })
            .collect();
        self.lines.extend(lines);
    }

    /// `path` among the expanded variants, as a path of the file.
    pub(super) fn original(&self, path: &str) -> String {
        let found = path.strip_prefix("variant[").and_then(|rest| {
            let (index, rest) = rest.split_once(']')?;
            let origin = self.origins.get(index.parse::<usize>().ok()?)?;
            Some(format!("{origin}{rest}"))
        });
        found.unwrap_or_else(|| path.to_owned())
    }

    /// File and line of `path`, or of the nearest table around it.
    pub(super) fn of(&self, path: &str) -> String {
        let path = self.original(path);
        let mut path = path.as_str();
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
