//! Whose category names the paper goes by.

use std::collections::BTreeMap;

use memgauge_core::{Category, CategoryNames};
use serde::Serialize;

use super::data::{PaperError, table_1, table_2};

/// How far a sum of printed numbers may be from a printed number, in points: each is rounded to 0.005,
/// and so is their weighted mean at worst.
pub const TOLERANCE: f64 = 0.01;

/// The J of Table 2 of one method, and what Table 1 gives for it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PaperCheck {
    /// Method as Table 2 names it.
    pub method: String,
    /// J as Table 2 prints it, in percent.
    pub printed: f64,
    /// Table 1's J weighted by the number of questions, in percent, if its columns were named by each
    /// of the namings.
    pub derived: BTreeMap<CategoryNames, f64>,
    /// The namings whose J is the printed one within [`TOLERANCE`].
    pub fits: Vec<CategoryNames>,
}

/// Derives the J of Table 2 from Table 1 under every naming, for the methods that both have.
/// `questions` are the numbers of questions of categories 1 to 4.
///
/// # Errors
/// When the shipped tables are damaged.
pub fn check(questions: [usize; 4]) -> Result<Vec<PaperCheck>, PaperError> {
    let scores = table_1()?;
    let mut checks = Vec::new();
    for overall in table_2()? {
        // The paper marks its own runs of A-Mem with a star in Table 1 alone.
        let own = format!("{}*", overall.method);
        let row = scores
            .iter()
            .find(|row| row.method == own)
            .or_else(|| scores.iter().find(|row| row.method == overall.method));
        let Some(row) = row else { continue };
        let under = |names: CategoryNames| {
            let mut sum = 0.0;
            for (category, cell) in &row.scores {
                // The column's printed name, read as a name of this naming.
                let printed = CategoryNames::Mem0Paper.of(*category);
                let meant: Category = names.category(printed)?;
                let count = questions.get(usize::from(meant.number()) - 1)?;
                sum += cell.j? * *count as f64;
            }
            Some((names, sum / questions.iter().sum::<usize>() as f64))
        };
        let derived: BTreeMap<CategoryNames, f64> =
            CategoryNames::ALL.into_iter().filter_map(under).collect();
        if derived.is_empty() {
            continue;
        }
        let near = |derived: f64| (derived - overall.j).abs() <= TOLERANCE + 1e-9;
        checks.push(PaperCheck {
            fits: derived
                .iter()
                .filter(|(_, derived)| near(**derived))
                .map(|(names, _)| *names)
                .collect(),
            method: overall.method,
            printed: overall.j,
            derived,
        });
    }
    Ok(checks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_papers_own_names_give_its_overall_j() {
        let checks = check([282, 321, 96, 841]).unwrap();
        let printed: Vec<(&str, f64)> = checks
            .iter()
            .map(|check| (check.method.as_str(), check.printed))
            .collect();
        assert_eq!(
            printed,
            [
                ("A-Mem", 48.38),
                ("LangMem", 58.10),
                ("Zep", 65.99),
                ("OpenAI", 52.90),
                ("Mem0", 66.88),
                ("Mem0g", 68.44),
            ]
        );
        for check in &checks {
            assert_eq!(check.fits, [CategoryNames::Mem0Paper], "{check:?}");
        }
        // Other counts fit under neither.
        let other = check([841, 321, 96, 282]).unwrap();
        assert!(
            other
                .iter()
                .all(|check| !check.fits.contains(&CategoryNames::Mem0Paper))
        );
    }
}
