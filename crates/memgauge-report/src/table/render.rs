//! Rows of cells, as aligned text for a terminal and as Markdown.

use std::fmt::Write as _;

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Columns aligned with spaces.
    Text,
    /// A Markdown table.
    Markdown,
}

/// Rows of cells under a head, the first column a name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    /// Heads of the columns.
    pub head: Vec<String>,
    /// Cells.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these heads.
    pub fn new(head: &[&str]) -> Self {
        Self {
            head: head.iter().map(|cell| (*cell).to_owned()).collect(),
            rows: Vec::new(),
        }
    }

    /// The table as text.
    pub fn render(&self, style: Style) -> String {
        let widths: Vec<usize> = (0..self.head.len())
            .map(|column| {
                std::iter::once(&self.head)
                    .chain(&self.rows)
                    .filter_map(|row| row.get(column))
                    .map(|cell| cell.chars().count())
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        let mut text = String::new();
        let mut line = |cells: &[String]| {
            let padded: Vec<String> = cells
                .iter()
                .zip(&widths)
                .enumerate()
                .map(|(column, (cell, width))| {
                    let pad = " ".repeat(width.saturating_sub(cell.chars().count()));
                    if column == 0 {
                        format!("{cell}{pad}")
                    } else {
                        format!("{pad}{cell}")
                    }
                })
                .collect();
            match style {
                Style::Text => {
                    let joined = padded.join("  ");
                    text.push_str(joined.trim_end());
                }
                Style::Markdown => {
                    let _ = write!(text, "| {} |", padded.join(" | "));
                }
            }
            text.push('\n');
        };
        line(&self.head);
        let rule: Vec<String> = widths
            .iter()
            .enumerate()
            .map(|(column, width)| match (style, column) {
                (Style::Text, _) => "─".repeat(*width),
                (Style::Markdown, 0) => "-".repeat(*width),
                (Style::Markdown, _) => format!("{}:", "-".repeat(width.saturating_sub(1))),
            })
            .collect();
        line(&rule);
        for row in &self.rows {
            line(row);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::UNKNOWN;

    #[test]
    fn both_styles_hold_the_same_cells() {
        let mut table = Table::new(&["system", "f1"]);
        table.rows.push(vec!["a".into(), "1.0".into()]);
        table.rows.push(vec!["long name".into(), UNKNOWN.into()]);
        assert_eq!(
            table.render(Style::Text),
            "system      f1\n─────────  ───\na          1.0\nlong name    –\n"
        );
        assert_eq!(
            table.render(Style::Markdown),
            "| system    |  f1 |\n| --------- | --: |\n| a         | 1.0 |\n| long name |   – |\n"
        );
    }
}
