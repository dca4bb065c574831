//! What repeats came to: means and deviations over runs, as papers print them, and where the variance comes from.

use std::collections::BTreeMap;

use super::{Table, UNKNOWN, mark};
use crate::summary::{HEADLINES, J, JudgeSummary, RepeatSummary, Spread, Summary, VarianceParts};

/// A variant or arm, as far as repeats go.
pub(super) struct Named<'a> {
    pub(super) name: &'a str,
    pub(super) repeats: Option<&'a RepeatSummary>,
    pub(super) variance: &'a BTreeMap<String, VarianceParts>,
    pub(super) judge: Option<&'a JudgeSummary>,
}

/// Metrics of answers, in the order of tables.
const SHOWN: [&str; 2] = [J, "f1.locomo"];

/// The tables of a summary; none where nothing was repeated.
pub(super) fn of(summary: &Summary) -> Vec<Table> {
    let names: Vec<String> = summary.variants.iter().map(mark).collect();
    let named = summary.variants.iter().zip(&names);
    tables(named.map(|(variant, name)| Named {
        name,
        repeats: variant.repeats.as_ref(),
        variance: &variant.variance,
        judge: variant.judge.as_ref(),
    }))
}

/// Means and deviations over runs, then where the variance comes from; without rows a table is left out.
pub(super) fn tables<'a>(arms: impl Iterator<Item = Named<'a>>) -> Vec<Table> {
    let mut runs = Table::new(&["over runs", "metric", "of", "runs", "mean ± sd"]);
    let mut variance = Table::new(&[
        "variance of a score, %",
        "metric",
        "questions",
        "memories",
        "answers",
        "judge",
        "sd of all, points",
    ]);
    for arm in arms {
        let mut row = |metric: &str, of: &str, mean: Option<f64>, sd: Option<f64>, n: usize| {
            let points = |value: Option<f64>, digits: usize| {
                value.map_or_else(
                    || UNKNOWN.to_owned(),
                    |value| format!("{:.digits$}", 100.0 * value),
                )
            };
            runs.rows.push(vec![
                arm.name.to_owned(),
                metric.to_owned(),
                of.to_owned(),
                n.to_string(),
                format!("{} ± {}", points(mean, 1), points(sd, 2)),
            ]);
        };
        if let Some(judge) = arm.judge.filter(|judge| judge.runs > 1) {
            row(J, "judge", judge.mean_of_runs, judge.sd_of_runs, judge.runs);
        }
        if let Some(repeats) = arm.repeats {
            for metric in SHOWN {
                let known = |spread: &&Spread| spread.mean.is_some();
                if let Some(spread) = repeats.memories.get(metric).filter(known) {
                    row(
                        metric,
                        "memories",
                        spread.mean,
                        spread.sd,
                        spread.means.len(),
                    );
                }
                if let Some(spread) = repeats.metrics.get(metric).filter(known) {
                    row(
                        metric,
                        "answers",
                        spread.mean,
                        spread.sd,
                        spread.means.len(),
                    );
                }
            }
        }
        for metric in HEADLINES {
            let Some(parts) = arm.variance.get(metric) else {
                continue;
            };
            let mut row = vec![arm.name.to_owned(), metric.to_owned()];
            row.extend(parts.shares().map(|share| {
                share.map_or_else(
                    || UNKNOWN.to_owned(),
                    |share| format!("{:.1}", 100.0 * share),
                )
            }));
            let whole: f64 = parts.parts().into_iter().flatten().sum();
            row.push(format!("{:.1}", 100.0 * whole.sqrt()));
            variance.rows.push(row);
        }
    }
    [runs, variance]
        .into_iter()
        .filter(|table| !table.rows.is_empty())
        .collect()
}

/// How to read them.
pub(super) const NOTE: &str = "mean ± sd: over the means of the runs (n - 1), as papers print it: how steady the judge or the \
     system is, not how far the mean is from that over other questions. Variance of one score (of J: one label) by where it \
     comes from; – = not repeated, so that it is part of what stands before it.";
