//! From a baseline, a run and a policy to verdicts.

use std::collections::BTreeMap;

use memgauge_core::config::unknown;
use memgauge_core::{Category, QuestionId};

use super::comparable::refusals;
use super::measure::{Resampled, resample};
use super::output::in_unit;
use super::policy::{Check, LATENCY, Policy};
use super::report::{CheckResult, GATE_VERSION, GateReport, Level, Limit, Outcome};
use super::verdict::GateVerdict;
use crate::baseline::Baseline;
use crate::compare::POWER;
use crate::direction::Direction;
use crate::statistics::{Bootstrap, StatisticsError, Stepped, smallest_detectable, step_down};

/// More than this share of the baseline's values without a current one, and nothing can be said.
const MOST_UNKNOWN: f64 = 0.05;

/// Resampled values that are to lie outside of an interval, at either end, so that its ends mean something.
const TAIL: f64 = 10.0;

/// A gate that makes no sense.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// The policy asks for what the baseline does not have.
    #[error("{0}")]
    Policy(String),
    /// The numbers make no sense.
    #[error(transparent)]
    Statistics(#[from] StatisticsError),
}

/// Search times of one question, in milliseconds, round by round.
#[derive(Debug, Clone, PartialEq)]
pub struct MeasuredQuestion {
    /// The question.
    pub question: QuestionId,
    /// (current, baseline) in every round.
    pub rounds: Vec<(f64, f64)>,
}

/// Search times that were measured in turns.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MeasuredLatency {
    /// By variant.
    pub variants: BTreeMap<String, Vec<MeasuredQuestion>>,
    /// Variant -> why it could not be measured.
    pub refused: BTreeMap<String, String>,
}

impl MeasuredLatency {
    /// Adds the rounds of another measurement of the same searches. Questions that only one of them has are left out.
    pub fn add(&mut self, other: Self) {
        for (variant, rows) in &mut self.variants {
            let mut more: BTreeMap<QuestionId, Vec<(f64, f64)>> = BTreeMap::new();
            let others = other.variants.get(variant).into_iter().flatten();
            more.extend(others.map(|row| (row.question.clone(), row.rounds.clone())));
            rows.retain_mut(|row| match more.remove(&row.question) {
                Some(rounds) => {
                    row.rounds.extend(rounds);
                    true
                }
                None => false,
            });
        }
        self.refused.extend(other.refused);
    }
}

/// What a gate looks at.
#[derive(Debug, Clone, Copy)]
pub struct GateInput<'a> {
    /// The baseline.
    pub baseline: &'a Baseline,
    /// The current run.
    pub current: &'a Baseline,
    /// The policy.
    pub policy: &'a Policy,
    /// Search times; `None` where none were measured.
    pub latency: Option<&'a MeasuredLatency>,
    /// Seed of the resampling.
    pub seed: u64,
}

/// One test before it is decided.
pub(super) struct Test<'a> {
    pub(super) check: &'a Check,
    pub(super) variant: String,
    pub(super) slice: String,
    pub(super) categories: &'a [Category],
}

/// Holds a run against a baseline. Suspected regressions are not confirmed yet ([`GateReport::confirm`]).
///
/// # Errors
/// When the policy asks for what the baseline does not have.
pub fn gate(input: &GateInput<'_>) -> Result<GateReport, GateError> {
    let tests = tests(input)?;
    let alpha = 1.0 - input.policy.confidence;
    let needed = 2.0 * TAIL * tests.len() as f64 / alpha;
    let plain = Bootstrap::default();
    let bootstrap = Bootstrap {
        resamples: plain.resamples.max(needed.ceil() as usize),
        confidence: input.policy.confidence,
        seed: input.seed,
    };
    let (baseline, current) = (&input.baseline.head, &input.current.head);
    let mut report = GateReport {
        schema_version: GATE_VERSION,
        outcome: Outcome::Incomparable,
        baseline: baseline.name.clone(),
        baseline_digest: baseline.run.digest.clone(),
        current: current.run.name.clone(),
        current_digest: current.run.digest.clone(),
        confidence: input.policy.confidence,
        family: tests.len(),
        bootstrap,
        incomparable: refusals(
            input.baseline,
            input.current,
            tests.iter().map(|test| {
                let metric = test.check.metric.as_str();
                (test.variant.as_str(), metric, test.categories)
            }),
            input.policy.prompts_may_differ,
        ),
        notes: notes(input),
        checks: Vec::new(),
    };
    if report.incomparable.is_empty() {
        let resampled = resample(input, &tests, &bootstrap)?;
        let family: Vec<&[f64]> = resampled.iter().map(|one| one.sorted.as_slice()).collect();
        let stepped = step_down(&family, input.policy.confidence);
        report.checks = tests
            .iter()
            .zip(resampled)
            .zip(stepped)
            .map(|((test, resampled), stepped)| decide(test, resampled, stepped))
            .collect();
    }
    report.settle();
    Ok(report)
}

