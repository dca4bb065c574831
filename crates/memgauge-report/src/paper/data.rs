//! The tables as they are shipped.

use std::collections::BTreeMap;

use memgauge_core::{Category, CategoryNames};
use serde::Serialize;

/// Where the numbers are from.
pub const CITATION: &str = "Mem0's paper, arXiv 2504.19413";

const TABLE_1: &str = include_str!("../../../../reports/paper/mem0-table1.csv");
const TABLE_2: &str = include_str!("../../../../reports/paper/mem0-table2.csv");

/// Columns of Table 1 by the beginning of their names, and the category's name in the paper.
const CATEGORIES: [(&str, &str); 4] = [
    ("single", "single-hop"),
    ("multi", "multi-hop"),
    ("open", "open-domain"),
    ("temporal", "temporal"),
];

/// The shipped data cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("reports/paper/{file}: line {line}: {message}")]
pub struct PaperError {
    /// The file.
    pub file: &'static str,
    /// Line, from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

/// A cell of Table 1, in percent; null where the paper has nothing.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct PaperCell {
    /// The set F1 of Mem0's evaluation (`f1.set`).
    pub f1: Option<f64>,
    /// BLEU-1 (`bleu1`).
    pub b1: Option<f64>,
    /// J, mean over the judge's runs.
    pub j: Option<f64>,
    /// Standard deviation of J over the judge's runs.
    pub j_sd: Option<f64>,
}

/// A row of Table 1.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PaperScores {
    /// Method as the paper names it.
    pub method: String,
    /// By category, whatever it is called.
    pub scores: BTreeMap<Category, PaperCell>,
}

/// A row of Table 2.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PaperOverall {
    /// Method as the paper names it.
    pub method: String,
    /// Chunks shown by the rows RAG.
    pub k: Option<u32>,
    /// Size of a chunk (rows RAG) or mean tokens of what was retrieved.
    pub tokens: u64,
    /// Median of the search, in seconds; null where there is none.
    pub search_p50_s: Option<f64>,
    /// 95th percentile of the search.
    pub search_p95_s: Option<f64>,
    /// Median of search and answer together.
    pub total_p50_s: Option<f64>,
    /// 95th percentile of search and answer together.
    pub total_p95_s: Option<f64>,
    /// J over categories 1 to 4, in percent.
    pub j: f64,
    /// Its standard deviation over the judge's runs.
    pub j_sd: f64,
}

impl PaperOverall {
    /// The method, with what distinguishes the rows RAG: `RAG, k = 2, 256 tokens`.
    pub fn name(&self) -> String {
        match self.k {
            Some(k) => format!("{}, k = {k}, {} tokens", self.method, self.tokens),
            None => self.method.clone(),
        }
    }
}

/// Table 1: scores by category.
///
/// # Errors
/// When the shipped file is damaged.
pub fn table_1() -> Result<Vec<PaperScores>, PaperError> {
    rows("mem0-table1.csv", TABLE_1)?
        .iter()
        .map(|row| {
            let mut scores = BTreeMap::new();
            for (column, name) in CATEGORIES {
                let of = |metric: &str| row.number(&format!("{column}_{metric}"));
                let cell = PaperCell {
                    f1: of("F1")?,
                    b1: of("B1")?,
                    j: of("J")?,
                    j_sd: of("J_sd")?,
                };
                if let Some(category) = CategoryNames::Mem0Paper.category(name) {
                    scores.insert(category, cell);
                }
            }
            Ok(PaperScores {
                method: row.text("method")?.to_owned(),
                scores,
            })
        })
        .collect()
}

