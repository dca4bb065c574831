//! Where the variance of a repeated measurement comes from: a nested design.

use std::collections::BTreeMap;

use super::quantile::mean;

/// One observation and its place in a nested design: the number of its group at each of `L` levels, the outermost
/// first (question, memory, answer, judgement). Numbers are those inside the group above. No two observations have the
/// same place.
pub type Nested<const L: usize> = ([u32; L], f64);

/// Variance components of a fully nested random-effects design with `L` levels,
/// `y = mean + e1(group) + e2(group in group) + ..`: the variance that each level adds to one observation.
///
/// The estimator is the analysis of variance with the coefficients of an unbalanced design (Henderson's method 1;
/// Searle, Casella and McCulloch, Variance Components, 1992, chapter 5): with `T(l)` the sum over the groups of level
/// `l` of (sum of the group)^2 / n, the expectation of `T(l) - T(l - 1)` is a sum over the levels `m >= l` of the
/// variance of `m` times `k(l, m) - k(l - 1, m)`, where `k(l, m)` is the number of observations for `m <= l` and
/// otherwise the sum over groups `g` of level `m` of `n(g)^2 / n(its group of level l)`. The equations are solved from
/// the innermost level outwards. An estimate can be negative, which speaks for 0.
///
/// A level at which nothing is repeated has `None`: what it adds cannot be told from the level around it and is part
/// of that one's number.
#[must_use]
pub fn variance_components<const L: usize>(observations: &[Nested<L>]) -> [Option<f64>; L] {
    let mut found = [None; L];
    let values: Vec<f64> = observations.iter().map(|(_, value)| *value).collect();
    let Some(centre) = mean(&values) else {
        return found;
    };
    // Level 0 is all observations together.
    let groups: Vec<BTreeMap<&[u32], Group>> = (0..=L)
        .map(|level| {
            let mut groups: BTreeMap<&[u32], Group> = BTreeMap::new();
            for (place, value) in observations {
                let group = groups.entry(place.get(..level).unwrap_or(place));
                let group = group.or_default();
                group.n += 1.0;
                // Around the mean, so that the squares do not swallow the differences.
                group.sum += value - centre;
            }
            groups
        })
        .collect();
    let squares: Vec<f64> = groups
        .iter()
        .map(|level| level.values().map(|g| g.sum * g.sum / g.n).sum())
        .collect();
    let coefficient = |level: usize, of: usize| -> f64 {
        let (Some(outer), Some(inner)) = (groups.get(level), groups.get(of)) else {
            return 0.0;
        };
        if of <= level {
            return observations.len() as f64;
        }
        let share = |(place, group): (&&[u32], &Group)| {
            let around = place.get(..level).and_then(|place| outer.get(place))?;
            Some(group.n * group.n / around.n)
        };
        inner.iter().filter_map(share).sum()
    };
    // Levels with more groups than the one around them, each with the last such level around it.
    let count = |level: usize| groups.get(level).map_or(0, BTreeMap::len);
    let mut repeated: Vec<(usize, usize)> = Vec::new();
    for level in 1..=L {
        let around = repeated.last().map_or(0, |(level, _)| *level);
        if count(level) > count(around) {
            repeated.push((level, around));
        }
    }
    for (at, (level, around)) in repeated.iter().enumerate().rev() {
        let of = |squares: &[f64], level: usize| squares.get(level).copied().unwrap_or(0.0);
        let mut left = of(&squares, *level) - of(&squares, *around);
        let weight = |of: usize| coefficient(*level, of) - coefficient(*around, of);
        for (inner, _) in repeated.get(at + 1..).unwrap_or_default() {
            let known = found.get(inner - 1).copied().flatten();
            left -= weight(*inner) * known.unwrap_or(0.0);
        }
        if let Some(cell) = found.get_mut(level - 1) {
            *cell = Some(left / weight(*level));
        }
    }
    found
}

#[derive(Default)]
struct Group {
    n: f64,
    sum: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_balanced_design_gives_the_textbook_s_mean_squares() {
        // Three groups of two: mean squares 13 between ((1.5, 4.5, 6.5) around 4.17, times 2 over 2) and 0.5 within.
        let values = [(0, 1.0), (0, 2.0), (1, 4.0), (1, 5.0), (2, 6.0), (2, 7.0)];
        let observations: Vec<Nested<2>> = values
            .iter()
            .zip([0, 1].into_iter().cycle())
            .map(|((group, value), at)| ([*group, at], *value))
            .collect();
        let [between, within] = variance_components(&observations);
        let means = [1.5, 4.5, 6.5];
        let centre = 12.5 / 3.0;
        let square: f64 = means
            .iter()
            .map(|m: &f64| (m - centre).powi(2))
            .sum::<f64>();
        assert!((within.unwrap() - 0.5).abs() < 1e-12, "{within:?}");
        assert!(
            (between.unwrap() - (square - 0.5) / 2.0).abs() < 1e-12,
            "{between:?}"
        );
    }

    #[test]
    fn what_is_not_repeated_is_unknown_and_part_of_what_is_around_it() {
        let once: Vec<Nested<3>> = vec![([0, 0, 0], 1.0), ([1, 0, 0], 3.0)];
        assert_eq!(variance_components(&once), [Some(2.0), None, None]);
        let judged: Vec<Nested<3>> = vec![
            ([0, 0, 0], 1.0),
            ([0, 0, 1], 1.0),
            ([1, 0, 0], 0.0),
            ([1, 0, 1], 0.0),
        ];
        assert_eq!(variance_components(&judged), [Some(0.5), None, Some(0.0)]);
        assert_eq!(variance_components::<3>(&[]), [None; 3]);
        assert_eq!(variance_components(&once[..1]), [None; 3]);
    }

    #[test]
    fn known_variances_come_out() {
        // Uniform draws of variances 1, 0.25 and 0.04 at three levels, unbalanced.
        let mut state = 7_u64;
        let mut draw = |sd: f64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            ((state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5) * 12_f64.sqrt() * sd
        };
        let mut observations: Vec<Nested<3>> = Vec::new();
        for question in 0..3000 {
            let a = draw(1.0);
            for answer in 0..1 + question % 4 {
                let b = draw(0.5);
                for run in 0..1 + (question + answer) % 3 {
                    observations.push(([question, answer, run], 5.0 + a + b + draw(0.2)));
                }
            }
        }
        let found = variance_components(&observations).map(Option::unwrap);
        for (found, wanted) in found.iter().zip([1.0, 0.25, 0.04]) {
            assert!((found / wanted - 1.0).abs() < 0.08, "{found} {wanted}");
        }
    }
}
