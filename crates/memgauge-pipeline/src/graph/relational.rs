//! What graphs of relations have in common: how a window changes them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::DateTime;
use memgauge_core::graph::{Entity, Triple, edge_text, normal_name};
use memgauge_core::{
    ComponentError, Cx, Edge, EmbedderHandle, ErrorKind, Fact, Filter, GraphReader, MemoryEvent,
    MemoryId, MemoryKind, MemoryOp, MemoryReader, MemoryRecord, NodeId, RankedList, Source, Stage,
    TurnId, Window,
};
use memgauge_store::{Change, GraphChange, NodeRef, Store};

use super::builder::Builder;
use super::nodes::{Near, Nodes};
use super::{Seat, embed_one};

/// Under this name an edge's metadata say from when on it holds.
pub(super) const VALID_FROM: &str = "valid-from";

/// What becomes of an edge that no longer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outdated {
    /// It stays, marked from the session on that contradicts it.
    Invalidate,
    /// It goes; never because its relation has several targets.
    Delete,
    /// It stays, and holds until the new edge begins to hold.
    Close,
}

/// A graph of relations.
pub(super) struct Relational {
    pub(super) kind: &'static str,
    pub(super) builder: Builder,
    /// Cosine from which a name is a known node.
    pub(super) merge: f32,
    /// Whose edges may be contradicted beside those of the nodes themselves: nodes of this cosine, and
    /// at most so many edges.
    pub(super) around: Option<(f32, usize)>,
    pub(super) outdated: Outdated,
}

/// A relation of the window between two nodes.
struct Draft {
    from: NodeRef,
    relation: String,
    to: NodeRef,
    sources: Vec<Source>,
    valid_from: DateTime,
}

impl Draft {
    fn key(&self) -> (NodeRef, String, NodeRef) {
        (self.from, normal_name(&self.relation), self.to)
    }
}

impl Relational {
    pub(super) async fn absorb(
        &self,
        cx: &Cx,
        seat: &Seat<'_>,
        window: &Window<'_>,
    ) -> Result<Vec<MemoryEvent>, ComponentError> {
        cx.count(&format!("graph:{}", self.kind), 1);
        let changes = match self.changes(cx, seat, window).await {
            Ok(changes) => changes,
            Err(error) => {
                cx.count(&lost(error)?, 1);
                Vec::new()
            }
        };
        Ok(seat.write(&changes)?.events)
    }

    /// The entities of a question; none where a model's reply cannot be read.
    pub(super) async fn asked(
        &self,
        cx: &Cx,
        question: &str,
    ) -> Result<Vec<Entity>, ComponentError> {
        match self.builder.entities.of_text(cx, question).await {
            Ok(entities) => Ok(entities),
            Err(error) => {
                cx.count(&lost(error)?, 1);
                Ok(Vec::new())
            }
        }
    }

    /// All relations that `filter` lets through with their cosines to the question, best first; those
    /// are kept that touch a node near one of its entities, or whose cosine is at least `triplet`.
    pub(super) async fn both_ways(
        &self,
        cx: &Cx,
        place: (&Store, &EmbedderHandle, &Filter),
        question: &str,
        (each, similarity, triplet): (usize, f32, f32),
    ) -> Result<RankedList, ComponentError> {
        let (store, embedder, filter) = place;
        let entities = self.asked(cx, question).await?;
        let scope = &filter.scope;
        let near = Near::of(cx, store, embedder, scope, &entities, each, similarity).await?;
        let touched: BTreeSet<MemoryId> = near
            .nodes
            .iter()
            .flat_map(|(node, _)| store.edges_of(*node))
            .map(|edge| edge.memory)
            .collect();
        let vector = embed_one(cx, embedder, question).await?;
        let mut items = store.nearest(&relations(filter), &vector, usize::MAX)?;
        items.retain(|item| item.score >= triplet || touched.contains(&item.id));
        Ok(RankedList {
            name: super::votes::LIST.to_owned(),
            items,
            query_terms: None,
        })
    }

