//! What is asked of a comparison.

use memgauge_core::{Category, CategoryNames};

use crate::statistics::{Bootstrap, DEFAULT_MARGIN};
use crate::summary::SLICES;

/// What is asked of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct CompareOptions {
    /// The metric (see [`metric_names`](crate::summary::metric_names)); `None` = J where every arm has labels,
    /// otherwise `f1.locomo`.
    pub metric: Option<String>,
    /// Differences inside plus and minus this count as none, in score units.
    pub margin: f64,
    /// Categories to look at; empty = 1 to 4 together, and every category alone.
    pub categories: Vec<Category>,
    /// Whose names the categories go by.
    pub names: CategoryNames,
    /// Compare what is common even where the arms are not comparable.
    pub force: bool,
    /// Compare every two arms, not only all with the first.
    pub all_pairs: bool,
    /// How intervals are made.
    pub bootstrap: Bootstrap,
}

impl Default for CompareOptions {
    fn default() -> Self {
        Self {
            metric: None,
            margin: DEFAULT_MARGIN,
            categories: Vec::new(),
            names: CategoryNames::Official,
            force: false,
            all_pairs: false,
            bootstrap: Bootstrap::default(),
        }
    }
}

/// A set of questions that has a row of its own: its name, and the categories in it.
pub type Slice = (String, Vec<Category>);

/// The slices for a choice of categories: all of them together, then, where there are several, each alone. Without a
/// choice categories 1 to 4 are together, and category 5 has a row of its own. `names`: whose names they go by.
#[must_use]
pub fn slices(categories: &[Category], names: CategoryNames) -> Vec<Slice> {
    let alone = |category: &Category| (names.of(*category).to_owned(), vec![*category]);
    if categories.is_empty() {
        let scored = Category::ALL.into_iter().filter(|c| c.is_scored());
        let pooled = (SLICES[0].to_owned(), scored.collect());
        return std::iter::once(pooled)
            .chain(Category::ALL.iter().map(alone))
            .collect();
    }
    let mut chosen = categories.to_vec();
    chosen.sort_unstable();
    chosen.dedup();
    if let [only] = chosen.as_slice() {
        return vec![alone(only)];
    }
    let together: Vec<&str> = chosen.iter().map(|category| names.of(*category)).collect();
    std::iter::once((together.join("+"), chosen.clone()))
        .chain(chosen.iter().map(alone))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn category_5_is_pooled_with_nothing_unless_it_is_asked_for() {
        let official = CategoryNames::Official;
        let all = slices(&[], official);
        assert_eq!(all.len(), 6);
        assert_eq!(all[0].0, "1-4");
        assert!(!all[0].1.contains(&Category::Adversarial));
        let one = slices(&[Category::Temporal, Category::Temporal], official);
        assert_eq!(one, [("temporal".to_owned(), vec![Category::Temporal])]);
        let chosen = [Category::SingleHop, Category::MultiHop];
        let two = slices(&chosen, official);
        let names: Vec<&str> = two.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["multi-hop+single-hop", "multi-hop", "single-hop"]);
        let paper = slices(&chosen, CategoryNames::Mem0Paper);
        assert_eq!(paper[0].0, "single-hop+open-domain");
        assert_eq!(
            (&paper[1].0[..], &paper[1].1),
            ("single-hop", &vec![Category::MultiHop])
        );
    }
}
