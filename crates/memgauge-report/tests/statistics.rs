//! The statistics against NumPy, SciPy and statsmodels (see `fixtures/make_statistics.py`), and their properties.

#![expect(clippy::expect_used, reason = "a broken fixture fails the test")]

use memgauge_report::statistics::{
    Bootstrap, Column, Interval, Layout, McNemar, StatisticsError, Verdict, holm, mean,
    nearest_rank, normal_cdf, normal_quantile, quantile, smallest_detectable, standard_deviation,
    wilson,
};
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Expected {
    /// Ascending values, fraction, type 7, nearest rank.
    quantiles: Vec<(Vec<f64>, f64, f64, f64)>,
    /// Values, mean, standard deviation with n - 1.
    deviations: Vec<(Vec<f64>, f64, f64)>,
    /// Successes, trials, confidence, low, high.
    wilson: Vec<(usize, usize, f64, f64, f64)>,
    /// Discordant counts, p.
    mcnemar: Vec<(usize, usize, f64)>,
    holm: Vec<(Vec<f64>, Vec<f64>)>,
    normal_cdf: Vec<(f64, f64)>,
    normal_quantile: Vec<(f64, f64)>,
}

fn expected() -> Expected {
    serde_json::from_str(include_str!("fixtures/statistics.json"))
        .expect("the fixture is valid JSON")
}

#[track_caller]
fn assert_near(found: f64, wanted: f64) {
    assert!(
        (found - wanted).abs() <= 1e-9 * wanted.abs() + 1e-12,
        "found {found}, wanted {wanted}"
    );
}

#[test]
fn descriptive_statistics_are_numpys() {
    let expected = expected();
    for (values, fraction, type_7, nearest) in expected.quantiles {
        assert_near(quantile(&values, fraction).expect("values"), type_7);
        assert_eq!(
            nearest_rank(&values, 100.0 * fraction),
            Some(nearest),
            "{fraction} of {values:?}"
        );
    }
    for (values, centre, deviation) in expected.deviations {
        assert_near(mean(&values).expect("values"), centre);
        assert_near(standard_deviation(&values).expect("values"), deviation);
    }
}

#[test]
fn tests_and_shares_are_those_of_scipy_and_statsmodels() {
    let expected = expected();
    for (successes, trials, confidence, low, high) in expected.wilson {
        let interval = wilson(successes, trials, confidence).expect("trials");
        assert_near(interval.low, low);
        assert_near(interval.high, high);
    }
    for (only_first, only_second, p) in expected.mcnemar {
        assert_near(McNemar::exact(only_first, only_second).p_value, p);
    }
    for (raw, adjusted) in expected.holm {
        for (found, wanted) in holm(&raw).into_iter().zip(adjusted) {
            assert_near(found, wanted);
        }
    }
    for (x, p) in expected.normal_cdf {
        assert_near(normal_cdf(x), p);
    }
    for (p, x) in expected.normal_quantile {
        assert_near(normal_quantile(p), x);
    }
    assert_eq!(wilson(0, 0, 0.95), None);
    assert!(McNemar::from_labels([(Some(true), Some(false)), (None, Some(true))]).is_thin());
}

const FEW: Bootstrap = Bootstrap {
    resamples: 2_000,
    confidence: 0.95,
    seed: 7,
};

/// Ten conversations of 150 questions in four strata; scores depend on both.
fn places() -> Vec<(usize, usize)> {
    (0..1500)
        .map(|question| (question / 150, question * 7 % 11 % 4))
        .collect()
}

fn scores(system: usize) -> Vec<Option<f64>> {
    let score = |question: usize| ((question * (2 * system + 3) * 2_654_435_761) >> 7) % 100;
    (0..1500)
        .map(|question| Some((score(question) + 3 * (question / 150)) as f64 / 127.0))
        .collect()
}

#[test]
fn interval_of_questions_alone_is_the_textbook_one() {
    // One cluster: the plain bootstrap, whose interval for a large sample is mean ± 1.96 standard errors.
    let values: Vec<f64> = scores(1).into_iter().flatten().collect();
    let estimate = Bootstrap {
        resamples: 10_000,
        ..FEW
    }
    .mean(std::slice::from_ref(&values))
    .expect("values");
    let error = standard_deviation(&values).expect("values") / (values.len() as f64).sqrt();
    assert_near(estimate.mean, mean(&values).expect("values"));
    assert!((estimate.standard_error.expect("resamples") / error - 1.0).abs() < 0.03);
    assert!((estimate.interval.low - (estimate.mean - 1.96 * error)).abs() < 0.1 * error);
    assert!((estimate.interval.high - (estimate.mean + 1.96 * error)).abs() < 0.1 * error);
}

