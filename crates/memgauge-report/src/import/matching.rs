//! Which question of the dataset a row is about.
//!
//! An index counts where the question's text confirms it. The text counts next; questions of one conversation that share
//! a text are told apart by category and gold answer, then by the order of the rows. A text that is not in the dataset
//! may still be nearly one that is, with the same gold answer.

use std::collections::{BTreeMap, BTreeSet};

use memgauge_core::{Category, QuestionId};
use memgauge_dataset::Item;

use super::account::{MatchedBy, RowFinding};
use super::conversation::{Placed, Questions};
use super::row::SourceRow;
use super::text::{letters, likeness, same, says_nothing};

/// How alike a text must be to a question with the same gold answer.
const NEAR: f64 = 0.85;
/// How alike it must be where the row has no gold answer.
const NEAR_WITHOUT_GOLD: f64 = 0.95;
/// How alike it must be to the question at the row's own index, with the same gold answer.
const NEAR_AT_INDEX: f64 = 0.6;

/// The question of a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Match {
    /// Conversation and index, as places in the dataset.
    pub(super) question: (usize, usize),
    /// How it was found.
    pub(super) by: MatchedBy,
    /// What is odd.
    pub(super) findings: Vec<RowFinding>,
}

/// For each row its question; `None` where there is none.
pub(super) fn find(
    questions: &Questions<'_>,
    rows: &[SourceRow],
    placed: &[Option<Placed>],
) -> Vec<Option<Match>> {
    let mut search = Search {
        questions,
        rows,
        texts: rows.iter().map(|row| letters(&row.question)).collect(),
        found: vec![None; rows.len()],
        side_by_side: false,
    };
    let mut shared: BTreeMap<(usize, String), Vec<usize>> = BTreeMap::new();
    let mut lost = Vec::new();
    let mut last = None;
    for (number, row) in rows.iter().enumerate() {
        let own = placed.get(number).copied().flatten().map(|of| of.place);
        let text = search.texts.get(number).cloned().unwrap_or_default();
        let Some(place) = search.conversation(own, last, &text) else {
            lost.push((number, own));
            continue;
        };
        last = Some(place);
        let candidates = questions.with_text(place, &text);
        let index = row.index.and_then(|index| usize::try_from(index).ok());
        match (index.filter(|index| candidates.contains(index)), candidates) {
            (Some(index), _) => search.set(number, (place, index), MatchedBy::Index),
            (None, [only]) => search.set(number, (place, *only), MatchedBy::Text),
            (None, _) => shared.entry((place, text)).or_default().push(number),
        }
    }
    search.side_by_side = search.are_side_by_side();
    for ((place, text), numbers) in shared {
        search.tell_apart(place, questions.with_text(place, &text), &numbers);
    }
    for (number, place) in lost {
        if let Some(place) = place {
            search.near(number, place);
        }
    }
    for number in 0..rows.len() {
        let around = placed.get(number).copied().flatten();
        search.check(number, around);
    }
    search.found
}

struct Search<'a> {
    questions: &'a Questions<'a>,
    rows: &'a [SourceRow],
    /// Letters of every row's question.
    texts: Vec<String>,
    found: Vec<Option<Match>>,
    /// Rows of one question follow each other, where a question has several.
    side_by_side: bool,
}

