//! Retrieval against gold evidence (docs/METHODOLOGY.md, "Evidence recall"): units are turns or
//! sessions; a memory covers the turns that it came from.

use std::collections::BTreeSet;

use memgauge_core::TurnId;
use serde::{Deserialize, Serialize};

/// The k of hit, recall and all.
pub const DEPTHS: [usize; 6] = [1, 5, 10, 20, 30, 50];
/// Budgets, in cl100k_base tokens, of recall at a token budget.
pub const BUDGETS: [u64; 5] = [256, 512, 1024, 2048, 4096];
/// Depth of nDCG.
const NDCG_DEPTH: usize = 10;

/// Metrics of one ranking against one set of gold units, each from 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RankScores {
    /// Whether any gold unit is covered by the first k memories; one value per [`DEPTHS`].
    pub hit: [f64; 6],
    /// Share of gold units covered by the first k.
    pub recall: [f64; 6],
    /// Whether all gold units are covered by the first k.
    pub all: [f64; 6],
    /// Reciprocal of the rank of the first memory that covers a gold unit; 0 if none does.
    pub mrr: f64,
    /// nDCG at 10, binary gain, a unit counted once at its first rank, normalised by the ideal
    /// ranking of all gold units (one per memory).
    pub ndcg10: f64,
}

/// The same metrics for turns and for sessions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UnitScores {
    /// Gold units are turns.
    pub turn: RankScores,
    /// Gold units are the sessions of the gold turns.
    pub session: RankScores,
}

/// Retrieval metrics of one question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RetrievalScores {
    /// Over turns that memories still say; null where the system does not rank.
    pub live: Option<UnitScores>,
    /// Over every turn that ever fed a memory; null where the system does not rank.
    pub lineage: Option<UnitScores>,
    /// Share of gold turns that live in the context (for every system).
    pub context: f64,
    /// Share of gold turns covered before the memories' texts exceed [`BUDGETS`] tokens; null
    /// where the system does not rank.
    pub at_tokens: Option<[f64; 5]>,
}

/// A ranked memory as the metrics see it.
#[derive(Debug, Clone, Copy)]
pub struct RankedUnit<'a> {
    /// Turns that it still says.
    pub live: &'a [TurnId],
    /// Every turn that ever fed it.
    pub all: &'a [TurnId],
    /// cl100k_base tokens of its text.
    pub tokens: u64,
}

