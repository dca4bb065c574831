use memgauge_core::{
    Category, ErrorKind, Gold, MemoryEvent, MemoryId, OpKind, QuestionId, Source, TurnId,
};
use memgauge_dataset::{Dataset, Errata, errata, locomo};
use serde_json::{Value, json};
use std::path::Path;

use super::*;
use crate::fate::Fate;
use crate::judgements::JudgedRow;
use crate::loss::{LossRules, LossStage, locate};
use crate::metrics::{f1_locomo, f1_set};
use crate::record::{
    AnswerTokens, Candidates, ContextSummary, IngestRow, JudgeError, JudgementRow, Outcome,
    QuestionRecord, TextMetrics,
};
use crate::retrieval::{RankedUnit, score};
use crate::rundir::{RunDir, files};
use crate::statistics::Bootstrap;

/// One conversation with four turns and four questions of category 4.
fn dataset() -> Dataset {
    let question = |text: &str, answer: &str, evidence: &str| json!({"question": text, "answer": answer, "category": 4, "evidence": [evidence]});
    let turn = |id: u32| json!({"speaker": "Ann", "dia_id": format!("D1:{id}"), "text": "words"});
    let file = json!([{
        "sample_id": "one",
        "conversation": {
            "speaker_a": "Ann", "speaker_b": "Ben",
            "session_1_date_time": "1:56 pm on 8 May, 2023",
            "session_1": [turn(1), turn(2), turn(3), turn(4)]
        },
        "observation": {}, "session_summary": {}, "event_summary": {},
        "qa": [
            question("a?", "red", "D1:1"),
            question("b?", "blue", "D1:2"),
            question("c?", "green", "D1:3"),
            question("d?", "grey", "D1:4")
        ]
    }]);
    locomo::parse(Path::new("one.json"), file.to_string().as_bytes()).unwrap()
}

/// q1's answer is wrong (teal, not blue), q2's evidence is (D1:1, not D1:3).
fn overlay(dataset: &Dataset) -> Errata {
    let own = json!({
        "memgauge-errata": 1, "dataset": dataset.fingerprint.content, "source": "us",
        "erratum": [
            {"id": "one/q1", "kind": "hallucination", "answer": "dark teal"},
            {"id": "one/q2", "kind": "wrong-citation", "evidence": ["D1:1"]}
        ]
    });
    errata::parse(Path::new("own.json"), own.to_string().as_bytes(), dataset).unwrap()
}

fn id(index: u32) -> QuestionId {
    format!("one/q{index}").parse().unwrap()
}

