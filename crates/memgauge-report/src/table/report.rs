//! A whole summary: its tables, what was measured, and how to read them.

use std::fmt::Write as _;

use memgauge_core::{Category, CategoryNames};

use super::cell::pooled;
use super::models::{calls, calls_models, cost, judge, latency, lost};
use super::render::{Style, Table};
use super::work::work;
use super::{
    answers_by_key, categories, errata_note, evidence, evidence_by_key, index_errors, load, losses,
    memory, provenance, repeats, systems, tidy, waterfall, waterfall_note,
};
use crate::summary::{J, Latency, Summary, VariantSummary};

/// How a report is written; a [`Style`] alone stands for the official names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    /// How tables are written.
    pub style: Style,
    /// Whose category names it uses.
    pub names: CategoryNames,
}

impl From<Style> for View {
    fn from(style: Style) -> Self {
        Self {
            style,
            names: CategoryNames::Official,
        }
    }
}

/// The whole summary: what was measured, the tables, and how to read them; as CSV the one table [`tidy`].
pub fn report(summary: &Summary, view: impl Into<View>) -> String {
    let View { style, names } = view.into();
    if style == Style::Csv {
        return tidy(&summary.clone().renamed(names)).render(style);
    }
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
    text.push_str(&style.title(&title));
    text.push('\n');
    if let Some(imported) = &summary.imported {
        text.push_str(&style.prose(&provenance::imported(imported)));
        text.push('\n');
    }
    let mut section = |table: &Table, note: &str| {
        text.push_str(&table.render(style));
        text.push_str(&style.note(note));
        text.push('\n');
    };
    section(
        &systems(summary),
        "Scores x 100 over categories 1-4 with 95 % two-stage cluster-bootstrap intervals. tokens: mean cl100k_base per \
         context. * = control that reads the answer key or the wrong memory.",
    );
    let found = evidence(summary);
    if !found.rows.is_empty() {
        section(
            &found,
            "recall: gold evidence turns covered by the first k memories, and by the first 1,024 tokens of them (the fair \
             one between systems whose memories differ in length); in context: by the context.",
        );
    }
    let costs = load(summary);
    if !costs.rows.is_empty() {
        section(&costs, "");
    }
    section(&categories(summary, "f1.locomo", names), "");
    if summary.variants.iter().any(ranks_evidence) {
        section(&categories(summary, "evidence.recall@10", names), "");
    }
    if summary
        .variants
        .iter()
        .any(|variant| variant.judge.is_some())
    {
        section(&categories(summary, J, names), "");
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
    let indexes = index_errors(summary);
    if !indexes.rows.is_empty() {
        section(
            &indexes,
            "missed: memories among the k nearest that an approximate index does not find among its k, mean over questions; \
             what follows is the difference to the variant that compares all vectors.",
        );
    }
    if summary
        .variants
        .iter()
        .any(|variant| variant.loss.is_some())
    {
        section(&waterfall(summary), &waterfall_note(summary));
    }
    if let Some(errata) = &summary.errata {
        for table in answers_by_key(errata) {
            section(&table, "");
        }
        section(&evidence_by_key(errata), &errata_note(errata));
    }
    if summary.variants.iter().any(calls_models) {
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
    text.push_str(&style.prose(&remarks(summary)));
    text
}

/// What stands after the tables: work shared, conditions, warnings, losses, failures.
fn remarks(summary: &Summary) -> String {
    let mut text = String::new();
    for note in [work(summary), conditions(summary)].iter().flatten() {
        text.push_str(note);
        text.push('\n');
    }
    text.push_str(&warnings(summary));
    let failed: usize = summary.variants.iter().map(|variant| variant.failed).sum();
    let lost = lost(summary);
    if !lost.is_empty() {
        text.push_str("Lost on the way: replies that could not be read, operations refused, prompts too long:\n");
        for line in lost {
            let _ = writeln!(text, "  {line}");
        }
    }
    if summary.resent > 0 {
        let _ = writeln!(
            text,
            "{} request(s) were under way when a process of this run was ended, and were sent again: they may have been \
             paid for twice.",
            summary.resent
        );
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

/// Whether a variant ranks units that are held against the evidence.
fn ranks_evidence(variant: &VariantSummary) -> bool {
    pooled(variant, "evidence.recall@10").is_some()
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
