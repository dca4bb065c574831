//! Bootstrap, paired tests and variance components against NumPy, SciPy and statsmodels (see
//! `fixtures/make_comparisons.py`).

#![expect(clippy::expect_used, reason = "a broken fixture fails the test")]

use memgauge_report::Agreement;
use memgauge_report::statistics::{
    Bootstrap, Estimate, Layout, McNemar, Nested, holm, variance_components,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Expected {
    means: Vec<Resampled>,
    paired: Vec<Paired>,
    one_cluster: OneCluster,
    holm: Vec<(Vec<f64>, Vec<f64>)>,
    balanced: Balanced,
    unbalanced: Unbalanced,
}

/// What an independent two-stage bootstrap found; quantiles with their Monte-Carlo errors.
#[derive(Deserialize)]
struct Numbers {
    mean: f64,
    standard_error: f64,
    low: f64,
    high: f64,
    low_error: f64,
    high_error: f64,
    resamples: usize,
}

#[derive(Deserialize)]
struct Resampled {
    clusters: Vec<Vec<f64>>,
    #[serde(flatten)]
    numbers: Numbers,
}

#[derive(Deserialize)]
struct Paired {
    first: Vec<Vec<u8>>,
    second: Vec<Vec<u8>>,
    mcnemar: f64,
    kappa: f64,
    #[serde(flatten)]
    numbers: Numbers,
}

#[derive(Deserialize)]
struct OneCluster {
    values: Vec<f64>,
    standard_error: f64,
    low: f64,
    high: f64,
}

#[derive(Deserialize)]
struct Balanced {
    rows: Vec<(u32, u32, u32, u32, f64)>,
    components: [f64; 4],
}

#[derive(Deserialize)]
struct Unbalanced {
    groups: Vec<Vec<f64>>,
    components: [f64; 2],
}

fn expected() -> Expected {
    serde_json::from_str(include_str!("fixtures/comparisons.json"))
        .expect("the fixture is valid JSON")
}

const BOOTSTRAP: Bootstrap = Bootstrap {
    resamples: 20_000,
    confidence: 0.95,
    seed: 5,
};

#[track_caller]
fn assert_near(found: f64, wanted: f64) {
    let close = (found - wanted).abs() <= 1e-9 * wanted.abs() + 1e-12;
    assert!(close, "found {found}, wanted {wanted}");
}

/// Five Monte-Carlo errors of the difference between two samples of resamples.
#[track_caller]
fn assert_same(found: &Estimate, wanted: &Numbers) {
    assert_near(found.mean, wanted.mean);
    let both = (1.0 + wanted.resamples as f64 / BOOTSTRAP.resamples as f64).sqrt();
    // The error of a standard deviation of B values is about 1 / sqrt(2 B) of it.
    let spread = 5.0 * both / (2.0 * wanted.resamples as f64).sqrt();
    let error = found.standard_error.expect("resamples") / wanted.standard_error;
    assert!((error - 1.0).abs() < spread, "standard error: {error}");
    for (found, wanted, error) in [
        (found.interval.low, wanted.low, wanted.low_error),
        (found.interval.high, wanted.high, wanted.high_error),
    ] {
        assert!(
            (found - wanted).abs() < 5.0 * both * error,
            "{found} {wanted} ± {error}"
        );
    }
}

#[test]
fn means_have_the_intervals_of_an_independent_bootstrap() {
    for case in expected().means {
        let found = BOOTSTRAP.mean(&case.clusters).expect("values");
        assert_same(&found, &case.numbers);
    }
}

#[test]
fn paired_differences_have_the_intervals_of_an_independent_bootstrap() {
    for case in expected().paired {
        let places: Vec<(usize, usize)> = case
            .first
            .iter()
            .enumerate()
            .flat_map(|(cluster, labels)| labels.iter().map(move |_| (cluster, 0)))
            .collect();
        let column = |labels: &[Vec<u8>]| -> Vec<Option<f64>> {
            labels
                .iter()
                .flatten()
                .map(|l| Some(f64::from(*l)))
                .collect()
        };
        let (first, second) = (column(&case.first), column(&case.second));
        let found = BOOTSTRAP
            .paired_differences(&Layout::new(&places), &[&[0]], &[(&first, &second)])
            .expect("valid columns")[0][0]
            .expect("shared questions");
        let estimate = Estimate {
            n: found.n,
            mean: found.mean,
            interval: found.interval,
            standard_error: found.standard_error,
        };
        assert_same(&estimate, &case.numbers);
        let is_right = |value: &Option<f64>| value.map(|value| value > 0.5);
        let labels = first.iter().zip(&second);
        let test = McNemar::from_labels(labels.clone().map(|(a, b)| (is_right(a), is_right(b))));
        assert_near(test.p_value, case.mcnemar);
        assert_eq!((test.only_first, test.only_second), (found.won, found.lost));
        let pairs: Vec<(f64, f64)> = labels.filter_map(|(a, b)| Some(((*a)?, (*b)?))).collect();
        let agreement = Agreement::of(&pairs).expect("pairs");
        assert_near(agreement.kappa.expect("a kappa"), case.kappa);
    }
}

#[test]
fn one_cluster_is_the_plain_bootstrap_of_scipy() {
    let case = expected().one_cluster;
    let found = BOOTSTRAP
        .mean(std::slice::from_ref(&case.values))
        .expect("values");
    let error = found.standard_error.expect("resamples");
    assert!((error / case.standard_error - 1.0).abs() < 0.03, "{error}");
    assert!((found.interval.low - case.low).abs() < 0.08 * error);
    assert!((found.interval.high - case.high).abs() < 0.08 * error);
}

#[test]
fn holm_is_statsmodels() {
    for (raw, adjusted) in expected().holm {
        for (found, wanted) in holm(&raw).into_iter().zip(adjusted) {
            assert_near(found, wanted);
        }
    }
}

#[test]
fn components_follow_from_the_mean_squares_of_statsmodels_and_scipy() {
    let expected = expected();
    let rows = &expected.balanced.rows;
    let observations: Vec<Nested<4>> = rows
        .iter()
        .map(|(question, memory, answer, run, value)| ([*question, *memory, *answer, *run], *value))
        .collect();
    let found = variance_components(&observations);
    for (found, wanted) in found.into_iter().zip(expected.balanced.components) {
        assert_near(found.expect("repeated at every level"), wanted);
    }
    let observations: Vec<Nested<2>> = expected
        .unbalanced
        .groups
        .iter()
        .zip(0..)
        .flat_map(|(values, group)| values.iter().zip(0..).map(move |(v, at)| ([group, at], *v)))
        .collect();
    let found = variance_components(&observations);
    for (found, wanted) in found.into_iter().zip(expected.unbalanced.components) {
        assert_near(found.expect("repeated"), wanted);
    }
}
