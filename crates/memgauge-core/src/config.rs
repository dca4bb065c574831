//! Checks of config values against the JSON schema that the components' own types give: one
//! source for validation, documentation and editors.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::Family;

/// Something wrong with a config value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where: keys joined by dots, list items as `[i]`, such as `variant[0].system.retriever.k`.
    pub path: String,
    /// What, with the alternatives.
    pub message: String,
}

/// Schema of one kind's table: the config struct's own, and its `kind`.
pub fn kind_schema<C: JsonSchema>(generator: &mut SchemaGenerator, kind: &str) -> Schema {
    let mut schema = C::json_schema(generator);
    let object = schema.ensure_object();
    let properties = object
        .entry("properties")
        .or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(properties) = properties {
        properties.insert("kind".to_owned(), json!({ "const": kind }));
    }
    object.insert("type".to_owned(), json!("object"));
    object.insert("required".to_owned(), {
        let mut required = match object.get("required") {
            Some(Value::Array(list)) => list.clone(),
            _ => Vec::new(),
        };
        required.push(json!("kind"));
        Value::Array(required)
    });
    object.insert("additionalProperties".to_owned(), json!(false));
    schema
}

/// Schema of a family: one of its kinds.
pub fn family_schema(family: &Family, generator: &mut SchemaGenerator) -> Schema {
    let kinds: Vec<Value> = (family.kinds)(generator)
        .into_iter()
        .map(|kind| kind.schema.to_value())
        .collect();
    let mut schema = Map::new();
    schema.insert("description".to_owned(), json!(family.doc.trim()));
    schema.insert("oneOf".to_owned(), Value::Array(kinds));
    Schema::from(schema)
}

/// All that is wrong with `value` under `schema` (the root schema, with its `$defs`), in the
/// order of the schema's keys.
pub fn check(schema: &Value, value: &Value) -> Vec<Problem> {
    let mut checker = Checker {
        root: schema,
        problems: Vec::new(),
    };
    checker.check(schema, value, "");
    checker.problems
}

/// The known name nearest to `name`, where one is near enough to be meant.
pub fn suggestion<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len().min(name.len()) / 4)
        .min()
        .map(|(_, candidate)| candidate)
}

/// So many names are listed in a message.
const MOST_NAMES: usize = 24;

/// `A, B`; of many names the first, and how many more there are.
pub fn listed(names: &[&str]) -> String {
    match names.split_at_checked(MOST_NAMES) {
        Some((named, more)) if !more.is_empty() => {
            format!("{}, and {} more", named.join(", "), more.len())
        }
        _ => names.join(", "),
    }
}

/// `unknown WHAT `NAME`, did you mean `X`? (known: A, B)`.
pub fn unknown(what: &str, name: &str, known: &[&str]) -> String {
    let list = listed(known);
    match suggestion(name, known.iter().copied()) {
        Some(meant) => format!("unknown {what} `{name}`, did you mean `{meant}`? (known: {list})"),
        None => format!("unknown {what} `{name}` (known: {list})"),
    }
}

struct Checker<'a> {
    root: &'a Value,
    problems: Vec<Problem>,
}

impl<'a> Checker<'a> {
    fn report(&mut self, path: &str, message: String) {
        self.problems.push(Problem {
            path: path.to_owned(),
            message,
        });
    }

    fn resolve(&self, schema: &'a Value) -> &'a Value {
        let mut schema = schema;
        while let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            let Some(target) = reference
                .strip_prefix('#')
                .and_then(|pointer| self.root.pointer(pointer))
            else {
                return schema;
            };
            schema = target;
        }
        schema
    }

    fn check(&mut self, schema: &'a Value, value: &Value, path: &str) {
        let schema = self.resolve(schema);
        if let Some(Value::Array(options)) = schema.get("oneOf").or_else(|| schema.get("anyOf")) {
            self.check_options(options, value, path);
            return;
        }
        if let Some(expected) = schema.get("const") {
            if expected != value {
                self.report(path, format!("expected {expected}, found {value}"));
            }
            return;
        }
        if let Some(Value::Array(known)) = schema.get("enum") {
            if !known.contains(value) {
                let known: Vec<&str> = known.iter().filter_map(Value::as_str).collect();
                let message = match value.as_str() {
                    Some(name) => unknown("value", name, &known),
                    None => format!("expected one of {}, found {value}", known.join(", ")),
                };
                self.report(path, message);
            }
            return;
        }
        if !self.check_type(schema, value, path) {
            return;
        }
        if let (Some(Value::Array(keys)), Value::Object(object)) =
            (schema.pointer("/not/required"), value)
        {
            let mut keys = keys.iter().filter_map(Value::as_str);
            if keys.all(|key| object.contains_key(key)) {
                self.report(path, "these keys do not go together".to_owned());
                return;
            }
        }
        match value {
            Value::Object(object) => self.check_object(schema, object, path),
            Value::Array(items) => self.check_array(schema, items, path),
            Value::Number(number) => self.check_range(schema, number.as_f64(), path),
            _ => {}
        }
    }

