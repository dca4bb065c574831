use memgauge_core::{Category, QuestionId, TurnId};

use super::stage::{Facts, LossStage, Needs, Verdict, place};
use super::*;
use crate::fate::Fate;
use crate::statistics::Bootstrap;

fn turn(turn: u32) -> TurnId {
    TurnId::new(1, turn)
}

fn wrong<'a>(fates: &'a [(TurnId, Fate)]) -> Facts<'a> {
    Facts {
        category: Category::SingleHop,
        failed: false,
        verdict: Verdict {
            own: Some(false),
            ..Verdict::default()
        },
        has_evidence: true,
        fates,
        is_swapped: false,
        keeps_nothing: false,
    }
}

fn stage(facts: &Facts<'_>) -> LossStage {
    place(facts, Needs::Every).0
}

#[test]
fn every_fate_has_its_stage() {
    let cases = [
        (Fate::NoFact, LossStage::NeverExtracted),
        (Fate::NotKept, LossStage::MergedOrDeleted),
        (Fate::Deleted, LossStage::MergedOrDeleted),
        (Fate::Replaced, LossStage::MergedOrDeleted),
        (Fate::NotCandidate, LossStage::NotACandidate),
        (Fate::Below(31), LossStage::RankedBelowK),
        (Fate::Dropped, LossStage::CutByBudget),
        (Fate::InContext, LossStage::InContextAnsweredWrong),
    ];
    for (fate, expected) in cases {
        let fates = [(turn(1), fate)];
        assert_eq!(
            place(&wrong(&fates), Needs::Every),
            (expected, Some(fates[0]))
        );
    }
}

#[test]
fn of_several_gold_turns_the_first_loss_or_the_furthest_decides() {
    let fates = [
        (turn(1), Fate::InContext),
        (turn(2), Fate::Below(40)),
        (turn(3), Fate::NotCandidate),
        (turn(4), Fate::NotCandidate),
        (turn(5), Fate::Below(9)),
    ];
    let facts = wrong(&fates);
    assert_eq!(
        place(&facts, Needs::Every),
        (LossStage::NotACandidate, Some(fates[2]))
    );
    assert_eq!(
        place(&facts, Needs::Any),
        (LossStage::InContextAnsweredWrong, Some(fates[0]))
    );
    let missing = wrong(&fates[1..]);
    assert_eq!(
        place(&missing, Needs::Any),
        (LossStage::RankedBelowK, Some(fates[1]))
    );
}

#[test]
fn what_is_not_about_the_way_comes_first() {
    let fates = [(turn(1), Fate::Below(40))];
    let mut facts = wrong(&fates);
    facts.verdict.own = Some(true);
    assert_eq!(stage(&facts), LossStage::Right);
    facts.verdict.own = None;
    assert_eq!(stage(&facts), LossStage::Unknown);
    facts.failed = true;
    assert_eq!(stage(&facts), LossStage::Failed);

    let facts = Facts {
        is_swapped: true,
        fates: &[],
        ..wrong(&fates)
    };
    assert_eq!(stage(&facts), LossStage::NeverExtracted);
    let facts = Facts {
        keeps_nothing: true,
        ..wrong(&fates)
    };
    assert_eq!(stage(&facts), LossStage::NeverExtracted);
    // A system that does not tell its sources.
    assert_eq!(stage(&wrong(&[])), LossStage::Unknown);
    let facts = Facts {
        has_evidence: false,
        ..wrong(&[])
    };
    assert_eq!(stage(&facts), LossStage::GoldOrEvidenceFaulty);
    // Nothing can be retrieved for what the conversation does not hold.
    let facts = Facts {
        category: Category::Adversarial,
        ..wrong(&fates)
    };
    assert_eq!(stage(&facts), LossStage::InContextAnsweredWrong);
}

