//! Raw latencies of an arm by stage.

use std::collections::BTreeMap;

use memgauge_core::{ConversationId, QuestionId};
use memgauge_report::record::{Phase, TimingRow};

/// What times of replayed replies are.
pub(crate) const REPLAYED: &str =
    "times of replayed replies (own time, and the provider's as recorded)";

/// What takes time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    Search,
    Answer,
    /// Search and answer of the same question.
    Total,
    Ingest,
    Flush,
    Searchable,
}

impl Stage {
    pub(crate) const ALL: [Self; 6] = [
        Self::Search,
        Self::Answer,
        Self::Total,
        Self::Ingest,
        Self::Flush,
        Self::Searchable,
    ];

    /// What it is the time of.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Search => "Search, per question",
            Self::Answer => "Answer, per question",
            Self::Total => "Search and answer, per question",
            Self::Ingest => "Ingestion, per session",
            Self::Flush => "End of ingestion, per conversation",
            Self::Searchable => "Until searchable, per session",
        }
    }
}

/// Samples of one stage, without warm-up.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Samples {
    /// Milliseconds, ascending.
    pub(crate) sorted: Vec<f64>,
    /// The samples of every conversation.
    pub(crate) clusters: Vec<Vec<f64>>,
    /// Question -> its samples; empty for stages of an ingestion.
    pub(crate) by_question: BTreeMap<QuestionId, Vec<f64>>,
    /// Whether nothing was measured live: own time and the provider's time as it was recorded.
    pub(crate) is_replayed: bool,
}

impl Samples {
    fn of<'a>(rows: impl Iterator<Item = (&'a TimingRow, f64)>, is_replayed: bool) -> Option<Self> {
        let mut samples = Self {
            is_replayed,
            ..Self::default()
        };
        let mut clusters: BTreeMap<&ConversationId, Vec<f64>> = BTreeMap::new();
        for (row, ms) in rows.filter(|(row, _)| !row.warm_up) {
            samples.sorted.push(ms);
            clusters.entry(&row.conversation).or_default().push(ms);
            if let Some(question) = &row.question {
                let of = samples.by_question.entry(question.clone()).or_default();
                of.push(ms);
            }
        }
        samples.sorted.sort_unstable_by(f64::total_cmp);
        samples.clusters = clusters.into_values().collect();
        (!samples.sorted.is_empty()).then_some(samples)
    }

    /// A percentile, 0 to 100, by the nearest rank.
    pub(crate) fn percentile(&self, percent: f64) -> Option<f64> {
        memgauge_report::statistics::nearest_rank(&self.sorted, percent)
    }
}

/// Samples by stage; a stage that was not measured is not there.
pub(crate) type Timings = BTreeMap<Stage, Samples>;

/// The samples of an arm from its rows and those of its ingestion. Live times count; where a stage has none, those of
/// replayed replies do, never both together. The total is only there where a model behind an API answers, as in
/// `summary.json`.
pub(super) fn timings(rows: &[TimingRow]) -> Timings {
    let stage = |stage: Stage| -> Option<Samples> {
        let phase = match stage {
            Stage::Search => Phase::Search,
            Stage::Answer => Phase::Answer,
            Stage::Ingest => Phase::Ingest,
            Stage::Flush => Phase::Flush,
            Stage::Searchable => Phase::Searchable,
            Stage::Total => return total(rows),
        };
        let mine = || rows.iter().filter(move |row| row.phase == phase);
        let live = mine().filter_map(|row| Some((row, row.ms?)));
        let replayed = mine().filter_map(|row| Some((row, row.replayed_ms?)));
        Samples::of(live, false).or_else(|| Samples::of(replayed, true))
    };
    let found = Stage::ALL.into_iter();
    found.filter_map(|one| Some((one, stage(one)?))).collect()
}

fn total(rows: &[TimingRow]) -> Option<Samples> {
    let of = |phase: Phase| rows.iter().filter(move |row| row.phase == phase);
    of(Phase::Answer).find(|row| !row.traffic.is_empty())?;
    let key = |row: &TimingRow| Some((row.question.clone()?, row.repeat));
    let searches: BTreeMap<(QuestionId, u32), &TimingRow> = of(Phase::Search)
        .filter_map(|row| Some((key(row)?, row)))
        .collect();
    let pairs: Vec<(&TimingRow, &TimingRow)> = of(Phase::Answer)
        .filter_map(|answer| Some((*searches.get(&key(answer)?)?, answer)))
        .filter(|(search, _)| !search.warm_up)
        .collect();
    let sums = |time: fn(&TimingRow) -> Option<f64>| {
        let pairs = pairs.iter();
        pairs.filter_map(move |(search, answer)| Some((*answer, time(search)? + time(answer)?)))
    };
    let live = Samples::of(sums(|row| row.ms), false);
    live.or_else(|| Samples::of(sums(|row| row.ms.or(row.replayed_ms)), true))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn row(phase: &str, question: u32, more: Value) -> TimingRow {
        let mut row = json!({
            "variant": "a", "phase": phase, "conversation": "c", "question": format!("c/q{question}"),
            "ms": null, "in_flight": 1, "load": null,
        });
        let all = row.as_object_mut().unwrap();
        all.extend(more.as_object().unwrap().clone());
        serde_json::from_value(row).unwrap()
    }

    #[test]
    fn warm_up_is_left_out_and_the_total_waits_for_a_model() {
        let mut rows = vec![
            row("search", 0, json!({"ms": 100.0, "warm_up": true})),
            row("search", 1, json!({"ms": 3.0})),
            row("search", 2, json!({"ms": 1.0})),
            row("answer", 0, json!({"ms": 10.0})),
            row("answer", 1, json!({"ms": 10.0})),
            row("answer", 2, json!({"ms": 20.0})),
        ];
        let found = timings(&rows);
        assert_eq!(found[&Stage::Search].sorted, [1.0, 3.0]);
        assert_eq!(found[&Stage::Search].percentile(95.0), Some(3.0));
        assert_eq!(found[&Stage::Answer].clusters, [vec![10.0, 10.0, 20.0]]);
        assert!(!found.contains_key(&Stage::Total) && !found.contains_key(&Stage::Ingest));
        rows[5] = row("answer", 2, json!({"ms": 20.0, "traffic": ["live"]}));
        let total = &timings(&rows)[&Stage::Total];
        assert_eq!(
            (total.sorted.as_slice(), total.is_replayed),
            (&[13.0, 21.0][..], false)
        );
    }

    #[test]
    fn replayed_times_stand_in_only_where_nothing_was_measured() {
        let replayed = json!({"replayed_ms": 50.0, "traffic": ["cassette"]});
        let mut rows = vec![
            row("answer", 0, replayed.clone()),
            row("search", 0, json!({"ms": 2.0})),
        ];
        let found = timings(&rows);
        assert!(found[&Stage::Answer].is_replayed && !found[&Stage::Search].is_replayed);
        assert_eq!(found[&Stage::Total].sorted, [52.0]);
        rows.push(row("answer", 1, json!({"ms": 7.0, "traffic": ["live"]})));
        let found = timings(&rows);
        assert_eq!(found[&Stage::Answer].sorted, [7.0]);
        assert!(!found[&Stage::Answer].is_replayed);
    }
}