    fn check_options(&mut self, options: &'a [Value], value: &Value, path: &str) {
        let options: Vec<&Value> = options.iter().map(|option| self.resolve(option)).collect();
        let kind_of = |option: &'a Value| {
            option
                .pointer("/properties/kind/const")
                .and_then(Value::as_str)
        };
        // A family: the kind decides which alternative is meant.
        let kinds: Vec<&str> = options
            .iter()
            .filter_map(|option| kind_of(option))
            .collect();
        if let (false, Value::Object(object)) = (kinds.is_empty(), value) {
            match object.get("kind") {
                Some(Value::String(kind)) => {
                    match options.iter().find(|option| kind_of(option) == Some(kind)) {
                        Some(option) => self.check(option, value, path),
                        None => self.report(&join(path, "kind"), unknown("kind", kind, &kinds)),
                    }
                    return;
                }
                Some(other) => {
                    self.report(
                        &join(path, "kind"),
                        format!("expected a string, found {other}"),
                    );
                    return;
                }
                // Alternatives without a kind may still accept a table.
                None if options.iter().all(|option| kind_of(option).is_some()) => {
                    self.report(
                        path,
                        format!("missing key `kind` (one of {})", kinds.join(", ")),
                    );
                    return;
                }
                None => {}
            }
        }
        // Alternatives that are plain values: any that accepts will do.
        let mut best: Option<Vec<Problem>> = None;
        for option in &options {
            let mut trial = Checker {
                root: self.root,
                problems: Vec::new(),
            };
            trial.check(option, value, path);
            if trial.problems.is_empty() {
                return;
            }
            // An alternative of the right type gives the more useful message.
            let deeper = |problems: &[Problem]| problems.iter().map(|p| p.path.len()).max();
            if best
                .as_ref()
                .is_none_or(|best| deeper(&trial.problems) > deeper(best))
            {
                best = Some(trial.problems);
            }
        }
        let names: Vec<&str> = options
            .iter()
            .filter_map(|option| option.get("const").and_then(Value::as_str))
            .collect();
        if let (Value::String(name), false) = (value, names.is_empty()) {
            self.report(path, unknown("value", name, &names));
        } else {
            self.problems.extend(best.unwrap_or_default());
        }
    }

    fn check_type(&mut self, schema: &Value, value: &Value, path: &str) -> bool {
        let expected: Vec<&str> = match schema.get("type") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
            _ => return true,
        };
        let fits = expected.iter().any(|expected| match *expected {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "null" => value.is_null(),
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            _ => true,
        });
        if !fits {
            let expected: Vec<&str> = expected
                .iter()
                .filter(|name| **name != "null")
                .map(|name| with_article(name))
                .collect();
            self.report(
                path,
                format!("expected {}, found {}", expected.join(" or "), brief(value)),
            );
        }
        fits
    }

    fn check_object(&mut self, schema: &'a Value, object: &Map<String, Value>, path: &str) {
        let empty = Map::new();
        let properties = match schema.get("properties") {
            Some(Value::Object(properties)) => properties,
            _ => &empty,
        };
        let open = match schema.get("additionalProperties") {
            Some(Value::Bool(open)) => *open,
            _ => true,
        };
        for (key, item) in object {
            let at = join(path, key);
            // `properties` borrowed from the schema, which outlives the checker.
            match schema
                .get("properties")
                .and_then(|properties| properties.get(key))
            {
                Some(property) => self.check(property, item, &at),
                None => match schema.get("additionalProperties") {
                    Some(extra @ Value::Object(_)) => self.check(extra, item, &at),
                    _ if !open => {
                        let known: Vec<&str> = properties.keys().map(String::as_str).collect();
                        let message = unknown("key", key, &known);
                        self.report(&at, message);
                    }
                    _ => {}
                },
            }
        }
        if let Some(Value::Array(required)) = schema.get("required") {
            for key in required.iter().filter_map(Value::as_str) {
                if !object.contains_key(key) {
                    self.report(path, format!("missing key `{key}`"));
                }
            }
        }
    }

    fn check_array(&mut self, schema: &'a Value, items: &[Value], path: &str) {
        if let Some(least) = schema.get("minItems").and_then(Value::as_u64)
            && (items.len() as u64) < least
        {
            self.report(
                path,
                format!("needs at least {least} item(s), found {}", items.len()),
            );
        }
        if let Some(item_schema) = schema.get("items") {
            for (index, item) in items.iter().enumerate() {
                self.check(item_schema, item, &format!("{path}[{index}]"));
            }
        }
    }

    fn check_range(&mut self, schema: &Value, number: Option<f64>, path: &str) {
        let Some(number) = number else { return };
        let limit = |key: &str| schema.get(key).and_then(Value::as_f64);
        if let Some(least) = limit("minimum")
            && number < least
        {
            self.report(path, format!("must be at least {least}, found {number}"));
        }
        if let Some(most) = limit("maximum")
            && number > most
        {
            self.report(path, format!("must be at most {most}, found {number}"));
        }
        if let Some(least) = limit("exclusiveMinimum")
            && number <= least
        {
            self.report(path, format!("must be more than {least}, found {number}"));
        }
    }
}

fn with_article(name: &str) -> &str {
    match name {
        "object" => "a table",
        "array" => "a list",
        "string" => "a string",
        "boolean" => "true or false",
        "integer" => "an integer",
        "number" => "a number",
        other => other,
    }
}

fn brief(value: &Value) -> String {
    match value {
        Value::Object(_) => "a table".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        other => other.to_string(),
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