#[test]
fn a_faulty_key_convicts_nobody_without_a_corrected_label() {
    let fates = [(turn(1), Fate::Below(40))];
    let verdict = |verdict| {
        let facts = Facts {
            verdict,
            ..wrong(&fates)
        };
        stage(&facts)
    };
    let own = Verdict {
        own: Some(false),
        ..Verdict::default()
    };
    let second = Verdict {
        second: true,
        ..own
    };
    assert_eq!(verdict(second), LossStage::RightButJudgedWrong);
    let faulty = Verdict {
        faulty_key: true,
        ..own
    };
    assert_eq!(verdict(faulty), LossStage::GoldOrEvidenceFaulty);
    // The second judge was shown the same wrong answer.
    let both = Verdict {
        faulty_key: true,
        ..second
    };
    assert_eq!(verdict(both), LossStage::GoldOrEvidenceFaulty);
    let acquitted = Verdict {
        corrected: Some(true),
        ..faulty
    };
    assert_eq!(verdict(acquitted), LossStage::RightButJudgedWrong);
    let convicted = Verdict {
        corrected: Some(false),
        ..faulty
    };
    assert_eq!(verdict(convicted), LossStage::RankedBelowK);
}

#[test]
fn names_are_read_as_written() {
    for stage in LossStage::ALL {
        assert_eq!(stage.name().parse(), Ok(stage));
        assert_eq!(serde_json::to_value(stage).unwrap(), stage.name());
    }
    assert!(
        "ranked-below"
            .parse::<LossStage>()
            .unwrap_err()
            .contains("did you mean `ranked-below-k`?")
    );
    for needs in Needs::ALL {
        assert_eq!(needs.name().parse(), Ok(needs));
    }
}

fn located(question: &str, repeat: u32, stage: LossStage) -> Located {
    let question: QuestionId = question.parse().unwrap();
    Located {
        variant: "arm".to_owned(),
        category: if question.index == 9 {
            Category::Adversarial
        } else {
            Category::SingleHop
        },
        question,
        repeat,
        by: "f1.locomo".to_owned(),
        stage,
        turn: None,
        fate: None,
        text: String::new(),
        gold: String::new(),
        answer: None,
    }
}

#[test]
fn a_difference_says_where_questions_went() {
    use LossStage::{CutByBudget, RankedBelowK, Right};
    let one = [
        located("a/q0", 0, RankedBelowK),
        located("a/q1", 0, RankedBelowK),
        located("a/q2", 0, Right),
        located("b/q0", 0, RankedBelowK),
        located("b/q1", 0, CutByBudget),
        located("b/q9", 0, CutByBudget),
    ];
    let other = [
        located("a/q0", 0, Right),
        located("a/q1", 0, Right),
        located("a/q2", 0, Right),
        located("b/q0", 0, CutByBudget),
        located("b/q2", 0, Right),
        located("b/q9", 0, Right),
    ];
    let one: Vec<&Located> = one.iter().collect();
    let other: Vec<&Located> = other.iter().collect();
    let bootstrap = Bootstrap {
        resamples: 200,
        ..Bootstrap::default()
    };
    let found = difference(("one", &one), ("other", &other), bootstrap).unwrap();
    assert_eq!((found.records, found.unpaired), (4, 2));
    let moves: Vec<_> = found
        .moves
        .iter()
        .map(|to| (to.from, to.to, to.count))
        .collect();
    assert_eq!(
        moves,
        [(RankedBelowK, Right, 2), (RankedBelowK, CutByBudget, 1)]
    );
    let of = |stage| {
        found
            .stages
            .iter()
            .find(|difference| difference.stage == stage)
            .unwrap()
    };
    assert_eq!((of(RankedBelowK).first, of(RankedBelowK).second), (3, 0));
    let below = of(RankedBelowK).difference.unwrap();
    assert_eq!((below.n, below.mean), (4, -0.75));
    assert_eq!(of(Right).difference.unwrap().mean, 0.5);
    // What was gained somewhere was lost elsewhere.
    let sum: f64 = found
        .stages
        .iter()
        .filter_map(|stage| Some(stage.difference?.mean))
        .sum();
    assert!(sum.abs() < 1e-12);
}
