//! What the machine can do at most: reading and copying main memory. Every scan of vectors is held
//! against it in docs/PERFORMANCE.md.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// Far more than any cache holds.
const NUMBERS: usize = 64 << 20;
/// Numbers that are added up side by side.
const LANES: usize = 64;

fn sum(numbers: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; LANES];
    let (chunks, _) = numbers.as_chunks::<LANES>();
    for chunk in chunks {
        for (lane, number) in lanes.iter_mut().zip(chunk) {
            *lane += number;
        }
    }
    lanes.iter().sum()
}

fn bandwidth(c: &mut Criterion) {
    let count = match std::env::var("MEMGAUGE_BENCH").as_deref() {
        Ok("smoke") => NUMBERS >> 8,
        _ => NUMBERS,
    };
    let numbers: Vec<f32> = (0..count).map(|n| (n % 7) as f32).collect();
    let mut group = c.benchmark_group("memory");
    group.sample_size(10);
    group.throughput(Throughput::Bytes((count * size_of::<f32>()) as u64));
    group.bench_function("read, one thread", |b| b.iter(|| sum(black_box(&numbers))));
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    group.bench_function(format!("read, {threads} threads"), |b| {
        b.iter(|| {
            std::thread::scope(|scope| {
                let parts = numbers.chunks(count.div_ceil(threads));
                let parts: Vec<_> = parts
                    .map(|part| scope.spawn(|| sum(black_box(part))))
                    .collect();
                let sums = parts.into_iter().map(|part| part.join().unwrap_or(0.0));
                sums.sum::<f32>()
            })
        });
    });
    let mut copy = vec![0.0_f32; count];
    group.bench_function("copy, one thread", |b| {
        b.iter(|| black_box(&mut copy).copy_from_slice(black_box(&numbers)));
    });
    // What one core can read from its own cache.
    let small = numbers.get(..32 << 10).unwrap_or(&numbers);
    group.throughput(Throughput::Bytes(size_of_val(small) as u64));
    group.bench_function("read 128 KiB again and again", |b| {
        b.iter(|| sum(black_box(small)));
    });
    group.finish();
}

criterion_group!(memory, bandwidth);
criterion_main!(memory);
