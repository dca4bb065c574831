use std::path::Path;

use memgauge_core::Category;

use super::*;
use crate::arm::fake::{FakeRun, imported, judged_by};
use crate::baseline::{MetricName, RunOptions, of_run};
use crate::gate::{MeasuredQuestion, OnUnderpowered, SecondRun};
use crate::rundir::RunDir;

/// A run of four conversations with 30 questions each: every third right, `lost` of these lost again.
fn run(name: &'static str, lost: usize, conversations: usize) -> FakeRun {
    let mut run = FakeRun::new(name, &[("a", false)]);
    for conversation in 0..conversations {
        for question in 0..30 {
            let right = question % 3 == 0 && question / 3 >= lost;
            let id = format!("c{conversation}/q{question}");
            let category = if question % 2 == 0 { 1 } else { 4 };
            run.answer("a", &id, category, Some(f64::from(u8::from(right))), &[]);
        }
    }
    run
}

fn baseline(run: &FakeRun) -> Baseline {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    run.write(&path);
    of_run(&RunDir::open(&path).unwrap(), "x", &RunOptions::default()).unwrap()
}

fn policy(text: &str) -> Policy {
    Policy::parse(Path::new("gate.toml"), text).unwrap()
}

fn held(
    old: &Baseline,
    new: &Baseline,
    policy: &Policy,
    latency: Option<&MeasuredLatency>,
) -> GateReport {
    let input = GateInput {
        baseline: old,
        current: new,
        policy,
        latency,
        seed: 1,
    };
    gate(&input).unwrap()
}

const F1: &str = "[[check]]\nmetric = \"f1.locomo\"";

#[test]
fn the_same_run_has_no_change_and_no_width() {
    let old = baseline(&run("x", 0, 4));
    let report = held(
        &old,
        &old,
        &policy(
            "[[check]]\nmetric = \"f1.locomo\"\n[[check]]\nmetric = \"errors\"\n[[check]]\nmetric = \"context-tokens\"\n[[check]]\nmetric = \"cost\"",
        ),
        None,
    );
    assert_eq!(report.outcome, Outcome::Passed);
    assert_eq!(report.family, 4);
    for check in &report.checks {
        assert_eq!(check.verdict, GateVerdict::NoChange, "{check:?}");
        let interval = check.interval.unwrap();
        assert_eq!((interval.low, interval.high), (0.0, 0.0));
        assert_eq!((check.n, check.conversations), (120, 4));
    }
}

#[test]
fn a_category_of_one_question_that_did_not_change_is_no_change() {
    let mut rare = run("x", 0, 4);
    rare.answer("a", "c0/q99", 3, Some(1.0), &[]);
    let old = baseline(&rare);
    let policy = policy(&format!("{F1}\ncategory = [\"1-4\", 3]"));
    for seed in 0..20 {
        let input = GateInput {
            baseline: &old,
            current: &old,
            policy: &policy,
            latency: None,
            seed,
        };
        let report = gate(&input).unwrap();
        assert_eq!(report.outcome, Outcome::Passed, "seed {seed}");
    }
}

#[test]
fn losses_are_a_regression_and_gains_are_none() {
    let (full, less) = (baseline(&run("x", 0, 4)), baseline(&run("x", 5, 4)));
    let report = held(&full, &less, &policy(F1), None);
    assert_eq!(report.outcome, Outcome::Regressed);
    let check = &report.checks[0];
    assert!(
        (check.difference.unwrap() + 100.0 * 5.0 / 30.0).abs() < 1e-9,
        "{check:?}"
    );
    assert_eq!(
        (check.better_questions, check.worse_questions),
        (Some(0), Some(20))
    );
    assert_eq!(check.losses.len(), 5);
    assert_eq!(check.losses[0].question.to_string(), "c0/q0");
    let report = held(&less, &full, &policy(F1), None);
    assert_eq!(
        (report.outcome, report.checks[0].verdict),
        (Outcome::Passed, GateVerdict::Improved)
    );
    // The same difference where less is better.
    let lower = policy("[[check]]\nmetric = \"f1.locomo\"\nbetter = \"lower\"");
    assert_eq!(held(&less, &full, &lower, None).outcome, Outcome::Regressed);
}

