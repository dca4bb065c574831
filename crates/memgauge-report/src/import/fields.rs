//! From an object of a file to a row: under which names tools write what.
//!
//! The formats differ in how rows are nested more than in what a row holds, so that one table of names serves all of
//! them. A name may be a path (`evaluation.is_correct`).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::roles::{ROLES, Role, SUMMED};
use super::row::{SourceLabel, SourceRow};
use super::value;

/// The name that says nothing by itself: a gold answer, or a system's.
const BARE: &str = "answer";

/// A field that a role was found in: its name or path, and the value.
type Found<'a> = (&'a str, &'a Value);

/// The names of the fields of one file.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Fields {
    /// The user's columns: they alone count for their role.
    columns: Vec<(Role, String)>,
}

impl Fields {
    /// Names as tools write them, but for the columns that a user maps: role and name of the column, the role possibly
    /// several times where a column holds a judge's run.
    ///
    /// # Errors
    /// When a role is unknown, or given twice where one column is wanted.
    pub(super) fn with_columns(map: &[(String, String)]) -> Result<Self, String> {
        let mut columns: Vec<(Role, String)> = Vec::new();
        for (name, column) in map {
            let Some((role, ..)) = ROLES.iter().find(|(_, known, _)| known == name) else {
                let known: Vec<&str> = ROLES.iter().map(|(_, known, _)| *known).collect();
                return Err(memgauge_core::config::unknown("column role", name, &known));
            };
            let again = columns.iter().any(|(other, _)| other == role);
            if again && *role != Role::Label && !SUMMED.contains(role) {
                return Err(format!("`{name}` is mapped to two columns"));
            }
            columns.push((*role, column.clone()));
        }
        Ok(Self { columns })
    }

    /// The user's columns that `has` does not know.
    pub(super) fn missing<'a>(&'a self, has: impl Fn(&str) -> bool + 'a) -> Vec<&'a str> {
        let names = self.columns.iter().map(|(_, name)| name.as_str());
        names.filter(|name| !has(name)).collect()
    }

    fn all<'a>(&'a self, object: &'a Map<String, Value>, role: Role) -> Vec<Found<'a>> {
        let mine: Vec<&str> = self
            .columns
            .iter()
            .filter(|(own, _)| *own == role)
            .map(|(_, name)| name.as_str())
            .collect();
        if !mine.is_empty() {
            let found = mine
                .iter()
                .filter_map(|name| object.get(*name).map(|value| (*name, value)));
            return found.collect();
        }
        let names = ROLES.iter().find(|(own, ..)| *own == role);
        let names = names.map_or(&[][..], |(_, _, names)| names);
        names
            .iter()
            .filter_map(|path| lookup(object, path))
            // A column that the user gave another role has that one alone.
            .filter(|(name, _)| !self.is_mapped(name))
            .collect()
    }

    fn is_mapped(&self, name: &str) -> bool {
        self.columns.iter().any(|(_, column)| column == name)
    }

    fn one<'a>(&'a self, object: &'a Map<String, Value>, role: Role) -> Option<Found<'a>> {
        let found = self.all(object, role);
        // An empty field beside a full one says nothing.
        let full = found.iter().find(|(_, value)| !value.is_null());
        full.or_else(|| found.first()).copied()
    }

    /// Whether the object has a question and something said about it.
    pub(super) fn is_row(&self, object: &Map<String, Value>) -> bool {
        self.one(object, Role::Question)
            .is_some_and(|(_, value)| value.is_string())
            && [Role::Answer, Role::Gold, Role::Label]
                .iter()
                .any(|role| self.one(object, *role).is_some())
    }

