//! What is unpacked when a question of a conversation is opened.

use std::collections::{BTreeMap, BTreeSet};

use memgauge_core::{MemoryId, TurnId};
use memgauge_report::loss::LossStage;
use serde::Serialize;

use super::asked::{Answer, Asked, Hit, Place};
use super::memories::{StoreId, Stores};
use super::texts::Texts;
use super::{Group, Listed};

/// A conversation, its memories, and its questions in the index's order. Numbers stand for texts, turns and memories.
#[derive(Serialize)]
pub(super) struct Part<'a> {
    texts: Vec<&'a str>,
    /// Number of each session and when it was held, as the dataset writes it.
    sessions: Vec<(u32, &'a str)>,
    /// Session, turn, and as texts: speaker, words, caption of a picture; null where the dataset is not at hand.
    turns: Vec<PartTurn>,
    /// Text (null where the journal does not tell), turns that it says, turns that it rests on and no longer says.
    memories: Vec<(Option<usize>, Vec<usize>, Vec<usize>)>,
    questions: Vec<PartQuestion<'a>>,
    hits: Hits,
}

/// Session, turn; speaker, words, caption.
type PartTurn = (u32, u32, Option<usize>, Option<usize>, Option<usize>);

/// Label, grade, reply, message of an error.
type PartJudgement<'a> = (Option<bool>, Option<f64>, Option<&'a str>, Option<&'a str>);

/// The memories that all answers found, one after the other: columns are what compression lives on.
#[derive(Serialize, Default)]
struct Hits {
    memories: Vec<usize>,
    /// Of the first one of an answer its score, of every other how far it falls below the one before; in units of the
    /// last decimal place.
    falls: Vec<i64>,
    /// Ranks in the lists that were fused, list by list, where there are several.
    ranks: Vec<Option<u32>>,
}

#[derive(Serialize)]
struct PartQuestion<'a> {
    evidence: Vec<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    erratum: Option<PartErratum<'a>>,
    /// Of every system, by repeat.
    answers: Vec<Vec<PartAnswer<'a>>>,
}

#[derive(Serialize)]
struct PartErratum<'a> {
    kind: &'static str,
    answer: Option<&'a str>,
    evidence: Option<Vec<usize>>,
}

/// An answer. What is not known is left out.
#[derive(Serialize)]
struct PartAnswer<'a> {
    repeat: u32,
    /// Left out for the first answer of a system, which the index has.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    stage: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<&'a str>,
    /// Official F1, set F1, BLEU-1, exact match.
    #[serde(skip_serializing_if = "Option::is_none")]
    scores: Option<[Option<f64>; 4]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    judge: Option<f64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    judgements: Vec<PartJudgement<'a>>,
    /// Tokens in and out of the model that answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens: Option<(Option<u64>, Option<u64>)>,
    /// Entries and tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<(usize, u64)>,
    /// Turns in the context of a system without memories.
    #[serde(skip_serializing_if = "Option::is_none")]
    shown: Option<Vec<usize>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory_of: Option<&'a str>,
    /// Fate of every gold turn in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fates: Vec<(usize, String)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<Found<'a>>,
}

/// Retrieved memories: a stretch of the [`Hits`].
#[derive(Serialize)]
struct Found<'a> {
    k: usize,
    /// How many candidates the record has.
    of: usize,
    lists: &'a [String],
    /// Place of the first one, and how many there are.
    at: (usize, usize),
    /// Place of the first rank; null with a single list.
    ranks_at: Option<usize>,
    /// Decimal places of the scores.
    decimals: usize,
    /// One letter each: in the (c)ontext, (s)hortened, (d)ropped by the budget, (b)elow k.
    places: String,
    /// Ranks of the last ones, where some between are not listed.
    beyond: Vec<usize>,
}

/// What the numbers of a part stand for.
struct Numbers<'a> {
    texts: BTreeMap<&'a str, usize>,
    turns: BTreeMap<TurnId, usize>,
    memories: BTreeMap<(StoreId, MemoryId), usize>,
}

impl Numbers<'_> {
    fn turns<'t>(&self, turns: impl IntoIterator<Item = &'t TurnId>) -> Vec<usize> {
        let known = turns.into_iter().filter_map(|turn| self.turns.get(turn));
        known.copied().collect()
    }
}

