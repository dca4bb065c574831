//! What values of foreign JSON mean: texts, numbers and labels, in the forms that tools write them.

use serde_json::{Map, Value};

/// The value as text: strings as they are, numbers as Python prints them, lists joined by commas.
/// `None` for null.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Bool(true) => Some("True".to_owned()),
        Value::Bool(false) => Some("False".to_owned()),
        Value::Number(number) => Some(match number.as_f64() {
            // 2022.0 is the year that the dataset writes 2022: a table made it a float.
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 1e15 => {
                format!("{float:.0}")
            }
            _ => number.to_string(),
        }),
        Value::Array(parts) => {
            let parts: Vec<String> = parts.iter().filter_map(text).collect();
            Some(parts.join(", "))
        }
        Value::Object(_) => Some(value.to_string()),
    }
}

/// The value as a finite number; numbers in strings count.
pub(super) fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    number.is_finite().then_some(number)
}

/// The value as a whole number from 0; whole floats and numbers in strings count.
pub(super) fn whole(value: &Value) -> Option<u64> {
    let number = number(value)?;
    // Beyond this a float no longer tells whole numbers apart.
    let is_whole = number >= 0.0 && number.fract() == 0.0 && number < 9e15;
    is_whole.then_some(number as u64)
}

/// Keys under which a judgement that is an object holds its label.
const LABEL_KEYS: [&str; 10] = [
    "label",
    "is_correct",
    "correct",
    "judgment",
    "judgement",
    "llm_judgment",
    "verdict",
    "grade",
    "llm_score",
    "score",
];

/// Keys under which a judgement that is an object holds the judge's words.
const REASON_KEYS: [&str; 5] = [
    "reasoning",
    "reason",
    "explanation",
    "llm_reasoning",
    "reply",
];

/// A label: right or wrong.
///
/// # Errors
/// With what stands there instead: that is no label, and never a wrong answer.
pub(super) fn label(value: &Value) -> Result<bool, String> {
    match value {
        Value::Null => Err("no label in the file".to_owned()),
        Value::Bool(label) => Ok(*label),
        Value::Number(_) => match number(value) {
            Some(1.0) => Ok(true),
            Some(0.0) => Ok(false),
            _ => Err(format!("`{value}` is no label: neither 0 nor 1")),
        },
        Value::String(text) => label_text(text),
        Value::Object(fields) => match first(fields, &LABEL_KEYS) {
            Some(inner) if !inner.is_object() && !inner.is_array() => label(inner),
            _ => Err(format!("{} is no label", shown(value))),
        },
        Value::Array(_) => Err(format!("{} is no label", shown(value))),
    }
}

/// The judge's words, where a judgement is an object that holds them.
pub(super) fn reason(value: &Value) -> Option<String> {
    text(first(value.as_object()?, &REASON_KEYS)?)
}

fn first<'a>(fields: &'a Map<String, Value>, keys: &[&str]) -> Option<&'a Value> {
    keys.iter().find_map(|key| fields.get(*key))
}

fn label_text(written: &str) -> Result<bool, String> {
    let plain = written.trim().trim_matches(['"', '\'', '`', '*', '.']);
    match plain.to_lowercase().as_str() {
        "" | "nan" | "none" | "null" | "n/a" => return Err("no label in the file".to_owned()),
        "true" | "correct" | "right" | "yes" | "y" | "1" | "1.0" | "pass" => return Ok(true),
        "false" | "wrong" | "incorrect" | "no" | "n" | "0" | "0.0" | "fail" => return Ok(false),
        _ => {}
    }
    // A judge's whole reply: an object with the label, or a sentence that ends with it.
    if plain.starts_with('{')
        && let Ok(reply @ Value::Object(_)) = serde_json::from_str::<Value>(plain)
    {
        return label(&reply);
    }
    let verdicts = plain
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| matches!(*word, "CORRECT" | "WRONG" | "INCORRECT"))
        .count();
    match plain.split_whitespace().next_back() {
        Some("CORRECT") if verdicts == 1 => Ok(true),
        Some("WRONG" | "INCORRECT") if verdicts == 1 => Ok(false),
        _ => Err(format!("{} is no label", shown(&Value::from(written)))),
    }
}

/// The beginning of a value, for messages.
pub(super) fn shown(value: &Value) -> String {
    let mut text = value.to_string();
    if let Some((end, _)) = text.char_indices().nth(60) {
        text.truncate(end);
        text.push('…');
    }
    format!("`{text}`")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_the_texts_that_the_dataset_has() {
        assert_eq!(text(&json!(2022)).unwrap(), "2022");
        assert_eq!(text(&json!(2022.0)).unwrap(), "2022");
        assert_eq!(text(&json!(0.5)).unwrap(), "0.5");
        assert_eq!(text(&json!(["a", 3])).unwrap(), "a, 3");
        assert_eq!(text(&Value::Null), None);
        assert_eq!(whole(&json!("17")), Some(17));
        assert_eq!(whole(&json!(17.5)), None);
        assert_eq!(whole(&json!(-1)), None);
        assert_eq!(whole(&json!(1e300)), None);
    }

    #[test]
    fn labels_come_in_many_forms() {
        for right in [
            json!(true),
            json!(1),
            json!(1.0),
            json!("CORRECT"),
            json!(" correct. "),
            json!("Evaluation result: CORRECT"),
            json!({"label": "CORRECT", "reasoning": "same"}),
            json!("{\"label\": \"CORRECT\"}"),
        ] {
            assert_eq!(label(&right), Ok(true), "{right}");
        }
        for wrong in [
            json!(false),
            json!(0),
            json!("wrong"),
            json!({"is_correct": 0}),
            json!("It names another town. WRONG"),
        ] {
            assert_eq!(label(&wrong), Ok(false), "{wrong}");
        }
    }

    #[test]
    fn what_is_no_label_is_not_wrong() {
        for none in [
            Value::Null,
            json!("NaN"),
            json!(0.67),
            json!(5),
            json!("perhaps"),
            json!("the answer is not correct"),
            json!("CORRECT or WRONG"),
            json!([]),
            json!({}),
            json!({"label": {"label": true}}),
        ] {
            assert!(label(&none).is_err(), "{none}");
        }
    }
}
