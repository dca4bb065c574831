//! Metrics, the bootstrap, and writing records.

#![expect(clippy::unwrap_used, reason = "a failed call ends the benchmark")]

use std::collections::BTreeMap;
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use memgauge_core::{Category, Gold, MemoryId, TurnId};
use memgauge_report::metrics::{PreparedGold, bleu1, f1_locomo, f1_set};
use memgauge_report::record::{Candidates, ContextSummary, Outcome, QuestionRecord, TextMetrics};
use memgauge_report::statistics::{Bootstrap, Layout};
use memgauge_report::{RunDir, files};
use serde_json::Value;

const GOLD: &str = "the Saturday before 3 February 2023, at a farm auction near Skipton";
const ANSWER: &str = "She bought it last Saturday at an auction on a farm, 28 January 2023";

fn metrics(c: &mut Criterion) {
    let mut group = c.benchmark_group("metrics");
    group.bench_function("F1 (sets)", |b| {
        b.iter(|| f1_set(black_box(ANSWER), black_box(GOLD)))
    });
    group.bench_function("F1 (LOCOMO)", |b| {
        b.iter(|| f1_locomo(Category::MultiHop, black_box(ANSWER), black_box(GOLD)));
    });
    group.bench_function("BLEU-1", |b| {
        b.iter(|| bleu1(black_box(ANSWER), black_box(GOLD)))
    });
    let gold = PreparedGold::new(Category::MultiHop, GOLD);
    group.bench_function("all of a prepared answer", |b| {
        b.iter(|| gold.score(black_box(ANSWER)))
    });
    group.finish();
}

/// LOCOMO: 10 conversations, 1,540 questions of categories 1 to 4.
fn bootstrap(c: &mut Criterion) {
    let places: Vec<(usize, usize)> = (0..1540).map(|n| (n % 10, n % 4)).collect();
    let layout = Layout::new(&places);
    let column = |seed: usize| -> Vec<Option<f64>> {
        (0..1540)
            .map(|n| Some(((n * 31 + seed) % 101) as f64 / 100.0))
            .collect()
    };
    let columns: Vec<Vec<Option<f64>>> = (0..12).map(column).collect();
    let strata = [0, 1, 2, 3];
    let mut group = c.benchmark_group("bootstrap");
    group.sample_size(10);
    for count in [1, 12] {
        let columns: Vec<_> = columns.iter().take(count).map(Vec::as_slice).collect();
        let id = BenchmarkId::new("10,000 resamples of 1,540 questions, columns", count);
        group.bench_function(id, |b| {
            b.iter(|| {
                let bootstrap = Bootstrap::default();
                bootstrap
                    .means(black_box(&layout), &[&strata[..]], &columns)
                    .unwrap()
            });
        });
    }
    group.finish();
}

fn record(index: u32) -> QuestionRecord {
    let ids: Vec<MemoryId> = (0..200).map(|n| MemoryId((n * 37 + index) % 588)).collect();
    let ranks: Vec<Option<u32>> = (1..=200)
        .map(|rank| (rank % 5 > 0).then_some(rank))
        .collect();
    let scores: Vec<f32> = (0..200).map(|n| 1.0 / (n as f32 + 1.7)).collect();
    let found: Vec<Option<f32>> = scores.iter().copied().map(Some).collect();
    QuestionRecord {
        variant: "turns-hybrid".to_owned(),
        question: format!("conv-26/q{index}").parse().unwrap(),
        repeat: 0,
        category: Category::MultiHop,
        outcome: Outcome::Answered,
        text: "When did she buy the boat, and near which town?".to_owned(),
        gold: Gold::Answer(GOLD.to_owned()),
        evidence: vec![TurnId::new(1, 3), TurnId::new(4, 7)],
        answer: Some(ANSWER.to_owned()),
        answer_entry: Some(3),
        scores: Some(TextMetrics {
            f1_locomo: 0.5,
            f1_set: Some(0.4),
            bleu1: Some(0.3),
            exact_match: Some(0.0),
        }),
        judge: None,
        judgements: Vec::new(),
        tokens: None,
        memory_of: None,
        lists: vec!["dense".to_owned(), "lexical".to_owned()],
        k: 30,
        candidates: Candidates {
            ids: ids.clone(),
            scores,
            ranks: vec![ranks.clone(), ranks],
            list_scores: vec![found.clone(), found],
        },
        context: Some(ContextSummary {
            digest: "5".repeat(64),
            entries: 30,
            memories: ids.into_iter().take(30).collect(),
            cut: Vec::new(),
            dropped: Vec::new(),
            cl100k: 1_000,
            o200k: 990,
        }),
        retrieval: None,
        fates: Vec::new(),
        counters: BTreeMap::from([("retriever:dense".to_owned(), 1)]),
    }
}

fn records(c: &mut Criterion) {
    const COUNT: u32 = 1_000;
    let records: Vec<QuestionRecord> = (0..COUNT).map(record).collect();
    let bytes = serde_json::to_vec(&records).unwrap().len() as u64;
    let folder = tempfile::tempdir().unwrap();
    let dir = RunDir::create(folder.path().join("run")).unwrap();
    let mut group = c.benchmark_group("records");
    group.sample_size(10);
    group.throughput(Throughput::Bytes(bytes / u64::from(COUNT)));
    let mut appender = dir.appender("appended.jsonl").unwrap();
    let mut next = records.iter().cycle();
    group.bench_function("write one of 200 candidates", |b| {
        b.iter(|| appender.append(next.next()).unwrap());
    });
    group.throughput(Throughput::Bytes(bytes));
    // Backwards, so that every time all of them are moved.
    dir.appender(files::RECORDS)
        .unwrap()
        .append(&records)
        .unwrap();
    let mut is_rising = true;
    group.bench_function(format!("put {COUNT} in order"), |b| {
        b.iter(|| {
            is_rising = !is_rising;
            let sign = if is_rising { 1 } else { -1 };
            let key = |row: Value| {
                let question = row.get("question")?.as_str()?.rsplit_once('q')?.1;
                Some(sign * question.parse::<i64>().ok()?)
            };
            assert!(dir.rewrite(files::RECORDS, key).unwrap());
        });
    });
    group.finish();
}

criterion_group!(report, metrics, bootstrap, records);
criterion_main!(report);
