//! Arms on the questions whose answer key nobody disputes.

use memgauge_dataset::Errata;

use super::read::Arm;

/// What [`ArmFacts::key`](super::ArmFacts::key) then says: the published key, without the questions that it wrongs.
pub const CLEAN: &str = "published, clean subset";

/// Leaves out the questions whose key the errata call wrong, in every arm of the dataset that they are bound to.
/// Returns how many arms they were bound to.
pub fn keep_clean(arms: &mut [Arm], errata: &Errata) -> usize {
    let mut bound = 0;
    for arm in arms {
        if arm.facts.dataset.content == errata.dataset {
            arm.answers
                .retain(|(question, _), _| !errata.corrupts(question));
            arm.facts.key = CLEAN.to_owned();
            bound += 1;
        }
    }
    bound
}
