//! memU's file: a list `detailed_results` of rows with `qa_index`, `question`, `standard_answer`, `generated_answer` and
//! `is_correct`. The index begins again with every conversation, which no field names. What memU's own script writes nests
//! the rows in `question_results`, one list per conversation; one that failed has an empty list.

use serde_json::Value;

use super::document::{Document, Shape};
use super::fields::Fields;
use super::format::{Format, any_object, is_row_with};
use super::nesting;
use super::row::{Facts, Sheet};
use super::value;

pub(super) const FORMAT: Format = Format {
    name: "memu",
    about: "memU's results: one flat list, the index of a question beginning again with every conversation",
    needs: "a JSON object with the list `detailed_results`: rows with `qa_index`, `question`, `standard_answer` and `generated_answer`",
    shape: Shape::Json,
    claims,
    read,
};

/// What the script writes for an explanation, and a false label beside it, where its judge could not be asked.
const UNJUDGED: &str = "Evaluation failed:";

fn claims(document: &Document) -> bool {
    document.json().is_some_and(|json| {
        any_object(json, &|object| {
            is_row_with(object, &["standard_answer"])
                || is_row_with(object, &["qa_index", "generated_answer"])
        })
    })
}

fn read(document: &Document, fields: &Fields) -> Sheet {
    let Some(json) = document.json() else {
        return Sheet::default();
    };
    let mut sheet = nesting::rows(json, fields, &[]);
    // Where the index falls, another conversation begins.
    let (mut lists, mut last) = (0, None);
    for row in &mut sheet.rows {
        let begins = match last {
            None => true,
            Some((list, index)) => list != row.list || row.index <= index,
        };
        last = Some((row.list, row.index));
        lists += usize::from(begins);
        row.list = lists;
        for label in &mut row.labels {
            if let Some(reply) = label
                .reply
                .as_ref()
                .filter(|reply| reply.starts_with(UNJUDGED))
            {
                label.label = Err(reply.clone());
            }
        }
    }
    let arguments = json.get("args");
    let told = |name: &str| {
        arguments
            .and_then(|all| all.get(name))
            .and_then(value::text)
    };
    let accuracy = json
        .get("summary")
        .and_then(|all| all.get("overall_accuracy"));
    let accuracy = accuracy.or_else(|| {
        json.get("overall_accuracy")
            .or_else(|| json.get("accuracy"))
    });
    sheet.facts = Facts {
        answer_model: told("chat_deployment"),
        judge_model: told("eval_deployment"),
        accuracy: accuracy
            .filter(|value| matches!(value, Value::Number(_)))
            .and_then(value::number)
            .filter(|share| (0.0..=1.0).contains(share)),
        ..Facts::default()
    };
    sheet
}
