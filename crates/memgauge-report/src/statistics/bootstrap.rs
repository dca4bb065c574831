//! The two-stage cluster bootstrap: questions of one conversation share its memory, so an interval must resample
//! conversations and then questions inside them (Davison and Hinkley 1997, section 3.8).

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::interval::Interval;
use super::quantile::{quantile, standard_deviation};
use super::random::Xoshiro256;

/// Why numbers cannot be resampled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatisticsError {
    /// A column does not have one value per question.
    #[error("column {column} has {found} values for {expected} questions")]
    Length {
        /// Position of the column.
        column: usize,
        /// Its values.
        found: usize,
        /// The questions of the layout.
        expected: usize,
    },
    /// A value is infinite or not a number.
    #[error("column {column}, question {question}: value is not finite")]
    NotFinite {
        /// Position of the column.
        column: usize,
        /// Position of the question.
        question: usize,
    },
    /// Two arms that are resampled together do not have the same number of clusters.
    #[error("arms have {left} and {right} clusters")]
    Clusters {
        /// Clusters of the first arm.
        left: usize,
        /// Clusters of the second arm.
        right: usize,
    },
}

/// How to resample.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bootstrap {
    /// Number of resamples.
    pub resamples: usize,
    /// Probability that an interval is meant to cover, for instance 0.95.
    pub confidence: f64,
    /// Seed: the same seed gives the same numbers on any number of threads.
    pub seed: u64,
}

impl Default for Bootstrap {
    fn default() -> Self {
        Self {
            resamples: 10_000,
            confidence: 0.95,
            seed: 0,
        }
    }
}

/// Which cluster (conversation) and which stratum (category) each question is in.
///
/// A layout is all that the random draws depend on: columns given together or one by one get the same intervals.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    /// For each row the question it holds. Rows are questions sorted by stratum.
    questions: Vec<usize>,
    /// For each stratum its rows.
    strata: Vec<std::ops::Range<usize>>,
    /// For each cluster its rows, in the order of the questions.
    clusters: Vec<Vec<usize>>,
}

impl Layout {
    /// A layout from the (cluster, stratum) numbers of the questions, in the order of the columns' values. Clusters
    /// are taken in the order of their numbers, which need not be dense; strata should be small numbers.
    #[must_use]
    pub fn new(questions: &[(usize, usize)]) -> Self {
        let mut order: Vec<usize> = (0..questions.len()).collect();
        let stratum = |question: &usize| questions.get(*question).map_or(0, |place| place.1);
        let cluster = |question: &usize| questions.get(*question).map_or(0, |place| place.0);
        order.sort_by_key(stratum);
        let count = order.iter().map(stratum).max().map_or(0, |last| last + 1);
        let strata = (0..count)
            .map(|wanted| {
                order.partition_point(|q| stratum(q) < wanted)
                    ..order.partition_point(|q| stratum(q) <= wanted)
            })
            .collect();
        let mut rows: Vec<usize> = (0..order.len()).collect();
        rows.sort_by_key(|row| {
            order
                .get(*row)
                .map(|question| (cluster(question), *question))
        });
        let same = |a: &usize, b: &usize| order.get(*a).map(cluster) == order.get(*b).map(cluster);
        let clusters = rows.chunk_by(same).map(<[usize]>::to_vec).collect();
        Self {
            questions: order,
            strata,
            clusters,
        }
    }

    /// The same questions, of which only those marked `true` are drawn: draws are those of a layout that has no others.
    #[must_use]
    pub fn only(&self, drawn: &[bool]) -> Self {
        let is_drawn = |row: &usize| {
            let question = self.question(*row);
            question.and_then(|question| drawn.get(question)) == Some(&true)
        };
        let clusters = self.clusters.iter();
        let clusters = clusters.map(|rows| rows.iter().copied().filter(is_drawn).collect());
        Self {
            clusters: clusters
                .filter(|rows: &Vec<usize>| !rows.is_empty())
                .collect(),
            ..self.clone()
        }
    }

