//! Answers that are lengths of time or numbers.

use super::question_type::Asked;
use super::rank::Ranked;
use super::word_class::Class;
use crate::dates::durations;

/// How many units are searched.
const UNITS: usize = 8;
/// Share of the best unit's score that a unit needs.
const FLOOR: f64 = 0.5;

/// The length of time that the best unit names.
pub(super) fn how_long(ranked: &Ranked<'_>, is_ago: bool) -> Option<(String, usize)> {
    let top = ranked.units.first()?;
    let units = ranked
        .units
        .iter()
        .take(UNITS)
        .take_while(|unit| unit.score >= FLOOR * top.score);
    for unit in units {
        let found = durations(unit.text);
        let wanted = found
            .iter()
            .find(|mention| mention.is_ago == is_ago)
            .or_else(|| found.first());
        if let Some(mention) = wanted {
            let text = unit.text.get(mention.span.clone())?;
            let ending = if is_ago { " ago" } else { "" };
            return Some((format!("{text}{ending}"), unit.entry));
        }
    }
    None
}

/// The number that the best units give, preferably of the things asked about.
pub(super) fn how_many(asked: &Asked, ranked: &Ranked<'_>) -> Option<(String, usize)> {
    let top = ranked.units.first()?;
    let asks_times = asked.words.iter().any(|word| word == "times");
    let mut best: Option<(f64, String, usize)> = None;
    for unit in ranked.units.iter().take(UNITS) {
        if unit.score < FLOOR * top.score {
            break;
        }
        let tokens = &unit.analysis.tokens;
        for (at, token) in tokens.iter().enumerate() {
            let word = unit.text.get(token.span.clone()).unwrap_or_default();
            let lower = word.to_lowercase();
            let is_number = token.class == Class::Number
                && !lower.ends_with("th")
                && !lower.ends_with("st")
                && !lower.ends_with("nd");
            let is_times = asks_times && matches!(lower.as_str(), "once" | "twice");
            if !is_number && !is_times {
                continue;
            }
            let counted: f64 = tokens
                .iter()
                .skip(at + 1)
                .take(3)
                .map(|next| ranked.weight(next.stem))
                .fold(0.0, f64::max);
            let score = unit.score / top.score.max(1e-9)
                + if counted > 0.0 { 0.8 } else { 0.0 }
                + if is_times { 0.8 } else { 0.0 };
            if best.as_ref().is_none_or(|(known, ..)| score > *known) {
                best = Some((score, word.to_owned(), unit.entry));
            }
        }
    }
    best.map(|(_, word, entry)| (word, entry))
}
