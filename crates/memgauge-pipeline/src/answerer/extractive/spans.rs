//! Spans of the best units as answers.

use super::analysis::{Gap, Token};
use super::question_type::Asked;
use super::rank::{Ranked, Unit};
use super::score::{Cross, Feature, Features};
use super::word_class::Class;

/// Longest span, in words.
const LONGEST: usize = 14;
/// Longest title, in words.
const TITLE: usize = 8;
/// How many units are searched for one span.
const UNITS: usize = 4;
/// Share of the best unit's score that a unit needs to add to a list.
const LIST_FLOOR: f64 = 0.4;

/// A span that may be the answer.
#[derive(Debug)]
pub(super) struct Candidate {
    /// Index among the ranked units.
    pub(super) unit: usize,
    /// Words of that unit.
    pub(super) first: usize,
    pub(super) last: usize,
    pub(super) score: f32,
}

/// The best span, and the entry that it stands in.
pub(super) fn best(asked: &Asked, ranked: &Ranked<'_>) -> Option<(String, usize)> {
    let mut best: Option<Candidate> = None;
    for unit in 0..ranked.units.len().min(UNITS) {
        visit(asked, ranked, unit, &mut |candidate| {
            if best.as_ref().is_none_or(|b| candidate.score > b.score) {
                best = Some(candidate);
            }
        });
    }
    let best = best?;
    let unit = ranked.units.get(best.unit)?;
    Some((text(unit, best.first, best.last), unit.entry))
}

/// The best spans of several units, joined by commas.
pub(super) fn list(asked: &Asked, ranked: &Ranked<'_>, limit: usize) -> Option<(String, usize)> {
    let top = ranked.units.first()?;
    let floor = if ranked.is_small {
        0.0
    } else {
        LIST_FLOOR * top.score
    };
    let mut said: Vec<String> = Vec::new();
    for (index, unit) in ranked.units.iter().enumerate().take(limit) {
        if unit.score < floor {
            break;
        }
        let mut best: Option<Candidate> = None;
        visit(asked, ranked, index, &mut |candidate| {
            if best.as_ref().is_none_or(|b| candidate.score > b.score) {
                best = Some(candidate);
            }
        });
        let Some(best) = best else { continue };
        let found = text(unit, best.first, best.last);
        let lower = found.to_lowercase();
        let is_known = said.iter().any(|known| known.to_lowercase() == lower);
        if !found.is_empty() && !is_known {
            said.push(found);
        }
    }
    (!said.is_empty()).then(|| (said.join(", "), top.entry))
}

/// The words from `first` to `last` as they stand in the unit.
fn text(unit: &Unit<'_>, first: usize, last: usize) -> String {
    let (first, last) = whole_title(&unit.analysis.tokens, first, last);
    let (Some(from), Some(to)) = (
        unit.analysis.tokens.get(first),
        unit.analysis.tokens.get(last),
    ) else {
        return String::new();
    };
    unit.text
        .get(from.span.start..to.span.end)
        .unwrap_or_default()
        .to_owned()
}

/// A span inside quotation marks, widened to all that they hold if that is short enough to be a
/// title.
fn whole_title(tokens: &[Token], first: usize, last: usize) -> (usize, usize) {
    let is_quoted = |at: usize| tokens.get(at).is_some_and(|token| token.is_quoted);
    if !(first..=last).all(is_quoted) {
        return (first, last);
    }
    let starts = |at: usize| tokens.get(at).is_none_or(|token| token.gap >= Gap::Quote);
    let from = (0..=first)
        .rev()
        .take_while(|at| is_quoted(*at))
        .find(|at| starts(*at))
        .unwrap_or(first);
    let to = (last..tokens.len())
        .take_while(|at| is_quoted(*at))
        .find(|at| starts(at + 1))
        .unwrap_or(last);
    if to - from < TITLE {
        (from, to)
    } else {
        (first, last)
    }
}

