//! Filling in the places of a template.

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use jiff::civil::{Date, DateTime};

use super::GenerateError;
use super::random::Random;
use super::templates::Templates;

/// What stands in the places of one exchange: filled in when first met, the same from then on.
#[derive(Debug, Clone, Default)]
pub(super) struct Fillers(BTreeMap<String, String>);

/// Where fillers come from.
pub(super) struct Source<'a> {
    pub(super) templates: &'a Templates,
    pub(super) random: &'a mut Random,
    /// When the turn that is filled in is said.
    pub(super) held_at: DateTime,
}

impl Fillers {
    /// With the names of the one who tells and of the one who listens.
    pub(super) fn new(teller: &str, listener: &str) -> Self {
        Self(BTreeMap::from([
            ("a".to_owned(), teller.to_owned()),
            ("b".to_owned(), listener.to_owned()),
        ]))
    }

    /// The same with the two speakers exchanged.
    pub(super) fn mirrored(&self) -> Self {
        let mut fillers = self.clone();
        let (a, b) = (fillers.0.remove("a"), fillers.0.remove("b"));
        fillers.0.extend(b.map(|b| ("a".to_owned(), b)));
        fillers.0.extend(a.map(|a| ("b".to_owned(), a)));
        fillers
    }

    /// What stands in place `name`, drawn now if nothing does.
    pub(super) fn get(
        &mut self,
        name: &str,
        source: &mut Source<'_>,
    ) -> Result<String, GenerateError> {
        if let Some(filler) = self.0.get(name) {
            return Ok(filler.clone());
        }
        let drawn = match name.strip_suffix(".date").unwrap_or(name) {
            day @ ("when" | "coming") => {
                let (words, date) = near(day == "when", source);
                self.0.insert(format!("{day}.date"), said(date));
                self.0.insert(day.to_owned(), words);
                return self.get(name, source);
            }
            "number" => (12 + source.random.below(969)).to_string(),
            _ => {
                let pool = name.trim_end_matches(|c: char| c.is_ascii_digit());
                if pool == "number" {
                    (12 + source.random.below(969)).to_string()
                } else {
                    let pool = source.templates.pools.get(pool);
                    let template = pool.and_then(|pool| source.random.pick(pool));
                    let template = template.ok_or_else(|| {
                        GenerateError::Templates(format!("no pool fills `{{{name}}}`"))
                    })?;
                    // Places inside a filler are its own.
                    Self::default().fill(template, source)?
                }
            }
        };
        self.0.insert(name.to_owned(), drawn.clone());
        Ok(drawn)
    }

    /// `template` with all places filled in.
    pub(super) fn fill(
        &mut self,
        template: &str,
        source: &mut Source<'_>,
    ) -> Result<String, GenerateError> {
        let mut text = String::with_capacity(2 * template.len());
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            let (place, after) = after.split_once('}').ok_or_else(|| {
                GenerateError::Templates(format!("a brace is not closed in {template:?}"))
            })?;
            text.push_str(before);
            let lower = place.to_lowercase();
            let filler = self.get(&lower, source)?;
            match filler.chars().next() {
                Some(first) if lower != place => {
                    text.extend(first.to_uppercase());
                    text.push_str(filler.get(first.len_utf8()..).unwrap_or_default());
                }
                _ => text.push_str(&filler),
            }
            rest = after;
        }
        text.push_str(rest);
        Ok(text)
    }
}

/// A day before or after the session, in words and as itself.
fn near(is_past: bool, source: &mut Source<'_>) -> (String, Date) {
    let today = source.held_at.date();
    let random = &mut *source.random;
    let (words, days) = match (random.below(4), is_past) {
        (0, true) => ("yesterday".to_owned(), -1),
        (1, true) => ("the day before yesterday".to_owned(), -2),
        (2, true) => {
            let days = 3 + random.below(9) as i64;
            (format!("{days} days ago"), -days)
        }
        (0, false) => ("tomorrow".to_owned(), 1),
        (1, false) => ("the day after tomorrow".to_owned(), 2),
        (2, false) => {
            let days = 3 + random.below(9) as i64;
            (format!("in {days} days"), days)
        }
        (_, past) => {
            let days = 3 + random.below(25) as i64;
            let days = if past { -days } else { days };
            let date = today.saturating_add(days.days());
            (format!("on {}", date.strftime("%-d %B")), days)
        }
    };
    (words, today.saturating_add(days.days()))
}

/// A date as LOCOMO's answers write it.
fn said(date: Date) -> String {
    date.strftime("%-d %B %Y").to_string()
}
