//! A store that does everything the slow and obvious way: the oracle of the conformance suite.

use std::collections::BTreeMap;

use memgauge_core::graph::normal_name;
use memgauge_core::{
    Edge, Filter, How, MemoryEvent, MemoryId, MemoryKind, MemoryOp, MemoryRecord, Node, NodeId,
    OpKind, Place, Source, TurnId,
};
use memgauge_store::{Change, Entry, GraphChange, Idf, LexicalConfig, NodeRef};

#[derive(Clone)]
pub struct Model {
    pub nodes: Vec<Node>,
    pub node_vectors: BTreeMap<NodeId, Vec<f32>>,
    pub edges: Vec<Edge>,
    pub entries: Vec<Entry>,
    pub vectors: BTreeMap<MemoryId, Vec<f32>>,
    pub events: Vec<MemoryEvent>,
}

impl Model {
    pub fn new() -> Self {
        Self {
            nodes: Vec::new(),
            node_vectors: BTreeMap::new(),
            edges: Vec::new(),
            entries: Vec::new(),
            vectors: BTreeMap::new(),
            events: Vec::new(),
        }
    }

    pub fn is_live(&self, id: MemoryId) -> bool {
        self.entries
            .get(id.0 as usize)
            .is_some_and(|entry| !entry.deleted)
    }

    /// Carries out a change of a batch that began when there were `old` nodes.
    pub fn apply_graph(&mut self, change: &GraphChange, old: usize) {
        let node = |node: &NodeRef| match *node {
            NodeRef::Known(id) => id,
            NodeRef::New(n) => NodeId((old + n) as u32),
        };
        match change {
            GraphChange::Memory(change) => self.apply(change),
            GraphChange::Node(new) => {
                let id = NodeId(self.nodes.len() as u32);
                self.nodes.push(Node {
                    id,
                    scope: new.scope.clone(),
                    name: new.name.clone(),
                    key: normal_name(&new.name),
                    kind: new.kind.clone(),
                    created_at: new.created_at,
                    memories: Vec::new(),
                });
                if let Some(vector) = &new.embedding {
                    self.node_vectors.insert(id, vector.clone());
                }
            }
            GraphChange::Link { node: at, memories } => {
                let linked = &mut self.nodes[node(at).0 as usize].memories;
                linked.extend(memories);
                linked.sort_unstable();
                linked.dedup();
            }
            GraphChange::Edge {
                change,
                from,
                relation,
                to,
            } => {
                self.edges.push(Edge {
                    memory: MemoryId(self.entries.len() as u32),
                    from: node(from),
                    relation: relation.clone(),
                    to: node(to),
                });
                self.apply(change);
            }
        }
    }

    pub fn edge(&self, memory: MemoryId) -> Option<&Edge> {
        self.edges.iter().find(|edge| edge.memory == memory)
    }

