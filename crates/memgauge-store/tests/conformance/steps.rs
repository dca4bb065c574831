//! What is done to a store, drawn at random, and what it is asked.

use memgauge_core::{Filter, MemoryId, MemoryKind, MemoryOp, NodeId, Scope, Source, TurnId};
use memgauge_store::{GraphChange, NodeRef};
use proptest::prelude::*;

use crate::common::model::Model;
use crate::common::{self, add, delete, invalidate, noop, relation, update};

pub const DIMENSIONS: usize = 6;
/// Words that stay as they are under stemming and that no stop list holds.
pub const WORDS: [&str; 8] = ["ada", "fox", "hen", "map", "oak", "pen", "red", "sun"];
pub const USERS: [&str; 3] = ["u0", "u1", "u2"];
pub const KINDS: [MemoryKind; 3] = [MemoryKind::Fact, MemoryKind::Verbatim, MemoryKind::Relation];

#[derive(Debug, Clone)]
pub enum Step {
    Add {
        user: usize,
        kind: usize,
        words: Vec<usize>,
        turn: (u32, u32),
        colour: bool,
        vector: Option<Vec<f32>>,
    },
    Node {
        user: usize,
        word: usize,
        vector: Option<Vec<f32>>,
    },
    Link {
        node: usize,
        memory: usize,
    },
    Edge {
        user: usize,
        words: Vec<usize>,
        turn: (u32, u32),
        ends: (usize, usize),
        vector: Option<Vec<f32>>,
    },
    Update {
        which: usize,
        words: Vec<usize>,
        turn: (u32, u32),
        replaces: bool,
        vector: Option<Vec<f32>>,
    },
    Delete(usize),
    Invalidate(usize),
    Noop(Option<usize>),
    Seal,
    Reopen,
    Revectorise(Vec<f32>),
}

pub fn vector() -> impl Strategy<Value = Vec<f32>> {
    prop_oneof![
        20 => prop::collection::vec(-1.0_f32..1.0, DIMENSIONS),
        1 => Just(vec![0.0; DIMENSIONS]),
    ]
}

pub fn step() -> impl Strategy<Value = Step> {
    let words = || prop::collection::vec(0..WORDS.len(), 0..7);
    let turn = || (1_u32..5, 1_u32..6);
    let maybe = || prop::option::weighted(0.9, vector());
    prop_oneof![
        12 => (0..USERS.len(), 0..KINDS.len(), words(), turn(), any::<bool>(), maybe()).prop_map(
            |(user, kind, words, turn, colour, vector)| Step::Add {
                user, kind, words, turn, colour, vector
            }
        ),
        3 => (0..USERS.len(), 0..WORDS.len(), maybe()).prop_map(
            |(user, word, vector)| Step::Node { user, word, vector }
        ),
        2 => (0..100_usize, 0..100_usize).prop_map(|(node, memory)| Step::Link { node, memory }),
        4 => (0..USERS.len(), words(), turn(), (0..100_usize, 0..100_usize), maybe()).prop_map(
            |(user, words, turn, ends, vector)| Step::Edge { user, words, turn, ends, vector }
        ),
        5 => (0..100_usize, words(), turn(), any::<bool>(), maybe()).prop_map(
            |(which, words, turn, replaces, vector)| Step::Update {
                which, words, turn, replaces, vector
            }
        ),
        2 => (0..100_usize).prop_map(Step::Delete),
        1 => (0..100_usize).prop_map(Step::Invalidate),
        1 => prop::option::of(0..100_usize).prop_map(Step::Noop),
        1 => Just(Step::Seal),
        1 => Just(Step::Reopen),
        1 => vector().prop_map(Step::Revectorise),
    ]
}

pub fn text(words: &[usize]) -> String {
    let words: Vec<&str> = words.iter().map(|&word| WORDS[word]).collect();
    words.join(" ")
}

/// The change that a step asks for when there are the memories and nodes of `ahead`, of which the
/// first `old` nodes were there before the batch; `None` for steps of another kind.
pub fn change(step: &Step, ahead: &Model, old: usize) -> Option<GraphChange> {
    let pick = |which: usize| (which % ahead.entries.len().max(1)) as u32;
    let node = |which: usize| {
        let n = which % ahead.nodes.len();
        if n < old {
            NodeRef::Known(NodeId(n as u32))
        } else {
            NodeRef::New(n - old)
        }
    };
    let source = |(session, turn)| [Source::cited(TurnId::new(session, turn))];
    Some(GraphChange::Memory(match step {
        Step::Add {
            user,
            kind,
            words,
            turn,
            colour,
            vector,
        } => {
            let mut change = add(USERS[*user], &text(words), &source(*turn), vector.clone());
            if let MemoryOp::Add(fact) = &mut change.op {
                let colour = if *colour { "red" } else { "blue" };
                fact.metadata.insert("colour".to_owned(), colour.to_owned());
                fact.kind = KINDS[*kind];
            }
            change
        }
        Step::Node { user, word, vector } => {
            return Some(common::node(USERS[*user], WORDS[*word], vector.clone()));
        }
        Step::Link { node: at, memory } => {
            let memory = MemoryId(pick(*memory));
            if ahead.nodes.is_empty() || !ahead.is_live(memory) {
                return None;
            }
            return Some(GraphChange::Link {
                node: node(*at),
                memories: vec![memory],
            });
        }
        Step::Edge {
            user,
            words,
            turn,
            ends,
            vector,
        } => {
            if ahead.nodes.is_empty() {
                return None;
            }
            let change = relation(USERS[*user], &text(words), &source(*turn), vector.clone());
            return Some(common::edge(change, node(ends.0), node(ends.1)));
        }
        Step::Update {
            which,
            words,
            turn,
            replaces,
            vector,
        } => {
            let id = pick(*which);
            // An edge keeps its text, whatever else is said of it.
            let text = match ahead.edge(MemoryId(id)) {
                Some(_) => ahead.entries[id as usize].record.text.clone(),
                None => text(words),
            };
            update(id, &text, &source(*turn), *replaces, vector.clone())
        }
        Step::Delete(which) => delete(pick(*which), &[]),
        Step::Invalidate(which) => invalidate(pick(*which), &[]),
        Step::Noop(because) => noop(because.map(pick), "nothing new"),
        Step::Seal | Step::Reopen | Step::Revectorise(_) => return None,
    }))
}

pub fn filters() -> Vec<Filter> {
    let coloured = |scope: Scope, colour: &str| {
        let mut filter = Filter::scope(scope);
        filter
            .metadata
            .insert("colour".to_owned(), colour.to_owned());
        filter
    };
    vec![
        Filter::default(),
        Filter::scope(Scope::user("u0")),
        Filter::scope(Scope::user("u1")),
        Filter::scope(Scope::user("nobody")),
        coloured(Scope::default(), "red"),
        coloured(Scope::user("u2"), "blue"),
        coloured(Scope::default(), "green"),
        Filter::texts(Scope::default()),
        Filter::texts(Scope::user("u1")),
        Filter::relations(Scope::default()),
        Filter::relations(Scope::user("u2")),
        Filter {
            kinds: vec![MemoryKind::Fact, MemoryKind::Relation],
            ..coloured(Scope::user("u0"), "red")
        },
        Filter {
            kinds: vec![MemoryKind::Summary],
            ..Filter::default()
        },
    ]
}
