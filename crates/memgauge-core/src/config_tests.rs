use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::*;
use crate::{Build, BuildError, Parts};

extern crate self as memgauge_core;

/// Adds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Adder {
    /// How much.
    #[schemars(range(min = 1))]
    amount: u32,
    inputs: Vec<Part>,
}

impl Default for Adder {
    fn default() -> Self {
        Self {
            amount: 3,
            inputs: Vec::new(),
        }
    }
}

impl Build<u32> for Adder {
    fn build(&self, _: &dyn Parts) -> Result<u32, BuildError> {
        Ok(self.amount)
    }
}

/// Does nothing.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Rest {}

impl Build<u32> for Rest {
    fn build(&self, _: &dyn Parts) -> Result<u32, BuildError> {
        Ok(0)
    }
}

crate::registry! {
    /// Test parts.
    pub enum Part: "part" => u32 {
        "adder" => Adder(Adder),
        "rest" => Rest(Rest),
    }
}

struct NoParts;

impl Parts for NoParts {
    fn embedder(&self, _: &str) -> Result<crate::EmbedderHandle, BuildError> {
        Err(BuildError::new("none"))
    }

    fn tokenizer(&self, _: &str) -> Result<std::sync::Arc<dyn crate::Tokenizer>, BuildError> {
        Err(BuildError::new("none"))
    }

    fn folder(&self) -> &std::path::Path {
        std::path::Path::new("")
    }
}

fn problems(value: &Value) -> Vec<(String, String)> {
    let schema = schemars::schema_for!(Part).to_value();
    check(&schema, value)
        .into_iter()
        .map(|problem| (problem.path, problem.message))
        .collect()
}

#[test]
fn a_sound_config_passes_and_parses() {
    let value = json!({"kind": "adder", "amount": 2, "inputs": [{"kind": "rest"}]});
    assert_eq!(problems(&value), []);
    let part: Part = serde_json::from_value(value).unwrap();
    assert_eq!(part.kind(), "adder");
    assert_eq!(part.build(&NoParts).unwrap(), 2);
}

#[test]
fn all_mistakes_are_reported_at_their_place() {
    let value = json!({
        "kind": "adder",
        "amount": 0,
        "amuont": 1,
        "inputs": [{"kind": "rset"}, {"kind": "adder", "amount": "x"}, {}],
    });
    let found = problems(&value);
    let at = |path: &str| {
        found
            .iter()
            .find(|(p, _)| p == path)
            .unwrap_or_else(|| panic!("{path} in {found:?}"))
            .1
            .clone()
    };
    assert_eq!(at("amount"), "must be at least 1, found 0");
    assert_eq!(
        at("amuont"),
        "unknown key `amuont`, did you mean `amount`? (known: amount, inputs, kind)"
    );
    assert_eq!(
        at("inputs[0].kind"),
        "unknown kind `rset`, did you mean `rest`? (known: adder, rest)"
    );
    assert_eq!(at("inputs[1].amount"), "expected an integer, found \"x\"");
    assert_eq!(at("inputs[2]"), "missing key `kind` (one of adder, rest)");
    assert_eq!(found.len(), 5, "{found:?}");
}

#[test]
fn serde_refuses_what_the_check_refuses() {
    let value = json!({"kind": "adder", "amuont": 1});
    assert!(serde_json::from_value::<Part>(value.clone()).is_err());
    assert_eq!(problems(&value).len(), 1);
}
