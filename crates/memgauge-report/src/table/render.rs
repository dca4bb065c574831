//! How a table is written.

use std::fmt::Write as _;

/// How tables are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Columns aligned with spaces.
    Text,
    /// A Markdown table.
    Markdown,
    /// A LaTeX `tabular` with the rules of the package booktabs.
    Latex,
    /// Comma-separated values as in RFC 4180, a head line first.
    Csv,
}

impl Style {
    /// The title of a whole report; empty where the style has no place for one.
    pub fn title(self, title: &str) -> String {
        match self {
            Self::Text => format!("{title}\n"),
            Self::Markdown => format!("# {title}\n"),
            Self::Latex => comment(title),
            Self::Csv => String::new(),
        }
    }

    /// What stands under a table; empty where there is nothing to say, or no place for it.
    pub fn note(self, note: &str) -> String {
        if note.is_empty() {
            return String::new();
        }
        match self {
            Self::Text => format!("{note}\n"),
            Self::Markdown => format!("\n{note}\n"),
            Self::Latex => comment(note),
            Self::Csv => String::new(),
        }
    }

    /// A title below that of the whole.
    pub fn heading(self, title: &str) -> String {
        match self {
            Self::Markdown => format!("## {title}\n"),
            other => other.title(title),
        }
    }

    /// What begins a line of a list.
    pub fn bullet(self) -> &'static str {
        match self {
            Self::Markdown => "- ",
            Self::Text | Self::Latex | Self::Csv => "  ",
        }
    }

    /// Sentences between and after the tables, as they are; empty where the style has no place for them.
    pub fn prose(self, text: &str) -> String {
        match self {
            Self::Text | Self::Markdown => text.to_owned(),
            Self::Latex => comment(text),
            Self::Csv => String::new(),
        }
    }
}

/// A comment of LaTeX, line by line.
fn comment(text: &str) -> String {
    text.lines().fold(String::new(), |mut all, line| {
        let _ = writeln!(all, "% {line}");
        all
    })
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
        match style {
            Style::Text | Style::Markdown => self.aligned(style == Style::Markdown),
            Style::Latex => self.latex(),
            Style::Csv => self.csv(),
        }
    }

    fn aligned(&self, is_markdown: bool) -> String {
        // What stands in a cell must not end it.
        let cell = |text: &str| {
            let text = text.replace(['\n', '\r'], " ");
            if is_markdown {
                text.replace('|', "\\|")
            } else {
                text
            }
        };
        let lines: Vec<Vec<String>> = std::iter::once(&self.head)
            .chain(&self.rows)
            .map(|row| row.iter().map(|text| cell(text)).collect())
            .collect();
        let widths: Vec<usize> = (0..self.head.len())
            .map(|column| {
                lines
                    .iter()
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
            if is_markdown {
                let _ = write!(text, "| {} |", padded.join(" | "));
            } else {
                text.push_str(padded.join("  ").trim_end());
            }
            text.push('\n');
        };
        let rule: Vec<String> = widths
            .iter()
            .enumerate()
            .map(|(column, width)| match (is_markdown, column) {
                (false, _) => "─".repeat(*width),
                (true, 0) => "-".repeat(*width),
                (true, _) => format!("{}:", "-".repeat(width.saturating_sub(1))),
            })
            .collect();
        for (index, cells) in lines.iter().enumerate() {
            line(cells);
            if index == 0 {
                line(&rule);
            }
        }
        text
    }

    fn latex(&self) -> String {
        let columns = "r".repeat(self.head.len().saturating_sub(1));
        let row = |cells: &[String]| {
            let cells: Vec<String> = cells.iter().map(|cell| escaped(cell)).collect();
            format!("  {} \\\\\n", cells.join(" & "))
        };
        let mut text = format!("\\begin{{tabular}}{{l{columns}}}\n  \\toprule\n");
        text.push_str(&row(&self.head));
        text.push_str("  \\midrule\n");
        for cells in &self.rows {
            text.push_str(&row(cells));
        }
        text.push_str("  \\bottomrule\n\\end{tabular}\n");
        text
    }

    fn csv(&self) -> String {
        let mut text = String::new();
        for row in std::iter::once(&self.head).chain(&self.rows) {
            let cells: Vec<String> = row.iter().map(|cell| quoted(cell)).collect();
            text.push_str(&cells.join(","));
            text.push('\n');
        }
        text
    }
}

/// A cell of LaTeX text.
fn escaped(cell: &str) -> String {
    let mut text = String::new();
    for letter in cell.chars() {
        match letter {
            '\\' => text.push_str("\\textbackslash{}"),
            '~' => text.push_str("\\textasciitilde{}"),
            '^' => text.push_str("\\textasciicircum{}"),
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => {
                text.push('\\');
                text.push(letter);
            }
            // In text mode these are other letters in the fonts that LaTeX begins with.
            '<' => text.push_str("$<$"),
            '>' => text.push_str("$>$"),
            '±' => text.push_str("$\\pm$"),
            'Δ' => text.push_str("$\\Delta$"),
            '–' => text.push_str("--"),
            '\n' | '\r' => text.push(' '),
            _ => text.push(letter),
        }
    }
    // A row that begins with a bracket would be read as an option of the line break before it.
    if text.starts_with('[') {
        text.insert_str(0, "{}");
    }
    text
}

/// A cell of comma-separated values; what is unknown is empty.
fn quoted(cell: &str) -> String {
    if cell == super::UNKNOWN {
        return String::new();
    }
    if cell.contains([',', '"', '\n', '\r']) {
        return format!("\"{}\"", cell.replace('"', "\"\""));
    }
    cell.to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::UNKNOWN;
    use super::*;

    #[test]
    fn all_styles_hold_the_same_cells() {
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
        assert_eq!(table.render(Style::Csv), "system,f1\na,1.0\nlong name,\n");
        assert_eq!(
            table.render(Style::Latex),
            "\\begin{tabular}{lr}\n  \\toprule\n  system & f1 \\\\\n  \\midrule\n  a & 1.0 \\\\\n  \
             long name & -- \\\\\n  \\bottomrule\n\\end{tabular}\n"
        );
    }

    #[test]
    fn what_stands_in_a_cell_does_not_end_it() {
        let mut table = Table::new(&["name", "note"]);
        table
            .rows
            .push(vec!["a|b\nc".into(), "50 % of \"x_1\", {y} \\ <z>".into()]);
        let markdown = table.render(Style::Markdown);
        assert!(markdown.contains("| a\\|b c |"), "{markdown}");
        let csv = table.render(Style::Csv);
        assert!(
            csv.ends_with("\"a|b\nc\",\"50 % of \"\"x_1\"\", {y} \\ <z>\"\n"),
            "{csv}"
        );
        let latex = table.render(Style::Latex);
        assert!(
            latex.contains("50 \\% of \"x\\_1\", \\{y\\} \\textbackslash{} $<$z$>$ \\\\"),
            "{latex}"
        );
    }
}
