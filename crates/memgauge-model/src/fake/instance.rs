//! A value that a JSON schema allows, as far as replies of models need it.

use serde_json::{Map, Number, Value, json};

/// Schemas that contain themselves end here.
const DEPTH: usize = 16;

/// What lists and texts are filled with, within the bounds of the schema.
#[derive(Clone, Copy)]
pub struct Filling<'a> {
    /// Items of a list.
    pub items: u64,
    /// The next text.
    pub text: &'a dyn Fn() -> String,
}

impl Filling<'_> {
    /// Lists as short as allowed.
    pub(super) const MINIMAL: Filling<'static> = Filling {
        items: 0,
        text: &|| String::from("fake"),
    };
}

/// An instance of `schema`: required properties alone, the first of several values. Patterns and formats are not
/// looked at.
pub(super) fn instance(schema: &Value, filling: &Filling<'_>) -> Value {
    build(schema, schema, filling, DEPTH)
}

fn build(root: &Value, schema: &Value, filling: &Filling<'_>, depth: usize) -> Value {
    if depth == 0 {
        return Value::Null;
    }
    for given in ["const", "default"] {
        if let Some(value) = schema.get(given) {
            return value.clone();
        }
    }
    if let Some(value) = schema.get("enum").and_then(|values| values.get(0)) {
        return value.clone();
    }
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let target = reference
            .strip_prefix('#')
            .and_then(|pointer| root.pointer(pointer));
        return target.map_or(Value::Null, |target| {
            build(root, target, filling, depth - 1)
        });
    }
    for choice in ["anyOf", "oneOf", "allOf"] {
        if let Some(first) = schema.get(choice).and_then(|choices| choices.get(0)) {
            return build(root, first, filling, depth - 1);
        }
    }
    let kind = match schema.get("type") {
        Some(Value::String(kind)) => kind.as_str(),
        Some(Value::Array(kinds)) => kinds.first().and_then(Value::as_str).unwrap_or("null"),
        _ if schema.get("properties").is_some() => "object",
        _ if schema.get("items").is_some() => "array",
        _ => "null",
    };
    match kind {
        "object" => {
            let required = schema.get("required").and_then(Value::as_array);
            let mut object = Map::new();
            for name in required.into_iter().flatten().filter_map(Value::as_str) {
                let property = schema.get("properties").and_then(|all| all.get(name));
                let value = property.map_or(Value::Null, |it| build(root, it, filling, depth - 1));
                object.insert(name.to_owned(), value);
            }
            Value::Object(object)
        }
        "array" => {
            let bound = |name: &str| schema.get(name).and_then(Value::as_u64);
            let count = filling.items.max(bound("minItems").unwrap_or(0));
            let count = count.min(bound("maxItems").unwrap_or(u64::MAX));
            let item = schema.get("items").unwrap_or(&Value::Null);
            (0..count)
                .map(|_| build(root, item, filling, depth - 1))
                .collect()
        }
        "string" => {
            let bound = |name: &str| {
                let bound = schema.get(name).and_then(Value::as_u64);
                bound.and_then(|bound| usize::try_from(bound).ok())
            };
            let mut text = (filling.text)();
            while text.len() < bound("minLength").unwrap_or(0) {
                text.push('.');
            }
            let most = bound("maxLength").unwrap_or(usize::MAX);
            Value::String(text.chars().take(most).collect())
        }
        "integer" | "number" => {
            let above = schema.get("exclusiveMinimum").and_then(Value::as_f64);
            let least = schema.get("minimum").and_then(Value::as_f64);
            let most = schema.get("maximum").and_then(Value::as_f64);
            let above = above.map(|bound| bound.floor() + 1.0);
            let value = above.or(least.map(f64::ceil)).unwrap_or(0.0);
            let value = most.map_or(value, |most| value.min(most));
            if kind == "integer" || value.fract() == 0.0 {
                json!(value as i64)
            } else {
                Number::from_f64(value).map_or(Value::Null, Value::Number)
            }
        }
        "boolean" => Value::Bool(false),
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_are_small_and_valid() {
        let schema = json!({
            "type": "object",
            "properties": {
                "facts": {"type": "array", "items": {"type": "string"}},
                "label": {"enum": ["CORRECT", "WRONG"]},
                "grade": {"type": "integer", "minimum": 1, "maximum": 5},
                "two": {"type": "array", "minItems": 2, "items": {"$ref": "#/$defs/thing"}},
                "maybe": {"type": ["string", "null"]},
                "short": {"type": "string", "maxLength": 2},
                "left": {"type": "string"},
            },
            "required": ["facts", "label", "grade", "two", "maybe", "short"],
            "$defs": {"thing": {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}},
        });
        assert_eq!(
            instance(&schema, &Filling::MINIMAL),
            json!({
                "facts": [],
                "label": "CORRECT",
                "grade": 1,
                "two": [{"ok": false}, {"ok": false}],
                "maybe": "fake",
                "short": "fa",
            })
        );
    }

    #[test]
    fn lists_and_texts_are_filled_within_their_bounds() {
        let schema = json!({
            "type": "object",
            "properties": {
                "many": {"type": "array", "items": {"type": "string", "maxLength": 3}},
                "few": {"type": "array", "maxItems": 1, "items": {"type": "string"}},
            },
            "required": ["many", "few"],
        });
        let filling = Filling {
            items: 2,
            text: &|| "words".to_owned(),
        };
        let expected = json!({"many": ["wor", "wor"], "few": ["words"]});
        assert_eq!(instance(&schema, &filling), expected);
    }

    #[test]
    fn a_schema_of_itself_ends() {
        let schema = json!({"$ref": "#"});
        assert_eq!(instance(&schema, &Filling::MINIMAL), Value::Null);
    }
}