#[test]
fn one_conversation_and_few_questions_are_underpowered() {
    let (full, less) = (baseline(&run("x", 0, 1)), baseline(&run("x", 5, 1)));
    let report = held(&full, &less, &policy(F1), None);
    let check = &report.checks[0];
    assert_eq!(report.outcome, Outcome::Underpowered);
    assert!(
        check.reason.as_ref().unwrap().contains("one conversation"),
        "{check:?}"
    );
    assert!(check.smallest_detectable.unwrap() > 2.0);
    let warn = policy("underpowered = \"warn\"\n[[check]]\nmetric = \"f1.locomo\"");
    let report = held(&full, &less, &warn, None);
    assert_eq!(report.outcome, Outcome::Passed);
    assert_eq!(report.checks[0].underpowered, OnUnderpowered::Warn);
    // One question of 120 differs: too little to be sure, too much for the margin.
    let mut other = run("x", 0, 4);
    other.repeat("a", "c0/q0", 1, 0, Some(0.0), &[]);
    let report = held(
        &baseline(&run("x", 0, 4)),
        &baseline(&other),
        &policy(F1),
        None,
    );
    assert_eq!(report.checks[0].verdict, GateVerdict::Underpowered);
    let wide = policy("[[check]]\nmetric = \"f1.locomo\"\nmargin = 10");
    let report = held(&baseline(&run("x", 0, 4)), &baseline(&other), &wide, None);
    assert_eq!(report.checks[0].verdict, GateVerdict::NoChange);
}

#[test]
fn other_conditions_are_refused_with_what_differs() {
    let old = baseline(&run("x", 0, 4));
    let refused = |new: &Baseline, policy: &Policy| {
        let report = held(&old, new, policy, None);
        assert_eq!(report.outcome, Outcome::Incomparable);
        assert!(report.checks.is_empty());
        let what: Vec<String> = report
            .incomparable
            .iter()
            .map(|one| one.what.clone())
            .collect();
        what
    };
    assert_eq!(
        refused(&baseline(&run("x", 0, 3)), &policy(F1)),
        ["questions"]
    );
    let mut other = old.clone();
    other.head.variants[0].facts.dataset.content = "d".to_owned();
    assert_eq!(refused(&other, &policy(F1)), ["dataset"]);
    let mut other = old.clone();
    other.head.variants[0].name = "b".to_owned();
    assert_eq!(refused(&other, &policy(F1)), ["variant"]);
    let mut other = old.clone();
    other
        .head
        .prompts
        .insert("answer/x".to_owned(), "1".to_owned());
    assert_eq!(refused(&other, &policy(F1)), ["prompts"]);
    let free = policy(&format!("prompts = \"may-differ\"\n{F1}"));
    assert_eq!(held(&old, &other, &free, None).outcome, Outcome::Passed);
    // A prompt that came with a variant of its own is nobody else's.
    let mut fresh = other.head.variants[0].clone();
    fresh.name = "b".to_owned();
    other.head.variants.push(fresh);
    other.variants.push(BTreeMap::new());
    assert_eq!(
        held(&old, &other, &policy(F1), None).outcome,
        Outcome::Passed
    );
    // Unless the others are not what they were: it may be theirs.
    other.head.variants[0].digest.push('x');
    let report = held(&old, &other, &policy(F1), None);
    assert_eq!(report.incomparable[0].what, "prompts");
}

#[test]
fn labels_need_the_same_judge() {
    let judged = |prompt: &str| {
        let mut run = FakeRun::new("x", &[("a", false)]).with(judged_by("m", prompt));
        for conversation in 0..4 {
            run.answer(
                "a",
                &format!("c{conversation}/q0"),
                1,
                Some(1.0),
                &[Some(true)],
            );
        }
        baseline(&run)
    };
    let j = policy("prompts = \"may-differ\"\n[[check]]\nmetric = \"j\"");
    assert_eq!(
        held(&judged("p"), &judged("p"), &j, None).outcome,
        Outcome::Passed
    );
    let report = held(&judged("p"), &judged("q"), &j, None);
    assert_eq!(report.incomparable[0].what, "judge");
    // Text is not judged.
    assert_eq!(
        held(&judged("p"), &judged("q"), &policy(F1), None).outcome,
        Outcome::Passed
    );
}

#[test]
fn answers_that_failed_are_not_passed_over() {
    let mut failing = run("x", 0, 4);
    for conversation in 0..4 {
        for question in [1, 2] {
            let id = format!("c{conversation}/q{question}");
            let category = if question % 2 == 0 { 1 } else { 4 };
            failing.repeat("a", &id, category, 0, None, &[]);
        }
    }
    let errors = policy(&format!("{F1}\n[[check]]\nmetric = \"errors\""));
    let report = held(
        &baseline(&run("x", 0, 4)),
        &baseline(&failing),
        &errors,
        None,
    );
    assert_eq!(report.checks[0].verdict, GateVerdict::Underpowered);
    assert!(
        report.checks[0]
            .reason
            .as_ref()
            .unwrap()
            .starts_with("8 of 120 questions")
    );
    assert_eq!(report.checks[1].verdict, GateVerdict::Regressed);
    assert_eq!(report.outcome, Outcome::Regressed);
}

