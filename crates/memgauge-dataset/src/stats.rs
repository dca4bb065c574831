//! Counts over a dataset.

use std::collections::BTreeMap;

use memgauge_core::{Category, ConversationId};
use serde::Serialize;

use crate::{Dataset, Entry};

/// What a dataset holds, counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DatasetStats {
    /// Name of the dataset.
    pub name: String,
    /// Conversations.
    pub conversations: usize,
    /// Sessions of all conversations.
    pub sessions: usize,
    /// Turns of all sessions.
    pub turns: usize,
    /// Turns that came with a picture (a caption, a search text or an address of one).
    pub images: usize,
    /// Turns whose picture has a caption.
    pub captions: usize,
    /// Questions of all categories.
    pub questions: usize,
    /// Questions per category, keyed by its number. All five are present.
    pub questions_by_category: BTreeMap<Category, usize>,
    /// Questions that have at least one usable gold turn.
    pub questions_with_evidence: usize,
    /// The same of categories 1 to 4.
    pub scored_questions_with_evidence: usize,
    /// Evidence strings as the file writes them.
    pub evidence_references: usize,
    /// Gold turns after repair, repeats and ids of no turn left out.
    pub gold_turns: usize,
    /// Facts in the sessions' notes.
    pub observations: usize,
    /// Sessions with a summary.
    pub summaries: usize,
    /// The same per conversation, in the file's order.
    pub per_conversation: Vec<ConversationStats>,
}

/// What one conversation holds, counted. Fields as in [`DatasetStats`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConversationStats {
    /// Name of the conversation.
    pub id: ConversationId,
    /// The two speakers.
    pub speakers: [String; 2],
    /// Date of the first and of the last session as `YYYY-MM-DD`; none without sessions.
    pub held: Option<[String; 2]>,
    /// Sessions.
    pub sessions: usize,
    /// Turns of all sessions.
    pub turns: usize,
    /// Turns that came with a picture.
    pub images: usize,
    /// Turns whose picture has a caption.
    pub captions: usize,
    /// Questions of all categories.
    pub questions: usize,
    /// Questions per category, keyed by its number.
    pub questions_by_category: BTreeMap<Category, usize>,
    /// Questions that have at least one usable gold turn.
    pub questions_with_evidence: usize,
    /// The same of categories 1 to 4.
    pub scored_questions_with_evidence: usize,
    /// Evidence strings as the file writes them.
    pub evidence_references: usize,
    /// Gold turns after repair.
    pub gold_turns: usize,
    /// Facts in the sessions' notes.
    pub observations: usize,
    /// Sessions with a summary.
    pub summaries: usize,
}

impl DatasetStats {
    pub(crate) fn of(dataset: &Dataset) -> Self {
        let rows: Vec<ConversationStats> = dataset
            .conversations
            .iter()
            .map(ConversationStats::of)
            .collect();
        let sum = |count: fn(&ConversationStats) -> usize| rows.iter().map(count).sum();
        Self {
            name: dataset.name.clone(),
            conversations: rows.len(),
            sessions: sum(|row| row.sessions),
            turns: sum(|row| row.turns),
            images: sum(|row| row.images),
            captions: sum(|row| row.captions),
            questions: sum(|row| row.questions),
            questions_by_category: by_category(|category| {
                rows.iter()
                    .filter_map(|row| row.questions_by_category.get(&category))
                    .sum()
            }),
            questions_with_evidence: sum(|row| row.questions_with_evidence),
            scored_questions_with_evidence: sum(|row| row.scored_questions_with_evidence),
            evidence_references: sum(|row| row.evidence_references),
            gold_turns: sum(|row| row.gold_turns),
            observations: sum(|row| row.observations),
            summaries: sum(|row| row.summaries),
            per_conversation: rows,
        }
    }

    /// Questions of one category.
    pub fn questions_of(&self, category: Category) -> usize {
        self.questions_by_category
            .get(&category)
            .copied()
            .unwrap_or_default()
    }
}

impl ConversationStats {
    fn of(entry: &Entry) -> Self {
        let conversation = &entry.conversation;
        let turns = || conversation.turns().map(|(_, turn)| turn);
        let items = &entry.items;
        let first_and_last = conversation
            .sessions
            .first()
            .zip(conversation.sessions.last());
        Self {
            id: conversation.head.id.clone(),
            speakers: conversation.head.speakers.clone(),
            held: first_and_last.map(|(first, last)| {
                [first, last].map(|session| session.held_at.date().to_string())
            }),
            sessions: conversation.sessions.len(),
            turns: turns().count(),
            images: turns().filter(|turn| turn.image.is_some()).count(),
            captions: turns()
                .filter_map(|turn| turn.image.as_ref())
                .filter(|image| image.caption.is_some())
                .count(),
            questions: items.len(),
            questions_by_category: by_category(|category| {
                items
                    .iter()
                    .filter(|item| item.key.category == category)
                    .count()
            }),
            questions_with_evidence: items
                .iter()
                .filter(|item| !item.key.evidence.is_empty())
                .count(),
            scored_questions_with_evidence: items
                .iter()
                .filter(|item| item.key.category.is_scored() && !item.key.evidence.is_empty())
                .count(),
            evidence_references: items
                .iter()
                .map(|item| item.evidence_as_written.len())
                .sum(),
            gold_turns: items.iter().map(|item| item.key.evidence.len()).sum(),
            observations: conversation
                .sessions
                .iter()
                .map(|session| session.notes.observations.len())
                .sum(),
            summaries: conversation
                .sessions
                .iter()
                .filter(|session| session.notes.summary.is_some())
                .count(),
        }
    }
}

fn by_category(count: impl Fn(Category) -> usize) -> BTreeMap<Category, usize> {
    Category::ALL
        .into_iter()
        .map(|category| (category, count(category)))
        .collect()
}