/// A test per check, variant and slice.
fn tests<'a>(input: &GateInput<'a>) -> Result<Vec<Test<'a>>, GateError> {
    let baseline = input.baseline;
    let mut tests = Vec::new();
    let mut asked: BTreeMap<(&str, String, &str), usize> = BTreeMap::new();
    for (at, check) in input.policy.checks.iter().enumerate() {
        let column = match check.metric.as_str() {
            LATENCY => None,
            metric => Some(baseline.column(metric).ok_or_else(|| {
                GateError::Policy(format!(
                    "check[{at}].metric: baseline {} has no {metric} (it has: {}); memgauge baseline update with \
                     --metrics adds it",
                    baseline.head.name,
                    baseline.head.columns.join(", ")
                ))
            })?),
        };
        let names: Vec<&str> = baseline
            .head
            .variants
            .iter()
            .map(|one| one.name.as_str())
            .collect();
        let has = |variant: &str| {
            let rows = baseline
                .variant(variant)
                .and_then(|at| baseline.variants.get(at));
            let value = |column: usize| {
                let mut rows = rows.into_iter().flatten();
                rows.any(|(_, row)| row.values.get(column).is_some_and(Option::is_some))
            };
            column.is_none_or(value)
        };
        let mut variants: Vec<&str> = check.variants.iter().map(String::as_str).collect();
        for variant in &variants {
            if !names.contains(variant) {
                let message = unknown("variant", variant, &names);
                return Err(GateError::Policy(format!(
                    "check[{at}].variants: {message}"
                )));
            }
            if !has(variant) {
                let metric = &check.metric;
                let message =
                    format!("check[{at}].variants: {variant} has no {metric} in the baseline");
                return Err(GateError::Policy(message));
            }
        }
        if variants.is_empty() {
            variants = names.into_iter().filter(|variant| has(variant)).collect();
        }
        if variants.is_empty() {
            let message = format!(
                "check[{at}]: no variant of the baseline has {}",
                check.metric
            );
            return Err(GateError::Policy(message));
        }
        for variant in variants {
            for (slice, categories) in &check.slices {
                let slice = match check.metric.as_str() {
                    LATENCY => "all",
                    _ => slice,
                };
                let key = (check.metric.as_str(), variant.to_owned(), slice);
                if let Some(before) = asked.insert(key, at) {
                    return Err(GateError::Policy(format!(
                        "check[{at}]: {} of {variant} ({slice}) is asked for by check[{before}] already; a test stands once: \
                         name in variants and category of each what it is about",
                        check.metric
                    )));
                }
                tests.push(Test {
                    check,
                    variant: variant.to_owned(),
                    slice: slice.to_owned(),
                    categories,
                });
            }
        }
    }
    Ok(tests)
}

