//! Arms that tell what the numbers of the others are worth.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

/// Arms that tell what the numbers of the others are worth: `true` for all of them, `false` for none, or a
/// table. Without a word about one, it runs where it costs nothing: where no chat model answers or judges.
/// Those that know what no system may know (`oracle`, swapped ones) are marked with `*` in every table.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Controls {
    /// Whether those that nothing is said about run although they pay: `controls = true`.
    pub paid: bool,
    /// Nothing as context: what an answerer knows without any memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_memory: Option<bool>,
    /// The whole conversation as context.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub full_context: Option<bool>,
    /// The gold evidence as context: the ceiling of retrieval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oracle: Option<bool>,
    /// Names of variants to ask about each question from another conversation's memory: the
    /// floor, what an answerer gets from the question alone. Needs two conversations. Without a word, the
    /// first variant that keeps memories.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub swapped: Option<Vec<String>>,
}

impl Controls {
    /// None at all.
    pub fn none() -> Self {
        Self {
            paid: false,
            no_memory: Some(false),
            full_context: Some(false),
            oracle: Some(false),
            swapped: Some(Vec::new()),
        }
    }

    /// All that can be had.
    pub fn all() -> Self {
        Self {
            paid: true,
            ..Self::default()
        }
    }
}

/// What a config may say.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub(super) enum FlagOrTable {
    /// All or none.
    Flag(bool),
    /// One by one.
    Table(Controls),
}

pub(super) fn flag_or_table<'de, D: Deserializer<'de>>(from: D) -> Result<Controls, D::Error> {
    Ok(match FlagOrTable::deserialize(from)? {
        FlagOrTable::Flag(true) => Controls::all(),
        FlagOrTable::Flag(false) => Controls::none(),
        FlagOrTable::Table(controls) => controls,
    })
}
