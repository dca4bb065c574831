//! The Pareto front of arms that gain something at a cost, with its uncertainty.

use rayon::prelude::*;

use super::bootstrap::{Bootstrap, Column, Domain, Layout, StatisticsError};
use super::interval::Interval;
use super::quantile::rank;
use super::random::Xoshiro256;

/// What an arm costs: less is better.
#[derive(Debug, Clone, Copy)]
pub enum CostColumn<'a> {
    /// The mean over questions, over the domain of the gain.
    Mean(Column<'a>),
    /// A percentile (0 to 100, nearest rank) of raw samples, all questions together; for every question its samples.
    Percentile(&'a [Vec<f64>], f64),
}

/// An arm: what it gains on every question (more is better), and what it costs.
#[derive(Debug, Clone, Copy)]
pub struct Tradeoff<'a> {
    /// Gain by question.
    pub gain: Column<'a>,
    /// Cost.
    pub cost: CostColumn<'a>,
}

/// A gain at a cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FrontPoint {
    /// Mean gain.
    pub gain: f64,
    /// Cost.
    pub cost: f64,
}

impl FrontPoint {
    /// Whether it gains no less at no more cost, and is better in one of them.
    #[must_use]
    pub fn dominates(&self, other: &Self) -> bool {
        self.gain >= other.gain
            && self.cost <= other.cost
            && (self.gain > other.gain || self.cost < other.cost)
    }
}

/// An arm against the others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FrontArm {
    /// What was observed.
    pub point: FrontPoint,
    /// Percentile interval of the gain.
    pub gain: Interval,
    /// Percentile interval of the cost.
    pub cost: Interval,
    /// Whether no other arm dominates it as observed.
    pub is_on_front: bool,
    /// Share of the resamples in which no other arm dominates it.
    pub share: f64,
}

/// Arms and the front that they make.
#[derive(Debug, Clone, PartialEq)]
pub struct Front {
    /// For each arm what came of it; `None` without a gain or a cost.
    pub arms: Vec<Option<FrontArm>>,
    /// For each resample the arms' points.
    pub resamples: Vec<Vec<Option<FrontPoint>>>,
}

/// Which points no other dominates. Of equal points all are on the front.
#[must_use]
pub fn pareto_front(points: &[Option<FrontPoint>]) -> Vec<bool> {
    let is_on = |point: &FrontPoint| !points.iter().flatten().any(|other| other.dominates(point));
    points
        .iter()
        .map(|point| point.as_ref().is_some_and(is_on))
        .collect()
}