#[test]
fn conversations_count_and_not_only_questions() {
    // All the variation is between conversations: the error is that of ten means, however many questions there are.
    let clusters: Vec<Vec<f64>> = (0..10)
        .map(|cluster| vec![f64::from(cluster); 100])
        .collect();
    let estimate = Bootstrap {
        resamples: 10_000,
        ..FEW
    }
    .mean(&clusters)
    .expect("values");
    let error = (99.0f64 / 12.0 / 10.0).sqrt();
    assert_near(estimate.mean, 4.5);
    assert!((estimate.standard_error.expect("resamples") / error - 1.0).abs() < 0.03);
}

#[test]
fn a_system_alone_among_others_and_on_other_threads_is_the_same() {
    let layout = Layout::new(&places());
    let domains: [&[usize]; 5] = [&[0, 1, 2, 3], &[0], &[1], &[2], &[3]];
    let systems: Vec<_> = (0..11).map(scores).collect();
    let columns: Vec<&[Option<f64>]> = systems.iter().map(Vec::as_slice).collect();
    let together = FEW
        .means(&layout, &domains, &columns)
        .expect("valid columns");
    let backwards: Vec<_> = columns.iter().rev().copied().collect();
    let reversed = FEW
        .means(&layout, &domains, &backwards)
        .expect("valid columns");
    assert!(together.iter().eq(reversed.iter().rev()));
    for (column, row) in columns.iter().zip(&together) {
        assert_eq!(
            &FEW.means(&layout, &domains, &[column])
                .expect("a valid column")[0],
            row
        );
    }
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .expect("a pool");
    assert_eq!(
        pool.install(|| FEW.means(&layout, &domains, &columns))
            .expect("valid columns"),
        together
    );
}

#[test]
fn unknown_values_leave_sum_and_count() {
    let layout = Layout::new(&places());
    let full = scores(2);
    let holes: Vec<_> = full
        .iter()
        .enumerate()
        .map(|(at, value)| value.filter(|_| at % 3 != 0))
        .collect();
    let none = vec![None; full.len()];
    let found = FEW
        .means(&layout, &[&[0, 1, 2, 3], &[9]], &[&holes, &none, &full])
        .expect("valid columns");
    let known: Vec<f64> = holes.iter().flatten().copied().collect();
    let estimate = found[0][0].expect("values");
    assert_eq!(estimate.n, known.len());
    assert_near(estimate.mean, mean(&known).expect("values"));
    assert!(estimate.interval.contains(estimate.mean));
    assert_eq!((found[0][1], found[1][0]), (None, None));
    let whole = found[2][0].expect("values");
    assert_eq!(whole.n, 1500);
    let width = |interval: Interval| interval.high - interval.low;
    assert!(width(whole.interval) < width(estimate.interval));
}

#[test]
fn paired_differences_see_what_is_shared() {
    let layout = Layout::new(&places());
    let first = scores(3);
    let second: Vec<_> = first
        .iter()
        .enumerate()
        .map(|(at, value)| value.map(|v| if at % 5 == 0 { v } else { v - 0.01 }))
        .collect();
    let all: &[usize] = &[0, 1, 2, 3];
    let pairs: [(Column<'_>, Column<'_>); 3] =
        [(&first, &second), (&second, &first), (&first, &first)];
    let found = FEW
        .paired_differences(&layout, &[all], &pairs)
        .expect("valid columns");
    let [better, worse, same] = [0, 1, 2].map(|pair| found[pair][0].expect("shared questions"));
    assert_eq!(
        (better.n, better.won, better.lost, better.tied),
        (1500, 1200, 0, 300)
    );
    assert_near(better.mean, 0.008);
    assert_eq!(better.verdict(0.02), Verdict::Better);
    assert_eq!(
        (worse.verdict(0.02), worse.won, worse.lost),
        (Verdict::Worse, 0, 1200)
    );
    assert_near(worse.interval.low, -better.interval.high);
    assert_near(better.p_value, 2.0 / 2001.0);
    assert_eq!(
        (same.interval, same.p_value),
        (
            Interval {
                low: 0.0,
                high: 0.0
            },
            1.0
        )
    );
    assert_eq!(same.verdict(0.02), Verdict::NoDifferenceFound);
    assert_eq!(same.smallest_detectable(0.95, 0.8), None);
    assert!(
        better
            .smallest_detectable(0.95, 0.8)
            .is_some_and(|least| least > 0.0)
    );
    assert_near(smallest_detectable(1.0, 0.95, 0.8), 2.801585218144);
    let half: Vec<_> = first
        .iter()
        .enumerate()
        .map(|(at, value)| value.filter(|_| at % 2 == 0))
        .collect();
    let found = FEW
        .paired_differences(&layout, &[all], &[(&half, &second)])
        .expect("valid columns");
    assert_eq!(found[0][0].expect("shared questions").n, 750);
}

