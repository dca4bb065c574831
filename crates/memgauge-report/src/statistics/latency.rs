//! Percentiles of raw latency samples, with intervals. Never from means, nor from percentiles of percentiles.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::bootstrap::{Bootstrap, StatisticsError};
use super::interval::Interval;
use super::quantile::rank;
use super::random::Xoshiro256;

/// A percentile by the nearest-rank rule with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PercentileEstimate {
    /// Raw samples.
    pub n: usize,
    /// Which percentile, 0 to 100.
    pub percent: f64,
    /// The percentile of the samples, in their unit.
    pub value: f64,
    /// Percentile interval over the resamples.
    pub interval: Interval,
}

/// The same percentile of two arms as a ratio, first over second: below 1 the first is faster.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PercentileRatio {
    /// Which percentile, 0 to 100.
    pub percent: f64,
    /// The first arm's percentile over the second's.
    pub ratio: f64,
    /// Percentile interval over the resamples, which draw the same clusters for both arms.
    pub interval: Interval,
}

impl Bootstrap {
    /// A percentile of raw samples, resampled by cluster and then inside it; one cluster means plain resampling. `None`
    /// without samples.
    #[must_use]
    pub fn percentile(&self, clusters: &[Vec<f64>], percent: f64) -> Option<PercentileEstimate> {
        let samples = Samples::new(clusters);
        let value = samples.observed(percent)?;
        let mut values: Vec<f64> = (0..self.resamples)
            .into_par_iter()
            .map_init(
                || samples.scratch(),
                |counts, resample| {
                    let mut generator = Xoshiro256::stream(self.seed, resample as u64);
                    let drawn = draw_clusters(&mut generator, clusters.len());
                    samples.percentile(&mut generator, &drawn, counts, percent)
                },
            )
            .flatten()
            .collect();
        values.sort_unstable_by(f64::total_cmp);
        Some(PercentileEstimate {
            n: samples.ascending.len(),
            percent,
            value,
            interval: self.interval(&values)?,
        })
    }

    /// The ratio of the same percentile of two arms, whose clusters are the same conversations in the same order.
    /// `None` if an arm has no samples or the second arm's percentile is 0.
    ///
    /// # Errors
    /// If the arms do not have the same number of clusters.
    pub fn percentile_ratio(
        &self,
        first: &[Vec<f64>],
        second: &[Vec<f64>],
        percent: f64,
    ) -> Result<Option<PercentileRatio>, StatisticsError> {
        if first.len() != second.len() {
            return Err(StatisticsError::Clusters {
                left: first.len(),
                right: second.len(),
            });
        }
        let (above, below) = (Samples::new(first), Samples::new(second));
        let observed = above.observed(percent).zip(below.observed(percent));
        let Some(ratio) = observed.and_then(|(above, below)| over(above, below)) else {
            return Ok(None);
        };
        let mut ratios: Vec<f64> = (0..self.resamples)
            .into_par_iter()
            .map_init(
                || (above.scratch(), below.scratch()),
                |(above_counts, below_counts), resample| {
                    let mut generator = Xoshiro256::stream(self.seed, resample as u64);
                    let drawn = draw_clusters(&mut generator, first.len());
                    let top = above.percentile(&mut generator, &drawn, above_counts, percent)?;
                    over(
                        top,
                        below.percentile(&mut generator, &drawn, below_counts, percent)?,
                    )
                },
            )
            .flatten()
            .collect();
        ratios.sort_unstable_by(f64::total_cmp);
        Ok(self.interval(&ratios).map(|interval| PercentileRatio {
            percent,
            ratio,
            interval,
        }))
    }
}

fn over(above: f64, below: f64) -> Option<f64> {
    Some(above / below).filter(|ratio| ratio.is_finite())
}

fn draw_clusters(generator: &mut Xoshiro256, clusters: usize) -> Vec<usize> {
    (0..clusters).map(|_| generator.below(clusters)).collect()
}

/// Samples sorted once, so that a resample needs no sorting.
struct Samples {
    ascending: Vec<f64>,
    /// For each cluster the places of its samples among the ascending ones.
    clusters: Vec<Vec<usize>>,
}

impl Samples {
    fn new(clusters: &[Vec<f64>]) -> Self {
        let mut samples: Vec<(f64, usize)> = clusters
            .iter()
            .enumerate()
            .flat_map(|(at, values)| values.iter().map(move |value| (*value, at)))
            .collect();
        samples.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut places = vec![Vec::new(); clusters.len()];
        for (place, (_, cluster)) in samples.iter().enumerate() {
            if let Some(places) = places.get_mut(*cluster) {
                places.push(place);
            }
        }
        Self {
            ascending: samples.into_iter().map(|(value, _)| value).collect(),
            clusters: places,
        }
    }

    fn scratch(&self) -> Vec<u32> {
        vec![0; self.ascending.len()]
    }

    fn observed(&self, percent: f64) -> Option<f64> {
        super::quantile::nearest_rank(&self.ascending, percent)
    }

    fn percentile(
        &self,
        generator: &mut Xoshiro256,
        drawn: &[usize],
        counts: &mut [u32],
        percent: f64,
    ) -> Option<f64> {
        counts.fill(0);
        let mut total = 0;
        for places in drawn
            .iter()
            .filter_map(|cluster| self.clusters.get(*cluster))
        {
            total += places.len();
            for _ in 0..places.len() {
                if let Some(count) = places
                    .get(generator.below(places.len()))
                    .and_then(|place| counts.get_mut(*place))
                {
                    *count += 1;
                }
            }
        }
        let wanted = rank(total, percent)?;
        let mut seen = 0;
        self.ascending
            .iter()
            .zip(counts)
            .find_map(|(value, count)| {
                seen += *count as usize;
                (seen >= wanted).then_some(*value)
            })
    }
}