    async fn changes(
        &self,
        cx: &Cx,
        seat: &Seat<'_>,
        window: &Window<'_>,
    ) -> Result<Vec<GraphChange>, ComponentError> {
        let extract = cx.with(Stage::Extract);
        let entities = self.builder.entities.entities(&extract, window).await?;
        let relations = &self.builder.relations;
        let mut triples = relations.relations(&extract, window, &entities).await?;
        let listed: BTreeMap<String, &Entity> = entities
            .iter()
            .rev()
            .map(|entity| (normal_name(&entity.name), entity))
            .collect();
        let known = |name: &str| {
            let key = normal_name(name);
            !key.is_empty() && listed.contains_key(&key)
        };
        let all = triples.len();
        triples.retain(|triple| known(&triple.subject) && known(&triple.object));
        if triples.len() < all {
            cx.count("refused:graph-entity", (all - triples.len()) as u64);
        }
        if triples.is_empty() {
            return Ok(Vec::new());
        }
        // Only what a relation leads to becomes a node.
        let ends: Vec<Entity> = triples
            .iter()
            .flat_map(|triple| [&triple.subject, &triple.object])
            .filter_map(|name| listed.get(&normal_name(name)).copied().cloned())
            .collect();
        let at = window.session.held_at;
        let nodes = Nodes::of(cx, seat, &ends, self.merge, at).await?;
        let drafts = drafts(&nodes, &triples, at);

        let edges = self.candidates(seat, &nodes)?;
        let records: Vec<MemoryRecord> = edges.iter().map(|(_, record)| record.clone()).collect();
        let outdated = if records.is_empty() {
            Vec::new()
        } else {
            let update = cx.with(Stage::Update);
            let conflicts = &self.builder.conflicts;
            // The relations are found already: an unreadable judgement of the older ones ends none of
            // them, and costs nothing else.
            match conflicts.conflicts(&update, &triples, &records).await {
                Ok(outdated) => outdated,
                Err(error) => {
                    cx.count(&lost(error)?.replace(":graph", ":graph-conflicts"), 1);
                    Vec::new()
                }
            }
        };

        let mut changes = nodes.changes();
        let mut gone = BTreeSet::new();
        for id in outdated {
            let Some((edge, record)) = edges.iter().find(|(edge, _)| edge.memory == id) else {
                cx.count("refused:graph-edge", 1);
                continue;
            };
            if drafts.iter().any(|draft| is_same(draft, edge)) {
                // What is being said again has not ended.
                cx.count("refused:graph-edge", 1);
            } else if self.outdated == Outdated::Delete && has_other_target(&drafts, edge) {
                cx.count("refused:several-targets", 1);
            } else if gone.insert(id) {
                let op = self.ended(edge, record, &drafts, at);
                changes.push(GraphChange::Memory(change(seat, window, op, None)));
            }
        }
        self.add(cx, seat, window, (&nodes, &drafts, &edges), &mut changes)
            .await?;
        Ok(changes)
    }

    /// Edges that hold and may be contradicted or repeated.
    fn candidates(
        &self,
        seat: &Seat<'_>,
        nodes: &Nodes,
    ) -> Result<Vec<(Edge, MemoryRecord)>, ComponentError> {
        let store = seat.store;
        let mut order: Vec<NodeId> = nodes.known();
        let mut limit = usize::MAX;
        if let Some((threshold, most)) = self.around {
            limit = most;
            let own: Vec<Vec<f32>> = order
                .iter()
                .filter_map(|id| store.node_vector(*id))
                .collect();
            let mut near: BTreeMap<NodeId, f32> = BTreeMap::new();
            for vector in own.iter().chain(nodes.vectors()) {
                for found in store.nearest_nodes(seat.scope, vector, most, threshold)? {
                    let best = near.entry(found.node).or_insert(found.score);
                    *best = best.max(found.score);
                }
            }
            let mut near: Vec<(NodeId, f32)> = near.into_iter().collect();
            near.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            order.extend(near.into_iter().map(|(node, _)| node));
        }
        let mut seen = BTreeSet::new();
        let mut edges = Vec::new();
        for node in order {
            for edge in store.edges_of(node).into_iter().rev() {
                if edges.len() == limit {
                    return Ok(edges);
                }
                if !seen.insert(edge.memory) {
                    continue;
                }
                let record = store.record(edge.memory)?;
                if let Some(record) = record.filter(|record| record.invalid_at.is_none()) {
                    edges.push((edge, record));
                }
            }
        }
        Ok(edges)
    }