#[test]
fn limits_hold_the_value_itself() {
    let old = baseline(&run("x", 0, 4));
    let floor = |at: f64| policy(&format!("{F1}\nfloor = {at}"));
    assert_eq!(
        held(&old, &old, &floor(33.0), None).outcome,
        Outcome::Passed
    );
    let report = held(&old, &old, &floor(34.0), None);
    assert_eq!(report.outcome, Outcome::Regressed);
    assert_eq!(
        report.checks[0].reason.as_deref(),
        Some("below the floor of 34")
    );
    // Answers that all failed have no value: a floor is not passed for want of one.
    let mut gone = FakeRun::new("x", &[("a", false)]);
    for conversation in 0..4 {
        for question in 0..30 {
            let id = format!("c{conversation}/q{question}");
            let category = if question % 2 == 0 { 1 } else { 4 };
            gone.answer("a", &id, category, None, &[]);
        }
    }
    let warned = policy(&format!("underpowered = \"warn\"\n{F1}\nfloor = 20"));
    let report = held(&old, &baseline(&gone), &warned, None);
    assert_eq!(report.outcome, Outcome::Underpowered);
    assert!(report.checks[0].trips, "{:?}", report.checks[0]);
    assert_eq!(report.checks[0].limits[0].broken, None);
    // Nor for the few that are left, and a second run that failed acquits no broken one.
    let first = held(&old, &old, &policy(&format!("{F1}\nfloor = 34")), None);
    for question in [1, 3, 5] {
        gone.answer("a", &format!("c0/q{question}"), 4, Some(1.0), &[]);
    }
    let left = held(&old, &baseline(&gone), &warned, None);
    assert_eq!(left.outcome, Outcome::Underpowered);
    assert!(left.checks[0].n > 0 && left.checks[0].trips);
    let mut confirmed = first.clone();
    confirmed.confirm(&SecondRun {
        report: &left,
        how: "run again",
        latency: false,
    });
    assert_eq!(confirmed.outcome, Outcome::Regressed);
    let told = confirmed.checks[0].confirmation.as_ref().unwrap();
    assert_eq!(told.confirmed, None);
    assert!(
        told.how
            .starts_with("run again, which cannot tell: there is no current value"),
        "{told:?}"
    );
    let ceiling = policy("[[check]]\nmetric = \"context-tokens\"\nceiling = 11.5");
    assert_eq!(held(&old, &old, &ceiling, None).outcome, Outcome::Regressed);
}

#[test]
fn what_a_policy_cannot_ask_for_is_told() {
    let old = baseline(&run("x", 0, 4));
    let told = |text: &str| {
        let input = GateInput {
            baseline: &old,
            current: &old,
            policy: &policy(text),
            latency: None,
            seed: 1,
        };
        gate(&input).unwrap_err().to_string()
    };
    let missing = told("[[check]]\nmetric = \"evidence.mrr\"");
    assert!(
        missing.contains("check[0].metric") && missing.contains("f1.locomo"),
        "{missing}"
    );
    let twice = told(&format!("{F1}\n{F1}\nmargin = 5"));
    assert!(
        twice.contains("check[1]") && twice.contains("by check[0] already"),
        "{twice}"
    );
    let twice = told(&format!("{F1}\nvariants = [\"a\", \"a\"]"));
    assert!(
        twice.contains("f1.locomo of a") && twice.contains("a test stands once"),
        "{twice}"
    );
    let variant = told(&format!("{F1}\nvariants = [\"aa\"]"));
    assert!(variant.contains("did you mean `a`"), "{variant}");
    // Nobody knows what another tool spent.
    let other = baseline(&run("x", 0, 4).with(imported(None)));
    let cost = policy("[[check]]\nmetric = \"cost\"");
    let input = GateInput {
        baseline: &other,
        current: &other,
        policy: &cost,
        latency: None,
        seed: 1,
    };
    assert!(
        gate(&input)
            .unwrap_err()
            .to_string()
            .contains("no variant of the baseline has cost")
    );
}

fn measured(factor: f64) -> MeasuredLatency {
    let rows = (0..4)
        .flat_map(|conversation| (0..30).map(move |question| (conversation, question)))
        .map(|(conversation, question)| {
            let base = 0.2 + f64::from(question) / 100.0;
            MeasuredQuestion {
                question: format!("c{conversation}/q{question}").parse().unwrap(),
                rounds: (0..5)
                    .map(|round| {
                        let noise = 1.0 + f64::from((question * 7 + round * 3) % 11) / 500.0;
                        (base * factor * noise, base * (2.01 - noise))
                    })
                    .collect(),
            }
        })
        .collect();
    MeasuredLatency {
        variants: [("a".to_owned(), rows)].into(),
        ..MeasuredLatency::default()
    }
}