    /// The object as a row.
    ///
    /// # Errors
    /// With what is missing.
    pub(super) fn row(&self, at: &str, object: &Map<String, Value>) -> Result<SourceRow, String> {
        let take = |role: Role| self.one(object, role).map(|(_, value)| value);
        let question = take(Role::Question)
            .and_then(value::text)
            .filter(|text| !text.trim().is_empty())
            .ok_or_else(|| {
                let keys: Vec<&str> = object.keys().take(12).map(String::as_str).collect();
                format!("no question; its fields are: {}", keys.join(", "))
            })?;
        let mut gold = take(Role::Gold);
        let mut answer = take(Role::Answer);
        // `answer` alone is the gold answer beside a response, and the response beside a gold answer.
        let bare = lookup(object, BARE).filter(|(name, _)| !self.is_mapped(name));
        if let Some((_, bare)) = bare {
            match (gold, answer) {
                (None, Some(_)) => gold = Some(bare),
                (Some(_), None) => answer = Some(bare),
                (Some(_), Some(_)) => {}
                (None, None) => {
                    return Err(
                        "`answer` stands alone: the gold answer or the system's? Name it with --columns"
                            .to_owned(),
                    );
                }
            }
        }
        let id = take(Role::QuestionId).and_then(value::text);
        let (of_id, index_of_id) = id.as_deref().map_or((None, None), question_id);
        let repeat = take(Role::Repeat).and_then(value::whole);
        let mut row = SourceRow {
            at: at.to_owned(),
            conversation: take(Role::Conversation)
                .filter(|value| value.is_string() || value.is_number())
                .and_then(value::text)
                .or(of_id),
            index: take(Role::Index).and_then(value::whole).or(index_of_id),
            repeat,
            question,
            gold: gold.and_then(value::text),
            answer: answer.and_then(value::text),
            category: take(Role::Category).and_then(value::text),
            ..SourceRow::default()
        };
        let reason = take(Role::Reason).and_then(value::text);
        for (role, name) in [
            (Role::F1Set, "f1.set"),
            (Role::F1Locomo, "f1.locomo"),
            (Role::Bleu1, "bleu1"),
            (Role::Exact, "exact"),
        ] {
            if let Some(number) = take(role).and_then(number_of_metric) {
                row.stored.insert(name.to_owned(), number);
            }
        }
        let tokens = (
            take(Role::InputTokens).and_then(value::whole),
            take(Role::OutputTokens).and_then(value::whole),
        );
        row.tokens = (tokens != (None, None)).then_some(tokens);
        for (ms, seconds, name) in [
            (Role::SearchMs, Role::SearchSeconds, "search_ms"),
            (Role::AnswerMs, Role::AnswerSeconds, "answer_ms"),
        ] {
            let ms = take(ms).and_then(value::number);
            let seconds = self.all(object, seconds);
            let seconds = seconds.iter().filter_map(|(_, value)| value::number(value));
            let seconds = seconds.reduce(|a, b| a + b);
            if let Some(ms) = ms.or_else(|| Some(1e3 * seconds?)) {
                row.reported.insert(name.to_owned(), ms);
            }
        }
        for (_, value) in self.all(object, Role::Context) {
            entries(value, &mut row.context);
        }
        row.labels = self.labels(object, reason);
        let used = self.used(object);
        for (name, value) in object {
            numbers(name, value, 3, &used, &mut row.reported);
        }
        Ok(row)
    }

    /// Every field of a role that counts.
    fn counting<'a>(&'a self, object: &'a Map<String, Value>, role: Role) -> Vec<Found<'a>> {
        let mapped = self.columns.iter().any(|(own, _)| *own == role);
        if SUMMED.contains(&role) || (mapped && role == Role::Label) {
            self.all(object, role)
        } else {
            self.one(object, role).into_iter().collect()
        }
    }

    /// Names of the fields that went into the row.
    fn used<'a>(&'a self, object: &'a Map<String, Value>) -> BTreeSet<&'a str> {
        let roles = ROLES.iter().map(|(role, ..)| *role);
        let found = roles.flat_map(|role| self.counting(object, role));
        found.map(|(name, _)| name).chain([BARE]).collect()
    }

    fn labels(&self, object: &Map<String, Value>, reason: Option<String>) -> Vec<SourceLabel> {
        let fields = self.counting(object, Role::Label);
        let several = fields.len() > 1;
        let mut labels: Vec<SourceLabel> = Vec::new();
        for ((_, value), number) in fields.iter().zip(0_u32..) {
            match value {
                Value::Array(runs) => labels.extend(runs.iter().map(|run| label(run, None))),
                Value::Object(runs) if are_runs(runs) => {
                    labels.extend(runs.iter().map(|(key, run)| label(run, trailing(key))));
                }
                _ => labels.push(label(value, several.then_some(number))),
            }
        }
        if let ([only], Some(reason)) = (&mut labels[..], reason) {
            only.reply.get_or_insert(reason);
        }
        labels
    }
}

