//! Criterion benchmarks of memgauge; see `benches/`.
