//! Which arms are compared with which.

use crate::arm::Arm;

/// Positions of an arm and of what it is compared with.
pub(super) type Places = (usize, usize);

/// Every two arms, the later one against the earlier one.
pub(super) fn all(arms: &[Arm]) -> Vec<Places> {
    (0..arms.len())
        .flat_map(|reference| (reference + 1..arms.len()).map(move |arm| (arm, reference)))
        .collect()
}

/// All arms against the first. Where the first selection stands for several arms and others follow, each of theirs is
/// compared with the arm of the same variant among the first; those that have no such counterpart are the second value.
pub(super) fn to_reference(arms: &[Arm]) -> (Vec<Places>, Vec<usize>) {
    let Some(first) = arms.first() else {
        return (Vec::new(), Vec::new());
    };
    let of_first = arms
        .iter()
        .take_while(|arm| arm.selection == first.selection)
        .count();
    if of_first == 1 || of_first == arms.len() {
        return ((1..arms.len()).map(|arm| (arm, 0)).collect(), Vec::new());
    }
    let mut pairs = Vec::new();
    let mut alone = Vec::new();
    for (at, arm) in arms.iter().enumerate().skip(of_first) {
        let own = arms.iter().take(of_first);
        match own.clone().position(|other| other.variant == arm.variant) {
            Some(reference) => pairs.push((at, reference)),
            None => alone.push(at),
        }
    }
    (pairs, alone)
}