fn label(value: &Value, run: Option<u32>) -> SourceLabel {
    SourceLabel {
        run,
        label: value::label(value),
        reply: value::reason(value).or_else(|| {
            // A label in words is what the judge said.
            value.as_str().map(str::to_owned)
        }),
    }
}

/// Whether every key of the object ends in a number: `judgment_1`, `run2`, `3`.
fn are_runs(object: &Map<String, Value>) -> bool {
    !object.is_empty() && object.keys().all(|key| trailing(key).is_some())
}

/// The number at the end of a name.
pub(super) fn trailing(name: &str) -> Option<u32> {
    let digits = name.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    name.get(digits..)?.parse().ok()
}

/// Conversation and index that an id such as `locomo_0_qa17` or `conv-26/q3` names.
fn question_id(id: &str) -> (Option<String>, Option<u64>) {
    let digits = id.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let (before, number) = id.split_at(digits);
    let before = before.trim_end_matches(['_', '-', ':', '#']);
    let lower = before.to_ascii_lowercase();
    let Some(mark) = ["question", "qa", "q"]
        .iter()
        .find(|mark| lower.ends_with(*mark))
    else {
        return (None, None);
    };
    let conversation = before.get(..before.len() - mark.len()).unwrap_or_default();
    let separators = ['_', '-', ':', '/', '.', '#', ' '];
    let is_part = conversation.is_empty() || conversation.ends_with(separators);
    if !is_part {
        return (None, None);
    }
    let conversation = conversation.trim_end_matches(separators);
    (
        (!conversation.is_empty()).then(|| conversation.to_owned()),
        number.parse().ok(),
    )
}

/// The field at a path, and its name; names are compared without regard to case, spaces and hyphens.
fn lookup<'a>(object: &'a Map<String, Value>, path: &'a str) -> Option<Found<'a>> {
    let whole = object
        .get_key_value(path)
        .or_else(|| object.iter().find(|(name, _)| plain(name) == path));
    if let Some((name, value)) = whole {
        return Some((name, value));
    }
    let (first, rest) = path.split_once('.')?;
    let (_, value) = lookup(object.get(first)?.as_object()?, rest)?;
    Some((path, value))
}

fn plain(name: &str) -> String {
    name.trim().to_ascii_lowercase().replace([' ', '-'], "_")
}

fn number_of_metric(value: &Value) -> Option<f64> {
    match value {
        Value::Bool(whether) => Some(f64::from(u8::from(*whether))),
        other => value::number(other),
    }
}

/// Texts of memories: a string, or a list of strings or of objects with a text and perhaps a time.
fn entries(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::String(text) if !text.trim().is_empty() => into.push(text.clone()),
        Value::Array(parts) => parts.iter().for_each(|part| entries(part, into)),
        Value::Object(fields) => {
            let text = ["memory", "content", "text", "fact"]
                .iter()
                .find_map(|key| fields.get(*key)?.as_str());
            let time = fields.get("timestamp").and_then(Value::as_str);
            match (text, time) {
                (Some(text), Some(time)) => into.push(format!("{time}: {text}")),
                (Some(text), None) => into.push(text.to_owned()),
                (None, _) => into.push(value.to_string()),
            }
        }
        _ => {}
    }
}

/// Every number of a field that is not used otherwise, under its dotted name.
fn numbers(
    name: &str,
    value: &Value,
    depth: u32,
    used: &BTreeSet<&str>,
    into: &mut BTreeMap<String, f64>,
) {
    match value {
        _ if used.contains(name) => {}
        Value::Number(_) => {
            if let Some(number) = value::number(value) {
                into.insert(name.to_owned(), number);
            }
        }
        Value::Object(fields) if depth > 0 => {
            for (key, value) in fields {
                numbers(&format!("{name}.{key}"), value, depth - 1, used, into);
            }
        }
        _ => {}
    }
}
