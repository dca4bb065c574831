//! What a store keeps in main memory: everything but the history.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use memgauge_core::{
    ConversationId, Filter, MemoryId, MemoryKind, MemoryRecord, Place, Scope, Scored, TurnId,
};
use serde::{Deserialize, Serialize};

use crate::StoreConfig;
use crate::graph::image::{GraphImage, row};
use crate::graph::plan::GraphEdits;
use crate::ids::IdSet;
use crate::lexical::{Bm25, TermCounts, pairs};
use crate::vectors::Matrix;

/// A record as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The record; of a deleted memory, as it was when it was deleted.
    pub record: MemoryRecord,
    /// Whether it was deleted.
    pub deleted: bool,
}

/// Change of something that a memory may have.
#[derive(Debug)]
pub(crate) enum Edit<T> {
    /// As it was.
    Keep,
    /// A new one.
    Set(T),
    /// None from now on.
    Clear,
}

/// The image of the store in main memory.
pub(crate) struct Resident {
    entries: Vec<Entry>,
    live: IdSet,
    /// In the order of appearance; deleted memories are taken out.
    scopes: Vec<(Scope, IdSet)>,
    labels: BTreeMap<String, BTreeMap<String, IdSet>>,
    conversations: BTreeMap<ConversationId, u32>,
    places: Vec<Option<Place>>,
    latest: Vec<Option<TurnId>>,
    kinds: BTreeMap<MemoryKind, IdSet>,
    /// Memories other than edges by the turns that they say.
    said: BTreeMap<(u32, TurnId), BTreeSet<MemoryId>>,
    pub(crate) matrix: Option<Matrix>,
    lexical: Bm25,
    /// Edges are a collection of their own: how many there are changes nothing about what a word
    /// is worth in the other texts.
    relations: Bm25,
    pub(crate) graph: GraphImage,
}

impl Resident {
    pub(crate) fn new(config: &StoreConfig) -> Self {
        Self {
            entries: Vec::new(),
            live: IdSet::default(),
            scopes: Vec::new(),
            labels: BTreeMap::new(),
            conversations: BTreeMap::new(),
            places: Vec::new(),
            latest: Vec::new(),
            matrix: config.dimensions.map(Matrix::new),
            kinds: BTreeMap::new(),
            said: BTreeMap::new(),
            lexical: Bm25::new(config.lexical.clone()),
            relations: Bm25::new(config.lexical.clone()),
            graph: GraphImage::new(config),
        }
    }

    /// Takes in a new or changed entry.
    pub(crate) fn put(
        &mut self,
        id: MemoryId,
        entry: Entry,
        vector: &Edit<Vec<f32>>,
        terms: &Edit<TermCounts>,
    ) {
        let slot = id.0 as usize;
        self.places.resize(self.places.len().max(slot + 1), None);
        self.latest.resize(self.latest.len().max(slot + 1), None);
        let next = self.conversations.len() as u32;
        let conversation = *self
            .conversations
            .entry(entry.record.conversation.clone())
            .or_insert(next);
        if let Some(place) = self.places.get_mut(slot) {
            *place = (!entry.deleted)
                .then(|| place_of(&entry.record, conversation))
                .flatten();
        }
        if let Some(latest) = self.latest.get_mut(slot) {
            *latest = turns(&entry.record).max();
        }
        self.mark(id, &entry);
        if let Some(old) = self.entries.get(slot) {
            for turn in old.record.live_turns() {
                if let Some(ids) = self.said.get_mut(&(conversation, turn)) {
                    ids.remove(&id);
                }
            }
        }
        if !entry.deleted && entry.record.kind != MemoryKind::Relation {
            for turn in entry.record.live_turns() {
                self.said
                    .entry((conversation, turn))
                    .or_default()
                    .insert(id);
            }
        }
        let is_relation = entry.record.kind == MemoryKind::Relation;
        match self.entries.get_mut(slot) {
            Some(old) => *old = entry,
            None => self.entries.push(entry),
        }
        match (vector, &mut self.matrix) {
            (Edit::Set(vector), Some(matrix)) => matrix.set(id, vector),
            (Edit::Clear, Some(matrix)) => matrix.clear(id),
            _ => {}
        }
        let lexical = if is_relation {
            &mut self.relations
        } else {
            &mut self.lexical
        };
        match terms {
            Edit::Set(terms) => lexical.insert(id, pairs(terms)),
            Edit::Clear => lexical.remove(id),
            Edit::Keep => {}
        }
    }

    /// Indexes the words of `id`, whose record is there already.
    pub(crate) fn put_terms<'a>(
        &mut self,
        id: MemoryId,
        terms: impl IntoIterator<Item = (&'a str, u32)>,
    ) {
        match self.entry(id).map(|entry| entry.record.kind) {
            Some(MemoryKind::Relation) => self.relations.insert(id, terms),
            _ => self.lexical.insert(id, terms),
        }
    }

    /// Takes in what a batch changes in the graph.
    pub(crate) fn put_graph(&mut self, edits: GraphEdits) {
        for (_, node) in edits.nodes {
            self.graph.put_node(node);
        }
        if let Some(matrix) = &mut self.graph.matrix {
            for (id, vector) in &edits.vectors {
                matrix.set(row(*id), vector);
            }
        }
        for (memory, edge) in edits.edges {
            match edge {
                Some(edge) => self.graph.put_edge(edge),
                None => self.graph.remove_edge(memory),
            }
        }
    }

    /// BM25 of `query` and every memory of `among`, in the order of ids.
    pub(crate) fn bm25(&self, query: &[String], among: &IdSet) -> Vec<Scored> {
        self.both(among, |index, part| index.scores(query, part))
    }

