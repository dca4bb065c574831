//! Lengths of time: "for 4 years", "two and a half months", "a few weeks".

use std::ops::Range;

use jiff::civil::DateTime;

use super::Resolved;
use super::resolved::{count_word, shift};
use super::words::{Word, number, words};

/// Unit of a length of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unit {
    /// Seconds.
    Second,
    /// Minutes.
    Minute,
    /// Hours.
    Hour,
    /// Days.
    Day,
    /// Weeks.
    Week,
    /// Months.
    Month,
    /// Years.
    Year,
    /// Tens of years.
    Decade,
}

/// The unit that a word names, singular or plural.
pub(super) fn unit(word: &str) -> Option<Unit> {
    Some(match word.strip_suffix('s').unwrap_or(word) {
        "second" | "sec" => Unit::Second,
        "minute" | "min" => Unit::Minute,
        "hour" | "hr" => Unit::Hour,
        "day" => Unit::Day,
        "week" => Unit::Week,
        "month" => Unit::Month,
        "year" | "yr" => Unit::Year,
        "decade" => Unit::Decade,
        _ => return None,
    })
}

/// A length of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration {
    /// How many; `None` for "a few", "several", "many".
    pub count: Option<u32>,
    /// Of what.
    pub unit: Unit,
}

impl Duration {
    /// The time that lies so long before `held_at`; `None` for hours and less.
    pub fn before(&self, held_at: DateTime) -> Option<Resolved> {
        let day = held_at.date();
        Some(match (self.unit, self.count) {
            (Unit::Second | Unit::Minute | Unit::Hour, _) => return None,
            (Unit::Day, Some(n)) => Resolved::Day(shift(day, -i32::try_from(n).ok()?)),
            (Unit::Day, None) => Resolved::FewDaysBefore(day),
            (Unit::Week, Some(n)) => Resolved::WeeksBefore(n, day),
            (Unit::Week, None) => Resolved::FewWeeksBefore(day),
            (Unit::Month, Some(n)) => super::find::month_from(day, -i32::try_from(n).ok()?),
            (Unit::Month, None) => Resolved::FewMonthsBefore(day),
            (Unit::Year, Some(n)) => Resolved::Year(day.year() - i16::try_from(n).ok()?),
            (Unit::Year, None) => Resolved::FewYearsBefore(day),
            (Unit::Decade, Some(n)) => Resolved::Year(day.year() - i16::try_from(10 * n).ok()?),
            (Unit::Decade, None) => return None,
        })
    }

    /// "four years", "a few weeks".
    pub fn phrase(&self) -> String {
        let unit = match self.unit {
            Unit::Second => "second",
            Unit::Minute => "minute",
            Unit::Hour => "hour",
            Unit::Day => "day",
            Unit::Week => "week",
            Unit::Month => "month",
            Unit::Year => "year",
            Unit::Decade => "decade",
        };
        match self.count {
            Some(1) => format!("one {unit}"),
            Some(n) => format!("{} {unit}s", count_word(n)),
            None => format!("a few {unit}s"),
        }
    }
}

/// A length of time in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DurationMention {
    /// Bytes of the text.
    pub span: Range<usize>,
    /// How long.
    pub value: Duration,
    /// "ago" follows: it names a moment, not a length.
    pub is_ago: bool,
}

/// The lengths of time that `text` names, in order.
pub fn durations(text: &str) -> Vec<DurationMention> {
    let words = words(text);
    let mut found = Vec::new();
    let mut at = 0;
    while at < words.len() {
        match amount(&words, at) {
            Some((value, end)) => {
                let (Some(first), Some(last)) = (words.get(at), words.get(end - 1)) else {
                    break;
                };
                found.push(DurationMention {
                    span: first.span.start..last.span.end,
                    value,
                    is_ago: words.get(end).is_some_and(|word| {
                        word.is_joined && matches!(word.lower.as_str(), "ago" | "back" | "earlier")
                    }),
                });
                at = end;
            }
            None => at += 1,
        }
    }
    found
}

/// "four years", "a couple of weeks", "a few days" from word `at`: the length and the index of
/// the word after it.
pub(super) fn amount(words: &[Word], at: usize) -> Option<(Duration, usize)> {
    let text = |index: usize| {
        words
            .get(index)
            .filter(|word| index == at || word.is_joined)
            .map(|word| word.lower.as_str())
    };
    let (count, mut next) = match text(at)? {
        "a" | "an" => match text(at + 1)? {
            "couple" => (Some(2), at + 2),
            "few" | "good" => (None, at + 2),
            _ => (Some(1), at + 1),
        },
        "couple" => (Some(2), at + 1),
        "few" | "several" | "many" => (None, at + 1),
        word => (Some(number(word)?), at + 1),
    };
    if text(next) == Some("of") {
        next += 1;
    }
    if text(next) == Some("few") {
        next += 1;
    }
    if count == Some(1) && text(next) == Some("half") {
        return None;
    }
    // "two and a half years" is rounded down.
    if text(next) == Some("and") && text(next + 1) == Some("a") && text(next + 2) == Some("half") {
        next += 3;
    }
    let unit = unit(text(next)?)?;
    Some((Duration { count, unit }, next + 1))
}
