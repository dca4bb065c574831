//! Zep's files and those of the evaluations made from it (MemOS): user -> list of rows with `question`, the system's
//! `answer`, `golden_answer` and, once they are judged, `grade` or `llm_judgments`.

use super::document::{Document, Shape};
use super::fields::Fields;
use super::format::{Format, any_object, is_row_with};
use super::nesting;
use super::row::Sheet;

pub(super) const FORMAT: Format = Format {
    name: "zep",
    about: "Zep's and MemOS's answers, with a grade or the labels of several runs",
    needs: "a JSON object of lists, or a list, of rows with `question`, `answer` (the system's) and `golden_answer`",
    shape: Shape::Json,
    claims,
    read,
};

fn claims(document: &Document) -> bool {
    document.json().is_some_and(|json| {
        any_object(json, &|object| {
            is_row_with(object, &["answer", "golden_answer"])
        })
    })
}

fn read(document: &Document, fields: &Fields) -> Sheet {
    document
        .json()
        .map_or_else(Sheet::default, |json| nesting::rows(json, fields, &[]))
}
