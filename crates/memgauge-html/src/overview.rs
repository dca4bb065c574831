//! The main table.

use memgauge_report::arm::Arm;
use memgauge_report::compare::{Comparison, Pair};
use memgauge_report::summary::{J, Latency, Mean, SLICES};
use memgauge_report::table::{
    UNKNOWN, mark_name, milliseconds, percent_with_interval, points, pooled, share, thousands,
};
use serde::Serialize;

use crate::answer::{self, APART, Answer};
use crate::figure::Grid;
use crate::options::PageOptions;
use crate::sources::Sources;

/// A row per system, with intervals; columns without a value are left out.
#[derive(Serialize)]
pub(crate) struct Overview {
    pub(crate) grid: Grid,
    /// Class of the verdict in each row, for its mark.
    verdicts: Vec<&'static str>,
    /// Position of the column of verdicts.
    at: Option<usize>,
}

const VERDICT: &str = "verdict";
/// Row of the best honest scores.
const CEILING: &str = "ceiling";

impl Overview {
    pub(crate) fn new(sources: &Sources, answer: &Answer, options: &PageOptions<'_>) -> Self {
        let comparison = answer.comparison.as_ref();
        let metric = answer.metric(options);
        let metric = metric.unwrap_or_else(|| match sources.arms.iter().all(Arm::is_judged) {
            true => J.to_owned(),
            false => "f1.locomo".to_owned(),
        });
        let others = ["f1.locomo", J]
            .into_iter()
            .filter(|other| *other != metric);
        let mut head = vec![
            "system".to_owned(),
            format!("{metric} [95 %]"),
            against(comparison),
            VERDICT.to_owned(),
        ];
        head.extend(others.clone().map(|other| format!("{other} [95 %]")));
        let more = [
            "recall@30",
            "in context",
            "context tokens",
            "search p95 ms [95 %]",
            "$ a question",
            "failed",
        ];
        head.extend(more.map(str::to_owned));
        let mut rows = Vec::new();
        let mut verdicts = Vec::new();
        let unknown = || UNKNOWN.to_owned();
        for (arm, run, variant) in sources.iter() {
            let own = comparison.and_then(|c| c.arms.iter().find(|own| own.label == arm.label));
            let compared = own.and_then(|own| own.means.first().copied().flatten());
            let mean = |metric: &str| variant.and_then(|variant| pooled(variant, metric));
            let pair = comparison.and_then(|c| c.pairs.iter().find(|pair| pair.arm == arm.label));
            let (difference, verdict, class) = against_reference(comparison, pair, &arm.label);
            let score = |metric: &str, mean: Option<Mean>| {
                let errata = run.summary.errata.as_ref();
                let is_above = |mean: Mean| {
                    errata.is_some_and(|one| one.ceiling.is_above(metric, SLICES[0], mean.mean))
                };
                let flag = if mean.is_some_and(is_above) { " !" } else { "" };
                format!("{}{flag}", percent_with_interval(mean))
            };
            let mut row = vec![
                mark_name(&arm.label, arm.facts.control),
                score(&metric, compared.or_else(|| mean(&metric))),
                difference,
                verdict,
            ];
            row.extend(others.clone().map(|other| score(other, mean(other))));
            let tokens = variant.and_then(|variant| variant.tokens?.cl100k);
            let search = variant.and_then(|variant| variant.search.as_ref());
            let dollars = variant.and_then(|v| v.cost?.per_question?.dollars);
            row.extend([
                share(mean("evidence.recall@30")),
                share(mean("evidence.context")),
                tokens.map_or_else(unknown, thousands),
                search.map_or_else(unknown, p95),
                dollars.map_or_else(unknown, |dollars| format!("{dollars:.6}")),
                arm.failed().to_string(),
            ]);
            rows.push(row);
            verdicts.push(class);
        }
        for ceiling in sources.ceilings() {
            let best = |metric: &str| {
                let best = ceiling.get(metric, SLICES[0]);
                best.map_or_else(unknown, |best| format!("{:.1}", 100.0 * best))
            };
            let mut row = vec![CEILING.to_owned(), best(&metric), unknown(), unknown()];
            row.extend(others.clone().map(best));
            row.resize(head.len(), unknown());
            rows.push(row);
            verdicts.push("");
        }
        let has_ceiling = sources.ceilings().next().is_some();
        let mut grid = Grid::new("All systems", head, rows).without_empty_columns();
        let tests = |column: &str| grid.column(column).is_some();
        grid.note = NOTES
            .iter()
            .filter(|(column, _)| match *column {
                CEILING => has_ceiling,
                column => column.is_empty() || tests(column),
            })
            .map(|(_, note)| *note)
            .collect::<Vec<_>>()
            .join(" ");
        Self {
            at: grid.column(VERDICT),
            grid,
            verdicts,
        }
    }
}

/// How to read the table: a column, and what is said where it is there.
const NOTES: [(&str, &str); 7] = [
    (
        "",
        "Scores × 100 over categories 1 to 4, with 95 % two-stage cluster-bootstrap intervals.",
    ),
    (VERDICT, "Differences are paired by question."),
    (
        CEILING,
        "ceiling: the best honest score, given the known mistakes of the key; ! = above it.",
    ),
    (
        "in context",
        "recall: share of the gold turns among the first 30 memories; in context: in what the answerer was given.",
    ),
    ("context tokens", "Tokens: mean cl100k_base per context."),
    (
        "$ a question",
        "$: by the price table, with the question's share of the ingestion.",
    ),
    (
        "",
        "A dash is unknown. * = control that reads the answer key or asks the wrong memory.",
    ),
];

/// Head of the column of differences.
fn against(comparison: Option<&Comparison>) -> String {
    let mut references = comparison
        .into_iter()
        .flat_map(|c| c.pairs.iter().map(|pair| &pair.reference));
    match references.next() {
        Some(first) if references.all(|other| other == first) => format!("Δ to {first} [95 %]"),
        _ => "Δ to its reference [95 %]".to_owned(),
    }
}

/// Difference, verdict and its class.
fn against_reference(
    comparison: Option<&Comparison>,
    pair: Option<&Pair>,
    label: &str,
) -> (String, String, &'static str) {
    let unknown = || UNKNOWN.to_owned();
    let (Some(comparison), Some(pair)) = (comparison, pair) else {
        let mut pairs = comparison.into_iter().flat_map(|c| &c.pairs);
        let text = match pairs.any(|pair| pair.reference == label) {
            true => "reference",
            false => UNKNOWN,
        };
        return (unknown(), text.to_owned(), "");
    };
    if comparison.reason(pair).is_some() {
        return (unknown(), "not comparable".to_owned(), APART);
    }
    let slice = pair.slices.first();
    match slice.and_then(|slice| slice.difference.zip(slice.verdict)) {
        Some((found, verdict)) => (points(&found), verdict.to_string(), answer::class(verdict)),
        None => (unknown(), unknown(), ""),
    }
}

/// The 95th percentile with its interval.
pub(crate) fn p95(latency: &Latency) -> String {
    let [p95, low, high] =
        [latency.p95_ms, latency.p95_low_ms, latency.p95_high_ms].map(milliseconds);
    format!("{p95} [{low}, {high}]")
}
