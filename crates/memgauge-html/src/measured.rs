//! The head of the page: what was measured, on what, by what.

use memgauge_core::Category;
use memgauge_report::arm::Arm;
use memgauge_report::table::thousands;
use serde::Serialize;

use crate::options::PageOptions;
use crate::questions::Questions;
use crate::sources::{Run, Sources};

/// The question, and the facts behind the numbers.
#[derive(Serialize)]
pub(crate) struct Measured {
    pub(crate) title: String,
    question: String,
    facts: Vec<Fact>,
    /// What speaks against the numbers.
    warnings: Vec<String>,
    runs: Vec<Provenance>,
}

/// A name and what it stands for.
#[derive(Serialize)]
pub(crate) struct Fact {
    name: &'static str,
    values: Vec<String>,
}

/// Where a run comes from.
#[derive(Serialize)]
struct Provenance {
    name: String,
    facts: Vec<Fact>,
}

impl Measured {
    pub(crate) fn new(
        sources: &Sources,
        questions: &Questions<'_>,
        options: &PageOptions<'_>,
    ) -> Self {
        Self {
            title: title(sources),
            question: question(sources),
            facts: facts(sources, questions, options),
            warnings: warnings(sources, options),
            runs: sources.runs.iter().map(provenance).collect(),
        }
    }
}

/// The names of the runs, or how many there are where that would be long.
fn title(sources: &Sources) -> String {
    const LONGEST: usize = 60;
    let names = distinct(sources.runs.iter().map(|run| run.summary.name.clone())).join(", ");
    match sources.runs.len() {
        several if several > 1 && names.chars().count() > LONGEST => {
            format!("{several} runs: results")
        }
        _ => format!("{names}: results"),
    }
}

/// Each once, in order of arrival.
fn distinct(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for text in texts {
        if !found.contains(&text) {
            found.push(text);
        }
    }
    found
}

/// `1 system`, `2 systems`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", thousands(count as f64))
}

/// Questions of a run in categories 1 to 4.
fn scored(run: &Run) -> usize {
    let scored = Category::ALL.iter().filter(|category| category.is_scored());
    let counts = scored.filter_map(|category| run.summary.questions.get(category.name()));
    counts.sum()
}

fn question(sources: &Sources) -> String {
    let sets = distinct(sources.runs.iter().map(|run| {
        format!(
            "{} about {} ({})",
            counted(scored(run), "question"),
            counted(run.summary.conversations, "conversation"),
            run.summary.dataset
        )
    }));
    let systems = counted(sources.arms.len(), "system");
    let verb = if sources.arms.len() == 1 {
        "does"
    } else {
        "do"
    };
    format!(
        "How well {verb} {systems} answer {}, and at what cost?",
        sets.join("; ")
    )
}

fn facts(sources: &Sources, questions: &Questions<'_>, options: &PageOptions<'_>) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut tell = |name, values: Vec<String>| {
        if !values.is_empty() {
            facts.push(Fact { name, values });
        }
    };
    tell(
        "Questions",
        distinct(sources.runs.iter().map(|run| {
            let of = |category: &Category| {
                let count = run.summary.questions.get(category.name())?;
                Some(format!(
                    "{} {}",
                    thousands(*count as f64),
                    options.names.of(*category)
                ))
            };
            let each: Vec<String> = Category::ALL.iter().filter_map(of).collect();
            format!("{}: {}", run.summary.dataset, each.join(", "))
        })),
    );
    tell(
        "Systems",
        sources
            .arms
            .iter()
            .map(|arm| {
                let control = if arm.facts.control { ", a control" } else { "" };
                format!("{} ({}{control})", arm.label, arm.facts.system)
            })
            .collect(),
    );
    let model = |arm: &Arm| match &arm.facts.answer_model {
        Some(model) => model.clone(),
        None => "not known".to_owned(),
    };
    tell("Answers by", distinct(sources.arms.iter().map(model)));
    let judge = |arm: &Arm| match &arm.facts.judge {
        None => "nobody: text metrics only".to_owned(),
        Some(judge) => {
            let prompt = judge
                .prompt
                .as_ref()
                .map(|prompt| format!("prompt {prompt}"));
            let known: Vec<String> = judge.model.iter().cloned().chain(prompt).collect();
            match known.is_empty() {
                true => "a judge that is not known".to_owned(),
                false => known.join(", "),
            }
        }
    };
    tell("Judged by", distinct(sources.arms.iter().map(judge)));
    tell("Category names", vec![options.names.label().to_owned()]);
    if let Some(errata) = options.errata {
        let applied = sources
            .runs
            .iter()
            .any(|run| run.errata(Some(errata)).is_some());
        let text = match applied {
            true => format!(
                "{} ({})",
                errata.source,
                counted(errata.errata.len(), "question")
            ),
            false => format!(
                "{} belongs to another dataset and is not applied",
                errata.source
            ),
        };
        tell("Errata", vec![text]);
    }
    let absent = questions.without_words();
    if !absent.is_empty() {
        let texts = format!(
            "the conversations of {} are not at hand: only ids of turns are shown",
            absent.join(", ")
        );
        tell("Words", vec![texts]);
    }
    facts
}