/// Metrics of a question; `None` when there is no usable evidence.
///
/// `ranked` is `None` for systems that do not rank. `context` yields the turns that live in the
/// context. Memories of another conversation must come with no turns.
pub fn score(
    evidence: &[TurnId],
    ranked: Option<&[RankedUnit<'_>]>,
    context: &BTreeSet<TurnId>,
) -> Option<RetrievalScores> {
    if evidence.is_empty() {
        return None;
    }
    let gold: BTreeSet<TurnId> = evidence.iter().copied().collect();
    let sessions: BTreeSet<u32> = gold.iter().map(|turn| turn.session).collect();
    let units = |side: fn(&RankedUnit<'_>) -> Vec<TurnId>| {
        ranked.map(|ranked| {
            let turns: Vec<Vec<TurnId>> = ranked.iter().map(side).collect();
            let in_sessions: Vec<Vec<u32>> = turns
                .iter()
                .map(|list| list.iter().map(|turn| turn.session).collect())
                .collect();
            UnitScores {
                turn: rank_scores(&gold, &turns),
                session: rank_scores(&sessions, &in_sessions),
            }
        })
    };
    Some(RetrievalScores {
        live: units(|unit| unit.live.to_vec()),
        lineage: units(|unit| unit.all.to_vec()),
        context: gold.intersection(context).count() as f64 / gold.len() as f64,
        at_tokens: ranked.map(|ranked| at_tokens(&gold, ranked)),
    })
}

fn rank_scores<T: Ord + Copy>(gold: &BTreeSet<T>, ranking: &[Vec<T>]) -> RankScores {
    // Rank (from 0) at which each gold unit first appears, in order of appearance.
    let mut first: Vec<usize> = Vec::with_capacity(gold.len());
    let mut seen = BTreeSet::new();
    for (rank, units) in ranking.iter().enumerate() {
        for unit in units {
            if gold.contains(unit) && seen.insert(*unit) {
                first.push(rank);
            }
        }
        if seen.len() == gold.len() {
            break;
        }
    }
    let covered = |k: usize| first.iter().filter(|rank| **rank < k).count();
    let per_depth = |value: &dyn Fn(usize) -> f64| DEPTHS.map(|k| value(covered(k)));
    let total = gold.len() as f64;
    let discount = |rank: usize| 1.0 / ((rank + 2) as f64).log2();
    let gained: f64 = first
        .iter()
        .filter(|rank| **rank < NDCG_DEPTH)
        .map(|rank| discount(*rank))
        .sum();
    let ideal: f64 = (0..gold.len().min(NDCG_DEPTH)).map(discount).sum();
    RankScores {
        hit: per_depth(&|n| f64::from(u8::from(n > 0))),
        recall: per_depth(&|n| n as f64 / total),
        all: per_depth(&|n| f64::from(u8::from(n == gold.len()))),
        mrr: first.first().map_or(0.0, |rank| 1.0 / (*rank as f64 + 1.0)),
        // Several gold units in one memory could gain more than the ideal of one each.
        ndcg10: (gained / ideal).min(1.0),
    }
}

fn at_tokens(gold: &BTreeSet<TurnId>, ranked: &[RankedUnit<'_>]) -> [f64; 5] {
    BUDGETS.map(|budget| {
        let mut spent = 0_u64;
        let mut covered: BTreeSet<TurnId> = BTreeSet::new();
        for unit in ranked {
            spent += unit.tokens;
            // A memory counts when it fits whole.
            if spent > budget {
                break;
            }
            covered.extend(unit.live.iter().copied().filter(|turn| gold.contains(turn)));
        }
        covered.len() as f64 / gold.len() as f64
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn t(turn: u32) -> TurnId {
        TurnId::new(1, turn)
    }

    fn unit(turns: &[TurnId], tokens: u64) -> RankedUnit<'_> {
        RankedUnit {
            live: turns,
            all: turns,
            tokens,
        }
    }

    #[test]
    fn recall_is_a_share_and_not_a_hit() {
        let lists = [[t(9)], [t(1)], [t(8)], [t(7)], [t(6)], [t(2)]];
        let ranked: Vec<_> = lists.iter().map(|turns| unit(turns, 100)).collect();
        let scores = score(&[t(1), t(2), t(3)], Some(&ranked), &BTreeSet::from([t(1)])).unwrap();
        let live = scores.live.unwrap().turn;
        assert_eq!(live.hit, [0.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
        let third = 1.0 / 3.0;
        assert_eq!(
            live.recall,
            [
                0.0,
                third,
                2.0 * third,
                2.0 * third,
                2.0 * third,
                2.0 * third
            ]
        );
        assert_eq!(live.all, [0.0; 6]);
        assert_eq!(live.mrr, 0.5);
        let gained = 1.0 / 3_f64.log2() + 1.0 / 7_f64.log2();
        let ideal = 1.0 + 1.0 / 3_f64.log2() + 0.5;
        assert!((live.ndcg10 - gained / ideal).abs() < 1e-12);
        assert_eq!(scores.context, third);
        // 256 tokens hold two memories, 512 five, 1024 all six.
        assert_eq!(
            scores.at_tokens.unwrap(),
            [third, third, 2.0 * third, 2.0 * third, 2.0 * third]
        );
    }

    #[test]
    fn a_turn_counts_once_and_evidence_can_be_unknown() {
        let lists = [[t(1)], [t(1)]];
        let ranked: Vec<_> = lists.iter().map(|turns| unit(turns, 1)).collect();
        let scores = score(&[t(1)], Some(&ranked), &BTreeSet::new()).unwrap();
        assert_eq!(scores.live.unwrap().turn.ndcg10, 1.0);
        assert_eq!(score(&[], Some(&ranked), &BTreeSet::new()), None);
        assert_eq!(
            score(&[t(1)], None, &BTreeSet::new()).unwrap().at_tokens,
            None
        );
    }

    #[test]
    fn merging_everything_wins_at_k_but_not_at_a_token_budget() {
        let everything: Vec<TurnId> = (1..=600).map(t).collect();
        let ranked = [unit(&everything, 20_000)];
        let scores = score(&[t(5)], Some(&ranked), &BTreeSet::new()).unwrap();
        assert_eq!(scores.live.unwrap().turn.recall[0], 1.0);
        assert_eq!(scores.at_tokens.unwrap(), [0.0; 5]);
    }
}
