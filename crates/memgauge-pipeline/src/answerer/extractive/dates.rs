//! Answers that are times.

use jiff::civil::{Date, DateTime};

use super::question_type::{Asked, Grain};
use super::rank::{Ranked, Unit};
use crate::dates::{DateMention, Resolved, durations, find};

/// How many units are searched for a date.
const UNITS: usize = 8;
/// Share of the best unit's score that a unit with a date needs.
const FLOOR: f64 = 0.5;
/// What words of the question in the date's own sentence are worth.
const SENTENCE: f64 = 0.5;

/// The time that the best units give for what is asked; the date on which it was said where they
/// name none.
pub(super) fn when(asked: &Asked, grain: Grain, ranked: &Ranked<'_>) -> Option<(String, usize)> {
    let top = ranked.units.first()?;
    let looks_ahead = looks_ahead(asked);
    let asks_start = asked.words.iter().any(|word| {
        matches!(
            word.as_str(),
            "start" | "begin" | "began" | "started" | "since" | "first"
        )
    });
    let mut best: Option<(f64, Resolved, usize)> = None;
    for unit in ranked.units.iter().take(UNITS) {
        if unit.score < FLOOR * top.score {
            break;
        }
        let Some(held_at) = held_at(ranked, unit) else {
            continue;
        };
        let asked_times = times_of_question(asked, held_at);
        for (resolved, at, is_start) in times(unit, held_at) {
            if is_start && !asks_start {
                continue;
            }
            let mut score = unit.score / top.score.max(1e-9);
            score += SENTENCE * sentence_share(ranked, unit, at);
            let (first, last) = resolved.range();
            if looks_ahead != (last > held_at.date()) {
                score -= 0.3;
            }
            if asked_times.iter().any(|time| !time.overlaps(&resolved)) {
                score -= 0.4;
            }
            // "Today" is mostly said of feelings, not of events.
            if first == held_at.date() && last == first {
                score -= 0.2;
            }
            if best.as_ref().is_none_or(|(known, ..)| score > *known) {
                best = Some((score, resolved, unit.entry));
            }
        }
    }
    if let Some((_, resolved, entry)) = best {
        return Some((write(resolved, grain), entry));
    }
    let said = ranked
        .units
        .iter()
        .take(UNITS)
        .find_map(|unit| Some((held_at(ranked, unit)?, unit.entry)))?;
    Some((write(Resolved::Day(said.0.date()), grain), said.1))
}

/// When the unit was said.
fn held_at(ranked: &Ranked<'_>, unit: &Unit<'_>) -> Option<DateTime> {
    ranked.entries.get(unit.entry)?.held_at
}

/// Times that the unit names, with the byte at which they stand; the flag marks beginnings of
/// something that lasts ("for a month now").
fn times(unit: &Unit<'_>, held_at: DateTime) -> Vec<(Resolved, usize, bool)> {
    let mut times: Vec<(Resolved, usize, bool)> = find(unit.text, held_at)
        .into_iter()
        .map(|DateMention { span, value, .. }| (value, span.start, false))
        .collect();
    for mention in durations(unit.text) {
        let is_now = [
            "for ",
            "for about ",
            "for around ",
            "for over ",
            "for almost ",
            "for nearly ",
        ]
        .iter()
        .any(|before| {
            unit.text
                .get(..mention.span.start)
                .is_some_and(|text| text.ends_with(before))
        });
        if let Some(start) = mention
            .value
            .before(held_at)
            .filter(|_| is_now && !mention.is_ago)
        {
            times.push((start, mention.span.start, true));
        }
    }
    times
}

/// Times that narrow the question down ("in June").
fn times_of_question(asked: &Asked, held_at: DateTime) -> Vec<Resolved> {
    find(&asked.text, held_at)
        .into_iter()
        .map(|mention| mention.value)
        .collect()
}

fn looks_ahead(asked: &Asked) -> bool {
    let words: Vec<&str> = asked.words.iter().map(String::as_str).collect();
    words
        .iter()
        .any(|word| matches!(*word, "will" | "plan" | "planning" | "plans" | "planned"))
        || words
            .windows(2)
            .any(|pair| matches!(pair, ["when" | "month" | "day" | "year", "is" | "are"]))
}

/// Share of the question's words in the sentence around byte `at`.
fn sentence_share(ranked: &Ranked<'_>, unit: &Unit<'_>, at: usize) -> f64 {
    let total: f64 = ranked.stems.iter().map(|(_, weight)| weight).sum();
    let tokens = &unit.analysis.tokens;
    let holds = |index: usize| tokens.get(index).is_some_and(|token| token.span.end > at);
    let Some(sentence) = unit
        .analysis
        .sentences
        .iter()
        .find(|sentence| sentence.tokens.clone().any(holds))
    else {
        return 0.0;
    };
    let mut stems: Vec<u64> = sentence
        .tokens
        .clone()
        .filter_map(|index| tokens.get(index))
        .map(|token| token.stem)
        .collect();
    stems.sort_unstable();
    stems.dedup();
    let held: f64 = stems.iter().map(|stem| ranked.weight(*stem)).sum();
    if total > 0.0 { held / total } else { 0.0 }
}

fn write(time: Resolved, grain: Grain) -> String {
    let middle = |(first, last): (Date, Date)| {
        let days = (last - first).get_days();
        first.saturating_add(jiff::Span::new().days(days / 2))
    };
    let day = middle(time.range());
    match grain {
        Grain::Any => time.phrase(),
        Grain::Day => match time {
            Resolved::WeekdayBefore(..) | Resolved::WeekdayAfter(..) => Resolved::Day(day).phrase(),
            _ => time.phrase(),
        },
        Grain::Month => Resolved::Month(day.year(), day.month()).phrase(),
        Grain::Year => Resolved::Year(day.year()).phrase(),
    }
}
