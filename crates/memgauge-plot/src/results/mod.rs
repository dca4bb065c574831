//! What plots read of runs.

mod asked;
mod ceilings;
mod charged;
#[cfg(test)]
pub(crate) mod fake;
mod metric;
mod read;
mod timings;

use std::collections::BTreeMap;
use std::path::PathBuf;

use memgauge_core::{Category, CategoryNames, QuestionId};
use memgauge_dataset::Errata;
use memgauge_report::arm::{Arm, JudgeFacts};
use memgauge_report::compare::Comparison;
use memgauge_report::errata::Ceiling;
use memgauge_report::history::History;
use memgauge_report::loss::LossSummary;
use memgauge_report::statistics::Bootstrap;
use memgauge_report::summary::{J, VariantSummary};

use crate::palette::{Ink, marker};
use crate::scene::Entry;

pub(crate) use asked::Asked;
pub(crate) use charged::{Charged, Shares};
pub(crate) use metric::{Metric, metric_title};
pub(crate) use timings::{REPLAYED, Samples, Stage, Timings};

/// How runs are looked at.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The metric behind "accuracy" (see [`memgauge_report::summary::metric_names`]); `None` = J where every arm has
    /// labels, otherwise `f1.locomo` where every arm has it, otherwise what most arms have.
    pub metric: Option<String>,
    /// Whose names the categories go by.
    pub names: CategoryNames,
    /// Errata of the dataset: they give ceilings, and losses under the corrected key.
    pub errata: Option<Errata>,
    /// NAME of `judgements-NAME.jsonl`, whose labels take the place of the runs' own.
    pub judge: Option<String>,
    /// The comparison that [`Kind::Ablation`](crate::Kind::Ablation) draws, where one was made already; `None` = all arms
    /// against the base of a sweep, or the first.
    pub comparison: Option<Comparison>,
    /// What was measured over time ([`Kind::Trend`](crate::Kind::Trend)).
    pub history: Option<History>,
    /// Seed of the resampling; `None` = that of the first run.
    pub seed: Option<u64>,
}

/// One arm with all that is drawn of it.
#[derive(Debug, Clone)]
pub(crate) struct System {
    pub(crate) arm: Arm,
    /// Its part of `summary.json`; `None` in a run that is not finished.
    pub(crate) summary: Option<VariantSummary>,
    /// Where its questions were lost.
    pub(crate) loss: Option<LossSummary>,
    /// Question -> category, and share of its answers that are right by the rules of the losses; `None` where the losses
    /// are those of other labels than the arm's.
    pub(crate) right: Option<BTreeMap<QuestionId, (Category, f64)>>,
    pub(crate) timings: Timings,
    /// What its questions were charged.
    pub(crate) charged: Charged,
    /// The best honest scores for its questions; `None` without errata of its dataset.
    pub(crate) ceiling: Option<Ceiling>,
    /// The variant that a sweep made it of.
    pub(crate) base: Option<String>,
    /// Processor and cores that it was measured on.
    pub(crate) machine: String,
}

/// What plots read of runs: arms in the order in which they were named, each with a colour and a shape of its own
/// ([`colour`](crate::colour), [`marker`](crate::marker)).
#[derive(Debug, Clone)]
pub struct Results {
    pub(crate) systems: Vec<System>,
    pub(crate) metric: Metric,
    pub(crate) names: CategoryNames,
    pub(crate) bootstrap: Bootstrap,
    pub(crate) comparison: Option<Comparison>,
    pub(crate) history: Option<History>,
}

impl Results {
    /// Labels of the systems, in order: the position of a label is the system's number for [`colour`](crate::colour).
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.systems.iter().map(System::label)
    }

    /// The metric that stands for accuracy, by its name in files.
    #[must_use]
    pub fn metric(&self) -> &str {
        &self.metric.name
    }

    /// Entries of a legend for these systems.
    pub(crate) fn entries(&self, systems: &[usize]) -> Vec<Entry> {
        let known = systems
            .iter()
            .filter_map(|at| Some((*at, self.systems.get(*at)?)));
        known
            .map(|(at, system)| Entry {
                text: system.label().to_owned(),
                ink: Ink::Colour(at),
                marker: Some(marker(at)),
                system: Some(at),
            })
            .collect()
    }

    /// What a reader has to know before any comparison: datasets that differ, machines that differ.
    pub(crate) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let differ = |of: &dyn Fn(&System) -> &str| {
            let first = self.systems.first().map(of);
            self.systems.iter().any(|system| Some(of(system)) != first)
        };
        if differ(&|system| &system.arm.facts.dataset.content) {
            notes.push(
                "the arms were asked about different datasets: positions are not comparable"
                    .to_owned(),
            );
        }
        notes.extend(self.against_labels().map(str::to_owned));
        let unfinished = self
            .systems
            .iter()
            .filter(|system| !system.arm.facts.finished);
        let unfinished: Vec<&str> = unfinished.map(System::label).collect();
        if !unfinished.is_empty() {
            notes.push(format!("not finished: {}", unfinished.join(", ")));
        }
        notes
    }
}

impl Results {
    /// Whether a system was asked about the dataset of the first one.
    pub(crate) fn is_home(&self, system: &System) -> bool {
        let first = self.systems.first();
        first.is_some_and(|first| {
            let (first, own) = (&first.arm.facts.dataset, &system.arm.facts.dataset);
            first.content == own.content
        })
    }

    /// What speaks against comparing the labels of judges, where the metric is J.
    pub(crate) fn against_labels(&self) -> Option<&'static str> {
        if self.metric.name != J {
            return None;
        }
        let runs: BTreeMap<&PathBuf, Option<&JudgeFacts>> = self
            .systems
            .iter()
            .map(|system| (&system.arm.dir, system.arm.facts.judge.as_ref()))
            .collect();
        let mut judges = runs.into_values().flatten();
        let first = judges.next()?;
        let is_one = judges.all(|other| other.is_same(first));
        (!is_one).then_some("J of other judges, or of judges that nobody knows: not comparable")
    }
}

impl System {
    pub(crate) fn label(&self) -> &str {
        &self.arm.label
    }
}
