use serde_json::Value;

use super::*;
use crate::arm::fake::{FakeRun, imported, judged_by, read};
use crate::table::{Style, ranking};

const FEW: Bootstrap = Bootstrap {
    resamples: 500,
    confidence: 0.95,
    seed: 3,
};

/// Writes a run of one variant with 200 questions; of a hundred answers so many are right, the first ones.
fn write(folder: &std::path::Path, name: &'static str, manifest: Value, right: u32) -> String {
    let mut run = FakeRun::new(name, &[(name, false)]).with(manifest);
    for at in 0..200_u32 {
        let label = at.wrapping_mul(37) % 100 < right;
        let question = format!("c{}/q{}", at / 20, at % 20);
        let f1 = f64::from(u8::from(label));
        run.answer(name, &question, 4, Some(f1), &[Some(label)]);
    }
    let path = folder.join(name);
    run.write(&path);
    path.display().to_string()
}

fn by(metric: Option<&str>) -> RankOptions {
    RankOptions {
        metric: metric.map(str::to_owned),
        bootstrap: FEW,
        ..RankOptions::default()
    }
}

fn ranks(group: &RankGroup) -> Vec<(&str, Option<usize>, bool)> {
    let rows = group.rows.iter();
    rows.map(|row| (row.label.as_str(), row.rank, row.is_tied))
        .collect()
}

#[test]
fn arms_are_sorted_and_neighbours_that_are_not_decided_share_a_rank() {
    let folder = tempfile::tempdir().unwrap();
    let judge = || judged_by("m", "p");
    let texts = [
        write(folder.path(), "low", judge(), 30),
        write(folder.path(), "high", judge(), 61),
        write(folder.path(), "top", judge(), 61),
        write(folder.path(), "mid", judge(), 45),
    ];
    let found = rank(&read(&texts), &by(None)).unwrap();
    assert_eq!((found.metric.as_str(), found.groups.len()), ("j", 1));
    let group = &found.groups[0];
    assert_eq!(
        ranks(group),
        [
            ("high", Some(1), false),
            ("top", Some(1), true),
            ("mid", Some(3), false),
            ("low", Some(4), false)
        ]
    );
    let behind = group.rows[2].behind.unwrap();
    assert!((behind.mean - 0.16).abs() < 1e-12, "{behind:?}");
    let row = &group.rows[0];
    assert_eq!(
        (row.asked, row.failed, row.categories.as_slice()),
        (200, 0, &[4][..])
    );
    assert_eq!(row.answer_model.as_deref(), Some("gpt-4o-mini"));
    let text = ranking(&found, Style::Text);
    assert!(
        text.contains("1=") && text.contains("gpt-4o-mini"),
        "{text}"
    );
}

#[test]
fn other_judges_and_datasets_are_not_mixed() {
    let folder = tempfile::tempdir().unwrap();
    let texts = [
        write(folder.path(), "a", judged_by("m", "p"), 30),
        write(folder.path(), "b", judged_by("m", "q"), 40),
        write(folder.path(), "c", imported(None), 50),
        write(folder.path(), "d", imported(None), 60),
    ];
    let arms = read(&texts);
    let found = rank(&arms, &by(None)).unwrap();
    let groups: Vec<Vec<(&str, Option<usize>, bool)>> = found.groups.iter().map(ranks).collect();
    assert_eq!(
        groups,
        [
            vec![("d", None, false), ("c", None, false)],
            vec![("a", Some(1), false)],
            vec![("b", Some(1), false)]
        ]
    );
    assert!(!found.groups[0].is_comparable);
    let text = ranking(&found, Style::Markdown);
    assert!(text.contains("judge not known, prompt not known"), "{text}");
    assert!(text.contains("Nobody knows"), "{text}");
    // By their text all four can be compared.
    let text = rank(&arms, &by(Some("f1.locomo"))).unwrap();
    assert_eq!(text.groups.len(), 1);
    assert_eq!(text.groups[0].rows[0].label, "d");
    assert!(text.groups[0].rows[0].imported);
}

#[test]
fn arms_of_other_questions_are_in_other_tables_and_do_not_move_intervals() {
    let folder = tempfile::tempdir().unwrap();
    let whole = write(folder.path(), "a", imported(None), 30);
    // The same answers to the questions of two conversations alone, and all but a few of the others.
    let part = |name: &'static str, kept: &dyn Fn(u32) -> bool| {
        let mut run = FakeRun::new(name, &[(name, false)]).with(imported(None));
        for at in (0..200_u32).filter(|at| kept(*at)) {
            let f1 = f64::from(u8::from(at.wrapping_mul(37) % 100 < 30));
            run.answer(
                name,
                &format!("c{}/q{}", at / 20, at % 20),
                4,
                Some(f1),
                &[],
            );
        }
        let path = folder.path().join(name);
        run.write(&path);
        path.display().to_string()
    };
    let few = part("b", &|at| at < 40);
    let most = part("c", &|at| at % 20 != 7);
    let f1 = by(Some("f1.locomo"));
    let all = rank(&read(&[whole, few.clone(), most]), &f1).unwrap();
    let labels = |group: &RankGroup| -> Vec<String> {
        let rows = group.rows.iter();
        rows.map(|row| row.label.clone()).collect()
    };
    assert_eq!(all.groups.len(), 2);
    assert_eq!(labels(&all.groups[0]), ["c", "a"]);
    assert_eq!(labels(&all.groups[1]), ["b"]);
    let alone = rank(&read(&[few]), &f1).unwrap();
    assert_eq!(all.groups[1].rows[0].means, alone.groups[0].rows[0].means);
}

#[test]
fn an_arm_without_the_metric_stands_last() {
    let folder = tempfile::tempdir().unwrap();
    let mut bare = FakeRun::new("bare", &[("bare", false)]).with(judged_by("m", "p"));
    bare.answer("bare", "c0/q0", 4, Some(0.5), &[]);
    bare.write(&folder.path().join("bare"));
    let texts = [
        folder.path().join("bare").display().to_string(),
        write(folder.path(), "a", judged_by("m", "p"), 30),
    ];
    let found = rank(&read(&texts), &by(Some("j"))).unwrap();
    let all: Vec<_> = found.groups.iter().flat_map(ranks).collect();
    assert!(all.contains(&("bare", None, false)) && all.contains(&("a", Some(1), false)));
    assert!(rank(&read(&texts[..1]), &by(Some("j"))).is_err());
}
