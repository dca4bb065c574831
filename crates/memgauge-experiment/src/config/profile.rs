//! `[profile.NAME]`: keys laid over those of the file when the profile is chosen.

use memgauge_core::config::unknown;
use serde_json::{Map, Value};

use super::file::problem;
use super::places::Places;
use crate::error::ConfigProblem;

/// Key by which a profile starts from another one.
const INHERITS: &str = "inherits";

/// The profiles of a file.
pub(super) struct Profiles(Map<String, Value>);

impl Profiles {
    /// Takes the profiles out of what is written, and tells what is none.
    pub(super) fn take(
        written: &mut Value,
        places: &Places,
        problems: &mut Vec<ConfigProblem>,
    ) -> Self {
        let taken = written
            .as_object_mut()
            .and_then(|table| table.remove("profile"));
        let mut profiles = match taken {
            None => Map::new(),
            Some(Value::Object(profiles)) => profiles,
            Some(_) => {
                let message = "expected tables: [profile.NAME]";
                problems.push(problem(places, "profile", message));
                Map::new()
            }
        };
        profiles.retain(|name, profile| {
            if !profile.is_object() {
                let message = "expected a table of the experiment's keys";
                problems.push(problem(places, &format!("profile.{name}"), message));
            }
            profile.is_object()
        });
        Self(profiles)
    }

    /// Names of all profiles.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// What is written, with profile `name` laid over it, those that it inherits from first.
    pub(super) fn lay(
        &self,
        name: &str,
        written: &Value,
        places: &mut Places,
    ) -> Result<Value, ConfigProblem> {
        let mut chain: Vec<&str> = Vec::new();
        let mut next = Some(name);
        let mut asked = String::new();
        while let Some(name) = next {
            if chain.contains(&name) {
                let message = format!("profiles inherit from each other: {}", chain.join(", "));
                return Err(problem(places, &asked, message));
            }
            let known: Vec<&str> = self.names().collect();
            let Some((name, profile)) = self.0.get_key_value(name) else {
                return Err(problem(places, &asked, unknown("profile", name, &known)));
            };
            chain.push(name);
            asked = format!("profile.{name}.{INHERITS}");
            next = match profile.get(INHERITS) {
                None => None,
                Some(Value::String(parent)) => Some(parent),
                Some(_) => {
                    return Err(problem(places, &asked, "expected the name of a profile"));
                }
            };
        }
        let mut whole = written.clone();
        for name in chain.into_iter().rev() {
            if let Some(Value::Object(profile)) = self.0.get(name) {
                let own = profile.iter().filter(|(key, _)| *key != INHERITS);
                for (key, value) in own {
                    lay(
                        &mut whole,
                        key,
                        value,
                        "",
                        &format!("profile.{name}"),
                        places,
                    );
                }
            }
        }
        Ok(whole)
    }
}

/// Lays `value` over `key` of `target`: tables key by key, everything else whole. Messages about it name the
/// profile's line.
fn lay(target: &mut Value, key: &str, value: &Value, at: &str, from: &str, places: &mut Places) {
    let Some(table) = target.as_object_mut() else {
        return;
    };
    let join = |path: &str| match path {
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    };
    let (at, from) = (join(at), join(from));
    let kind = |value: &Value| value.get("kind").cloned();
    match (table.get_mut(key), value) {
        // Keys of another kind mean something else.
        (Some(old @ Value::Object(_)), Value::Object(new))
            if kind(value).is_none() || kind(value) == kind(old) =>
        {
            for (key, value) in new {
                lay(old, key, value, &at, &from, places);
            }
        }
        _ => {
            table.insert(key.to_owned(), value.clone());
            places.moved(&from, &at);
        }
    }
}