    /// Number of questions.
    #[must_use]
    pub fn questions(&self) -> usize {
        self.questions.len()
    }

    /// Number of clusters.
    #[must_use]
    pub fn clusters(&self) -> usize {
        self.clusters.len()
    }

    /// The question of a row.
    pub(super) fn question(&self, row: usize) -> Option<usize> {
        self.questions.get(row).copied()
    }

    /// The rows of a domain.
    pub(super) fn rows(&self, domain: Domain<'_>) -> impl Iterator<Item = usize> {
        domain
            .iter()
            .filter_map(|stratum| self.strata.get(*stratum))
            .flat_map(Clone::clone)
    }

    /// The known values of a column in a domain.
    pub(super) fn values(
        &self,
        column: Column<'_>,
        domain: Domain<'_>,
    ) -> impl Iterator<Item = f64> {
        let rows = self.rows(domain);
        rows.filter_map(move |row| column.get(self.question(row)?).copied().flatten())
    }

    /// How often each row was drawn in one resample; with a single stratum, rows are the questions in their order.
    pub(super) fn draw(&self, generator: &mut Xoshiro256, counts: &mut [u32]) {
        counts.fill(0);
        for _ in 0..self.clusters.len() {
            let Some(rows) = self.clusters.get(generator.below(self.clusters.len())) else {
                continue;
            };
            for _ in 0..rows.len() {
                let drawn = rows
                    .get(generator.below(rows.len()))
                    .and_then(|row| counts.get_mut(*row));
                if let Some(count) = drawn {
                    *count += 1;
                }
            }
        }
    }
}

/// A mean over questions with its uncertainty.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Questions with a value.
    pub n: usize,
    /// Mean over these questions.
    pub mean: f64,
    /// Percentile interval of the resampled means.
    pub interval: Interval,
    /// Standard deviation of the resampled means; `None` with fewer than two of them.
    pub standard_error: Option<f64>,
}

/// One value per question; `None` is unknown and stays out of sum and count alike.
pub type Column<'a> = &'a [Option<f64>];

/// A set of strata that is averaged over, for instance categories 1 to 4.
pub type Domain<'a> = &'a [usize];

