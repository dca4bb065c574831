//! From relations to the memories that say the same turns.

use std::collections::BTreeMap;

use memgauge_core::{ComponentError, Filter, GraphReader, MemoryId, RankedList, Scored};

/// Name of the list in recalls.
pub(super) const LIST: &str = "graph";

/// The list that items ranked by score, equal ones by id, make.
pub(super) fn ranked(scores: impl IntoIterator<Item = (MemoryId, f64)>) -> RankedList {
    let mut items: Vec<Scored> = scores
        .into_iter()
        .map(|(id, score)| Scored {
            id,
            score: score as f32,
        })
        .collect();
    items.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.id.cmp(&b.id)));
    RankedList {
        name: LIST.to_owned(),
        items,
        query_terms: None,
    }
}

/// Every relation gives its score to each memory that says one of its live turns; a memory's votes are
/// added up in the order of the list.
pub(super) fn votes(
    store: &dyn GraphReader,
    filter: &Filter,
    relations: &RankedList,
) -> Result<RankedList, ComponentError> {
    let mut votes: BTreeMap<MemoryId, f64> = BTreeMap::new();
    for relation in &relations.items {
        let Some(record) = store.record(relation.id)? else {
            continue;
        };
        let mut memories: Vec<MemoryId> = record
            .live_turns()
            .flat_map(|turn| store.saying(&record.conversation, turn))
            .collect();
        // A memory of several of the turns is voted for once.
        memories.sort_unstable();
        memories.dedup();
        for id in memories {
            let visible = match votes.contains_key(&id) {
                true => true,
                false => store
                    .record(id)?
                    .is_some_and(|memory| filter.accepts(&memory)),
            };
            if visible {
                *votes.entry(id).or_default() += f64::from(relation.score);
            }
        }
    }
    Ok(ranked(votes))
}
