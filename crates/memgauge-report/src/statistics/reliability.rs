//! How far several labels of the same answers agree.

/// Fleiss' kappa (1971) over items with the same number of yes-or-no labels; `None` without items, with fewer than two
/// labels each or unequal numbers of them, and where chance alone agrees always.
#[must_use]
pub fn fleiss_kappa(items: &[Vec<bool>]) -> Option<f64> {
    let raters = items.first()?.len();
    if raters < 2 || items.iter().any(|labels| labels.len() != raters) {
        return None;
    }
    let (n, r) = (items.len() as f64, raters as f64);
    let yes = |labels: &Vec<bool>| labels.iter().filter(|label| **label).count() as f64;
    let agreeing = |yes: f64| (yes * (yes - 1.0) + (r - yes) * (r - yes - 1.0)) / (r * (r - 1.0));
    let observed: f64 = items
        .iter()
        .map(|labels| agreeing(yes(labels)))
        .sum::<f64>()
        / n;
    let share = items.iter().map(yes).sum::<f64>() / (n * r);
    let chance = share * share + (1.0 - share) * (1.0 - share);
    (chance < 1.0).then(|| (observed - chance) / (1.0 - chance))
}

/// Krippendorff's alpha for nominal labels (Krippendorff 2011, "Computing Krippendorff's alpha-reliability"): items may
/// have different numbers of labels, and those with a single one do not count. `None` where nothing can be compared or
/// all labels are the same.
#[must_use]
pub fn krippendorff_alpha(items: &[Vec<bool>]) -> Option<f64> {
    let (mut yes_all, mut all, mut differing) = (0.0, 0.0, 0.0);
    for labels in items.iter().filter(|labels| labels.len() > 1) {
        let count = labels.len() as f64;
        let yes = labels.iter().filter(|label| **label).count() as f64;
        // Pairs of unlike labels, each item counting as many values as it has.
        differing += 2.0 * yes * (count - yes) / (count - 1.0);
        yes_all += yes;
        all += count;
    }
    let expected = 2.0 * yes_all * (all - yes_all) / (all - 1.0);
    (all > 1.0 && expected > 0.0).then(|| 1.0 - differing / expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn perfect_agreement_is_one_and_none_is_below_zero() {
        let items =
            |labels: &[[bool; 2]]| labels.iter().map(|one| one.to_vec()).collect::<Vec<_>>();
        let same = items(&[[true, true], [false, false]]);
        assert_eq!(fleiss_kappa(&same), Some(1.0));
        assert_eq!(krippendorff_alpha(&same), Some(1.0));
        let other = items(&[[true, false], [false, true]]);
        assert_eq!(fleiss_kappa(&other), Some(-1.0));
        assert_eq!(krippendorff_alpha(&other), Some(-0.5));
    }

    #[test]
    fn what_cannot_be_told_is_none() {
        let constant = vec![vec![true, true]; 3];
        assert_eq!(fleiss_kappa(&constant), None);
        assert_eq!(krippendorff_alpha(&constant), None);
        assert_eq!(fleiss_kappa(&[]), None);
        assert_eq!(krippendorff_alpha(&[vec![true], vec![false]]), None);
        assert_eq!(fleiss_kappa(&[vec![true, false], vec![true]]), None);
    }
}
