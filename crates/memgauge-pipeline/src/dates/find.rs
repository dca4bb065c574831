//! Finds date expressions.

use std::ops::Range;

use jiff::ToSpan;
use jiff::civil::{Date, DateTime};

use super::duration::{Unit, amount, unit};
use super::resolved::shift;
use super::words::{Word, day_of_month, month, number, season, weekday, words, year};
use super::{Resolved, Season};

/// A date expression in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DateMention {
    /// Bytes of the text; prepositions before it are left out.
    pub span: Range<usize>,
    /// What it means.
    pub value: Resolved,
    /// Whether its meaning depends on when it was said.
    pub is_relative: bool,
}

/// The date expressions of `text`, in order and without overlap, as somebody meant them who said
/// it at `held_at`.
pub fn find(text: &str, held_at: DateTime) -> Vec<DateMention> {
    let words = words(text);
    let mut found = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let scan = Scan {
            words: &words,
            at,
            said: held_at.date(),
        };
        match scan.here() {
            Some((value, length, is_relative)) => {
                let (Some(first), Some(last)) = (words.get(at), words.get(at + length - 1)) else {
                    break;
                };
                found.push(DateMention {
                    span: first.span.start..last.span.end,
                    value,
                    is_relative,
                });
                at += length;
            }
            None => at += 1,
        }
    }
    found
}

/// The month that lies `by` months from the one of `day`.
pub(super) fn month_from(day: Date, by: i32) -> Resolved {
    let moved = day.first_of_month().saturating_add(by.months());
    Resolved::Month(moved.year(), moved.month())
}

/// Whether an expression looks back or ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Aim {
    Last,
    This,
    Next,
}

/// Value, number of words, relative or not.
type Found = Option<(Resolved, usize, bool)>;

struct Scan<'a> {
    words: &'a [Word],
    at: usize,
    said: Date,
}

