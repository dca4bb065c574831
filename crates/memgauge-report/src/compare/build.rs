//! From arms to a comparison.

use std::collections::BTreeMap;

use memgauge_core::config::{self, unknown};
use memgauge_core::{Category, QuestionId};

use super::comparable::{Incomparable, reasons};
use super::latency::search_p95;
use super::options::{CompareOptions, Slice, slices};
use super::pairs::{self, Places};
use super::{Change, ComparedArm, Comparison, POWER, Pair, PairSlice, by_key};
use crate::arm::{Arm, Key, KeyedArms};
use crate::record::SCHEMA_VERSION;
use crate::statistics::{
    Bootstrap, Column, Domain, Layout, McNemar, PairedDifference, StatisticsError, holm,
};
use crate::summary::{J, Mean, layout, metric_names};

/// Arms that cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// There is nothing to compare with.
    #[error("{0}")]
    Few(String),
    /// There is no such metric.
    #[error("{0}")]
    Metric(String),
    /// An arm has no value of the metric.
    #[error("{arm} has no {metric}; every arm has: {shared}")]
    NoValue {
        /// The arm.
        arm: String,
        /// The metric.
        metric: String,
        /// Metrics that every arm has.
        shared: String,
    },
    /// The arms come from conditions that differ.
    #[error("not comparable by {metric}:\n{}", listed(reasons))]
    Incomparable {
        /// The metric.
        metric: String,
        /// Why.
        reasons: Vec<Incomparable>,
    },
    /// The arms share no question.
    #[error("{arm} and {reference}: no question that both answered")]
    NothingShared {
        /// One arm.
        arm: String,
        /// The other.
        reference: String,
    },
    /// The numbers make no sense.
    #[error(transparent)]
    Statistics(#[from] StatisticsError),
}

fn listed(reasons: &[Incomparable]) -> String {
    let lines: Vec<String> = reasons.iter().map(|reason| format!("  {reason}")).collect();
    lines.join("\n")
}

/// The metric that is meant: the one asked for, or J where every arm has labels, or else `f1.locomo`.
///
/// # Errors
/// When there is no such metric, or an arm has no value of it.
pub(crate) fn metric(arms: &[Arm], wanted: Option<&str>) -> Result<String, CompareError> {
    let metric = match wanted {
        Some(wanted) => {
            let names = metric_names();
            let Some(name) = names.iter().find(|name| *name == wanted) else {
                let known: Vec<&str> = names.iter().map(String::as_str).collect();
                return Err(CompareError::Metric(unknown("metric", wanted, &known)));
            };
            name.clone()
        }
        None if arms.iter().all(Arm::is_judged) => J.to_owned(),
        None => "f1.locomo".to_owned(),
    };
    let has = |arm: &Arm, metric: &str| arm.answers.values().any(|a| a.value(metric).is_some());
    match arms.iter().find(|arm| !has(arm, &metric)) {
        None => Ok(metric),
        Some(arm) => {
            let names = metric_names();
            let shared = names.iter().filter(|n| arms.iter().all(|arm| has(arm, n)));
            let shared: Vec<&str> = shared.map(String::as_str).collect();
            Err(CompareError::NoValue {
                arm: arm.label.clone(),
                metric,
                shared: if shared.is_empty() {
                    "nothing".to_owned()
                } else {
                    config::listed(&shared)
                },
            })
        }
    }
}

/// Compares arms: all with the first (or with their namesakes in the first run), or every two of them.
///
/// # Errors
/// When there are fewer than two arms, an arm lacks the metric, or the arms are not comparable and not forced.
pub fn compare(arms: &[Arm], options: &CompareOptions) -> Result<Comparison, CompareError> {
    if arms.len() < 2 {
        let only = arms.first().map_or("nothing", |arm| arm.label.as_str());
        return Err(CompareError::Few(format!(
            "a comparison needs two arms: there is only {only}"
        )));
    }
    let metric = metric(arms, options.metric.as_deref())?;
    let (places, alone) = places(arms, options);
    if places.is_empty() {
        let names: Vec<&str> = arms.iter().map(|arm| arm.label.as_str()).collect();
        return Err(CompareError::Few(format!(
            "no variant of the later runs has a namesake in the first; choose arms as DIR:VARIANT ({})",
            names.join(", ")
        )));
    }
    let all: Vec<&Arm> = arms.iter().collect();
    let columns = Columns::new(&all, &metric, slices(&options.categories, options.names));
    let found = incomparable(arms, &places, &metric, columns.headline());
    if !found.is_empty() && !options.force {
        return Err(CompareError::Incomparable {
            metric,
            reasons: found,
        });
    }
    let pairs = columns.pairs(arms, &places, options)?;
    let mut notes = notes(arms, &metric);
    notes.extend(alone.iter().filter_map(|at| arms.get(*at)).map(|arm| {
        let label = &arm.label;
        format!("{label} has no namesake in the first run and is compared with nothing")
    }));
    Ok(Comparison {
        schema_version: SCHEMA_VERSION,
        names: options.names,
        margin: options.margin,
        bootstrap: options.bootstrap,
        slices: columns
            .slices
            .iter()
            .map(|(name, _)| name.clone())
            .collect(),
        forced: !found.is_empty(),
        incomparable: found,
        notes,
        arms: columns.arms(arms, &options.bootstrap)?,
        pairs,
        metric,
        errata: None,
    })
}

