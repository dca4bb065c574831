//! What a date expression stands for, and how it is written.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

/// A season of the northern year, as people in conversation use the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Season {
    /// March to May.
    Spring,
    /// June to August.
    Summer,
    /// September to November.
    Autumn,
    /// December to February; counted to the year in which it begins.
    Winter,
}

impl Season {
    /// First month, 1 to 12.
    pub const fn first_month(self) -> i8 {
        match self {
            Self::Spring => 3,
            Self::Summer => 6,
            Self::Autumn => 9,
            Self::Winter => 12,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Spring => "spring",
            Self::Summer => "summer",
            Self::Autumn => "autumn",
            Self::Winter => "winter",
        }
    }
}

/// A time as precise as the words allow. "Last week" is no day, so it stays relative to the
/// [`Date`] on which it was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Resolved {
    /// One day.
    Day(Date),
    /// A few days before the date.
    FewDaysBefore(Date),
    /// The week that holds the date.
    WeekOf(Date),
    /// So many weeks before the date; 1 is "last week".
    WeeksBefore(u32, Date),
    /// A few weeks before the date.
    FewWeeksBefore(Date),
    /// So many weeks after the date; 1 is "next week".
    WeeksAfter(u32, Date),
    /// So many weekends before the date.
    WeekendsBefore(u32, Date),
    /// The weekend that holds or follows the date.
    WeekendAfter(Date),
    /// The last such weekday before the date.
    WeekdayBefore(Weekday, Date),
    /// The first such weekday after the date.
    WeekdayAfter(Weekday, Date),
    /// Year and month, 1 to 12.
    Month(i16, i8),
    /// A few months before the date.
    FewMonthsBefore(Date),
    /// Year and season.
    Season(i16, Season),
    /// A year.
    Year(i16),
    /// A few years before the date.
    FewYearsBefore(Date),
}

impl Resolved {
    /// As LOCOMO's answers write it: "7 May 2023", "The week before 9 June 2023", "June 2023".
    pub fn phrase(&self) -> String {
        let phrase = self.lower_phrase();
        let mut characters = phrase.chars();
        match characters.next() {
            Some(first) => first.to_uppercase().chain(characters).collect(),
            None => phrase,
        }
    }

    /// With the preposition that a sentence needs: "on 7 May 2023", "in the week before 9 June
    /// 2023", "in 2022".
    pub fn adverbial(&self) -> String {
        let phrase = self.lower_phrase();
        match self {
            Self::Day(_) | Self::WeekdayBefore(..) | Self::WeekdayAfter(..) => {
                format!("on {phrase}")
            }
            Self::WeekendsBefore(1, _) | Self::WeekendAfter(_) => format!("on {phrase}"),
            Self::WeekOf(_)
            | Self::WeeksBefore(1, _)
            | Self::WeeksAfter(1, _)
            | Self::Month(..)
            | Self::Season(..)
            | Self::Year(_) => format!("in {phrase}"),
            Self::FewDaysBefore(_)
            | Self::FewWeeksBefore(_)
            | Self::FewMonthsBefore(_)
            | Self::FewYearsBefore(_)
            | Self::WeeksBefore(..)
            | Self::WeeksAfter(..)
            | Self::WeekendsBefore(..) => phrase,
        }
    }

    fn lower_phrase(&self) -> String {
        match *self {
            Self::Day(day) => day_phrase(day),
            Self::FewDaysBefore(day) => format!("a few days before {}", day_phrase(day)),
            Self::WeekOf(day) => format!("the week of {}", day_phrase(day)),
            Self::WeeksBefore(1, day) => format!("the week before {}", day_phrase(day)),
            Self::WeeksBefore(n, day) => {
                format!("{} weeks before {}", count_word(n), day_phrase(day))
            }
            Self::FewWeeksBefore(day) => format!("a few weeks before {}", day_phrase(day)),
            Self::WeeksAfter(1, day) => format!("the week after {}", day_phrase(day)),
            Self::WeeksAfter(n, day) => {
                format!("{} weeks after {}", count_word(n), day_phrase(day))
            }
            Self::WeekendsBefore(1, day) => format!("the weekend before {}", day_phrase(day)),
            Self::WeekendsBefore(n, day) => {
                format!("{} weekends before {}", count_word(n), day_phrase(day))
            }
            Self::WeekendAfter(day) => format!("the weekend after {}", day_phrase(day)),
            Self::WeekdayBefore(weekday, day) => {
                format!("the {} before {}", weekday_name(weekday), day_phrase(day))
            }
            Self::WeekdayAfter(weekday, day) => {
                format!("the {} after {}", weekday_name(weekday), day_phrase(day))
            }
            Self::Month(year, month) => format!("{} {year}", month_name(month)),
            Self::FewMonthsBefore(day) => format!("a few months before {}", day_phrase(day)),
            Self::Season(year, season) => format!("the {} of {year}", season.name()),
            Self::Year(year) => format!("{year}"),
            Self::FewYearsBefore(day) => format!("a few years before {}", day.year()),
        }
    }