impl Scan<'_> {
    /// The word `ahead` words from here, while nothing but spaces and commas lies between.
    fn word(&self, ahead: usize) -> &str {
        let joined = (1..=ahead).all(|step| {
            self.words
                .get(self.at + step)
                .is_some_and(|word| word.is_joined)
        });
        self.words
            .get(self.at + ahead)
            .filter(|_| joined)
            .map_or("", |word| word.lower.as_str())
    }

    /// The word `back` words before, in the same sentence.
    fn before(&self, back: usize) -> &str {
        let Some(index) = self.at.checked_sub(back) else {
            return "";
        };
        let same = (index + 1..=self.at)
            .all(|i| self.words.get(i).is_some_and(|word| !word.starts_sentence));
        self.words
            .get(index)
            .filter(|_| same)
            .map_or("", |word| word.lower.as_str())
    }

    fn is_capital(&self) -> bool {
        self.words.get(self.at).is_some_and(|word| word.is_capital)
    }

    /// Whether the word before is a name, as in the title of a product.
    fn is_after_name(&self) -> bool {
        self.at
            .checked_sub(1)
            .and_then(|index| self.words.get(index))
            .is_some_and(|word| word.is_capital && !word.starts_sentence)
    }

    fn here(&self) -> Found {
        self.iso()
            .or_else(|| self.day_and_month())
            .or_else(|| self.day_word())
            .or_else(|| self.aimed())
            .or_else(|| self.ago_or_ahead())
            .or_else(|| self.weekday())
            .or_else(|| self.month_alone())
            .or_else(|| self.season_alone())
            .or_else(|| self.day_alone())
            .or_else(|| self.year_alone())
    }

    /// "2023-05-07".
    fn iso(&self) -> Found {
        let year = year(self.word(0))?;
        let month = two_digits(self.word(1)).filter(|month| (1..=12).contains(month))?;
        let day = two_digits(self.word(2))?;
        let day = Date::new(year, month, day).ok()?;
        Some((Resolved::Day(day), 3, false))
    }

    /// "7 May 2023", "7th of May", "May 7th, 2023", "May 7", "May 2023".
    fn day_and_month(&self) -> Found {
        if let Some(named) = month(self.word(0)) {
            if let Some((day, _)) = day_of_month(self.word(1)).filter(|_| self.is_capital()) {
                return self.day_in(named, day, 2);
            }
            let gap = usize::from(self.word(1) == "of");
            let year = year(self.word(1 + gap))?;
            return Some((Resolved::Month(year, named), 2 + gap, false));
        }
        let (day, _) = day_of_month(self.word(0))?;
        let gap = usize::from(self.word(1) == "of");
        let named = month(self.word(1 + gap))?;
        self.day_in(named, day, 2 + gap)
    }

    fn day_in(&self, month: i8, day: i8, length: usize) -> Found {
        if let Some(year) = year(self.word(length)) {
            let day = Date::new(year, month, day).ok()?;
            return Some((Resolved::Day(day), length + 1, false));
        }
        let day = Date::new(self.year_of_month(month), month, day).ok()?;
        Some((Resolved::Day(day), length, true))
    }

    /// The year that a month without one belongs to: the last one, or the next one where the
    /// sentence speaks of the future.
    fn year_of_month(&self, month: i8) -> i16 {
        let said = self.said;
        match self.looks_ahead() {
            true if month < said.month() => said.year() + 1,
            true => said.year(),
            false if month > said.month() => said.year() - 1,
            false => said.year(),
        }
    }

    /// Whether the words before it, in its sentence, speak of the future.
    fn looks_ahead(&self) -> bool {
        (1..=10).any(|back| {
            let word = self.before(back);
            matches!(
                word,
                "will"
                    | "gonna"
                    | "plan"
                    | "plans"
                    | "planning"
                    | "upcoming"
                    | "hope"
                    | "hoping"
                    | "shall"
                    | "until"
                    | "till"
            ) || word.ends_with("'ll")
                || word.ends_with("’ll")
                || (word == "going" && self.before(back - 1) == "to")
        })
    }

    /// "today", "yesterday evening", "last night", "the day after tomorrow".
    fn day_word(&self) -> Found {
        let day = |by: i32, length| Some((Resolved::Day(shift(self.said, by)), length, true));
        let part = |word: &str| matches!(word, "morning" | "afternoon" | "evening" | "night");
        match self.word(0) {
            "today" | "tonight" => day(0, 1),
            "yesterday" => day(-1, 1 + usize::from(part(self.word(1)))),
            "tomorrow" => day(1, 1 + usize::from(part(self.word(1)))),
            "this" if part(self.word(1)) => day(0, 2),
            "last" if self.word(1) == "night" => day(-1, 2),
            "the" if self.word(1) == "day" => match (self.word(2), self.word(3)) {
                ("before", "yesterday") => day(-2, 4),
                ("after", "tomorrow") => day(2, 4),
                _ => None,
            },
            "the" if self.word(1) == "other" && self.word(2) == "day" => {
                Some((Resolved::FewDaysBefore(self.said), 3, true))
            }
            _ => None,
        }
    }

    /// "last week", "this past Friday", "next month", "over the weekend".
    fn aimed(&self) -> Found {
        let (aim, length) = match (self.word(0), self.word(1)) {
            ("this" | "the", "past" | "last") | ("this", "previous") => (Aim::Last, 2),
            ("this" | "the", "coming" | "next" | "upcoming") => (Aim::Next, 2),
            ("last" | "past" | "previous", _) => (Aim::Last, 1),
            ("next" | "coming", _) => (Aim::Next, 1),
            ("this", _) => (Aim::This, 1),
            ("the", "weekend") if matches!(self.before(1), "over" | "during") => (Aim::Last, 1),
            _ => return None,
        };
        let value = self.aimed_at(aim, self.word(length))?;
        Some((value, length + 1, true))
    }

    fn aimed_at(&self, aim: Aim, word: &str) -> Option<Resolved> {
        let said = self.said;
        if word == "weekend" {
            return Some(match aim {
                Aim::Last => Resolved::WeekendsBefore(1, said),
                Aim::This if !self.looks_ahead() && said.weekday().to_monday_zero_offset() < 3 => {
                    Resolved::WeekendsBefore(1, said)
                }
                Aim::This | Aim::Next => Resolved::WeekendAfter(said),
            });
        }
        if let Some((weekday, _)) = weekday(word) {
            return Some(match aim {
                Aim::Last => Resolved::WeekdayBefore(weekday, said),
                Aim::Next => Resolved::WeekdayAfter(weekday, said),
                Aim::This if self.looks_ahead() => Resolved::WeekdayAfter(weekday, said),
                Aim::This => {
                    // "This Tuesday", said on a Saturday, is the one of this week.
                    let ahead = i32::from(weekday.to_monday_zero_offset())
                        - i32::from(said.weekday().to_monday_zero_offset());
                    Resolved::Day(shift(said, ahead))
                }
            });
        }
        if let Some(named) = month(word) {
            return Some(Resolved::Month(
                match aim {
                    Aim::Last if named >= said.month() => said.year() - 1,
                    Aim::Next if named <= said.month() => said.year() + 1,
                    Aim::Last | Aim::This | Aim::Next => said.year(),
                },
                named,
            ));
        }
        if let Some(season) = season(word) {
            return Some(self.season_aimed(aim, season));
        }
        Some(match (unit(word)?, aim) {
            (_, _) if word.ends_with('s') => return None,
            (Unit::Week, Aim::Last) => Resolved::WeeksBefore(1, said),
            (Unit::Week, Aim::This) => Resolved::WeekOf(said),
            (Unit::Week, Aim::Next) => Resolved::WeeksAfter(1, said),
            (Unit::Month, Aim::Last) => month_from(said, -1),
            (Unit::Month, Aim::This) => month_from(said, 0),
            (Unit::Month, Aim::Next) => month_from(said, 1),
            (Unit::Year, Aim::Last) => Resolved::Year(said.year() - 1),
            (Unit::Year, Aim::This) => Resolved::Year(said.year()),
            (Unit::Year, Aim::Next) => Resolved::Year(said.year() + 1),
            _ => return None,
        })
    }

    /// The last season that is over, the one of this year, or the next to begin.
    fn season_aimed(&self, aim: Aim, season: Season) -> Resolved {
        let this = Resolved::Season(self.said.year(), season);
        let (first, last) = this.range();
        Resolved::Season(
            match aim {
                Aim::Last if last >= self.said => self.said.year() - 1,
                Aim::Next if first <= self.said => self.said.year() + 1,
                Aim::Last | Aim::This | Aim::Next => self.said.year(),
            },
            season,
        )
    }

    /// "two weeks ago", "a few days back", "three weekends ago", "in two months".
    fn ago_or_ahead(&self) -> Found {
        if let Some((duration, end)) = amount(self.words, self.at) {
            let length = end - self.at;
            let said = self.said.to_datetime(jiff::civil::Time::midnight());
            if matches!(self.word(length), "ago" | "back") {
                return Some((duration.before(said)?, length + 1, true));
            }
            let future = self.before(1) == "in" && self.word(length) != "of";
            let count = i32::try_from(duration.count.filter(|_| future)?).ok()?;
            let value = match duration.unit {
                Unit::Day => Resolved::Day(shift(self.said, count)),
                Unit::Week => Resolved::WeeksAfter(duration.count?, self.said),
                Unit::Month => month_from(self.said, count),
                _ => return None,
            };
            return self.looks_ahead().then_some((value, length, true));
        }
        // Weekends and weekdays are counted too, but are no unit.
        let (count, length) = match self.word(0) {
            "a" if self.word(1) == "couple" => (2, 2 + usize::from(self.word(2) == "of")),
            "a" | "one" => (1, 1),
            word => (number(word)?, 1),
        };
        let is_weekend = matches!(self.word(length), "weekend" | "weekends");
        (is_weekend && self.word(length + 1) == "ago").then_some((
            Resolved::WeekendsBefore(count, self.said),
            length + 2,
            true,
        ))
    }

    /// "on Friday", "Friday".
    fn weekday(&self) -> Found {
        let (weekday, is_full) = weekday(self.word(0))?;
        if !self.is_capital() || (!is_full && self.before(1) != "on") {
            return None;
        }
        if matches!(self.before(1), "every" | "each" | "any") {
            return None;
        }
        let value = if self.looks_ahead() {
            Resolved::WeekdayAfter(weekday, self.said)
        } else {
            Resolved::WeekdayBefore(weekday, self.said)
        };
        Some((value, 1, true))
    }

    /// "in May", "since early March". Several months are words of their own, so some sign is
    /// asked for.
    fn month_alone(&self) -> Found {
        let named = month(self.word(0))?;
        let before = self.before(1);
        let is_sign = matches!(
            before,
            "in" | "of"
                | "since"
                | "by"
                | "until"
                | "till"
                | "during"
                | "early"
                | "late"
                | "mid"
                | "through"
                | "from"
                | "to"
                | "for"
                | "around"
                | "end"
        );
        let is_plain = self.word(0).len() > 4 && !matches!(self.word(0), "march");
        if !self.is_capital() || !(is_sign || is_plain) {
            return None;
        }
        let value = Resolved::Month(self.year_of_month(named), named);
        Some((value, 1, true))
    }

    /// "summer of 2022", "winter 2019".
    fn season_alone(&self) -> Found {
        let season = season(self.word(0))?;
        let gap = usize::from(self.word(1) == "of");
        let year = year(self.word(1 + gap))?;
        Some((Resolved::Season(year, season), 2 + gap, false))
    }

    /// "on the 15th".
    fn day_alone(&self) -> Found {
        let (day, is_ordinal) = day_of_month(self.word(0))?;
        let is_sign = self.before(1) == "the" && matches!(self.before(2), "on" | "by" | "until");
        let ends = matches!(
            self.word(1),
            "" | "of" | "and" | "at" | "after" | "with" | "for" | "in" | "so" | "but" | "to"
        );
        if !(is_ordinal && is_sign && ends) {
            return None;
        }
        let this = self.said.with().day(day).build();
        let ahead = self.looks_ahead();
        let other = self.said.first_of_month().saturating_add(if ahead {
            1.month()
        } else {
            (-1).months()
        });
        let fits = |date: &Date| {
            if ahead {
                *date >= self.said
            } else {
                *date <= self.said
            }
        };
        let value = match this {
            Ok(date) if fits(&date) => date,
            _ => other.with().day(day).build().ok()?,
        };
        Some((Resolved::Day(value), 1, true))
    }

    /// "in 2019".
    fn year_alone(&self) -> Found {
        let year = year(self.word(0))?;
        let is_sign = matches!(
            self.before(1),
            "in" | "of"
                | "since"
                | "by"
                | "until"
                | "till"
                | "during"
                | "early"
                | "late"
                | "from"
                | "around"
                | "year"
                | "after"
                | "before"
        );
        // "Model 2077" names no year.
        (is_sign || (year <= self.said.year() + 1 && !self.is_after_name())).then_some((
            Resolved::Year(year),
            1,
            false,
        ))
    }
}

fn two_digits(word: &str) -> Option<i8> {
    (word.len() == 2).then(|| word.parse().ok()).flatten()
}
