//! Which parts of the context speak of what is asked.

use std::collections::BTreeMap;
use std::sync::Arc;

use memgauge_core::{Context, ContextEntry, TurnId};

use super::analysis::{Analysis, digest};
use super::cache::Cache;
use super::question_type::Asked;

/// Added, as a factor, to what a person named in the question said.
const SPEAKER: f64 = 0.5;
/// Share of its score that a turn hands to the one after it, and to the one before.
const TO_NEXT: f64 = 0.35;
const TO_PREVIOUS: f64 = 0.15;
/// What the first place in a ranked context is worth, in shares of the question.
const FIRST_PLACE: f64 = 0.25;
/// What a named speaker counts in the support, where a word that nobody says counts about 3.
const NAME: f64 = 1.0;
/// Contexts up to this size are taken to be chosen with care.
const FEW: usize = 6;

/// An entry, or a line of one that holds several.
#[derive(Debug, Clone)]
pub(super) struct Unit<'a> {
    /// Index of the entry.
    pub(super) entry: usize,
    /// What was said.
    pub(super) text: &'a str,
    pub(super) analysis: Arc<Analysis>,
    /// Share of the question's words that it holds, by rarity; 0 to 1.
    pub(super) support: f64,
    /// What it is ranked by.
    pub(super) score: f64,
    /// Share of the question's words in the turn before it: it may be the reply.
    pub(super) replies: f64,
    /// Somebody named in the question said it.
    pub(super) is_speaker: bool,
}

/// The units of a context, best first.
#[derive(Debug)]
pub(super) struct Ranked<'a> {
    pub(super) entries: &'a [ContextEntry],
    pub(super) units: Vec<Unit<'a>>,
    /// The question's stems with their weights, names of speakers left out; sorted by stem.
    pub(super) stems: Vec<(u64, f64)>,
    /// The largest share of the question's words in what the one person that it names said, or
    /// said in reply, and in what others said; `None` where it names nobody or several.
    pub(super) named_and_others: Option<(f64, f64)>,
    /// Stems of the names of all who speak.
    pub(super) speakers: Vec<u64>,
    /// Few entries: all of them were meant to be read.
    pub(super) is_small: bool,
}

impl<'a> Ranked<'a> {
    /// Ranks the entries of `context`.
    pub(super) fn new(asked: &Asked, context: &'a Context, cache: &Cache) -> Self {
        let lines = lines(&context.entries);
        let analyses = cache.analyses(lines.iter().map(|line| line.text));
        let speakers = named_speakers(asked, &lines);
        let (stems, names) = weights(asked, &lines, &analyses);
        let total: f64 = stems.iter().map(|(_, weight)| weight).sum();
        let supports: Vec<f64> = analyses
            .iter()
            .map(|analysis| {
                let held: f64 = stems
                    .iter()
                    .filter(|(stem, _)| analysis.has(*stem))
                    .map(|(_, weight)| weight)
                    .sum();
                if total > 0.0 { held / total } else { 0.0 }
            })
            .collect();
        let mut named_and_others = (speakers.len() == 1).then_some((0.0_f64, 0.0_f64));
        let neighbours = neighbours(&context.entries, &lines, &supports);
        let is_ranked = !is_chronological(&context.entries);
        let mut units: Vec<Unit<'a>> = lines
            .iter()
            .zip(analyses)
            .zip(supports.iter().zip(neighbours))
            .map(|((line, analysis), (support, (before, after)))| {
                let is_speaker = line
                    .speaker
                    .is_some_and(|speaker| speakers.contains(&speaker));
                if let Some((named, others)) = &mut named_and_others {
                    if is_speaker {
                        *named = named.max(support + TO_NEXT * before);
                    } else {
                        *others = others.max(*support);
                    }
                }
                let near = TO_NEXT * before + TO_PREVIOUS * after;
                let place = if is_ranked {
                    FIRST_PLACE / (1.0 + 0.3 * line.entry as f64)
                } else {
                    0.0
                };
                let own = support * if is_speaker { 1.0 + SPEAKER } else { 1.0 };
                Unit {
                    entry: line.entry,
                    text: line.text,
                    analysis,
                    support: (support * total + if is_speaker { NAME } else { 0.0 })
                        / (total + if speakers.is_empty() { 0.0 } else { NAME }).max(1e-9),
                    replies: before,
                    score: own + near + place + if is_speaker { 0.05 } else { 0.0 },
                    is_speaker,
                }
            })
            .collect();
        // The sort is stable: equals stay in the order of the context.
        units.sort_by(|a, b| b.score.total_cmp(&a.score));
        Self {
            entries: &context.entries,
            is_small: context.entries.len() <= FEW,
            units,
            stems,
            speakers: names,
            named_and_others,
        }
    }

    /// Weight of a stem in the question; 0 where it does not occur.
    pub(super) fn weight(&self, stem: u64) -> f64 {
        self.stems
            .binary_search_by_key(&stem, |(known, _)| *known)
            .ok()
            .and_then(|at| self.stems.get(at))
            .map_or(0.0, |(_, weight)| *weight)
    }
}

