//! Reading what models reply.

use serde_json::Value;

/// An integer, also one that the model put between quotation marks.
pub(crate) fn whole_number(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        value => value.as_i64(),
    }
}

/// The item of `items` with this number, counted from 0.
pub(crate) fn numbered<'a, T>(items: &'a [T], number: Option<&Value>) -> Option<(usize, &'a T)> {
    let index = usize::try_from(whole_number(number?)?).ok()?;
    Some((index, items.get(index)?))
}
