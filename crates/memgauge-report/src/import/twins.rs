//! Several rows about one question: repeats of the answer, the same row twice, or a contradiction.

use std::collections::{BTreeMap, BTreeSet};

use super::matching::Match;
use super::row::SourceRow;

/// What a row with a question becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Becomes {
    /// A record, of this repeat.
    Record {
        /// Repeat of the answer, from 0.
        repeat: u32,
    },
    /// Nothing: the row with this number says the same.
    Folded {
        /// The other row.
        into: usize,
        /// Its repeat.
        repeat: u32,
    },
    /// Nothing: the row with this number answers the same question otherwise.
    Conflicting {
        /// The other row.
        with: usize,
        /// Its repeat.
        repeat: u32,
    },
}

/// For each row with a question what it becomes.
///
/// Rows are repeats where the file numbers them, or where every question has the same number of rows and they differ.
/// Otherwise the first row of a question counts: others that say the same are folded into it, others are conflicting.
pub(super) fn sort_out(rows: &[SourceRow], matches: &[Option<Match>]) -> Vec<Option<Becomes>> {
    let mut by_question: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
    for (number, one) in matches.iter().enumerate() {
        if let Some(one) = one {
            by_question.entry(one.question).or_default().push(number);
        }
    }
    let written: BTreeSet<u64> = by_question
        .values()
        .flatten()
        .filter_map(|number| rows.get(*number)?.repeat)
        .collect();
    let repeat_of = |number: usize| {
        let own = rows.get(number).and_then(|row| row.repeat);
        let rank = own.and_then(|own| written.iter().position(|other| *other == own));
        rank.and_then(|rank| u32::try_from(rank).ok()).unwrap_or(0)
    };
    let same = |a: usize, b: usize| match (rows.get(a), rows.get(b)) {
        (Some(a), Some(b)) => a.says_the_same(b),
        _ => false,
    };
    let each = by_question.values().map(Vec::len).min().unwrap_or(0);
    let are_even = each > 1 && by_question.values().all(|numbers| numbers.len() == each);
    let differ = by_question
        .values()
        .any(|numbers| numbers.windows(2).any(|pair| !same(pair[0], pair[1])));
    let are_repeats = written.is_empty() && are_even && differ;

    let mut becomes = vec![None; rows.len()];
    for numbers in by_question.values() {
        let mut kept: Vec<(u32, usize)> = Vec::new();
        for (turn, number) in numbers.iter().copied().enumerate() {
            let repeat = if are_repeats {
                u32::try_from(turn).unwrap_or(u32::MAX)
            } else {
                repeat_of(number)
            };
            let first = kept.iter().find(|(own, _)| *own == repeat);
            let one = match first.copied() {
                None => {
                    kept.push((repeat, number));
                    Becomes::Record { repeat }
                }
                Some((_, into)) if same(into, number) => Becomes::Folded { into, repeat },
                Some((_, with)) => Becomes::Conflicting { with, repeat },
            };
            if let Some(cell) = becomes.get_mut(number) {
                *cell = Some(one);
            }
        }
    }
    becomes
}
