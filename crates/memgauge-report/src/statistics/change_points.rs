//! Where the level of a series changes.

use super::random::Xoshiro256;

/// How change points are looked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChangePoints {
    /// Fewest points between two changes.
    pub shortest: usize,
    /// Permutations behind each test.
    pub permutations: usize,
    /// A change is one with a p-value of at most this.
    pub alpha: f64,
    /// Seed of the permutations.
    pub seed: u64,
}

impl Default for ChangePoints {
    fn default() -> Self {
        Self {
            shortest: 2,
            permutations: 999,
            alpha: 0.05,
            seed: 0,
        }
    }
}

/// Indices at which a new level of `values` begins, ascending.
///
/// Binary segmentation (Scott and Knott 1974; Vostrikova 1981): of a stretch, the cut with the largest
/// `m n / (m + n) (mean of m - mean of n)^2` is taken where no more than the share `alpha` of random orders of the stretch has
/// one as large (the order as it is counts as one of them), then both sides are looked at. A stretch that is constant
/// before and after a cut has no noise that could explain the step: there any step is a change. Fewer than eight points
/// can hardly pass the test: three against three have p = 0.1 at best.
pub fn change_points(values: &[f64], options: ChangePoints) -> Vec<usize> {
    let mut found = Vec::new();
    let mut stretches = vec![(0, values.len())];
    while let Some((start, end)) = stretches.pop() {
        let stretch = values.get(start..end).unwrap_or_default();
        let Some((cut, statistic)) = best_cut(stretch, options.shortest) else {
            continue;
        };
        let stream = (start as u64) << 32 | end as u64;
        if statistic > 0.0
            && (is_step(stretch, cut)
                || p_value(stretch, statistic, stream, options) <= options.alpha)
        {
            found.push(start + cut);
            stretches.push((start, start + cut));
            stretches.push((start + cut, end));
        }
    }
    found.sort_unstable();
    found
}

/// The cut with the largest statistic, the first of several.
fn best_cut(values: &[f64], shortest: usize) -> Option<(usize, f64)> {
    let total: f64 = values.iter().sum();
    let count = values.len();
    let shortest = shortest.max(1);
    let mut left = 0.0;
    let mut best: Option<(usize, f64)> = None;
    for (index, value) in values.iter().enumerate() {
        left += value;
        let (m, n) = (index + 1, count - index - 1);
        if m < shortest || n < shortest {
            continue;
        }
        let (m, n) = (m as f64, n as f64);
        let difference = left / m - (total - left) / n;
        let statistic = m * n / (m + n) * difference * difference;
        if best.is_none_or(|(_, most)| statistic > most) {
            best = Some((index + 1, statistic));
        }
    }
    best
}

/// Whether both sides are constant, and differ by more than rounding.
fn is_step(values: &[f64], cut: usize) -> bool {
    let (before, after) = values.split_at(cut);
    let constant = |side: &[f64]| {
        side.windows(2)
            .all(|pair| matches!(pair, [a, b] if same(*a, *b)))
    };
    let ends = before.last().zip(after.first());
    constant(before) && constant(after) && ends.is_some_and(|(a, b)| !same(*a, *b))
}

fn same(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
}

/// Share of the random orders, that as it is among them, whose best cut is as good.
fn p_value(values: &[f64], statistic: f64, stream: u64, options: ChangePoints) -> f64 {
    let mut random = Xoshiro256::stream(options.seed, stream);
    let mut shuffled = values.to_vec();
    // Sums in another order differ in their last digits.
    let least = statistic * (1.0 - 1e-9);
    let mut as_good = 1;
    for _ in 0..options.permutations {
        for index in (1..shuffled.len()).rev() {
            shuffled.swap(index, random.below(index + 1));
        }
        as_good += usize::from(
            best_cut(&shuffled, options.shortest).is_some_and(|(_, found)| found >= least),
        );
    }
    as_good as f64 / (options.permutations + 1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Noise that a formula makes, between -0.5 and 0.5.
    fn noise(index: usize) -> f64 {
        let mut random = Xoshiro256::stream(7, index as u64);
        random.below(1_000_001) as f64 / 1_000_000.0 - 0.5
    }

    #[test]
    fn a_shift_is_found_where_it_is() {
        let values: Vec<f64> = (0..40)
            .map(|index| noise(index) + if index < 22 { 10.0 } else { 11.5 })
            .collect();
        assert_eq!(change_points(&values, ChangePoints::default()), [22]);
    }

    #[test]
    fn two_shifts_are_two_changes() {
        let level = |index: usize| [0.0, 3.0, 1.0][index / 15];
        let values: Vec<f64> = (0..45).map(|index| noise(index) + level(index)).collect();
        assert_eq!(change_points(&values, ChangePoints::default()), [15, 30]);
    }

    #[test]
    fn noise_alone_is_seldom_called_a_change() {
        let called = (0..200)
            .filter(|series| {
                let values: Vec<f64> = (0..20).map(|index| noise(1_000 * series + index)).collect();
                !change_points(&values, ChangePoints::default()).is_empty()
            })
            .count();
        // Of 200 at 5 %: mean 10, standard deviation 3.1.
        assert!((1..=20).contains(&called), "{called}");
    }

    #[test]
    fn a_step_without_noise_needs_no_test_and_one_outlier_is_none() {
        let step = [0.3, 0.3, 0.3, 0.4, 0.4];
        assert_eq!(change_points(&step, ChangePoints::default()), [3]);
        let constant = [0.3; 12];
        assert!(change_points(&constant, ChangePoints::default()).is_empty());
        assert!(change_points(&[0.3, 0.3, 0.4], ChangePoints::default()).is_empty());
        let mut outlier = [0.5; 15];
        for (index, value) in outlier.iter_mut().enumerate() {
            *value += 0.01 * noise(index);
        }
        outlier[7] = 0.6;
        assert!(change_points(&outlier, ChangePoints::default()).is_empty());
        assert!(change_points(&[], ChangePoints::default()).is_empty());
    }
}
