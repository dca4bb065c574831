//! Where an imported run comes from, in words.

use std::fmt::Write as _;

use super::UNKNOWN;
use crate::import::Imported;

/// Format, files, models and what became of the rows.
pub(super) fn imported(imported: &Imported) -> String {
    let told = |value: &Option<String>| value.as_deref().unwrap_or(UNKNOWN).to_owned();
    let files: Vec<&str> = imported
        .files
        .iter()
        .map(|file| file.name.as_str())
        .collect();
    let files = match files[..] {
        [first, .., last] => format!("{} files, {first} to {last}", files.len()),
        _ => files.concat(),
    };
    let mut text = format!(
        "Imported from {} ({files}): {} rows, {} matched, {} folded, {} conflicting, {} unmatched, {} unreadable. \
         Answers by {}, labels by {} (prompt {}), {} per answer.",
        imported.format,
        imported.rows,
        imported.matched,
        imported.folded,
        imported.conflicting,
        imported.unmatched,
        imported.unreadable,
        told(&imported.answer_model),
        told(&imported.judge_model),
        told(&imported.judge_prompt),
        imported.judge_runs,
    );
    let missing: Vec<String> = imported
        .missing
        .iter()
        .filter(|(_, count)| **count > 0)
        .map(|(category, count)| format!("{count} {category}"))
        .collect();
    if !missing.is_empty() {
        let _ = write!(text, " Not in the file: {}.", missing.join(", "));
    }
    text.push_str(" What became of every row: import.jsonl.\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unknown_is_a_dash() {
        let told = imported(&Imported {
            format: "mem0".to_owned(),
            missing: [("adversarial".to_owned(), 446), ("temporal".to_owned(), 0)].into(),
            ..Imported::default()
        });
        assert!(
            told.contains("Answers by –, labels by – (prompt –)"),
            "{told}"
        );
        assert!(told.contains("Not in the file: 446 adversarial."), "{told}");
    }
}
