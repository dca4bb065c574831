//! Which conversation the rows of a list are about.
//!
//! Files name conversations by id (`conv-26`), by position (`0`, `locomo_exp_user_0`, `conv_0`), or not at all. A name
//! is a hint; the questions' texts decide.

use std::collections::BTreeMap;

use memgauge_dataset::Dataset;

use super::fields::trailing;
use super::row::SourceRow;
use super::text::letters;

/// The dataset's questions by conversation and text.
pub(super) struct Questions<'a> {
    /// Where they come from.
    pub(super) dataset: &'a Dataset,
    /// Per conversation: letters of the question -> indices.
    by_text: Vec<BTreeMap<String, Vec<usize>>>,
    /// Letters of the question -> conversations.
    everywhere: BTreeMap<String, Vec<usize>>,
}

impl<'a> Questions<'a> {
    pub(super) fn new(dataset: &'a Dataset) -> Self {
        let mut by_text = Vec::new();
        let mut everywhere: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (place, entry) in dataset.conversations.iter().enumerate() {
            let mut own: BTreeMap<String, Vec<usize>> = BTreeMap::new();
            for (index, item) in entry.items.iter().enumerate() {
                own.entry(letters(&item.question.text))
                    .or_default()
                    .push(index);
            }
            for key in own.keys() {
                everywhere.entry(key.clone()).or_default().push(place);
            }
            by_text.push(own);
        }
        Self {
            dataset,
            by_text,
            everywhere,
        }
    }

    /// Indices of the questions of conversation `place` with this text.
    pub(super) fn with_text(&self, place: usize, letters: &str) -> &[usize] {
        let own = self.by_text.get(place);
        own.and_then(|own| own.get(letters))
            .map_or(&[], Vec::as_slice)
    }

    /// Conversations in which a question has this text.
    pub(super) fn conversations(&self, letters: &str) -> &[usize] {
        self.everywhere.get(letters).map_or(&[], Vec::as_slice)
    }

    /// Conversations that a name can stand for, the likeliest first.
    fn named(&self, name: &str) -> Vec<usize> {
        let entries = &self.dataset.conversations;
        let ids = || {
            entries
                .iter()
                .map(|entry| entry.conversation.head.id.as_str())
        };
        let plain = letters(name);
        let mut found: Vec<usize> = ids()
            .enumerate()
            .filter(|(_, id)| letters(id) == plain)
            .map(|(place, _)| place)
            .collect();
        if let Some(number) = trailing(name) {
            let at = usize::try_from(number).unwrap_or(usize::MAX);
            found.extend((at < entries.len()).then_some(at));
            found.extend(
                ids()
                    .enumerate()
                    .filter(|(_, id)| trailing(id) == Some(number))
                    .map(|(place, _)| place),
            );
            // Some count from 1.
            found.extend(at.checked_sub(1).filter(|at| *at < entries.len()));
        }
        found
    }
}

/// A conversation that a list of rows is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Placed {
    /// The conversation.
    pub(super) place: usize,
    /// The one that its name stands for, if another.
    pub(super) named: Option<usize>,
}

/// For each row the conversation that its list is about; `None` where neither name nor texts tell.
pub(super) fn place(questions: &Questions<'_>, rows: &[SourceRow]) -> Vec<Option<Placed>> {
    let mut groups: BTreeMap<(usize, Option<&str>, usize), Vec<usize>> = BTreeMap::new();
    for (number, row) in rows.iter().enumerate() {
        // Rows that name their conversation belong together wherever they stand.
        let name = row.conversation.as_deref();
        let list = if name.is_some() { 0 } else { row.list };
        groups
            .entry((row.file, name, list))
            .or_default()
            .push(number);
    }
    let mut placed = vec![None; rows.len()];
    for ((_, name, _), numbers) in groups {
        let mut votes = vec![0_usize; questions.dataset.conversations.len()];
        for number in &numbers {
            let row = rows.get(*number);
            let key = row.map_or_else(String::new, |row| letters(&row.question));
            for place in questions.conversations(&key) {
                if let Some(votes) = votes.get_mut(*place) {
                    *votes += 1;
                }
            }
        }
        let named = name.map_or_else(Vec::new, |name| questions.named(name));
        let votes_of = |place: usize| votes.get(place).copied().unwrap_or(0);
        let most = votes.iter().copied().max().unwrap_or(0);
        let first = named.first().copied();
        let found = if most == 0 {
            first
        } else {
            let of_name = named.iter().copied().find(|place| votes_of(*place) == most);
            of_name.or_else(|| {
                // Without a name that fits, most of the rows have to agree: a list may mix conversations.
                let is_clear = 2 * most > numbers.len();
                is_clear
                    .then(|| votes.iter().position(|votes| *votes == most))
                    .flatten()
            })
        };
        let group = found.map(|place| Placed {
            place,
            named: first.filter(|named| *named != place),
        });
        for number in numbers {
            if let Some(cell) = placed.get_mut(number) {
                *cell = group;
            }
        }
    }
    placed
}
