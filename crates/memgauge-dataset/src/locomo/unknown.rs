//! Fields that the format does not have.

use std::collections::BTreeMap;

use serde_json::Value;

use super::convert::Reader;
use super::wire;
use crate::Oddity;

impl Reader<'_> {
    /// Reports every field that the format does not have, once per field, with its first place.
    pub(super) fn unknown_fields(&mut self, sample: &Value, conversation: &[String]) {
        let mut unknown: BTreeMap<String, (String, usize)> = BTreeMap::new();
        let mut note = |field: String, at: String| {
            unknown.entry(field).or_insert_with(|| (at, 0)).1 += 1;
        };
        let others = |value: &Value, known: &[&str]| -> Vec<String> {
            let fields = value.as_object().into_iter().flat_map(|map| map.keys());
            fields
                .filter(|key| !known.contains(&key.as_str()))
                .cloned()
                .collect()
        };
        for field in others(sample, wire::SAMPLE_FIELDS) {
            note(field.clone(), field);
        }
        for field in conversation {
            let field = format!("conversation.{field}");
            note(field.clone(), field);
        }
        let lists = sample
            .get("conversation")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .filter(|(key, _)| wire::session_number(key, "").is_some())
            .map(|(key, list)| (format!("conversation.{key}"), list, wire::TURN_FIELDS));
        let questions = sample
            .get("qa")
            .map(|list| ("qa".to_owned(), list, wire::QUESTION_FIELDS));
        for (place, list, known) in lists.chain(questions) {
            for (index, element) in list.as_array().into_iter().flatten().enumerate() {
                for field in others(element, known) {
                    let kind = if place == "qa" { "question" } else { "turn" };
                    note(
                        format!("{kind}.{field}"),
                        format!("{place}[{index}].{field}"),
                    );
                }
            }
        }
        for (at, times) in unknown.into_values() {
            self.found(at, Oddity::UnknownField { times });
        }
    }
}