fn warnings(sources: &Sources, options: &PageOptions<'_>) -> Vec<String> {
    let mut warnings = Vec::new();
    for run in &sources.runs {
        let name = &run.summary.name;
        for suspicion in &run.summary.suspicious {
            warnings.push(format!("{name}: {suspicion}"));
        }
        if run.summary.machines > 1 {
            let machines = run.summary.machines;
            warnings.push(format!(
                "{name}: latencies are a mixture of {machines} machines"
            ));
        }
    }
    for (arm, run, variant) in sources.iter() {
        let label = &arm.label;
        for why in variant.into_iter().flat_map(|variant| &variant.no_op) {
            warnings.push(format!("{label} tests nothing: {why}"));
        }
        if !arm.facts.finished {
            warnings.push(format!("{label}: the run is not finished"));
        }
        if arm.facts.partial {
            warnings.push(format!("{label}: a part of the dataset"));
        }
        let failed = arm.failed();
        if failed > 0 {
            let answers = counted(failed, "answer");
            warnings.push(format!("{label}: {answers} failed and count in no score"));
        }
        let mut others = options
            .datasets
            .iter()
            .filter(|d| d.name == run.manifest.dataset.name);
        if run.dataset(options.datasets).is_none() && others.next().is_some() {
            warnings.push(format!("{label}: the dataset at hand has another content than the run's; its words are not shown"));
        }
    }
    distinct(warnings.into_iter())
}

fn provenance(run: &Run) -> Provenance {
    let manifest = &run.manifest;
    let mut facts = vec![Fact {
        name: "Run",
        values: vec![format!("digest {}", manifest.digest)],
    }];
    let mut tell = |name, value: String| {
        facts.push(Fact {
            name,
            values: vec![value],
        });
    };
    tell(
        "Dataset",
        format!(
            "{}, content {}",
            manifest.dataset.name, manifest.dataset.content
        ),
    );
    tell("Started", manifest.started.clone());
    let revision = manifest.revision.as_deref().unwrap_or("not known");
    tell(
        "memgauge",
        format!("{}, revision {revision}", manifest.tool),
    );
    match &manifest.imported {
        Some(imported) => {
            let files: Vec<&str> = imported
                .files
                .iter()
                .map(|file| file.name.as_str())
                .collect();
            tell(
                "Imported",
                format!("{} format: {}", imported.format, files.join(", ")),
            );
        }
        None => {
            let machine = &manifest.machine;
            let cpu = machine.cpu.as_deref().unwrap_or("processor not known");
            tell(
                "Machine",
                format!(
                    "{}, {cpu}, {}, {} build",
                    machine.platform,
                    counted(machine.cores, "core"),
                    machine.build
                ),
            );
        }
    }
    let bootstrap = &run.summary.bootstrap;
    tell(
        "Intervals",
        format!(
            "{:.0} %, two-stage cluster bootstrap, {} resamples, seed {}",
            100.0 * bootstrap.confidence,
            thousands(bootstrap.resamples as f64),
            bootstrap.seed
        ),
    );
    if !manifest.argv.is_empty() {
        tell("Command", manifest.argv.join(" "));
    }
    Provenance {
        name: manifest.name.clone(),
        facts,
    }
}
