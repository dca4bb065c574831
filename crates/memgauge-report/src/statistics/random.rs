//! The random numbers of the bootstrap, written out so that a seed means the same in every version.

/// SplitMix64 (Steele, Lea and Flood 2014): turns a seed into well-mixed words.
#[derive(Debug, Clone)]
struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }
}

/// xoshiro256++ (Blackman and Vigna 2019).
#[derive(Debug, Clone)]
pub(crate) struct Xoshiro256 {
    state: [u64; 4],
    /// The unused half of the last word.
    half: Option<u32>,
}

impl Xoshiro256 {
    /// The generator of one stream (here: one resample) of a seed. Streams do not depend on each other, so that work
    /// can be shared among threads in any way.
    pub(crate) fn stream(seed: u64, stream: u64) -> Self {
        let mut outer = SplitMix64(seed);
        let mut inner = SplitMix64(outer.next() ^ stream.wrapping_mul(0xd134_2543_de82_ef95));
        Self {
            state: [inner.next(), inner.next(), inner.next(), inner.next()],
            half: None,
        }
    }

    fn next_u64(&mut self) -> u64 {
        let [a, b, c, d] = self.state;
        let result = a.wrapping_add(d).rotate_left(23).wrapping_add(a);
        let (c, d) = (c ^ a, d ^ b);
        self.state = [a ^ d, b ^ c, c ^ (b << 17), d.rotate_left(45)];
        result
    }

    fn next_u32(&mut self) -> u32 {
        if let Some(half) = self.half.take() {
            return half;
        }
        let word = self.next_u64();
        self.half = Some((word >> 32) as u32);
        word as u32
    }

    /// A number below `bound`, by multiplying. The bias is at most `bound` / 2^32, far below what a bootstrap can see.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        ((u64::from(self.next_u32()) * bound as u64) >> 32) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_authors_sequences_come_out() {
        let mut generator = Xoshiro256 {
            state: [1, 2, 3, 4],
            half: None,
        };
        let first: Vec<_> = (0..5).map(|_| generator.next_u64()).collect();
        assert_eq!(
            first,
            [
                41943041,
                58720359,
                3588806011781223,
                3591011842654386,
                9228616714210784205
            ]
        );
        let mut mixer = SplitMix64(1477776061723855037);
        assert_eq!(
            [mixer.next(), mixer.next()],
            [1985237415132408290, 2979275885539914483]
        );
    }

    #[test]
    fn draws_cover_the_range_evenly() {
        let mut counts = [0u32; 7];
        for stream in 0..100 {
            let mut generator = Xoshiro256::stream(42, stream);
            for _ in 0..700 {
                counts[generator.below(7)] += 1;
            }
        }
        // 10,000 expected each, standard deviation 93.
        assert!(
            counts.iter().all(|count| count.abs_diff(10_000) < 400),
            "{counts:?}"
        );
    }
}