impl<'a> Part<'a> {
    /// The part of a conversation.
    pub(super) fn new(group: &'a Group<'_>, stores: &'a Stores, listed: Listed) -> Self {
        let answers = || {
            let asked = group.asked.values();
            asked.flat_map(|asked| asked.answers.iter().flatten())
        };
        // Turns of another conversation's memories are not turns of this one.
        let mut used: BTreeMap<(StoreId, MemoryId), bool> = BTreeMap::new();
        for answer in answers() {
            for hit in answer.listed(listed) {
                if let Some(store) = answer.store {
                    used.insert((store, hit.id), answer.memory_of.is_none());
                }
            }
        }
        let traces: Vec<_> = used
            .iter()
            .map(|((store, id), own)| (stores.trace(*store, *id), *own))
            .collect();
        let mut turns: BTreeSet<TurnId> = group
            .said
            .into_iter()
            .flat_map(|said| said.turns().map(|(_, turn)| turn.id))
            .collect();
        for (index, asked) in &group.asked {
            turns.extend(&asked.evidence);
            if let Some(erratum) = group.erratum(*index) {
                turns.extend(erratum.evidence.iter().flatten());
            }
        }
        for answer in answers() {
            turns.extend(answer.shown.iter().flatten());
            turns.extend(answer.fates.iter().map(|(turn, _)| turn));
        }
        let mut texts = Texts::default();
        for (_, turn) in group.said.into_iter().flat_map(|said| said.turns()) {
            texts.note(&turn.text, Some(turn.id));
            texts.note(&turn.speaker, None);
            if let Some(caption) = turn.image.as_ref().and_then(|i| i.caption.as_deref()) {
                texts.note(caption, Some(turn.id));
            }
        }
        for (trace, own) in &traces {
            let Some(trace) = trace else { continue };
            texts.note(&trace.text, trace.all.first().copied());
            if *own {
                turns.extend(&trace.all);
            }
        }
        let (texts, text_numbers) = texts.numbered();
        let numbers = Numbers {
            texts: text_numbers,
            turns: turns
                .iter()
                .enumerate()
                .map(|(at, turn)| (*turn, at))
                .collect(),
            memories: used
                .keys()
                .enumerate()
                .map(|(at, key)| (*key, at))
                .collect(),
        };
        let number = |text: &str| numbers.texts.get(text).copied();
        let memories = traces.iter().map(|(trace, own)| match trace {
            Some(trace) if *own => {
                let gone = trace.all.iter().filter(|turn| !trace.live.contains(turn));
                let live = numbers.turns(&trace.live);
                (number(&trace.text), live, numbers.turns(gone))
            }
            Some(trace) => (number(&trace.text), Vec::new(), Vec::new()),
            None => (None, Vec::new(), Vec::new()),
        });
        let row = |id: &TurnId| {
            let turn = group.said.and_then(|said| said.turn(*id));
            let caption = turn.and_then(|turn| turn.image.as_ref()?.caption.as_deref());
            (
                id.session,
                id.turn,
                turn.and_then(|turn| number(&turn.speaker)),
                turn.and_then(|turn| number(&turn.text)),
                caption.and_then(number),
            )
        };
        let mut hits = Hits::default();
        let questions = group
            .asked
            .iter()
            .map(|(index, asked)| question(group, *index, asked, &numbers, listed, &mut hits));
        let questions = questions.collect();
        Self {
            memories: memories.collect(),
            sessions: group
                .said
                .into_iter()
                .flat_map(|said| &said.sessions)
                .map(|session| (session.index, session.held_at_text.as_str()))
                .collect(),
            turns: turns.iter().map(row).collect(),
            questions,
            hits,
            texts,
        }
    }
}

fn question<'a>(
    group: &'a Group<'_>,
    index: u32,
    asked: &'a Asked,
    numbers: &Numbers<'_>,
    listed: Listed,
    hits: &mut Hits,
) -> PartQuestion<'a> {
    PartQuestion {
        evidence: numbers.turns(&asked.evidence),
        erratum: group.erratum(index).map(|erratum| PartErratum {
            kind: erratum.kind.name(),
            answer: erratum.answer.as_deref(),
            evidence: erratum.evidence.as_ref().map(|turns| numbers.turns(turns)),
        }),
        answers: asked
            .answers
            .iter()
            .map(|answers| {
                answers
                    .iter()
                    .enumerate()
                    .map(|(at, one)| answer(one, at == 0, numbers, listed, hits))
                    .collect()
            })
            .collect(),
    }
}

