//! Lines of one variant, dataset and config as a series, and where its level changes.

use std::collections::BTreeMap;

use serde::Serialize;

use super::HistoryEntry;
use crate::manifest::Machine;
use crate::statistics::{ChangePoints, change_points};

/// One run in a series.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HistoryPoint {
    /// Name of the run directory.
    pub run: String,
    /// When it started, in UTC (RFC 3339).
    pub started: String,
    /// The commit that was measured.
    pub commit: Option<String>,
    /// Questions or samples.
    pub n: usize,
    /// The value, in the metric's own unit.
    pub value: f64,
    /// Lower end of its 95 % interval.
    pub low: Option<f64>,
    /// Upper end of its 95 % interval.
    pub high: Option<f64>,
}

/// One metric of one variant under one config, on one dataset or so many questions of it, and where it is a latency, on one machine; in the order
/// in which the runs were added.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HistorySeries {
    /// Name of the experiment.
    pub experiment: String,
    /// Name of the variant.
    pub variant: String,
    /// Digest of its resolved config.
    pub config: String,
    /// Name of the dataset.
    pub dataset: String,
    /// Fingerprint of its content.
    pub content: String,
    /// Questions asked, where a run was narrowed to a part of the dataset; null for all of them.
    pub narrowed: Option<usize>,
    /// The metric.
    pub metric: String,
    /// The machine, of a latency; null for what no machine changes.
    pub machine: Option<Machine>,
    /// The runs.
    pub points: Vec<HistoryPoint>,
    /// Indices of the points with which a new level begins.
    pub change_points: Vec<usize>,
}

impl HistorySeries {
    /// The series in a few words: the variant, and of its experiment, config and machine what tells it from the others.
    pub fn label(&self, among: &[Self]) -> String {
        let same = |of: fn(&Self) -> String| {
            let mine = of(self);
            let mut others = among.iter().filter(|other| other.variant == self.variant);
            others.all(|other| of(other) == mine)
        };
        let mut label = self.variant.clone();
        if !same(|series| series.experiment.clone()) {
            label = format!("{}/{label}", self.experiment);
        }
        if !same(|series| series.content.clone()) {
            label = format!("{label}, {} {}", self.dataset, short(&self.content));
        }
        if !same(|series| series.config.clone()) {
            label = format!("{label}, config {}", short(&self.config));
        }
        if let Some(questions) = self.narrowed {
            label = format!("{label}, {questions} question(s) only");
        }
        let machine = |series: &Self| series.machine.as_ref().map_or_else(String::new, name);
        if !same(machine) {
            label = format!("{label}, {}", machine(self));
        }
        label
    }
}

/// A machine in a few words.
fn name(machine: &Machine) -> String {
    let cpu = machine.cpu.as_deref().unwrap_or(&machine.platform);
    format!("{cpu} x {} ({})", machine.cores, machine.build)
}

fn short(digest: &str) -> &str {
    digest.get(..8).unwrap_or(digest)
}

/// Whether a metric depends on the machine.
pub fn is_latency(metric: &str) -> bool {
    metric.starts_with("latency.")
}

/// What makes two lines points of one series.
type Key = (
    String,
    String,
    String,
    String,
    Option<usize>,
    Option<String>,
);

/// Every series of `metric`, by experiment, variant, dataset, config, for a part of the dataset by its number of questions,
/// and for latencies by machine. Change points are those of [`change_points`]; the seed is `seed`.
pub fn series(entries: &[HistoryEntry], metric: &str, seed: u64) -> Vec<HistorySeries> {
    let mut found: BTreeMap<Key, HistorySeries> = BTreeMap::new();
    for entry in entries {
        let Some(value) = entry.metrics.get(metric) else {
            continue;
        };
        let machine = is_latency(metric).then(|| entry.machine.clone());
        let narrowed = entry.partial.then_some(entry.questions);
        let key = (
            entry.experiment.clone(),
            entry.variant.clone(),
            entry.content.clone(),
            entry.config.clone(),
            narrowed,
            machine
                .as_ref()
                .map(|machine| identity(machine, &entry.run)),
        );
        let series = found.entry(key).or_insert_with(|| HistorySeries {
            experiment: entry.experiment.clone(),
            variant: entry.variant.clone(),
            config: entry.config.clone(),
            dataset: entry.dataset.clone(),
            content: entry.content.clone(),
            narrowed,
            metric: metric.to_owned(),
            machine,
            points: Vec::new(),
            change_points: Vec::new(),
        });
        series.points.push(HistoryPoint {
            run: entry.run.clone(),
            started: entry.started.clone(),
            commit: entry.commit.clone(),
            n: value.n,
            value: value.value,
            low: value.low,
            high: value.high,
        });
    }
    let mut all: Vec<HistorySeries> = found.into_values().collect();
    for series in &mut all {
        let values: Vec<f64> = series.points.iter().map(|point| point.value).collect();
        let options = ChangePoints {
            seed,
            ..ChangePoints::default()
        };
        series.change_points = change_points(&values, options);
    }
    all
}

