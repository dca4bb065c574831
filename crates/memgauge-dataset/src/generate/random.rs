//! Random choices that stay the same in every version.

/// BLAKE3's output, of any length, as a stream of random numbers: one per seed and conversation.
pub(super) struct Random(blake3::OutputReader);

impl Random {
    pub(super) fn new(seed: u64, conversation: u64) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("memgauge dataset generate 1");
        hasher.update(&seed.to_le_bytes());
        hasher.update(&conversation.to_le_bytes());
        Self(hasher.finalize_xof())
    }

    /// A number below `bound`, which is not 0, by multiplying: the bias is below `bound` / 2^32.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        let mut bytes = [0_u8; 4];
        self.0.fill(&mut bytes);
        ((u64::from(u32::from_le_bytes(bytes)) * bound as u64) >> 32) as usize
    }

    /// True in `percent` of 100 cases.
    pub(super) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of `items`; `None` of none.
    pub(super) fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        if items.is_empty() {
            return None;
        }
        items.get(self.below(items.len()))
    }
}
