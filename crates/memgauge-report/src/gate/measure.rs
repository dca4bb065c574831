//! The values behind the tests of a gate, resampled.

use std::collections::{BTreeMap, BTreeSet};

use memgauge_core::{Category, ConversationId, QuestionId};

use super::check::{GateError, GateInput, Test};
use super::policy::{Check, LATENCY, Unit};
use super::report::{Level, MOST_LOSSES, QuestionLoss};
use crate::baseline::Baseline;
use crate::direction::Direction;
use crate::statistics::{
    Bootstrap, Column, Domain, Estimate, Layout, PairedDifference, PairedResamples, Rounds,
};

/// So many columns are resampled together: bounds what their resampled sums take.
const TOGETHER: usize = 32;

/// What resampling gave for a test, in the check's unit.
#[derive(Default)]
pub(super) struct Resampled {
    /// Questions with a value in both.
    pub(super) n: usize,
    /// Questions with a value in the baseline.
    pub(super) known: usize,
    /// Conversations of the first.
    pub(super) conversations: usize,
    /// Baseline and current value.
    pub(super) levels: Option<(Level, Level)>,
    /// Current minus baseline.
    pub(super) difference: f64,
    pub(super) standard_error: Option<f64>,
    /// Resampled differences, ascending; empty where there is none.
    pub(super) sorted: Vec<f64>,
    /// Questions that got better and worse.
    pub(super) questions: Option<(usize, usize)>,
    pub(super) losses: Vec<QuestionLoss>,
    /// Why nothing was computed.
    pub(super) refused: Option<String>,
}

/// All tests, in their order. Those over the same questions see the same resamples.
pub(super) fn resample(
    input: &GateInput<'_>,
    tests: &[Test<'_>],
    bootstrap: &Bootstrap,
) -> Result<Vec<Resampled>, GateError> {
    let mut found: Vec<Resampled> = Vec::with_capacity(tests.len());
    let mut groups: Vec<Group> = Vec::new();
    for (at, test) in tests.iter().enumerate() {
        if test.check.metric == LATENCY {
            found.push(latency(input, test, bootstrap));
            continue;
        }
        found.push(Resampled::default());
        let pair = Pair::new(input, test);
        let place = groups
            .iter()
            .position(|group| group.questions == pair.questions);
        let place = place.unwrap_or_else(|| {
            groups.push(Group::new(&pair.questions));
            groups.len() - 1
        });
        if let Some(group) = groups.get_mut(place) {
            group.add(at, test, pair);
        }
    }
    for group in &groups {
        for (at, resampled) in group.resample(tests, bootstrap)? {
            if let Some(cell) = found.get_mut(at) {
                *cell = resampled;
            }
        }
    }
    Ok(found)
}

/// The values of one metric of one variant, question by question of the baseline.
struct Pair {
    metric: String,
    variant: String,
    questions: BTreeMap<QuestionId, Category>,
    before: Vec<Option<f64>>,
    after: Vec<Option<f64>>,
}

impl Pair {
    fn new(input: &GateInput<'_>, test: &Test<'_>) -> Self {
        let side = |of: &Baseline| -> BTreeMap<QuestionId, (Category, Option<f64>)> {
            let column = of.column(&test.check.metric);
            let rows = of.variant(&test.variant).and_then(|at| of.variants.get(at));
            rows.into_iter()
                .flatten()
                .map(|(question, row)| {
                    let value = column.and_then(|at| row.values.get(at).copied().flatten());
                    (question.clone(), (row.category, value))
                })
                .collect()
        };
        let (old, new) = (side(input.baseline), side(input.current));
        let now = |question: &QuestionId| new.get(question).and_then(|(_, value)| *value);
        Self {
            metric: test.check.metric.clone(),
            variant: test.variant.clone(),
            before: old.values().map(|(_, value)| *value).collect(),
            after: old.keys().map(now).collect(),
            questions: old
                .into_iter()
                .map(|(question, (category, _))| (question, category))
                .collect(),
        }
    }

    /// Both values of every question in these categories that has one in the baseline.
    fn rows<'a>(
        &'a self,
        categories: &'a [Category],
    ) -> impl Iterator<Item = (&'a QuestionId, Category, f64, Option<f64>)> {
        let values = self.before.iter().zip(&self.after);
        self.questions
            .iter()
            .zip(values)
            .filter(|((_, category), _)| categories.contains(category))
            .filter_map(|((question, category), (before, after))| {
                Some((question, *category, (*before)?, *after))
            })
    }

    /// Whether any question has another value than before.
    fn differs(&self) -> bool {
        let values = self.before.iter().zip(&self.after);
        let mut differences = values.filter_map(|(before, after)| Some((*after)? - (*before)?));
        differences.any(|difference| !PairedDifference::is_tie(difference))
    }

    /// A column without the questions that the other does not know.
    fn shared(of: &[Option<f64>], other: &[Option<f64>]) -> Vec<Option<f64>> {
        let pairs = of.iter().zip(other);
        pairs.map(|(value, other)| other.and(*value)).collect()
    }
}

