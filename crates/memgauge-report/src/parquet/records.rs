//! `records.parquet`: one line per record.

use polars::prelude::DataFrame;
use serde::Deserialize;

use memgauge_core::{Category, ErrorKind, QuestionId};

use super::{ParquetError, column};
use crate::record::{AnswerTokens, ContextSummary, JudgementRow, TextMetrics};
use crate::retrieval::RetrievalScores;
use crate::rundir::RunDir;

/// The fields of a record that go into the table.
#[derive(Deserialize)]
struct Row {
    variant: String,
    question: QuestionId,
    repeat: u32,
    category: Category,
    outcome: String,
    #[serde(default)]
    error: Option<ErrorKind>,
    text: String,
    gold: memgauge_core::Gold,
    answer: Option<String>,
    scores: Option<TextMetrics>,
    judge: Option<f64>,
    #[serde(default)]
    judgements: Vec<JudgementRow>,
    #[serde(default)]
    tokens: Option<AnswerTokens>,
    context: Option<ContextSummary>,
    retrieval: Option<RetrievalScores>,
}

pub(super) fn frame(dir: &RunDir) -> Result<DataFrame, ParquetError> {
    let mut rows: Vec<Row> = Vec::new();
    dir.records(|row| rows.push(row))?;
    let rows = rows.as_slice();
    let recall = |index: usize| {
        move |row: &Row| {
            let live = row.retrieval.as_ref()?.live.as_ref()?;
            live.turn.recall.get(index).copied()
        }
    };
    let columns = vec![
        column(rows, "variant", |row| row.variant.clone()),
        column(rows, "conversation", |row| {
            row.question.conversation.as_str().to_owned()
        }),
        column(rows, "question", |row| row.question.index),
        column(rows, "repeat", |row| row.repeat),
        column(rows, "category", |row| u32::from(row.category.number())),
        column(rows, "category_name", |row| row.category.name().to_owned()),
        column(rows, "answered", |row| row.outcome == "answered"),
        column(rows, "text", |row| row.text.clone()),
        column(rows, "gold", |row| row.gold.text().to_owned()),
        column(rows, "answer", |row| row.answer.clone()),
        column(rows, "f1_locomo", |row| Some(row.scores?.f1_locomo)),
        column(rows, "f1_set", |row| row.scores?.f1_set),
        column(rows, "bleu1", |row| row.scores?.bleu1),
        column(rows, "exact", |row| row.scores?.exact_match),
        column(rows, "judge", |row| row.judge),
        column(rows, "judge_runs", |row| row.judgements.len() as u32),
        column(rows, "judge_errors", |row| {
            let errors = row.judgements.iter().filter(|row| row.error.is_some());
            errors.count() as u32
        }),
        column(rows, "answer_input_tokens", |row| row.tokens?.input),
        column(rows, "answer_output_tokens", |row| row.tokens?.output),
        column(rows, "error", |row| {
            row.error.map(|error| error.name().to_owned())
        }),
        column(rows, "context_cl100k", |row| {
            Some(row.context.as_ref()?.cl100k)
        }),
        column(rows, "context_o200k", |row| {
            Some(row.context.as_ref()?.o200k)
        }),
        column(rows, "evidence_in_context", |row| {
            Some(row.retrieval.as_ref()?.context)
        }),
        column(rows, "recall_at_1", recall(0)),
        column(rows, "recall_at_5", recall(1)),
        column(rows, "recall_at_10", recall(2)),
        column(rows, "recall_at_20", recall(3)),
        column(rows, "recall_at_30", recall(4)),
        column(rows, "recall_at_50", recall(5)),
        column(rows, "mrr", |row| {
            Some(row.retrieval.as_ref()?.live.as_ref()?.turn.mrr)
        }),
        column(rows, "ndcg_at_10", |row| {
            Some(row.retrieval.as_ref()?.live.as_ref()?.turn.ndcg10)
        }),
    ];
    Ok(DataFrame::new(rows.len(), columns)?)
}
