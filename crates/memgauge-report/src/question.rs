//! One question of a run, side by side for all variants: answers, ranks, contexts, evidence.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use memgauge_core::{
    CategoryNames, Conversation, ConversationId, Gold, MemoryId, QuestionId, TurnId,
};

use crate::lineage::Lineage;
use crate::record::{ContextRow, JudgementRow, Outcome, QuestionRecord};
use crate::rundir::{RunDir, RunDirError};

/// Candidates shown beyond those in the context, when they hold evidence.
const SHOWN: usize = 10;
/// Characters of a memory's text that are shown.
const LONGEST: usize = 240;

/// A question that the run asked, as an example of their names.
///
/// # Errors
/// When the run's files cannot be read.
pub fn first_question(dir: &RunDir) -> Result<Option<QuestionId>, RunDirError> {
    #[derive(serde::Deserialize)]
    struct Row {
        question: QuestionId,
    }
    let mut first = None;
    dir.records(|row: Row| {
        first.get_or_insert(row.question);
    })?;
    Ok(first)
}

/// All that the run knows about a question, as text. `None` when the run did not ask it.
/// `conversation`, where the dataset is at hand, adds the gold turns' words. With `only`, one
/// variant is shown, with its whole context. The category goes by `names`.
///
/// # Errors
/// When the run's files cannot be read.
pub fn show_question(
    dir: &RunDir,
    question: &QuestionId,
    conversation: Option<&Conversation>,
    only: Option<&str>,
    names: CategoryNames,
) -> Result<Option<String>, RunDirError> {
    let records = dir.find(|record| {
        record.question == *question && only.is_none_or(|only| record.variant == only)
    })?;
    let Some(first) = records.first() else {
        return Ok(None);
    };
    let manifest = dir.manifest()?;
    let ingestion = |name: &str| {
        let variant = manifest
            .variants
            .iter()
            .find(|variant| variant.name == name);
        variant.map_or_else(|| name.to_owned(), |variant| variant.ingestion().to_owned())
    };
    let mut lineages: BTreeMap<(String, ConversationId), Lineage> = BTreeMap::new();
    let wanted: BTreeSet<(String, &ConversationId)> = records
        .iter()
        .map(|record| {
            let memory_of = record.memory_of.as_ref();
            (
                ingestion(&record.variant),
                memory_of.unwrap_or(&record.question.conversation),
            )
        })
        .collect();
    dir.ingest(|row| {
        if let Some(event) = &row.event
            && wanted.contains(&(row.variant.clone(), &row.conversation))
        {
            lineages
                .entry((row.variant, row.conversation))
                .or_default()
                .apply(event);
        }
    })?;
    let digests: BTreeSet<&str> = records
        .iter()
        .filter_map(|record| Some(record.context.as_ref()?.digest.as_str()))
        .collect();
    let mut contexts: BTreeMap<String, ContextRow> = BTreeMap::new();
    dir.contexts(|row: ContextRow| {
        if digests.contains(row.digest.as_str()) {
            contexts.insert(row.digest.clone(), row);
        }
    })?;

    let mut text = String::new();
    let _ = writeln!(
        text,
        "{}  ({}, category {}; {})\n  question  {}\n  gold      {}",
        first.question,
        names.of(first.category),
        first.category.number(),
        names.label(),
        first.text,
        match &first.gold {
            Gold::Answer(answer) => answer.clone(),
            Gold::Unanswerable { trap } => format!("not in the conversation (trap: {trap})"),
        },
    );
    for turn in &first.evidence {
        let words = conversation
            .and_then(|conversation| conversation.turn(*turn))
            .map_or_else(String::new, |turn| {
                format!("{}: {}", turn.speaker, turn.text)
            });
        let _ = writeln!(text, "  evidence  {turn}  {words}");
    }
    for record in &records {
        let memory_of = record.memory_of.as_ref();
        let key = (
            ingestion(&record.variant),
            memory_of.unwrap_or(&record.question.conversation).clone(),
        );
        variant(
            &mut text,
            record,
            lineages.get(&key),
            &contexts,
            only.is_some(),
        );
    }
    Ok(Some(text))
}