/// Tests over the same questions.
struct Group {
    questions: BTreeMap<QuestionId, Category>,
    layout: Layout,
    domains: Vec<Vec<usize>>,
    pairs: Vec<Pair>,
    /// Place of the test, of its pair, of its domain.
    tests: Vec<(usize, usize, usize)>,
}

impl Group {
    fn new(questions: &BTreeMap<QuestionId, Category>) -> Self {
        let keys = questions
            .iter()
            .map(|(question, category)| ((question.clone(), 0), *category))
            .collect();
        Self {
            questions: questions.clone(),
            layout: crate::summary::layout(&keys).0,
            domains: Vec::new(),
            pairs: Vec::new(),
            tests: Vec::new(),
        }
    }

    fn add(&mut self, at: usize, test: &Test<'_>, pair: Pair) {
        let stratum = |category: &Category| usize::from(category.number()) - 1;
        let domain: Vec<usize> = test.categories.iter().map(stratum).collect();
        let domain = place(&mut self.domains, domain, |a, b| a == b);
        let same = |a: &Pair, b: &Pair| (&a.metric, &a.variant) == (&b.metric, &b.variant);
        let pair = place(&mut self.pairs, pair, same);
        self.tests.push((at, pair, domain));
    }

    fn resample(
        &self,
        tests: &[Test<'_>],
        bootstrap: &Bootstrap,
    ) -> Result<Vec<(usize, Resampled)>, GateError> {
        let domains: Vec<Domain<'_>> = self.domains.iter().map(Vec::as_slice).collect();
        let mut differences = Vec::with_capacity(self.pairs.len());
        for pairs in self.pairs.chunks(TOGETHER) {
            // Where no question differs there is nothing to resample.
            let once = Bootstrap {
                resamples: 1,
                ..*bootstrap
            };
            let how = if pairs.iter().any(Pair::differs) {
                bootstrap
            } else {
                &once
            };
            let columns: Vec<(Column<'_>, Column<'_>)> = pairs
                .iter()
                .map(|pair| (pair.after.as_slice(), pair.before.as_slice()))
                .collect();
            differences.extend(how.paired_resamples(&self.layout, &domains, &columns)?);
        }
        let levels = self.levels(&domains, bootstrap.seed)?;
        let cell = |pair: usize, domain: usize| levels.get(pair)?.get(domain).copied().flatten();
        let mut found = Vec::with_capacity(self.tests.len());
        for (at, pair_at, domain) in &self.tests {
            let (Some(test), Some(pair)) = (tests.get(*at), self.pairs.get(*pair_at)) else {
                continue;
            };
            let difference = differences.get(*pair_at).and_then(|row| row.get(*domain));
            let level = cell(2 * pair_at, *domain).zip(cell(2 * pair_at + 1, *domain));
            let difference = difference.and_then(Option::as_ref);
            found.push((*at, resampled(test, pair, difference, level)));
        }
        Ok(found)
    }

    /// Means of both runs over what both know, with the plain intervals that their own charts show: twice as many rows
    /// as pairs.
    fn levels(
        &self,
        domains: &[Domain<'_>],
        seed: u64,
    ) -> Result<Vec<Vec<Option<Level>>>, GateError> {
        let plain = Bootstrap {
            resamples: 1_000,
            confidence: 0.95,
            seed,
        };
        let shared: Vec<Vec<Option<f64>>> = self
            .pairs
            .iter()
            .flat_map(|pair| {
                [
                    Pair::shared(&pair.before, &pair.after),
                    Pair::shared(&pair.after, &pair.before),
                ]
            })
            .collect();
        let columns: Vec<Column<'_>> = shared.iter().map(Vec::as_slice).collect();
        let level = |estimate: Estimate| Level {
            value: estimate.mean,
            interval: Some(estimate.interval),
        };
        let means = plain.means(&self.layout, domains, &columns)?;
        Ok(means
            .into_iter()
            .map(|row| row.into_iter().map(|cell| cell.map(level)).collect())
            .collect())
    }
}

/// The place of a value in a list, to which it is added where it is not there.
fn place<T>(list: &mut Vec<T>, value: T, same: impl Fn(&T, &T) -> bool) -> usize {
    let found = list.iter().position(|other| same(other, &value));
    found.unwrap_or_else(|| {
        list.push(value);
        list.len() - 1
    })
}

fn resampled(
    test: &Test<'_>,
    pair: &Pair,
    difference: Option<&PairedResamples>,
    levels: Option<(Level, Level)>,
) -> Resampled {
    let rows: Vec<_> = pair.rows(test.categories).collect();
    let both = || rows.iter().filter(|(.., after)| after.is_some());
    let conversations: BTreeSet<&ConversationId> = both()
        .map(|(question, ..)| &question.conversation)
        .collect();
    let mut found = Resampled {
        n: both().count(),
        known: rows.len(),
        conversations: conversations.len(),
        levels,
        ..Resampled::default()
    };
    let is_equal = |after: &Option<f64>, before: f64| {
        after.is_none_or(|after| PairedDifference::is_tie(after - before))
    };
    if found.n > 0
        && rows
            .iter()
            .all(|(_, _, before, after)| is_equal(after, *before))
    {
        // Whatever is drawn, nothing differs: also where a resample without a question of a small category says nothing.
        found.sorted = vec![0.0];
        found.questions = Some((0, 0));
        return found;
    }
    let Some(PairedResamples { difference, sorted }) = difference else {
        return found;
    };
    let scale = scale(test.check.unit, levels);
    found.difference = difference.mean * scale;
    found.standard_error = difference.standard_error.map(|error| error * scale);
    found.sorted = sorted.iter().map(|value| value * scale).collect();
    found.questions = Some(match test.check.better {
        Direction::Higher => (difference.won, difference.lost),
        Direction::Lower => (difference.lost, difference.won),
    });
    found.losses = losses(test.check, &rows);
    found
}

/// From the metric's own unit to that of differences. Where the baseline's mean is 0, percent are of the current one.
fn scale(unit: Unit, levels: Option<(Level, Level)>) -> f64 {
    let Some((before, after)) = levels else {
        return 1.0;
    };
    let whole = match unit {
        Unit::Percent if before.value != 0.0 => before.value.abs(),
        Unit::Percent if after.value != 0.0 => after.value.abs(),
        Unit::Points | Unit::Percent => 1.0,
    };
    100.0 / whole
}

fn losses(check: &Check, rows: &[(&QuestionId, Category, f64, Option<f64>)]) -> Vec<QuestionLoss> {
    let sign = match check.better {
        Direction::Higher => 1.0,
        Direction::Lower => -1.0,
    };
    let gain = |row: &QuestionLoss| sign * (row.current - row.baseline);
    let mut losses: Vec<QuestionLoss> = rows
        .iter()
        .filter_map(|(question, category, baseline, current)| {
            Some(QuestionLoss {
                question: (*question).clone(),
                category: category.number(),
                baseline: *baseline,
                current: (*current)?,
            })
        })
        .filter(|row| gain(row) < 0.0)
        .collect();
    // Stable: equal losses stay in the order of the questions.
    losses.sort_by(|a, b| gain(a).total_cmp(&gain(b)));
    losses.truncate(MOST_LOSSES);
    losses
}

fn latency(input: &GateInput<'_>, test: &Test<'_>, bootstrap: &Bootstrap) -> Resampled {
    let refuse = |why: &str| Resampled {
        refused: Some(why.to_owned()),
        ..Resampled::default()
    };
    let Some(measured) = input.latency else {
        return refuse(
            "times of two runs at two moments say little of the systems: --remeasure N measures both in turns",
        );
    };
    if let Some(why) = measured.refused.get(&test.variant) {
        return refuse(why);
    }
    let rows = measured
        .variants
        .get(&test.variant)
        .map_or(&[][..], Vec::as_slice);
    let mut clusters: BTreeMap<&ConversationId, Vec<Vec<(f64, f64)>>> = BTreeMap::new();
    for row in rows {
        let cluster = clusters.entry(&row.question.conversation).or_default();
        cluster.push(row.rounds.clone());
    }
    let rounds = Rounds {
        rounds: rows.iter().map(|row| row.rounds.len()).min().unwrap_or(0),
        clusters: clusters.into_values().collect(),
    };
    let Some(found) = bootstrap.ratio_over_rounds(&rounds, 95.0) else {
        return refuse("no search was measured in both");
    };
    let percent = |ratio: f64| 100.0 * (ratio - 1.0);
    let level = |value: f64| Level {
        value,
        interval: None,
    };
    Resampled {
        n: found.n,
        known: found.n,
        conversations: rounds.clusters.len(),
        levels: Some((level(found.second), level(found.first))),
        difference: percent(found.ratio),
        standard_error: found.standard_error.map(|error| 100.0 * error),
        sorted: found.sorted.into_iter().map(percent).collect(),
        ..Resampled::default()
    }
}
