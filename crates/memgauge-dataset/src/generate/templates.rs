//! `datasets/templates.toml`, embedded.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::GenerateError;

const TEMPLATES: &str = include_str!("../../../../datasets/templates.toml");

/// What conversations are made of; the fields are explained at the top of the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Templates {
    pub(super) pools: BTreeMap<String, Vec<String>>,
    pub(super) talk: Talk,
    pub(super) exchange: Vec<Exchange>,
}

/// Turns that nothing is asked about.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Talk {
    pub(super) greetings: Vec<String>,
    pub(super) remarks: Vec<String>,
}

/// Turns that belong together, and what is asked about them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Exchange {
    /// Turns of the sample, for whoever reads the file.
    #[cfg_attr(not(test), expect(dead_code, reason = "a test reads it"))]
    pub(super) from: Vec<String>,
    pub(super) key: String,
    pub(super) turns: Vec<Line>,
    #[serde(default)]
    pub(super) later: Vec<Line>,
    pub(super) image: Option<String>,
    pub(super) fact: String,
    pub(super) cites: Place,
    pub(super) question: Vec<Ask>,
}

/// A question with its answer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ask {
    pub(super) category: u8,
    pub(super) text: String,
    pub(super) answer: String,
    pub(super) evidence: Vec<Place>,
}

/// A turn: who says it, and what.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Line {
    /// Whether it is said by the one who tells.
    pub(super) is_tellers: bool,
    pub(super) text: String,
}

impl TryFrom<String> for Line {
    type Error = String;

    fn try_from(line: String) -> Result<Self, String> {
        let (is_tellers, text) = match line.split_once(": ") {
            Some(("a", text)) => (true, text),
            Some(("b", text)) => (false, text),
            _ => return Err(format!("`{line}` begins with neither `a: ` nor `b: `")),
        };
        Ok(Self {
            is_tellers,
            text: text.to_owned(),
        })
    }
}

/// A turn of an exchange: `2`, or `L1` of its later turns; counted from 0 here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) enum Place {
    Turn(usize),
    Later(usize),
}

impl TryFrom<String> for Place {
    type Error = String;

    fn try_from(place: String) -> Result<Self, String> {
        let (make, digits): (fn(usize) -> Self, _) = match place.strip_prefix('L') {
            Some(digits) => (Self::Later, digits),
            None => (Self::Turn, place.as_str()),
        };
        match digits.parse::<usize>() {
            Ok(number) if number > 0 => Ok(make(number - 1)),
            _ => Err(format!("`{place}` is neither a turn such as `2` nor `L1`")),
        }
    }
}

impl Templates {
    pub(super) fn embedded() -> Result<Self, GenerateError> {
        let templates: Self = toml::from_str(TEMPLATES)
            .map_err(|error| GenerateError::Templates(error.to_string()))?;
        for exchange in &templates.exchange {
            exchange.check().map_err(GenerateError::Templates)?;
        }
        Ok(templates)
    }
}

impl Exchange {
    fn check(&self) -> Result<(), String> {
        let evidence = self.question.iter().flat_map(|ask| &ask.evidence);
        for place in evidence.chain([&self.cites]) {
            let exists = match *place {
                Place::Turn(at) => at < self.turns.len(),
                Place::Later(at) => at < self.later.len(),
            };
            if !exists {
                return Err(format!("{:?}: there is no turn {place:?}", self.fact));
            }
        }
        let slot = format!("{{{}}}", self.key);
        let asks = self.question.iter();
        match asks.into_iter().find(|ask| !ask.text.contains(&slot)) {
            Some(ask) => Err(format!("{:?} does not name {slot}", ask.text)),
            None => Ok(()),
        }
    }
}
