//! Relations after the memories of a context.

use jiff::civil::DateTime;
use memgauge_core::{ComponentError, Context, Hit, ListRank, MemoryReader, RankedList};

use super::Graph;
use crate::context::{TimeFormat, entry};

/// What stands over the relations.
const HEADING: &str = "Relations:";

/// Shows the relations of `list` after the memories of `context`, and returns them as hits whose rank
/// and score stand in the last of `lists` columns.
pub(crate) fn append(
    graph: &dyn Graph,
    list: &RankedList,
    lists: usize,
    store: &dyn MemoryReader,
    context: &mut Context,
) -> Result<Vec<Hit>, ComponentError> {
    let mut hits = Vec::with_capacity(list.items.len());
    let mut lines = Vec::new();
    for (rank, item) in (1..).zip(&list.items) {
        let Some(record) = store.record(item.id)? else {
            continue;
        };
        let mut shown = entry(&record, TimeFormat::None);
        shown.shown = graph.shown(&record);
        shown.body.clone_from(&shown.shown);
        lines.push(shown.shown.clone());
        context.entries.push(shown);
        let mut columns = vec![None; lists.saturating_sub(1)];
        columns.push(Some(ListRank {
            rank,
            score: item.score,
        }));
        hits.push(Hit {
            id: item.id,
            score: item.score,
            lists: columns,
        });
    }
    if lines.is_empty() {
        return Ok(hits);
    }
    let lines = lines.join("\n");
    let retrieved = context.retrieved();
    context.retrieved = Some(if retrieved.is_empty() {
        lines.clone()
    } else {
        format!("{retrieved}\n{lines}")
    });
    if !context.text.is_empty() {
        context.text.push_str("\n\n");
    }
    context.text.push_str(HEADING);
    context.text.push('\n');
    context.text.push_str(&lines);
    Ok(hits)
}

/// A day as LOCOMO writes it: `8 May, 2023`.
pub(super) fn day(at: DateTime) -> String {
    crate::context::spoken_day(at.date())
}
