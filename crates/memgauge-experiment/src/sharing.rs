//! What is done once for several: variants that share an ingestion, and how many ingestions are left.

use std::collections::{BTreeMap, BTreeSet};

use memgauge_dataset::Dataset;

use crate::config::Isolation;
use crate::plan::{Plan, PlannedVariant, Role};

/// Variants that share an ingestion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The variant whose system ingests, and under whose name that is written down: the first whose memory
    /// holds vectors, as it serves all others too.
    pub owner: usize,
    /// All of them, in the order of the plan.
    pub variants: Vec<usize>,
}

/// An ingestion of one conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ingestion {
    /// The variant under whose name it is done.
    pub owner: usize,
    /// Place of the conversation in the dataset.
    pub entry: usize,
    /// Repeat of the ingestion.
    pub repeat: u32,
}

impl Plan {
    /// The variants, put together where they share an ingestion, in the order of their first.
    pub fn groups(&self) -> Vec<Group> {
        let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, variant) in self.variants.iter().enumerate() {
            groups.entry(&variant.upstream).or_default().push(index);
        }
        let mut groups: Vec<Group> = groups
            .into_values()
            .map(|variants| {
                let with_vectors = variants.iter().find(|index| {
                    let variant = self.variants.get(**index);
                    variant.is_some_and(PlannedVariant::needs_vectors)
                });
                let owner = with_vectors.or(variants.first()).copied();
                Group {
                    owner: owner.unwrap_or_default(),
                    variants,
                }
            })
            .collect();
        groups.sort_unstable_by_key(|group| group.variants.first().copied());
        groups
    }

    /// For each variant the one under whose name its ingestion is done and written down.
    pub fn owners(&self) -> Vec<usize> {
        let mut owners = vec![0; self.variants.len()];
        for group in self.groups() {
            for index in group.variants {
                if let Some(owner) = owners.get_mut(index) {
                    *owner = group.owner;
                }
            }
        }
        owners
    }

    /// The ingestions that this process does, each once however many cells ask its memory.
    pub fn ingestions(&self, dataset: &Dataset) -> BTreeSet<Ingestion> {
        let owners = self.owners();
        let mut found = BTreeSet::new();
        for (variant, planned) in self.variants.iter().enumerate() {
            let owner = owners.get(variant).copied().unwrap_or(variant);
            let is_swapped = matches!(planned.role, Role::Swapped(_));
            for one in &self.conversations {
                for repeat in self.all_repeats() {
                    if !self.asks(variant, one.entry, repeat) {
                        continue;
                    }
                    let mut needs = |entry: usize| {
                        found.insert(Ingestion {
                            owner,
                            entry,
                            repeat: self.ingestion_of(repeat),
                        });
                    };
                    match planned.isolation {
                        // Every conversation of the plan, asked or not: they are the crowd.
                        Isolation::Shared => {
                            self.conversations.iter().for_each(|one| needs(one.entry))
                        }
                        Isolation::Conversation if is_swapped => {
                            needs((one.entry + 1) % dataset.conversations.len().max(1));
                        }
                        Isolation::Conversation => needs(one.entry),
                    }
                }
            }
        }
        found
    }

    /// Variants x repeats x conversations that this process asks.
    pub fn asked_cells(&self) -> usize {
        let cells = self.cells();
        let mine = cells
            .iter()
            .filter(|cell| self.asks(cell.variant, cell.entry, cell.repeat));
        mine.count()
    }
}
