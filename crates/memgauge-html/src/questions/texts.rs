//! Texts of a conversation, each once.

use std::collections::BTreeMap;

use memgauge_core::TurnId;

/// Texts are collected with the turn that they come from, then numbered in the order of turns: what says the same in
/// other words stands side by side, which is what compression lives on.
#[derive(Default)]
pub(super) struct Texts<'a>(BTreeMap<&'a str, Option<TurnId>>);

impl<'a> Texts<'a> {
    /// Notes a text; the first turn that it is noted with gives it its place.
    pub(super) fn note(&mut self, text: &'a str, turn: Option<TurnId>) {
        self.0.entry(text).or_insert(turn);
    }

    /// The texts in their order, and the number of each.
    pub(super) fn numbered(self) -> (Vec<&'a str>, BTreeMap<&'a str, usize>) {
        let mut texts: Vec<(Option<TurnId>, &str)> = self
            .0
            .into_iter()
            .map(|(text, turn)| (turn, text))
            .collect();
        texts.sort_unstable();
        let texts: Vec<&str> = texts.into_iter().map(|(_, text)| text).collect();
        let numbers = texts.iter().enumerate().map(|(at, text)| (*text, at));
        let numbers = numbers.collect();
        (texts, numbers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_one_number_and_neighbours_of_its_turn() {
        let mut texts = Texts::default();
        texts.note("z", Some(TurnId::new(1, 1)));
        texts.note("a", Some(TurnId::new(2, 1)));
        texts.note("z again", Some(TurnId::new(1, 1)));
        texts.note("a", Some(TurnId::new(1, 1)));
        let (texts, numbers) = texts.numbered();
        assert_eq!(texts, ["z", "z again", "a"]);
        assert_eq!(numbers["a"], 2);
    }
}
