//! Results of Mem0's evaluation and of those that share its code (Memobase, LangMem, OpenAI memory, RAG and others):
//! conversation -> list of rows with `question`, the gold `answer`, the `response`, and once they are scored
//! `bleu_score`, `f1_score` and the label `llm_score` (0 or 1).
//!
//! Both files of that evaluation are read: the answers with their memories and times, and the scores.

use super::document::{Document, Shape};
use super::fields::Fields;
use super::format::{Format, any_object, is_row_with};
use super::nesting;
use super::row::Sheet;

pub(super) const FORMAT: Format = Format {
    name: "mem0",
    about: "Mem0's evaluation and its relatives: answers, or answers with BLEU-1, F1 and a label",
    needs: "a JSON object of lists, or a list, of rows with `question`, `answer` (gold) and `response` (or `prediction`)",
    shape: Shape::Json,
    claims,
    read,
};

fn claims(document: &Document) -> bool {
    document.json().is_some_and(|json| {
        any_object(json, &|object| {
            is_row_with(object, &["response"]) || is_row_with(object, &["answer", "prediction"])
        })
    })
}

fn read(document: &Document, fields: &Fields) -> Sheet {
    document
        .json()
        .map_or_else(Sheet::default, |json| nesting::rows(json, fields, &[]))
}
