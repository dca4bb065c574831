//! What the benchmarks are run on: see `benches/`.

mod corpus;

pub use corpus::{changes, clustered, text};

/// A number of memories and the length of their vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Memories.
    pub memories: usize,
    /// Numbers in a vector.
    pub dimensions: usize,
}

impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}x{}", self.memories, self.dimensions)
    }
}

impl Size {
    /// Bytes of its vectors, as a scan of all of them touches them.
    pub fn bytes(self) -> u64 {
        (self.memories * self.dimensions * size_of::<f32>()) as u64
    }
}

/// The sizes to measure: 1,000 and 10,000 memories with 256 dimensions; with `MEMGAUGE_BENCH=full` also
/// 100,000, and all three with 1,536 dimensions; with `MEMGAUGE_BENCH=smoke` only 200 with 64, to see
/// that everything runs.
pub fn sizes() -> Vec<Size> {
    let all = |memories: &[usize], dimensions: &[usize]| -> Vec<Size> {
        let of = |dimensions: &usize| {
            let dimensions = *dimensions;
            let sizes = memories.iter().map(move |memories| Size {
                memories: *memories,
                dimensions,
            });
            sizes.collect::<Vec<_>>()
        };
        dimensions.iter().flat_map(of).collect()
    };
    match std::env::var("MEMGAUGE_BENCH").as_deref() {
        Ok("full") => all(&[1_000, 10_000, 100_000], &[256, 1_536]),
        Ok("smoke") => all(&[200], &[64]),
        _ => all(&[1_000, 10_000], &[256]),
    }
}