    /// Every memory of `among` with a positive BM25 score, in the order of ids.
    pub(crate) fn matches(&self, query: &[String], among: &IdSet) -> Vec<Scored> {
        self.both(among, |index, part| index.matches(query, part))
    }

    fn both(&self, among: &IdSet, score: impl Fn(&Bm25, &IdSet) -> Vec<Scored>) -> Vec<Scored> {
        let Some(relations) = self.kinds.get(&MemoryKind::Relation) else {
            return score(&self.lexical, among);
        };
        let (mut edges, mut texts) = (among.clone(), among.clone());
        edges.intersect(relations);
        texts.subtract(relations);
        let mut scored = Vec::new();
        for (index, part) in [(&self.lexical, &texts), (&self.relations, &edges)] {
            if part.len() > 0 {
                scored.extend(score(index, part));
            }
        }
        scored.sort_unstable_by_key(|hit| hit.id);
        scored
    }

    /// The memories other than edges that say `turn`, in the order of ids.
    pub(crate) fn saying(&self, conversation: &ConversationId, turn: TurnId) -> Vec<MemoryId> {
        let conversation = self.conversations.get(conversation);
        let ids = conversation.and_then(|number| self.said.get(&(*number, turn)));
        ids.into_iter().flatten().copied().collect()
    }

    /// Enters or takes out `id` wherever filters look. Scope, kind and metadata never change.
    fn mark(&mut self, id: MemoryId, entry: &Entry) {
        let mark = |set: &mut IdSet| {
            if entry.deleted {
                set.remove(id);
            } else {
                set.insert(id);
            }
        };
        mark(&mut self.live);
        mark(self.kinds.entry(entry.record.kind).or_default());
        let record = &entry.record;
        let known = self
            .scopes
            .iter()
            .position(|(scope, _)| *scope == record.scope);
        let scope = known.unwrap_or_else(|| {
            self.scopes.push((record.scope.clone(), IdSet::default()));
            self.scopes.len() - 1
        });
        if let Some((_, set)) = self.scopes.get_mut(scope) {
            mark(set);
        }
        for (key, value) in &record.metadata {
            let values = self.labels.entry(key.clone()).or_default();
            mark(values.entry(value.clone()).or_default());
        }
    }

    /// The memories that `filter` accepts.
    pub(crate) fn select(&self, filter: &Filter) -> IdSet {
        let mut ids = if filter.scope == Scope::default() {
            self.live.clone()
        } else {
            let mut ids = IdSet::default();
            for (scope, set) in &self.scopes {
                if filter.scope.covers(scope) {
                    ids.union(set);
                }
            }
            ids
        };
        if !filter.kinds.is_empty() {
            let mut wanted = IdSet::default();
            for kind in &filter.kinds {
                if let Some(set) = self.kinds.get(kind) {
                    wanted.union(set);
                }
            }
            ids.intersect(&wanted);
        }
        for (key, value) in &filter.metadata {
            match self.labels.get(key).and_then(|values| values.get(value)) {
                Some(set) => ids.intersect(set),
                None => return IdSet::default(),
            }
        }
        ids
    }

    pub(crate) fn entry(&self, id: MemoryId) -> Option<&Entry> {
        self.entries.get(id.0 as usize)
    }

    /// The record of a memory that was not deleted.
    pub(crate) fn record(&self, id: MemoryId) -> Option<&MemoryRecord> {
        self.entry(id)
            .filter(|entry| !entry.deleted)
            .map(|entry| &entry.record)
    }

    /// How many memories there are or were.
    pub(crate) fn ever(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn live(&self) -> &IdSet {
        &self.live
    }

    pub(crate) fn place(&self, id: MemoryId) -> Option<Place> {
        self.places.get(id.0 as usize).copied().flatten()
    }

    /// The memories of `among`, those that were said last first; without sources last.
    pub(crate) fn recent(&self, among: &IdSet, k: usize) -> Vec<Scored> {
        let mut order: Vec<(Reverse<Option<TurnId>>, MemoryId)> = among
            .iter()
            .map(|id| {
                let latest = self.latest.get(id.0 as usize).copied().flatten();
                (Reverse(latest), id)
            })
            .collect();
        order.sort_unstable();
        let all = order.len() as f32;
        order
            .iter()
            .take(k)
            .enumerate()
            .map(|(rank, &(_, id))| Scored {
                id,
                score: 1.0 - rank as f32 / all,
            })
            .collect()
    }
}

/// The turns that `record` says now, or, where none is live, that it ever said.
fn turns(record: &MemoryRecord) -> impl Iterator<Item = TurnId> {
    let any_live = record.sources.iter().any(|source| source.live);
    record
        .sources
        .iter()
        .filter(move |source| source.live || !any_live)
        .map(|source| source.turn)
}

fn place_of(record: &MemoryRecord, conversation: u32) -> Option<Place> {
    turns(record).min().map(|turn| Place {
        conversation,
        session: turn.session,
        turn: turn.turn,
    })
}

/// The best `k`, best first, equal scores in the order of ids.
pub(crate) fn best(mut scored: Vec<Scored>, k: usize) -> Vec<Scored> {
    let order = |a: &Scored, b: &Scored| b.score.total_cmp(&a.score).then(a.id.cmp(&b.id));
    if k == 0 {
        return Vec::new();
    }
    if k < scored.len() {
        scored.select_nth_unstable_by(k - 1, order);
        scored.truncate(k);
    }
    scored.sort_unstable_by(order);
    scored
}