/// [`compare`] under errata: verdicts by one key, and means and differences by all.
///
/// # Errors
/// As [`compare`].
pub fn compare_by_key(
    keyed: &KeyedArms,
    key: Key,
    options: &CompareOptions,
) -> Result<Comparison, CompareError> {
    let arms = keyed.under(key);
    let mut comparison = compare(arms, options)?;
    let members: Vec<usize> = (0..arms.len()).collect();
    comparison.errata = Some(by_key(
        keyed,
        key,
        &members,
        &places(arms, options).0,
        &comparison.metric,
        &slices(&options.categories, options.names),
        &options.bootstrap,
    )?);
    Ok(comparison)
}

/// Which arms are compared with which, and those that are compared with nothing.
fn places(arms: &[Arm], options: &CompareOptions) -> (Vec<Places>, Vec<usize>) {
    match options.all_pairs {
        true => (pairs::all(arms), Vec::new()),
        false => pairs::to_reference(arms),
    }
}

fn incomparable(
    arms: &[Arm],
    places: &[Places],
    metric: &str,
    categories: &[Category],
) -> Vec<Incomparable> {
    let mut found = Vec::new();
    for (arm, reference) in places {
        if let (Some(arm), Some(reference)) = (arms.get(*arm), arms.get(*reference)) {
            found.extend(reasons(arm, reference, metric, categories));
        }
    }
    found
}

/// What makes a difference something else than one between memories.
fn notes(arms: &[Arm], metric: &str) -> Vec<String> {
    let mut notes = Vec::new();
    let is_text = !metric.starts_with("evidence");
    let models: Vec<Option<&str>> = arms
        .iter()
        .map(|arm| arm.facts.answer_model.as_deref())
        .collect();
    if is_text && models.iter().any(|model| model != &models[0]) {
        let each: Vec<String> = arms
            .iter()
            .zip(&models)
            .map(|(arm, model)| format!("{} {}", arm.label, model.unwrap_or("not known")))
            .collect();
        notes.push(format!(
            "answers were written by different models ({}): a difference is not the memory's alone",
            each.join(", ")
        ));
    }
    for arm in arms.iter().filter(|arm| !arm.facts.finished) {
        notes.push(format!("{} is not finished", arm.label));
    }
    for arm in arms {
        let failed = arm.failed();
        if failed > 0 {
            notes.push(format!(
                "{}: {failed} answer(s) failed and are in no score",
                arm.label
            ));
        }
    }
    notes
}

/// The values of all arms, one row per question that any of them was asked.
pub(crate) struct Columns<'a> {
    pub(crate) slices: Vec<Slice>,
    questions: Vec<(&'a QuestionId, Category)>,
    layout: Layout,
    values: Vec<Vec<Option<f64>>>,
    /// Arm by arm, which of the questions it was asked.
    own: Vec<Vec<bool>>,
    /// Whether every value is 0, 1 or a mean of labels.
    binary: bool,
}