    /// First and last day that it may mean; vague ones span what people commonly mean.
    pub fn range(&self) -> (Date, Date) {
        let days = |from: Date, first: i32, last: i32| (shift(from, first), shift(from, last));
        match *self {
            Self::Day(day) => (day, day),
            Self::FewDaysBefore(day) => days(day, -6, -1),
            Self::WeekOf(day) => {
                let monday = i32::from(day.weekday().to_monday_zero_offset());
                days(day, -monday, 6 - monday)
            }
            Self::WeeksBefore(n, day) => days(day, -7 * signed(n) - 3, -7 * signed(n) + 6),
            Self::FewWeeksBefore(day) => days(day, -42, -14),
            Self::WeeksAfter(n, day) => days(day, 7 * signed(n) - 6, 7 * signed(n) + 6),
            Self::WeekendsBefore(n, day) => {
                let saturday =
                    last_before(day, Weekday::Sunday, -7 * (signed(n) - 1)).map(|s| shift(s, -1));
                saturday.map_or((day, day), |s| (s, shift(s, 1)))
            }
            Self::WeekendAfter(day) => {
                let ahead = i32::from(Weekday::Saturday.to_monday_zero_offset())
                    - i32::from(day.weekday().to_monday_zero_offset());
                days(day, ahead.max(0), (ahead + 1).max(0))
            }
            Self::WeekdayBefore(weekday, day) => {
                let found = last_before(day, weekday, 0).unwrap_or(day);
                (found, found)
            }
            Self::WeekdayAfter(weekday, day) => {
                let found = last_before(day, weekday, 7).unwrap_or(day);
                let found = if found <= day { shift(found, 7) } else { found };
                (found, found)
            }
            Self::Month(year, month) => month_range(year, month, 1),
            Self::FewMonthsBefore(day) => days(day, -180, -60),
            Self::Season(year, season) => month_range(year, season.first_month(), 3),
            Self::Year(year) => month_range(year, 1, 12),
            Self::FewYearsBefore(day) => days(day, -6 * 365, -2 * 365),
        }
    }

    /// Whether both may mean a common day.
    pub fn overlaps(&self, other: &Self) -> bool {
        let (a, b) = (self.range(), other.range());
        a.0 <= b.1 && b.0 <= a.1
    }
}

fn signed(n: u32) -> i32 {
    i32::try_from(n.min(10_000)).unwrap_or(10_000)
}

/// `day` moved by `by` days, or as far as the calendar goes.
pub(super) fn shift(day: Date, by: i32) -> Date {
    day.saturating_add(by.days())
}

/// The last `weekday` strictly before `day`, moved by `by` days.
fn last_before(day: Date, weekday: Weekday, by: i32) -> Option<Date> {
    day.nth_weekday(-1, weekday)
        .ok()
        .map(|found| shift(found, by))
}

fn month_range(year: i16, month: i8, months: i32) -> (Date, Date) {
    let first = Date::new(year, month, 1).unwrap_or(Date::MIN);
    let last = shift(first.saturating_add(months.months()), -1);
    (first, last)
}

/// "7 May 2023".
fn day_phrase(day: Date) -> String {
    format!("{} {} {}", day.day(), month_name(day.month()), day.year())
}

/// Small numbers as words.
pub(super) fn count_word(n: u32) -> String {
    const WORDS: [&str; 13] = [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
        "eleven", "twelve",
    ];
    usize::try_from(n)
        .ok()
        .and_then(|n| WORDS.get(n))
        .map_or_else(|| n.to_string(), |word| (*word).to_owned())
}

fn month_name(month: i8) -> &'static str {
    match month {
        1 => "January",
        2 => "February",
        3 => "March",
        4 => "April",
        5 => "May",
        6 => "June",
        7 => "July",
        8 => "August",
        9 => "September",
        10 => "October",
        11 => "November",
        _ => "December",
    }
}

fn weekday_name(weekday: Weekday) -> &'static str {
    match weekday {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}