/// Everything about a machine that a latency could depend on. One whose processor is not known is not known to be that of
/// another run.
fn identity(machine: &Machine, run: &str) -> String {
    format!(
        "{}|{}|{}|{:?}|{}",
        machine.platform,
        machine.cpu.as_deref().unwrap_or(run),
        machine.cores,
        machine.memory_mib,
        machine.build
    )
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::{HISTORY_VERSION, HistoryValue};
    use super::*;

    pub(in crate::history) fn entry(run: &str, variant: &str, value: f64) -> HistoryEntry {
        let value = HistoryValue {
            n: 10,
            value,
            low: None,
            high: None,
        };
        HistoryEntry {
            schema_version: HISTORY_VERSION,
            run: run.to_owned(),
            started: "2026-01-02T03:04:05Z".to_owned(),
            commit: Some("0123abcd".to_owned()),
            tool: "0.1.0".to_owned(),
            experiment: "e".to_owned(),
            dataset: "sample".to_owned(),
            content: "c".to_owned(),
            partial: false,
            machine: machine(2),
            variant: variant.to_owned(),
            config: "d".to_owned(),
            control: false,
            questions: 10,
            failed: 0,
            metrics: [
                ("f1.locomo".to_owned(), value),
                ("latency.search.p95_ms".to_owned(), value),
            ]
            .into(),
        }
    }

    fn machine(cores: usize) -> Machine {
        Machine {
            platform: "linux".to_owned(),
            cpu: None,
            cores,
            memory_mib: None,
            build: "release".to_owned(),
        }
    }

    #[test]
    fn latencies_of_two_machines_are_two_series_and_scores_are_one() {
        let mut other = entry("b", "x", 0.6);
        other.machine = machine(4);
        let entries = [entry("a", "x", 0.5), other];
        assert_eq!(series(&entries, "f1.locomo", 0).len(), 1);
        let latency = series(&entries, "latency.search.p95_ms", 0);
        assert_eq!(latency.len(), 2);
        assert!(latency.iter().all(|series| series.points.len() == 1));
        let [a, b] = [0, 1].map(|at| latency[at].label(&latency));
        assert!(
            a.ends_with("x 2 (release)") && b.ends_with("x 4 (release)"),
            "{a}, {b}"
        );
        assert!(series(&entries, "nothing", 0).is_empty());
    }

    #[test]
    fn another_config_or_dataset_is_another_series() {
        let mut config = entry("b", "x", 0.6);
        config.config = "other".to_owned();
        let mut content = entry("c", "x", 0.6);
        content.content = "other".to_owned();
        let mut narrowed = entry("e", "x", 0.9);
        narrowed.partial = true;
        let entries = [
            entry("a", "x", 0.5),
            config,
            content,
            entry("d", "x", 0.5),
            narrowed,
        ];
        let found = series(&entries, "f1.locomo", 0);
        let points: Vec<usize> = found.iter().map(|series| series.points.len()).collect();
        assert_eq!(points, [2, 1, 1, 1]);
        let labels: Vec<String> = found.iter().map(|series| series.label(&found)).collect();
        assert!(labels[1].contains("10 question(s) only"), "{labels:?}");
        assert!(labels[2].contains("config other"), "{labels:?}");
        assert!(labels[3].contains("sample other"), "{labels:?}");
    }
}
