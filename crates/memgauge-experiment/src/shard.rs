//! One experiment on many machines: which part of it is whose.

use std::fmt;
use std::str::FromStr;

use crate::plan::Plan;

/// Part `index` of `of`, both from 1: `3/16`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shard {
    index: u32,
    of: u32,
}

impl Shard {
    /// Part `index` of `of`; `None` unless 1 <= `index` <= `of`.
    pub fn new(index: u32, of: u32) -> Option<Self> {
        (1..=of).contains(&index).then_some(Self { index, of })
    }

    /// Which part, from 1.
    pub fn index(self) -> u32 {
        self.index
    }

    /// How many there are.
    pub fn of(self) -> u32 {
        self.of
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong =
            || format!("`{text}` is not a shard: give `K/N` with 1 <= K <= N, such as 3/16");
        let (index, of) = text.split_once('/').ok_or_else(wrong)?;
        let number = |part: &str| part.trim().parse().map_err(|_| wrong());
        Self::new(number(index)?, number(of)?).ok_or_else(wrong)
    }
}

/// What is never split: the questions of one conversation under one variant, in one repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell {
    /// Place of the conversation in the dataset.
    pub entry: usize,
    /// Repeat of the ingestion.
    pub ingestion: u32,
    /// Variants of equal group share an ingestion.
    pub group: usize,
    /// Place of the variant in the plan.
    pub variant: usize,
    /// Repeat of the answer.
    pub repeat: u32,
}

impl Plan {
    /// The cells of one part of this plan, in order. Cells are put in an order that keeps together what
    /// shares an ingestion, and cut into parts of about as many questions each; the parts are the same
    /// wherever they are computed.
    pub fn cells_of(&self, shard: Shard) -> Vec<Cell> {
        let mut cells = self.cells();
        cells.sort_unstable();
        let questions = |cell: &Cell| {
            let planned = self
                .conversations
                .iter()
                .find(|one| one.entry == cell.entry);
            planned.map_or(0, |planned| planned.items.len() as u64)
        };
        let weights: Vec<u64> = cells.iter().map(questions).collect();
        let all: u64 = weights.iter().sum();
        let mut before = 0;
        let mut mine = Vec::new();
        for (cell, weight) in cells.into_iter().zip(weights) {
            // The part in which the middle of the cell lies.
            let middle = 2 * before + weight;
            before += weight;
            let part = middle * u64::from(shard.of) / (2 * all).max(1);
            if part + 1 == u64::from(shard.index) {
                mine.push(cell);
            }
        }
        mine
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_is_written_as_a_fraction() {
        assert_eq!("3/16".parse(), Ok(Shard { index: 3, of: 16 }));
        assert_eq!("3/16".parse::<Shard>().unwrap().to_string(), "3/16");
        for wrong in ["0/4", "5/4", "1", "a/4", "1/0", "-1/4", ""] {
            let error = wrong.parse::<Shard>().unwrap_err();
            assert!(error.contains("K/N"), "{error}");
        }
    }
}