/// Table 2: J, tokens and latency.
///
/// # Errors
/// When the shipped file is damaged.
pub fn table_2() -> Result<Vec<PaperOverall>, PaperError> {
    rows("mem0-table2.csv", TABLE_2)?
        .iter()
        .map(|row| {
            Ok(PaperOverall {
                method: row.text("method")?.to_owned(),
                k: row.number("K")?,
                tokens: row.needed("chunk_size_or_memory_tokens")?,
                search_p50_s: row.number("search_p50")?,
                search_p95_s: row.number("search_p95")?,
                total_p50_s: row.number("total_p50")?,
                total_p95_s: row.number("total_p95")?,
                j: row.needed("overall_J")?,
                j_sd: row.needed("J_sd")?,
            })
        })
        .collect()
}

/// A row by the names of its columns.
struct Row<'a> {
    file: &'static str,
    line: usize,
    cells: BTreeMap<&'a str, &'a str>,
}

impl Row<'_> {
    fn wrong(&self, message: String) -> PaperError {
        PaperError {
            file: self.file,
            line: self.line,
            message,
        }
    }

    fn text(&self, column: &str) -> Result<&str, PaperError> {
        let cell = self.cells.get(column).copied();
        cell.ok_or_else(|| self.wrong(format!("no column `{column}`")))
    }

    /// `None` where the cell is empty.
    fn number<T: std::str::FromStr>(&self, column: &str) -> Result<Option<T>, PaperError> {
        let cell = self.text(column)?;
        if cell.is_empty() {
            return Ok(None);
        }
        let number = cell.parse().map(Some);
        number.map_err(|_| self.wrong(format!("`{cell}` in `{column}` is no number")))
    }

    fn needed<T: std::str::FromStr>(&self, column: &str) -> Result<T, PaperError> {
        let number = self.number(column)?;
        number.ok_or_else(|| self.wrong(format!("`{column}` is empty")))
    }
}

/// The rows of a file of plain cells: no quotes, no commas in them.
fn rows<'a>(file: &'static str, text: &'a str) -> Result<Vec<Row<'a>>, PaperError> {
    let mut lines = text.lines().zip(1..);
    let head: Vec<&str> = match lines.next() {
        Some((head, _)) => head.split(',').collect(),
        None => Vec::new(),
    };
    lines
        .map(|(text, line)| {
            let cells: Vec<&str> = text.split(',').collect();
            let row = Row {
                file,
                line,
                cells: head.iter().copied().zip(cells.iter().copied()).collect(),
            };
            if cells.len() == head.len() {
                Ok(row)
            } else {
                Err(row.wrong(format!("{} cells, expected {}", cells.len(), head.len())))
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_tables_are_whole() {
        let (scores, overall) = (table_1().unwrap(), table_2().unwrap());
        assert_eq!((scores.len(), overall.len()), (11, 21));
        assert!(scores.iter().all(|row| row.scores.len() == 4));
        let mem0 = scores.iter().find(|row| row.method == "Mem0").unwrap();
        // Printed as single-hop: 282 questions that the dataset calls multi-hop.
        assert_eq!(mem0.scores[&Category::MultiHop].j, Some(67.13));
        assert_eq!(mem0.scores[&Category::SingleHop].f1, Some(47.65));
        assert_eq!(scores[0].scores[&Category::Temporal].j, None);
        assert_eq!(overall[0].name(), "RAG, k = 1, 128 tokens");
        let full = overall.iter().find(|row| row.method == "Full-context");
        assert_eq!(full.unwrap().search_p50_s, None);
    }

    #[test]
    fn a_damaged_file_names_its_line() {
        let error = |text: &'static str| match rows("x.csv", text) {
            Ok(rows) => rows[0].needed::<f64>("b").unwrap_err(),
            Err(error) => error,
        };
        assert!(
            error("a,b\n1\n")
                .to_string()
                .contains("line 2: 1 cells, expected 2")
        );
        assert!(
            error("a,b\n1,x\n")
                .to_string()
                .contains("`x` in `b` is no number")
        );
        assert!(error("a,b\n1,\n").to_string().contains("`b` is empty"));
        assert!(error("a,c\n1,2\n").to_string().contains("no column `b`"));
    }
}