fn answer<'a>(
    answer: &'a Answer,
    is_first: bool,
    numbers: &Numbers<'_>,
    listed: Listed,
    hits: &mut Hits,
) -> PartAnswer<'a> {
    let stages = LossStage::ALL.iter();
    PartAnswer {
        repeat: answer.repeat,
        text: answer.text.as_deref().filter(|_| !is_first),
        stage: stages.take_while(|stage| **stage != answer.stage).count(),
        failure: answer.failure.as_deref(),
        scores: answer.scores.map(|scores| {
            let all = [
                Some(scores.f1_locomo),
                scores.f1_set,
                scores.bleu1,
                scores.exact_match,
            ];
            all.map(|score| score.map(three_digits))
        }),
        judge: answer.judge.map(three_digits),
        judgements: answer
            .judgements
            .iter()
            .map(|row| {
                let error = row.error.as_ref().map(|error| error.message.as_str());
                (row.label, row.score, row.reply.as_deref(), error)
            })
            .collect(),
        tokens: answer.tokens.map(|tokens| (tokens.input, tokens.output)),
        context: answer.context,
        shown: answer.shown.as_ref().map(|turns| numbers.turns(turns)),
        memory_of: answer.memory_of.as_ref().map(|id| id.as_str()),
        fates: answer
            .fates
            .iter()
            .filter_map(|(turn, fate)| Some((*numbers.turns.get(turn)?, fate.words())))
            .collect(),
        found: found(answer, numbers, listed, hits),
    }
}

fn found<'a>(
    answer: &'a Answer,
    numbers: &Numbers<'_>,
    listed: Listed,
    all: &mut Hits,
) -> Option<Found<'a>> {
    let store = answer.store.filter(|_| answer.candidates > 0)?;
    let hits: Vec<(&Hit, usize)> = answer
        .listed(listed)
        .filter_map(|hit| Some((hit, *numbers.memories.get(&(store, hit.id))?)))
        .collect();
    let beyond = hits
        .iter()
        .zip(1..)
        .filter(|((hit, _), at)| hit.rank != *at);
    let at = (all.memories.len(), hits.len());
    let decimals = decimals(hits.iter().map(|(hit, _)| f64::from(hit.score)));
    let mut last = 0;
    for (hit, memory) in &hits {
        let score = fixed(f64::from(hit.score), decimals);
        let is_first = all.memories.len() == at.0;
        all.falls.push(if is_first { score } else { last - score });
        all.memories.push(*memory);
        last = score;
    }
    let ranks_at = (listed.ranks && answer.lists.len() > 1).then_some(all.ranks.len());
    for list in (0..answer.lists.len()).filter(|_| ranks_at.is_some()) {
        let ranks = hits.iter().map(|(hit, _)| hit.ranks.get(list));
        all.ranks.extend(ranks.map(|rank| rank.copied().flatten()));
    }
    Some(Found {
        k: answer.k,
        of: answer.candidates,
        lists: &answer.lists,
        at,
        ranks_at,
        decimals,
        places: hits.iter().map(|(hit, _)| letter(hit.place)).collect(),
        beyond: beyond.map(|((hit, _), _)| hit.rank).collect(),
    })
}

/// Decimal places that give the largest of some scores four digits.
fn decimals(scores: impl Iterator<Item = f64>) -> usize {
    let largest = scores.map(f64::abs).fold(0.0, f64::max);
    let before = if largest > 0.0 {
        largest.log10().floor()
    } else {
        0.0
    };
    (3.0 - before).clamp(0.0, 12.0) as usize
}

/// A number in units of its last decimal place.
fn fixed(value: f64, decimals: usize) -> i64 {
    (value * 10_f64.powi(i32::try_from(decimals).unwrap_or(0))).round() as i64
}

fn letter(place: Place) -> char {
    match place {
        Place::Shown => 'c',
        Place::Shortened => 's',
        Place::Dropped => 'd',
        Place::Below => 'b',
    }
}

impl Answer {
    /// The hits that are listed: the first ones, and those that hold evidence.
    fn listed(&self, listed: Listed) -> impl Iterator<Item = &Hit> {
        let hits = self.hits.iter();
        hits.filter(move |hit| hit.rank <= listed.memories || hit.is_gold)
    }
}

/// A number to three significant digits.
fn three_digits(value: f64) -> f64 {
    format!("{value:.2e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_are_kept() {
        let rounded = [0.123_456, 1234.5, 0.000_049_96, -0.5, 0.0].map(three_digits);
        assert_eq!(rounded, [0.123, 1230.0, 0.000_05, -0.5, 0.0]);
    }

    #[test]
    fn scores_have_as_many_places_as_the_largest_needs() {
        let of = |scores: &[f64]| decimals(scores.iter().copied());
        assert_eq!(
            (of(&[0.123_456, 0.01]), of(&[12.5]), of(&[-7.0, 1.0])),
            (4, 2, 3)
        );
        assert_eq!((of(&[]), of(&[0.0]), of(&[123_456.0])), (3, 3, 0));
        assert_eq!((fixed(0.123_456, 4), fixed(-7.25, 3)), (1235, -7250));
    }
}
