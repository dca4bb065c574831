//! Memories that are made up, the same every time.

use std::collections::BTreeMap;

use jiff::civil::date;
use memgauge_core::{ConversationId, Fact, MemoryKind, MemoryOp, Scope, Source, TurnId};
use memgauge_store::Change;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::Size;

/// Words of a turn of dialogue, about as many as LOCOMO's have.
const WORDS: usize = 22;
/// Vectors that lie around one centre.
const CLUSTER: usize = 40;

/// A word of a vocabulary in which the nth is about n times rarer than the first.
fn word(rng: &mut StdRng) -> String {
    let share: f64 = rng.random();
    let rank = (5_000_f64).powf(share) as u32;
    format!("w{rank}")
}

/// A text of that many words.
pub fn text(rng: &mut StdRng, words: usize) -> String {
    let words: Vec<String> = (0..words).map(|_| word(rng)).collect();
    words.join(" ")
}

/// Vectors around common centres, as embeddings of texts are. Of uniformly random ones none is near
/// to another, which no index could make use of.
pub fn clustered(count: usize, dimensions: usize, seed: u64) -> Vec<Vec<f32>> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut random = || -> Vec<f32> {
        (0..dimensions)
            .map(|_| rng.random_range(-1.0..1.0))
            .collect()
    };
    let centres: Vec<Vec<f32>> = (0..count.div_ceil(CLUSTER)).map(|_| random()).collect();
    (0..count)
        .map(|index| {
            let centre = centres.get(index % centres.len()).into_iter().flatten();
            centre.zip(random()).map(|(x, y)| x + 0.8 * y).collect()
        })
        .collect()
}

/// `size.memories` additions. Of every 100, 1 belongs to the user `one`, 10 to `ten`, 50 to `fifty` and the
/// others to `rest`.
pub fn changes(size: Size, vectors: &[Vec<f32>]) -> Vec<Change> {
    let mut rng = StdRng::seed_from_u64(5);
    (0_u32..)
        .zip(vectors.iter().take(size.memories))
        .map(|(n, vector)| {
            let held_at = date(2023, 5, 1).at(13, 56, 0, 0);
            let user = match n % 100 {
                0 => "one",
                1..=10 => "ten",
                11..=60 => "fifty",
                _ => "rest",
            };
            Change {
                op: MemoryOp::Add(Fact {
                    kind: MemoryKind::Verbatim,
                    text: text(&mut rng, WORDS),
                    speaker: None,
                    sources: vec![Source::cited(TurnId::new(n / 25 + 1, n % 25 + 1))],
                    held_at,
                    metadata: BTreeMap::from([("session".to_owned(), (n / 25).to_string())]),
                }),
                conversation: ConversationId::new("conv"),
                scope: Scope::user(user),
                embedding: Some(vector.clone()),
                at: held_at,
            }
        })
        .collect()
}
