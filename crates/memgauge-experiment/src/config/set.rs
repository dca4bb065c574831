//! `--set path=value`: single keys of a config changed before it is checked.

use serde_json::{Map, Value};
use toml::de::DeTable;

use super::places::{Places, convert_table};
use crate::error::ConfigProblem;

/// Carries out one `path=value`.
pub(super) fn set(
    root: &mut Value,
    assignment: &str,
    places: &mut Places,
) -> Result<(), ConfigProblem> {
    let wrong = |message: String| ConfigProblem {
        place: format!("--set {assignment}"),
        path: String::new(),
        message,
    };
    let Some((path, raw)) = assignment.split_once('=') else {
        return Err(wrong("expected `path=value`".to_owned()));
    };
    let (path, raw) = (path.trim(), raw.trim());
    // A value that is no TOML is a plain string, so that quotes are not needed in a shell.
    let value = DeTable::parse(&format!("v = {raw}")).map_or_else(
        |_| Value::String(raw.to_owned()),
        |table| {
            convert_table(table.get_ref(), "", "", &mut Places::default())
                .remove("v")
                .unwrap_or(Value::Null)
        },
    );
    let mut target = &mut *root;
    let mut walked = String::new();
    for step in steps(path).ok_or_else(|| {
        wrong(format!(
            "`{path}` is not a path such as `variant[0].system.retriever.k`"
        ))
    })? {
        match step {
            Step::Key(key) => {
                if !walked.is_empty() {
                    walked.push('.');
                }
                walked.push_str(key);
                if !target.is_object() {
                    *target = Value::Object(Map::new());
                }
                let Value::Object(object) = target else {
                    return Err(wrong("not a table".to_owned()));
                };
                target = object.entry(key.to_owned()).or_insert(Value::Null);
            }
            Step::Index(index) => {
                let Value::Array(items) = target else {
                    return Err(wrong(format!("`{walked}` is not a list")));
                };
                let count = items.len();
                target = items.get_mut(index).ok_or_else(|| {
                    wrong(format!("`{walked}` has {count} item(s), no item {index}"))
                })?;
                walked.push_str(&format!("[{index}]"));
            }
            Step::Named(name) => {
                let Value::Array(items) = target else {
                    return Err(wrong(format!("`{walked}` is not a list")));
                };
                let named = |item: &Value| item.get("name").and_then(Value::as_str) == Some(name);
                let known: Vec<String> = items
                    .iter()
                    .filter_map(|item| Some(item.get("name")?.as_str()?.to_owned()))
                    .collect();
                let index = items.iter().position(named).ok_or_else(|| {
                    wrong(format!(
                        "`{walked}` has no item named `{name}` (known: {})",
                        known.join(", ")
                    ))
                })?;
                walked.push_str(&format!("[{index}]"));
                let Some(item) = items.get_mut(index) else {
                    return Err(wrong("no such item".to_owned()));
                };
                target = item;
            }
        }
    }
    *target = value;
    places.set.insert(walked);
    Ok(())
}

enum Step<'a> {
    Key(&'a str),
    Index(usize),
    Named(&'a str),
}

/// `variant[0].system.k` or `variant[turns].system.k`.
fn steps(path: &str) -> Option<Vec<Step<'_>>> {
    let mut steps = Vec::new();
    for part in path.split('.') {
        let (key, mut rest) = match part.find('[') {
            Some(at) => part.split_at(at),
            None => (part, ""),
        };
        if key.is_empty() {
            return None;
        }
        steps.push(Step::Key(key));
        while let Some(inner) = rest.strip_prefix('[') {
            let (index, after) = inner.split_once(']')?;
            steps.push(match index.parse() {
                Ok(index) => Step::Index(index),
                Err(_) if !index.is_empty() => Step::Named(index),
                Err(_) => return None,
            });
            rest = after;
        }
        if !rest.is_empty() {
            return None;
        }
    }
    Some(steps)
}
