//! What became of a gold turn on its way from the conversation to the context.

use std::collections::BTreeSet;

use memgauge_core::{MemoryId, TurnId};
use serde::{Deserialize, Serialize};

use crate::lineage::Lineage;

/// The first stage that lost a gold turn, or where it ended up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// No memory ever came from it.
    NoFact,
    /// A fact was found, and not kept because of another memory.
    NotKept,
    /// Its memory was deleted.
    Deleted,
    /// Its memory was overwritten: the text no longer says it.
    Replaced,
    /// Its memory was not among the candidates.
    NotCandidate,
    /// Its memory was a candidate of this rank (from 1), beyond k.
    Below(u32),
    /// Its memory was meant for the context, and the budget left it out.
    Dropped,
    /// It stands in the context.
    InContext,
}

impl Fate {
    /// All fates without their ranks, from the context backwards: the order of tables.
    pub const NAMES: [&str; 8] = [
        "in-context",
        "dropped",
        "below-k",
        "not-candidate",
        "replaced",
        "deleted",
        "not-kept",
        "no-fact",
    ];

    /// Its name, without the rank.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoFact => "no-fact",
            Self::NotKept => "not-kept",
            Self::Deleted => "deleted",
            Self::Replaced => "replaced",
            Self::NotCandidate => "not-candidate",
            Self::Below(_) => "below-k",
            Self::Dropped => "dropped",
            Self::InContext => "in-context",
        }
    }

    /// What became of the turn, in words.
    pub fn words(self) -> String {
        match self {
            Self::NoFact => "no fact was extracted from it".to_owned(),
            Self::NotKept => "its fact was not kept: a memory said it already".to_owned(),
            Self::Deleted => "its memory was deleted".to_owned(),
            Self::Replaced => "its memory was overwritten".to_owned(),
            Self::NotCandidate => "not found".to_owned(),
            Self::Below(rank) => format!("found at rank {rank}, below k"),
            Self::Dropped => "found, left out by the budget".to_owned(),
            Self::InContext => "in the context".to_owned(),
        }
    }
}

/// What became of `turn`.
///
/// `lineage` is `None` for systems without memories; `candidates` are ids, best first, of which
/// the first `k` were meant for the context.
pub fn fate(
    turn: TurnId,
    lineage: Option<&Lineage>,
    candidates: &[MemoryId],
    k: usize,
    context: &BTreeSet<TurnId>,
) -> Fate {
    if context.contains(&turn) {
        return Fate::InContext;
    }
    let Some(lineage) = lineage else {
        return Fate::NotCandidate;
    };
    let says = |id: &MemoryId| {
        lineage
            .get(*id)
            .is_some_and(|trace| trace.live.contains(&turn))
    };
    if let Some(index) = candidates.iter().position(says) {
        return if index < k {
            Fate::Dropped
        } else {
            Fate::Below(u32::try_from(index + 1).unwrap_or(u32::MAX))
        };
    }
    let fed: Vec<_> = lineage
        .iter()
        .filter(|(_, trace)| trace.all.contains(&turn))
        .collect();
    if fed.iter().any(|(_, trace)| trace.live.contains(&turn)) {
        Fate::NotCandidate
    } else if fed.iter().any(|(_, trace)| !trace.deleted) {
        Fate::Replaced
    } else if !fed.is_empty() {
        Fate::Deleted
    } else if lineage.was_noop(turn) {
        Fate::NotKept
    } else {
        Fate::NoFact
    }
}

#[cfg(test)]
mod tests {
    use memgauge_core::{MemoryEvent, OpKind, Source};

    use super::*;

    #[test]
    fn every_stage_can_lose_a_turn() {
        let t = |turn| TurnId::new(1, turn);
        let event = |op, id, turn, replaces| MemoryEvent {
            op,
            id: Some(MemoryId(id)),
            before: None,
            after: None,
            replaces,
            sources: vec![Source::cited(t(turn))],
            at: jiff::civil::date(2023, 5, 8).at(13, 56, 0, 0),
        };
        let lineage = Lineage::replay(&[
            event(OpKind::Add, 0, 1, false),
            event(OpKind::Add, 1, 2, false),
            event(OpKind::Add, 2, 3, false),
            event(OpKind::Add, 3, 4, false),
            event(OpKind::Delete, 3, 9, false),
            event(OpKind::Add, 4, 5, false),
            event(OpKind::Update, 4, 6, true),
            event(OpKind::Noop, 0, 7, false),
        ]);
        let context = BTreeSet::from([t(1)]);
        let candidates = [MemoryId(0), MemoryId(1), MemoryId(4)];
        let of = |turn, k| fate(t(turn), Some(&lineage), &candidates, k, &context);
        assert_eq!(of(1, 1), Fate::InContext);
        assert_eq!(of(2, 1), Fate::Below(2));
        assert_eq!(of(2, 2), Fate::Dropped);
        assert_eq!(of(3, 1), Fate::NotCandidate);
        assert_eq!(of(4, 1), Fate::Deleted);
        assert_eq!(of(5, 1), Fate::Replaced);
        assert_eq!(of(7, 1), Fate::NotKept);
        assert_eq!(of(8, 1), Fate::NoFact);
        assert_eq!(fate(t(8), None, &[], 0, &context), Fate::NotCandidate);
    }
}
