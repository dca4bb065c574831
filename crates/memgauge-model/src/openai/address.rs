//! Content addresses of requests.

use serde_json::Value;

/// BLAKE3 digest, in hex, of `value` in canonical form: compact JSON with the keys of every object
/// in order.
pub fn content_address(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    blake3::hash(text.as_bytes()).to_hex().to_string()
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Object(object) => {
            let mut entries: Vec<_> = object.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            text.push('{');
            for (i, (key, value)) in entries.into_iter().enumerate() {
                if i > 0 {
                    text.push(',');
                }
                write(&Value::String(key.clone()), text);
                text.push(':');
                write(value, text);
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    text.push(',');
                }
                write(item, text);
            }
            text.push(']');
        }
        scalar => text.push_str(&scalar.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_order_of_keys_does_not_count_and_that_of_items_does() {
        let canonical = json!({"a": [1, {"c": "\"", "d": null}], "b": 0.5});
        let shuffled: Value =
            serde_json::from_str(r#"{"b": 0.5, "a": [1, {"d": null, "c": "\""}]}"#).unwrap();
        let mut text = String::new();
        write(&shuffled, &mut text);
        assert_eq!(text, r#"{"a":[1,{"c":"\"","d":null}],"b":0.5}"#);
        assert_eq!(content_address(&canonical), content_address(&shuffled));
        assert_ne!(
            content_address(&json!([1, 2])),
            content_address(&json!([2, 1]))
        );
    }
}
