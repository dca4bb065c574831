//! The JSON schema of config files, for editors.

use serde_json::{Map, Value, json};

use crate::config::ExperimentConfig;

/// JSON schema of a whole config file: what [`ExperimentConfig`] is made of, profiles, and tables that leave out a
/// `kind` which their system says.
pub fn schema() -> Value {
    let mut schema = schemars::schema_for!(ExperimentConfig).to_value();
    let profile = profiles(&schema);
    if let Some(Value::Object(keys)) = schema.get_mut("properties") {
        keys.insert("profile".to_owned(), profile);
    }
    let definitions = schema.get("$defs").cloned().unwrap_or_default();
    let systems = schema.pointer_mut("/$defs/SystemConfig/oneOf");
    let systems = systems.and_then(Value::as_array_mut);
    for system in systems.into_iter().flatten() {
        // One that follows a protocol lays the file's tables over the protocol's, key by key.
        if let Some(Value::Object(keys)) = system.get_mut("properties")
            && keys.contains_key("protocol")
        {
            keys.values_mut()
                .for_each(|key| leave_out_kind(key, &definitions));
        }
    }
    schema
}

/// `[profile.NAME]`: keys of the file. A profile says a part of a table, which the table's own schema would find
/// incomplete.
fn profiles(schema: &Value) -> Value {
    let keys = schema.get("properties").and_then(Value::as_object);
    let mut laid: Map<String, Value> = keys
        .into_iter()
        .flatten()
        .map(|(key, schema)| {
            let description = schema.get("description").cloned().unwrap_or_default();
            (key.clone(), json!({ "description": description }))
        })
        .collect();
    laid.insert(
        "inherits".to_owned(),
        json!({ "type": "string", "description": "Name of the profile that this one is laid over." }),
    );
    json!({
        "description": "Profiles by name: keys of this file that `--profile NAME` lays over it, tables key by key. \
                        `inherits` names a profile that is laid first.",
        "type": "object",
        "additionalProperties": {
            "type": "object",
            "properties": laid,
            "additionalProperties": false,
        },
    })
}

/// Lets a key whose table is told by its `kind` do without.
fn leave_out_kind(key: &mut Value, definitions: &Value) {
    let has_kinds = |option: &Value| {
        let name = option.get("$ref").and_then(Value::as_str);
        let definition = name.and_then(|name| definitions.get(name.rsplit('/').next()?));
        definition.is_some_and(|it| it.pointer("/oneOf/0/properties/kind/const").is_some())
    };
    let Value::Object(key) = key else { return };
    let mut options = match (key.remove("$ref"), key.remove("anyOf")) {
        (Some(reference), _) => vec![json!({ "$ref": reference })],
        (None, Some(Value::Array(options))) => options,
        (None, _) => return,
    };
    if options.iter().any(has_kinds) {
        options.push(json!({ "type": "object", "not": { "required": ["kind"] } }));
    }
    key.insert("anyOf".to_owned(), Value::Array(options));
}

#[cfg(test)]
mod tests {
    use memgauge_core::config::check;

    use super::*;

    #[test]
    fn what_a_file_may_say_is_sound() {
        let config = json!({
            "name": "x",
            "dataset": { "kind": "sample" },
            "variant": [
                { "name": "a", "system": { "kind": "mem0", "retriever": { "k": 3 } } },
                { "name": "b", "system": { "kind": "turns" } },
            ],
            "profile": { "ci": { "inherits": "small", "dataset": { "limit": 3 } } },
        });
        assert_eq!(check(&schema(), &config), []);
        let mut wrong = config;
        wrong["variant"][0]["system"]["retriever"]["kind"] = json!("dnese");
        wrong["variant"][1]["system"]["retriever"] = json!({ "k": 3 });
        wrong["profile"]["ci"]["datset"] = json!({});
        assert_eq!(check(&schema(), &wrong).len(), 3);
    }
}
