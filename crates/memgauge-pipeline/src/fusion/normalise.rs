//! Scores of different lists brought to a common scale.

use memgauge_core::RankedList;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the scores of one list are scaled before they are added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Normalise {
    /// As they are; a memory that the list lacks counts 0.
    None,
    /// To 0..1 between the list's lowest and highest; a memory that the list lacks counts 0. A list of
    /// equal scores becomes 1 throughout.
    MinMax,
    /// Divided by the list's highest, where that is positive (otherwise all count 0); a memory that the
    /// list lacks counts 0.
    Max,
    /// Standard scores (n in the denominator); a memory that the list lacks counts as the list's lowest. A
    /// list of equal scores becomes 0 throughout.
    ZScore,
    /// 1 / (1 + exp(-steepness (score - midpoint))), as Mem0 2.x treats BM25; a memory that the list lacks
    /// counts 0.
    Sigmoid,
}

/// One value for all lists, or one per list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum OneOrEach<T> {
    /// The same for every list.
    One(T),
    /// One per list, in the order of the retriever's inputs.
    Each(Vec<T>),
}

impl<T: Copy> OneOrEach<T> {
    /// The value for list `index`.
    pub fn get(&self, index: usize) -> Option<T> {
        match self {
            Self::One(one) => Some(*one),
            Self::Each(each) => each.get(index).copied(),
        }
    }
}

/// Midpoint and steepness of Mem0 2.0.18's sigmoid, by the number of terms that were searched for.
pub(super) fn mem0_sigmoid(terms: u32) -> (f64, f64) {
    match terms {
        0..=3 => (5.0, 0.7),
        4..=6 => (7.0, 0.6),
        7..=9 => (9.0, 0.5),
        10..=15 => (10.0, 0.5),
        _ => (12.0, 0.5),
    }
}

/// A list's scale: what a score becomes, and what a memory that the list lacks counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Normaliser {
    /// `(score - shift) * factor`, and `missing`.
    Linear {
        /// Taken off first.
        shift: f64,
        /// Then multiplied by.
        factor: f64,
        /// What a memory that the list lacks counts.
        missing: f64,
    },
    /// The same value whatever the score; a memory that the list lacks counts 0.
    Constant(f64),
    /// The logistic curve; a memory that the list lacks counts 0.
    Logistic {
        /// Score that becomes 0.5.
        midpoint: f64,
        /// Slope.
        steepness: f64,
    },
}

impl Normaliser {
    /// The scale of `list` under `normalise`; `sigmoid` is used by that kind alone.
    pub fn of(normalise: Normalise, list: &RankedList, sigmoid: (f64, f64)) -> Self {
        let scores = || {
            list.items
                .iter()
                .map(|item| f64::from(item.score))
                .filter(|score| score.is_finite())
        };
        let lowest = scores().reduce(f64::min).unwrap_or(0.0);
        let highest = scores().reduce(f64::max).unwrap_or(0.0);
        let linear = |shift, factor| Self::Linear {
            shift,
            factor,
            missing: 0.0,
        };
        match normalise {
            Normalise::None => linear(0.0, 1.0),
            Normalise::MinMax if highest > lowest => linear(lowest, 1.0 / (highest - lowest)),
            Normalise::MinMax => Self::Constant(1.0),
            Normalise::Max if highest > 0.0 => linear(0.0, 1.0 / highest),
            Normalise::Max => Self::Constant(0.0),
            Normalise::ZScore => {
                let n = scores().count().max(1) as f64;
                let mean = scores().sum::<f64>() / n;
                let variance = scores().map(|score| (score - mean).powi(2)).sum::<f64>() / n;
                let deviation = variance.sqrt();
                if highest > lowest && deviation > 0.0 {
                    Self::Linear {
                        shift: mean,
                        factor: 1.0 / deviation,
                        missing: (lowest - mean) / deviation,
                    }
                } else {
                    Self::Constant(0.0)
                }
            }
            Normalise::Sigmoid => Self::Logistic {
                midpoint: sigmoid.0,
                steepness: sigmoid.1,
            },
        }
    }

    /// What `score` counts; `None` = the list lacks the memory. A score that is not a finite number
    /// is treated like a missing one.
    pub fn apply(&self, score: Option<f32>) -> f64 {
        let score = score.map(f64::from).filter(|score| score.is_finite());
        match (*self, score) {
            (
                Self::Linear {
                    shift,
                    factor,
                    missing: _,
                },
                Some(score),
            ) => (score - shift) * factor,
            (Self::Linear { missing, .. }, None) => missing,
            (Self::Constant(value), Some(_)) => value,
            (
                Self::Logistic {
                    midpoint,
                    steepness,
                },
                Some(score),
            ) => 1.0 / (1.0 + (-steepness * (score - midpoint)).exp()),
            (Self::Constant(_) | Self::Logistic { .. }, None) => 0.0,
        }
    }
}