struct Line<'a> {
    entry: usize,
    text: &'a str,
    speaker: Option<&'a str>,
    turn: Option<TurnId>,
}

/// Bodies, cut into lines where they hold several; `Name: words` names the speaker.
fn lines(entries: &[ContextEntry]) -> Vec<Line<'_>> {
    let mut lines = Vec::with_capacity(entries.len());
    for (index, entry) in entries.iter().enumerate() {
        let turn = match entry.turns.as_slice() {
            [turn] => Some(*turn),
            _ => None,
        };
        if !entry.body.contains('\n') {
            lines.push(Line {
                entry: index,
                text: &entry.body,
                speaker: entry.speaker.as_deref(),
                turn,
            });
            continue;
        }
        for line in entry.body.lines().filter(|line| !line.trim().is_empty()) {
            let named = line.split_once(": ").filter(|(name, _)| {
                entry.speaker.is_none() && name.len() <= 40 && name.split(' ').count() <= 3
            });
            lines.push(Line {
                entry: index,
                text: named.map_or(line, |(_, words)| words),
                speaker: named.map(|(name, _)| name).or(entry.speaker.as_deref()),
                turn: None,
            });
        }
    }
    lines
}

/// The speakers whose name, or its beginning ("Mel" for "Melanie"), the question says.
fn named_speakers<'a>(asked: &Asked, lines: &[Line<'a>]) -> Vec<&'a str> {
    let mut speakers: Vec<&str> = lines.iter().filter_map(|line| line.speaker).collect();
    speakers.sort_unstable();
    speakers.dedup();
    speakers.retain(|speaker| {
        let name = speaker.to_lowercase();
        asked.words.iter().any(|word| is_name(word, &name))
    });
    speakers
}

fn is_name(word: &str, name: &str) -> bool {
    let word = word
        .strip_suffix("'s")
        .unwrap_or(word)
        .trim_end_matches('\'');
    name.split(' ')
        .any(|part| word == part || (word.len() >= 3 && part.len() >= 5 && part.starts_with(word)))
}

/// The question's stems by rarity in the context (the inverse document frequency of BM25).
fn weights(
    asked: &Asked,
    lines: &[Line<'_>],
    analyses: &[Arc<Analysis>],
) -> (Vec<(u64, f64)>, Vec<u64>) {
    let mut speakers: Vec<&str> = lines.iter().filter_map(|line| line.speaker).collect();
    speakers.sort_unstable();
    speakers.dedup();
    let stemmer = rust_stemmers::Stemmer::create(rust_stemmers::Algorithm::English);
    let speakers: Vec<String> = speakers.iter().map(|name| name.to_lowercase()).collect();
    let stem = |word: &str| digest(&stemmer.stem(word.strip_suffix("'s").unwrap_or(word)));
    let names: Vec<u64> = asked
        .words
        .iter()
        .filter(|word| speakers.iter().any(|speaker| is_name(word, speaker)))
        .map(|word| stem(word))
        .collect();
    let count = analyses.len() as f64;
    let weights = asked
        .stems
        .iter()
        .filter(|stem| !names.contains(stem))
        .map(|stem| {
            let holders = analyses.iter().filter(|a| a.has(*stem)).count() as f64;
            (
                *stem,
                (1.0 + (count - holders + 0.5) / (holders + 0.5)).ln(),
            )
        })
        .collect();
    let mut all: Vec<u64> = speakers
        .iter()
        .flat_map(|name| name.split(' '))
        .map(stem)
        .collect();
    all.extend(names);
    all.sort_unstable();
    all.dedup();
    (weights, all)
}

/// Support of the turns before and after each line.
fn neighbours(entries: &[ContextEntry], lines: &[Line<'_>], supports: &[f64]) -> Vec<(f64, f64)> {
    let turns: BTreeMap<(&str, TurnId), usize> = lines
        .iter()
        .enumerate()
        .filter_map(|(at, line)| {
            let entry = entries.get(line.entry)?;
            Some(((entry.conversation.as_str(), line.turn?), at))
        })
        .collect();
    lines
        .iter()
        .map(|line| {
            let (Some(entry), Some(turn)) = (entries.get(line.entry), line.turn) else {
                return (0.0, 0.0);
            };
            let support_at = |number: Option<u32>| {
                number
                    .map(|number| TurnId::new(turn.session, number))
                    .and_then(|turn| turns.get(&(entry.conversation.as_str(), turn)))
                    .and_then(|at| supports.get(*at))
                    .copied()
                    .unwrap_or(0.0)
            };
            (
                support_at(turn.turn.checked_sub(1)),
                support_at(turn.turn.checked_add(1)),
            )
        })
        .collect()
}

fn is_chronological(entries: &[ContextEntry]) -> bool {
    entries.is_sorted_by(|a, b| match (a.held_at, b.held_at) {
        (Some(x), Some(y)) => (x, a.turns.first()) <= (y, b.turns.first()),
        _ => true,
    })
}