/// A run with a memory of every turn but D1:3; the first candidate is shown.
fn run(
    dataset: &Dataset,
    answers: [&str; 4],
    labels: [Option<bool>; 4],
) -> (tempfile::TempDir, RunDir) {
    let folder = tempfile::tempdir().unwrap();
    let dir = RunDir::create(folder.path().join("run")).unwrap();
    let manifest = json!({
        "schema_version": 2, "name": "x", "digest": "", "config": {}, "models": {}, "partial": false,
        "seed": 0, "tool": "", "revision": null, "argv": [], "started": "", "jobs": 1,
        "dataset": {"name": "one", "file": "", "path": "", "sha256": "", "conversations": 1, "questions": 4,
            "content": dataset.fingerprint.content},
        "variants": [{"name": "arm", "system": "turns", "answerer": "extractive", "judge": "llm",
            "control": false, "digest": ""}],
        "machine": {"platform": "", "cpu": null, "cores": 1, "memory_mib": null, "build": ""}
    });
    dir.write_json(files::MANIFEST, &manifest).unwrap();
    let turn = |turn| TurnId::new(1, turn);
    let events = [1, 2, 4]
        .into_iter()
        .zip(0..)
        .map(|(said, id)| MemoryEvent {
            op: OpKind::Add,
            id: Some(MemoryId(id)),
            before: None,
            after: Some("words".to_owned()),
            replaces: false,
            sources: vec![Source::cited(turn(said))],
            at: jiff::civil::date(2023, 5, 8).at(13, 56, 0, 0),
        });
    let journal: Vec<IngestRow> = events
        .zip(0..)
        .map(|(event, seq)| IngestRow {
            variant: "arm".to_owned(),
            conversation: id(0).conversation,
            repeat: 0,
            session: Some(1),
            seq,
            event: Some(event),
            memories: None,
            counters: Default::default(),
        })
        .collect();
    dir.appender(files::INGEST)
        .unwrap()
        .append(&journal)
        .unwrap();

    // Memory 0 (D1:1) is the first candidate of every question, memory 1 (D1:2) the second.
    let lives = [[turn(1)], [turn(2)]];
    let units: Vec<RankedUnit<'_>> = lives
        .iter()
        .map(|live| RankedUnit {
            live,
            all: live,
            tokens: 1,
        })
        .collect();
    let shown = [turn(1)].into();
    let fates = [
        Fate::InContext,
        Fate::Below(2),
        Fate::NoFact,
        Fate::NotCandidate,
    ];
    let entry = &dataset.conversations[0];
    let records: Vec<QuestionRecord> = entry
        .items
        .iter()
        .zip(answers)
        .zip(labels)
        .zip(fates)
        .map(|(((item, answer), label), fate)| {
            let gold = item.key.gold.text();
            QuestionRecord {
                variant: "arm".to_owned(),
                question: item.question.id.clone(),
                repeat: 0,
                category: item.key.category,
                outcome: Outcome::Answered,
                text: item.question.text.clone(),
                gold: item.key.gold.clone(),
                evidence: item.key.evidence.clone(),
                answer: Some(answer.to_owned()),
                answer_entry: None,
                scores: Some(TextMetrics {
                    f1_locomo: f1_locomo(item.key.category, answer, gold),
                    f1_set: Some(f1_set(answer, gold)),
                    bleu1: Some(0.0),
                    exact_match: Some(0.0),
                }),
                judge: label.map(|label| f64::from(u8::from(label))),
                judgements: Vec::new(),
                tokens: None,
                memory_of: None,
                lists: Vec::new(),
                k: 1,
                candidates: Candidates {
                    ids: vec![MemoryId(0), MemoryId(1)],
                    ..Candidates::default()
                },
                context: Some(ContextSummary {
                    entries: 1,
                    memories: vec![MemoryId(0)],
                    ..ContextSummary::default()
                }),
                retrieval: score(&item.key.evidence, Some(&units), &shown),
                fates: vec![(item.key.evidence[0], fate)],
                counters: Default::default(),
            }
        })
        .collect();
    dir.appender(files::RECORDS)
        .unwrap()
        .append(&records)
        .unwrap();
    (folder, dir)
}

fn summed(dir: &RunDir, errata: &Errata) -> ErrataSummary {
    let bootstrap = Bootstrap {
        resamples: 50,
        ..Bootstrap::default()
    };
    errata_summary(dir, &dir.manifest().unwrap(), errata, None, bootstrap).unwrap()
}

fn means(by_key: &ByKey) -> [Option<(usize, f64)>; 4] {
    [
        &by_key.published,
        &by_key.corrected,
        &by_key.clean,
        &by_key.corrupt,
    ]
    .map(|slices| {
        let mean = slices.get("1-4").copied().flatten()?;
        Some((mean.n, mean.mean))
    })
}

fn corrected(run: u32, label: Option<bool>, judge: &str, errata: &Errata) -> CorrectedRow {
    CorrectedRow {
        errata: errata.digest.clone(),
        as_the_run: judge == "own",
        judged: JudgedRow {
            variant: "arm".to_owned(),
            question: id(1),
            repeat: 0,
            judge: judge.to_owned(),
            judgement: JudgementRow {
                run,
                label,
                score: None,
                reply: None,
                request: None,
                error: label.is_none().then(|| JudgeError {
                    kind: ErrorKind::Malformed,
                    message: "unreadable".to_owned(),
                }),
            },
            tokens: None::<AnswerTokens>,
            dollars: None,
            traffic: Vec::new(),
            served_by: Some("model-1".to_owned()),
        },
    }
}

const LABELS: [Option<bool>; 4] = [Some(true), Some(false), Some(false), Some(true)];

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
            found.questions["1-4"],
            found.corrupt["1-4"],
            found.corrupt["temporal"]
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
    assert_eq!((arm.untold, found.evidence), (0, 1));

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