fn variant(
    text: &mut String,
    record: &QuestionRecord,
    lineage: Option<&Lineage>,
    contexts: &BTreeMap<String, ContextRow>,
    whole: bool,
) {
    let _ = write!(text, "\n── {}", record.variant);
    if record.repeat > 0 {
        let _ = write!(text, " (repeat {})", record.repeat);
    }
    if let Some(memory_of) = &record.memory_of {
        let _ = write!(text, " (memory of {memory_of})");
    }
    text.push('\n');
    if let Outcome::Failed {
        component, message, ..
    } = &record.outcome
    {
        let _ = writeln!(text, "  failed    {component}: {message}");
    }
    if let Some(answer) = &record.answer {
        let _ = write!(text, "  answer    {answer}");
        if let Some(scores) = &record.scores {
            let _ = write!(text, "   (f1.locomo {:.3})", scores.f1_locomo);
        }
        text.push('\n');
    }
    if let Some(tokens) = &record.tokens {
        let count = |tokens: Option<u64>| tokens.map_or_else(|| "?".to_owned(), |n| n.to_string());
        let _ = writeln!(
            text,
            "  tokens    {} in, {} out{}",
            count(tokens.input),
            count(tokens.output),
            if tokens.counted {
                " (counted here)"
            } else {
                ""
            }
        );
    }
    for judgement in &record.judgements {
        judged(text, judgement);
    }
    for (turn, fate) in &record.fates {
        let _ = writeln!(text, "  gold turn {turn}: {}", fate.words());
    }
    let Some(context) = &record.context else {
        return;
    };
    let _ = writeln!(
        text,
        "  context   {} entries, {} tokens (cl100k){}",
        context.entries,
        context.cl100k,
        if context.dropped.is_empty() {
            String::new()
        } else {
            format!(", {} left out by the budget", context.dropped.len())
        }
    );
    // Turns of another conversation are no evidence, whatever their numbers.
    let gold: BTreeSet<TurnId> = match record.memory_of {
        Some(_) => BTreeSet::new(),
        None => record.evidence.iter().copied().collect(),
    };
    if let Some(row) = contexts.get(&context.digest) {
        let holds = row
            .turns
            .iter()
            .filter(|turns| turns.iter().any(|turn| gold.contains(turn)))
            .count();
        let _ = writeln!(text, "            {holds} of them hold evidence");
        if whole || row.text.chars().count() <= 4_000 {
            for line in row.text.lines() {
                let _ = writeln!(text, "            {line}");
            }
        }
    }
    let Some(lineage) = lineage else { return };
    for (index, id) in record.candidates.ids.iter().enumerate() {
        let in_context = context.memories.contains(id);
        let trace = lineage.get(*id);
        let is_gold = trace.is_some_and(|trace| trace.live.iter().any(|turn| gold.contains(turn)));
        if !(in_context && index < SHOWN || is_gold) {
            continue;
        }
        candidate(text, record, lineage, index, *id, in_context, is_gold);
    }
    if whole {
        for id in &context.memories {
            let said = lineage.get(*id).map_or("", |trace| trace.text.as_str());
            let _ = writeln!(text, "\n  {id}  {said}");
        }
        return;
    }
    let hidden = context.memories.len().saturating_sub(SHOWN);
    if hidden > 0 {
        let _ = writeln!(
            text,
            "            {hidden} more in the context: --variant {}",
            record.variant
        );
    }
}

/// One run of the judge, its reply shortened to a line.
fn judged(text: &mut String, judgement: &JudgementRow) {
    let _ = write!(text, "  judge     run {}: ", judgement.run);
    match (judgement.label, &judgement.error) {
        (Some(label), _) => {
            text.push_str(if label { "right" } else { "wrong" });
            if let Some(score) = judgement.score {
                let _ = write!(text, " (grade {score})");
            }
            let reply = judgement.reply.as_deref().unwrap_or_default();
            let _ = writeln!(text, "  {}", one_line(reply));
        }
        (None, Some(error)) => {
            let _ = writeln!(text, "no label: {}", one_line(&error.message));
        }
        (None, None) => text.push_str("no label\n"),
    }
}

fn candidate(
    text: &mut String,
    record: &QuestionRecord,
    lineage: &Lineage,
    index: usize,
    id: MemoryId,
    in_context: bool,
    is_gold: bool,
) {
    let score = record.candidates.scores.get(index).copied().unwrap_or(0.0);
    let ranks: Vec<String> = record
        .lists
        .iter()
        .zip(&record.candidates.ranks)
        .map(|(name, ranks)| match ranks.get(index).copied().flatten() {
            Some(rank) => format!("{name} {rank}"),
            None => format!("{name} –"),
        })
        .collect();
    let trace = lineage.get(id);
    let turns: Vec<String> = trace
        .into_iter()
        .flat_map(|trace| &trace.live)
        .take(6)
        .map(TurnId::to_string)
        .collect();
    let _ = writeln!(
        text,
        "  {}{} #{:<3} {:.4}  [{}]  {}  {}",
        if is_gold { '*' } else { ' ' },
        if in_context { '+' } else { ' ' },
        index + 1,
        score,
        ranks.join(", "),
        turns.join(" "),
        trace.map_or_else(String::new, |trace| one_line(&trace.text)),
    );
}

/// Long texts (chunks, summaries) shortened to a line.
fn one_line(text: &str) -> String {
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match flat.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", flat.get(..end).unwrap_or(&flat)),
        None => flat,
    }
}
