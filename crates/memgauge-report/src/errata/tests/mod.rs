//! Tests of scores under errata, over one small run.

mod by_key;
mod scores;

use std::path::Path;

use memgauge_core::{ErrorKind, MemoryEvent, MemoryId, OpKind, QuestionId, Source, TurnId};
use memgauge_dataset::{Dataset, Errata, errata, locomo};
use serde_json::json;

use super::*;
use crate::fate::Fate;
use crate::judgements::JudgedRow;
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
    let options = ErrataOptions {
        bootstrap: Bootstrap {
            resamples: 50,
            ..Bootstrap::default()
        },
        ..ErrataOptions::default()
    };
    errata_summary(dir, &dir.manifest().unwrap(), errata, &options).unwrap()
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