#[test]
fn coverage_is_near_the_confidence() {
    // 200 samples of 10 conversations from a known truth of 0.5: a two-stage interval should cover it about as often
    // as it says.
    let bootstrap = Bootstrap {
        resamples: 400,
        ..FEW
    };
    let mut state = 1u64;
    let mut uniform = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / (1u64 << 24) as f64
    };
    let mut covered = 0;
    for _ in 0..200 {
        let clusters: Vec<Vec<f64>> = (0..10)
            .map(|_| {
                let shift = (uniform() - 0.5) * 0.3;
                (0..40)
                    .map(|_| f64::from(u8::from(uniform() < 0.5 + shift)))
                    .collect()
            })
            .collect();
        covered += usize::from(
            bootstrap
                .mean(&clusters)
                .expect("values")
                .interval
                .contains(0.5),
        );
    }
    assert!((176..=200).contains(&covered), "{covered} of 200");
}

#[test]
fn percentiles_of_latency_come_with_intervals() {
    let clusters: Vec<Vec<f64>> = (0..10usize)
        .map(|c| {
            (0..150usize)
                .map(|q| 1.0 + ((q * 37 + c * 11) % 100) as f64 / 100.0)
                .collect()
        })
        .collect();
    let p95 = FEW.percentile(&clusters, 95.0).expect("samples");
    assert_eq!(p95.n, 1500);
    assert!(p95.interval.contains(p95.value) && p95.interval.high - p95.interval.low < 0.05);
    let slower: Vec<Vec<f64>> = clusters
        .iter()
        .map(|samples| samples.iter().map(|ms| 2.0 * ms).collect())
        .collect();
    let ratio = FEW
        .percentile_ratio(&slower, &clusters, 95.0)
        .expect("same clusters")
        .expect("samples");
    assert_near(ratio.ratio, 2.0);
    assert!(ratio.interval.contains(2.0) && ratio.interval.low > 1.9);
    assert_eq!(FEW.percentile(&[], 95.0), None);
    assert_eq!(
        FEW.percentile_ratio(&slower, &vec![vec![]; 10], 95.0),
        Ok(None)
    );
    assert_eq!(
        FEW.percentile_ratio(&slower, &[], 95.0),
        Err(StatisticsError::Clusters { left: 10, right: 0 })
    );
}

#[test]
fn bad_columns_are_refused() {
    let layout = Layout::new(&[(0, 0), (1, 0)]);
    let short = FEW
        .means(&layout, &[&[0]], &[&[Some(1.0)]])
        .expect_err("too short");
    assert_eq!(short.to_string(), "column 0 has 1 values for 2 questions");
    let wrong = FEW
        .means(&layout, &[&[0]], &[&[Some(1.0), Some(f64::NAN)]])
        .expect_err("not a number");
    assert_eq!(
        wrong,
        StatisticsError::NotFinite {
            column: 0,
            question: 1
        }
    );
    assert!(
        FEW.paired_differences(&layout, &[&[0]], &[(&[None, None], &[None])])
            .is_err()
    );
    let nothing = FEW
        .means(&Layout::new(&[]), &[&[0]], &[&[]])
        .expect("an empty column");
    assert_eq!(nothing, [[None]]);
}

proptest! {
    #[test]
    fn equal_values_have_no_width(value in -10.0..10.0f64, sizes in prop::collection::vec(1usize..9, 1..6)) {
        let clusters: Vec<Vec<f64>> = sizes.iter().map(|size| vec![value; *size]).collect();
        let bootstrap = Bootstrap { resamples: 50, ..FEW };
        let estimate = bootstrap.mean(&clusters).expect("values");
        prop_assert!((estimate.interval.low - value).abs() < 1e-12 && (estimate.interval.high - value).abs() < 1e-12);
        prop_assert_eq!(estimate.n, sizes.iter().sum::<usize>());
    }

    #[test]
    fn intervals_stay_inside_the_values(values in prop::collection::vec(prop::collection::vec(0.0..1.0f64, 1..9), 1..6)) {
        let bootstrap = Bootstrap { resamples: 50, ..FEW };
        let estimate = bootstrap.mean(&values).expect("values");
        let (low, high) = values.iter().flatten().fold((1.0f64, 0.0f64), |(l, h), v| (l.min(*v), h.max(*v)));
        prop_assert!(low - 1e-12 <= estimate.interval.low && estimate.interval.high <= high + 1e-12);
        prop_assert!(estimate.interval.low <= estimate.interval.high);
    }

    #[test]
    fn holm_never_lowers_and_keeps_the_order(p in prop::collection::vec(0.0..1.0f64, 0..12)) {
        let adjusted = holm(&p);
        prop_assert_eq!(adjusted.len(), p.len());
        for (raw, adjusted_raw) in p.iter().zip(&adjusted) {
            prop_assert!(adjusted_raw >= raw && *adjusted_raw <= 1.0);
            for (other, adjusted_other) in p.iter().zip(&adjusted) {
                prop_assert!(raw > other || adjusted_raw <= adjusted_other);
            }
        }
    }
}
