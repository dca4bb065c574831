//! The metrics of one record, by name.

use std::collections::BTreeMap;

use super::J;
use crate::record::TextMetrics;
use crate::retrieval::{BUDGETS, DEPTHS, RankScores, RetrievalScores, UnitScores};

/// What was measured of one answer.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Measured<'a> {
    /// Mean label of the judge.
    pub(crate) judge: Option<f64>,
    /// Text metrics.
    pub(crate) scores: Option<&'a TextMetrics>,
    /// Evidence metrics.
    pub(crate) retrieval: Option<&'a RetrievalScores>,
}

impl Measured<'_> {
    /// Every metric that has a value.
    pub(crate) fn values(self) -> BTreeMap<String, f64> {
        let mut values = BTreeMap::new();
        for name in [J, "f1.locomo", "f1.set", "bleu1", "exact"] {
            if let Some(value) = self.plain(name) {
                values.insert(name.to_owned(), value);
            }
        }
        if let Some(retrieval) = self.retrieval {
            insert_evidence(&mut values, retrieval);
        }
        values
    }

    /// One metric; `None` where it has no value, or where there is no such metric.
    pub(crate) fn value(self, metric: &str) -> Option<f64> {
        match metric.strip_prefix("evidence.") {
            Some(rest) => evidence(self.retrieval?, rest),
            None => self.plain(metric),
        }
    }

    /// A metric of the answer's text, or J.
    fn plain(self, metric: &str) -> Option<f64> {
        match metric {
            J => self.judge,
            "f1.locomo" => self.scores.map(|scores| scores.f1_locomo),
            "f1.set" => self.scores?.f1_set,
            "bleu1" => self.scores?.bleu1,
            "exact" => self.scores?.exact_match,
            _ => None,
        }
    }
}

/// The evidence metric `evidence.NAME`, without making all of them.
fn evidence(retrieval: &RetrievalScores, name: &str) -> Option<f64> {
    if name == "context" {
        return Some(retrieval.context);
    }
    let budget = name
        .strip_prefix("recall@")
        .and_then(|rest| rest.strip_suffix("tokens"));
    if let Some(budget) = budget {
        let budget: u64 = budget.parse().ok()?;
        let at = BUDGETS.iter().position(|known| *known == budget)?;
        return retrieval.at_tokens?.get(at).copied();
    }
    let (units, name) = match name.strip_prefix("lineage.") {
        Some(name) => (retrieval.lineage.as_ref()?, name),
        None => (retrieval.live.as_ref()?, name),
    };
    let (ranks, name) = match name.strip_prefix("session.") {
        Some(name) => (&units.session, name),
        None => (&units.turn, name),
    };
    let (list, depth) = match name.split_once('@') {
        None if name == "mrr" => return Some(ranks.mrr),
        Some(("ndcg", "10")) => return Some(ranks.ndcg10),
        Some(("hit", depth)) => (&ranks.hit, depth),
        Some(("recall", depth)) => (&ranks.recall, depth),
        Some(("all", depth)) => (&ranks.all, depth),
        _ => return None,
    };
    let depth: usize = depth.parse().ok()?;
    let at = DEPTHS.iter().position(|known| *known == depth)?;
    list.get(at).copied()
}

fn insert_evidence(values: &mut BTreeMap<String, f64>, retrieval: &RetrievalScores) {
    values.insert("evidence.context".to_owned(), retrieval.context);
    for (prefix, units) in [
        ("evidence", &retrieval.live),
        ("evidence.lineage", &retrieval.lineage),
    ] {
        if let Some(units) = units {
            insert_ranks(values, prefix, &units.turn);
            insert_ranks(values, &format!("{prefix}.session"), &units.session);
        }
    }
    if let Some(at_tokens) = retrieval.at_tokens {
        for (budget, recall) in BUDGETS.iter().zip(at_tokens) {
            values.insert(format!("evidence.recall@{budget}tokens"), recall);
        }
    }
}

fn insert_ranks(values: &mut BTreeMap<String, f64>, prefix: &str, ranks: &RankScores) {
    for (index, depth) in DEPTHS.iter().enumerate() {
        for (name, list) in [
            ("hit", &ranks.hit),
            ("recall", &ranks.recall),
            ("all", &ranks.all),
        ] {
            if let Some(value) = list.get(index) {
                values.insert(format!("{prefix}.{name}@{depth}"), *value);
            }
        }
    }
    values.insert(format!("{prefix}.mrr"), ranks.mrr);
    values.insert(format!("{prefix}.ndcg@10"), ranks.ndcg10);
}

/// The names of all metrics: J, those of the text, then those of the evidence by name.
#[must_use]
pub fn metric_names() -> Vec<String> {
    let ranks = RankScores {
        hit: [0.0; 6],
        recall: [0.0; 6],
        all: [0.0; 6],
        mrr: 0.0,
        ndcg10: 0.0,
    };
    let units = UnitScores {
        turn: ranks.clone(),
        session: ranks,
    };
    let retrieval = RetrievalScores {
        live: Some(units.clone()),
        lineage: Some(units),
        context: 0.0,
        at_tokens: Some([0.0; 5]),
    };
    let mut evidence = BTreeMap::new();
    insert_evidence(&mut evidence, &retrieval);
    [J, "f1.locomo", "f1.set", "bleu1", "exact"]
        .into_iter()
        .map(str::to_owned)
        .chain(evidence.into_keys())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_metric_is_what_it_is_among_all() {
        let scores = TextMetrics {
            f1_locomo: 0.25,
            f1_set: Some(0.5),
            bleu1: None,
            exact_match: Some(0.0),
        };
        let ranks = |from: f64| RankScores {
            hit: [0.0, 1.0, 2.0, 3.0, 4.0, 5.0].map(|at| from + at),
            recall: [0.1, 1.1, 2.1, 3.1, 4.1, 5.1].map(|at| from + at),
            all: [0.2, 1.2, 2.2, 3.2, 4.2, 5.2].map(|at| from + at),
            mrr: from + 6.0,
            ndcg10: from + 7.0,
        };
        let units = |from: f64| UnitScores {
            turn: ranks(from),
            session: ranks(from + 10.0),
        };
        let retrieval = RetrievalScores {
            live: Some(units(0.0)),
            lineage: Some(units(20.0)),
            context: 0.75,
            at_tokens: Some([0.1, 0.2, 0.3, 0.4, 0.5]),
        };
        let measured = Measured {
            judge: Some(1.0),
            scores: Some(&scores),
            retrieval: Some(&retrieval),
        };
        let all = measured.values();
        assert_eq!(all.len(), metric_names().len() - 1);
        for name in metric_names() {
            assert_eq!(measured.value(&name), all.get(&name).copied(), "{name}");
        }
        assert_eq!(measured.value("evidence.recall@1024tokens"), Some(0.3));
        assert_eq!(measured.value("f2"), None);
    }
}
