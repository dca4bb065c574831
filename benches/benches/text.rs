//! Embedding, tokenizing, and cutting texts into terms.

#![expect(clippy::unwrap_used, reason = "a failed call ends the benchmark")]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use futures::executor::block_on;
use memgauge_core::{Embedder, Tokenizer};
use memgauge_dataset::generate::{GeneratedShape, generate};
use memgauge_dataset::locomo;
use memgauge_model::{CountMemo, MiniLm, Static, StaticWeights, Tiktoken};

/// Turns of a generated conversation.
fn turns() -> Vec<String> {
    let shape = GeneratedShape {
        conversations: 1,
        questions: 0,
        ..GeneratedShape::default()
    };
    let mut json = Vec::new();
    generate(shape, 1, &mut json).unwrap();
    let dataset = locomo::parse("generated.json".as_ref(), &json).unwrap();
    let conversations = dataset.conversations.iter();
    let turns = conversations.flat_map(|entry| entry.conversation.turns());
    turns.map(|(_, turn)| turn.text.clone()).collect()
}

fn embedding(c: &mut Criterion) {
    let turns = turns();
    let all: Vec<&str> = turns.iter().map(String::as_str).collect();
    let mut models: Vec<(&str, Box<dyn Embedder>, usize)> = vec![(
        "static",
        Box::new(Static::new(StaticWeights::Zipf)),
        all.len(),
    )];
    if let Some(folder) = std::env::var_os("MEMGAUGE_MINILM") {
        models.push((
            "minilm",
            Box::new(MiniLm::open(folder.as_ref()).unwrap()),
            16,
        ));
    }
    let mut group = c.benchmark_group("embed");
    group.sample_size(10);
    for (name, model, count) in &models {
        for texts in [&all[..1], &all[..*count]] {
            group.throughput(Throughput::Elements(texts.len() as u64));
            group.bench_function(BenchmarkId::new(*name, texts.len()), |b| {
                b.iter(|| block_on(model.embed(black_box(texts))).unwrap());
            });
        }
    }
    group.finish();
}

fn tokenizing(c: &mut Criterion) {
    let turns = turns();
    let bytes = turns.iter().map(|turn| turn.len() as u64).sum();
    let mut group = c.benchmark_group("tokens of 588 turns");
    group.throughput(Throughput::Bytes(bytes));
    let count = |tokenizer: &dyn Tokenizer| -> usize {
        turns
            .iter()
            .map(|turn| tokenizer.count(black_box(turn)))
            .sum()
    };
    for tokenizer in [Tiktoken::Cl100k, Tiktoken::O200k] {
        group.bench_function(tokenizer.id(), |b| b.iter(|| count(&tokenizer)));
    }
    let memo = CountMemo::new(Tiktoken::Cl100k);
    group.bench_function("cl100k_base, counted before", |b| b.iter(|| count(&memo)));
    group.finish();
}

criterion_group!(text, embedding, tokenizing);
criterion_main!(text);
