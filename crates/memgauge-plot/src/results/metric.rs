//! The metric that stands for accuracy.

use memgauge_core::config::unknown;
use memgauge_report::arm::Arm;
use memgauge_report::summary::{J, metric_names};

use crate::error::PlotError;

/// Metrics that stand for accuracy where nobody asked for one, the best first.
const PREFERRED: [&str; 3] = [J, "f1.locomo", "evidence.recall@10"];

/// A metric with the arms that lack it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Metric {
    pub(crate) name: String,
    /// Labels of arms without a value.
    pub(crate) missing: Vec<String>,
}

impl Metric {
    /// The one asked for, or the first of J, `f1.locomo` and evidence recall that every arm has, or else the one that
    /// most arms have.
    pub(super) fn choose(arms: &[&Arm], wanted: Option<&str>) -> Result<Self, PlotError> {
        let without = |metric: &str| -> Vec<String> {
            let lacks = |arm: &&&Arm| !arm.answers.values().any(|a| a.value(metric).is_some());
            arms.iter()
                .filter(lacks)
                .map(|arm| arm.label.clone())
                .collect()
        };
        let of = |name: &str| Self {
            name: name.to_owned(),
            missing: without(name),
        };
        let Some(wanted) = wanted else {
            let all = PREFERRED.map(of);
            let fewest = all.iter().map(|metric| metric.missing.len()).min();
            let mut all = all.into_iter();
            let found = all.find(|metric| Some(metric.missing.len()) == fewest);
            return found.ok_or_else(|| PlotError::Metric("there is no metric".to_owned()));
        };
        let names = metric_names();
        if !names.iter().any(|name| name == wanted) {
            let known: Vec<&str> = names.iter().map(String::as_str).collect();
            return Err(PlotError::Metric(unknown("metric", wanted, &known)));
        }
        let found = of(wanted);
        if found.missing.len() == arms.len() {
            return Err(PlotError::Metric(format!("no arm has {wanted}")));
        }
        Ok(found)
    }

    /// What an axis says.
    pub(crate) fn title(&self) -> String {
        metric_title(&self.name)
    }
}

/// A metric as an axis names it, with its unit.
pub(crate) fn metric_title(name: &str) -> String {
    match name {
        J => "J: answers judged right (%)".to_owned(),
        "f1.locomo" => "F1, official (f1.locomo × 100)".to_owned(),
        "f1.set" => "F1 of word sets (f1.set × 100)".to_owned(),
        "bleu1" => "BLEU-1 (× 100)".to_owned(),
        "exact" => "Exact match (%)".to_owned(),
        "evidence.context" => "Evidence in the context (%)".to_owned(),
        other => match other.strip_prefix("evidence.recall@") {
            Some(depth) => format!("Evidence recall@{depth} (%)"),
            None => format!("{other} (× 100)"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::fake::system;

    #[test]
    fn the_metric_is_one_that_most_arms_have() {
        let judged = |label: &str, is_judged: bool| {
            let mut arm = system(label, |_| (Some(0.5), None, None)).arm;
            for answer in arm.answers.values_mut() {
                answer.judge = is_judged.then_some(1.0);
            }
            arm
        };
        let (a, b) = (judged("a", true), judged("b", false));
        let all = Metric::choose(&[&a], None).unwrap();
        assert_eq!((all.name.as_str(), all.missing.len()), ("j", 0));
        // Labels of some arms are no measure of all.
        assert_eq!(Metric::choose(&[&a, &b], None).unwrap().name, "f1.locomo");
        let wanted = Metric::choose(&[&a, &b], Some("j")).unwrap();
        assert_eq!(wanted.missing, ["b"]);
        let none = Metric::choose(&[&b], Some("j")).unwrap_err().to_string();
        assert_eq!(none, "no arm has j");
        let unknown = Metric::choose(&[&b], Some("f1")).unwrap_err().to_string();
        assert!(unknown.contains("unknown metric `f1`"), "{unknown}");
    }
}
