//! The page as a whole.

use memgauge_plot::Results;
use memgauge_report::arm::Selection;
use serde::Serialize;

use crate::answer::{Answer, Sentence};
use crate::error::HtmlError;
use crate::figure::{Section, sections};
use crate::island::allowed;
use crate::measured::Measured;
use crate::options::PageOptions;
use crate::overview::Overview;
use crate::questions::{Packed, Questions};
use crate::sources::Sources;
use crate::template;

/// A page, and what its maker should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The file.
    pub html: String,
    /// Systems on it.
    pub systems: usize,
    /// Questions on it.
    pub questions: usize,
    /// What could not be shown, and why.
    pub notes: Vec<String>,
}

/// What the templates are filled with.
#[derive(Serialize)]
struct Filled<'a> {
    title: &'a str,
    policy: String,
    style: &'a str,
    script: &'a str,
    tool: &'static str,
    measured: &'a Measured,
    basis: &'a str,
    sentences: &'a [Sentence],
    notes: &'a [String],
    overview: &'a Overview,
    sections: &'a [Section],
    count: usize,
    index: &'a str,
    parts: &'a [String],
}

/// Makes the page of some arms: the first is what the others are compared with, as in `memgauge compare`.
///
/// # Errors
/// When a run cannot be read, an arm is named twice, or no arm has a value of the metric that was asked for.
pub fn page(selections: &[Selection], options: &PageOptions<'_>) -> Result<Page, HtmlError> {
    let sources = Sources::read(selections, options.errata)?;
    let questions = Questions::read(&sources, options)?;
    let answer = Answer::new(&sources, options)?;
    let measured = Measured::new(&sources, &questions, options);
    let overview = Overview::new(&sources, &answer, options);
    let results = Results::read(
        selections,
        &memgauge_plot::Options {
            metric: answer.metric(options),
            names: options.names,
            errata: options.errata.cloned(),
            comparison: answer.drawn(),
            ..memgauge_plot::Options::default()
        },
    )?;
    let sections = sections(&sources, &results, &answer, options)?;
    let style = template::style();
    let script = template::script();
    let fill = |packed: &Packed| {
        template::render(&Filled {
            title: &measured.title,
            policy: policy(&style, &script),
            style: &style,
            script: &script,
            tool: env!("CARGO_PKG_VERSION"),
            measured: &measured,
            basis: &answer.basis,
            sentences: &answer.sentences,
            notes: &answer.notes,
            overview: &overview,
            sections: &sections,
            count: questions.count(),
            index: &packed.index,
            parts: &packed.parts,
        })
    };
    let rest = fill(&Packed::default())?.len();
    let most = options.most_bytes.saturating_sub(rest);
    let packed = questions.pack(&sources, options, most)?;
    let html = fill(&packed)?;
    let mut notes = answer.notes.clone();
    if let Some(listed) = packed.fewer() {
        let ranks = if listed.ranks {
            ""
        } else {
            ", without their ranks in the lists before fusion"
        };
        notes.push(format!(
            "of what an answer had found, the first {} memories and those with evidence are listed{ranks}: with more the page \
             would pass {} bytes",
            listed.memories, options.most_bytes
        ));
    }
    if html.len() > options.most_bytes {
        notes.push(format!(
            "the page has {} bytes, more than {}: choose fewer systems",
            html.len(),
            options.most_bytes
        ));
    }
    for dataset in questions.without_words() {
        notes.push(format!(
            "the conversations of {dataset} are not at hand: only ids of turns are shown"
        ));
    }
    Ok(Page {
        html,
        systems: sources.arms.len(),
        questions: questions.count(),
        notes,
    })
}

/// Nothing from outside, and only this style and this script.
fn policy(style: &str, script: &str) -> String {
    format!(
        "default-src 'none'; style-src {}; script-src {}; img-src data:; base-uri 'none'; form-action 'none'",
        allowed(style),
        allowed(script)
    )
}
