//! Raw latencies of an arm by stage.

use std::collections::BTreeMap;

use memgauge_core::{ConversationId, QuestionId};
use memgauge_report::record::{Phase, TimingRow};

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