impl<'a> Columns<'a> {
    /// Where arms give a question different categories, that of the first arm counts.
    pub(crate) fn new(arms: &[&'a Arm], metric: &str, slices: Vec<Slice>) -> Self {
        let mut categories: BTreeMap<(QuestionId, u32), Category> = BTreeMap::new();
        let mut asked: BTreeMap<&QuestionId, Category> = BTreeMap::new();
        for (question, category) in arms.iter().flat_map(|arm| arm.questions()) {
            categories.entry((question.clone(), 0)).or_insert(category);
            asked.entry(question).or_insert(category);
        }
        let questions: Vec<(&QuestionId, Category)> = asked.into_iter().collect();
        let values: Vec<Vec<Option<f64>>> = arms
            .iter()
            .map(|arm| {
                let known = arm.values(metric);
                questions
                    .iter()
                    .map(|(question, _)| known.get(question).copied())
                    .collect()
            })
            .collect();
        let own = arms.iter().map(|arm| {
            let mine = arm.questions();
            let asked = questions.iter();
            asked
                .map(|(question, _)| mine.contains_key(question))
                .collect()
        });
        let own = own.collect();
        let is_label = |value: &f64| *value == 0.0 || *value == 1.0;
        Self {
            own,
            binary: metric == J || values.iter().flatten().flatten().all(is_label),
            layout: layout(&categories).0,
            slices,
            questions,
            values,
        }
    }

    /// Categories of the first slice.
    pub(crate) fn headline(&self) -> &[Category] {
        self.slices
            .first()
            .map_or(&[], |(_, categories)| categories.as_slice())
    }

    fn domains(&self) -> Vec<Vec<usize>> {
        let stratum = |category: &Category| usize::from(category.number()) - 1;
        self.slices
            .iter()
            .map(|(_, categories)| categories.iter().map(stratum).collect())
            .collect()
    }

    /// Means of every arm over its own questions, slice by slice.
    pub(crate) fn means(
        &self,
        bootstrap: &Bootstrap,
    ) -> Result<Vec<Vec<Option<Mean>>>, StatisticsError> {
        let domains = self.domains();
        let domains: Vec<Domain<'_>> = domains.iter().map(Vec::as_slice).collect();
        let columns: Vec<Column<'_>> = self.values.iter().map(Vec::as_slice).collect();
        let found = bootstrap.own_means(&self.layout, &self.own, &domains, &columns)?;
        Ok(found
            .into_iter()
            .map(|row| row.into_iter().map(|cell| cell.map(Mean::from)).collect())
            .collect())
    }

    /// Differences of pairs of arms, slice by slice.
    pub(crate) fn differences(
        &self,
        places: &[Places],
        bootstrap: &Bootstrap,
    ) -> Result<Vec<Vec<Option<PairedDifference>>>, StatisticsError> {
        let domains = self.domains();
        let domains: Vec<Domain<'_>> = domains.iter().map(Vec::as_slice).collect();
        let column = |at: usize| self.values.get(at).map_or(&[][..], Vec::as_slice);
        // Drawn from what either of the two was asked: a difference does not depend on what others were asked.
        let mut groups: BTreeMap<Vec<bool>, Vec<usize>> = BTreeMap::new();
        for (at, (arm, reference)) in places.iter().enumerate() {
            let own = |at: usize| self.own.get(at).into_iter().flatten();
            let either = own(*arm).zip(own(*reference));
            let either = either.map(|(mine, theirs)| *mine || *theirs).collect();
            groups.entry(either).or_default().push(at);
        }
        let mut found = vec![Vec::new(); places.len()];
        for (own, members) in groups {
            let pairs: Vec<(Column<'_>, Column<'_>)> = members
                .iter()
                .filter_map(|at| places.get(*at))
                .map(|(arm, reference)| (column(*arm), column(*reference)))
                .collect();
            let layout = self.layout.only(&own);
            let differences = bootstrap.paired_differences(&layout, &domains, &pairs)?;
            for (at, difference) in members.into_iter().zip(differences) {
                if let Some(place) = found.get_mut(at) {
                    *place = difference;
                }
            }
        }
        Ok(found)
    }

    fn arms(
        &self,
        arms: &[Arm],
        bootstrap: &Bootstrap,
    ) -> Result<Vec<ComparedArm>, StatisticsError> {
        let means = self.means(bootstrap)?;
        let headline = self.headline();
        Ok(arms
            .iter()
            .zip(means)
            .map(|(arm, means)| {
                let questions = arm.questions();
                let mine = |category: &Category| headline.contains(category);
                let failed = arm.answers.values().filter(|a| a.failure.is_some());
                ComparedArm {
                    label: arm.label.clone(),
                    dir: arm.dir.display().to_string(),
                    variant: arm.variant.clone(),
                    facts: arm.facts.clone(),
                    asked: questions.values().filter(|c| mine(c)).count(),
                    failed: failed.filter(|answer| mine(&answer.category)).count(),
                    means,
                    repeats: arm.repeats(),
                    variance: arm.variance(),
                    judge: arm.judged(),
                }
            })
            .collect())
    }

    fn pairs(
        &self,
        arms: &[Arm],
        places: &[Places],
        options: &CompareOptions,
    ) -> Result<Vec<Pair>, CompareError> {
        let found = self.differences(places, &options.bootstrap)?;
        let label = |at: usize| {
            arms.get(at)
                .map_or_else(String::new, |arm| arm.label.clone())
        };
        for ((arm, reference), slices) in places.iter().zip(&found) {
            if slices.iter().all(Option::is_none) {
                return Err(CompareError::NothingShared {
                    arm: label(*arm),
                    reference: label(*reference),
                });
            }
        }
        // One family for the question that was asked, another for the looks at single categories.
        let p = |cell: &Option<PairedDifference>| cell.as_ref().map(|found| found.p_value);
        let family = |of: &dyn Fn(usize) -> bool| {
            let cells = found.iter().flat_map(|slices| slices.iter().enumerate());
            let p_values: Vec<f64> = cells
                .filter(|(at, _)| of(*at))
                .filter_map(|(_, c)| p(c))
                .collect();
            holm(&p_values).into_iter()
        };
        let mut headline = family(&|at| at == 0);
        let mut single = family(&|at| at > 0);
        let mut pairs = Vec::with_capacity(places.len());
        for ((arm, reference), differences) in places.iter().zip(&found) {
            let mut slices = Vec::with_capacity(differences.len());
            for (at, ((name, categories), difference)) in
                self.slices.iter().zip(differences).enumerate()
            {
                let adjusted = if at == 0 { &mut headline } else { &mut single };
                let p_holm = difference.and_then(|_| adjusted.next());
                let mcnemar = difference
                    .filter(|_| self.binary)
                    .map(|_| self.mcnemar(*arm, *reference, categories));
                slices.push(PairSlice {
                    slice: name.clone(),
                    difference: *difference,
                    p_holm,
                    mcnemar,
                    mcnemar_is_thin: mcnemar.as_ref().map(McNemar::is_thin),
                    smallest_detectable: difference.and_then(|difference| {
                        difference.smallest_detectable(options.bootstrap.confidence, POWER)
                    }),
                    verdict: difference.map(|found| found.verdict(options.margin)),
                });
            }
            let (won, lost) = self.changes(*arm, *reference);
            let (Some(mine), Some(theirs)) = (arms.get(*arm), arms.get(*reference)) else {
                continue;
            };
            pairs.push(Pair {
                search_p95: search_p95(mine, theirs, &options.bootstrap)?,
                arm: label(*arm),
                reference: label(*reference),
                slices,
                won,
                lost,
            });
        }
        Ok(pairs)
    }

    /// Rows of two arms where both have a value.
    fn both(
        &self,
        arm: usize,
        reference: usize,
    ) -> impl Iterator<Item = (&'a QuestionId, Category, f64, f64)> {
        let column = |at: usize| self.values.get(at).map_or(&[][..], Vec::as_slice);
        let values = column(arm).iter().zip(column(reference));
        self.questions
            .iter()
            .zip(values)
            .filter_map(|((question, category), (mine, theirs))| {
                Some((*question, *category, (*mine)?, (*theirs)?))
            })
    }

    /// A mean label of at least one half counts as right.
    fn mcnemar(&self, arm: usize, reference: usize, categories: &[Category]) -> McNemar {
        let rows = self.both(arm, reference);
        let mine = rows.filter(|(_, category, ..)| categories.contains(category));
        McNemar::from_labels(mine.map(|(_, _, a, b)| (Some(a >= 0.5), Some(b >= 0.5))))
    }

    /// Questions of the first slice that the arm wins and loses, the largest difference first.
    fn changes(&self, arm: usize, reference: usize) -> (Vec<Change>, Vec<Change>) {
        let headline = self.headline();
        let mut rows: Vec<Change> = self
            .both(arm, reference)
            .filter(|(_, category, ..)| headline.contains(category))
            .map(|(question, category, mine, theirs)| Change {
                question: question.to_string(),
                category: category.number(),
                arm: mine,
                reference: theirs,
            })
            .collect();
        // Stable: equal differences stay in the order of the questions.
        rows.sort_by(|a, b| {
            let size = |row: &Change| (row.arm - row.reference).abs();
            size(b).total_cmp(&size(a))
        });
        let (won, rest): (Vec<Change>, Vec<Change>) = rows
            .into_iter()
            .filter(|row| !PairedDifference::is_tie(row.arm - row.reference))
            .partition(|row| row.arm > row.reference);
        (won, rest)
    }
}

#[cfg(test)]
#[path = "build_tests.rs"]
mod tests;
