use memgauge_core::{Category, Gold};
use memgauge_dataset::Errata;
use serde_json::{Value, json};

use super::*;
use crate::judgements::JudgedRow;
use crate::loss::{LossRules, LossStage, locate};
use crate::rundir::files;

#[test]
fn text_metrics_have_every_key_and_j_waits_for_the_judge() {
    let dataset = dataset();
    let errata = overlay(&dataset);
    let (_folder, dir) = run(&dataset, ["red", "dark teal", "x", "grey"], LABELS);
    let found = summed(&dir, &errata);
    let arm = &found.variants[0];
    assert_eq!(
        means(&arm.metrics["f1.locomo"]),
        [
            Some((4, 0.5)),
            Some((4, 0.75)),
            Some((3, 2.0 / 3.0)),
            Some((1, 0.0))
        ]
    );
    // Nobody has judged q1 with the corrected answer: a dash, and not the mean of the rest.
    assert_eq!(
        means(&arm.metrics["j"]),
        [Some((4, 0.5)), None, Some((3, 2.0 / 3.0)), Some((1, 0.0))]
    );
    assert_eq!(found.judged_by, None);
    assert_eq!(
        (
            found.overlay.questions["1-4"],
            found.overlay.corrupt["1-4"],
            found.overlay.corrupt["temporal"]
        ),
        (4, 1, 0)
    );

    // Two runs of the run's own judge: half right. A stranger's file does not stand in its way.
    let mut file = dir.appender(&corrected_file("a")).unwrap();
    file.append(&[corrected(0, Some(true), "other", &errata)])
        .unwrap();
    let mut file = dir.appender(&corrected_file("z")).unwrap();
    let rows = [
        corrected(0, None, "own", &errata),
        corrected(0, Some(true), "own", &errata),
        corrected(1, Some(false), "own", &errata),
        corrected(2, None, "own", &errata),
    ];
    file.append(&rows).unwrap();
    let found = summed(&dir, &errata);
    assert_eq!(means(&found.variants[0].metrics["j"])[1], Some((4, 0.625)));
    let judge = found.judged_by.unwrap();
    assert_eq!(
        (judge.name.as_str(), judge.as_the_run, judge.errors),
        ("z", true, 1)
    );
    assert_eq!(judge.served_by, ["model-1"]);
    // Labels under another overlay are labels about something else.
    let other = CorrectedRows::read(&dir, "another", None).unwrap();
    assert_eq!(other.judge, None);
    let named = CorrectedRows::read(&dir, &errata.digest, Some("a")).unwrap();
    assert!(!named.judge.unwrap().as_the_run);
}

#[test]
fn evidence_is_held_against_corrected_citations() {
    let dataset = dataset();
    let errata = overlay(&dataset);
    let (_folder, dir) = run(&dataset, ["x"; 4], LABELS);
    let found = summed(&dir, &errata);
    let arm = &found.variants[0];
    // Published: D1:1 and D1:2 of the four gold turns are candidates. Corrected: q2 rests on D1:1.
    let recall = means(&arm.metrics["evidence.recall@10"]);
    assert_eq!(recall, [Some((4, 0.5)), Some((4, 0.75)), None, None]);
    assert_eq!(
        means(&arm.metrics["evidence.context"])[..2],
        [Some((4, 0.25)), Some((4, 0.5))]
    );
    assert_eq!((arm.untold, found.overlay.evidence), (0, 1));

    // Where the files do not give the stored metrics again, nothing is told.
    std::fs::remove_file(dir.file(files::INGEST)).unwrap();
    let found = summed(&dir, &errata);
    let arm = &found.variants[0];
    assert_eq!(
        means(&arm.metrics["evidence.recall@10"])[1],
        Some((3, 2.0 / 3.0))
    );
    assert_eq!(arm.untold, 1);
}

#[test]
fn the_ceiling_is_what_an_honest_answer_scores() {
    let dataset = dataset();
    let errata = overlay(&dataset);
    let items: Vec<_> = dataset.items().collect();
    let golds = items
        .iter()
        .map(|item| (&item.question.id, item.key.category, &item.key.gold));
    let found = ceiling(&errata, golds);
    assert_eq!(found.get("j", "1-4"), Some(0.75));
    assert_eq!(found.get("f1.set", "single-hop"), Some(0.75));
    assert_eq!(found.get("j", "temporal"), None);
    assert!(found.is_above("j", "1-4", 0.76) && !found.is_above("j", "1-4", 0.75));
    assert!(!found.is_above("evidence.recall@10", "1-4", 1.0));
    // A corrected answer that shares a word with the published one reaches a part.
    let near = Gold::Answer("teal".to_owned());
    let found = ceiling(&errata, [(&id(1), Category::SingleHop, &near)]);
    assert!((found.get("f1.set", "1-4").unwrap() - 2.0 / 3.0).abs() < 1e-12);
    assert_eq!(found.get("j", "1-4"), Some(0.0));
}

#[test]
fn losses_know_faulty_keys_and_corrected_evidence() {
    let dataset = dataset();
    let errata = overlay(&dataset);
    let (_folder, dir) = run(&dataset, ["red", "dark teal", "x", "grey"], LABELS);
    let manifest = dir.manifest().unwrap();
    let stages = |errata: Option<&Errata>, rules: &LossRules| -> Vec<LossStage> {
        let located = locate(&dir, &manifest, errata, rules).unwrap();
        located.into_iter().map(|located| located.stage).collect()
    };
    let rules = LossRules::default();
    use LossStage::*;
    assert_eq!(
        stages(None, &rules),
        [Right, RankedBelowK, NeverExtracted, Right]
    );
    // q1 has no label under the corrected key; q2's corrected turn stood in the context.
    assert_eq!(
        stages(Some(&errata), &rules),
        [Right, GoldOrEvidenceFaulty, InContextAnsweredWrong, Right]
    );
    let by_words = LossRules {
        metric: Some("f1.locomo".to_owned()),
        ..LossRules::default()
    };
    assert_eq!(stages(Some(&errata), &by_words)[1], RightButJudgedWrong);
    let mut file = dir.appender(&corrected_file("z")).unwrap();
    file.append(&[corrected(0, Some(false), "own", &errata)])
        .unwrap();
    assert_eq!(stages(Some(&errata), &rules)[1], RankedBelowK);

    let second = JudgedRow {
        question: id(2),
        ..corrected(0, Some(true), "strict", &errata).judged
    };
    dir.appender("judgements-strict.jsonl")
        .unwrap()
        .append(&[second])
        .unwrap();
    let asked = LossRules {
        second: vec!["strict".to_owned()],
        ..LossRules::default()
    };
    assert_eq!(stages(None, &asked)[2], RightButJudgedWrong);
    assert_eq!(stages(None, &rules)[2], NeverExtracted);
    let value: Value =
        serde_json::to_value(locate(&dir, &manifest, None, &rules).unwrap()).unwrap();
    assert_eq!(value[1]["turn"], "D1:2");
    assert_eq!(value[1]["fate"], json!({"below": 2}));
}
