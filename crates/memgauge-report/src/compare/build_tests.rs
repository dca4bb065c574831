use super::*;
use crate::arm::fake::{FakeRun, judged_by, read};
use crate::statistics::Verdict;

const FEW: Bootstrap = Bootstrap {
    resamples: 500,
    confidence: 0.95,
    seed: 3,
};

fn options() -> CompareOptions {
    CompareOptions {
        bootstrap: FEW,
        ..CompareOptions::default()
    }
}

/// Whether the answer to a question is right.
type Right = fn(u32) -> bool;

/// Ten conversations of twenty questions; an answer is right when `right` says so.
fn run(
    name: &'static str,
    manifest: serde_json::Value,
    variants: &[(&'static str, Right)],
) -> FakeRun {
    let named: Vec<(&'static str, bool)> =
        variants.iter().map(|(name, _)| (*name, false)).collect();
    let mut run = FakeRun::new(name, &named).with(manifest);
    for (variant, right) in variants {
        for at in 0..200_u32 {
            let question = format!("c{}/q{}", at / 20, at % 20);
            let label = right(at);
            let f1 = f64::from(u8::from(label)) / 2.0;
            let category = u8::try_from(at % 5).unwrap_or(0) + 1;
            let labels: &[Option<bool>] = if category == 5 {
                &[]
            } else {
                &[Some(label), Some(label)]
            };
            run.answer(variant, &question, category, Some(f1), labels);
        }
    }
    run
}

fn half(at: u32) -> bool {
    at.wrapping_mul(2_654_435_761) >> 16 & 1 == 0
}

fn more(at: u32) -> bool {
    half(at) || at.is_multiple_of(3)
}

fn other(at: u32) -> bool {
    at.wrapping_mul(40_503) >> 5 & 1 == 0
}

fn arms(folder: &std::path::Path, runs: &[(&str, &FakeRun)]) -> Vec<Arm> {
    let texts: Vec<String> = runs
        .iter()
        .map(|(name, run)| {
            let path = folder.join(name);
            run.write(&path);
            path.display().to_string()
        })
        .collect();
    read(&texts)
}

#[test]
fn a_better_arm_is_told_with_all_its_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let run = run(
        "x",
        judged_by("m", "p"),
        &[("half", half), ("more", more), ("other", other)],
    );
    let arms = arms(folder.path(), &[("one", &run)]);
    let found = compare(&arms, &options()).unwrap();
    assert_eq!((found.metric.as_str(), found.forced), ("j", false));
    assert_eq!(found.pairs.len(), 2);
    let pair = &found.pairs[0];
    assert_eq!(
        (pair.arm.as_str(), pair.reference.as_str()),
        ("more", "half")
    );
    let all = &pair.slices[0];
    let difference = all.difference.unwrap();
    let gained = (0..200)
        .filter(|at| at % 5 != 4 && more(*at) && !half(*at))
        .count();
    assert_eq!(
        (difference.n, difference.won, difference.lost),
        (160, gained, 0)
    );
    assert_eq!(all.verdict, Some(Verdict::Better));
    assert_eq!((pair.won.len(), pair.lost.len()), (gained, 0));
    let test = all.mcnemar.unwrap();
    assert_eq!((test.only_first, test.only_second), (gained, 0));
    assert!((test.p_value - 2.0 * 0.5_f64.powi(i32::try_from(gained).unwrap())).abs() < 1e-12);
    // Of a family of two, the smaller p counts twice.
    let p = |at: usize| found.pairs[at].slices[0].difference.unwrap().p_value;
    assert!(p(0) < p(1));
    assert!((all.p_holm.unwrap() - 2.0 * p(0)).abs() < 1e-12);
    assert!(all.smallest_detectable.unwrap() > 0.0);
    // Category 5 has no labels, and every other category a row.
    let rows: Vec<bool> = pair
        .slices
        .iter()
        .map(|slice| slice.difference.is_some())
        .collect();
    assert_eq!(rows, [true, true, true, true, true, false]);
    assert_eq!(found.arms[1].means[0].unwrap().n, 160);
}

#[test]
fn text_scores_have_no_mcnemar_and_any_category_can_be_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let run = run(
        "x",
        serde_json::json!({}),
        &[("half", half), ("more", more)],
    );
    let arms = arms(folder.path(), &[("one", &run)]);
    let options = CompareOptions {
        metric: Some("f1.locomo".to_owned()),
        categories: vec![Category::Adversarial],
        ..options()
    };
    let found = compare(&arms, &options).unwrap();
    assert_eq!(found.slices, ["adversarial"]);
    let slice = &found.pairs[0].slices[0];
    assert_eq!(slice.difference.unwrap().n, 40);
    assert!(slice.mcnemar.is_none() && slice.mcnemar_is_thin.is_none());
}

#[test]
fn other_judges_are_refused_and_forced_comparisons_marked() {
    let folder = tempfile::tempdir().unwrap();
    let one = run("x", judged_by("m", "p"), &[("half", half)]);
    let two = run("y", judged_by("m", "q"), &[("half", more)]);
    let arms = arms(folder.path(), &[("one", &one), ("two", &two)]);
    let refused = compare(&arms, &options()).unwrap_err().to_string();
    assert_eq!(
        refused,
        "not comparable by j:\n  y:half and x:half: other judge: prompt `q` and `p`"
    );
    let forced = CompareOptions {
        force: true,
        ..options()
    };
    let found = compare(&arms, &forced).unwrap();
    assert!(found.forced && found.incomparable.len() == 1);
    let text = crate::table::comparison(&found, crate::table::Style::Text, 2);
    assert!(text.contains("FORCED"), "{text}");
    assert!(text.contains("better (forced)"), "{text}");
    // Text needs no judge, and force is no mark where nothing had to be forced.
    let text = CompareOptions {
        metric: Some("f1.locomo".to_owned()),
        ..forced
    };
    assert!(!compare(&arms, &text).unwrap().forced);
}

#[test]
fn runs_of_several_variants_are_compared_name_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let one = run("x", judged_by("m", "p"), &[("a", half), ("b", other)]);
    let two = run("y", judged_by("m", "p"), &[("b", more), ("c", more)]);
    let arms = arms(folder.path(), &[("one", &one), ("two", &two)]);
    let found = compare(&arms, &options()).unwrap();
    let pairs: Vec<(&str, &str)> = found
        .pairs
        .iter()
        .map(|pair| (pair.arm.as_str(), pair.reference.as_str()))
        .collect();
    assert_eq!(pairs, [("y:b", "x:b")]);
    assert_eq!(
        found.notes,
        ["y:c has no namesake in the first run and is compared with nothing"]
    );
    let all = CompareOptions {
        all_pairs: true,
        ..options()
    };
    assert_eq!(compare(&arms, &all).unwrap().pairs.len(), 6);
}

#[test]
fn what_cannot_be_compared_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let mut run = FakeRun::new("x", &[("a", false), ("b", false)]);
    run.answer("a", "c/q0", 1, Some(0.5), &[Some(true)]);
    run.answer("b", "c/q1", 1, Some(0.5), &[]);
    let arms = arms(folder.path(), &[("one", &run)]);
    let told = |metric: &str, force: bool| {
        let options = CompareOptions {
            metric: Some(metric.to_owned()),
            force,
            ..options()
        };
        compare(&arms, &options).unwrap_err().to_string()
    };
    assert_eq!(
        told("j", false),
        "b has no j; every arm has: f1.locomo, f1.set, bleu1"
    );
    assert!(told("f1", false).starts_with("unknown metric `f1`"));
    assert!(told("f1.set", false).contains("other questions: 0 in both"));
    assert_eq!(
        told("f1.set", true),
        "b and a: no question that both answered"
    );
    let one = compare(&arms[..1], &options()).unwrap_err().to_string();
    assert_eq!(one, "a comparison needs two arms: there is only a");
}
