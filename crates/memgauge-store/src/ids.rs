//! Sets of memories.

use memgauge_core::MemoryId;
use roaring::RoaringBitmap;

/// A set of memory ids, one bit per id: ids are dense, and a scan wants `contains` in a cycle.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IdSet {
    words: Vec<u64>,
}

impl IdSet {
    fn split(id: MemoryId) -> (usize, u64) {
        ((id.0 / 64) as usize, 1 << (id.0 % 64))
    }

    pub(crate) fn insert(&mut self, id: MemoryId) {
        let (word, bit) = Self::split(id);
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        if let Some(word) = self.words.get_mut(word) {
            *word |= bit;
        }
    }

    pub(crate) fn remove(&mut self, id: MemoryId) -> bool {
        let (word, bit) = Self::split(id);
        self.words.get_mut(word).is_some_and(|word| {
            let held = *word & bit != 0;
            *word &= !bit;
            held
        })
    }

    pub(crate) fn contains(&self, id: MemoryId) -> bool {
        let (word, bit) = Self::split(id);
        self.words.get(word).is_some_and(|word| word & bit != 0)
    }

    pub(crate) fn len(&self) -> usize {
        self.words
            .iter()
            .map(|word| word.count_ones() as usize)
            .sum()
    }

    pub(crate) fn union(&mut self, other: &Self) {
        if self.words.len() < other.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        for (mine, theirs) in self.words.iter_mut().zip(&other.words) {
            *mine |= theirs;
        }
    }

    pub(crate) fn intersect(&mut self, other: &Self) {
        self.words.truncate(other.words.len());
        for (mine, theirs) in self.words.iter_mut().zip(&other.words) {
            *mine &= theirs;
        }
    }

    pub(crate) fn subtract(&mut self, other: &Self) {
        for (mine, theirs) in self.words.iter_mut().zip(&other.words) {
            *mine &= !theirs;
        }
    }

    /// The ids, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = MemoryId> {
        self.words
            .iter()
            .zip((0_u32..).step_by(64))
            .flat_map(|(word, base)| {
                let mut rest = *word;
                std::iter::from_fn(move || {
                    (rest != 0).then(|| {
                        let bit = rest.trailing_zeros();
                        rest &= rest - 1;
                        MemoryId(base + bit)
                    })
                })
            })
    }

    pub(crate) fn to_roaring(&self) -> RoaringBitmap {
        self.iter().map(|id| id.0).collect()
    }
}

impl FromIterator<MemoryId> for IdSet {
    fn from_iter<I: IntoIterator<Item = MemoryId>>(ids: I) -> Self {
        let mut set = Self::default();
        for id in ids {
            set.insert(id);
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(ids: &[u32]) -> IdSet {
        ids.iter().copied().map(MemoryId).collect()
    }

    fn ids(set: &IdSet) -> Vec<u32> {
        set.iter().map(|id| id.0).collect()
    }

    #[test]
    fn set_operations() {
        let mut a = set(&[0, 63, 64, 200]);
        assert_eq!(ids(&a), [0, 63, 64, 200]);
        assert_eq!(a.len(), 4);
        a.union(&set(&[5, 300]));
        assert_eq!(ids(&a), [0, 5, 63, 64, 200, 300]);
        a.subtract(&set(&[5, 1000]));
        a.intersect(&set(&[63, 64, 200]));
        assert_eq!(ids(&a), [63, 64, 200]);
        assert!(a.remove(MemoryId(64)) && !a.remove(MemoryId(64)) && !a.remove(MemoryId(9999)));
        assert!(a.contains(MemoryId(63)) && !a.contains(MemoryId(64)));
        assert_eq!(a.to_roaring().iter().collect::<Vec<_>>(), [63, 200]);
    }
}