impl Bootstrap {
    /// The Pareto front of arms over a domain. Every resample draws the same conversations and questions for all arms,
    /// for gain and cost alike: what they have in common moves them together and decides nothing.
    ///
    /// # Errors
    /// If a column's length is not that of the layout, or a value is not finite.
    pub fn front(
        &self,
        layout: &Layout,
        domain: Domain<'_>,
        arms: &[Tradeoff<'_>],
    ) -> Result<Front, StatisticsError> {
        let sums: Vec<Sums> = arms
            .iter()
            .enumerate()
            .map(|(at, arm)| Sums::new(layout, domain, arm, at))
            .collect::<Result<_, _>>()?;
        let all = vec![1; layout.questions()];
        let observed: Vec<Option<FrontPoint>> = sums.iter().map(|sums| sums.point(&all)).collect();
        let resamples: Vec<Vec<Option<FrontPoint>>> = (0..self.resamples)
            .into_par_iter()
            .map_init(
                || vec![0; layout.questions()],
                |counts, resample| {
                    let mut generator = Xoshiro256::stream(self.seed, resample as u64);
                    layout.draw(&mut generator, counts);
                    sums.iter().map(|sums| sums.point(counts)).collect()
                },
            )
            .collect();
        let mut kept = vec![0_usize; arms.len()];
        for points in &resamples {
            for (count, is_on) in kept.iter_mut().zip(pareto_front(points)) {
                *count += usize::from(is_on);
            }
        }
        let interval = |at: usize, of: fn(&FrontPoint) -> f64| {
            let points = resamples
                .iter()
                .filter_map(|points| points.get(at)?.as_ref());
            let mut values: Vec<f64> = points.map(of).collect();
            values.sort_unstable_by(f64::total_cmp);
            self.interval(&values)
        };
        let is_on = pareto_front(&observed);
        let arms = observed
            .iter()
            .zip(is_on)
            .zip(kept)
            .enumerate()
            .map(|(at, ((point, is_on_front), kept))| {
                Some(FrontArm {
                    point: (*point)?,
                    gain: interval(at, |point| point.gain)?,
                    cost: interval(at, |point| point.cost)?,
                    is_on_front,
                    share: kept as f64 / resamples.len().max(1) as f64,
                })
            })
            .collect();
        Ok(Front { arms, resamples })
    }
}

/// An arm by rows of the layout.
struct Sums {
    gain: Vec<(usize, f64)>,
    cost: Costs,
}

enum Costs {
    Mean(Vec<(usize, f64)>),
    /// Samples, ascending, and the percentile.
    Percentile(Vec<(usize, f64)>, f64),
}

impl Sums {
    fn new(
        layout: &Layout,
        domain: Domain<'_>,
        arm: &Tradeoff<'_>,
        column: usize,
    ) -> Result<Self, StatisticsError> {
        let expected = layout.questions();
        let checked = |found: usize| match found == expected {
            true => Ok(()),
            false => Err(StatisticsError::Length {
                column,
                found,
                expected,
            }),
        };
        let finite = |rows: Vec<(usize, f64)>| match rows.iter().find(|row| !row.1.is_finite()) {
            None => Ok(rows),
            Some((row, _)) => Err(StatisticsError::NotFinite {
                column,
                question: layout.question(*row).unwrap_or(*row),
            }),
        };
        let of = |column: Column<'_>| {
            let rows = layout.rows(domain);
            rows.filter_map(|row| Some((row, column.get(layout.question(row)?).copied()??)))
                .collect()
        };
        checked(arm.gain.len())?;
        let cost = match arm.cost {
            CostColumn::Mean(column) => {
                checked(column.len())?;
                Costs::Mean(finite(of(column))?)
            }
            CostColumn::Percentile(samples, percent) => {
                checked(samples.len())?;
                let rows = (0..expected).filter_map(|row| Some((row, layout.question(row)?)));
                let mut all: Vec<(usize, f64)> = rows
                    .filter_map(|(row, question)| Some((row, samples.get(question)?)))
                    .flat_map(|(row, samples)| samples.iter().map(move |sample| (row, *sample)))
                    .collect();
                all.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
                Costs::Percentile(finite(all)?, percent)
            }
        };
        Ok(Self {
            gain: finite(of(arm.gain))?,
            cost,
        })
    }

