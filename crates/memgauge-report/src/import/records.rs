//! From rows to records.

use std::collections::BTreeMap;

use memgauge_core::{ErrorKind, Tokenizer};

use super::twins::Becomes;
use super::work::Work;
use super::write::{IMPORTED, ImportOptions};
use crate::metrics::PreparedGold;
use crate::record::{
    AnswerTokens, Candidates, ContextRow, ContextSummary, Outcome, QuestionRecord, TextMetrics,
    mean_label,
};

impl Work<'_> {
    /// The records in the order of the dataset, and what was shown to the answering model.
    pub(super) fn records(
        &self,
        options: &ImportOptions<'_>,
    ) -> (Vec<QuestionRecord>, Vec<ContextRow>) {
        let mut golds: BTreeMap<(usize, usize), PreparedGold> = BTreeMap::new();
        let mut records: BTreeMap<(usize, usize, u32), QuestionRecord> = BTreeMap::new();
        let mut contexts: BTreeMap<(usize, String), ContextRow> = BTreeMap::new();
        for (number, row) in self.rows.iter().enumerate() {
            let (Some(Becomes::Record { repeat }), Some(item)) = (
                self.becomes.get(number).copied().flatten(),
                self.item(number),
            ) else {
                continue;
            };
            let Some(one) = self.matches.get(number).and_then(Option::as_ref) else {
                continue;
            };
            let (place, index) = one.question;
            let gold = golds
                .entry(one.question)
                .or_insert_with(|| PreparedGold::new(item.key.category, item.key.gold.text()));
            let judgements = self.judgements(row);
            let outcome = match row.answer {
                Some(_) => Outcome::Answered,
                None => Outcome::Failed {
                    component: IMPORTED.to_owned(),
                    error: ErrorKind::Malformed,
                    message: "the file has no answer".to_owned(),
                },
            };
            let answer = row.answer.as_deref();
            // What a judge says about an answer that is not there is not a wrong answer.
            let judgements = if answer.is_some() {
                judgements
            } else {
                Vec::new()
            };
            let context = options.tokenizers.and_then(|tokenizers| {
                let (summary, text) = context(&row.context, tokenizers)?;
                contexts
                    .entry((place, summary.digest.clone()))
                    .or_insert_with(|| ContextRow {
                        digest: summary.digest.clone(),
                        conversation: item.question.id.conversation.clone(),
                        turns: vec![Vec::new(); row.context.len()],
                        text,
                    });
                Some(summary)
            });
            let record = QuestionRecord {
                variant: options.name.clone(),
                question: item.question.id.clone(),
                repeat,
                category: item.key.category,
                outcome,
                text: item.question.text.clone(),
                gold: item.key.gold.clone(),
                evidence: item.key.evidence.clone(),
                answer: row.answer.clone(),
                answer_entry: None,
                scores: answer.map(|answer| TextMetrics::of(item.key.category, gold.score(answer))),
                judge: mean_label(judgements.iter().map(|row| row.label)),
                judgements,
                tokens: row.tokens.map(|(input, output)| AnswerTokens {
                    input,
                    output,
                    cached: None,
                    reasoning: None,
                    counted: false,
                }),
                memory_of: None,
                lists: Vec::new(),
                k: 0,
                candidates: Candidates::default(),
                context,
                retrieval: None,
                fates: Vec::new(),
                counters: BTreeMap::new(),
            };
            records.insert((place, index, repeat), record);
        }
        (
            records.into_values().collect(),
            contexts.into_values().collect(),
        )
    }
}

/// What was shown to the answering model; `None` where the file does not tell.
fn context(
    entries: &[String],
    (cl100k, o200k): (&dyn Tokenizer, &dyn Tokenizer),
) -> Option<(ContextSummary, String)> {
    if entries.is_empty() {
        return None;
    }
    let text = entries.join("\n");
    let summary = ContextSummary {
        digest: blake3::hash(text.as_bytes()).to_hex().to_string(),
        entries: entries.len(),
        memories: Vec::new(),
        cut: Vec::new(),
        dropped: Vec::new(),
        cl100k: cl100k.count(&text) as u64,
        o200k: o200k.count(&text) as u64,
    };
    Some((summary, text))
}
