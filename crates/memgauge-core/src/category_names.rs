//! Whose names the categories go by: LOCOMO's own, or those of Mem0's paper.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Category;

/// Whose category names are printed. Files always hold the official ones.
///
/// Mem0's paper (arXiv 2504.19413, Table 1) and the code of its evaluation call category 1
/// "single-hop", 3 "multi-hop" and 4 "open-domain"; several later publications follow it. A number
/// under one naming must not be compared with one of the same name under the other.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum CategoryNames {
    /// Those of LOCOMO's own evaluation (upstream `task_eval/evaluation.py`).
    #[default]
    Official,
    /// Those of Mem0's paper.
    Mem0Paper,
}

impl CategoryNames {
    /// All namings.
    pub const ALL: [Self; 2] = [Self::Official, Self::Mem0Paper];

    /// How the naming is called on the command line and in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Official => "official",
            Self::Mem0Paper => "mem0-paper",
        }
    }

    /// The naming in words, for the head of a table.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Official => "official names",
            Self::Mem0Paper => "names of Mem0's paper",
        }
    }

    /// The name of a category.
    pub const fn of(self, category: Category) -> &'static str {
        match (self, category) {
            (Self::Mem0Paper, Category::MultiHop) => Category::SingleHop.name(),
            (Self::Mem0Paper, Category::OpenDomain) => Category::MultiHop.name(),
            (Self::Mem0Paper, Category::SingleHop) => Category::OpenDomain.name(),
            (_, category) => category.name(),
        }
    }

    /// The category that goes by `name` here.
    pub fn category(self, name: &str) -> Option<Category> {
        Category::ALL
            .into_iter()
            .find(|category| self.of(*category) == name)
    }

    /// A slice of a summary (`1-4`, or a category under its official name) under this naming.
    pub fn slice(self, official: &str) -> &str {
        Self::Official
            .category(official)
            .map_or(official, |category| self.of(category))
    }
}

impl fmt::Display for CategoryNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for CategoryNames {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.map(Self::name);
        Self::ALL
            .into_iter()
            .find(|names| names.name() == text)
            .ok_or_else(|| crate::config::unknown("naming", text, &known))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_paper_permutes_three_names() {
        let of = |names: CategoryNames| Category::ALL.map(|category| names.of(category));
        assert_eq!(
            of(CategoryNames::Official),
            [
                "multi-hop",
                "temporal",
                "open-domain",
                "single-hop",
                "adversarial"
            ]
        );
        assert_eq!(
            of(CategoryNames::Mem0Paper),
            [
                "single-hop",
                "temporal",
                "multi-hop",
                "open-domain",
                "adversarial"
            ]
        );
    }

    #[test]
    fn every_naming_is_read_as_written_and_has_each_name_once() {
        for names in CategoryNames::ALL {
            assert_eq!(names.name().parse(), Ok(names));
            for category in Category::ALL {
                assert_eq!(names.category(names.of(category)), Some(category));
            }
            assert_eq!(names.slice("1-4"), "1-4");
        }
        assert_eq!(CategoryNames::Mem0Paper.slice("multi-hop"), "single-hop");
        let error = "mem0".parse::<CategoryNames>().unwrap_err();
        assert!(error.contains("official, mem0-paper"), "{error}");
    }
}