/// The verdict on a test.
fn decide(test: &Test<'_>, resampled: Resampled, stepped: Option<Stepped>) -> CheckResult {
    let check = test.check;
    let good = |stepped: &Stepped| match check.better {
        Direction::Higher => stepped.interval,
        Direction::Lower => stepped.interval.scaled(-1.0),
    };
    let differs = resampled
        .questions
        .is_none_or(|(better, worse)| better + worse > 0);
    let unknown = resampled.known.saturating_sub(resampled.n);
    let is_thin = unknown as f64 > MOST_UNKNOWN * resampled.known as f64;
    let (verdict, reason) = match (&stepped, &resampled.refused) {
        (_, Some(why)) => (GateVerdict::Underpowered, Some(why.clone())),
        (None, _) => {
            let why = "no question has a value in both".to_owned();
            (GateVerdict::Underpowered, Some(why))
        }
        _ if is_thin => {
            let why = format!(
                "{unknown} of {} questions have a value in the baseline and none now",
                resampled.known
            );
            (GateVerdict::Underpowered, Some(why))
        }
        _ if resampled.conversations < 2 && differs && check.metric != LATENCY => {
            let why = "one conversation says nothing about how conversations differ".to_owned();
            (GateVerdict::Underpowered, Some(why))
        }
        (Some(stepped), None) => {
            let verdict = GateVerdict::of(good(stepped), check.margin, check.tolerance);
            (verdict, None)
        }
    };
    let error = resampled.standard_error.filter(|error| *error > 0.0);
    let mut result = CheckResult {
        metric: check.metric.clone(),
        variant: test.variant.clone(),
        slice: test.slice.clone(),
        verdict,
        trips: false,
        reason,
        better: check.better,
        unit: check.unit,
        margin: check.margin,
        tolerance: check.tolerance,
        n: resampled.n,
        conversations: resampled.conversations,
        baseline: resampled.levels.map(|levels| levels.0),
        current: resampled.levels.map(|levels| levels.1),
        difference: stepped.map(|_| resampled.difference),
        interval: stepped.map(|stepped| stepped.interval),
        confidence: stepped.map(|stepped| stepped.confidence),
        p_value: stepped.map(|stepped| stepped.p_value),
        p_holm: stepped.map(|stepped| stepped.p_holm),
        smallest_detectable: stepped.zip(error).map(|(stepped, error)| {
            check.tolerance + smallest_detectable(error, stepped.confidence, POWER)
        }),
        better_questions: resampled.questions.map(|questions| questions.0),
        worse_questions: resampled.questions.map(|questions| questions.1),
        losses: Vec::new(),
        limits: limits(check, resampled.levels.filter(|_| !is_thin)),
        confirmation: None,
        underpowered: check.underpowered,
    };
    let mut limits = result.limits.iter();
    if let Some(limit) = limits.find(|limit| limit.broken == Some(true)) {
        let side = match limit.kind {
            "floor" => "below the floor",
            _ => "above the ceiling",
        };
        result.verdict = GateVerdict::Regressed;
        result.reason = Some(format!("{side} of {}", limit.limit));
    }
    if result.has_open_limit() {
        let why = "there is no current value to hold against its limit";
        result.verdict = GateVerdict::Underpowered;
        result.reason = Some(match result.reason {
            Some(reason) => format!("{why}: {reason}"),
            None => why.to_owned(),
        });
    }
    if result.verdict == GateVerdict::Regressed {
        result.losses = resampled.losses;
    }
    result.settle();
    result
}

/// The limits of a check, held against the current value itself, over the questions that both know.
fn limits(check: &Check, levels: Option<(Level, Level)>) -> Vec<Limit> {
    let value = levels.map(|(_, current)| in_unit(&check.metric, current.value));
    let floor = check.floor.map(|limit| Limit {
        kind: "floor",
        limit,
        broken: value.map(|value| value < limit),
    });
    let ceiling = check.ceiling.map(|limit| Limit {
        kind: "ceiling",
        limit,
        broken: value.map(|value| value > limit),
    });
    floor.into_iter().chain(ceiling).collect()
}

/// What a reader should know beside the numbers.
fn notes(input: &GateInput<'_>) -> Vec<String> {
    let (old, new) = (&input.baseline.head, &input.current.head);
    let mut notes = Vec::new();
    let changed: Vec<&str> = old
        .variants
        .iter()
        .filter(|variant| {
            let other = new.variants.iter().find(|other| other.name == variant.name);
            other.is_some_and(|other| other.digest != variant.digest)
        })
        .map(|variant| variant.name.as_str())
        .collect();
    if !changed.is_empty() {
        notes.push(format!(
            "configured differently than in the baseline: {}",
            changed.join(", ")
        ));
    }
    let fresh: Vec<&str> = new
        .variants
        .iter()
        .filter(|variant| input.baseline.variant(&variant.name).is_none())
        .map(|variant| variant.name.as_str())
        .collect();
    if !fresh.is_empty() {
        notes.push(format!(
            "not in the baseline, and so not held against anything: {}",
            fresh.join(", ")
        ));
    }
    for (name, model) in &old.models {
        match new.models.get(name) {
            Some(other) if other != model => {
                notes.push(format!("model {name} is another: {model} and now {other}"));
            }
            _ => {}
        }
    }
    if old.run.tool != new.run.tool {
        notes.push(format!(
            "made by memgauge {} and now {}",
            old.run.tool, new.run.tool
        ));
    }
    notes
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
