//! What the tests of the store share.
#![allow(dead_code, reason = "every test binary uses a part of it")]

pub mod model;

use std::collections::BTreeMap;

use jiff::civil::{DateTime, date};
use memgauge_core::{ConversationId, Fact, MemoryId, MemoryKind, MemoryOp, Scope, Source};
use memgauge_store::{Change, GraphChange, NewNode, NodeRef};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

pub fn day(n: i8) -> DateTime {
    date(2023, 5, n).at(13, 56, 0, 0)
}

pub fn fact(text: &str, sources: &[Source]) -> Fact {
    Fact {
        kind: MemoryKind::Fact,
        text: text.to_owned(),
        speaker: Some("Ada".to_owned()),
        sources: sources.to_vec(),
        held_at: day(1),
        metadata: BTreeMap::new(),
    }
}

fn change(op: MemoryOp, user: &str, embedding: Option<Vec<f32>>) -> Change {
    Change {
        op,
        conversation: ConversationId::new(user),
        scope: Scope::user(user),
        embedding,
        at: day(3),
    }
}

pub fn add(user: &str, text: &str, sources: &[Source], embedding: Option<Vec<f32>>) -> Change {
    change(MemoryOp::Add(fact(text, sources)), user, embedding)
}

pub fn update(
    id: u32,
    text: &str,
    sources: &[Source],
    replaces: bool,
    embedding: Option<Vec<f32>>,
) -> Change {
    let op = MemoryOp::Update {
        id: MemoryId(id),
        text: text.to_owned(),
        sources: sources.to_vec(),
        held_at: day(2),
        replaces,
    };
    change(op, "", embedding)
}

pub fn delete(id: u32, sources: &[Source]) -> Change {
    let op = MemoryOp::Delete {
        id: MemoryId(id),
        sources: sources.to_vec(),
        held_at: day(2),
    };
    change(op, "", None)
}

pub fn invalidate(id: u32, sources: &[Source]) -> Change {
    let op = MemoryOp::Invalidate {
        id: MemoryId(id),
        sources: sources.to_vec(),
        held_at: day(4),
    };
    change(op, "", None)
}

/// A memory of kind `relation`.
pub fn relation(user: &str, text: &str, sources: &[Source], embedding: Option<Vec<f32>>) -> Change {
    let mut change = add(user, text, sources, embedding);
    if let MemoryOp::Add(fact) = &mut change.op {
        fact.kind = MemoryKind::Relation;
    }
    change
}

pub fn node(user: &str, name: &str, embedding: Option<Vec<f32>>) -> GraphChange {
    GraphChange::Node(NewNode {
        scope: Scope::user(user),
        name: name.to_owned(),
        kind: "thing".to_owned(),
        created_at: day(1),
        embedding,
    })
}

pub fn edge(change: Change, from: NodeRef, to: NodeRef) -> GraphChange {
    GraphChange::Edge {
        change,
        from,
        relation: "knows".to_owned(),
        to,
    }
}

pub fn noop(because: Option<u32>, text: &str) -> Change {
    let op = MemoryOp::Noop {
        because: because.map(MemoryId),
        text: text.to_owned(),
        sources: Vec::new(),
    };
    change(op, "", None)
}

/// A vector that depends on the words of a text alone: the sum of one random direction per word.
pub fn vector_of(text: &str, dimensions: usize) -> Vec<f32> {
    let mut sum = vec![0.0; dimensions];
    for word in text.split_whitespace() {
        let seed = word
            .bytes()
            .fold(7_u64, |hash, byte| hash.wrapping_mul(31) ^ u64::from(byte));
        let mut rng = StdRng::seed_from_u64(seed);
        for x in &mut sum {
            *x += rng.random_range(-1.0_f32..1.0);
        }
    }
    sum
}

/// `count` vectors around `count / 40` centres that differ in 48 latent dimensions, as sentence
/// embeddings do; mean cosine of a vector to its ten nearest is about 0.7.
pub fn clustered(count: usize, dimensions: usize, seed: u64) -> Vec<Vec<f32>> {
    const LATENT: usize = 48;
    let mut rng = StdRng::seed_from_u64(seed);
    let mut normal = {
        let mut rng = StdRng::seed_from_u64(seed ^ 0xfeed);
        move || -> f32 {
            // Irwin and Hall: the sum of twelve uniform numbers is as good as normal here.
            (0..12).map(|_| rng.random_range(-0.5_f32..0.5)).sum()
        }
    };
    let axes: Vec<Vec<f32>> = (0..LATENT)
        .map(|_| (0..dimensions).map(|_| normal()).collect())
        .collect();
    let centres: Vec<Vec<f32>> = (0..(count / 40).max(1))
        .map(|_| (0..LATENT).map(|_| normal()).collect())
        .collect();
    (0..count)
        .map(|_| {
            let centre = &centres[rng.random_range(0..centres.len())];
            let latent: Vec<f32> = centre.iter().map(|x| x + 0.7 * normal()).collect();
            (0..dimensions)
                .map(|d| axes.iter().zip(&latent).map(|(axis, x)| axis[d] * x).sum())
                .collect()
        })
        .collect()
}