    /// What becomes of `edge`, which `drafts` contradict.
    fn ended(
        &self,
        edge: &Edge,
        record: &MemoryRecord,
        drafts: &[Draft],
        at: DateTime,
    ) -> MemoryOp {
        let touches = |draft: &&Draft| {
            let (from, to) = (NodeRef::Known(edge.from), NodeRef::Known(edge.to));
            draft.from == from || draft.to == to || draft.from == to || draft.to == from
        };
        let mut against: Vec<&Draft> = drafts.iter().filter(touches).collect();
        if against.is_empty() {
            against = drafts.iter().collect();
        }
        let mut sources = Vec::new();
        for draft in &against {
            join(&mut sources, &draft.sources);
        }
        let id = record.id;
        let held_at = match self.outdated {
            Outdated::Close => {
                let next = against.iter().map(|draft| draft.valid_from).min();
                next.unwrap_or(at).max(valid_from(record))
            }
            _ => at,
        };
        match self.outdated {
            Outdated::Delete => MemoryOp::Delete {
                id,
                sources,
                held_at,
            },
            _ => MemoryOp::Invalidate {
                id,
                sources,
                held_at,
            },
        }
    }

    /// New edges, new sources of edges that hold already, and what the nodes are mentioned by.
    async fn add(
        &self,
        cx: &Cx,
        seat: &Seat<'_>,
        window: &Window<'_>,
        (nodes, drafts, edges): (&Nodes, &[Draft], &[(Edge, MemoryRecord)]),
        changes: &mut Vec<GraphChange>,
    ) -> Result<(), ComponentError> {
        let mut new: Vec<(&Draft, String, String)> = Vec::new();
        for draft in drafts {
            match self.repeated(seat, draft, edges)? {
                Some(record) => {
                    let op = MemoryOp::Update {
                        id: record.id,
                        text: record.text,
                        sources: draft.sources.clone(),
                        held_at: window.session.held_at,
                        replaces: false,
                    };
                    let vector = seat.store.vector(record.id);
                    changes.push(GraphChange::Memory(change(seat, window, op, vector)));
                }
                None => {
                    let name = |node| nodes.name(seat.store, node).unwrap_or_default();
                    let (subject, object) = (name(draft.from), name(draft.to));
                    let text = edge_text(&subject, &draft.relation, &object);
                    new.push((draft, subject, text));
                }
            }
        }
        let texts: Vec<&str> = new.iter().map(|(_, _, text)| text.as_str()).collect();
        let vectors = seat.embedder.embed(&cx.with(Stage::Index), &texts).await?;
        for ((draft, subject, text), vector) in new.into_iter().zip(vectors) {
            let mut metadata = seat.labels(window);
            if self.outdated == Outdated::Close {
                metadata.insert(VALID_FROM.to_owned(), draft.valid_from.to_string());
            }
            let op = MemoryOp::Add(Fact {
                kind: MemoryKind::Relation,
                text,
                speaker: window.head.speakers.contains(&subject).then_some(subject),
                sources: draft.sources.clone(),
                held_at: window.session.held_at,
                metadata,
            });
            changes.push(GraphChange::Edge {
                change: change(seat, window, op, Some(vector)),
                from: draft.from,
                relation: draft.relation.clone(),
                to: draft.to,
            });
        }
        for draft in drafts {
            let turns = draft.sources.iter().map(|source| source.turn);
            let memories = saying(seat, window, turns)?;
            if !memories.is_empty() {
                for node in [draft.from, draft.to] {
                    let memories = memories.clone();
                    changes.push(GraphChange::Link { node, memories });
                }
            }
        }
        Ok(())
    }

