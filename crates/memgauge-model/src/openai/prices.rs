//! What calls cost.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use memgauge_core::{BuildError, Usage};
use serde::Deserialize;

/// The price table that this build carries.
static TABLE: &str = include_str!("../../data/prices.toml");

/// US dollars per million tokens.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Price {
    input: f64,
    /// Embedders generate nothing.
    #[serde(default)]
    output: f64,
    /// `None`: cached tokens cost as much as others.
    cached: Option<f64>,
}

impl Price {
    /// What `usage` costs in US dollars; `None` where the tokens are unknown.
    pub(super) fn of(&self, usage: &Usage) -> Option<f64> {
        let (input, output) = (usage.input?, usage.output?);
        let cached = usage.cached.unwrap_or(0).min(input);
        let cached_price = self.cached.unwrap_or(self.input);
        let micro = (input - cached) as f64 * self.input
            + cached as f64 * cached_price
            + output as f64 * self.output;
        Some(micro / 1e6)
    }
}

/// The prices that a model block states.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Stated {
    pub(super) input: Option<f64>,
    pub(super) output: Option<f64>,
    pub(super) cached: Option<f64>,
}

#[derive(Deserialize)]
struct Table {
    date: String,
    #[expect(dead_code, reason = "for readers of the file")]
    source: String,
    #[serde(flatten)]
    providers: BTreeMap<String, BTreeMap<String, Price>>,
}

fn table() -> Option<&'static Table> {
    static PARSED: OnceLock<Option<Table>> = OnceLock::new();
    // A test reads the table: it always parses.
    PARSED.get_or_init(|| toml::from_str(TABLE).ok()).as_ref()
}

/// The day on which the price table was true, as year, month, day.
pub fn prices_date() -> &'static str {
    table().map_or("", |table| table.date.as_str())
}

fn listed(provider: &str, model: &str) -> Option<Price> {
    let models = table()?.providers.get(provider)?;
    models
        .get(model)
        .or_else(|| models.get(undated(model)))
        .copied()
}

/// `gpt-4o-2024-08-06` and `claude-sonnet-4-20250514` without their dates.
fn undated(model: &str) -> &str {
    let digits = |text: &str, n: usize| text.len() == n && text.bytes().all(|b| b.is_ascii_digit());
    let parts: Vec<&str> = model.rsplitn(4, '-').collect();
    match parts.as_slice() {
        [day, month, year, head] if digits(day, 2) && digits(month, 2) && digits(year, 4) => head,
        [date, ..] if digits(date, 8) => &model[..model.len() - "-20250514".len()],
        _ => model,
    }
}

/// The price of a model: what the block states, over what the table lists. `generates` tells chat
/// models, whose price has two parts, from embedders.
///
/// # Errors
/// When the block states a part of an unlisted price, or a senseless one.
pub(super) fn price(
    provider: &str,
    model: &str,
    stated: Stated,
    generates: bool,
) -> Result<Option<Price>, BuildError> {
    for (key, value) in [
        ("price-input", stated.input),
        ("price-output", stated.output),
        ("price-cached", stated.cached),
    ] {
        if value.is_some_and(|value| !(value.is_finite() && value >= 0.0)) {
            return Err(BuildError::at(key, "must be 0 or more US dollars"));
        }
    }
    let listed = listed(provider, model);
    let missing = |key: &str| {
        BuildError::at(
            key,
            format!(
                "is missing: there is no listed price of `{model}` that another key could complete"
            ),
        )
    };
    if stated.input.is_none() && stated.output.is_none() && stated.cached.is_none() {
        return Ok(listed);
    }
    let input = stated.input.or(listed.map(|price| price.input));
    let output = stated.output.or(listed.map(|price| price.output));
    Ok(Some(Price {
        input: input.ok_or_else(|| missing("price-input"))?,
        output: match output {
            Some(output) => output,
            None if generates => return Err(missing("price-output")),
            None => 0.0,
        },
        // A listed discount belongs to the listed price.
        cached: stated.cached.or_else(|| match stated.input {
            Some(_) => None,
            None => listed.and_then(|price| price.cached),
        }),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sound_and_dated() {
        let table = table().expect("the table parses");
        assert!(prices_date().parse::<jiff::civil::Date>().is_ok());
        for price in table.providers.values().flat_map(BTreeMap::values) {
            assert!(price.input > 0.0 && price.cached.is_none_or(|cached| cached < price.input));
        }
    }

    #[test]
    fn names_lose_their_dates_and_unknown_models_have_no_price() {
        let mini = listed("openai", "gpt-4o-mini").unwrap();
        assert_eq!(listed("openai", "gpt-4o-mini-2024-07-18"), Some(mini));
        assert_eq!(listed("openai", "gpt-4o-2024-05-13").unwrap().input, 5.0);
        assert!(listed("anthropic", "claude-sonnet-4-20250514").is_some());
        assert_eq!(listed("llama-cpp", "gpt-4o-mini"), None);
        assert_eq!(listed("openai", "gpt-9"), None);
        assert_eq!(undated("smollm2-135"), "smollm2-135");
    }

    #[test]
    fn cached_tokens_cost_less_and_unknown_tokens_cost_unknown() {
        let mini = listed("openai", "gpt-4o-mini").unwrap();
        let mut usage = Usage {
            input: Some(1_000_000),
            output: Some(100_000),
            cached: Some(400_000),
            ..Usage::default()
        };
        // 0.6 x 0.15 + 0.4 x 0.075 + 0.1 x 0.60
        assert!((mini.of(&usage).unwrap() - 0.18).abs() < 1e-12);
        usage.output = None;
        assert_eq!(mini.of(&usage), None);
    }

    #[test]
    fn a_block_overrides_the_table() {
        let stated = |input, output, cached| Stated {
            input,
            output,
            cached,
        };
        let none = price("x", "y", Stated::default(), true).unwrap();
        assert_eq!(none, None);
        let free = price("x", "y", stated(Some(0.0), Some(0.0), None), true).unwrap();
        assert_eq!(free.unwrap().input, 0.0);
        let error = price("x", "y", stated(Some(1.0), None, None), true).unwrap_err();
        assert_eq!(error.key.as_deref(), Some("price-output"));
        let embedder = price("x", "y", stated(Some(1.0), None, None), false).unwrap();
        assert_eq!(embedder.unwrap().output, 0.0);
        let mini = price("openai", "gpt-4o-mini", stated(None, Some(1.0), None), true).unwrap();
        assert_eq!(mini.unwrap().cached, Some(0.075));
        assert!(price("x", "y", stated(Some(-1.0), Some(0.0), None), true).is_err());
    }
}
