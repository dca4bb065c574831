//! Tables of a summary, as aligned text for a terminal and as Markdown.

mod comparison;
mod models;
mod ranking;
mod repeats;

use std::fmt::Write as _;

use memgauge_core::Category;

use crate::fate::Fate;
use crate::summary::{J, Latency, Mean, SLICES, Summary, VariantSummary};

pub use comparison::comparison;
pub use models::{calls, cost, judge, judged, latency};
pub use ranking::ranking;

/// Shown where nothing is known: never 0.
const UNKNOWN: &str = "–";

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Columns aligned with spaces.
    Text,
    /// A Markdown table.
    Markdown,
}

/// Rows of cells under a head, the first column a name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    /// Heads of the columns.
    pub head: Vec<String>,
    /// Cells.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these heads.
    pub fn new(head: &[&str]) -> Self {
        Self {
            head: head.iter().map(|cell| (*cell).to_owned()).collect(),
            rows: Vec::new(),
        }
    }

    /// The table as text.
    pub fn render(&self, style: Style) -> String {
        let widths: Vec<usize> = (0..self.head.len())
            .map(|column| {
                std::iter::once(&self.head)
                    .chain(&self.rows)
                    .filter_map(|row| row.get(column))
                    .map(|cell| cell.chars().count())
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        let mut text = String::new();
        let mut line = |cells: &[String]| {
            let padded: Vec<String> = cells
                .iter()
                .zip(&widths)
                .enumerate()
                .map(|(column, (cell, width))| {
                    let pad = " ".repeat(width.saturating_sub(cell.chars().count()));
                    if column == 0 {
                        format!("{cell}{pad}")
                    } else {
                        format!("{pad}{cell}")
                    }
                })
                .collect();
            match style {
                Style::Text => {
                    let joined = padded.join("  ");
                    text.push_str(joined.trim_end());
                }
                Style::Markdown => {
                    let _ = write!(text, "| {} |", padded.join(" | "));
                }
            }
            text.push('\n');
        };
        line(&self.head);
        let rule: Vec<String> = widths
            .iter()
            .enumerate()
            .map(|(column, width)| match (style, column) {
                (Style::Text, _) => "─".repeat(*width),
                (Style::Markdown, 0) => "-".repeat(*width),
                (Style::Markdown, _) => format!("{}:", "-".repeat(width.saturating_sub(1))),
            })
            .collect();
        line(&rule);
        for row in &self.rows {
            line(row);
        }
        text
    }
}

/// The main table: one line per variant, each against full context.
pub fn systems(summary: &Summary) -> Table {
    let mut table = Table::new(&[
        "system",
        "f1.locomo [95 %]",
        "Δ full-context [95 %]",
        "J",
        "recall@10",
        "recall@30",
        "@1024 tok",
        "in context",
        "tokens",
        "search p50",
        "p95",
        "p99 ms",
        "failed",
    ]);
    for variant in &summary.variants {
        let score = |metric: &str| pooled(variant, metric);
        let difference = variant
            .against_full_context
            .get("f1.locomo")
            .and_then(Option::as_ref)
            .map_or_else(
                || UNKNOWN.to_owned(),
                |pair| {
                    format!(
                        "{:+.1} [{:+.1}, {:+.1}]",
                        100.0 * pair.mean,
                        100.0 * pair.interval.low,
                        100.0 * pair.interval.high,
                    )
                },
            );
        let mut row = vec![
            mark(variant),
            percent_with_interval(score("f1.locomo")),
            difference,
            percent_with_interval(variant.j),
            share(score("evidence.recall@10")),
            share(score("evidence.recall@30")),
            share(score("evidence.recall@1024tokens")),
            share(score("evidence.context")),
            variant
                .tokens
                .and_then(|tokens| tokens.cl100k)
                .map_or_else(|| UNKNOWN.to_owned(), thousands),
        ];
        row.extend(percentiles(variant.search.as_ref()));
        row.push(variant.failed.to_string());
        table.rows.push(row);
    }
    table
}

/// f1.locomo per category, official names; category 5 in a column of its own.
pub fn categories(summary: &Summary, metric: &str) -> Table {
    let mut head = vec![metric.to_owned()];
    for slice in SLICES {
        let count = Category::ALL
            .iter()
            .find(|category| category.name() == slice)
            .map_or_else(
                || {
                    Category::ALL
                        .iter()
                        .filter(|category| category.is_scored())
                        .filter_map(|category| summary.questions.get(category.name()))
                        .sum()
                },
                |category| summary.questions.get(category.name()).copied().unwrap_or(0),
            );
        head.push(format!("{slice} (n={count})"));
    }
    let mut table = Table {
        head,
        rows: Vec::new(),
    };
    for variant in &summary.variants {
        let slices = variant.scores.get(metric);
        let mut row = vec![mark(variant)];
        row.extend(SLICES.iter().map(|slice| {
            percent_with_interval(slices.and_then(|slices| slices.get(*slice).copied().flatten()))
        }));
        table.rows.push(row);
    }
    table
}

/// What ingestion cost and left behind.
pub fn memory(summary: &Summary) -> Table {
    let mut table = Table::new(&[
        "memory",
        "memories",
        "turns each",
        "operations",
        "session p50",
        "p95",
        "p99 ms",
        "all s",
    ]);
    for variant in &summary.variants {
        let kept = variant.memory.as_ref();
        let mut row = vec![
            mark(variant),
            kept.map_or_else(|| UNKNOWN.to_owned(), |kept| kept.memories.to_string()),
            kept.and_then(|kept| kept.sources_per_memory)
                .map_or_else(|| UNKNOWN.to_owned(), |mean| format!("{mean:.2}")),
            kept.map_or_else(
                || UNKNOWN.to_owned(),
                |kept| {
                    let parts: Vec<String> = kept
                        .operations
                        .iter()
                        .map(|(name, count)| format!("{name} {count}"))
                        .collect();
                    parts.join(", ")
                },
            ),
        ];
        row.extend(percentiles(variant.ingest.as_ref()));
        let spent: Vec<f64> = [variant.ingest, variant.flush]
            .into_iter()
            .flatten()
            .map(|latency| latency.total_ms / 1e3)
            .collect();
        row.push(if spent.is_empty() {
            UNKNOWN.to_owned()
        } else {
            format!("{:.2}", spent.iter().sum::<f64>())
        });
        table.rows.push(row);
    }
    table
}

/// Where gold turns were lost, as shares of all gold turns of categories 1 to 4.
pub fn losses(summary: &Summary) -> Table {
    let mut head = vec!["gold turns, %"];
    head.extend(Fate::NAMES);
    let mut table = Table::new(&head);
    for variant in &summary.variants {
        let total: u64 = variant.fates.values().sum();
        let mut row = vec![mark(variant)];
        row.extend(Fate::NAMES.iter().map(|fate| {
            let count = variant.fates.get(*fate).copied().unwrap_or(0);
            if total == 0 {
                UNKNOWN.to_owned()
            } else {
                format!("{:.1}", 100.0 * count as f64 / total as f64)
            }
        }));
        table.rows.push(row);
    }
    table
}

/// The whole summary: what was measured, the tables, and how to read them.
pub fn report(summary: &Summary, style: Style) -> String {
    let mut text = String::new();
    let scored: usize = Category::ALL
        .iter()
        .filter(|category| category.is_scored())
        .filter_map(|category| summary.questions.get(category.name()))
        .sum();
    let adversarial = summary
        .questions
        .get(Category::Adversarial.name())
        .copied()
        .unwrap_or(0);
    let title = format!(
        "{}: {}, {} conversation(s), {} questions in categories 1-4, {} in category 5{}",
        summary.name,
        summary.dataset,
        summary.conversations,
        scored,
        adversarial,
        if summary.partial {
            " (a part of the dataset)"
        } else {
            ""
        },
    );
    match style {
        Style::Text => text.push_str(&title),
        Style::Markdown => {
            let _ = write!(text, "# {title}");
        }
    }
    text.push_str("\n\n");
    let mut section = |table: &Table, note: &str| {
        text.push_str(&table.render(style));
        if !note.is_empty() {
            text.push_str(if style == Style::Markdown { "\n" } else { "" });
            text.push_str(note);
            text.push('\n');
        }
        text.push('\n');
    };
    section(
        &systems(summary),
        "Scores x 100 over categories 1-4 with 95 % two-stage cluster-bootstrap intervals (official category names). \
         recall: evidence turns covered by the first k memories, and by the first 1,024 tokens of them (the fair one between \
         systems whose memories differ in length); in context: by the context. \
         tokens: mean cl100k_base per context. * = control that reads the answer key or the wrong memory.",
    );
    section(&categories(summary, "f1.locomo"), "");
    if summary
        .variants
        .iter()
        .any(|variant| variant.judge.is_some())
    {
        section(&categories(summary, J), "");
        section(
            &judge(summary),
            "J: mean over questions of the mean label of the judge's runs; category 5 is not judged. errors: judgements that \
             failed or could not be read, in no mean. ± sd: between runs, as papers print it; it says nothing about the \
             uncertainty of J.",
        );
    }
    let repeated = repeats::of(summary);
    for (at, table) in repeated.iter().enumerate() {
        let last = at + 1 == repeated.len();
        section(table, if last { repeats::NOTE } else { "" });
    }
    section(&memory(summary), &shared(summary));
    section(&losses(summary), "");
    if summary.variants.iter().any(models::calls_models) {
        section(
            &calls(summary),
            "usable: replies that were used, of all replies of chat models. Tokens as providers report them.",
        );
        section(
            &cost(summary),
            "$: US dollars by the price table, also for replies that were paid in an earlier run; a question carries its share \
             of the ingestion. paid now: what this run added to the bill.",
        );
        section(
            &latency(summary),
            "replayed: not measured in this run; own time and the provider time that was measured when the replies were \
             recorded.",
        );
    }
    if let Some(note) = conditions(summary) {
        text.push_str(&note);
        text.push('\n');
    }
    text.push_str(&warnings(summary));
    let failed: usize = summary.variants.iter().map(|variant| variant.failed).sum();
    let lost = models::lost(summary);
    if !lost.is_empty() {
        text.push_str("Lost on the way: replies that could not be read, operations refused, prompts too long:\n");
        for line in lost {
            let _ = writeln!(text, "  {line}");
        }
    }
    if failed > 0 {
        let _ = writeln!(
            text,
            "{failed} question(s) have no answer and are in no score:"
        );
        for variant in &summary.variants {
            for (cause, count) in &variant.failures {
                let _ = writeln!(text, "  {}: {cause}: {count}", variant.name);
            }
        }
    }
    text
}

/// Which variants were ingested together.
fn shared(summary: &Summary) -> String {
    let mut by_owner: std::collections::BTreeMap<&str, Vec<&str>> = Default::default();
    for variant in &summary.variants {
        if let Some(owner) = &variant.ingested_as {
            by_owner.entry(owner).or_default().push(&variant.name);
        }
    }
    let lines: Vec<String> = by_owner
        .into_iter()
        .map(|(owner, names)| format!("Ingested once, as {owner}: also {}.", names.join(", ")))
        .collect();
    lines.join("\n")
}

/// What speaks against the numbers: controls, and arms that did nothing.
fn warnings(summary: &Summary) -> String {
    let mut text = String::new();
    if !summary.suspicious.is_empty() {
        text.push_str(
            "SUSPICIOUS: the controls say that these numbers may not mean what they seem (95 % paired intervals):\n",
        );
        for suspicion in &summary.suspicious {
            let _ = writeln!(text, "  {suspicion}");
        }
    }
    let mut idle = summary
        .variants
        .iter()
        .flat_map(|variant| variant.no_op.iter().map(move |why| (variant, why)))
        .peekable();
    if idle.peek().is_some() {
        text.push_str("Arms that test nothing (no-op):\n");
        for (variant, why) in idle {
            let _ = writeln!(text, "  {}: {why}", variant.name);
        }
    }
    text
}

/// Under which conditions the latencies were measured.
fn conditions(summary: &Summary) -> Option<String> {
    let searches: Vec<&Latency> = summary
        .variants
        .iter()
        .filter_map(|variant| variant.search.as_ref())
        .collect();
    let in_flight = searches.iter().map(|latency| latency.in_flight).max()?;
    let warm_up: usize = searches.iter().map(|latency| latency.warm_up).sum();
    let loads: Vec<f64> = searches.iter().filter_map(|latency| latency.load).collect();
    let load = crate::statistics::mean(&loads)
        .map_or_else(|| "unknown".to_owned(), |load| format!("{load:.1}"));
    let mixed = match summary.machines {
        0 | 1 => String::new(),
        several => format!(" All latencies are a mixture of {several} different machines."),
    };
    Some(format!(
        "Search latency: {in_flight} query in flight, {warm_up} warm-up queries left out, load average {load}.{mixed}"
    ))
}

fn mark(variant: &VariantSummary) -> String {
    if variant.control {
        format!("{} *", variant.name)
    } else {
        variant.name.clone()
    }
}

fn pooled(variant: &VariantSummary, metric: &str) -> Option<Mean> {
    variant
        .scores
        .get(metric)?
        .get(SLICES[0])
        .copied()
        .flatten()
}

fn percent(mean: Option<Mean>) -> String {
    mean.map_or_else(
        || UNKNOWN.to_owned(),
        |mean| format!("{:.1}", 100.0 * mean.mean),
    )
}

fn share(mean: Option<Mean>) -> String {
    mean.map_or_else(|| UNKNOWN.to_owned(), |mean| format!("{:.3}", mean.mean))
}

fn percent_with_interval(mean: Option<Mean>) -> String {
    match mean {
        Some(Mean {
            mean,
            low: Some(low),
            high: Some(high),
            ..
        }) => format!(
            "{:.1} [{:.1}, {:.1}]",
            100.0 * mean,
            100.0 * low,
            100.0 * high
        ),
        other => percent(other),
    }
}

fn percentiles(latency: Option<&Latency>) -> [String; 3] {
    match latency {
        Some(latency) => [latency.p50_ms, latency.p95_ms, latency.p99_ms].map(milliseconds),
        None => [UNKNOWN; 3].map(str::to_owned),
    }
}

/// Three significant digits.
fn milliseconds(ms: f64) -> String {
    if ms >= 100.0 {
        format!("{ms:.0}")
    } else if ms >= 10.0 {
        format!("{ms:.1}")
    } else if ms >= 1.0 {
        format!("{ms:.2}")
    } else {
        format!("{ms:.3}")
    }
}

/// A mean token count: `26,031`.
fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        assert_eq!(thousands(26_031.8), "26,032");
        assert_eq!(thousands(999.0), "999");
        assert_eq!(thousands(1_234_567.0), "1,234,567");
        assert_eq!(milliseconds(0.0123), "0.012");
        assert_eq!(milliseconds(1234.5), "1234");
    }

    #[test]
    fn both_styles_hold_the_same_cells() {
        let mut table = Table::new(&["system", "f1"]);
        table.rows.push(vec!["a".into(), "1.0".into()]);
        table.rows.push(vec!["long name".into(), UNKNOWN.into()]);
        assert_eq!(
            table.render(Style::Text),
            "system      f1\n─────────  ───\na          1.0\nlong name    –\n"
        );
        assert_eq!(
            table.render(Style::Markdown),
            "| system    |  f1 |\n| --------- | --: |\n| a         | 1.0 |\n| long name |   – |\n"
        );
    }
}
