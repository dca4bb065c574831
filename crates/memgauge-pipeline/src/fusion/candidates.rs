//! The union of several ranked lists, one row per memory.

use memgauge_core::{Hit, ListRank, MemoryId, RankedList};

/// Every memory that some list holds, in order of id, with its rank and score in each list.
pub(super) struct Candidates {
    ids: Vec<MemoryId>,
    cells: Vec<Option<ListRank>>,
    width: usize,
}

impl Candidates {
    /// The union of `lists`. Of a memory that a list holds twice, the better rank counts.
    pub(super) fn of(lists: &[RankedList]) -> Self {
        let mut ids: Vec<MemoryId> = lists
            .iter()
            .flat_map(|list| list.items.iter().map(|item| item.id))
            .collect();
        ids.sort_unstable();
        ids.dedup();
        let width = lists.len();
        let mut cells = vec![None; ids.len() * width];
        for (column, list) in lists.iter().enumerate() {
            for (rank, item) in (1_u32..).zip(&list.items) {
                let Ok(row) = ids.binary_search(&item.id) else {
                    continue;
                };
                if let Some(cell @ None) = cells.get_mut(row * width + column) {
                    *cell = Some(ListRank {
                        rank,
                        score: item.score,
                    });
                }
            }
        }
        Self { ids, cells, width }
    }

    /// Number of memories.
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    /// What list `column` says about each memory, in order of id.
    pub(super) fn column(&self, column: usize) -> impl Iterator<Item = Option<ListRank>> {
        self.cells
            .iter()
            .skip(column)
            .step_by(self.width.max(1))
            .copied()
    }

    /// The best `k` by `scores` (one per memory, in order of id).
    pub(super) fn best(&self, scores: &[f64], k: usize) -> Vec<Hit> {
        let mut order: Vec<(f32, usize)> = scores
            .iter()
            .enumerate()
            .map(|(row, score)| (finite(*score), row))
            .collect();
        // Rows are in order of id, so the lower row is the lower id. Scores are compared as they
        // are reported: what looks like a tie is one.
        let better = |a: &(f32, usize), b: &(f32, usize)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
        if k < order.len() {
            if k > 0 {
                order.select_nth_unstable_by(k - 1, better);
            }
            order.truncate(k);
        }
        order.sort_unstable_by(better);
        order
            .into_iter()
            .filter_map(|(score, row)| {
                Some(Hit {
                    id: *self.ids.get(row)?,
                    score,
                    lists: self
                        .cells
                        .get(row * self.width..(row + 1) * self.width)?
                        .to_vec(),
                })
            })
            .collect()
    }
}

/// The score as reported: a score that is not a number loses to every other; zero has one sign.
fn finite(score: f64) -> f32 {
    if score.is_nan() {
        f32::NEG_INFINITY
    } else {
        score as f32 + 0.0
    }
}