    /// Carries out a change that is known to be valid.
    pub fn apply(&mut self, change: &Change) {
        let event = |op, id, before: Option<&str>, after: Option<&str>, sources: &[Source], at| {
            MemoryEvent {
                op,
                id,
                before: before.map(str::to_owned),
                after: after.map(str::to_owned),
                replaces: false,
                sources: sources.to_vec(),
                at,
            }
        };
        let event = match &change.op {
            MemoryOp::Add(fact) => {
                let id = MemoryId(self.entries.len() as u32);
                let mut record = MemoryRecord {
                    id,
                    conversation: change.conversation.clone(),
                    scope: change.scope.clone(),
                    kind: fact.kind,
                    text: fact.text.clone(),
                    speaker: fact.speaker.clone(),
                    sources: Vec::new(),
                    created_at: fact.held_at,
                    updated_at: fact.held_at,
                    invalid_at: None,
                    metadata: fact.metadata.clone(),
                };
                join(&mut record, &fact.sources);
                self.entries.push(Entry {
                    record,
                    deleted: false,
                });
                if let Some(vector) = &change.embedding {
                    self.vectors.insert(id, vector.clone());
                }
                event(
                    OpKind::Add,
                    Some(id),
                    None,
                    Some(&fact.text),
                    &fact.sources,
                    fact.held_at,
                )
            }
            MemoryOp::Update {
                id,
                text,
                sources,
                held_at,
                replaces,
            } => {
                let record = &mut self.entries[id.0 as usize].record;
                let before = record.text.clone();
                record.text.clone_from(text);
                if before != *text {
                    record.updated_at = *held_at;
                }
                if *replaces {
                    for source in &mut record.sources {
                        source.live = false;
                    }
                }
                join(record, sources);
                match &change.embedding {
                    Some(vector) => {
                        self.vectors.insert(*id, vector.clone());
                    }
                    None if before == *text => {}
                    None => {
                        self.vectors.remove(id);
                    }
                }
                MemoryEvent {
                    replaces: *replaces,
                    ..event(
                        OpKind::Update,
                        Some(*id),
                        Some(&before),
                        Some(text),
                        sources,
                        *held_at,
                    )
                }
            }
            MemoryOp::Delete {
                id,
                sources,
                held_at,
            } => {
                let entry = &mut self.entries[id.0 as usize];
                entry.deleted = true;
                entry.record.updated_at = *held_at;
                self.vectors.remove(id);
                self.edges.retain(|edge| edge.memory != *id);
                for node in &mut self.nodes {
                    node.memories.retain(|linked| linked != id);
                }
                let before = entry.record.text.clone();
                event(
                    OpKind::Delete,
                    Some(*id),
                    Some(&before),
                    None,
                    sources,
                    *held_at,
                )
            }
            MemoryOp::Invalidate {
                id,
                sources,
                held_at,
            } => {
                let record = &mut self.entries[id.0 as usize].record;
                record.invalid_at.get_or_insert(*held_at);
                let text = record.text.clone();
                event(
                    OpKind::Invalidate,
                    Some(*id),
                    Some(&text),
                    Some(&text),
                    sources,
                    *held_at,
                )
            }
            MemoryOp::Noop {
                because,
                text,
                sources,
            } => event(OpKind::Noop, *because, None, Some(text), sources, change.at),
        };
        self.events.push(event);
    }

    pub fn history(&self, id: MemoryId) -> Vec<MemoryEvent> {
        self.events
            .iter()
            .filter(|event| event.id == Some(id))
            .cloned()
            .collect()
    }

    pub fn records(&self, filter: &Filter) -> Vec<MemoryRecord> {
        self.entries
            .iter()
            .filter(|entry| !entry.deleted && filter.accepts(&entry.record))
            .map(|entry| entry.record.clone())
            .collect()
    }

    /// Cosine of `query` and every memory that has a vector.
    pub fn cosines(&self, filter: &Filter, query: &[f32]) -> Vec<(MemoryId, f64)> {
        self.records(filter)
            .iter()
            .filter_map(|record| Some((record.id, cosine(query, self.vectors.get(&record.id)?))))
            .collect()
    }

    /// BM25 of `query` and every memory, straight from the formula. Texts must be made of words
    /// that no stemmer changes and no stop list holds.
    pub fn bm25(
        &self,
        config: &LexicalConfig,
        filter: &Filter,
        query: &str,
    ) -> Vec<(MemoryId, f64)> {
        // Edges and all other texts are two collections.
        let (edges, texts): (Vec<_>, Vec<_>) = self
            .records(filter)
            .into_iter()
            .partition(|record| record.kind == MemoryKind::Relation);
        let mut scores = Vec::new();
        for (among, relations) in [(texts, false), (edges, true)] {
            scores.extend(self.bm25_among(config, &among, relations, query));
        }
        scores.sort_by_key(|(id, _)| *id);
        scores
    }