    /// The arm where every row counts so often.
    fn point(&self, counts: &[u32]) -> Option<FrontPoint> {
        let weight = |row: &usize| counts.get(*row).copied().unwrap_or(0);
        let mean = |rows: &[(usize, f64)]| {
            let (mut sum, mut count) = (0.0, 0_u64);
            for (row, value) in rows {
                let weight = weight(row);
                sum += f64::from(weight) * value;
                count += u64::from(weight);
            }
            (count > 0).then(|| sum / count as f64)
        };
        let cost = match &self.cost {
            Costs::Mean(rows) => mean(rows)?,
            Costs::Percentile(samples, percent) => {
                let total: u64 = samples.iter().map(|(row, _)| u64::from(weight(row))).sum();
                let wanted = rank(usize::try_from(total).ok()?, *percent)? as u64;
                let mut seen = 0;
                let found = samples.iter().find(|(row, _)| {
                    seen += u64::from(weight(row));
                    seen >= wanted
                });
                found?.1
            }
        };
        Some(FrontPoint {
            gain: mean(&self.gain)?,
            cost,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(gain: f64, cost: f64) -> Option<FrontPoint> {
        Some(FrontPoint { gain, cost })
    }

    const DRAWS: Bootstrap = Bootstrap {
        resamples: 500,
        confidence: 0.95,
        seed: 7,
    };

    #[test]
    fn who_is_dominated_is_not_on_the_front() {
        let points = [
            point(0.5, 10.0),
            point(0.5, 11.0),
            point(0.4, 5.0),
            point(0.4, 5.0),
            point(0.6, 100.0),
            None,
            point(0.3, 5.0),
        ];
        let front = pareto_front(&points);
        assert_eq!(front, [true, false, true, true, true, false, false]);
    }

    /// Four conversations of ten questions.
    fn layout() -> Layout {
        Layout::new(&(0..40).map(|at| (at / 10, 0)).collect::<Vec<_>>())
    }

    fn column(of: impl Fn(usize) -> f64) -> Vec<Option<f64>> {
        (0..40).map(|at| Some(of(at))).collect()
    }

    #[test]
    fn what_all_arms_share_decides_nothing_and_what_they_do_not_does() {
        // Hard and easy questions: the first arm is better by a hair on each of them, at the same cost.
        let hard = column(|at| f64::from(u8::from(at % 3 == 0)));
        let better = column(|at| f64::from(u8::from(at % 3 == 0)) + 0.001);
        // Equal on average, right on other questions.
        let other = column(|at| f64::from(u8::from(at % 3 == 1)));
        let cost = column(|_| 100.0);
        let arm = |gain| Tradeoff {
            gain,
            cost: CostColumn::Mean(&cost),
        };
        let front = DRAWS
            .front(&layout(), &[0], &[arm(&better), arm(&hard)])
            .unwrap();
        let shares: Vec<f64> = front.arms.iter().map(|arm| arm.unwrap().share).collect();
        assert_eq!(shares, [1.0, 0.0]);
        let front = DRAWS
            .front(&layout(), &[0], &[arm(&hard), arm(&other)])
            .unwrap();
        let [one, two] = [0, 1].map(|at| front.arms[at].unwrap());
        assert!(one.share > 0.3 && one.share < 0.8, "{}", one.share);
        // In every resample one of them is on the front, both where they are equal.
        assert!(one.share + two.share >= 1.0);
        assert_eq!(front.resamples.len(), 500);
    }

    #[test]
    fn means_and_intervals_are_those_of_the_plain_bootstrap() {
        let gain = column(|at| (at % 7) as f64 / 7.0);
        let cost: Vec<Option<f64>> = (0..40)
            .map(|at| (at % 4 > 0).then_some(at as f64))
            .collect();
        let arm = Tradeoff {
            gain: &gain,
            cost: CostColumn::Mean(&cost),
        };
        let found = DRAWS.front(&layout(), &[0], &[arm]).unwrap().arms[0].unwrap();
        let plain = DRAWS.means(&layout(), &[&[0]], &[&gain, &cost]).unwrap();
        for (point, interval, plain) in [
            (found.point.gain, found.gain, plain[0][0].unwrap()),
            (found.point.cost, found.cost, plain[1][0].unwrap()),
        ] {
            assert!((point - plain.mean).abs() < 1e-12);
            assert!((interval.low - plain.interval.low).abs() < 1e-12);
            assert!((interval.high - plain.interval.high).abs() < 1e-12);
        }
        assert!(found.is_on_front && found.share == 1.0);
    }

    #[test]
    fn percentiles_are_of_raw_samples() {
        let gain = column(|_| 1.0);
        let mut samples: Vec<Vec<f64>> = (0..40).map(|at| vec![at as f64]).collect();
        samples[3] = Vec::new();
        samples[39] = vec![39.0, 500.0];
        let arm = Tradeoff {
            gain: &gain,
            cost: CostColumn::Percentile(&samples, 95.0),
        };
        let found = DRAWS.front(&layout(), &[0], &[arm]).unwrap().arms[0].unwrap();
        // Forty samples: the thirty-eighth.
        assert_eq!(found.point.cost, 38.0);
        assert!(found.cost.contains(38.0) && found.cost.high > found.cost.low);
        let empty = vec![Vec::new(); 40];
        let none = Tradeoff {
            gain: &gain,
            cost: CostColumn::Percentile(&empty, 95.0),
        };
        assert_eq!(DRAWS.front(&layout(), &[0], &[none]).unwrap().arms, [None]);
        let short = Tradeoff {
            gain: &gain[1..],
            cost: CostColumn::Percentile(&empty, 95.0),
        };
        assert!(DRAWS.front(&layout(), &[0], &[short]).is_err());
    }
}
