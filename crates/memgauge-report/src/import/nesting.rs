//! Where in a JSON value the rows stand.

use serde_json::{Map, Value};

use super::fields::Fields;
use super::row::{Sheet, SourceRow, Unreadable};
use super::value;

/// Names of lists and objects that say nothing about a conversation.
const HOLDERS: [&str; 16] = [
    "responses",
    "results",
    "detailed_results",
    "question_results",
    "details",
    "data",
    "rows",
    "items",
    "records",
    "questions",
    "qa",
    "qas",
    "answers",
    "conversations",
    "samples",
    "by_type",
];

/// Fields of an object around rows that name their conversation.
const NAMES: [&str; 4] = ["conversation_id", "sample_id", "conv_id", "conversation"];

/// All rows in a value, at any depth, in order: every object with a question and something said about it. What stands
/// beside rows in a list and is none is unreadable. `skip` names objects that are not looked into.
pub(super) fn rows(value: &Value, fields: &Fields, skip: &[&str]) -> Sheet {
    let mut walk = Walk {
        fields,
        skip,
        sheet: Sheet::default(),
        lists: 0,
    };
    walk.value(value, "", None);
    walk.sheet
}

struct Walk<'a> {
    fields: &'a Fields,
    skip: &'a [&'a str],
    sheet: Sheet,
    /// Lists with rows met so far.
    lists: usize,
}

impl Walk<'_> {
    fn value(&mut self, value: &Value, at: &str, conversation: Option<&str>) {
        match value {
            Value::Array(items) => self.list(items, at, conversation),
            Value::Object(object) => self.object(object, at, conversation),
            _ => {}
        }
    }

    fn list(&mut self, items: &[Value], at: &str, conversation: Option<&str>) {
        let is_row = |item: &Value| item.as_object().is_some_and(|o| self.fields.is_row(o));
        if !items.iter().any(is_row) {
            for (index, item) in items.iter().enumerate() {
                self.value(item, &format!("{at}[{index}]"), conversation);
            }
            return;
        }
        self.lists += 1;
        for (index, item) in items.iter().enumerate() {
            let at = format!("{at}[{index}]");
            match item.as_object() {
                Some(object) => self.row(object, &at, conversation),
                None => self.unreadable(at, format!("{}, not an object", value::shown(item))),
            }
        }
    }

    fn object(&mut self, object: &Map<String, Value>, at: &str, conversation: Option<&str>) {
        if self.fields.is_row(object) {
            self.row(object, at, conversation);
            return;
        }
        let named = NAMES.iter().find_map(|name| match object.get(*name)? {
            value @ (Value::String(_) | Value::Number(_)) => value::text(value),
            _ => None,
        });
        for (key, value) in object {
            if self.skip.contains(&key.as_str()) {
                continue;
            }
            let at = if at.is_empty() {
                key.clone()
            } else {
                format!("{at}.{key}")
            };
            let own = (!HOLDERS.contains(&key.as_str())).then_some(key.as_str());
            let conversation = named.as_deref().or(own).or(conversation);
            self.value(value, &at, conversation);
        }
    }

    fn row(&mut self, object: &Map<String, Value>, at: &str, conversation: Option<&str>) {
        match self.fields.row(at, object) {
            Ok(row) => self.sheet.rows.push(SourceRow {
                list: self.lists,
                conversation: row
                    .conversation
                    .clone()
                    .or_else(|| conversation.map(str::to_owned)),
                ..row
            }),
            Err(message) => self.unreadable(at.to_owned(), message),
        }
    }

    fn unreadable(&mut self, at: String, message: String) {
        self.sheet.unreadable.push(Unreadable {
            file: 0,
            at,
            message,
        });
    }
}