    fn bm25_among(
        &self,
        config: &LexicalConfig,
        among: &[MemoryRecord],
        relations: bool,
        query: &str,
    ) -> Vec<(MemoryId, f64)> {
        let texts: Vec<Vec<&str>> = self
            .entries
            .iter()
            .filter(|entry| !entry.deleted)
            .filter(|entry| (entry.record.kind == MemoryKind::Relation) == relations)
            .map(|entry| entry.record.text.split_whitespace().collect())
            .collect();
        let all = texts.len() as f64;
        let tokens: usize = texts.iter().map(Vec::len).sum();
        let mean_length = tokens as f64 / all;
        let idf_of = |term: &str| {
            let n = texts.iter().filter(|text| text.contains(&term)).count() as f64;
            match config.idf {
                Idf::Lucene => (1.0 + (all - n + 0.5) / (n + 0.5)).ln(),
                Idf::Okapi => ((all - n + 0.5) / (n + 0.5)).ln(),
            }
        };
        let mut terms: Vec<&str> = texts.iter().flatten().copied().collect();
        terms.sort_unstable();
        terms.dedup();
        let mean_idf = terms.iter().map(|term| idf_of(term)).sum::<f64>() / terms.len() as f64;
        among
            .iter()
            .map(|record| {
                let text: Vec<&str> = record.text.split_whitespace().collect();
                let score = query
                    .split_whitespace()
                    .map(|term| {
                        let f = text.iter().filter(|word| **word == term).count() as f64;
                        if f == 0.0 {
                            return 0.0;
                        }
                        let idf = match idf_of(term) {
                            idf if idf < 0.0 => config.epsilon * mean_idf,
                            idf => idf,
                        };
                        let norm = 1.0 - config.b + config.b * text.len() as f64 / mean_length;
                        idf * f * (config.k1 + 1.0) / (f + config.k1 * norm)
                    })
                    .sum();
                (record.id, score)
            })
            .collect()
    }

    /// Memories by their latest turn, newest first.
    pub fn recent(&self, filter: &Filter) -> Vec<MemoryId> {
        let mut order: Vec<(Option<TurnId>, MemoryId)> = self
            .records(filter)
            .iter()
            .map(|record| (spoken(record).into_iter().max(), record.id))
            .collect();
        order.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        order.into_iter().map(|(_, id)| id).collect()
    }

    pub fn place(&self, id: MemoryId) -> Option<Place> {
        let entry = self.entries.get(id.0 as usize)?;
        let mut conversations = Vec::new();
        for entry in &self.entries {
            if !conversations.contains(&&entry.record.conversation) {
                conversations.push(&entry.record.conversation);
            }
        }
        let first = spoken(&entry.record).into_iter().min()?;
        let conversation = conversations
            .iter()
            .position(|known| **known == entry.record.conversation)?;
        (!entry.deleted).then_some(Place {
            conversation: conversation as u32,
            session: first.session,
            turn: first.turn,
        })
    }
}

fn spoken(record: &MemoryRecord) -> Vec<TurnId> {
    let live: Vec<TurnId> = record.live_turns().collect();
    if live.is_empty() {
        record.sources.iter().map(|source| source.turn).collect()
    } else {
        live
    }
}

fn join(record: &mut MemoryRecord, new: &[Source]) {
    for source in new {
        let known = record
            .sources
            .iter()
            .position(|old| old.turn == source.turn);
        match known {
            Some(place) => {
                let old = &mut record.sources[place];
                old.live = old.live || source.live;
                if source.how == How::Cited {
                    old.how = How::Cited;
                }
            }
            None => record.sources.push(*source),
        }
    }
}

pub fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let product = |a: &[f32], b: &[f32]| -> f64 {
        a.iter()
            .zip(b)
            .map(|(x, y)| f64::from(*x) * f64::from(*y))
            .sum()
    };
    let lengths = (product(a, a) * product(b, b)).sqrt();
    if lengths == 0.0 {
        0.0
    } else {
        product(a, b) / lengths
    }
}
