//! How much slower one arm's searches are than another's.

use std::collections::BTreeSet;

use memgauge_core::ConversationId;
use serde::Serialize;

use crate::arm::Arm;
use crate::manifest::Machine;
use crate::statistics::{Bootstrap, PercentileRatio, StatisticsError, nearest_rank};

/// Which percentile.
const PERCENT: f64 = 95.0;

/// The 95th percentile of two arms' searches, by the nearest-rank rule on raw samples of the conversations that both
/// searched.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PairLatency {
    /// The arm's, in milliseconds; null without a sample.
    pub arm_ms: Option<f64>,
    /// The reference's.
    pub reference_ms: Option<f64>,
    /// Arm over reference: below 1 the arm is faster. Null where the two cannot be held against each other.
    pub ratio: Option<PercentileRatio>,
    /// Why there is no ratio; null where there is one.
    pub reason: Option<String>,
}

/// Holds the searches of two arms against each other.
pub(super) fn search_p95(
    arm: &Arm,
    reference: &Arm,
    bootstrap: &Bootstrap,
) -> Result<PairLatency, StatisticsError> {
    let shared: BTreeSet<&ConversationId> = arm
        .timings
        .search
        .keys()
        .filter(|conversation| reference.timings.search.contains_key(*conversation))
        .collect();
    let samples = |arm: &Arm| -> Vec<Vec<f64>> {
        let of = |conversation: &&ConversationId| arm.timings.search.get(*conversation).cloned();
        shared.iter().filter_map(of).collect()
    };
    let (mine, theirs) = (samples(arm), samples(reference));
    let p95 = |clusters: &[Vec<f64>]| {
        let mut all: Vec<f64> = clusters.iter().flatten().copied().collect();
        all.sort_unstable_by(f64::total_cmp);
        nearest_rank(&all, PERCENT)
    };
    let mut found = PairLatency {
        arm_ms: p95(&mine),
        reference_ms: p95(&theirs),
        ratio: None,
        reason: reason(arm, reference, shared.is_empty()),
    };
    if found.reason.is_none() {
        // A percentile's interval needs fewer resamples than a mean's to be read to two digits.
        let fewer = Bootstrap {
            resamples: bootstrap.resamples.min(1_000),
            ..*bootstrap
        };
        found.ratio = fewer.percentile_ratio(&mine, &theirs, PERCENT)?;
        if found.ratio.is_none() {
            found.reason = Some(format!("the p95 of {} is 0", reference.label));
        }
    }
    Ok(found)
}

/// What keeps two arms' times apart.
fn reason(arm: &Arm, reference: &Arm, shares_nothing: bool) -> Option<String> {
    let both = [arm, reference];
    if let Some(silent) = both.iter().find(|arm| arm.timings.search.is_empty()) {
        return Some(format!("no search of {} was measured", silent.label));
    }
    if let Some(mixed) = both.iter().find(|arm| arm.timings.machines.len() > 1) {
        let machines = mixed.timings.machines.len();
        return Some(format!("{} ran on {machines} machines", mixed.label));
    }
    let machine = |arm: &Arm| arm.timings.machines.first().cloned();
    let (mine, theirs) = (machine(arm)?, machine(reference)?);
    if mine.cpu.is_none() || theirs.cpu.is_none() {
        return Some("nobody knows whether the machine was the same".to_owned());
    }
    if let Some(what) = difference(&mine, &theirs) {
        return Some(format!("other {what}"));
    }
    shares_nothing.then(|| "no conversation that both searched".to_owned())
}

/// What differs between two machines; `None` = they are the same as far as can be told.
fn difference(mine: &Machine, theirs: &Machine) -> Option<&'static str> {
    if mine.platform != theirs.platform || mine.cpu != theirs.cpu || mine.cores != theirs.cores {
        Some("machine")
    } else if mine.memory_mib != theirs.memory_mib {
        Some("machine (memory)")
    } else if mine.build != theirs.build {
        Some("build")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arm::fake::{FakeRun, read};

    /// Two arms of one run, searched on a machine that is known; the second takes twice as long.
    fn two() -> (tempfile::TempDir, Vec<Arm>) {
        let folder = tempfile::tempdir().unwrap();
        let mut run = FakeRun::new("x", &[("quick", false), ("slow", false)]);
        for variant in ["quick", "slow"] {
            run.answer(variant, "c/q0", 1, Some(0.5), &[]);
        }
        let path = folder.path().join("run");
        run.write(&path);
        let mut arms = read(&[path.display().to_string()]);
        let machine = Machine {
            platform: "x".to_owned(),
            cpu: Some("a processor".to_owned()),
            cores: 2,
            memory_mib: None,
            build: "release".to_owned(),
        };
        for (arm, factor) in arms.iter_mut().zip([1.0, 2.0]) {
            arm.timings.machines = vec![machine.clone()];
            for (conversation, first) in [("c", 1_u32), ("d", 11)] {
                let samples = (first..first + 10).map(|ms| factor * f64::from(ms));
                let conversation = ConversationId::new(conversation);
                arm.timings.search.insert(conversation, samples.collect());
            }
        }
        (folder, arms)
    }

    fn held(arms: &[Arm]) -> PairLatency {
        let bootstrap = Bootstrap {
            resamples: 200,
            ..Bootstrap::default()
        };
        search_p95(&arms[1], &arms[0], &bootstrap).unwrap()
    }

    #[test]
    fn the_ratio_is_that_of_raw_samples_of_shared_conversations() {
        let (_folder, mut arms) = two();
        let found = held(&arms);
        assert_eq!((found.arm_ms, found.reference_ms), (Some(38.0), Some(19.0)));
        let ratio = found.ratio.unwrap();
        assert_eq!(ratio.ratio, 2.0);
        assert!(ratio.interval.low <= 2.0 && ratio.interval.high >= 2.0);
        assert_eq!(found.reason, None);
        // What only one of them searched does not count.
        arms[1].timings.search.remove(&ConversationId::new("d"));
        let found = held(&arms);
        assert_eq!((found.arm_ms, found.reference_ms), (Some(20.0), Some(10.0)));
    }

    #[test]
    fn times_that_cannot_be_held_against_each_other_have_a_reason_instead() {
        let reason = |change: &dyn Fn(&mut Arm)| {
            let (_folder, mut arms) = two();
            change(&mut arms[1]);
            let found = held(&arms);
            assert_eq!(found.ratio, None);
            found.reason.unwrap()
        };
        assert_eq!(
            reason(&|arm| arm.timings.search.clear()),
            "no search of slow was measured"
        );
        assert_eq!(
            reason(&|arm| arm.timings.machines[0].cores = 64),
            "other machine"
        );
        assert_eq!(
            reason(&|arm| arm.timings.machines[0].build = "debug".to_owned()),
            "other build"
        );
        assert_eq!(
            reason(&|arm| arm.timings.machines[0].cpu = None),
            "nobody knows whether the machine was the same"
        );
        assert_eq!(
            reason(&|arm| {
                let mut other = arm.timings.machines[0].clone();
                other.cores = 64;
                arm.timings.machines.push(other);
            }),
            "slow ran on 2 machines"
        );
        assert_eq!(
            reason(&|arm| {
                let kept = arm.timings.search.remove(&ConversationId::new("c"));
                let kept = kept.unwrap_or_default();
                arm.timings.search = [(ConversationId::new("e"), kept)].into();
            }),
            "no conversation that both searched"
        );
    }
}
