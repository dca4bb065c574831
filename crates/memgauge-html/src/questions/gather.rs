//! From run directories to questions with all their answers.

use std::collections::BTreeMap;

use memgauge_core::{QuestionId, TurnId};
use memgauge_report::loss::LossStage;
use memgauge_report::record::QuestionRecord;
use serde::Deserialize;

use super::asked::{Answer, Asked};
use super::memories::Stores;
use super::{Group, Questions};
use crate::error::HtmlError;
use crate::options::PageOptions;
use crate::sources::{Run, Sources};

/// Contexts of so many turns are counted; of fewer, every turn is marked.
const MOST_MARKED: usize = 60;

pub(super) fn gather<'a>(
    sources: &Sources,
    options: &PageOptions<'a>,
) -> Result<Questions<'a>, HtmlError> {
    let stores = Stores::read(sources)?;
    let mut groups: Vec<Group<'a>> = Vec::new();
    for (number, run) in sources.runs.iter().enumerate() {
        let stages: BTreeMap<(&str, &QuestionId, u32), LossStage> = run
            .located
            .iter()
            .map(|one| ((one.variant.as_str(), &one.question, one.repeat), one.stage))
            .collect();
        let contexts = contexts(run)?;
        run.dir.records(|record: QuestionRecord| {
            let Some(arm) = sources.position(number, &record.variant) else {
                return;
            };
            let id = record.question.clone();
            let at = place(&mut groups, run, &id, options);
            let Some(group) = groups.get_mut(at) else {
                return;
            };
            let asked = group.asked.entry(id.index).or_insert_with(|| Asked {
                category: record.category,
                text: record.text.clone(),
                gold: record.gold.clone(),
                evidence: record.evidence.clone(),
                answers: sources.arms.iter().map(|_| Vec::new()).collect(),
            });
            let conversation = record.memory_of.as_ref().unwrap_or(&id.conversation);
            let store = stores.of(number, run, &record.variant, conversation, record.repeat);
            let key = (record.variant.as_str(), &id, record.repeat);
            let stage = stages.get(&key).copied().unwrap_or(LossStage::Unknown);
            let shown = record.context.as_ref().and_then(|context| {
                let turns = contexts.get(&context.digest)?;
                Some(turns.clone())
            });
            if let Some(answers) = asked.answers.get_mut(arm) {
                answers.push(Answer::new(record, stage, shown, store, &stores));
            }
        })?;
    }
    Ok(Questions { groups, stores })
}

/// Turns of the contexts that are not made of memories and short enough to mark each.
fn contexts(run: &Run) -> Result<BTreeMap<String, Vec<TurnId>>, HtmlError> {
    #[derive(Deserialize)]
    struct Row {
        digest: String,
        turns: Vec<Vec<TurnId>>,
    }
    let mut contexts = BTreeMap::new();
    run.dir.contexts(|row: Row| {
        let mut turns: Vec<TurnId> = row.turns.into_iter().flatten().collect();
        turns.sort_unstable();
        turns.dedup();
        if turns.len() <= MOST_MARKED {
            contexts.insert(row.digest, turns);
        }
    })?;
    Ok(contexts)
}

/// Position of the group of a question; a new one stands behind those that were met before.
fn place<'a>(
    groups: &mut Vec<Group<'a>>,
    run: &Run,
    id: &QuestionId,
    options: &PageOptions<'a>,
) -> usize {
    let dataset = &run.manifest.dataset;
    let is_it = |group: &Group<'_>| group.content == dataset.content && group.id == id.conversation;
    if let Some(at) = groups.iter().position(is_it) {
        return at;
    }
    let at_hand = run.dataset(options.datasets);
    let entry = at_hand.and_then(|dataset| dataset.entry(&id.conversation));
    groups.push(Group {
        dataset: dataset.name.clone(),
        content: dataset.content.clone(),
        id: id.conversation.clone(),
        said: entry.map(|entry| &entry.conversation),
        errata: run.errata(options.errata),
        asked: BTreeMap::new(),
    });
    groups.len() - 1
}
