//! How well an estimate does on systems that it was not fitted on.

use std::collections::{BTreeMap, BTreeSet};

use memgauge_core::{Category, ConversationId};
use serde::{Deserialize, Serialize};

use super::fit::{Design, fit};
use super::model::{Surrogate, SurrogateError};

/// An estimate beside the labels of one system.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HeldOut {
    /// The system.
    pub name: String,
    /// Answers with a label.
    pub n: usize,
    /// Share of them for which the estimate, cut at one half, is the label.
    pub agreement: f64,
    /// Area under the ROC curve: probability that a right answer has a higher estimate than a wrong one; null
    /// without answers of both kinds.
    pub auc: Option<f64>,
    /// Agreement of always saying what most labels say.
    pub majority: f64,
    /// J: share of right labels.
    pub j: f64,
    /// J~: mean of the estimates.
    pub j_estimated: f64,
    /// The same by category, in their order: J and J~.
    pub by_category: Vec<CategoryEstimate>,
}

/// J and J~ of a category.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CategoryEstimate {
    /// The category.
    pub category: Category,
    /// Answers with a label.
    pub n: usize,
    /// Agreement in it.
    pub agreement: f64,
    /// Share of right labels.
    pub j: f64,
    /// Mean of the estimates.
    pub j_estimated: f64,
}

/// What estimates, one per row of the design, come to beside the labels; `None` without answers.
fn compare(design: &Design, estimates: &[f64]) -> Option<HeldOut> {
    let labels = design.labels.iter().copied();
    let pairs: Vec<(f64, bool)> = estimates.iter().copied().zip(labels).collect();
    let by_category = Category::ALL
        .into_iter()
        .filter_map(|category| {
            let inside = pairs.iter().zip(&design.categories);
            let inside: Vec<(f64, bool)> = inside
                .filter(|(_, of)| **of == category)
                .map(|(pair, _)| *pair)
                .collect();
            let (agreement, j, j_estimated) = agreement(&inside)?;
            Some(CategoryEstimate {
                category,
                n: inside.len(),
                agreement,
                j,
                j_estimated,
            })
        })
        .collect();
    let (agreement, j, j_estimated) = agreement(&pairs)?;
    Some(HeldOut {
        name: design.source.name.clone(),
        n: pairs.len(),
        agreement,
        auc: auc(&pairs),
        majority: j.max(1.0 - j),
        j,
        j_estimated,
        by_category,
    })
}

/// A model's estimates of the answers of a system beside their labels; `None` without answers.
#[must_use]
pub fn held_out(model: &Surrogate, design: &Design) -> Option<HeldOut> {
    let estimates: Vec<f64> = design
        .rows
        .iter()
        .map(|row| model.of_features(row))
        .collect();
    compare(design, &estimates)
}

/// Every system estimated by models that were fitted on the others; with `conversations` they have not seen the
/// conversation of the answer either.
///
/// # Errors
/// When what is left cannot be fitted.
pub fn leave_one_out(
    designs: &[Design],
    embedder: &str,
    alpha: f64,
    conversations: bool,
) -> Result<Vec<HeldOut>, SurrogateError> {
    let mut found = Vec::with_capacity(designs.len());
    for (left_out, design) in designs.iter().enumerate() {
        let others = designs.iter().enumerate();
        let others: Vec<&Design> = others
            .filter(|(index, _)| *index != left_out)
            .map(|(_, design)| design)
            .collect();
        if !conversations {
            let model = fit(&others, embedder, alpha)?;
            found.extend(held_out(&model, design));
            continue;
        }
        let apart: BTreeSet<&ConversationId> = design.conversations.iter().collect();
        let mut models = BTreeMap::new();
        for conversation in apart {
            let rest: Vec<Design> = others
                .iter()
                .map(|other| other.without(conversation))
                .collect();
            let rest: Vec<&Design> = rest.iter().collect();
            models.insert(conversation, fit(&rest, embedder, alpha)?);
        }
        let rows = design.rows.iter().zip(&design.conversations);
        let estimates: Vec<f64> = rows
            .filter_map(|(row, conversation)| Some(models.get(conversation)?.of_features(row)))
            .collect();
        found.extend(compare(design, &estimates));
    }
    Ok(found)
}

/// Agreement at one half, share of right labels, mean estimate.
fn agreement(pairs: &[(f64, bool)]) -> Option<(f64, f64, f64)> {
    if pairs.is_empty() {
        return None;
    }
    let n = pairs.len() as f64;
    let same = pairs
        .iter()
        .filter(|(estimate, label)| (*estimate > 0.5) == *label);
    let right = pairs.iter().filter(|(_, label)| *label).count() as f64;
    let estimates: f64 = pairs.iter().map(|(estimate, _)| estimate).sum();
    Some((same.count() as f64 / n, right / n, estimates / n))
}

/// Area under the ROC curve by ranks (Mann and Whitney 1947), ties counting one half.
#[must_use]
pub fn auc(pairs: &[(f64, bool)]) -> Option<f64> {
    let mut sorted = pairs.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let right = sorted.iter().filter(|(_, label)| *label).count();
    let wrong = sorted.len() - right;
    if right == 0 || wrong == 0 {
        return None;
    }
    let (mut wins, mut below) = (0.0, 0.0);
    for ties in sorted.chunk_by(|a, b| a.0 == b.0) {
        let right_here = ties.iter().filter(|(_, label)| *label).count() as f64;
        let wrong_here = ties.len() as f64 - right_here;
        wins += right_here * (below + wrong_here / 2.0);
        below += wrong_here;
    }
    Some(wins / (right as f64 * wrong as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn area_under_the_curve() {
        assert_eq!(auc(&[(0.1, false), (0.9, true)]), Some(1.0));
        assert_eq!(auc(&[(0.9, false), (0.1, true)]), Some(0.0));
        assert_eq!(auc(&[(0.5, false), (0.5, true)]), Some(0.5));
        // Of 2 x 2 pairs three are won.
        assert_eq!(
            auc(&[(0.1, false), (0.2, true), (0.3, false), (0.4, true)]),
            Some(0.75)
        );
        assert_eq!(auc(&[(0.5, true)]), None);
    }
}