impl Search<'_> {
    fn set(&mut self, number: usize, question: (usize, usize), by: MatchedBy) {
        if let Some(cell) = self.found.get_mut(number) {
            *cell = Some(Match {
                question,
                by,
                findings: Vec::new(),
            });
        }
    }

    /// Whether most questions that have several rows so far have them one after the other.
    fn are_side_by_side(&self) -> bool {
        let mut by_question: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
        for (number, one) in self.found.iter().enumerate() {
            if let Some(one) = one {
                by_question.entry(one.question).or_default().push(number);
            }
        }
        let (mut adjacent, mut apart) = (0, 0);
        for numbers in by_question.into_values() {
            match numbers[..] {
                [a, b, ..] if b == a + 1 => adjacent += 1,
                [_, _, ..] => apart += 1,
                _ => {}
            }
        }
        adjacent > apart
    }

    /// The conversation with this text: the one of the list, that of the row before, or the only one.
    fn conversation(&self, own: Option<usize>, last: Option<usize>, text: &str) -> Option<usize> {
        let have = self.questions.conversations(text);
        let has = |place: &usize| have.contains(place);
        own.filter(has)
            .or_else(|| last.filter(has))
            .or_else(|| have.first().copied())
    }

    fn item(&self, (place, index): (usize, usize)) -> Option<&Item> {
        let entry = self.questions.dataset.conversations.get(place)?;
        entry.items.get(index)
    }

    /// Tells questions with the same text apart for the rows that have it.
    fn tell_apart(&mut self, place: usize, candidates: &[usize], numbers: &[usize]) {
        let mut open: BTreeMap<Vec<usize>, Vec<usize>> = BTreeMap::new();
        let mut taken: BTreeSet<usize> = self
            .found
            .iter()
            .flatten()
            .filter(|one| one.question.0 == place)
            .map(|one| one.question.1)
            .collect();
        for number in numbers {
            let fitting = self.fitting(place, candidates, *number);
            match fitting[..] {
                [only] => {
                    taken.insert(only);
                    self.set(*number, (place, only), MatchedBy::Key);
                }
                _ => open.entry(fitting).or_default().push(*number),
            }
        }
        for (fitting, numbers) in open {
            let free: Vec<usize> = fitting
                .iter()
                .copied()
                .filter(|index| !taken.contains(index))
                .collect();
            let free = if free.is_empty() { &fitting } else { &free };
            self.by_order(place, free, &numbers);
        }
    }

    /// The candidates that fit a row's category and gold answer; all of them if none does.
    fn fitting(&self, place: usize, candidates: &[usize], number: usize) -> Vec<usize> {
        let Some(row) = self.rows.get(number) else {
            return candidates.to_vec();
        };
        let narrowed = |from: Vec<usize>, fits: &dyn Fn(&Item) -> bool| {
            let fits = |index: &usize| self.item((place, *index)).is_some_and(fits);
            let kept: Vec<usize> = from.iter().copied().filter(fits).collect();
            if kept.is_empty() { from } else { kept }
        };
        let categories = row.category.as_deref().map_or_else(Vec::new, categories);
        let kept = narrowed(candidates.to_vec(), &|item| {
            categories.is_empty() || categories.contains(&item.key.category)
        });
        narrowed(kept, &|item| {
            row.gold
                .as_deref()
                .is_none_or(|gold| same_gold(gold, item) == Some(true))
        })
    }

    fn by_order(&mut self, place: usize, candidates: &[usize], numbers: &[usize]) {
        let count = candidates.len().max(1);
        if numbers.len() >= count {
            // Rows of one question side by side are its repeats; else the file goes through the questions again and again.
            let each = numbers.len() / count;
            let side_by_side = each > 1 && self.side_by_side;
            let is_even = numbers.len().is_multiple_of(count);
            for (turn, number) in numbers.iter().enumerate() {
                let at = if side_by_side { turn / each } else { turn };
                let Some(index) = candidates.get(at % count) else {
                    continue;
                };
                self.set(*number, (place, *index), MatchedBy::Order);
                if !is_even {
                    self.ambiguous(*number, place, candidates);
                }
            }
            return;
        }
        for number in numbers {
            let between = self.between(*number, place);
            let inside: Vec<usize> = candidates
                .iter()
                .copied()
                .filter(|index| between.contains(index))
                .collect();
            if let [only] = inside[..] {
                self.set(*number, (place, only), MatchedBy::Order);
                continue;
            }
            // Files leave out category 5 more often than anything else.
            let scored = |index: &&usize| {
                self.item((place, **index))
                    .is_some_and(|item| item.key.category.is_scored())
            };
            let first = candidates.iter().find(scored).or(candidates.first());
            if let Some(index) = first.copied() {
                self.set(*number, (place, index), MatchedBy::Order);
                self.ambiguous(*number, place, candidates);
            }
        }
    }

    /// Indices between those of the nearest rows before and after that have a question of the conversation.
    fn between(&self, number: usize, place: usize) -> std::ops::Range<usize> {
        let of = |one: &Option<Match>| {
            let question = one.as_ref()?.question;
            (question.0 == place).then_some(question.1)
        };
        let before = self.found.get(..number).unwrap_or_default();
        let before = before.iter().rev().find_map(of);
        let after = self.found.get(number + 1..).unwrap_or_default();
        let after = after.iter().find_map(of);
        before.map_or(0, |index| index + 1)..after.unwrap_or(usize::MAX)
    }

    fn ambiguous(&mut self, number: usize, place: usize, candidates: &[usize]) {
        let questions: Vec<QuestionId> = candidates
            .iter()
            .filter_map(|index| Some(self.item((place, *index))?.question.id.clone()))
            .collect();
        if let Some(one) = self.found.get_mut(number).and_then(Option::as_mut) {
            one.findings.push(RowFinding::Ambiguous { questions });
        }
    }

    /// Looks for a question of the conversation that no row has and that is nearly the row's.
    fn near(&mut self, number: usize, place: usize) {
        let Some(row) = self.rows.get(number) else {
            return;
        };
        let Some(entry) = self.questions.dataset.conversations.get(place) else {
            return;
        };
        let taken: BTreeSet<usize> = self
            .found
            .iter()
            .flatten()
            .filter(|one| one.question.0 == place)
            .map(|one| one.question.1)
            .collect();
        let gold_fits = |item: &Item| {
            let gold = row.gold.as_deref();
            gold.is_none_or(|gold| same_gold(gold, item) == Some(true))
        };
        let mut found: Vec<(f64, usize)> = entry
            .items
            .iter()
            .enumerate()
            .filter(|(index, item)| !taken.contains(index) && gold_fits(item))
            .map(|(index, item)| (likeness(&row.question, &item.question.text), index))
            .collect();
        let is_own = |index: usize| row.index.is_some_and(|own| own == index as u64);
        let own = found.iter().copied().find(|(_, index)| is_own(*index));
        found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let needed = if row.gold.is_some() {
            NEAR
        } else {
            NEAR_WITHOUT_GOLD
        };
        let best = match (own, &found[..]) {
            (Some(own), _) if own.0 >= NEAR_AT_INDEX && row.gold.is_some() => own,
            // The next best has to be clearly less alike.
            (_, [best, rest @ ..])
                if best.0 >= needed && rest.iter().all(|next| next.0 < best.0 - 0.02) =>
            {
                *best
            }
            _ => return,
        };
        let dataset = entry.items.get(best.1);
        let dataset = dataset.map_or_else(String::new, |item| item.question.text.clone());
        self.set(number, (place, best.1), MatchedBy::Near);
        if let Some(one) = self.found.get_mut(number).and_then(Option::as_mut) {
            one.findings.push(RowFinding::QuestionDiffers {
                dataset,
                likeness: best.0,
            });
        }
    }

    /// Holds a row that has a question against the dataset.
    fn check(&mut self, number: usize, around: Option<Placed>) {
        let (Some(row), Some(Some(one))) = (self.rows.get(number), self.found.get(number)) else {
            return;
        };
        let (place, index) = one.question;
        let Some(item) = self.item(one.question) else {
            return;
        };
        let mut findings = Vec::new();
        let is_near = one.by == MatchedBy::Near;
        if !is_near && row.question.trim() != item.question.text.trim() {
            findings.push(RowFinding::QuestionSpelling);
        }
        if let Some(gold) = &row.gold
            && same_gold(gold, item) == Some(false)
        {
            findings.push(RowFinding::GoldDiffers {
                written: gold.clone(),
                dataset: item.key.gold.text().to_owned(),
            });
        }
        if let Some(written) = &row.category {
            let categories = categories(written);
            if !categories.is_empty() && !categories.contains(&item.key.category) {
                findings.push(RowFinding::CategoryDiffers {
                    written: written.clone(),
                    dataset: item.key.category,
                });
            }
        }
        if let Some(written) = row.index
            && !self.is_number_of(written, (place, index))
        {
            findings.push(RowFinding::IndexDiffers { written });
        }
        if let Some(around) =
            around.filter(|around| around.place != place && row.conversation.is_some())
        {
            let entry = self.questions.dataset.conversations.get(around.place);
            let around =
                entry.map_or_else(String::new, |entry| entry.conversation.head.id.to_string());
            findings.push(RowFinding::ConversationDiffers { around });
        }
        if let Some(one) = self.found.get_mut(number).and_then(Option::as_mut) {
            one.findings.extend(findings);
        }
    }

    /// Whether a number is a question's, counted over all questions or those of categories 1 to 4, from 0 or 1.
    fn is_number_of(&self, number: u64, (place, index): (usize, usize)) -> bool {
        let entry = self.questions.dataset.conversations.get(place);
        let before = entry.and_then(|entry| entry.items.get(..index));
        let scored = before
            .unwrap_or_default()
            .iter()
            .filter(|item| item.key.category.is_scored())
            .count();
        [index, index + 1, scored, scored + 1]
            .iter()
            .any(|own| *own as u64 == number)
    }
}

/// Whether a file's gold answer is that of a question; `None` where category 5 has nothing to compare.
fn same_gold(written: &str, item: &Item) -> Option<bool> {
    if !item.key.category.is_scored() && says_nothing(written) {
        return None;
    }
    Some(same(written, item.key.gold.text()))
}

/// The categories that a number or a name can stand for: two sets of names are in use.
pub(super) fn categories(written: &str) -> Vec<Category> {
    if let Ok(number) = written.trim().parse::<u64>() {
        return Category::from_number(number).into_iter().collect();
    }
    match letters(written).as_str() {
        "multihop" | "multihopreasoning" => vec![Category::MultiHop, Category::OpenDomain],
        "singlehop" | "singlehopreasoning" => vec![Category::SingleHop, Category::MultiHop],
        "opendomain" | "opendomainknowledge" => vec![Category::OpenDomain, Category::SingleHop],
        "temporal" | "temporalreasoning" => vec![Category::Temporal],
        "adversarial" => vec![Category::Adversarial],
        _ => Vec::new(),
    }
}
