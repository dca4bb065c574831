//! Means that need no resampling.

use std::collections::{BTreeMap, BTreeSet};

use super::row::Row;
use super::{ContextTokens, DOMAINS, Mean, SLICES, Scores};
use crate::record::ContextSummary;

/// Means without intervals, of all metrics and slices.
pub(super) fn plain_scores(rows: &[Row]) -> Scores {
    let mut samples: BTreeMap<String, [Vec<f64>; 6]> = BTreeMap::new();
    for row in rows {
        let stratum = usize::from(row.category.number()) - 1;
        for (metric, value) in row.values() {
            let slices = samples.entry(metric).or_default();
            for (domain, slice) in DOMAINS.iter().zip(slices) {
                if domain.contains(&stratum) {
                    slice.push(value);
                }
            }
        }
    }
    samples
        .into_iter()
        .map(|(metric, slices)| {
            let means = SLICES
                .iter()
                .zip(&slices)
                .map(|(slice, values)| ((*slice).to_owned(), plain_mean(values)))
                .collect();
            (metric, means)
        })
        .collect()
}

fn plain_mean(values: &[f64]) -> Option<Mean> {
    crate::statistics::mean(values).map(|mean| Mean {
        n: values.len(),
        mean,
        low: None,
        high: None,
    })
}

/// Tokens of the contexts; `None` where there is no context.
pub(super) fn context_tokens(rows: &[Row]) -> Option<ContextTokens> {
    let all: Vec<(&ContextSummary, bool)> = rows
        .iter()
        .filter_map(|row| Some((row.context.as_ref()?, row.category.is_scored())))
        .collect();
    let mean = |tokens: fn(&ContextSummary) -> u64, scored: bool| {
        let values: Vec<f64> = all
            .iter()
            .filter(|(_, is_scored)| !scored || *is_scored)
            .map(|(context, _)| tokens(context) as f64)
            .collect();
        crate::statistics::mean(&values)
    };
    let distinct: BTreeSet<&str> = all
        .iter()
        .map(|(context, _)| context.digest.as_str())
        .collect();
    Some(ContextTokens {
        n: all.len(),
        distinct: distinct.len(),
        cl100k: mean(|context| context.cl100k, true),
        o200k: mean(|context| context.o200k, true),
        cl100k_all: mean(|context| context.cl100k, false)?,
    })
}