/// Shows every candidate of a unit.
pub(super) fn visit(
    asked: &Asked,
    ranked: &Ranked<'_>,
    index: usize,
    see: &mut impl FnMut(Candidate),
) {
    let (Some(unit), Some(top)) = (ranked.units.get(index), ranked.units.first()) else {
        return;
    };
    let total: f64 = ranked.stems.iter().map(|(_, weight)| weight).sum();
    let tokens = &unit.analysis.tokens;
    let weights: Vec<f64> = tokens.iter().map(|t| ranked.weight(t.stem)).collect();
    for (number, sentence) in unit.analysis.sentences.iter().enumerate() {
        let inside: f64 = {
            let mut held: Vec<(u64, f64)> = sentence
                .tokens
                .clone()
                .filter_map(|at| Some((tokens.get(at)?.stem, *weights.get(at)?)))
                .filter(|(_, weight)| *weight > 0.0)
                .collect();
            held.sort_by_key(|(stem, _)| *stem);
            held.dedup_by_key(|(stem, _)| *stem);
            held.iter().map(|(_, weight)| weight).sum()
        };
        let mut shared = Features::new(asked.row());
        shared.add(
            Feature::UnitScore,
            (unit.score / top.score.max(1e-9)) as f32,
        );
        shared.add_if(Feature::UnitIsTop, index == 0);
        shared.add_if(Feature::UnitIsSpeaker, unit.is_speaker);
        shared.add(Feature::SentenceOverlap, (inside / total.max(1e-9)) as f32);
        shared.add_if(Feature::SentenceAsks, sentence.is_question);
        shared.add(Feature::UnitReplies, unit.replies as f32);
        if number == 0 {
            shared.add(Feature::SentenceReplies, unit.replies as f32);
            shared.cross(Cross::SentenceReplies, unit.replies as f32);
        }
        shared.add_if(Feature::SentenceIsFirst, number == 0);
        let frame = Frame {
            tokens,
            weights: &weights,
            speakers: &ranked.speakers,
            sentence: sentence.tokens.clone(),
            total,
        };
        for first in sentence.tokens.clone() {
            let Some(opening) = tokens.get(first) else {
                continue;
            };
            if matches!(opening.class, Class::Interrogative | Class::Interjection)
                || (opening.class == Class::Conjunction
                    && !unit
                        .text
                        .get(opening.span.clone())
                        .is_some_and(|word| word.eq_ignore_ascii_case("because")))
            {
                continue;
            }
            let mut start = shared;
            frame.start(first, &mut start);
            let mut tally = Tally::default();
            for last in first..sentence.tokens.end.min(first + LONGEST) {
                let Some(closing) = tokens.get(last) else {
                    break;
                };
                tally.take(&frame, closing, last, first);
                if matches!(
                    closing.class,
                    Class::Determiner
                        | Class::Possessive
                        | Class::Preposition
                        | Class::To
                        | Class::Conjunction
                        | Class::Auxiliary
                        | Class::Interrogative
                ) && tally.words > 0
                {
                    continue;
                }
                let mut features = start;
                frame.whole(first, last, &tally, &mut features);
                let candidate = Candidate {
                    unit: index,
                    first,
                    last,
                    score: features.score(),
                };
                see(candidate);
            }
        }
    }
}

/// Sums over the words of a span while it grows.
#[derive(Debug, Default)]
struct Tally {
    words: usize,
    articles: usize,
    function: usize,
    asked: usize,
    asked_weight: f64,
    persons: usize,
    commas: usize,
    dashes: usize,
    capitals: usize,
    numbers: usize,
    prepositions: usize,
    auxiliaries: usize,
    conjunctions: usize,
    quoted: usize,
    times: usize,
    speakers: usize,
}

impl Tally {
    fn take(&mut self, frame: &Frame<'_>, token: &Token, at: usize, first: usize) {
        let weight = frame.weights.get(at).copied().unwrap_or(0.0);
        self.words += 1;
        self.articles += usize::from(token.class == Class::Determiner);
        self.function += usize::from(token.class.is_function());
        self.asked += usize::from(weight > 0.0);
        self.asked_weight += weight;
        self.persons += usize::from(token.class == Class::Pronoun);
        if at > first {
            self.commas += usize::from(token.gap == Gap::Comma);
            self.dashes += usize::from(token.gap == Gap::Dash);
        }
        self.capitals += usize::from(frame.is_name(at));
        self.numbers += usize::from(token.class == Class::Number);
        self.prepositions += usize::from(matches!(token.class, Class::Preposition | Class::To));
        self.auxiliaries += usize::from(token.class == Class::Auxiliary);
        self.conjunctions += usize::from(token.class == Class::Conjunction);
        self.quoted += usize::from(token.is_quoted);
        self.times += usize::from(token.class == Class::Time);
        self.speakers += usize::from(frame.speakers.contains(&token.stem));
    }
}

