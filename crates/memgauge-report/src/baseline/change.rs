//! Which questions differ between two baselines.

use std::collections::BTreeSet;

use memgauge_core::QuestionId;
use serde::Serialize;

use super::Baseline;
use super::column::written;

/// A question that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct QuestionChange {
    /// The question.
    pub question: QuestionId,
    /// Its category.
    pub category: u8,
    /// What differs, as `column: before -> after`; nothing here where only the answer's or the context's text does.
    pub values: Vec<String>,
    /// Whether the answer or the context is another text.
    pub text: bool,
    /// `new` or `gone` where only one of the two has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only: Option<&'static str>,
}

/// A variant with the questions that differ.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VariantChange {
    /// The variant.
    pub variant: String,
    /// Its questions that differ, in order.
    pub questions: Vec<QuestionChange>,
}

/// The questions that differ from `old` to `new`, for every variant of either. Columns that only one has are not looked
/// at.
#[must_use]
pub fn changes(old: &Baseline, new: &Baseline) -> Vec<VariantChange> {
    let names = |baseline: &Baseline| -> Vec<String> {
        let heads = baseline.head.variants.iter();
        heads.map(|head| head.name.clone()).collect()
    };
    let mut all = names(old);
    all.extend(
        names(new)
            .into_iter()
            .filter(|name| old.variant(name).is_none()),
    );
    all.into_iter()
        .map(|variant| VariantChange {
            questions: of_variant(old, new, &variant),
            variant,
        })
        .collect()
}

fn of_variant(old: &Baseline, new: &Baseline, variant: &str) -> Vec<QuestionChange> {
    let rows = |baseline: &Baseline| {
        let at = baseline.variant(variant);
        at.and_then(|at| baseline.variants.get(at).cloned())
            .unwrap_or_default()
    };
    let (before, after) = (rows(old), rows(new));
    let shared: Vec<(&String, usize, usize)> = old
        .head
        .columns
        .iter()
        .enumerate()
        .filter_map(|(at, column)| Some((column, at, new.column(column)?)))
        .collect();
    let questions: BTreeSet<&QuestionId> = before.keys().chain(after.keys()).collect();
    let mut found = Vec::new();
    for question in questions {
        let (was, is) = (before.get(question), after.get(question));
        let Some(category) = is.or(was).map(|row| row.category.number()) else {
            continue;
        };
        let mut change = QuestionChange {
            question: question.clone(),
            category,
            values: Vec::new(),
            text: false,
            only: match (was, is) {
                (None, _) => Some("new"),
                (_, None) => Some("gone"),
                _ => None,
            },
        };
        if let (Some(was), Some(is)) = (was, is) {
            let told = |column: &str, value: Option<f64>| {
                value.map_or_else(|| "unknown".to_owned(), |value| written(column, value))
            };
            for (column, old, new) in &shared {
                let (a, b) = (
                    was.values.get(*old).copied().flatten(),
                    is.values.get(*new).copied().flatten(),
                );
                if a != b {
                    let (a, b) = (told(column, a), told(column, b));
                    change.values.push(format!("{column}: {a} -> {b}"));
                }
            }
            change.text = was.digest != is.digest;
        }
        if change.only.is_some() || change.text || !change.values.is_empty() {
            found.push(change);
        }
    }
    found
}