    /// The edge that says the same already and still holds.
    fn repeated(
        &self,
        seat: &Seat<'_>,
        draft: &Draft,
        edges: &[(Edge, MemoryRecord)],
    ) -> Result<Option<MemoryRecord>, ComponentError> {
        if let Some((_, record)) = edges.iter().find(|(edge, _)| is_same(draft, edge)) {
            return Ok(Some(record.clone()));
        }
        // It may lie beyond the limit of the neighbourhood.
        let (NodeRef::Known(from), Some(_)) = (draft.from, self.around) else {
            return Ok(None);
        };
        for edge in seat.store.edges_of(from) {
            if is_same(draft, &edge)
                && let Some(record) = seat.store.record(edge.memory)?
                && record.invalid_at.is_none()
            {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }
}

/// What a reply that cannot be used is counted as.
///
/// # Errors
/// Any other failure.
pub(super) fn lost(error: ComponentError) -> Result<String, ComponentError> {
    match error.kind {
        ErrorKind::Malformed => Ok("malformed:graph".to_owned()),
        ErrorKind::ContextTooLong => Ok("too-long:graph".to_owned()),
        _ => Err(error),
    }
}

/// `filter` for relations.
pub(super) fn relations(filter: &Filter) -> Filter {
    Filter {
        kinds: vec![MemoryKind::Relation],
        ..filter.clone()
    }
}

/// From when on an edge holds.
pub(super) fn valid_from(record: &MemoryRecord) -> DateTime {
    let stated = record.metadata.get(VALID_FROM);
    let stated = stated.and_then(|text| text.parse().ok());
    stated.unwrap_or(record.created_at)
}

/// The memories of the seat's scope that say one of `turns`, in the order of ids.
pub(super) fn saying(
    seat: &Seat<'_>,
    window: &Window<'_>,
    turns: impl Iterator<Item = TurnId>,
) -> Result<Vec<MemoryId>, ComponentError> {
    let mut found = BTreeSet::new();
    for turn in turns {
        for id in seat.store.saying(&window.head.id, turn) {
            let record = seat.store.record(id)?;
            if record.is_some_and(|record| record.scope == *seat.scope) {
                found.insert(id);
            }
        }
    }
    Ok(found.into_iter().collect())
}

pub(super) fn change(
    seat: &Seat<'_>,
    window: &Window<'_>,
    op: MemoryOp,
    embedding: Option<Vec<f32>>,
) -> Change {
    Change {
        op,
        conversation: window.head.id.clone(),
        scope: seat.scope.clone(),
        embedding,
        at: window.session.held_at,
    }
}

/// One draft per relation between two nodes, with the sources of all triples that state it.
fn drafts(nodes: &Nodes, triples: &[Triple], at: DateTime) -> Vec<Draft> {
    let mut drafts: Vec<Draft> = Vec::new();
    for triple in triples {
        let (Some(from), Some(to)) = (nodes.get(&triple.subject), nodes.get(&triple.object)) else {
            continue;
        };
        let mut draft = Draft {
            from,
            relation: triple.relation.clone(),
            to,
            sources: Vec::new(),
            valid_from: triple.valid_from.unwrap_or(at),
        };
        join(&mut draft.sources, &triple.sources);
        match drafts.iter_mut().find(|known| known.key() == draft.key()) {
            Some(known) => {
                join(&mut known.sources, &draft.sources);
                known.valid_from = known.valid_from.min(draft.valid_from);
            }
            None => drafts.push(draft),
        }
    }
    drafts
}

fn join(sources: &mut Vec<Source>, more: &[Source]) {
    for source in more {
        if !sources.iter().any(|known| known.turn == source.turn) {
            sources.push(*source);
        }
    }
}

fn is_same(draft: &Draft, edge: &Edge) -> bool {
    draft.from == NodeRef::Known(edge.from)
        && draft.to == NodeRef::Known(edge.to)
        && normal_name(&draft.relation) == normal_name(&edge.relation)
}

/// Whether a new relation differs from `edge` in its target alone.
fn has_other_target(drafts: &[Draft], edge: &Edge) -> bool {
    let relation = normal_name(&edge.relation);
    drafts.iter().any(|draft| {
        draft.from == NodeRef::Known(edge.from)
            && draft.to != NodeRef::Known(edge.to)
            && normal_name(&draft.relation) == relation
    })
}
