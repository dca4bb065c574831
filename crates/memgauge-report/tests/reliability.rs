//! Agreement of labels against statsmodels, krippendorff and scikit-learn (see `fixtures/make_reliability.py`).

use memgauge_report::Agreement;
use memgauge_report::statistics::{fleiss_kappa, krippendorff_alpha};
use memgauge_report::surrogate::auc;
use serde::Deserialize;

#[derive(Deserialize)]
struct Expected {
    /// Pairs of labels, Cohen's kappa.
    cohen: Vec<(Vec<(f64, f64)>, f64)>,
    /// Labels by item, Fleiss' kappa.
    fleiss: Vec<(Vec<Vec<u8>>, f64)>,
    /// Labels by item with gaps left out, Krippendorff's alpha for nominal labels.
    alpha: Vec<(Vec<Vec<u8>>, f64)>,
    /// Scores with labels, area under the curve.
    auc: Vec<(Vec<(f64, u8)>, f64)>,
}

fn labels(items: &[Vec<u8>]) -> Vec<Vec<bool>> {
    let of = |item: &Vec<u8>| item.iter().map(|label| *label == 1).collect();
    items.iter().map(of).collect()
}

#[track_caller]
fn assert_near(found: Option<f64>, wanted: f64) {
    assert!(
        found.is_some_and(|found| (found - wanted).abs() < 1e-9),
        "found {found:?}, wanted {wanted}"
    );
}

#[test]
fn kappa_alpha_and_auc_are_those_of_the_packages() {
    let expected: Expected =
        serde_json::from_str(include_str!("fixtures/reliability.json")).unwrap();
    assert_eq!(
        (
            expected.cohen.len(),
            expected.fleiss.len(),
            expected.alpha.len(),
            expected.auc.len()
        ),
        (5, 15, 30, 5)
    );
    for (pairs, kappa) in expected.cohen {
        assert_near(Agreement::of(&pairs).and_then(|found| found.kappa), kappa);
    }
    for (items, kappa) in expected.fleiss {
        assert_near(fleiss_kappa(&labels(&items)), kappa);
    }
    for (items, alpha) in expected.alpha {
        assert_near(krippendorff_alpha(&labels(&items)), alpha);
    }
    for (pairs, area) in expected.auc {
        let pairs: Vec<(f64, bool)> = pairs
            .into_iter()
            .map(|(score, label)| (score, label == 1))
            .collect();
        assert_near(auc(&pairs), area);
    }
}
