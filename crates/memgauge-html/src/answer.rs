//! The answer: one sentence per comparison.

use memgauge_report::arm::{Arm, Key, KeyedArms};
use memgauge_report::compare::{
    CompareError, CompareOptions, Comparison, Pair, compare, compare_by_key,
};
use memgauge_report::statistics::{Bootstrap, Verdict};
use memgauge_report::table;
use serde::Serialize;

use crate::error::HtmlError;
use crate::options::PageOptions;
use crate::sources::Sources;

/// Class of arms that are not comparable.
pub(crate) const APART: &str = "apart";

/// The comparisons of the arms, and what they say.
pub(crate) struct Answer {
    /// `None` where nothing can be compared.
    pub(crate) comparison: Option<Comparison>,
    /// Why there is no comparison.
    pub(crate) absent: Option<String>,
    /// What the sentences go by.
    pub(crate) basis: String,
    pub(crate) sentences: Vec<Sentence>,
    pub(crate) notes: Vec<String>,
}

/// What one comparison says.
#[derive(Serialize)]
pub(crate) struct Sentence {
    /// `better`, `worse`, `same`, `unclear`, or `apart` where the arms are not comparable.
    class: &'static str,
    text: String,
}

impl Answer {
    pub(crate) fn new(sources: &Sources, options: &PageOptions<'_>) -> Result<Self, HtmlError> {
        let mut notes = Vec::new();
        let found = comparison(sources.arms.clone(), options, &mut notes)?;
        let absent = found.as_ref().err().cloned();
        if let Some(why) = absent.as_ref().filter(|_| sources.arms.len() > 1) {
            notes.push(format!("Nothing is compared: {why}."));
        }
        let comparison = found.ok();
        let sentences = comparison.iter().flat_map(|comparison| {
            let pairs = comparison.pairs.iter();
            pairs.map(|pair| sentence(comparison, pair))
        });
        let sentences = sentences.collect();
        if let Some(comparison) = &comparison {
            notes.extend(comparison.notes.iter().cloned());
        }
        Ok(Self {
            basis: comparison.as_ref().map_or_else(String::new, basis),
            sentences,
            comparison,
            absent,
            notes,
        })
    }
}

impl Answer {
    /// What is compared, for the plot and the tables of differences: without what is not comparable.
    pub(crate) fn drawn(&self) -> Option<Comparison> {
        self.comparison.as_ref().map(Comparison::comparable)
    }

    /// The metric that plots go by, too.
    pub(crate) fn metric(&self, options: &PageOptions<'_>) -> Option<String> {
        let compared = self.comparison.as_ref().map(|c| c.metric.clone());
        compared.or_else(|| options.metric.clone())
    }
}

/// Metric, questions, margin.
fn basis(comparison: &Comparison) -> String {
    let slice = comparison.slices.first().map_or("", String::as_str);
    let questions = match slice.starts_with(|c: char| c.is_ascii_digit()) {
        true => format!("categories {slice}"),
        false => slice.to_owned(),
    };
    let key = match comparison.errata {
        Some(_) => " under the published key",
        None => "",
    };
    format!(
        "By {} × 100 on {questions}{key}, with {:.0} % intervals; differences inside ±{:.1} points count as none.",
        comparison.metric,
        100.0 * comparison.bootstrap.confidence,
        100.0 * comparison.margin
    )
}

/// Compares all that can be compared, or says why that is nothing. J gives way to `f1.locomo` where judges differ and
/// nobody asked for J.
fn comparison(
    mut arms: Vec<Arm>,
    options: &PageOptions<'_>,
    notes: &mut Vec<String>,
) -> Result<Result<Comparison, String>, HtmlError> {
    if arms.len() < 2 {
        return Ok(Err("a difference needs two systems".to_owned()));
    }
    let mut wanted = CompareOptions {
        metric: options.metric.clone(),
        margin: options.margin,
        names: options.names,
        bootstrap: Bootstrap {
            seed: arms.first().map_or(0, |arm| arm.facts.seed),
            ..Bootstrap::default()
        },
        ..CompareOptions::default()
    };
    loop {
        let found = match keyed(&arms, options)? {
            Some(keyed) => compare_by_key(&keyed, Key::Published, &wanted),
            None => compare(&arms, &wanted),
        };
        match found {
            Ok(comparison) => return Ok(Ok(comparison)),
            // No variants of the same name: then all with the first.
            Err(CompareError::Few(_)) if arms.iter().any(|arm| arm.selection != 0) => {
                for arm in &mut arms {
                    arm.selection = 0;
                }
            }
            Err(CompareError::NoValue { arm, metric, .. }) if arms.len() > 2 => {
                notes.push(format!("{arm} has no {metric} and is not compared."));
                arms.retain(|one| one.label != arm);
            }
            // Pairs that are not comparable are told as such, the others compared.
            Err(CompareError::Incomparable { reasons, .. }) if !wanted.force => {
                let judge = reasons.iter().find(|reason| reason.is_about_the_judge());
                if let (Some(reason), None) = (judge, &options.metric) {
                    notes.push(format!(
                        "Compared by f1.locomo, because labels are not comparable ({reason})."
                    ));
                    wanted.metric = Some("f1.locomo".to_owned());
                }
                wanted.force = true;
            }
            Err(error @ (CompareError::Metric(_) | CompareError::Statistics(_))) => {
                return Err(error.into());
            }
            Err(error) => return Ok(Err(error.to_string())),
        }
    }
}

/// The arms under every key, where there are errata of the dataset of one of them.
fn keyed(arms: &[Arm], options: &PageOptions<'_>) -> Result<Option<KeyedArms>, HtmlError> {
    let Some(errata) = options.errata else {
        return Ok(None);
    };
    let mut datasets = options.datasets.iter();
    let Some(dataset) = datasets.find(|one| one.fingerprint.content == errata.dataset) else {
        return Ok(None);
    };
    let mut of_it = arms.iter().map(|arm| &arm.facts.dataset.content);
    if !of_it.any(|content| *content == errata.dataset) {
        return Ok(None);
    }
    let keyed = KeyedArms::new(arms.to_vec(), errata.clone(), dataset, None)?;
    Ok(Some(keyed))
}

/// Name of a verdict as a class of the page's style.
pub(crate) fn class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Better => "better",
        Verdict::Worse => "worse",
        Verdict::NoDifferenceFound => "same",
        Verdict::CannotTell => "unclear",
    }
}

fn sentence(comparison: &Comparison, pair: &Pair) -> Sentence {
    if let Some(reason) = comparison.reason(pair) {
        return Sentence {
            class: APART,
            text: format!(
                "{} and {} are not comparable: {reason}.",
                pair.arm, pair.reference
            ),
        };
    }
    let verdict = pair.slices.first().and_then(|slice| slice.verdict);
    Sentence {
        class: verdict.map_or(APART, class),
        text: table::sentence(comparison, pair),
    }
}