#[test]
fn latency_is_measured_in_turns_or_not_judged() {
    let old = baseline(&run("x", 0, 4));
    let latency = policy("[[check]]\nmetric = \"latency.p95\"");
    let verdict =
        |measured: Option<&MeasuredLatency>| held(&old, &old, &latency, measured).checks[0].verdict;
    assert_eq!(verdict(None), GateVerdict::Underpowered);
    assert_eq!(verdict(Some(&measured(1.0))), GateVerdict::NoChange);
    assert_eq!(verdict(Some(&measured(1.02))), GateVerdict::NoChange);
    assert_eq!(verdict(Some(&measured(1.3))), GateVerdict::Regressed);
    assert_eq!(verdict(Some(&measured(0.7))), GateVerdict::Improved);
    assert_eq!(
        verdict(Some(&MeasuredLatency::default())),
        GateVerdict::Underpowered
    );
}

#[test]
fn rounds_of_two_measurements_are_put_together() {
    let mut both = measured(1.0);
    let mut other = measured(1.0);
    let rows = other.variants.get_mut("a").unwrap();
    rows.pop();
    other.refused.insert("b".to_owned(), "why".to_owned());
    both.add(other);
    let rows = &both.variants["a"];
    assert_eq!((rows.len(), rows[0].rounds.len()), (119, 10));
    assert_eq!(both.refused["b"], "why");
}

#[test]
fn a_regression_that_does_not_show_again_is_not_decided() {
    let (full, less) = (baseline(&run("x", 0, 4)), baseline(&run("x", 5, 4)));
    let first = held(&full, &less, &policy(F1), None);
    let confirm = |second: &GateReport| {
        let mut report = first.clone();
        report.confirm(&SecondRun {
            report: second,
            how: "run again",
            latency: false,
        });
        report
    };
    let agreed = confirm(&first);
    assert_eq!(agreed.outcome, Outcome::Regressed);
    assert_eq!(
        agreed.checks[0].confirmation.as_ref().unwrap().confirmed,
        Some(true)
    );
    let other = confirm(&held(&full, &full, &policy(F1), None));
    assert_eq!(other.outcome, Outcome::Underpowered);
    assert_eq!(
        other.checks[0].confirmation.as_ref().unwrap().confirmed,
        Some(false)
    );
    // One that measured too little acquits nobody.
    let mut failing = run("x", 0, 4);
    for question in 0..30 {
        let category = if question % 2 == 0 { 1 } else { 4 };
        failing.repeat("a", &format!("c0/q{question}"), category, 0, None, &[]);
    }
    let thin = confirm(&held(&full, &baseline(&failing), &policy(F1), None));
    assert_eq!(thin.outcome, Outcome::Regressed);
    let told = thin.checks[0].confirmation.as_ref().unwrap();
    assert!(
        told.confirmed.is_none() && told.how.contains("30 of 120 questions"),
        "{told:?}"
    );
    // A second run that compares with nothing acquits nobody.
    let mut nothing = first.clone();
    nothing.checks.clear();
    let unseen = confirm(&nothing);
    assert_eq!(unseen.outcome, Outcome::Regressed);
    assert_eq!(
        unseen.checks[0].confirmation.as_ref().unwrap().confirmed,
        None
    );
    // Latency was not what was looked at again.
    let mut latency = first.clone();
    latency.confirm(&SecondRun {
        report: &first,
        how: "",
        latency: true,
    });
    assert_eq!(latency.checks[0].confirmation, None);
}

#[test]
fn columns_are_those_of_the_run_and_slices_of_the_policy() {
    let old = baseline(&run("x", 0, 4));
    assert_eq!(
        old.head.columns,
        [
            "f1.locomo",
            "f1.set",
            "bleu1",
            "context-tokens",
            "cost",
            "errors"
        ]
    );
    let slices = policy(&format!("{F1}\ncategory = [\"multi-hop\", 4]"));
    let report = held(&old, &old, &slices, None);
    let n: Vec<(String, usize)> = report
        .checks
        .iter()
        .map(|one| (one.slice.clone(), one.n))
        .collect();
    assert_eq!(
        n,
        [
            ("multi-hop".to_owned(), 60),
            (Category::SingleHop.name().to_owned(), 60)
        ]
    );
    assert!(MetricName::parse("f1.locomo").is_ok());
}
