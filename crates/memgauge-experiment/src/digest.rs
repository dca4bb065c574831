//! Digests of configs: what makes two runs the same experiment.

use serde::Serialize;
use serde_json::Value;

/// BLAKE3 of a value's canonical JSON (sorted keys, no spaces), in hexadecimal.
pub(crate) fn of(value: &impl Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or(Value::Null);
    let mut text = String::new();
    write(&value, &mut text);
    blake3::hash(text.as_bytes()).to_hex().to_string()
}

/// BLAKE3 of a value's JSON.
pub(crate) fn bytes(value: &impl Serialize) -> [u8; 32] {
    blake3::hash(&serde_json::to_vec(value).unwrap_or_default()).into()
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Object(object) => {
            let mut keys: Vec<&String> = object.keys().collect();
            keys.sort_unstable();
            text.push('{');
            for key in keys {
                text.push_str(&Value::String(key.clone()).to_string());
                text.push(':');
                write(object.get(key).unwrap_or(&Value::Null), text);
                text.push(',');
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for item in items {
                write(item, text);
                text.push(',');
            }
            text.push(']');
        }
        plain => text.push_str(&plain.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_order_of_keys_does_not_matter_and_values_do() {
        assert_eq!(
            of(&json!({"a": 1, "b": [2]})),
            of(&json!({"b": [2], "a": 1}))
        );
        assert_ne!(of(&json!({"a": 1})), of(&json!({"a": 2})));
        assert_ne!(of(&json!([1, 2])), of(&json!([2, 1])));
    }
}