impl Bootstrap {
    /// Means of every column over every domain, as `[column][domain]`; `None` where a domain holds no value.
    ///
    /// A resampled mean is the sum over the count of the values drawn, so that a question weighs the same in every
    /// conversation. A domain without any value in a resample leaves that resample out.
    ///
    /// # Errors
    /// If a column's length is not that of the layout, or a value is not finite.
    pub fn means(
        &self,
        layout: &Layout,
        domains: &[Domain<'_>],
        columns: &[Column<'_>],
    ) -> Result<Vec<Vec<Option<Estimate>>>, StatisticsError> {
        let resampled = self.resample(layout, domains, columns)?;
        Ok(resampled
            .into_iter()
            .map(|row| row.into_iter().map(|cell| self.estimate(&cell?)).collect())
            .collect())
    }

    /// The mean over clusters of values, unknown ones left out before: [`Bootstrap::means`] of one column and one
    /// domain. `None` without values or with one that is not finite.
    #[must_use]
    pub fn mean(&self, clusters: &[Vec<f64>]) -> Option<Estimate> {
        let places: Vec<_> = clusters
            .iter()
            .enumerate()
            .flat_map(|(at, values)| values.iter().map(move |_| (at, 0)))
            .collect();
        let column: Vec<_> = clusters.iter().flatten().copied().map(Some).collect();
        self.means(&Layout::new(&places), &[&[0]], &[&column])
            .ok()?
            .pop()?
            .pop()?
    }

    pub(super) fn estimate(&self, resampled: &Resampled) -> Option<Estimate> {
        Some(Estimate {
            n: resampled.n,
            mean: resampled.mean,
            interval: self.interval(&resampled.sorted)?,
            standard_error: standard_deviation(&resampled.sorted),
        })
    }

    /// The percentile interval of ascending resampled values.
    pub(super) fn interval(&self, sorted: &[f64]) -> Option<Interval> {
        percentile_interval(sorted, self.confidence)
    }

    /// The resampled means of every column over every domain.
    pub(super) fn resample(
        &self,
        layout: &Layout,
        domains: &[Domain<'_>],
        columns: &[Column<'_>],
    ) -> Result<Vec<Vec<Option<Resampled>>>, StatisticsError> {
        let table = Table::new(layout, columns)?;
        let width = layout.strata.len() * columns.len();
        // Per resample: sums, then counts, by stratum and column.
        let mut cells = vec![0.0; 2 * width * self.resamples];
        if width > 0 {
            cells.par_chunks_mut(2 * width).enumerate().for_each_init(
                || Scratch::new(layout),
                |scratch, (resample, cells)| {
                    let mut generator = Xoshiro256::stream(self.seed, resample as u64);
                    layout.draw(&mut generator, &mut scratch.counts);
                    let (sums, counts) = cells.split_at_mut(width);
                    table.add_up(layout, scratch, sums, counts);
                },
            );
        }
        let observed = table.observed(layout, width);
        let ratio = |cells: &[f64], column: usize, domain: Domain<'_>| {
            let at = |offset: usize| {
                let places = domain
                    .iter()
                    .filter(|stratum| **stratum < layout.strata.len());
                places
                    .filter_map(|stratum| cells.get(offset + stratum * columns.len() + column))
                    .sum::<f64>()
            };
            let (sum, count) = (at(0), at(width));
            (count > 0.0).then(|| (sum / count, count as usize))
        };
        let wanted: Vec<(usize, Domain<'_>)> = (0..columns.len())
            .flat_map(|column| domains.iter().map(move |domain| (column, *domain)))
            .collect();
        let found: Vec<Option<Resampled>> = wanted
            .into_par_iter()
            .map(|(column, domain)| {
                let (mean, n) = ratio(&observed, column, domain)?;
                let mut sorted: Vec<f64> = cells
                    .chunks(2 * width)
                    .filter_map(|cells| Some(ratio(cells, column, domain)?.0))
                    .collect();
                sorted.sort_unstable_by(f64::total_cmp);
                Some(Resampled { n, mean, sorted })
            })
            .collect();
        let mut found = found.into_iter();
        Ok(columns
            .iter()
            .map(|_| found.by_ref().take(domains.len()).collect())
            .collect())
    }
}

/// The percentile interval of this confidence of ascending resampled values.
pub(super) fn percentile_interval(sorted: &[f64], confidence: f64) -> Option<Interval> {
    let tail = (1.0 - confidence) / 2.0;
    Some(Interval {
        low: quantile(sorted, tail)?,
        high: quantile(sorted, 1.0 - tail)?,
    })
}

/// A mean and its resampled values.
pub(super) struct Resampled {
    /// Questions with a value.
    pub(super) n: usize,
    /// The mean over them.
    pub(super) mean: f64,
    /// Resampled means, ascending.
    pub(super) sorted: Vec<f64>,
}

/// Columns that are added up together, for the processor's vector unit.
const LANES: usize = 8;

/// The columns by row, in blocks of [`LANES`].
struct Table {
    columns: usize,
    values: Vec<Vec<[f64; LANES]>>,
    /// 1 for a known value, 0 for an unknown one; `None` if all values of the block are known.
    known: Vec<Option<Vec<[f64; LANES]>>>,
}

impl Table {
    fn new(layout: &Layout, columns: &[Column<'_>]) -> Result<Self, StatisticsError> {
        for (column, values) in columns.iter().enumerate() {
            if values.len() != layout.questions() {
                return Err(StatisticsError::Length {
                    column,
                    found: values.len(),
                    expected: layout.questions(),
                });
            }
            if let Some(question) = values
                .iter()
                .position(|value| value.is_some_and(|value| !value.is_finite()))
            {
                return Err(StatisticsError::NotFinite { column, question });
            }
        }
        let block = |columns: &[Column<'_>], cell: fn(Option<f64>) -> f64| -> Vec<[f64; LANES]> {
            let row = |question: &usize| {
                let mut row = [0.0; LANES];
                for (lane, column) in row.iter_mut().zip(columns) {
                    *lane = cell(column.get(*question).copied().flatten());
                }
                row
            };
            layout.questions.iter().map(row).collect()
        };
        let blocks = columns.chunks(LANES);
        let known = |columns: &[Column<'_>]| {
            let gaps = columns
                .iter()
                .any(|column| column.iter().any(Option::is_none));
            gaps.then(|| block(columns, |value| f64::from(u8::from(value.is_some()))))
        };
        Ok(Self {
            columns: columns.len(),
            values: blocks
                .clone()
                .map(|columns| block(columns, |value| value.unwrap_or(0.0)))
                .collect(),
            known: blocks.map(known).collect(),
        })
    }

    /// Sums and counts by stratum and column for the drawn counts. The order of the sum is that of the rows, whatever
    /// the order of the draws.
    fn add_up(&self, layout: &Layout, scratch: &mut Scratch, sums: &mut [f64], counts: &mut [f64]) {
        let width = self.columns.max(1);
        let places = sums.chunks_mut(width).zip(counts.chunks_mut(width));
        for (rows, (sums, counts)) in layout.strata.iter().zip(places) {
            scratch.collect(rows.clone());
            let total: f64 = scratch.drawn.iter().map(|(_, weight)| weight).sum();
            let lanes = sums.chunks_mut(LANES).zip(counts.chunks_mut(LANES));
            for ((values, known), (sums, counts)) in self.values.iter().zip(&self.known).zip(lanes)
            {
                sums.copy_from_slice(
                    scratch
                        .weighted_sum(values)
                        .get(..sums.len())
                        .unwrap_or_default(),
                );
                match known {
                    Some(known) => {
                        counts.copy_from_slice(
                            scratch
                                .weighted_sum(known)
                                .get(..counts.len())
                                .unwrap_or_default(),
                        );
                    }
                    None => counts.fill(total),
                }
            }
        }
    }

    /// [`Table::add_up`] of every question once.
    fn observed(&self, layout: &Layout, width: usize) -> Vec<f64> {
        let mut cells = vec![0.0; 2 * width];
        let mut scratch = Scratch::new(layout);
        scratch.counts.fill(1);
        let (sums, counts) = cells.split_at_mut(width);
        self.add_up(layout, &mut scratch, sums, counts);
        cells
    }
}

/// What one thread needs for a resample.
struct Scratch {
    /// How often each row was drawn.
    counts: Vec<u32>,
    /// The rows of one stratum that were drawn, with their counts.
    drawn: Vec<(usize, f64)>,
}

impl Scratch {
    fn new(layout: &Layout) -> Self {
        Self {
            counts: vec![0; layout.questions()],
            drawn: Vec::with_capacity(layout.questions()),
        }
    }

    fn collect(&mut self, rows: std::ops::Range<usize>) {
        self.drawn.clear();
        let counts = self.counts.get(rows.clone()).unwrap_or_default();
        let drawn = rows.zip(counts).filter(|(_, count)| **count > 0);
        self.drawn
            .extend(drawn.map(|(row, count)| (row, f64::from(*count))));
    }

    fn weighted_sum(&self, rows: &[[f64; LANES]]) -> [f64; LANES] {
        let mut sum = [0.0; LANES];
        for (row, weight) in &self.drawn {
            if let Some(values) = rows.get(*row) {
                for (lane, value) in sum.iter_mut().zip(values) {
                    *lane += weight * value;
                }
            }
        }
        sum
    }
}
