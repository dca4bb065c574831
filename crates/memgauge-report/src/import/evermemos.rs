//! EverMemOS's `eval_results.json`: `detailed_results` with user -> list of rows with `question_id` (`locomo_0_qa17`:
//! conversation and index in the dataset), `golden_answer`, `generated_answer` and the labels of several runs
//! (`llm_judgments` or `judgments`, an object or a list).

use serde_json::Value;

use super::document::{Document, Shape};
use super::fields::Fields;
use super::format::{Format, any_object, is_row_with};
use super::nesting;
use super::row::{Facts, Sheet};
use super::value;

pub(super) const FORMAT: Format = Format {
    name: "evermemos",
    about: "EverMemOS's eval_results.json (also of the systems it compares): several labels per answer",
    needs: "a JSON object with `detailed_results`: rows with `question`, `golden_answer` and `generated_answer`",
    shape: Shape::Json,
    claims,
    read,
};

fn claims(document: &Document) -> bool {
    document.json().is_some_and(|json| {
        any_object(json, &|object| {
            is_row_with(object, &["golden_answer", "generated_answer"])
                || is_row_with(object, &["golden_answer", "question_id"])
        })
    })
}

fn read(document: &Document, fields: &Fields) -> Sheet {
    let Some(json) = document.json() else {
        return Sheet::default();
    };
    let mut sheet = nesting::rows(json, fields, &["metadata"]);
    let told = |name: &str| {
        let metadata = json.get("metadata").and_then(|of| of.get(name));
        metadata.or_else(|| json.get(name)).and_then(value::text)
    };
    sheet.facts = Facts {
        answer_model: told("answer_model"),
        answer_prompt: told("answer_prompt"),
        judge_model: told("judge_model"),
        judge_prompt: told("judge_prompt"),
        accuracy: json
            .get("accuracy")
            .and_then(value::number)
            .filter(|share| {
                // A share, not a percentage.
                (0.0..=1.0).contains(share)
                    && json.get("total_questions").is_some_and(Value::is_number)
            }),
    };
    sheet
}