struct Frame<'a> {
    tokens: &'a [Token],
    weights: &'a [f64],
    speakers: &'a [u64],
    sentence: std::ops::Range<usize>,
    total: f64,
}

impl Frame<'_> {
    /// The word at `at`, if it belongs to the sentence.
    fn token(&self, at: Option<usize>) -> Option<&Token> {
        at.filter(|at| self.sentence.contains(at))
            .and_then(|at| self.tokens.get(at))
    }

    fn is_name(&self, at: usize) -> bool {
        at != self.sentence.start
            && self
                .tokens
                .get(at)
                .is_some_and(|t| t.is_capital && t.class != Class::Pronoun)
    }

    /// Whether the nearest word that says something, before or after, is the question's.
    fn is_asked_near(&self, mut at: Option<usize>, step: fn(usize) -> Option<usize>) -> bool {
        for _ in 0..4 {
            let Some(token) = self.token(at) else {
                return false;
            };
            let Some(here) = at else { return false };
            if !token.class.is_function() {
                return self.weights.get(here).is_some_and(|w| *w > 0.0);
            }
            at = step(here);
        }
        false
    }

    fn start(&self, first: usize, features: &mut Features) {
        let Some(opening) = self.tokens.get(first) else {
            return;
        };
        let before = self.token(first.checked_sub(1));
        match before {
            None => {
                features.add(Feature::StartsSentence, 1.0);
                features.cross(Cross::StartsSentence, 1.0);
            }
            Some(_) if matches!(opening.gap, Gap::Comma | Gap::Dash) => {
                features.add(Feature::AfterComma, 1.0);
            }
            Some(token) => features.add(
                match token.class {
                    Class::Preposition => Feature::AfterPreposition,
                    Class::To => Feature::AfterTo,
                    Class::Determiner | Class::Possessive => Feature::AfterDeterminer,
                    Class::Conjunction => Feature::AfterConjunction,
                    Class::Auxiliary => Feature::AfterAuxiliary,
                    Class::Pronoun => Feature::AfterPronoun,
                    Class::Adverb | Class::Interjection => Feature::AfterAdverb,
                    Class::Past | Class::Gerund => Feature::AfterVerb,
                    _ => Feature::AfterWord,
                },
                1.0,
            ),
        }
        features.add(
            match opening.class {
                Class::Determiner => Feature::FirstDeterminer,
                Class::Possessive => Feature::FirstPossessive,
                Class::Preposition => Feature::FirstPreposition,
                Class::Pronoun => Feature::FirstPronoun,
                Class::Auxiliary => Feature::FirstAuxiliary,
                Class::To => Feature::FirstTo,
                Class::Adverb => Feature::FirstAdverb,
                Class::Gerund => Feature::FirstGerund,
                Class::Past => Feature::FirstPast,
                Class::Number => Feature::FirstNumber,
                Class::Conjunction => Feature::FirstConjunction,
                _ if self.is_name(first) => Feature::FirstName,
                _ => Feature::FirstWord,
            },
            1.0,
        );
        match opening.class {
            Class::Preposition | Class::To => features.cross(Cross::FirstPreposition, 1.0),
            Class::Gerund => features.cross(Cross::FirstGerund, 1.0),
            Class::Conjunction => features.cross(Cross::FirstConjunction, 1.0),
            Class::Past => features.cross(Cross::FirstPast, 1.0),
            _ => {}
        }
        let after_asked = self.is_asked_near(first.checked_sub(1), |at| at.checked_sub(1));
        features.add_if(Feature::AskedBefore, after_asked);
        if after_asked {
            features.cross(Cross::AskedBefore, 1.0);
        }
        if let Some(token) = before {
            let is_place = token.class == Class::Preposition || token.class == Class::To;
            if is_place {
                features.cross(Cross::AfterPreposition, 1.0);
            }
        }
    }

    fn whole(&self, first: usize, last: usize, tally: &Tally, features: &mut Features) {
        let Some(closing) = self.tokens.get(last) else {
            return;
        };
        let words = tally.words as f32;
        let counted = tally.words - tally.articles.min(tally.words);
        features.add(
            match counted {
                0 | 1 => Feature::Length1,
                2 => Feature::Length2,
                3 => Feature::Length3,
                4 => Feature::Length4,
                5 => Feature::Length5,
                6 | 7 => Feature::Length6,
                8..=10 => Feature::Length8,
                _ => Feature::Length11,
            },
            1.0,
        );
        if counted <= 3 {
            features.cross(Cross::Short, 1.0);
        } else if counted >= 6 {
            features.cross(Cross::Long, 1.0);
        }
        features.add(Feature::AskedShare, tally.asked as f32 / words);
        features.add(
            Feature::AskedWeight,
            (tally.asked_weight / self.total.max(1e-9)) as f32,
        );
        if self.is_asked_near(Some(last + 1), |at| at.checked_add(1)) {
            features.add(Feature::AskedAfter, 1.0);
            features.cross(Cross::AskedAfter, 1.0);
        }
        features.add(Feature::AskedDistance, self.closeness(first, last));
        match self.token(Some(last + 1)) {
            None => {
                features.add(Feature::EndsSentence, 1.0);
                features.cross(Cross::EndsSentence, 1.0);
            }
            Some(next) => features.add(
                match (next.gap, next.class) {
                    (Gap::Comma | Gap::Dash | Gap::Quote, _) => Feature::BeforeComma,
                    (_, Class::Conjunction) => Feature::BeforeConjunction,
                    (_, Class::Preposition | Class::To) => Feature::BeforePreposition,
                    (_, Class::Pronoun | Class::Auxiliary) => Feature::BeforePronoun,
                    (_, Class::Determiner | Class::Possessive) => Feature::BeforeDeterminer,
                    (_, Class::Adverb | Class::Interjection) => Feature::BeforeAdverb,
                    _ => Feature::BeforeWord,
                },
                1.0,
            ),
        }
        match closing.class {
            Class::Adverb | Class::Interjection => features.add(Feature::LastAdverb, 1.0),
            Class::Pronoun => features.add(Feature::LastPronoun, 1.0),
            Class::Gerund | Class::Past => features.add(Feature::LastVerb, 1.0),
            _ if closing.class.is_function() => features.add(Feature::LastFunction, 1.0),
            _ => {}
        }
        features.add(Feature::Persons, tally.persons as f32 / words);
        features.add(Feature::Commas, tally.commas as f32);
        features.add_if(Feature::HasDash, tally.dashes > 0);
        features.add(Feature::Names, tally.capitals as f32 / words);
        features.cross(Cross::Names, tally.capitals as f32 / words);
        features.add_if(Feature::HasNumber, tally.numbers > 0);
        features.cross(Cross::Commas, (tally.commas as f32).min(3.0));
        let is_quoted = |token: Option<&Token>| token.is_some_and(|token| token.is_quoted);
        if tally.quoted == tally.words
            && !is_quoted(self.token(first.checked_sub(1)))
            && !is_quoted(self.token(Some(last + 1)))
        {
            features.add(Feature::Quoted, 1.0);
            features.cross(Cross::Quoted, 1.0);
        }
        features.add(Feature::Function, tally.function as f32 / words);
        features.add(Feature::Prepositions, tally.prepositions as f32);
        features.add(Feature::Auxiliaries, tally.auxiliaries as f32);
        features.add(Feature::Conjunctions, tally.conjunctions as f32);
        features.add_if(Feature::Empty, tally.function == tally.words);
        features.add(Feature::Times, tally.times as f32 / words);
        features.add(Feature::Speakers, tally.speakers as f32 / words);
        features.cross(Cross::HasNumber, f32::from(u8::from(tally.numbers > 0)));
        if self.weights.get(last).is_some_and(|w| *w > 0.0) {
            features.add(Feature::AskedLast, 1.0);
            features.cross(Cross::AskedLast, 1.0);
        }
    }

    /// 1 next to a word of the question, falling with the distance; 0 if the sentence has none
    /// outside the span.
    fn closeness(&self, first: usize, last: usize) -> f32 {
        let is_asked = |at: &usize| self.weights.get(*at).is_some_and(|w| *w > 0.0);
        let before = (self.sentence.start..first)
            .rev()
            .position(|at| is_asked(&at));
        let after = (last + 1..self.sentence.end).position(|at| is_asked(&at));
        match (before, after) {
            (None, None) => 0.0,
            (Some(d), None) | (None, Some(d)) => 1.0 / (1.0 + d as f32),
            (Some(a), Some(b)) => 1.0 / (1.0 + a.min(b) as f32),
        }
    }
}
